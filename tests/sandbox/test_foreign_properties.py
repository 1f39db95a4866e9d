"""Whatever goes wrong, and whoever is at work at once: what always holds.

No centralauthtoken reaches a wiki twice, and no write goes out as nobody.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
import requests
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pywikibot.exceptions import Error
from pywikibot.throttle import Throttle

from centralauth_sandbox import Sandbox
from mw_tokens_plugin.exceptions import TokensPluginError

from .farms import Farm
from .foreign import OPERATOR, clear_journal, wired, write_pages

#: What may come of an operation. Anything else is a defect of the plugin.
_ENDS = (Error, TokensPluginError, requests.RequestException, ConnectionError)

_FAULTS = st.fixed_dictionaries(
    {
        'kind': st.sampled_from(
            [
                'drop',
                'half',
                'empty',
                'html',
                'http',
                'retry-after',
                'maxlag',
                'expire-csrf',
                'expire-centralauthtokens',
                'lose-session',
                'lock-operator',
                'rename-operator',
                'session-store-down',
            ]
        ),
        'when': st.sampled_from(['before', 'after']),
        'wiki': st.sampled_from(['aa', 'bb', 'meta', '']),
        'action': st.sampled_from(['writes', 'query', 'centralauthtoken', '']),
        'status': st.sampled_from([0, 403, 502, 504]),
        'remembered': st.booleans(),
        'nth': st.integers(0, 6),
        'probability': st.sampled_from([1.0, 0.5, 0.2]),
        'seed': st.integers(0, 9),
        'times': st.integers(1, 4),
    }
)

_WORK = st.lists(
    st.tuples(
        st.sampled_from(['save', 'delete', 'block', 'read']),
        st.sampled_from(['aa', 'bb']),
        st.integers(0, 5),
    ),
    min_size=1,
    max_size=6,
)


class Unhurried(Throttle):
    """A throttle that never lets anybody wait."""

    @staticmethod
    def wait(seconds: float) -> None:
        """Go on."""


@pytest.fixture
def unhurried(sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Nothing waits: neither wikis, nor pywikibot after a failure."""
    from pywikibot import config
    from pywikibot.site import APISite

    monkeypatch.setattr(config, 'retry_wait', 0)
    monkeypatch.setattr(APISite, 'throttle', property(_throttle))
    sandbox.command('set-lifetimes', penalty=0.0)
    yield
    sandbox.command('set-lifetimes', penalty=3.0)
    sandbox.reset()


def _throttle(site: Any) -> Throttle:
    if '_throttle' not in vars(site):
        site._throttle = Unhurried(site)
    return site._throttle


@settings(
    max_examples=25,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(
    faults=st.lists(_FAULTS, max_size=4),
    work=st.lists(_WORK, min_size=1, max_size=4),
    reads=st.sampled_from(['authenticated', 'anonymous']),
)
def test_no_token_is_sent_twice_and_no_write_is_anonymous(
    running_farm: Farm,
    sandbox: Sandbox,
    unhurried: None,
    tmp_path_factory: pytest.TempPathFactory,
    faults: list[dict[str, Any]],
    work: list[Any],
    reads: str,
) -> None:
    sandbox.reset()
    running_farm.choose(tmp_path_factory.getbasetemp())
    for code in ('aa', 'bb'):
        write_pages(sandbox, code, *(f'Spam page {number}' for number in range(6)))
    with wired() as wire:
        home = running_farm.site()
        sites = {code: home.foreign_site(code, reads=reads) for code in ('aa', 'bb')}
        clear_journal(sandbox)
        for fault in faults:
            sandbox.faults.arm(**fault)

        def carry_out(operations: list[tuple[str, str, int]]) -> None:
            for kind, code, number in operations:
                with contextlib.suppress(*_ENDS):
                    _operate(kind, sites[code], number)

        with ThreadPoolExecutor(len(work)) as pool:
            list(pool.map(carry_out, work))
    entries = sandbox.journal.entries()
    wire.check({running_farm.wikis[code].split('/')[2] for code in sites})
    spent = [e.centralauthtoken for e in entries if e.centralauthtoken]
    assert len(set(spent)) == len(spent)
    abroad = [e for e in entries if e.wiki != 'meta' and e.effect]
    assert {e.user for e in abroad} <= {OPERATOR, f'{OPERATOR} (renamed)'}
    # Nothing is tried for ever.
    assert len(entries) < 200 * sum(map(len, work))


def _operate(kind: str, site: Any, number: int) -> None:
    import pywikibot

    page = pywikibot.Page(site, f'Spam page {number}')
    match kind:
        case 'save':
            page.text = f'{page.text} more'
            page.save(summary='test', quiet=True)
        case 'delete':
            page.delete('test', prompt=False)
        case 'block':
            user = pywikibot.User(site, f'Spambot 0000{number}')
            user.block(expiry='1 day', reason='test', reblock=True)
        case 'read':
            list(site.allpages(total=3))
