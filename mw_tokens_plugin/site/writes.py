"""Writes that are sent once, and sent again only after a refusal.

What is done about a write of unknown outcome is decided by the caller, who reads the
wiki first.
"""

from __future__ import annotations

import secrets
from typing import Any, NoReturn
from urllib.parse import urlencode

import requests
from pywikibot import config

from mw_tokens_plugin.exceptions import AmbiguousWrite, RateLimited, WikiUnreachable
from mw_tokens_plugin.protocol.answers import is_answer, is_known
from mw_tokens_plugin.protocol.oldanswers import in_second_version
from mw_tokens_plugin.protocol.responses import readable, refusal
from mw_tokens_plugin.site.credentials import carried, check
from mw_tokens_plugin.site.failures import (
    description_of,
    never_connected,
    reason_of,
    seconds_to_wait,
)
from mw_tokens_plugin.site.pluginsite import PluginSite
from mw_tokens_plugin.site.refusals import refusals
from mw_tokens_plugin.site.requests import TokenRequest
from mw_tokens_plugin.site.transport import body_of

__all__ = ['SingleSendRequest', 'send_once']

#: Modules of which the campaigns read the results: anything but a mapping proves none.
_MAPPINGS = frozenset(
    'delete undelete globaluserrights setglobalaccountstatus linkaccount'.split()
)

#: Errors whose words fill a page: an exception tells of them in one sentence.
_TOLD = frozenset({'blocked', 'autoblocked'})


class SingleSendRequest(TokenRequest):
    """A write that is sent once, and sent again only after a refusal.

    pywikibot repeats a request whose answer was lost, although it may have taken
    effect. Here that raises, and so does everything else that would have to wait:
    the caller reads the wiki first, or waits by a policy of its own.

    :ivar fields: what a form adds to the parameters, as it is: a name may come several
        times, and no log and no text of the request shows it
    """

    fields: tuple[tuple[str, str], ...] = ()
    #: What the wiki repeats in its answer, where it may have any form.
    _echo = ''

    def _add_defaults(self) -> None:
        """Let the wiki repeat a word where it is not known how the module answers.

        Modules of extensions answer under any key, and gateways do so too.
        """
        super()._add_defaults()
        if not is_known(self.action) and 'requestid' not in self._params:
            self._echo = self['requestid'] = secrets.token_hex(8)

    def _get_request_params(
        self, use_get: bool, paramstring: str
    ) -> tuple[bool, str, str | bytes | None, dict[str, str]]:
        """Add the fields to the body, after pywikibot has logged it."""
        use_get, uri, body, headers = super()._get_request_params(use_get, paramstring)
        if self.fields:
            check(self.site, carried(self.action, dict(self.fields)))
            assert isinstance(body, str)
            body = f'{body}&{urlencode(self.fields)}'
        return use_get, uri, body, headers

    def _transmit(
        self,
        use_get: bool,
        uri: str,
        data: Any,
        headers: dict[str, str] | None,
        paramstring: str,
    ) -> tuple[requests.Response, bool]:
        """Send it, and raise where no answer comes back.

        :raises AmbiguousWrite: it may have taken effect
        :raises WikiUnreachable: it was certainly not sent
        """
        try:
            return self._fetch(use_get, uri, data, headers), use_get
        except Exception as error:  # noqa: BLE001  # all that requests raises
            # The error itself is left out of the traceback: it quotes the whole URL.
            if never_connected(error):
                raise WikiUnreachable(
                    f'{self.site} cannot be reached ({reason_of(error)}); '
                    f'action={self.action} was not sent.'
                ) from None
            raise AmbiguousWrite(
                f'The answer of {self.site} to action={self.action} was lost '
                f'({reason_of(error)}); it may have taken effect.'
            ) from None

    def _json_loads(self, response: requests.Response) -> dict[str, Any]:
        """Read the answer, and raise where it is not one of the API.

        :raises RateLimited: a proxy refused it
        :raises AmbiguousWrite: it is not an answer of the API to this action
        """
        body = body_of(response)
        if self._is_repeated_in(body) or is_answer(self.action, body):
            if not isinstance(body, dict):
                return {}
            return readable(in_second_version(body, wanted=False))
        failure: RateLimited | AmbiguousWrite
        if response.status_code == 429:
            failure = RateLimited('http-429', 'too many requests', str(self.site))
        else:
            failure = self._unknown(description_of(response, body))
        failure.retry_after = seconds_to_wait(response)
        raise failure

    def _is_repeated_in(self, body: object) -> bool:
        """Tell whether the answer repeats the word, and take that out of it."""
        if not self._echo or not isinstance(body, dict):
            return False
        is_repeated: bool = body.pop('requestid', None) == self._echo
        return is_repeated

    def _internal_api_error(self, code: str, error: object, result: object) -> bool:
        """Let it raise: pywikibot would send some of these again."""
        return False

    def _ratelimited(self) -> NoReturn:
        """Let it raise: the caller has a policy for waiting."""
        raise refusal('ratelimited', self.last_error['info'], str(self.site))


def send_once(
    site: PluginSite,
    action: str,
    parameters: dict[str, Any],
    *,
    token_parameter: str = 'token',  # noqa: S107  # the name of a parameter
    fields: tuple[tuple[str, str], ...] = (),
    proof: str | None = None,
    expected: frozenset[str] = frozenset(),
) -> Any:
    """Send a write with the token that its module wants, and return its answer.

    :param site: where to
    :param action: the API module
    :param parameters: all but ``action``, the token and ``formatversion``
    :param token_parameter: what the module calls the token
    :param fields: of a form, sent as they are and never logged
    :param proof: what every success of the module tells, as a text
    :param expected: errors that the caller has an answer to, so that none is warned of
    :return: the value under the module's name, of whatever type it is; the whole answer
        where the module answers under other names
    :raises ApiRefusal: the wiki refused
    :raises AmbiguousWrite: the answer was lost, or lacks the proof; it may have taken
        effect
    """
    whole = {
        'action': action,
        token_parameter: site.tokens.for_action(action),
        'formatversion': 2,
        **parameters,
    }
    with refusals(site):
        request = site.single_send_request(site=site, parameters=whole)
        request.fields = fields
        request.expected_errors = expected | _TOLD
        answer = request.submit()
    # Some modules answer a list or a text, and those of Wikibase under other names.
    value = answer.get(action, answer)
    needs_mapping = proof is not None or action in _MAPPINGS
    needs_proof = proof is not None and not config.simulate
    if (
        value is None
        or (needs_mapping and (not isinstance(value, dict) or value is answer))
        or (needs_proof and not isinstance(value.get(proof), str))
    ):
        raise AmbiguousWrite(
            f'{site} answered action={action} without a result; it may have taken '
            'effect.'
        )
    return value
