"""What Python compiles for each start of a script, compiled once for all forks.

A scout imports pywikibot and the plugin, and tells what was compiled meanwhile; the
process that forks keeps the code alone. Each fork still imports and runs all modules by
itself. Nothing of this changes what a module does.
"""

from __future__ import annotations

import ast
import builtins
import contextlib
import dataclasses
import functools
import importlib
import importlib.abc
import importlib.machinery
import importlib.util
import logging
import os
import pkgutil
import re
import sys
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import CodeType, ModuleType
from typing import Any

#: What scripts import of pywikibot, which imports the rest of it.
_PYWIKIBOT = (
    *('pywikibot', 'pywikibot.scripts.wrapper', 'pywikibot.pagegenerators'),
    'pywikibot.userinterfaces.terminal_interface',
)
_PACKAGES = ('mw_tokens_plugin', 'mw_tokens_scripts')

#: Logging's level of what pywikibot says to its log alone.
_VERBOSE = 18


def warm() -> None:
    """Compile what scripts will need, without importing it."""
    seen = _scouted()
    for path, name in seen['modules']:
        loader = importlib.machinery.SourceFileLoader(name, path)
        with contextlib.suppress(ImportError, OSError, SyntaxError):
            code = loader.get_code(name)
            if code is not None:
                _CODES[path] = _changed(path), code
    # Else it would forget the first of them.
    re._MAXCACHE = 4096  # type: ignore[attr-defined]
    for pattern, flags in seen['patterns']:
        with contextlib.suppress(re.error):
            re.compile(pattern, flags)
    for text in seen['texts']:
        _compiled(text)
    importlib.machinery.SourceFileLoader.get_code = _get_code  # type: ignore[method-assign,assignment]
    dataclasses.exec = _exec  # type: ignore[attr-defined]
    sys.meta_path.insert(0, _Headless())


_CODES: dict[str, tuple[Any, CodeType]] = {}

_get_code_anew = importlib.machinery.SourceFileLoader.get_code


def _get_code(loader: Any, name: str) -> CodeType | None:
    known = _CODES.get(loader.path)
    if known is not None and known[0] == _changed(loader.path):
        return known[1]
    return _get_code_anew(loader, name)


def _changed(path: str) -> tuple[int, int]:
    told = os.stat(path)
    return told.st_mtime_ns, told.st_size


@functools.cache
def _compiled(text: str) -> CodeType:
    return compile(text, '<string>', 'exec')


def _exec(text: Any, *names: Any) -> None:
    """Be what dataclasses make their methods with."""
    code = _compiled(text) if isinstance(text, str) else text
    builtins.exec(code, *names)  # noqa: S102  # as its caller does


class _Headless(importlib.abc.MetaPathFinder):
    """Lets pywikibot write the header of its log only where somebody gets it.

    It looks at each module's file, which takes a fifth of a short script's time.
    """

    def find_spec(
        self, name: str, path: Any, target: ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        if name != 'pywikibot.bot':
            return None
        sys.meta_path.remove(self)
        spec = importlib.util.find_spec(name)
        assert spec is not None and spec.loader is not None
        execute = spec.loader.exec_module

        def exec_module(module: Any) -> None:
            execute(module)
            write = module.writelogheader
            module.writelogheader = lambda: _is_heard() and write()

        spec.loader.exec_module = exec_module  # type: ignore[method-assign]
        return spec


def _is_heard() -> bool:
    logger = logging.getLogger('pywiki')
    said = logging.LogRecord(logger.name, _VERBOSE, __file__, 1, '', None, None)
    return any(h.level <= _VERBOSE and h.filter(said) for h in logger.handlers)


def _scouted() -> Mapping[str, Any]:
    """Return what another process has compiled while it imported all."""
    reading, writing = os.pipe()
    pid = os.fork()
    if not pid:
        code = 1
        try:
            os.close(reading)
            with os.fdopen(writing, 'w', encoding='utf-8') as stream:
                stream.write(repr(_scout()))
            code = 0
        finally:
            os._exit(code)
    os.close(writing)
    with os.fdopen(reading, encoding='utf-8') as stream:
        told = stream.read()
    os.waitpid(pid, 0)
    # What cannot be found out is compiled by each fork.
    nothing: dict[str, Any] = {'modules': [], 'patterns': [], 'texts': []}
    return ast.literal_eval(told) if told else nothing


def _scout() -> dict[str, Any]:
    texts: dict[str, None] = {}

    def noted(text: Any, *names: Any) -> None:
        if isinstance(text, str):
            texts[text] = None
        builtins.exec(text, *names)  # noqa: S102  # as its caller does

    dataclasses.exec = noted  # type: ignore[attr-defined]
    re._MAXCACHE = 4096  # type: ignore[attr-defined]
    before = set(sys.modules)
    with tempfile.TemporaryDirectory() as folder, _silence():
        os.environ.update(PYWIKIBOT_DIR=folder, PYWIKIBOT_NO_USER_CONFIG='2')
        Path(folder, 'user-config.py').touch(mode=0o600)
        for name in _PYWIKIBOT:
            importlib.import_module(name)
        for package in _PACKAGES:
            _import_all(package)
    modules = [
        (module.__file__, name)
        for name, module in sys.modules.items()
        if name not in before and str(getattr(module, '__file__', '')).endswith('.py')
    ]
    patterns = [
        (pattern, int(flags))
        for kind, pattern, flags in getattr(re, '_cache', ())
        if kind in (str, bytes)
    ]
    return {'modules': modules, 'patterns': patterns, 'texts': list(texts)}


def _import_all(package: str) -> None:
    with contextlib.suppress(ImportError):
        paths = importlib.import_module(package).__path__
        for found in pkgutil.walk_packages(paths, f'{package}.'):
            with contextlib.suppress(ImportError):
                importlib.import_module(found.name)


@contextlib.contextmanager
def _silence() -> Iterator[None]:
    with (
        open(os.devnull, 'w') as nowhere,
        contextlib.redirect_stdout(nowhere),
        contextlib.redirect_stderr(nowhere),
    ):
        yield
