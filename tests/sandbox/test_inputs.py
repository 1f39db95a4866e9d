"""What bot authors give to methods: understood, or refused in one sentence."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import pywikibot

from centralauth_sandbox import Sandbox
from mw_tokens_plugin.exceptions import (
    InvalidInput,
    NoTokenNeeded,
    UnknownModule,
    UnknownTokenType,
)
from mw_tokens_plugin.protocol.globalaccounts import GlobalAccount
from mw_tokens_plugin.site.hook import enable
from mw_tokens_plugin.site.inputs import account_text
from mw_tokens_plugin.site.settings import settings

NAME = 'Spambot 00001'

#: What is refused, and what the sentence must say.
_REFUSED: tuple[tuple[str, Callable[[Any], Any], str], ...] = (
    ('account', lambda s: s.global_account(None), 'None is not the name'),
    ('page', lambda s: s.global_account(pywikibot.Page(s, 'X')), 'not the name'),
    ('bytes', lambda s: s.global_account(b'X'), 'not the name'),
    ('list', lambda s: s.global_account([NAME]), 'not the name'),
    ('accounts', lambda s: list(s.global_accounts(None)), 'None is not a list'),
    ('number', lambda s: list(s.global_accounts([5])), '5 is not the name'),
    ('ids', lambda s: list(s.global_accounts_by_id(None)), 'None is not a list'),
    ('no id', lambda s: list(s.global_accounts_by_id(['x'])), 'not a central id'),
    ('prefix', lambda s: s.all_global_accounts(prefix=5), '5 is not the name'),
    ('group', lambda s: s.all_global_accounts(group=['steward']), 'not a text'),
    ('log', lambda s: s.lock_log(5), '5 is not the name'),
    ('total', lambda s: s.lock_log(total='many'), "total='many'"),
    ('rename', lambda s: list(s.global_rename_status(5)), '5 is not the name'),
    (
        'locked',
        lambda s: s.set_global_account_status(NAME, locked=True, reason=None),
        'reason=None',
    ),
    (
        'expected',
        lambda s: s.set_global_account_status(
            NAME, locked=True, reason='x', expected='normal'
        ),
        "expected='normal'",
    ),
    ('deleted', lambda s: s.delete_global_account(NAME, reason=None), 'reason=None'),
    ('created', lambda s: s.create_local_account(None, reason='x'), 'not the name'),
    (
        'groups',
        lambda s: s.set_global_groups(NAME, reason='x', add=[5]),
        'add: 5 is not a text',
    ),
    ('no group', lambda s: s.set_global_groups(NAME, reason='x', add=5), '5 is not a'),
    ('wiki', lambda s: s.foreign_site(None), 'None does not name a wiki'),
    ('create', lambda s: s.foreign_site('aa', create_account='no'), "account='no'"),
    ('page for wiki', lambda s: s.foreign_site(pywikibot.Page(s, 'X')), 'not name a'),
    ('action', lambda s: s.tokens.for_action(None), 'None is not the name of an API'),
    ('parameter', lambda s: s.tokens.parameters_for(['edit']), 'not the name of an'),
    ('types', lambda s: s.tokens.prefetch(['csrf']), 'is not a text'),
    ('query', lambda s: s.query_with_tokens(None), 'None is not a list'),
    ('context', lambda s: s.edit_context(None), 'neither a page nor a title'),
    ('unlink', lambda s: s.unlink_account(None), 'None is not a text'),
)


def test_what_is_not_understood_is_refused_in_a_sentence(
    site: Any, sandbox: Sandbox
) -> None:
    """Before anything is sent but questions, and with what was given."""
    site.login()
    for label, call, sentence in _REFUSED:
        with pytest.raises(InvalidInput) as caught:
            call(site)
            pytest.fail(f'{label} was understood')
        assert sentence in str(caught.value), label
    assert not sandbox.journal.entries(action='setglobalaccountstatus')


def test_a_single_text_and_objects_of_pywikibot_are_understood(
    site: Any, sandbox: Sandbox
) -> None:
    """A name is not taken letter by letter, nor a user for the title of a page."""
    site.login()
    user = pywikibot.User(site, NAME)
    known = site.global_account(NAME)
    assert known.exists
    assert site.global_account(user) == known
    for given in NAME, [NAME], user, [user], pywikibot.Page(site, f'User:{NAME}'):
        (found,) = site.global_accounts(given)
        assert (found.exists, found.name) == (True, NAME), given
    for given in known.central_id, str(known.central_id), [str(known.central_id)]:
        (found,) = site.global_accounts_by_id(given)
        assert found.name == NAME, given
    (listed,) = site.all_global_accounts(start=user, end=user)
    assert listed.name == NAME
    changed = site.set_global_groups(user, add='global-bot', reason='x')
    assert changed.added == ('global-bot',)
    change = site.set_global_account_status(
        user, locked=True, reason='x', expected=site.global_account(user)
    )
    assert change.state.locked
    (entry,) = site.lock_log(user, total='5')
    assert isinstance(site.global_account(entry.name), GlobalAccount)
    assert 'query' in site.query_with_tokens('patrol', meta='siteinfo')
    site.delete_global_account(user, reason='')
    assert not site.global_account(user).exists
    assert account_text('User:X') == 'User:X', 'a text is left to what reads names'


def test_an_error_about_a_token_says_what_works(site: Any) -> None:
    """And which wiki it is about."""
    site.login()
    tokens = site.tokens
    for name in 'edit', 'delete':
        advice = rf"'{name}' is an action: use site\.tokens\.for_action\('{name}'\)"
        with pytest.raises(AttributeError, match=advice):
            getattr(tokens, name)
        with pytest.raises(UnknownTokenType, match=advice):
            tokens[name]
        assert tokens.for_action(name)
    with pytest.raises(AttributeError, match="Did you mean 'csrf'"):
        _ = tokens.csfr
    with pytest.raises(UnknownModule, match=f"{site} has no API module 'nosuch'"):
        tokens.for_action('nosuch')
    with pytest.raises(NoTokenNeeded, match='query'):
        tokens.for_action('query')
    assert tokens.parameters_for('query') == {}


def test_the_parameter_comes_with_its_name(site: Any, sandbox: Sandbox) -> None:
    site.login()
    tokens = site.tokens
    names = {'edit': 'token', 'login': 'lgtoken', 'clientlogin': 'logintoken'}
    for action, name in names.items():
        assert list(tokens.parameters_for(action)) == [name]
    request = site.simple_request(
        action='edit',
        title='Spam with a parameter',
        text='x',
        **tokens.parameters_for('edit'),
    )
    assert request.submit()['edit']['result'] == 'Success'
    answer = site.simple_request(
        action='login',
        lgname='Sandbox Operator@bot',
        lgpassword=sandbox.credentials.bot,
        **tokens.parameters_for('login'),
    ).submit()
    assert answer['login']['result'] == 'Success'


def test_the_wallet_looks_like_that_of_pywikibot(site: Any) -> None:
    """Its ``repr``, its docstring, and its errors for what is no type."""
    assert repr(site.tokens) == f"TokenWallet(pywikibot.Site('{site}'))"
    site.login()
    assert site.tokens.csrf
    assert repr(site.tokens) == (
        f"TokenWallet(pywikibot.Site('{site}', user='{site.username()}'))"
    )
    assert 'Return the TokenWallet collection' in (type(site).tokens.__doc__ or '')
    for wrong in None, 5, 'no|type', 'nosuchtype':
        with pytest.raises(KeyError):
            site.tokens[wrong]
        assert wrong not in site.tokens


def test_standing_lists_are_paths_of_any_kind(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(settings, 'protected', [])
    several: Any = ['b.txt', Path('c.txt')]
    for protect in None, '', (), 'a.txt', Path('a.txt'), several:
        enable(protect=protect)
    assert settings.protected == ['a.txt', 'b.txt', 'c.txt']
