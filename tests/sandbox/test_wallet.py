"""How long tokens are kept: as long as the session and the user, and no longer."""

from __future__ import annotations

import pickle
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
import pywikibot

from centralauth_sandbox import Sandbox
from mw_tokens_plugin import Token
from mw_tokens_plugin.exceptions import TokenUnavailable, UnknownTokenType

from .apicache import let_days_pass
from .farms import Farm
from .test_tokens import LOCK, OPERATOR, TYPES, steps

COLLEAGUE = 'Sandbox Colleague'


def ready(site: Any, sandbox: Sandbox) -> None:
    """Log in without any token, and begin a new journal."""
    site.login()
    assert site.version()
    sandbox.journal.clear()


# Fetching together


def test_prefetching_costs_one_request_and_then_none(
    stage: tuple[Any, Sandbox],
) -> None:
    site, sandbox = stage
    ready(site, sandbox)
    site.tokens.prefetch('csrf', LOCK, 'userrights')
    assert steps(sandbox) == [f'tokens=csrf|{LOCK}|userrights']
    for name in 'csrf', LOCK, 'userrights':
        assert site.tokens[name].type == name
    site.tokens.prefetch('csrf', LOCK)
    site.tokens.prefetch()
    assert len(steps(sandbox)) == 1


def test_prefetching_fetches_only_what_is_lacking(site: Any, sandbox: Sandbox) -> None:
    ready(site, sandbox)
    site.tokens.prefetch('csrf')
    site.tokens.prefetch('csrf', 'patrol')
    assert steps(sandbox) == ['tokens=csrf', 'tokens=patrol']


def test_prefetching_logs_in_if_need_be(site: Any) -> None:
    site.tokens.prefetch('csrf')
    assert site.user() == OPERATOR
    assert site.tokens.csrf.user == OPERATOR


def test_threads_cause_one_request_whatever_they_want(
    site: Any, sandbox: Sandbox
) -> None:
    ready(site, sandbox)
    sandbox.command('set-delay', seconds=0.02)
    wanted = ('csrf', 'rollback', LOCK, 'userrights')
    together = threading.Barrier(8)

    def take(number: int) -> Token:
        together.wait(240)
        if number % 2:
            site.tokens.prefetch(*wanted)
        token: Token = site.tokens[wanted[number % 4]]
        return token

    try:
        with ThreadPoolExecutor(8) as pool:
            tokens = list(pool.map(take, range(8)))
    finally:
        sandbox.command('set-delay', seconds=0.0)
    # Whether one that prefetches comes first, or one that wants everything.
    assert len(steps(sandbox)) == 1
    assert [token.type for token in tokens] == [wanted[n % 4] for n in range(8)]
    assert len({id(token) for token in tokens}) == 4


# Another user, another session


def test_another_user_has_other_tokens(site: Any, farm: Farm) -> None:
    site.login()
    mine = site.tokens.csrf
    site.logout()
    site.login(user=farm.sysop.name)
    theirs = site.tokens.csrf
    assert (mine.user, theirs.user) == (farm.operator.name, farm.sysop.name)
    assert theirs != mine


def test_users_of_one_wiki_share_no_wallet(farm: Farm) -> None:
    one, other = farm.site(), farm.site(user=farm.sysop.name)
    assert one.tokens is not other.tokens
    assert one.tokens is farm.site().tokens


def test_wikis_share_no_wallet(farm: Farm) -> None:
    tokens = [farm.site(code).tokens.csrf for code in farm.wikis]
    assert len({token.wiki for token in tokens}) == len(set(tokens)) == len(farm.wikis)


def test_a_logout_and_a_login_drop_all_tokens(site: Any, sandbox: Sandbox) -> None:
    site.login()
    dead = {site.tokens[name] for name in ('csrf', 'rollback')}
    site.logout()
    site.login()
    sandbox.journal.clear()
    live = {site.tokens[name] for name in ('csrf', 'rollback')}
    assert not dead & live
    assert sandbox.summary()['token_fetches'] == {'*': 1}


def test_after_a_logout_elsewhere_every_token_is_fetched_anew_once(
    site: Any, sandbox: Sandbox, spambots: Callable[[int], list[str]]
) -> None:
    site.login()
    # Names are read by the wiki's namespaces, and a read would notice the loss.
    assert site.namespaces
    dead = {name: site.tokens[name] for name in TYPES if name != 'login'}
    sandbox.command('end-sessions', user=OPERATOR)
    sandbox.journal.clear()
    for name in spambots(2):
        site.set_global_account_status(name, locked=True, reason='test')
    fetched = sandbox.summary()['token_fetches']
    assert {name: fetched.get(name, 0) for name in ('*', 'csrf', LOCK)} == {
        '*': 1,
        'csrf': 0,
        LOCK: 0,
    }
    assert all(site.tokens[name] is not token for name, token in dead.items())
    refused = [step for step in steps(sandbox) if step.startswith(f'{LOCK}:')]
    assert refused == [f'{LOCK}: assertuserfailed']


def test_badtoken_for_one_type_leaves_the_others(
    site: Any, sandbox: Sandbox, spambots: Callable[[int], list[str]]
) -> None:
    site.login()
    site.tokens.prefetch(*set(TYPES) - {'login'})
    kept = {name: site.tokens[name] for name in TYPES if name not in (LOCK, 'login')}
    dead = site.tokens[LOCK]
    (name,) = spambots(1)
    sandbox.faults.arm(kind='expire-csrf', action=LOCK)
    site.set_global_account_status(name, locked=True, reason='test')
    assert site.tokens[LOCK] is not dead
    assert all(site.tokens[name] is token for name, token in kept.items())
    assert site.tokens.dropped == {LOCK: 1}


def test_a_token_that_was_replaced_meanwhile_is_not_dropped_again(site: Any) -> None:
    site.login()
    dead = site.tokens.csrf
    site.tokens.drop(dead)
    live = site.tokens.csrf
    site.tokens.drop(dead)
    assert site.tokens.csrf is live
    assert site.tokens.dropped == {'csrf': 1}


def test_deleting_the_wallet_as_pywikibot_does_empties_it(
    site: Any, sandbox: Sandbox
) -> None:
    site.login()
    dead = site.tokens.csrf
    del site.tokens
    assert site.tokens.csrf is not dead


# What is not there


def test_each_failure_is_an_error_of_its_own(site: Any) -> None:
    site.login()
    with pytest.raises(UnknownTokenType, match=r'nosuch') as unknown:
        site.tokens['nosuch']
    assert isinstance(unknown.value, KeyError)
    with pytest.raises(UnknownTokenType, match=r"'no\|such' is not the name"):
        site.tokens['no|such']
    with pytest.raises(UnknownTokenType):
        site.tokens.prefetch('csrf', 'nosuch')
    site.logout()
    site.login = lambda *args, **kwargs: None  # a site that stays logged out
    with pytest.raises(TokenUnavailable, match='not logged in') as unavailable:
        site.tokens.prefetch('csrf')
    assert isinstance(unavailable.value, KeyError)
    with pytest.raises(TokenUnavailable):
        site.query_with_tokens(['csrf'], meta='siteinfo')


@pytest.mark.parametrize(
    ('name', 'meant'),
    [
        ('csfr', "Did you mean 'csrf'?"),
        ('user_rights', "Did you mean 'userrights'?"),
        ('setglobalstatus', "Did you mean 'setglobalaccountstatus'?"),
        ('thattype', r"site\.tokens\['thattype'\]"),
    ],
)
def test_a_misspelt_attribute_is_told_what_was_meant(
    site: Any, sandbox: Sandbox, name: str, meant: str
) -> None:
    sandbox.journal.clear()
    with pytest.raises(AttributeError, match=meant):
        getattr(site.tokens, name)
    assert not hasattr(site.tokens, name)
    assert not sandbox.journal.entries()


def test_an_attribute_is_not_set(site: Any) -> None:
    site.login()
    held = site.tokens.csrf
    with pytest.raises(AttributeError, match='not set'):
        site.tokens.csrf = 'another'
    assert site.tokens.csrf is held


# Nothing leaves the process


def test_a_wallet_is_not_pickled_and_a_pickled_site_has_a_new_one(
    site: Any, sandbox: Sandbox
) -> None:
    site.login()
    held = site.tokens.csrf
    for protocol in range(2, pickle.HIGHEST_PROTOCOL + 1):
        with pytest.raises(TypeError, match='never stored'):
            pickle.dumps(site.tokens, protocol)
    stored = pickle.dumps(site)
    assert held.encode() not in stored
    again = pickle.loads(stored)
    assert again.tokens is not site.tokens
    assert site.tokens.csrf is held


def test_a_wallet_says_which_types_it_holds(site: Any) -> None:
    site.login()
    site.tokens.prefetch('csrf', 'patrol')
    assert str(site.tokens) == 'TypedTokenWallet(csrf, patrol)'
    for name in 'csrf', 'patrol':
        assert str.__str__(site.tokens[name]) not in repr(site.tokens)
    for value in vars(site.tokens).values():
        assert str.__str__(site.tokens.csrf) not in repr(value)


# What the wiki says of its modules


def paraminfo(sandbox: Sandbox) -> list[str]:
    return [e.params['modules'] for e in sandbox.journal.entries(action='paraminfo')]


def later(farm: Farm, sandbox: Sandbox) -> Any:
    """Return the site of a run two days later."""
    let_days_pass(2)
    pywikibot._sites.clear()
    site = farm.site()
    site.login()
    sandbox.journal.clear()
    return site


@pytest.fixture
def no_apicache() -> None:
    """Forget what other tests have left on disk."""
    let_days_pass(100)


def test_modules_are_asked_for_once_a_release(
    site: Any, farm: Farm, sandbox: Sandbox, no_apicache: None
) -> None:
    site.login()
    assert site.tokens.token_type_of(LOCK) == LOCK
    assert paraminfo(sandbox) == [LOCK]
    again = later(farm, sandbox)
    assert again.tokens.token_type_of(LOCK) == LOCK
    assert paraminfo(sandbox) == []
    sandbox.call(lambda farm: setattr(farm, 'generator', 'MediaWiki 1.48.0-wmf.1'))
    upgraded = later(farm, sandbox)
    assert upgraded.tokens.token_type_of(LOCK) == LOCK
    assert paraminfo(sandbox) == [LOCK]


def test_that_a_module_is_missing_is_not_believed_for_days(
    site: Any, farm: Farm, sandbox: Sandbox, no_apicache: None
) -> None:
    from mw_tokens_plugin.exceptions import UnknownModule

    for run in (site, later(farm, sandbox)):
        sandbox.journal.clear()
        for _ in range(2):
            with pytest.raises(UnknownModule):
                run.tokens.for_action('unheardof')
        assert 'unheardof' in paraminfo(sandbox)


def test_a_wiki_that_is_upgraded_while_a_run_goes_on_is_noticed(
    site: Any, sandbox: Sandbox, no_apicache: None
) -> None:
    site.login()
    # Where its answer on disk was too old, pywikibot thinks so of the new one, too.
    assert len({site.version() for _ in range(3)}) == 1
    assert site.tokens.token_type_of(LOCK) == LOCK
    sandbox.call(lambda farm: setattr(farm, 'generator', 'MediaWiki 1.48.0-wmf.2'))
    sandbox.journal.clear()
    assert site.tokens.token_type_of(LOCK) == LOCK
    assert paraminfo(sandbox) == []
    let_days_pass(2)
    site.siteinfo.clear()
    assert site.tokens.token_type_of(LOCK) == LOCK
    assert paraminfo(sandbox) == [LOCK]
