"""Each part of the package imports only what lies below it.

The modules are read, not run, so a forbidden import inside a function counts too.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGE = 'mw_tokens_plugin'
SANDBOX = 'centralauth_sandbox'

#: The rooms, each above all that it may import. ``requestpages`` needs ``protocol``
#: alone, and the sandbox, a package of its own, nothing.
ROOMS = (
    'exceptions',
    'privatefiles',
    'protocol',
    'messages',
    'site',
    'campaign',
    'targets',
    'actions',
    'cli',
    'status',
    'doctor',
    'scripts',
)
#: What each part may import besides itself.
BELOW = {room: set(ROOMS[:place]) for place, room in enumerate(ROOMS)}
for room in ('targets', 'actions', 'cli', 'status', 'doctor', 'scripts'):
    BELOW[room].add('requestpages')
BELOW['privatefiles'] = BELOW['protocol'] = {'exceptions'}
BELOW['messages'] = BELOW['requestpages'] = {'exceptions', 'protocol'}
BELOW['site'] = {'exceptions', 'privatefiles', 'protocol'}
BELOW['centralauth_sandbox'] = set()
BELOW[''] = {'exceptions', 'protocol', 'site', 'campaign', 'requestpages'}
BELOW['doctor'].remove('status')
BELOW['scripts'].add('')

#: Parts that pywikibot is kept out of.
WITHOUT_PYWIKIBOT = {'protocol', 'requestpages', 'centralauth_sandbox'}

#: What offers public names of the parts above it, and imports those when they are used.
FRONT_DOORS = {(PACKAGE, 'campaign', '__init__')}

FILES = sorted(
    path for top in (PACKAGE, SANDBOX, 'scripts') for path in (ROOT / top).rglob('*.py')
)


@pytest.mark.parametrize('path', FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_imports_point_downwards(path: Path) -> None:
    """Whoever reads a part needs to know the parts below it, and no others."""
    module = path.relative_to(ROOT).with_suffix('').parts
    source = path.read_text(encoding='utf-8')
    if module in FRONT_DOORS:
        source = ast.unparse(at_run_time(ast.parse(source)))
        assert PACKAGE not in source.partition('__all__')[0]
    assert list(violations(module, source)) == []


@pytest.mark.parametrize(
    ('module', 'source', 'culprit'),
    [
        ('mw_tokens_plugin.protocol.tokens', 'import pywikibot', 'pywikibot'),
        ('mw_tokens_plugin.protocol.tokens', 'from ..site import wallet', 'site'),
        ('mw_tokens_plugin.protocol.tokens', 'from .. import site', 'site'),
        ('mw_tokens_plugin.protocol.__init__', 'from ..campaign import x', 'campaign'),
        ('mw_tokens_plugin.site.wallet', 'from mw_tokens_plugin import Token', ''),
        ('mw_tokens_plugin.site.wallet', 'def f():\n import scripts', 'scripts'),
        (f'{SANDBOX}.api', 'from mw_tokens_plugin.exceptions import E', 'exceptions'),
        ('mw_tokens_plugin.__init__', f'from {SANDBOX} import Sandbox', SANDBOX),
        ('scripts.global_lock', f'import {SANDBOX}.server', SANDBOX),
    ],
)
def test_a_forbidden_import_is_seen(module: str, source: str, culprit: str) -> None:
    """The check itself recognises each way of writing an import."""
    assert list(violations(tuple(module.split('.')), source)) == [culprit]


def test_no_modules_import_each_other() -> None:
    """A module can be read, tested and moved without those that use it."""
    sources = {
        path.relative_to(ROOT).with_suffix('').parts: path.read_text(encoding='utf-8')
        for path in FILES
    }
    rest = {name: text for name, text in sources.items() if name not in FRONT_DOORS}
    assert cycle_in(rest) == []


@pytest.mark.parametrize(
    'source',
    [
        'from p import a',
        'from p.a import x',
        'from .a import x',
        'from . import a',
        'import p.a',
        'def f():\n import p.a',
        'if TYPE_CHECKING:\n from .a import X',
    ],
)
def test_a_cycle_is_seen(source: str) -> None:
    """Also where the import is made late, or for type checkers alone."""
    sources: dict[tuple[str, ...], str] = {
        ('p', '__init__'): '',
        ('p', 'a'): 'from p.b import y',
    }
    assert cycle_in({**sources, ('p', 'b'): source})
    assert not cycle_in({**sources, ('p', 'b'): 'import p.c', ('p', 'c'): ''})


def at_run_time(tree: ast.Module) -> ast.Module:
    """Return a module without its docstring, and what is for type checkers alone."""
    body = [
        node
        for node in tree.body[1:]
        if not (isinstance(node, ast.If) and ast.unparse(node.test) == 'TYPE_CHECKING')
    ]
    return ast.Module(body, type_ignores=[])


def violations(module: tuple[str, ...], source: str) -> Iterator[str]:
    """Yield the parts that a module imports although they are not below it."""
    own = part_of(module)
    for name in imported(module, ast.parse(source)):
        if name[0] == 'pywikibot':
            if own in WITHOUT_PYWIKIBOT:
                yield 'pywikibot'
        elif name[0] in (PACKAGE, SANDBOX, 'scripts', 'mw_tokens_scripts'):
            part = part_of(name)
            if part != own and part not in BELOW[own]:
                yield part


def part_of(module: tuple[str, ...]) -> str:
    """Return the part a module belongs to, '' being the top of the package."""
    if module[0] == SANDBOX:
        return SANDBOX
    if module[0] != PACKAGE:
        return 'scripts'
    return module[1] if module[1:] and module[1] in BELOW else ''


def imported(module: tuple[str, ...], tree: ast.AST) -> Iterator[tuple[str, ...]]:
    """Yield the absolute name of everything that a module imports."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield tuple(alias.name.split('.'))
        elif isinstance(node, ast.ImportFrom):
            base = module[: len(module) - node.level] if node.level else ()
            base += tuple(node.module.split('.')) if node.module else ()
            for alias in node.names:
                yield (*base, alias.name)


def cycle_in(sources: Mapping[tuple[str, ...], str]) -> list[tuple[str, ...]]:
    """Return modules of which each imports the one before it; an empty list if none do.

    That importing a module runs the packages around it, too, is not counted.

    :param sources: the text of each module, by its name, as of a file
    """
    modules = {name[:-1] if name[-1] == '__init__' else name for name in sources}
    graph: dict[tuple[str, ...], set[tuple[str, ...]]] = {}
    for name, source in sources.items():
        module = name[:-1] if name[-1] == '__init__' else name
        known = graph.setdefault(module, set())
        for target in imported(name, ast.parse(source)):
            # "from a.b import c" imports the module a.b.c, or else a name of a.b.
            if found := next((t for t in (target, target[:-1]) if t in modules), None):
                known.add(found)
        known.discard(module)
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        found_cycle: list[tuple[str, ...]] = error.args[1]
        return found_cycle
    return []
