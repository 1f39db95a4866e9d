"""The page about the architecture tells of the code as it is."""

from __future__ import annotations

import ast
import re
import runpy

import pytest

from .blocks import ROOT
from .pictures import arrows_in

PAGE = (ROOT / 'docs' / 'architecture.md').read_text('utf-8')


#: The folders of the package.
FOLDERS = sorted(
    str(path.parent.relative_to(ROOT / 'mw_tokens_plugin'))
    for path in (ROOT / 'mw_tokens_plugin').rglob('__init__.py')
    if path.parent.name != 'mw_tokens_plugin'
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


def test_the_layers_of_the_site_are_kept() -> None:
    """Whoever changes a module need not look at the layers above it."""
    section = PAGE.partition('### The layers of `site`')[2].partition('\n#')[0]
    rows = re.findall(r'^\| [\w ]+ \| (`.*) \|$', section, re.MULTILINE)
    layers = [re.findall(r'`([\w.]+)`', row) for row in reversed(rows)]
    height = {name: number for number, names in enumerate(layers) for name in names}
    imported = runpy.run_path(str(ROOT / 'tests' / 'packaging' / 'test_imports.py'))[
        'imported'
    ]
    package = ROOT / 'mw_tokens_plugin'
    files = {
        '.'.join(path.relative_to(package / 'site').with_suffix('').parts): path
        for path in (package / 'site').rglob('*.py')
        if path.stem != '__init__'
    }
    assert sorted(height) == sorted(files)
    upwards = [
        (name, target)
        for name, path in files.items()
        for parts in imported(
            ('mw_tokens_plugin', 'site', *name.split('.')),
            ast.parse(path.read_text('utf-8')),
        )
        for target in ('.'.join(parts[2:]), '.'.join(parts[2:-1]))
        if parts[1:2] == ('site',) and height.get(target, 0) > height[name]
    ]
    assert upwards == []


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
