"""What the documentation shows of the package is what the modules say is public.

The modules are read, not run; the pages and examples as well.
"""

from __future__ import annotations

import ast
import re
from collections import defaultdict
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGE = 'mw_tokens_plugin'

_IMPORT = re.compile(r'^\s*from (mw_tokens_plugin[\w.]*) import (\([^)]*\)|.+)', re.M)


def _reference() -> dict[str, set[str]]:
    """Return the names that the reference shows, by their module; none for all."""
    pages = (ROOT / 'docs' / 'reference').glob('*.rst')
    text = '\n'.join(page.read_text('utf-8') for page in pages)
    found: dict[str, set[str]] = {
        module: set() for module in re.findall(r'automodule:: ([\w.]+)', text)
    }
    for whole in re.findall(r'auto(?:class|data|function):: ([\w.]+)', text):
        module, _, name = whole.rpartition('.')
        found[module].add(name)
    return found


def _shown() -> dict[str, set[str]]:
    """Return the names that pages and examples import, by their module."""
    shown: dict[str, set[str]] = defaultdict(set)
    for path in (
        *(ROOT / 'docs').glob('*.md'),
        *(ROOT / 'examples').glob('*.py'),
        ROOT / 'README.md',
    ):
        for module, names in _IMPORT.findall(path.read_text('utf-8')):
            bare = re.sub(r'#.*|[()\\]', '', names)
            shown[module] |= {n.split()[0] for n in bare.split(',') if n.strip()}
    return shown


def _path(module: str) -> Path:
    path = ROOT.joinpath(*module.split('.'))
    return path / '__init__.py' if path.is_dir() else path.with_suffix('.py')


def _tree(module: str) -> ast.Module:
    return ast.parse(_path(module).read_text('utf-8'))


def _exported(tree: ast.Module) -> list[str] | None:
    """Return what ``__all__`` says, if it is there."""
    for node in tree.body:
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == '__all__':
            names: list[str] = ast.literal_eval(node.value)
            return names
    return None


def _defined(tree: ast.Module) -> Iterator[str]:
    """Yield the names without an underscore that a module itself defines."""
    for node in tree.body:
        if isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            names = [node.name]
        elif isinstance(node, ast.Assign):
            names = [
                target.id for target in node.targets if isinstance(target, ast.Name)
            ]
        elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
            names = [node.target.id]
        else:
            names = []
        yield from (name for name in names if not name.startswith('_'))


#: The modules that the documentation names, in its reference or in a piece of code.
DOCUMENTED = sorted({*_reference(), *_shown()} - {f'{PACKAGE}.sandbox'})

#: All modules that say what is public.
SAYING = sorted(
    '.'.join(path.relative_to(ROOT).with_suffix('').parts).removesuffix('.__init__')
    for path in (ROOT / PACKAGE).rglob('*.py')
    if '\n__all__ = ' in path.read_text('utf-8')
)


@pytest.mark.parametrize('module', DOCUMENTED)
def test_a_documented_module_says_what_is_public(module: str) -> None:
    """All that is not private, and whatever a page or an example imports of it."""
    tree = _tree(module)
    exported = _exported(tree)
    defined, shown = set(_defined(tree)), _shown()[module]
    if exported is None:
        assert not defined | shown, f'{module} has no __all__'
    else:
        assert defined | shown <= {*exported}, f'__all__ of {module} lacks some'


@pytest.mark.parametrize('module', SAYING)
def test_what_a_module_says_is_public_is_there(module: str) -> None:
    """And no name twice; their order is checked by ruff."""
    exported = _exported(_tree(module))
    assert exported is not None
    assert len(exported) == len({*exported})
    loaded = import_module(module)
    assert [name for name in exported if not hasattr(loaded, name)] == []


@pytest.mark.parametrize('module', [PACKAGE, f'{PACKAGE}.campaign'])
def test_the_reference_shows_what_is_public_and_nothing_else(module: str) -> None:
    """What these two offer lies elsewhere, and is imported when it is used."""
    exported = {*(_exported(_tree(module)) or ())} - {'__version__'}
    # The root of all errors is shown with them.
    assert _reference()[module] == exported - {'TokensPluginError'}
    assert exported <= {*dir(import_module(module))}


def test_the_wallet_lists_tokens_and_what_users_call() -> None:
    """And nothing of how it works."""
    from mw_tokens_plugin import TypedTokenWallet

    text = (ROOT / 'docs' / 'reference' / 'package.rst').read_text('utf-8')
    shown = re.search(r':members: (csrf.*)', text)
    assert shown is not None
    wallet = object.__new__(TypedTokenWallet)
    assert dir(wallet) == sorted(shown[1].split(', '))
