"""A farm of one's own: other hosts, paths and names than Wikimedia's, and dead wikis.

The fixtures ``own_farm`` (a :class:`farms.Farm`: ``configure``, ``site``, ``ask``) and
``own_sandbox`` (the :class:`Sandbox` that plays it: ``journal``, ``call``) are in
``tests/conftest.py``; ``second_farm`` and ``second_sandbox`` are another one, for a
configuration with two. Each test gets them in their first state.

========  ========  =======================  ==========================================
code      database  where (port P)           what is odd
========  ========  =======================  ==========================================
meta      metawiki  127.0.2.1:P/w            nothing; the central wiki
aa        aawiki    127.0.2.2:P/w            nothing
bb        bbwiki    127.0.2.3:P/bb           shares its host with cc; pages are at
                                             ``/bb/index.php/Title``
cc        ccwiki    127.0.2.3:P/cc           shares its host with bb
de        dewiki    127.0.2.4:P/ (root)      ``/api.php``; pages are at ``/Title``; in
                                             German (``Benutzer:``)
ffwiki    eewiki    127.0.2.5:P/w            its code is the database name of ff
ff        ffwiki    127.0.2.6:P/w            its database name is the code of another
old       oldwiki   127.0.2.7:P/w            closed: read-only for ever
prv       prvwiki   127.0.2.8:P/w            private: nobody reads it without an account
del       delwiki   127.0.2.9:P/w            deleted: HTTP 404, in HTML
gone      gonewiki  127.0.2.10:1             gone: nothing listens
========  ========  =======================  ==========================================

The operator is attached on all of them. ``globaluserinfo`` lists the last two as well,
and ``merged[].url`` is a host, never a path: that of bb and cc is the same.

The second farm is one of ``meta``, ``aa`` and ``bb`` (127.0.3.x), with the same
accounts and other passwords. :func:`configure_both` puts both into one user-config;
with the same family name (staging and production) they need a directory each:
``own_farm.configure``, and ``renamed(second_farm, own_farm.family).configure``.

:func:`same_page` puts one page on every wiki; :func:`writes` is how often each wiki was
really changed, by the journal, so that ``writes(own_sandbox) == {'cc': 1}`` says that
no other was.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any

from centralauth_sandbox import Sandbox
from centralauth_sandbox.farm import Farm as SandboxFarm
from centralauth_sandbox.layout import Layout
from centralauth_sandbox.seeds import Credentials, seeder

from .farms import ENABLE, Farm, write_private

#: What is odd about each wiki.
LAYOUTS = {
    'meta': Layout(),
    'aa': Layout(),
    'bb': Layout(script_path='/bb', article_path='/bb/index.php/$1'),
    'cc': Layout(beside='bb', script_path='/cc', article_path='/cc/index.php/$1'),
    'de': Layout(script_path='', article_path='/$1', language='de'),
    'ffwiki': Layout(db='eewiki'),
    'ff': Layout(),
    'old': Layout(closed='This wiki is closed.'),
    'prv': Layout(private=True),
    'del': Layout(deleted=True),
    'gone': Layout(gone=True),
}

#: The wikis that answer.
ALIVE = [code for code, own in LAYOUTS.items() if not (own.deleted or own.gone)]

_NO_WRITES = frozenset({'', 'login', 'logout'})

_TWO = """family_files[{name!r}] = {file!r}
usernames[{name!r}]['*'] = {operator!r}
"""


def own_sandbox(accounts: int = 12) -> Sandbox:
    """Return a sandbox that plays the farm, not started yet."""
    credentials = Credentials.generate()
    farm = SandboxFarm(
        list(LAYOUTS), seeder(credentials, accounts), layouts=LAYOUTS, current=True
    )
    return Sandbox(farm=farm, network='127.0.2', credentials=credentials)


def second_sandbox(accounts: int = 12) -> Sandbox:
    """Return a sandbox of three plain wikis on other addresses, not started yet."""
    credentials = Credentials.generate()
    farm = SandboxFarm(['meta', 'aa', 'bb'], seeder(credentials, accounts))
    return Sandbox(farm=farm, network='127.0.3', credentials=credentials)


def farm_of(sandbox: Sandbox, family: str) -> Farm:
    """Describe a farm that runs, as its family file does."""
    databases = {code: wiki.db for code, wiki in sandbox.wikis.items()}
    return replace(Farm.of_sandbox(sandbox, family), databases=databases)


def renamed(farm: Farm, family: str) -> Farm:
    """Return the same farm under another family name."""
    return replace(farm, family=family)


def configure_both(directory: Path, default: Farm, other: Farm) -> None:
    """Write a user-config.py that knows two farms, with the plugin.

    Their families have different names; the password file names the family in each
    line, since the operator has the same name on both.
    """
    assert default.family != other.family
    other.configure(directory)
    default.configure(directory)
    text = (directory / 'user-config.py').read_text('utf-8')
    file = str(directory / f'{other.family}_family.py')
    text += _TWO.format(name=other.family, file=file, operator=other.operator.name)
    write_private(directory / 'user-config.py', text + ENABLE)
    lines = [
        f'({farm.family!r}, {login.name!r}, {login.password!r})\n'
        for farm in (default, other)
        for login in (farm.operator, farm.sysop)
    ]
    write_private(directory / 'user-password.py', ''.join(lines))


def same_page(sandbox: Sandbox, title: str = 'Shared page') -> dict[str, str]:
    """Create a page on every wiki; return its name by code, as campaigns take it."""

    def write(farm: Any) -> None:
        for wiki in farm.wikis.values():
            wiki.edit(title, 'Buy cheap stuff!', user='Spambot 00001')

    sandbox.call(write)
    return {code: f'{wiki.db}\t{title}' for code, wiki in sandbox.wikis.items()}


def writes(sandbox: Sandbox) -> dict[str, int]:
    """Return how many writes each wiki carried out, by code; none that it did not."""
    return dict(
        Counter(
            entry.wiki
            for entry in sandbox.journal.entries()
            if entry.effect not in _NO_WRITES
        )
    )


def addressed(sandbox: Sandbox) -> dict[str, list[str]]:
    """Return what was posted to each wiki with a token, refused or not, by code."""
    found: dict[str, list[str]] = {}
    for entry in sandbox.journal.entries():
        if entry.method == 'POST' and 'token' in entry.params:
            found.setdefault(entry.wiki, []).append(entry.action)
    return found
