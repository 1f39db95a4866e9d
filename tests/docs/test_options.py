"""The page of all options is what the scripts declare."""

from __future__ import annotations

import runpy

from .blocks import ROOT


def test_the_page_of_options_is_current() -> None:
    """`python docs/options.py` writes it again."""
    made = runpy.run_path(str(ROOT / 'docs' / 'options.py'))
    assert (ROOT / 'docs' / 'options.md').read_text('utf-8') == made['page']()
