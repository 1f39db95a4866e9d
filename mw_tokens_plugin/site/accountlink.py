"""One conversation in which an account of a provider is linked, over HTTP.

It sends what the table of states says, once, and hands the answers to it. Asking the
user is left to the caller, and what a conversation starts with to :mod:`.linking`.

https://www.mediawiki.org/wiki/API:Linkaccount
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from typing import Any
from urllib.parse import SplitResult, urlsplit

from pywikibot import config

from mw_tokens_plugin.exceptions import (
    AmbiguousWrite,
    ApiRefusal,
    FlowLost,
    InternalApiError,
    InvalidInput,
    PermissionDenied,
    SessionError,
    StoppedByGuard,
    TokenError,
    WikiUnreachable,
)
from mw_tokens_plugin.protocol.authmanager import (
    Failed,
    Flow,
    State,
    Step,
    Submission,
    Value,
    load,
    save,
)
from mw_tokens_plugin.site.pluginsite import PluginSite
from mw_tokens_plugin.site.refusals import proven
from mw_tokens_plugin.site.secretsources import note_return, note_values
from mw_tokens_plugin.site.writes import send_once

#: Parameters of the format itself, which a field must not change either.
#: https://www.mediawiki.org/wiki/API:Data_formats
_OF_JSON = frozenset({'ascii', 'callback', 'formatversion', 'utf8'})

#: Errors after which the wiki has certainly not processed what was sent.
_NOT_PROCESSED = (
    ApiRefusal,
    InvalidInput,
    SessionError,
    StoppedByGuard,
    TokenError,
    WikiUnreachable,
)

#: What is done about a refusal for want of a right.
_WHAT_TO_DO = 'Bot passwords and OAuth may not do this: log in with the main password.'


@dataclass(frozen=True, slots=True)
class LinkParameters:
    """Parameters of all requests of a conversation, named as in the API."""

    linkreturnurl: str
    linkrequests: list[str] | None
    linkmessageformat: str
    linkmergerequestfields: bool

    def __post_init__(self) -> None:
        """Check the address.

        :raises InvalidInput: it is not an absolute http(s) address
        """
        url = self.linkreturnurl
        parts = _parts_of(url) if isinstance(url, str) else None
        if parts is None or parts.scheme not in ('http', 'https') or not parts.hostname:
            raise InvalidInput(
                f'return_url={url!r}: give the absolute address that the user comes '
                'back to, such as http://127.0.0.1:8000/return.'
            )

    def of_request(self, *, is_first: bool) -> dict[str, Any]:
        """Return the parameters of one request."""
        parameters: dict[str, Any] = {
            'linkmessageformat': self.linkmessageformat,
            'linkmergerequestfields': self.linkmergerequestfields,
        }
        if not is_first:
            return {**parameters, 'linkcontinue': True}
        parameters['linkreturnurl'] = self.linkreturnurl
        if self.linkrequests is not None:
            parameters['linkrequests'] = self.linkrequests
        return parameters


class AccountLink:
    """The linking of one account; ``site.link_account()`` returns one.

    .. version-added:: 0.1
    """

    def __init__(
        self, site: PluginSite, flow: Flow, parameters: LinkParameters
    ) -> None:
        """Keep the site, the state, and the parameters of all requests."""
        self._site = site
        self._flow = flow
        self._parameters = parameters

    @property
    def step(self) -> Step:
        """What to do next."""
        return self._flow.step

    @property
    def state(self) -> State:
        """The present state."""
        return self._flow.state

    @property
    def return_url(self) -> str:
        """The address that the provider sends the user back to."""
        return self._parameters.linkreturnurl

    def submit(self, values: Mapping[str, Value]) -> Step:
        """Send a form that was filled in.

        After a refusal the same can be submitted again; after a lost answer it cannot.

        :param values: the fields by name: text; one option of a select; a list of
            options of a multiselect; True or False for a checkbox or button
        :return: what to do next
        :raises InvalidInput: a value is invalid; nothing was sent
        :raises FlowLost: the session was lost meanwhile: start again
        :raises MustReauthenticate: the login has become too old
        :raises CannotReauthenticate: not with this kind of login
        :raises ApiRefusal: the wiki refused
        :raises AmbiguousWrite: the answer was lost, or the API does not give such an
            answer: look at what is linked
        :raises StoppedByGuard: pywikibot simulates: it would have been sent
        """
        return self._send(self._flow.submit(values))

    def returned(self, url: str) -> Step:
        """Continue after the user has come back.

        :param url: the whole address that the user was sent back to
        :return: what to do next
        :raises InvalidInput: it is another address, or belongs to another attempt
        :raises TokensPluginError: as :meth:`submit` does
        """
        note_return(url)
        ours, theirs = _parts_of(self.return_url), _parts_of(url.strip())
        if ours is None or theirs is None or ours[:3] != theirs[:3]:
            raise InvalidInput(
                f'The address to come back to is {self.return_url}, with a query '
                'string; this is another one.'
            )
        return self._send(self._flow.returned(url.strip()))

    def save(self) -> str:
        """Return the conversation as JSON, without tokens and what was filled in.

        It is as valuable as the link in an e-mail: keep it where others cannot read.
        """
        return json.dumps(
            {
                'wiki': str(self._site),
                'user': self._site.user(),
                'options': asdict(self._parameters),
                'flow': save(self._flow),
            }
        )

    @classmethod
    def load(cls, site: PluginSite, saved: str) -> AccountLink:
        """Return a conversation that was saved.

        :param site: the same wiki, with the same session
        :param saved: what :meth:`save` returned
        :raises InvalidInput: it is something else, or of another wiki or user
        """
        try:
            data = json.loads(saved)
            parameters = LinkParameters(**data['options'])
            flow, owner = load(data['flow']), (data['wiki'], data['user'])
        except (ValueError, TypeError, KeyError) as error:
            raise InvalidInput(f'This is not a saved state: {error}') from None
        if site.user() is None:
            site.login()
        if owner != (str(site), site.user()):
            raise InvalidInput(
                f'The saved state is of {owner[1]} on {owner[0]}, and this is '
                f'{site.user()} on {site}.'
            )
        return cls(site, flow, parameters)

    def _send(self, submission: Submission) -> Step:
        try:
            answer = self._answer(submission)
        except (InternalApiError, AmbiguousWrite):
            # A lost race is both a refusal and an unknown outcome.
            raise
        except _NOT_PROCESSED:
            self._flow.refused()
            raise
        with proven(self._site):
            step = self._flow.receive(answer)
        if isinstance(step, Failed) and step.not_in_progress:
            raise FlowLost(
                f'{self._site} has no linking in progress: its session was lost, or '
                'it has ended. Start again.'
            )
        return step

    def _answer(self, submission: Submission) -> Any:
        self._check_names(submission)
        if config.simulate:
            # The wiki's answer cannot be simulated.
            raise StoppedByGuard('This is a simulation: nothing was sent.')
        note_values(submission.secrets, 'code')
        with advice():
            return send_once(
                self._site,
                'linkaccount',
                self._parameters.of_request(is_first=submission.is_first),
                token_parameter='linktoken',  # noqa: S106  # its name
                fields=submission.fields,
            )

    def _check_names(self, submission: Submission) -> None:
        """Check that no field changes the request itself.

        :raises InvalidInput: one has the name of a parameter
        """
        reserved = set(_OF_JSON)
        for module in ('main', 'linkaccount'):
            described = self._site.tokens.module_info(module) or {}
            prefix = described.get('prefix', '')
            reserved |= {prefix + p['name'] for p in described.get('parameters', ())}
        for name, _ in submission.fields:
            if name.partition('[')[0] in reserved:
                raise InvalidInput(
                    f'A field is called {name!r}, like a parameter of the API: it is '
                    'not sent.'
                )


@contextmanager
def advice() -> Iterator[None]:
    """Add to a refusal of linking or unlinking what to do about it.

    :raises PermissionDenied: with the advice
    """
    try:
        yield
    except PermissionDenied as error:
        if type(error) is PermissionDenied:
            error.info = f'{error.info} {_WHAT_TO_DO}'
        raise


def _parts_of(url: str) -> SplitResult | None:
    """Return the parts of an address; None if it is none."""
    try:
        return urlsplit(url)
    except ValueError:
        return None
