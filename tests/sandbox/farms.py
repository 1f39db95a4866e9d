"""The farm that the tests use, whoever runs it, and pywikibot's way to it.

It looks at accounts and pages with requests alone, so that the client under test does
not testify for itself.
"""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import requests
from leftovers import end_mints, forget_logins

from centralauth_sandbox import Proxy, Sandbox, seeds
from centralauth_sandbox.records import Page

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

_FAMILY = '''"""The wikis on which the tests run."""
from pywikibot import family


class Family(family.Family):
    name = {name!r}
    central_wiki = {central!r}
    langs = {hosts!r}
    paths = {paths!r}
    databases = {databases!r}

    def protocol(self, code):
        return {protocol!r}

    def scriptpath(self, code):
        return self.paths[code]

    def dbName(self, code):
        return self.databases.get(code) or super().dbName(code)
'''

_USER_CONFIG = """family = {family!r}
mylang = {central!r}
family_files[{family!r}] = {file!r}
usernames[{family!r}]['*'] = {operator!r}
password_file = 'user-password.py'
user_script_paths = ['scripts']
put_throttle = 0
minthrottle = 0
"""

#: The line of a user-config.py that enables the plugin.
ENABLE = "__import__('mw_tokens_plugin').enable()\n"


@dataclass(frozen=True, slots=True)
class Login:
    """A name to log in with, and its password."""

    name: str
    password: str


@dataclass(frozen=True, slots=True)
class Farm:
    """Wikis with one login, and what the tests may touch there.

    :ivar family: what pywikibot calls it
    :ivar wikis: the address of each wiki's api.php
    :ivar central: which of them keeps the global accounts
    :ivar operator: may lock; logs in with the main password
    :ivar sysop: has no global right
    :ivar bot: the operator's bot password, named ``Operator@app``
    :ivar accounts: how the names of the accounts begin that may be touched
    :ivar pages: how the titles of the pages begin that may be touched
    :ivar databases: their names, where the family file tells them
    :ivar people: accounts that are not like the others, by what they are like
    :ivar sandbox: what plays it in this process, if one does
    :ivar proxy: what is before it otherwise
    """

    family: str
    wikis: Mapping[str, str]
    central: str
    operator: Login
    sysop: Login
    bot: Login
    accounts: str
    pages: str
    databases: Mapping[str, str] = field(default_factory=dict)
    people: Mapping[str, str] = field(default_factory=lambda: seeds.PEOPLE)
    sandbox: Sandbox | None = None
    proxy: Proxy | None = None

    @classmethod
    def of_sandbox(cls, sandbox: Sandbox, family: str) -> Farm:
        """Describe a sandbox that runs in this process."""
        credentials = sandbox.credentials
        return cls(
            family=family,
            wikis={code: wiki.address for code, wiki in sandbox.wikis.items()},
            central='meta',
            operator=Login('Sandbox Operator', credentials.operator),
            sysop=Login('Plain Sysop', credentials.sysop),
            bot=Login('Sandbox Operator@bot', credentials.bot),
            accounts='Spambot ',
            pages='Spam page ',
            sandbox=sandbox,
        )

    @classmethod
    def from_file(cls, path: Path, proxy: Proxy) -> Farm:
        """Read a farm from a file like ``farm.example.toml``.

        :param proxy: before the farm; where its wikis are for the tests
        """
        data = tomllib.loads(path.read_text('utf-8'))
        return cls(
            # The tests' own name for whatever farm it is.
            family='sandbox',
            wikis={code: wiki.address for code, wiki in proxy.wikis.items()},
            central=data['central'],
            operator=Login(**data['operator']),
            sysop=Login(**data['sysop']),
            bot=Login(**data['bot']),
            accounts=data['accounts'],
            pages=data['pages'],
            databases=data.get('databases', {}),
            people=data.get('people', {}),
            proxy=proxy,
        )

    # pywikibot's way to it

    def configure(
        self, directory: Path, *, plugin: bool = False, login: Login | None = None
    ) -> None:
        """Write a user-config.py for a pywikibot in a process of its own.

        :param login: who works there, if not the operator
        """
        self._write_files(directory)
        if login is not None:
            line = f'({login.name!r}, {login.password!r})\n'
            write_private(directory / 'user-password.py', line)
        text = _USER_CONFIG.format(
            family=self.family,
            central=self.central,
            file=str(directory / f'{self.family}_family.py'),
            operator=(login or self.operator).name,
        )
        write_private(directory / 'user-config.py', text + (ENABLE if plugin else ''))

    def introduce(self, directory: Path) -> None:
        """Make it known to the pywikibot of this process, with the plugin."""
        from pywikibot import config

        import mw_tokens_plugin

        self._write_files(directory)
        config.family_files[self.family] = str(directory / f'{self.family}_family.py')
        mw_tokens_plugin.enable()

    def choose(self, directory: Path) -> None:
        """Let this process's pywikibot begin anew, with this farm as its default."""
        from pywikibot import config

        forget_logins()
        for path in directory.glob('*.lwp'):
            path.unlink()
        config.family, config.mylang = self.family, self.central
        config.put_throttle = config.minthrottle = 0
        # Else it is a configuration for several farms, if another was chosen before.
        config.usernames.clear()
        config.usernames[self.family]['*'] = self.operator.name
        self._write_passwords(directory)
        config.password_file = str(directory / 'user-password.py')

    def site(self, code: str | None = None, user: str | None = None) -> Any:
        """Return one of its wikis, the central one by default."""
        import pywikibot

        return pywikibot.Site(code or self.central, self.family, user=user)

    # Its state, seen from outside

    def restore(self) -> None:
        """Bring it back into its first state, where it can be."""
        # A mint of the test before would log in to the farm that is restored.
        end_mints()
        if self.sandbox is not None:
            self.sandbox.reset()
        elif self.proxy is not None:
            self.proxy.reset()

    def ask(self, code: str | None = None, **parameters: str | int) -> dict[str, Any]:
        """Ask a wiki as nobody in particular."""
        answer = requests.get(
            self.wikis[code or self.central],
            params={**parameters, 'format': 'json', 'formatversion': 2},
            timeout=60,
        )
        found: dict[str, Any] = answer.json()['query']
        return found

    def person(self, kind: str) -> str:
        """Return an account of a kind; without one, a test is skipped and names it."""
        if kind not in self.people:
            pytest.skip(f'MW_TOKENS_FARM names no account {kind!r} in [people]')
        return self.people[kind]

    def is_locked(self, name: str) -> bool:
        """Tell whether an account is locked."""
        # Of the lists alone it is certain that no cache answers for the database.
        (found,) = self.ask(
            action='query',
            list='globalallusers',
            agufrom=name,
            aguto=name,
            aguprop='lockinfo',
        )['globalallusers']
        return 'locked' in found

    def locked(self, names: Iterable[str]) -> list[str]:
        """Return those that are locked."""
        return [name for name in names if self.is_locked(name)]

    def unlocked(self, count: int, without: Collection[str] = ()) -> list[str]:
        """Return unlocked accounts that may be touched."""
        answer = self.ask(
            action='query',
            list='globalallusers',
            aguprefix=self.accounts,
            agulimit=500,
            aguprop='lockinfo',
        )
        names = [
            item['name']
            for item in answer['globalallusers']
            if 'locked' not in item and item['name'] not in without
        ][:count]
        assert len(names) == count, f'the farm has only {len(names)} unlocked accounts'
        return names

    def unlock(self, names: Iterable[str]) -> None:
        """Unlock accounts again where nothing else restores them."""
        if self.sandbox is not None:
            return
        if self.proxy is not None and 'reset' in self.proxy.hooks:
            return
        for name in self.locked(names):
            self.site().set_global_account_status(name, locked=False, reason='test')

    def _write_files(self, directory: Path) -> None:
        addresses = {code: urlsplit(url) for code, url in self.wikis.items()}
        text = _FAMILY.format(
            name=self.family,
            central=self.central,
            hosts={code: a.netloc for code, a in addresses.items()},
            paths={c: a.path.removesuffix('/api.php') for c, a in addresses.items()},
            databases=dict(self.databases),
            protocol=addresses[self.central].scheme,
        )
        (directory / f'{self.family}_family.py').write_text(text, 'utf-8')
        self._write_passwords(directory)

    def _write_passwords(self, directory: Path) -> None:
        logins = (self.operator, self.sysop)
        lines = [(self.family, login.name, login.password) for login in logins]
        text = ''.join(f'{line!r}\n' for line in lines)
        write_private(directory / 'user-password.py', text)


def existing(page: Page | None) -> Page:
    """Return a page of the sandbox that must exist."""
    assert page is not None
    return page


def write_private(path: Path, text: str) -> None:
    with contextlib.suppress(FileNotFoundError):
        path.unlink()
    path.touch(mode=0o600)
    path.write_text(text, 'utf-8')
