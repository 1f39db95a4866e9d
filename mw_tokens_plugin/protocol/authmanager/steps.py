"""The steps of a conversation: what an answer of the wiki asks to be done next.

It holds the records, and reads them from answers. Which step can follow which is left
to :mod:`.flow`.

https://www.mediawiki.org/wiki/API:Linkaccount
"""

from __future__ import annotations

import enum
import hmac
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias
from urllib.parse import parse_qsl, urlsplit

from mw_tokens_plugin.exceptions import UnexpectedAnswer
from mw_tokens_plugin.protocol.authmanager.checks import mapping, shown, text
from mw_tokens_plugin.protocol.authmanager.forms import (
    Form,
    Message,
    read_form,
    read_message,
)

_NOT_IN_PROGRESS = '-not-in-progress'


class Status(enum.Enum):
    """The statuses of answers."""

    PASS = 'PASS'  # noqa: S105  # that it has passed
    FAIL = 'FAIL'
    UI = 'UI'
    REDIRECT = 'REDIRECT'
    RESTART = 'RESTART'


class Restart(enum.Enum):
    """How to treat RESTART: it worked, but no account of the wiki is linked.

    .. version-added:: 0.1
    """

    AS_UI = 'ui'
    AS_FAIL = 'fail'


@dataclass(frozen=True, slots=True)
class Ask:
    """Present the fields, and submit what the user fills in.

    .. version-added:: 0.1

    :ivar message: the wiki's explanation; None in the first step
    :ivar code: a short name of that message
    :ivar restarted: the answer was RESTART
    """

    form: Form
    message: Message | None = None
    code: str = ''
    restarted: bool = False


@dataclass(frozen=True, slots=True)
class Redirect:
    """Send the user to an address; continue with the address that they come back to.

    .. version-added:: 0.1

    :ivar url: always http or https
    :ivar data: the same for programs that do not use a browser, any JSON
    :ivar form: the fields that the return supplies
    """

    url: str
    data: Any = None
    form: Form = field(default_factory=Form)

    def expects(self, url: str) -> bool:
        """Return whether an address has the same ``state`` as the redirect.

        :param url: an address that somebody came back to
        """
        sent, back = (dict(parse_qsl(urlsplit(u).query)) for u in (self.url, url))
        state = sent.get('state')
        return state is None or hmac.compare_digest(
            state.encode(), back.get('state', '').encode()
        )


@dataclass(frozen=True, slots=True)
class Done:
    """The conversation has ended with success.

    .. version-added:: 0.1

    :ivar username: the user who is now logged in, if the module logs in
    """

    username: str | None = None


@dataclass(frozen=True, slots=True)
class Failed:
    """The conversation has ended without success.

    .. version-added:: 0.1

    :ivar message: the wiki's reason
    :ivar code: a short name of the message
    """

    message: Message | None = None
    code: str = ''

    @property
    def not_in_progress(self) -> bool:
        """Whether the wiki knew no such conversation, as after a lost session."""
        return self.code.endswith(_NOT_IN_PROGRESS)


Step: TypeAlias = Ask | Redirect | Done | Failed


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer of the wiki, and the step that follows from it."""

    status: Status
    step: Step


def read_answer(answer: object, restart: Restart) -> Answer:
    """Read an answer.

    :param answer: the value under the module's name, in either formatversion
    :param restart: how to treat RESTART
    :raises UnexpectedAnswer: the API does not give such an answer
    """
    data = mapping(answer, 'the answer')
    try:
        status = Status(data.get('status'))
    except ValueError:
        raise UnexpectedAnswer(
            f'The answer has the unknown status {shown(data.get("status"))}.'
        ) from None
    return Answer(status, _step(status, data, restart))


def _step(status: Status, data: Mapping[str, Any], restart: Restart) -> Step:
    if status is Status.PASS:
        username = data.get('username')
        return Done(None if username is None else text(username, 'username'))
    message = read_message(data.get('message'), 'message')
    code = text(data.get('messagecode', ''), 'messagecode')
    restarted = status is Status.RESTART
    if status is Status.FAIL or (restarted and restart is Restart.AS_FAIL):
        return Failed(message, code)
    if status is Status.REDIRECT:
        url = _target(data.get('redirecttarget'))
        return Redirect(url, data.get('redirectdata'), read_form(data))
    return Ask(read_form(data), message, code, restarted)


def _target(value: object) -> str:
    """Return the address of a redirect.

    :raises UnexpectedAnswer: it is not an absolute http(s) address
    """
    url = text(value, 'redirecttarget')
    try:
        parts = urlsplit(url)
        valid = parts.scheme in ('http', 'https') and bool(parts.hostname)
    except ValueError:
        valid = False
    if not valid or re.search(r'[\x00-\x20\x7f]', url):
        raise UnexpectedAnswer(
            f'The answer redirects to {shown(url)}, which is not an http(s) address: '
            'do not follow it.'
        )
    return url
