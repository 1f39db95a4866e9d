"""Requests that are made by hand, and classes put in the place of pywikibot's."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, ClassVar

import pytest
import pywikibot
from pywikibot.data import api

from centralauth_sandbox import Sandbox
from mw_tokens_plugin.site.requests import TokenRequest

from .farms import Farm
from .foreign import OPERATOR, steps, wired


class OwnRequest(api.Request):
    """A bot's own class of requests, which notes what it sends."""

    submitted: ClassVar[list[str]] = []

    def submit(self) -> Any:
        """Send it, and note that."""
        self.submitted.append(self.action)
        return super().submit()


class DryRequest(api.Request):
    """Sends nothing at all."""

    def submit(self) -> Any:
        """Refuse."""
        raise LookupError(f'action={self.action} in a dry run')


@contextmanager
def replaced(kind: Any) -> Iterator[None]:
    """Put something in the place of pywikibot's requests, as its tests do."""
    before, api.Request = api.Request, kind
    try:
        yield
    finally:
        api.Request = before


@pytest.mark.parametrize('where', ['meta', 'aa'])
@pytest.mark.parametrize('kind', [api.Request, OwnRequest])
def test_a_request_made_by_hand_is_renewed_and_signed_like_any_other(
    site: Any, sandbox: Sandbox, where: str, kind: Any
) -> None:
    """Once its token has died, and once the session is lost, at home and elsewhere."""
    site.login()
    used = site if where == 'meta' else site.foreign_site(where)
    token = str.__str__(used.tokens.csrf)
    edit = {'action': 'edit', 'title': 'Spam by hand', 'token': token}
    sandbox.faults.arm(kind='expire-csrf', action='edit', wiki=where)
    sandbox.faults.arm(kind='lose-session', action='edit', wiki=where, nth=3)
    with wired() as wire:
        for text in 'one', 'two':
            request = kind(site=used, parameters={**edit, 'appendtext': text})
            assert isinstance(request, kind)
            assert request.submit()['edit']['result'] == 'Success'
        (name,) = {
            kind(used, parameters={'action': 'query', 'meta': 'userinfo'}).submit()[
                'query'
            ]['userinfo']['name']
        }
    assert name == OPERATOR
    wire.check({sandbox.wikis['aa'].server.removeprefix('http://')})
    writes = [sent for sent in wire.sent if sent.action == 'edit']
    assert {sent.body.get('assertuser') for sent in writes} == {OPERATOR}
    saved = sandbox.journal.entries(action='edit', result='ok')
    assert [entry.user for entry in saved] == [OPERATOR] * 2


def test_a_cached_request_made_by_hand_asks_another_wiki_as_the_account(
    site: Any, sandbox: Sandbox
) -> None:
    foreign = site.foreign_site('aa')
    sandbox.journal.clear()
    parameters = {'action': 'query', 'meta': 'userinfo', 'uiprop': 'groups'}
    for _ in range(2):
        request = api.CachedRequest(1, site=foreign, parameters=parameters)
        assert request.submit()['query']['userinfo']['name'] == OPERATOR
    assert steps(sandbox, 'aa') == ['userinfo']


def test_classes_that_take_no_site_are_left_alone(site: Any) -> None:
    """Such as that with which pywikibot's cache.py reads what is kept on disk."""

    class CacheEntry(api.CachedRequest):
        def __init__(self, directory: str, name: str) -> None:
            self.place = directory, name

    assert type(CacheEntry('apicache', 'x')) is CacheEntry
    with pytest.warns(RuntimeWarning, match='invoked without a site'):
        request = api.Request(parameters={'action': 'help'})
    assert (request.site, type(request)) == (site, TokenRequest)


def test_nothing_is_sent_where_requests_are_replaced_by_dry_ones(
    farm: Farm, site: Any, sandbox: Sandbox
) -> None:
    """Whatever makes them: pywikibot, the plugin, or a bot, at home and elsewhere."""
    site.login()
    foreign = site.foreign_site('aa')
    sites = [site, foreign]
    page = {each: pywikibot.Page(each, 'Sandbox') for each in sites}
    picture = {each: pywikibot.FilePage(each, 'Dry.png') for each in sites}
    for each in sites:
        assert page[each].text
        each.tokens.prefetch('csrf', 'setglobalaccountstatus')
        page[each].text = 'changed'
    name = 'Spambot 00001'
    calls: dict[str, Callable[[Any], Any]] = {
        'simple': lambda each: each.simple_request(action='help').submit(),
        'cached': lambda each: each.tokens.module_info('parse'),
        'save': lambda each: page[each].save(),
        'account': lambda each: each.global_account(name),
        'lock': lambda each: each.set_global_account_status(
            name, locked=True, reason='x'
        ),
        'context': lambda each: each.edit_context('X'),
        'time': lambda each: each.server_time(),
        'foreign': lambda each: each.foreign_site('bb', create_account=True),
        'wallet': lambda each: each.tokens['patrol'],
        'upload': lambda each: each.upload(
            picture[each],
            source_filename=__file__,
            ignore_warnings=True,
            text='x',
        ),
    }
    with replaced(DryRequest), wired() as wire:
        for each in sites:
            each.tokens.clear()
            for label, call in calls.items():
                with pytest.raises(LookupError, match='in a dry run'):
                    call(each)
                    pytest.fail(f'{label} on {each} was answered')
    assert [(sent.host, sent.action) for sent in wire.sent] == []
    # And back again.
    page[foreign].save(summary='test', quiet=True)


def test_what_replaces_pywikibots_wallet_is_used(
    site: Any, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By which a dry run has tokens and asks for none."""
    from pywikibot.site import TokenWallet

    sandbox.journal.clear()
    monkeypatch.setattr(
        TokenWallet, '__getitem__', lambda wallet, key: f'{key} of mine'
    )
    assert site.tokens['csrf'] == site.tokens.csrf == 'csrf of mine'
    assert 'rollback' in site.tokens
    assert not sandbox.journal.entries()


def test_what_replaces_pywikibots_requests_is_what_sites_use(
    site: Any, sandbox: Sandbox
) -> None:
    """A class of requests keeps the plugin's part; anything else stands for itself."""
    site.login()
    foreign = site.foreign_site('aa')
    token = str.__str__(foreign.tokens.csrf)
    sandbox.faults.arm(kind='expire-csrf', action='edit', wiki='aa')
    with replaced(OwnRequest):
        OwnRequest.submitted.clear()
        request = foreign.simple_request(
            action='edit', title='Spam replaced', text='x', token=token
        )
        assert isinstance(request, OwnRequest)
        assert request.submit()['edit']['result'] == 'Success'
        assert OwnRequest.submitted.count('edit') == 1
        assert 'centralauthtoken' in OwnRequest.submitted
        assert isinstance(site._request(parameters={'action': 'help'}), OwnRequest)
    calls: list[Any] = []

    class Fake:
        def __init__(self, **kwargs: Any) -> None:
            calls.append(kwargs)

        @classmethod
        def create_simple(cls, req_site: Any, **kwargs: Any) -> Any:
            return cls(site=req_site, parameters=kwargs)

    with replaced(Fake):
        assert type(site.simple_request(action='help')) is Fake
        assert type(foreign._request(parameters={'action': 'help'})) is Fake
        made: Any = foreign.single_send_request(
            site=foreign, parameters={'action': 'x'}
        )
        assert type(made) is Fake
    assert [call['site'] for call in calls] == [site, foreign, foreign]
    assert not isinstance(site.simple_request(action='help'), (OwnRequest, Fake))
