"""A wiki that takes a valid login for nobody's: nothing is written by an IP address.

Where an account has no local account and none can be made, MediaWiki accepts the
centralauthtoken without an error, and answers as to somebody who is not logged in.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import pywikibot
from pywikibot.data import api
from pywikibot.exceptions import Error

from centralauth_sandbox.seeds import BOT_GRANTS
from mw_tokens_plugin.exceptions import LoginRefused
from mw_tokens_plugin.protocol.tokens import ANONYMOUS

from .desk import Run
from .foreign import OPERATOR

if TYPE_CHECKING:
    from centralauth_sandbox import Sandbox

    from .farms import Farm

#: The wiki without an account.
CODE = 'aa'


@pytest.fixture
def trap(sandbox: Sandbox, site: Any) -> Iterator[Callable[..., None]]:
    """Take the operator's account away from a wiki, which makes no new one."""
    site.login()

    def spring(code: str = CODE) -> None:
        wiki = sandbox.farm.wikis[code]
        local = wiki.accounts.pop(OPERATOR)
        wiki.account_ids.pop(local.id)
        wiki.creates_accounts = False
        sandbox.journal.clear()

    yield spring
    for entry in sandbox.journal.entries():
        assert not entry.effect or entry.user, entry
        if 'token' in entry.params:
            assert entry.params.get('assertuser') == OPERATOR, entry


Bearer = Callable[[str], None]


@pytest.fixture
def bearer(farm: Farm, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> Bearer:
    """Configure an access token of OAuth 2.0 for a wiki."""

    def configure(code: str) -> None:
        token = sandbox.call(
            lambda state: state.consumers.add_bearer(OPERATOR, BOT_GRANTS)
        )
        host = farm.wikis[code].split('/')[2]
        monkeypatch.setattr(pywikibot.config, 'authenticate', {host: (token,)})

    return configure


def _save(site: Any) -> None:
    page = pywikibot.Page(site, 'Spam page trap')
    page.text = 'spam'
    page.save()


def _upload(site: Any) -> None:
    path = Path(pywikibot.config.base_dir, 'trap.png')
    path.write_bytes(b'\x89PNG\r\n\x1a\n')
    pywikibot.FilePage(site, 'File:Trap.png').upload(str(path), text='spam')


def _raw(site: Any, token: str | None, **parameters: str) -> None:
    site.simple_request(**parameters, token=token or site.tokens.csrf).submit()


#: All ways in which something is written.
WRITES: dict[str, Callable[[Any], Any]] = {
    'save': _save,
    'move': lambda site: pywikibot.Page(site, 'Sandbox').move('Sandbox 2', 'r'),
    'delete': lambda site: site.delete(pywikibot.Page(site, 'Sandbox'), 'r'),
    'protect': lambda site: pywikibot.Page(site, 'Sandbox').protect(
        'r', protections={'edit': 'sysop'}
    ),
    'watch': lambda site: pywikibot.Page(site, 'Sandbox').watch(),
    'rollback': lambda site: site.rollbackpage(pywikibot.Page(site, 'Sandbox')),
    'block': lambda site: site.blockuser(
        pywikibot.User(site, 'Spambot 00001'), '1 day', 'r'
    ),
    'upload': _upload,
    'edit': lambda site: _raw(site, None, action='edit', title='A', text='b'),
    "edit, nobody's token": lambda site: _raw(
        site, ANONYMOUS, action='edit', title='A', text='b'
    ),
    'content model': lambda site: _raw(
        site, None, action='changecontentmodel', title='Sandbox', model='json'
    ),
    "content model, nobody's token": lambda site: _raw(
        site, ANONYMOUS, action='changecontentmodel', title='Sandbox', model='json'
    ),
    'an extension': lambda site: _raw(site, ANONYMOUS, action='unheardof', title='A'),
    'by hand': lambda site: api.Request(
        site=site,
        parameters={'action': 'edit', 'title': 'A', 'text': 'b', 'token': ANONYMOUS},
    ).submit(),
    'once': lambda site: site.single_send_request(
        site=site,
        parameters={'action': 'edit', 'title': 'A', 'text': 'b', 'token': ANONYMOUS},
    ).submit(),
    'post': lambda site: site.post('edit', title='A', text='b'),
}


@pytest.mark.parametrize('name', WRITES)
@pytest.mark.parametrize('login', ['centralauthtoken', 'oauth'])
def test_nothing_is_written_by_an_address_through_the_login_of_another_wiki(
    name: str, login: str, trap: Callable[..., None], site: Any, bearer: Bearer
) -> None:
    if login == 'oauth':
        bearer('meta')
    foreign = site.foreign_site(CODE, auth=login)
    trap()
    with pytest.raises((Error, KeyError)):
        WRITES[name](foreign)
    # The home wiki's session was not lost.
    assert site.tokens.session.renewals == 0
    assert not site.tokens.session.is_given_up


@pytest.mark.parametrize('name', WRITES)
def test_nothing_is_written_by_an_address_with_an_access_token_in_plain_pywikibot(
    name: str, trap: Callable[..., None], farm: Farm, bearer: Bearer
) -> None:
    bearer(CODE)
    plain = farm.site(CODE)
    plain.login()
    trap()
    with pytest.raises((Error, KeyError)):
        WRITES[name](plain)
    del plain.userinfo
    with pytest.raises(LoginRefused, match='has no account on sandbox:aa'):
        plain.login()


@pytest.mark.parametrize('name', WRITES)
def test_nothing_is_written_by_an_address_in_plain_pywikibot(
    name: str, trap: Callable[..., None], farm: Farm
) -> None:
    trap()
    plain = farm.site(CODE)
    with pytest.raises(LoginRefused, match='Auto-creation of a local account failed'):
        plain.login()
    with pytest.raises((Error, KeyError)):
        WRITES[name](plain)


@pytest.mark.parametrize('login', ['main password', 'access token'])
def test_scripts_skip_such_a_wiki(
    trap: Callable[..., None], pwb: Callable[..., Run], bearer: Bearer, login: str
) -> None:
    if login == 'access token':
        bearer('meta')
    trap()
    run = pwb('crosswiki_delete', 'aa:Sandbox', 'meta:Sandbox', '-reason:r', '-always')
    assert run.code == 1, run.said
    assert (
        f'{OPERATOR} has no account on sandbox:aa, and the wiki makes none' in run.out
    )
    assert 'done: metawiki:Sandbox' in run.out


SCRIPTS = {
    'global_lock': ('Spambot 00001',),
    'global_block': ('192.0.2.1', '-expiry:1 week', '-anononly'),
    'global_delete': ('Spambot 00001',),
    'crosswiki_rollback': ('Spambot 00001', '-since:7d'),
    'crosswiki_delete': ('meta:Sandbox',),
}


@pytest.mark.parametrize('name', SCRIPTS)
def test_no_script_begins_where_its_own_wiki_takes_the_login_for_nobodys(
    name: str, trap: Callable[..., None], pwb: Callable[..., Run], bearer: Bearer
) -> None:
    bearer('meta')
    trap('meta')
    run = pwb(name, *SCRIPTS[name], '-reason:r', '-always')
    assert run.code == 3, run.said
    assert f'{OPERATOR} has no account on sandbox:meta' in run.err
