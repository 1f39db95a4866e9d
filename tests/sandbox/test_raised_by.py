"""Which errors come of which calls: the table "Raised by" of docs/errors.md."""

from __future__ import annotations

import pickle
import socket
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import pywikibot
from pywikibot import config
from pywikibot.exceptions import (
    APIError,
    ApiTimeoutError,
    EditConflictError,
    Error,
    MaxlagTimeoutError,
    OtherPageSaveError,
    UserRightsError,
)

from centralauth_sandbox import Sandbox
from centralauth_sandbox.seeds import SYSOP
from mw_tokens_plugin.exceptions import (
    AmbiguousWrite,
    BadToken,
    EditConflict,
    HttpRefusal,
    LoginRefused,
    PermissionDenied,
    RateLimited,
    ReadOnly,
    WikiUnreachable,
)
from mw_tokens_plugin.site.requests import TokenRequest

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

#: What goes wrong, what comes of it, and which exception of pywikibot that is as well.
_FAULTS: tuple[tuple[dict[str, Any], type, type], ...] = (
    ({'kind': 'lock-operator'}, LoginRefused, Error),
    ({'kind': 'http', 'status': 403}, HttpRefusal, Error),
    ({'kind': 'gateway', 'status': 200}, AmbiguousWrite, ApiTimeoutError),
    ({'kind': 'drop'}, AmbiguousWrite, ApiTimeoutError),
    ({'kind': 'html', 'status': 502}, AmbiguousWrite, ApiTimeoutError),
    ({'kind': 'expire-csrf'}, BadToken, APIError),
    ({'kind': 'readonly'}, ReadOnly, MaxlagTimeoutError),
    ({'kind': 'ratelimited'}, RateLimited, ApiTimeoutError),
    ({'kind': 'http', 'status': 429}, RateLimited, ApiTimeoutError),
)


@pytest.mark.parametrize(
    'fault', _FAULTS, ids=lambda fault: '-'.join(map(str, fault[0].values()))
)
def test_each_call_raises_what_the_table_says(
    farm: Farm, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch, fault: Any
) -> None:
    """All are caught by ``except pywikibot.exceptions.Error``, and say more."""
    monkeypatch.setattr(config, 'retry_wait', 0)
    monkeypatch.setattr(config, 'max_retries', 0)
    values, ours, theirs = fault
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
        # What is sent once counts as sent, whatever refuses it.
        is_once = way == 'plugin' and ours is HttpRefusal
        expected = AmbiguousWrite if is_once else ours
        kind = type(caught.value)
        assert issubclass(kind, expected), (way, caught.value)
        assert kind.__name__ == expected.__name__
        assert issubclass(kind, theirs)
        is_saving = way in ('save', 'put') and theirs is not Error
        assert issubclass(kind, OtherPageSaveError) == is_saving
        # Of what is not saved, scripts of pywikibot show these.
        assert not is_saving or caught.value.args == str(caught.value)
        assert str(pickle.loads(pickle.dumps(caught.value))) == str(caught.value)
        assert str(site) in str(caught.value) and repr(caught.value)


def test_a_wiki_that_is_not_there_is_unreachable(
    farm: Farm, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A write that cannot have arrived is not ambiguous."""
    monkeypatch.setattr(config, 'retry_wait', 0)
    monkeypatch.setattr(config, 'max_retries', 0)
    site = farm.site()
    site.login()
    page, token = _page(site), site.tokens.csrf
    with socket.socket() as nobody:
        nobody.bind(('127.0.0.1', 0))
        address = f'http://127.0.0.1:{nobody.getsockname()[1]}'
        monkeypatch.setattr(site, 'base_url', lambda uri, protocol=None: address + uri)
        for call in (
            lambda: page.save(summary='s', quiet=True),
            lambda: site.simple_request(
                action='edit', title='Sandbox', text='x', token=token
            ).submit(),
            lambda: list(site.allpages(total=1)),
        ):
            with pytest.raises(ApiTimeoutError) as caught:
                call()
            assert isinstance(caught.value, WikiUnreachable)


@pytest.mark.parametrize(
    ('fault', 'said'),
    [
        ({'kind': 'http', 'status': 500}, 'answers with HTTP 500'),
        ({'kind': 'html', 'status': 502}, 'answers with HTTP 502'),
        ({'kind': 'html', 'status': 200}, 'answers with HTTP 200 and no JSON'),
        ({'kind': 'drop'}, 'does not answer'),
    ],
    ids=lambda value: str(value).rpartition(' ')[2].strip('}'),
)
@pytest.mark.parametrize('deadline', [None, 0.0])
def test_a_wiki_that_answers_nonsense_is_told_from_one_that_is_silent(
    farm: Farm,
    sandbox: Sandbox,
    monkeypatch: pytest.MonkeyPatch,
    fault: Any,
    said: str,
    deadline: float | None,
) -> None:
    monkeypatch.setattr(config, 'retry_wait', 0)
    monkeypatch.setattr(config, 'max_retries', 0)
    monkeypatch.setattr(TokenRequest, 'deadline', deadline)
    site = farm.site()
    site.login()
    assert list(site.allpages(total=1))
    sandbox.faults.arm(action='query', times=0, **fault)
    with pytest.raises(WikiUnreachable) as caught:
        list(site.allpages(total=1))
    assert str(caught.value).startswith(f'{site} {said}')


def test_what_an_earlier_try_was_refused_for_is_not_why_the_last_one_is_unknown(
    farm: Farm, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The second try has taken effect, although the first one was refused."""
    monkeypatch.setattr(config, 'retry_wait', 0)
    monkeypatch.setattr(config, 'max_retries', 1)
    site = farm.site()
    site.login()
    for refused in ({'kind': 'readonly'}, {'kind': 'http', 'status': 429}):
        for lost in ({'kind': 'drop'}, {'kind': 'html', 'status': 500}):
            page = _page(site)
            assert site.tokens.csrf
            sandbox.faults.arm(action='edit', nth=1, **refused)
            sandbox.faults.arm(action='edit', nth=2, when='after', **lost)
            with pytest.raises(AmbiguousWrite):
                page.save(summary='s', quiet=True)
            sandbox.faults.clear()


def test_refusals_are_told_by_their_class(farm: Farm, sandbox: Sandbox) -> None:
    """Whether pywikibot or the wiki finds it out, and whatever it is called there."""
    site = farm.site()
    site.login()
    page = _page(site)
    # Within the same second, MediaWiki takes no edit for a conflict.
    sandbox.command('advance-clock', seconds=2.0)
    sandbox.call(lambda farm: farm.central.edit('Sandbox', 'Other', user=SYSOP))
    with pytest.raises(EditConflictError) as conflict:
        page.save(summary='s', quiet=True)
    assert type(conflict.value) is EditConflict
    assert conflict.value.args == str(conflict.value) != ''
    assert str(pickle.loads(pickle.dumps(conflict.value))) == str(conflict.value)
    assert (vars(conflict.value)['page'], conflict.value.code) == (page, 'editconflict')
    assert isinstance(conflict.value.__cause__, APIError)

    def refused() -> Iterator[Exception]:
        calls: tuple[Callable[[], Any], ...] = (
            lambda: site.delete(page, 's'),
            lambda: page.protect(summary='s', protections={'edit': 'sysop'}),
            lambda: site.post('delete', title='Sandbox'),
        )
        for call in calls:
            with pytest.raises(Error) as caught:
                call()
            yield caught.value

    assert site.has_right('delete') and site.has_right('protect')
    assert site.tokens.csrf
    # It has found out about its rights; the wiki has changed them.
    sandbox.command('demote', user=OPERATOR)
    for error in refused():
        assert type(error) is PermissionDenied
        assert isinstance(error, UserRightsError) and isinstance(error, APIError)
    # Now pywikibot knows, too.
    del site.userinfo
    for error in refused():
        assert type(error) is PermissionDenied
