"""pywikibot, pointed at the wikis of the tests.

It writes the family and the password file that pywikibot reads, and makes sites that
know nothing of the ones before.
"""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import pywikibot
import requests
from pywikibot import config, throttle
from pywikibot.comms import http
from pywikibot.data.api import CachedRequest
from pywikibot.site import APISite

from mw_tokens_plugin.protocol.tokens import ANONYMOUS

from .wiki import Account, Wiki

_FAMILY = '''
"""The wikis of the tests."""
from pywikibot import family


class Family(family.Family):
    """They are reached by http, on loopback."""

    name = {name!r}
    langs = {langs!r}

    def protocol(self, code):
        """Return the protocol of all wikis."""
        return 'http'

    def scriptpath(self, code):
        """Return the path of api.php."""
        return '/w'
'''


class Client:
    """One user's pywikibot."""

    def __init__(self, directory: Path) -> None:
        """Keep everything in a directory."""
        self._directory = directory
        self._passwords: dict[str, str] = {}

    def site(self, wiki: Wiki, account: Account | None = None) -> APISite:
        """Return a new site object, logged in.

        :param account: the wiki's operator by main password, if not given
        """
        account = account or wiki.operator
        self._remember_password(wiki, account)
        site = APISite(wiki.code, _families[wiki.host], account.name)
        site.login()
        return site

    def _remember_password(self, wiki: Wiki, account: Account) -> None:
        password = repr(account.password)
        if account.app:
            password = f'BotPassword({account.app!r}, {password})'
        whose = f'{wiki.code!r}, {_families[wiki.host]!r}, {account.name!r}'
        self._passwords[wiki.host] = f'({whose}, {password})'
        path = self._directory / config.password_file
        path.touch(mode=0o600)
        path.write_text('\n'.join(self._passwords.values()), 'utf-8')

    def forget_logins(self) -> None:
        """Drop all cookies, those on disk too."""
        http.cookie_jar.clear()
        for file in self._directory.glob('*.lwp'):
            file.unlink()


#: The family of each wiki, by its host.
_families: dict[str, str] = {}


@contextmanager
def configured(directory: Path) -> Iterator[Client]:
    """Let pywikibot keep its files in a directory, and not wait without need."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(config, 'base_dir', str(directory))
        # It has none of this process yet in the file that it keeps there.
        patch.setattr(throttle, 'pid', False)
        # pywikibot takes it from base_dir, but only once.
        cache = directory / 'apicache'
        cache.mkdir()
        cached = classmethod(lambda cls: cache)
        patch.setattr(CachedRequest, '_get_cache_dir', cached)
        patch.setattr(config, 'password_file', 'user-password.py')
        patch.setattr(config, 'max_retries', 1)
        patch.setattr(config, 'retry_wait', 1)
        for pause in 'put_throttle', 'minthrottle', 'maxthrottle':
            patch.setattr(config, pause, 0)
        yield Client(directory)


def add_family(directory: Path, wikis: Iterable[Wiki]) -> None:
    """Make wikis known to pywikibot as one family.

    Its name is new for each run, since pywikibot's cache on disk goes by it.
    """
    name = f'tests{secrets.token_hex(4)}'
    hosts = {wiki.code: wiki.host for wiki in wikis}
    path = directory / f'{name}_family.py'
    path.write_text(_FAMILY.format(name=name, langs=hosts), 'utf-8')
    config.family_files[name] = os.fspath(path)
    _families.update(dict.fromkeys(hosts.values(), name))


def post(
    site: APISite,
    session: requests.Session = http.session,
    /,
    **parameters: Any,
) -> dict[str, Any]:
    """Send a request past pywikibot's care; return the answer.

    :param session: that of pywikibot, with its cookies, if not given
    """
    answer = session.post(
        f'http://{site.hostname()}{site.apipath()}',
        data={**parameters, 'format': 'json', 'formatversion': '2'},
        timeout=240,
    )
    result: dict[str, Any] = answer.json()
    return result


def page(site: APISite, text: str = '', **options: Any) -> pywikibot.Page:
    """Return a page that no other test uses, created if it is given a text."""
    new = pywikibot.Page(site, f'Test {secrets.token_hex(8)}')
    if text:
        new.text = text
        new.save(quiet=True, **options)
    return new


def edit_anonymously(page: pywikibot.Page, text: str) -> None:
    """Edit a page as nobody."""
    with requests.Session() as nobody:
        answer = post(
            page.site,
            nobody,
            action='edit',
            title=page.title(),
            text=text,
            token=ANONYMOUS,
        )
    assert answer['edit']['result'] == 'Success', answer
