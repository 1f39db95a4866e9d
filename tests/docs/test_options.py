"""The page of all options, and the help to be translated, are what is declared."""

from __future__ import annotations

import runpy

from .blocks import ROOT


def test_the_page_of_options_is_current() -> None:
    """`python docs/options.py` writes it again."""
    made = runpy.run_path(str(ROOT / 'docs' / 'options.py'))
    assert (ROOT / 'docs' / 'options.md').read_text('utf-8') == made['page']()


def test_translators_see_what_the_help_says() -> None:
    """The same command writes what they translate, and what explains it."""
    made = runpy.run_path(str(ROOT / 'docs' / 'options.py'))
    for name, text in made['messages']().items():
        assert (made['HELP'] / name).read_text('utf-8') == text, name
