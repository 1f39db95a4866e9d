"""Tokens that ride on queries of CentralAuth, and through the sandbox's faults.

What MediaWiki itself has is tested on a real one, in tests/mediawiki.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
import pywikibot

from centralauth_sandbox import Sandbox
from mw_tokens_plugin.exceptions import ApiRefusal, StateConflict
from mw_tokens_plugin.site.refusals import refusals

from .test_tokens import LOCK, OPERATOR, steps
from .test_wallet import ready

TITLE = 'Spam page of contexts'


@pytest.mark.parametrize('version', [1, 2])
def test_tokens_of_extensions_ride_on_queries_of_extensions(
    stage: tuple[Any, Sandbox], version: int
) -> None:
    site, sandbox = stage
    ready(site, sandbox)
    answer = site.query_with_tokens(
        ['csrf', LOCK, 'deleteglobalaccount'],
        meta='globaluserinfo',
        guiuser='Spambot 00001',
        list='globalallusers',
        agulimit=2,
        formatversion=version,
    )
    assert answer['query']['globaluserinfo']['name'] == 'Spambot 00001'
    assert len(answer['query']['globalallusers']) == 2
    assert len(sandbox.journal.entries()) == 1
    change = site.set_global_account_status('Spambot 00001', locked=True, reason='test')
    assert change.state.locked
    assert sandbox.summary()['token_fetches'] == {
        'csrf': 1,
        LOCK: 1,
        'deleteglobalaccount': 1,
    }


def test_a_session_lost_before_the_query_is_had_back_with_its_tokens(
    site: Any, sandbox: Sandbox
) -> None:
    site.login()
    dead = site.tokens.csrf
    site.tokens.drop(dead)
    sandbox.command('end-sessions', user=OPERATOR)
    sandbox.journal.clear()
    site.query_with_tokens(['csrf'], prop='info', titles='Main Page')
    live = site.tokens.csrf
    assert live != dead
    assert live.generation == site.tokens.session.generation
    assert sandbox.summary()['logins'] == 1
    page = pywikibot.Page(site, TITLE)
    page.text = 'one'
    page.save(summary='test', quiet=True)
    assert not [step for step in steps(sandbox) if step.startswith('edit:')]
    assert [e.user for e in sandbox.journal.entries(action='edit')] == [OPERATOR]


def test_a_query_whose_answer_is_lost_is_asked_again(
    site: Any, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pywikibot.config, 'retry_wait', 0)
    ready(site, sandbox)
    sandbox.faults.arm(kind='half', action='query')
    site.query_with_tokens(['csrf'], meta='siteinfo')
    assert steps(sandbox) == ['tokens=csrf'] * 2
    assert site.tokens.csrf


def test_a_query_that_is_refused_keeps_no_token(site: Any, sandbox: Sandbox) -> None:
    ready(site, sandbox)
    with pytest.raises(ApiRefusal) as caught:
        site.query_with_tokens(['csrf'], titles='A', pageids=1)
    assert caught.value.code == 'multisource'
    assert site.tokens.missing(['csrf']) == ['csrf']


def test_of_threads_that_edit_in_one_context_one_wins(
    site: Any, sandbox: Sandbox
) -> None:
    site.login()
    page = pywikibot.Page(site, TITLE)
    page.text = 'before'
    page.save(summary='test', quiet=True)
    context = site.edit_context(TITLE)

    def edit(number: int) -> int:
        try:
            with refusals(site):
                site.simple_request(
                    action='edit', text=f'by {number}', **context.parameters()
                ).submit()
        except StateConflict:
            return 0
        return 1

    with ThreadPoolExecutor(4) as pool:
        assert sum(pool.map(edit, range(4))) == 1
    assert (
        sandbox.call(
            lambda farm: len(farm.central.page(TITLE).revisions)  # type: ignore[union-attr]
        )
        == 2
    )


def test_the_servers_clock_counts_and_not_ours(site: Any, sandbox: Sandbox) -> None:
    site.login()
    before = site.server_time()
    sandbox.command('advance-clock', seconds=3600.0)
    assert 3600 <= (site.server_time() - before).total_seconds() < 3660
    context = site.edit_context('Spam page that is missing')
    assert context.start_timestamp.replace(tzinfo=None) >= before
    (sent,) = sandbox.journal.entries()[-1:]
    assert sent.params['curtimestamp'] == '1'
