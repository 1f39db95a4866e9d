"""The page about the architecture tells of the code as it is."""

from __future__ import annotations

import re
import runpy

import pytest

from .blocks import ROOT
from .pictures import arrows_in

PAGE = (ROOT / 'docs' / 'architecture.md').read_text('utf-8')


#: The folders of the package, but for the sandbox, which has a page of its own.
FOLDERS = sorted(
    str(path.parent.relative_to(ROOT / 'mw_tokens_plugin'))
    for path in (ROOT / 'mw_tokens_plugin').rglob('__init__.py')
    if 'sandbox' not in path.parts and path.parent.name != 'mw_tokens_plugin'
)


@pytest.mark.parametrize('part', FOLDERS)
def test_it_names_every_module_once_and_no_other(part: str) -> None:
    section = PAGE.partition(f'### `{part}`')[2].partition('\n#')[0]
    rows = re.findall(r'^\| (`.*?) \|', section, re.MULTILINE)
    named = [name for row in rows for name in re.findall(r'`(\w+)`', row)]
    folder = ROOT / 'mw_tokens_plugin' / part
    assert sorted(named) == sorted(
        path.stem for path in folder.glob('*.py') if path.stem != '__init__'
    )


def test_the_arrows_lead_to_what_is_imported() -> None:
    """A part may import what its arrows lead to, at once or through others."""
    assert '(_static/parts.svg)' in PAGE
    rules = runpy.run_path(str(ROOT / 'tests' / 'packaging' / 'test_imports.py'))
    allowed = {
        part: {name for name in below if name}
        for part, below in rules['BELOW'].items()
        if part
    }
    arrows = arrows_in((ROOT / 'docs' / '_static' / 'parts.svg').read_text('utf-8'))

    def reached(part: str) -> set[str]:
        ahead = {end for start, end in arrows if start == part}
        return ahead.union(*map(reached, ahead))

    assert {part: reached(part) for part in allowed} == allowed
