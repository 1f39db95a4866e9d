"""The requests of a page, as frozen records.

They hold what a page says, and how certain that is. Finding it is left to
:mod:`.reading`.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass
from datetime import datetime

from mw_tokens_plugin.protocol.names import AccountKind
from mw_tokens_plugin.protocol.wikitext import Span

#: Words in ``{{Status|...}}`` while a request is open.
OPEN = frozenset({'', 'hold', 'onhold', 'on hold', 'in progress', 'inprogress'})
#: Words in it afterwards. With any other word, a request is neither open nor closed.
CLOSED = frozenset(
    'already, already done, archived, closed, completed, declined, denied, done, '
    'duplicate, expired, failed, fixed, invalid, moved, no action, not done, notdone, '
    'partially done, partly done, redundant, rejected, resolved, stale, successful, '
    'unsuccessful, withdrawn'.split(', ')
)


class RequestKind(enum.Enum):
    """What a request asks for.

    .. version-added:: 0.1
    """

    LOCK = 'lock'
    UNLOCK = 'unlock'
    #: To lock and hide, or to hide.
    HIDE = 'hide'
    BLOCK = 'block'
    UNBLOCK = 'unblock'


class Standing(enum.Enum):
    """Why a name is in a request.

    .. version-added:: 0.1
    """

    REQUESTED = 'requested'
    #: Struck out, that is, withdrawn.
    STRUCK = 'struck out'
    #: In a template for other purposes, beside a template for locks.
    MENTIONED = 'mentioned'
    #: Not a valid name of an account.
    UNREADABLE = 'unreadable'


class Problem(enum.Enum):
    """Why it is not certain what a request asks for.

    .. version-added:: 0.1
    """

    NO_KIND = 'its heading does not say what is asked for'
    NO_API = 'it asks for something that the API cannot do'
    OTHER_SECTION = 'it is in a section for other requests'
    NO_STATUS = 'it has no {{Status}}'
    SEVERAL_STATUSES = 'it has more than one {{Status}}'
    STRUCK = 'it is struck out'
    INSIDE = 'names are inside other markup'
    MAY_BE_HIDDEN = 'a tag or a conversion rule may hide parts of it from readers'
    DECIDED = 'a template in it says that it is withdrawn, declined or closed'
    ENDLESS_STRIKE = 'struck-out text in it or before it has no end'
    NOBODY = 'it names no account'
    REORDERED = 'characters in its names change the order in which they are read'
    #: More is unclosed or nested than people write by hand.
    COMPLEX = 'it is too complex to parse'


@dataclass(frozen=True, slots=True)
class Named:
    """One name in a request.

    .. version-added:: 0.1

    :ivar name: the name in MediaWiki's form; as it is written if it is unreadable
    :ivar kind: whether it is an account; only accounts can be locked
    :ivar hidden: it must not be shown in public
    :ivar span: the place of the parameter's value
    """

    name: str
    kind: AccountKind
    standing: Standing
    hidden: bool
    span: Span


@dataclass(frozen=True, slots=True)
class Leftover:
    """Text in a request that may name somebody, in a form that is not acted on.

    .. version-added:: 0.1

    :ivar text: the text as it is written, on one line
    :ivar name: the account it names, in MediaWiki's form; None if that is not known
    """

    text: str
    name: str | None
    span: Span


@dataclass(frozen=True, slots=True)
class Status:
    """The ``{{Status}}`` of a request.

    :ivar word: its parameter, in lower case and without comments
    :ivar span: the place of the template
    :ivar when_done: the text of the template once the request is done
    :ivar when_open: the text of the template while the request is open
    :ivar around: the text of the template before and behind the word
    """

    word: str
    span: Span
    when_done: str
    when_open: str
    around: tuple[str, str] = ('', '')

    def with_word(self, word: str) -> str:
        """Return the text of the template with another word."""
        return word.join(self.around)


@dataclass(frozen=True, slots=True)
class Signature:
    """The claim of the first signature in a request; anybody can write it."""

    name: str | None
    moment: datetime


@dataclass(frozen=True, slots=True)
class Request:
    """One request on a page.

    .. version-added:: 0.1

    :ivar heading: its heading as it is displayed
    :ivar section: the nearest heading above it; None if there is none
    :ivar kind: what it asks for; None if that is not certain
    :ivar status: None if it has none
    :ivar leftovers: links, unknown templates, table cells and the like that may name
        others, and are not acted on
    :ivar either: a lock or a block, if its heading asks for the opposite as well, as
        the form for new requests does; else None
    :ivar signature: who asked and when, as the request claims
    :ivar problems: why it is not certain what it asks for; empty if it is certain
    :ivar span: its place, with its heading
    :ivar foot: the place where a line can be added under it
    """

    heading: str
    section: str | None
    kind: RequestKind | None
    status: Status | None
    named: tuple[Named, ...]
    leftovers: tuple[Leftover, ...]
    either: RequestKind | None
    signature: Signature | None
    problems: tuple[Problem, ...]
    heading_span: Span
    span: Span
    foot: int

    @property
    def is_open(self) -> bool:
        """Whether it is open; without a status it may be."""
        return self.status is None or self.status.word in OPEN

    @property
    def is_closed(self) -> bool:
        """Whether it is closed; with an unknown status it is neither."""
        return self.status is not None and self.status.word in CLOSED

    @property
    def is_certain(self) -> bool:
        """Whether it is certain what it asks for."""
        return self.kind is not None and self.status is not None and not self.problems

    @property
    def names(self) -> tuple[str, ...]:
        """The accounts for which it asks, each once."""
        return tuple(
            dict.fromkeys(
                named.name
                for named in self.named
                if named.standing is Standing.REQUESTED
            )
        )

    @property
    def hidden_names(self) -> frozenset[str]:
        """Names in it that must not be shown in public."""
        hidden = frozenset(named.name for named in self.named if named.hidden)
        if not hidden:
            return hidden
        return hidden | {rest.name for rest in self.leftovers if rest.name}

    @property
    def unreadable(self) -> tuple[Named, ...]:
        """Texts in the place of names that are not names."""
        return tuple(n for n in self.named if n.standing is Standing.UNREADABLE)

    @property
    def others(self) -> tuple[str, ...]:
        """Accounts that it names or links, without clearly asking for them."""
        others = [n.name for n in self.named if n.standing is Standing.MENTIONED]
        others += [rest.name for rest in self.leftovers if rest.name]
        return tuple(name for name in dict.fromkeys(others) if name not in self.names)

    @property
    def unknown(self) -> tuple[str, ...]:
        """Texts that may name an unknown account, as they are written."""
        unknown = [n.name for n in self.unreadable]
        unknown += [rest.text for rest in self.leftovers if not rest.name]
        return tuple(dict.fromkeys(unknown))

    @property
    def not_selected(self) -> tuple[str, ...]:
        """All texts that may name others or cannot be read, for people to check."""
        mentioned = [n.name for n in self.named if n.standing is Standing.MENTIONED]
        rest = [n.name for n in self.unreadable]
        rest += [left.text for left in self.leftovers if left.name not in self.names]
        return (
            *dict.fromkeys(n for n in mentioned if n not in self.names),
            *dict.fromkeys(rest),
        )

    def may_ask_for(self, kind: RequestKind) -> bool:
        """Whether only its heading is unclear, so that an operator can be asked.

        That is so if all its templates are for that, and nobody else may be named.

        :param kind: a lock or a block
        """
        return (
            self.either is kind
            and self.problems == (Problem.NO_KIND,)
            and not self.unknown
            and not self.others
        )
