"""Where requests of pywikibot can be held, and what they do if nobody does.

Each test says what breaks in the plugin if it fails.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import requests
from pywikibot.comms import http
from pywikibot.data import api
from pywikibot.exceptions import APIError
from pywikibot.site import APISite

from centralauth_sandbox import Sandbox
from mw_tokens_plugin.site.install import missing_seams
from mw_tokens_plugin.site.requestclasses import request_class
from mw_tokens_plugin.site.requests import CachedTokenRequest, TokenRequest
from mw_tokens_plugin.site.writes import SingleSendRequest

LOCK = 'setglobalaccountstatus'


class ProbeRequest(api.Request):
    """Plain pywikibot, which notes when its hooks are called."""

    answers: dict[str, Any] = {}  # noqa: RUF012  # whoever has some replaces it

    def __new__(cls, *args: Any, **kwargs: Any) -> ProbeRequest:
        """Stay plain: the plugin joins its own class to those of others."""
        made: ProbeRequest = object.__new__(cls)
        return made

    def calls(self) -> list[str]:
        """Return the hooks that were called, in order."""
        calls: list[str] = self.__dict__.setdefault('_calls', [])
        return calls

    def _probe(self, name: str, *args: Any) -> Any:
        self.calls().append(name)
        if name in self.answers:
            return self.answers[name](self)
        return getattr(super(), name)(*args)


def _hook(name: str) -> Callable[..., Any]:
    def hook(self: ProbeRequest, *args: Any) -> Any:
        return self._probe(name, *args)

    return hook


for _name in (
    '_add_defaults',
    '_http_param_string',
    '_get_request_params',
    '_http_request',
    '_json_loads',
    '_logged_in',
    '_internal_api_error',
    '_bad_token',
    '_ratelimited',
):
    setattr(ProbeRequest, _name, _hook(_name))


def probe(site: Any, **parameters: Any) -> ProbeRequest:
    """Return a request whose hooks are watched."""
    return ProbeRequest(site=site, parameters=parameters)


def lock_probe(site: Any, **answers: Callable[[Any], Any]) -> ProbeRequest:
    """Return a lock whose hooks are watched, some of them with answers of ours."""
    site.login()
    token = site.tokens[LOCK]
    made = probe(
        site,
        action=LOCK,
        user='Spambot 00001',
        locked='lock',
        reason='test',
        token=str.__str__(token),
    )
    made.answers = answers
    return made


def test_every_seam_is_there() -> None:
    """Else the plugin stays away, with a warning."""
    assert list(missing_seams()) == []


def test_the_hooks_of_a_transmission_are_called_in_this_order(site: Any) -> None:
    """Tokens are swapped in the third, lost answers noticed in the next two."""
    request = lock_probe(site)
    request.submit()
    assert request.calls() == [
        '_add_defaults',
        '_http_param_string',
        '_get_request_params',
        '_http_request',
        '_json_loads',
    ]


def test_no_answer_means_another_transmission(site: Any, sandbox: Sandbox) -> None:
    """The deadline for reads relies on it: it answers None to try again."""
    request = lock_probe(site)

    def nothing_at_first(self: ProbeRequest) -> Any:
        del self.answers['_http_request']
        return None, False

    request.answers['_http_request'] = nothing_at_first
    request.submit()
    assert request.calls().count('_http_request') == 2
    assert len(sandbox.journal.entries(action=LOCK)) == 1


def test_an_error_that_is_a_list_breaks_pywikibot_after_the_last_hook(
    site: Any,
) -> None:
    """So `_json_loads` is where CentralAuth's lists become mappings."""
    site.login()
    request = probe(
        site,
        action=LOCK,
        user='Prolific Editor',
        locked='lock',
        hidden='lists',
        reason='test',
        token=str.__str__(site.tokens[LOCK]),
    )
    with pytest.raises((TypeError, AttributeError)):
        request.submit()
    assert request.calls()[-1] == '_json_loads'


def test_badtoken_is_asked_about_and_sent_again_on_demand(
    site: Any, sandbox: Sandbox
) -> None:
    """Else refused tokens were not renewed."""
    request = lock_probe(site, _bad_token=lambda self: True)
    sandbox.faults.arm(kind='expire-csrf', action=LOCK)
    with pytest.raises(APIError) as caught:
        request.submit()
    assert caught.value.code == 'badtoken'
    assert len(sandbox.journal.entries(action=LOCK)) == 2
    # The same error again is raised before the hook is asked: hence `last_error` is
    # reset where a token was renewed.
    assert request.calls().count('_bad_token') == 1


def test_a_lost_session_is_asked_about_before_the_token(
    site: Any, sandbox: Sandbox
) -> None:
    """Else the plugin could not log in before it renews a token."""
    request = lock_probe(site, _logged_in=lambda self: True)
    sandbox.faults.arm(kind='lose-session', action=LOCK, remembered=True)
    with pytest.raises(APIError) as caught:
        request.submit()
    assert caught.value.code == 'assertuserfailed'
    assert '_logged_in' in request.calls()


def test_rate_limits_and_internal_errors_have_hooks(
    site: Any, sandbox: Sandbox
) -> None:
    """Else pywikibot repeated writes on its own."""
    sandbox.faults.arm(kind='ratelimited', action=LOCK)
    request = lock_probe(site, _ratelimited=lambda self: None)
    request.submit()
    assert '_ratelimited' in request.calls()
    sandbox.command('lock', user='Spambot 00001', locked=False)
    sandbox.faults.arm(kind='cas-race', action=LOCK)
    request = lock_probe(site, _internal_api_error=lambda self: False)
    with pytest.raises(APIError):
        request.submit()
    assert '_internal_api_error' in request.calls()


def test_plain_pywikibot_repeats_a_write_whose_answer_was_lost(
    site: Any, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The reason for a class of its own for writes; if it fails, that can go."""
    from pywikibot import config

    monkeypatch.setattr(config, 'retry_wait', 0)
    request = lock_probe(site)
    sandbox.faults.arm(kind='half', action=LOCK)
    request.submit()
    assert len(sandbox.journal.entries(action=LOCK)) == 2
    # Each time anew: a token that was swapped there is in the next one too.
    assert request.calls().count('_get_request_params') == 2


def test_values_are_plain_text_once_they_are_set(site: Any) -> None:
    """The type of a token has to be noted before; else it is lost here."""
    site.login()
    request = probe(site, action='edit', token=site.tokens.csrf)
    assert type(request['token'][0]) is str


def test_writes_of_plain_pywikibot_assert_some_user_only(
    site: Any, sandbox: Sandbox
) -> None:
    """So `assertuser` is added where defaults are, once for each submission."""
    lock_probe(site).submit()
    (sent,) = sandbox.journal.entries(action=LOCK)
    assert sent.params['assert'] == 'user'
    assert 'assertuser' not in sent.params


def test_constructors_are_read_from_classes_that_end_in_request() -> None:
    """Else `site=` and `parameters=` would be sent to the wiki."""
    known = api.Request._get_constructor_args()
    for kind in (TokenRequest, CachedTokenRequest, SingleSendRequest):
        assert kind.__name__.endswith('Request')
        assert '__init__' not in vars(kind)
        assert kind._get_constructor_args() >= known
    assert 'expiry' in CachedTokenRequest._get_constructor_args()

    class Misnamed(api.Request):
        pass

    assert Misnamed._get_constructor_args() == frozenset()


def test_nothing_of_pywikibot_decides_of_which_class_a_request_is_made(
    site: Any,
) -> None:
    """Else requests that are made by hand could not be of the plugin's class."""
    *between, last = api.CachedRequest.__mro__
    assert last is object
    own = [kind.__name__ for kind in between if '__new__' in vars(kind)]
    assert own == ['Request']
    assert api.Request.__new__.__module__.startswith('mw_tokens_plugin')


def test_the_site_is_asked_for_the_class_of_every_request(
    site: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else only some of pywikibot's requests renewed their tokens."""
    asked: list[dict[str, Any]] = []

    def watched(kwargs: dict[str, Any]) -> type:
        asked.append(dict(kwargs))
        chosen: type = request_class(kwargs)
        return chosen

    monkeypatch.setattr(APISite, '_request_class', staticmethod(watched))
    assert isinstance(site.simple_request(action='help'), TokenRequest)
    assert isinstance(site._generator(api.ListGenerator, 'allpages'), object)
    cached = site._request(expiry=7, parameters={'action': 'help'})
    assert isinstance(cached, CachedTokenRequest)
    assert [kwargs.get('expiry') for kwargs in asked][-1] == 7
    assert len(asked) >= 2


def test_errors_of_the_connection_are_returned_where_they_are_not_handled(
    site: Any,
) -> None:
    """Else each refused connection were reported beside the one sentence."""
    answer = http.fetch('http://127.0.0.1:9/', default_error_handling=False)
    assert isinstance(answer, requests.ConnectionError)
    with pytest.raises(requests.ConnectionError):
        http.error_handling_callback(answer)


def test_queries_ask_who_is_logged_in_on_the_way(site: Any, sandbox: Sandbox) -> None:
    """A read by itself notices a lost session, and logs in through our `_relogin`."""
    site.login()
    sandbox.journal.clear()
    site.simple_request(action='query', meta='siteinfo').submit()
    (entry,) = sandbox.journal.entries(action='query')
    assert 'userinfo' in entry.params['meta'].split('|')
