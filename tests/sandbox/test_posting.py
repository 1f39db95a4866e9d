"""One call for any action: the right token, under its name, and sent once."""

from __future__ import annotations

from typing import Any

import pytest
from pywikibot import config

from centralauth_sandbox import Sandbox
from mw_tokens_plugin.exceptions import (
    AmbiguousWrite,
    ApiRefusal,
    InvalidInput,
    TokenUnavailable,
    UnknownModule,
)

from .farms import Farm
from .foreign import OPERATOR

SPAMBOT = 'Spambot 00001'
LOCK = 'setglobalaccountstatus'

#: What is sent of an action, and where its answer says that it was done.
_WRITES: tuple[tuple[str, dict[str, Any], str], ...] = (
    ('edit', {'title': 'Spam page post', 'text': 'x', 'bot': True}, 'result'),
    ('move', {'from': 'Spam page post', 'to': 'Spam page posted'}, 'to'),
    ('watch', {'titles': ['Spam page posted', 'Sandbox'], 'unwatch': None}, 'title'),
    ('userrights', {'user': 'Plain Sysop', 'add': 'bot'}, 'added'),
    ('delete', {'title': 'Spam page posted', 'reason': 'a|b'}, 'logid'),
    (
        'setglobalaccountstatus',
        {'user': SPAMBOT, 'locked': 'lock', 'reason': 's'},
        'user',
    ),
)


@pytest.fixture(params=['home', 'foreign'])
def site(request: pytest.FixtureRequest, farm: Farm) -> Any:
    """A wiki where the operator may do all that, logged in to or not."""
    home = farm.site()
    if request.param == 'home':
        return home
    home.login()
    return home.foreign_site('aa')


def _sent(sandbox: Sandbox, action: str) -> list[Any]:
    return [e for e in sandbox.journal.entries() if e.action == action]


def test_any_action_is_done_with_the_token_that_it_wants(
    site: Any, sandbox: Sandbox
) -> None:
    """Without a login before it, and each write reaches the wiki once."""
    for action, parameters, proof in _WRITES:
        if action == LOCK and site.code != 'meta':
            continue
        answer = site.post(action, **parameters)
        found = answer[action]
        first = found[0] if isinstance(found, list) else found
        assert proof in first, answer
        (entry,) = _sent(sandbox, action)
        assert entry.result == 'ok'
        assert entry.params['assertuser'] == OPERATOR
    if site.code == 'meta':
        assert site.global_account(SPAMBOT).locked


def test_modules_without_a_token_and_of_other_names_of_it_work(
    farm: Farm, sandbox: Sandbox
) -> None:
    site = farm.site()
    bot = {'lgname': f'{OPERATOR}@bot', 'lgpassword': sandbox.credentials.bot}
    assert site.post('login', **bot)['login']['result'] == 'Success'
    site.login()
    (purged,) = site.post('purge', titles='Sandbox')['purge']
    assert purged['purged'] is True
    assert site.post('query', titles='Sandbox')['query']['pages'][0]['pageid']
    assert site.post('logout') == {}
    assert list(site.tokens.parameters_for('clientlogin')) == ['logintoken']
    assert site.tokens.parameters_for('query') == {}


def test_a_write_that_nobody_confirmed_is_not_sent_again(
    site: Any, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Unless the caller allows it; what only reads is."""
    monkeypatch.setattr(config, 'retry_wait', 0)
    edit = {'title': 'Spam page lost', 'text': 'x'}
    for how in ({'kind': 'drop'}, {'kind': 'gateway', 'status': 200}):
        sandbox.faults.arm(action='edit', when='after', **how)
        with pytest.raises(AmbiguousWrite):
            site.post('edit', **edit)
        assert len(_sent(sandbox, 'edit')) == 1
        sandbox.journal.clear()
    sandbox.faults.arm(kind='drop', action='edit', when='after')
    answer = site.post('edit', once=False, **{**edit, 'text': 'y'})
    assert answer['edit']['result'] == 'Success'
    sandbox.faults.arm(kind='drop', action='query', times=1)
    assert site.post('query', titles='Sandbox')['query']['pages']
    with pytest.raises(ApiRefusal) as refused:
        site.post('delete', title='Nowhere', errorformat='plaintext')
    assert (refused.value.code, refused.value.wiki) == ('missingtitle', str(site))


def test_errors_say_what_was_asked_for(site: Any, sandbox: Sandbox) -> None:
    """And nothing was sent."""
    with pytest.raises(UnknownModule):
        site.post('nosuch')
    with pytest.raises(InvalidInput, match='only once'):
        site.post('edit', action='delete')
    with pytest.raises(TokenUnavailable):
        site.post('edit', title='Spam page', text='x', token='+\\')
    assert not _sent(sandbox, 'edit') and not _sent(sandbox, 'delete')


def test_a_simulation_sends_no_write(
    farm: Farm, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(config, 'simulate', True)
    answer = farm.site().post('edit', title='Spam page', text='x')
    assert answer['edit']['result'] == 'Success'
    assert _sent(sandbox, 'edit') == []
