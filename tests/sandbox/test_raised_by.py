"""Which errors come of which calls: the table "Raised by" of docs/errors.md."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import pywikibot
from pywikibot import config
from pywikibot.exceptions import (
    APIError,
    ApiTimeoutError,
    Error,
    OtherPageSaveError,
)

from mw_tokens_plugin.exceptions import (
    BadToken,
    HttpRefusal,
    OutcomeUnknown,
    RateLimited,
    ReadOnly,
    SessionLost,
)
from mw_tokens_plugin.sandbox import Sandbox

from .farms import Farm
from .foreign import OPERATOR

NAME = 'Spambot 00001'


def _page(site: Any) -> Any:
    page = pywikibot.Page(site, 'Sandbox')
    page.text += ' and more'
    return page


def _in_background(site: Any) -> None:
    """Save in the background, and raise what the callback is given."""
    errors: list[Exception | None] = []

    def done(_: Any, error: Exception | None) -> None:
        errors.append(error)

    page = _page(site)
    page.save(summary='s', quiet=True, asynchronous=True, callback=done)
    pywikibot.page_put_queue.join()
    (error,) = errors
    if error is not None:
        raise error


def _upload(site: Any) -> None:
    page = pywikibot.FilePage(site, 'Raised.png')
    page.upload(str(Path(__file__)), summary='s', text='t', ignore_warnings=True)


#: Ways to write: what pywikibot does, by the action that it sends, and what the plugin.
_WAYS: dict[str, tuple[str, Callable[[Any], Any]]] = {
    'save': ('edit', lambda site: _page(site).save(summary='s', quiet=True)),
    'put': ('edit', lambda site: _page(site).put('x', summary='s')),
    'background': ('edit', _in_background),
    'editpage': ('edit', lambda site: site.editpage(_page(site), summary='s')),
    'watch': ('watch', lambda site: _page(site).watch()),
    'delete': ('delete', lambda site: _page(site).delete('s', prompt=False)),
    'move': ('move', lambda site: _page(site).move('Spam page moved', 's')),
    'raw': (
        'edit',
        lambda site: site.simple_request(
            action='edit', title='Sandbox', text='x', token=site.tokens.csrf
        ).submit(),
    ),
    'upload': ('upload', _upload),
}

_PLUGIN = (
    'setglobalaccountstatus',
    lambda site: site.set_global_account_status(NAME, locked=True, reason='s'),
)

#: Ways that stand for the others, where each costs a login.
_FEW = frozenset({'save', 'background', 'raw'})

#: What goes wrong, and what comes of it: from saves of pages, from other calls of
#: pywikibot, and from methods of the plugin.
_FAULTS: tuple[tuple[dict[str, Any], type, type, type], ...] = (
    ({'kind': 'lock-operator'}, SessionLost, SessionLost, SessionLost),
    ({'kind': 'http', 'status': 403}, HttpRefusal, HttpRefusal, OutcomeUnknown),
    (
        {'kind': 'gateway', 'status': 200},
        OutcomeUnknown,
        OutcomeUnknown,
        OutcomeUnknown,
    ),
    ({'kind': 'expire-csrf'}, OtherPageSaveError, APIError, BadToken),
    ({'kind': 'readonly'}, OtherPageSaveError, ApiTimeoutError, ReadOnly),
    ({'kind': 'ratelimited'}, OtherPageSaveError, ApiTimeoutError, RateLimited),
)


@pytest.mark.parametrize('fault', _FAULTS, ids=lambda fault: fault[0]['kind'])
def test_each_call_raises_what_the_table_says(
    farm: Farm, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch, fault: Any
) -> None:
    """All are caught by ``except pywikibot.exceptions.Error``."""
    monkeypatch.setattr(config, 'retry_wait', 0)
    monkeypatch.setattr(config, 'max_retries', 0)
    values, from_saves, from_pywikibot, from_plugin = fault
    site = farm.site()
    for way, (action, call) in {**_WAYS, 'plugin': _PLUGIN}.items():
        if values['kind'] == 'lock-operator':
            if way not in _FEW | {'plugin'}:
                continue
            sandbox.command('lock', user=OPERATOR, locked=False)
        site.login()
        site.tokens.prefetch('csrf', 'watch', 'setglobalaccountstatus')
        sandbox.faults.arm(action=action, times=0, **values)
        with pytest.raises(Error) as caught:
            call(site)
            pytest.fail(f'{way} was done')
        sandbox.faults.clear()
        expected = from_plugin if way == 'plugin' else from_pywikibot
        if way in ('save', 'put'):
            expected = from_saves
        assert type(caught.value) is expected, (way, caught.value)
