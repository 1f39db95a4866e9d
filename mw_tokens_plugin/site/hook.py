"""Enabling the plugin at any moment, also while pywikibot is still being imported.

It decides when the seams are patched: at once, or as :mod:`.firstuse` says. What is
patched is in :mod:`.install`, and what it was told is kept in :mod:`.settings`.
"""

from __future__ import annotations

import importlib.util
import os
import re
import shlex
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import Any

from mw_tokens_plugin.site.settings import settings

#: The module after whose import the classes to be patched exist.
_AWAITED = 'pywikibot.site'


def enable(
    *,
    protect: str | os.PathLike[str] | Sequence[str | os.PathLike[str]] | None = (),
    ledger: str = '',
    ledger_group: str = '',
    renewals: int | None = None,
    expiries: Mapping[str, str] | None = None,
    address_blocks: str = '',
    action_wiki_set: str = '',
    otp_command: str | Sequence[str] = '',
    reasons: Mapping[str, str] | None = None,
    home: str = '',
    notify: str = '',
) -> None:
    """Give every site object of pywikibot the plugin, those that exist too.

    It can be called in a script, before or after pywikibot is imported, and in
    ``user-config.py``, which runs while pywikibot is still being imported; there it
    has to be an expression, since an ``import`` line would be taken for a setting::

        try:
            __import__('mw_tokens_plugin').enable()
        except ImportError:
            pass  # scripts start without it, too

    Calling it again does nothing but add to the lists. With the environment variable
    ``MW_TOKENS_DISABLE=1`` it does nothing at all.

    .. version-added:: 0.1

    :param protect: files with targets that campaigns must skip, as by
        ``-protect:FILE``
    :param ledger: where campaigns are recorded, as by ``-ledger:URL``, which counts
        more; where it is said twice, the last one counts. A path that is not given in
        full begins in pywikibot's folder, that of ``user-config.py``
    :param ledger_group: the group of the system whose members share a ledger in a file;
        without it, one that others can write to is refused
    :param renewals: how many lost sessions are renewed on each wiki within ten minutes,
        2 unless it is given; a wiki that loses more has a fault which logging in does
        not fix
    :param expiries: names for times when global blocks end, such as
        ``{'proxy': '6 months'}`` for ``-expiry:@proxy``
    :param address_blocks: ``hard`` or ``soft``: whether global blocks of addresses stop
        users with an account, as by ``-hardblock`` or ``-anononly``, which count more
    :param action_wiki_set: the name of the wiki set on which campaigns over many wikis
        act, as by ``-wikiset:NAME``, which counts more
    :param otp_command: the command that prints the present code of the authenticator
        app, such as ``'pass otp wikimedia'``; it is run without a shell when a login
        asks for a code
    :param reasons: names for reasons, such as
        ``{'proxy': 'Open proxy, see [[m:No open proxies]]'}`` for ``-reason:@proxy``
    :param home: the wiki whose login is used on all wikis that it reaches, such as
        ``'meta:meta'``; ``site.login()`` of another one asks for no password and no
        code then, in plain scripts of pywikibot too
    :param notify: where notices about campaigns are sent, as by ``-notify:URL``, which
        counts more
    :raises ValueError: an argument is of the wrong kind; nothing was changed
    :raises SystemExit: the same in ``user-config.py``, after one sentence: pywikibot
        would end with a traceback that shows the file
    """
    with _in_one_sentence(sys._getframe(1).f_code.co_filename):
        if renewals is not None and (type(renewals) is not int or renewals < 0):
            raise ValueError(f'enable(renewals={renewals!r}): give 0 or more.')
        files = _paths(protect)
        texts = {
            'ledger': ledger,
            'ledger_group': ledger_group,
            'action_wiki_set': action_wiki_set,
            'home': home,
            'notify': notify,
        }
        for name, value in texts.items():
            if not isinstance(value, str | None):
                raise ValueError(f'enable({name}={value!r}): give a text.')
        named = _texts('expiries', expiries, "times, such as {'proxy': '6 months'}")
        named_reasons = _reasons(reasons)
        if address_blocks not in ('', 'hard', 'soft'):
            raise ValueError(
                f"enable(address_blocks={address_blocks!r}): give 'hard' or 'soft'."
            )
        command = _command(otp_command)
    if renewals is not None:
        settings.renewals = renewals
    settings.ledger = ledger or settings.ledger
    settings.ledger_group = ledger_group or settings.ledger_group
    settings.expiries.update(named)
    settings.reasons.update(named_reasons)
    settings.address_blocks = address_blocks or settings.address_blocks
    settings.action_wiki_set = action_wiki_set or settings.action_wiki_set
    settings.notify = notify or settings.notify
    settings.otp_command = command or settings.otp_command
    settings.home = home or settings.home
    for path in files:
        if path and path not in settings.protected:
            settings.protected.append(path)
    if os.environ.get('MW_TOKENS_DISABLE') == '1':
        return
    if hasattr(sys.modules.get(_AWAITED), 'APISite'):
        from mw_tokens_plugin.site.firstuse import install_now
        from mw_tokens_plugin.site.install import install

        install_now()
        install()
    elif not any(isinstance(finder, _AfterImport) for finder in sys.meta_path):
        sys.meta_path.insert(0, _AfterImport())


@contextmanager
def _in_one_sentence(called_in: str) -> Iterator[None]:
    """End the program for a wrong argument in ``user-config.py``.

    :param called_in: the file that has the argument
    """
    try:
        yield
    except ValueError as error:
        if os.path.basename(called_in) != 'user-config.py':
            raise
        print(f'{called_in}: {error} Nothing was sent.', file=sys.stderr)
        raise SystemExit(2) from None


def _command(command: Any) -> tuple[str, ...]:
    """Return a program and its arguments.

    :raises ValueError: they are none
    """
    with suppress(TypeError, ValueError):
        parts = shlex.split(command) if isinstance(command, str) else tuple(command)
        if all(isinstance(part, str) for part in parts):
            return tuple(parts)
    raise ValueError(
        f'enable(otp_command={command!r}): give a program and its arguments, such as '
        "'pass otp wikimedia'."
    )


def _reasons(reasons: Any) -> dict[str, str]:
    """Return names for reasons.

    :raises ValueError: they are none, or a name could be taken for something else
    """
    found = _texts('reasons', reasons, "reasons, such as {'proxy': 'Open proxy'}")
    for name, text in found.items():
        # A number stands for a reason of the wiki.
        if not re.fullmatch(r'[\w-]+', name) or name.isdecimal():
            raise ValueError(
                f'enable(reasons={reasons!r}): give names of letters, digits, "-" and '
                f'"_" that are no numbers, not {name!r}.'
            )
        if not text.strip():
            raise ValueError(
                f'enable(reasons={reasons!r}): give {name!r} a reason that is not '
                'empty.'
            )
    return found


def _texts(argument: str, given: Any, kind: str) -> dict[str, str]:
    """Return texts by their names.

    :raises ValueError: they are none
    """
    if given is None:
        return {}
    is_mapping = isinstance(given, Mapping)
    if is_mapping and all(isinstance(t, str) for pair in given.items() for t in pair):
        return dict(given)
    raise ValueError(f'enable({argument}={given!r}): give names and {kind}.')


def _paths(protect: Any) -> list[str]:
    """Return the files in which there is what campaigns must skip.

    :raises ValueError: they are no paths
    """
    files = [protect] if isinstance(protect, str | os.PathLike) else protect
    with suppress(TypeError):
        paths = [os.fspath(file) for file in (() if files is None else files)]
        if all(isinstance(path, str) for path in paths):
            return paths
    raise ValueError(
        f'enable(protect={protect!r}): give the path of a file, or a list of paths.'
    )


class _AfterImport(MetaPathFinder):
    """Waits for one import, then takes itself off ``sys.meta_path``."""

    def find_spec(
        self,
        fullname: str,
        path: Sequence[str] | None,
        target: ModuleType | None = None,
    ) -> ModuleSpec | None:
        """Let the others find the awaited module, and follow its execution."""
        if fullname != _AWAITED:
            return None
        sys.meta_path.remove(self)
        spec = importlib.util.find_spec(fullname)
        if spec is not None and spec.loader is not None:
            spec.loader = _Follower(spec.loader)
        return spec


class _Follower(Loader):
    """Runs a module as its own loader does, then lets the plugin be installed."""

    def __init__(self, loader: Loader) -> None:
        """Keep the loader that does the work."""
        self._loader = loader

    def create_module(self, spec: ModuleSpec) -> ModuleType | None:
        """Create the module as its own loader does."""
        return self._loader.create_module(spec)

    def exec_module(self, module: ModuleType) -> None:
        """Execute the module, give it its loader back, and await the first use."""
        self._loader.exec_module(module)
        if module.__spec__ is not None:
            module.__spec__.loader = self._loader
        module.__loader__ = self._loader
        from mw_tokens_plugin.site.commandline import hide_names
        from mw_tokens_plugin.site.firstuse import install_at_first_use

        install_at_first_use()
        hide_names()
