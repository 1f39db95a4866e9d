"""What is found on a request page, as frozen records."""

from __future__ import annotations

import enum
from dataclasses import dataclass
from datetime import datetime

from mw_tokens_plugin.protocol.names import AccountKind
from mw_tokens_plugin.protocol.wikitext import Span

#: What ``{{Status|...}}`` holds while a request is open.
OPEN = frozenset({'', 'hold', 'onhold', 'on hold', 'in progress', 'inprogress'})
#: What it holds afterwards. Any other word is taken for neither.
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
    """What a name in a request is there for."""

    REQUESTED = 'requested'
    #: Struck out, that is, withdrawn.
    STRUCK = 'struck out'
    #: In a template that is not for what is asked for, beside one that is.
    MENTIONED = 'mentioned'
    #: Not the name of any account.
    UNREADABLE = 'unreadable'


class Problem(enum.Enum):
    """Why a request is not certainly one of its kind.

    .. version-added:: 0.1
    """

    NO_KIND = 'its heading does not say what is asked for'
    NO_API = 'it asks for what the API cannot do'
    OTHER_SECTION = 'it stands in a section that is not for what it asks'
    NO_STATUS = 'it has no {{Status}}'
    SEVERAL_STATUSES = 'it has more than one {{Status}}'
    STRUCK = 'it is struck out'
    INSIDE = 'names stand inside something else'
    VEILED = 'a tag may hide parts of it from its readers'
    DECIDED = 'a template in it says that it is withdrawn, declined or closed'
    ENDLESS_STRIKE = 'something is struck out without an end'
    NOBODY = 'it names nobody'
    REORDERED = 'characters in its names change the order in which they are read'
    #: More is open or nested than anybody writes by hand.
    COMPLEX = 'it is too complex to be read'


@dataclass(frozen=True, slots=True)
class Named:
    """One name in a request.

    .. version-added:: 0.1

    :ivar name: the name in MediaWiki's form; as it is written if it is unreadable
    :ivar kind: what it stands for: only accounts can be locked
    :ivar hidden: it must not be shown in public
    :ivar span: where its parameter's value stands
    """

    name: str
    kind: AccountKind
    standing: Standing
    hidden: bool
    span: Span


@dataclass(frozen=True, slots=True)
class Leftover:
    """What may name somebody in a request, in a form that is not acted on.

    .. version-added:: 0.1

    :ivar text: as it is written, on one line
    :ivar name: whom it names, in MediaWiki's form; None if that is not known
    """

    text: str
    name: str | None
    span: Span


@dataclass(frozen=True, slots=True)
class Status:
    """The ``{{Status}}`` of a request.

    :ivar word: what it holds, in small letters and without comments
    :ivar span: where the template stands
    :ivar when_done: the template as it is when the request is done
    :ivar when_open: the template as it is while the request is open
    """

    word: str
    span: Span
    when_done: str
    when_open: str


@dataclass(frozen=True, slots=True)
class Signature:
    """What the first signature in a request claims; anybody can write it."""

    name: str | None
    moment: datetime


@dataclass(frozen=True, slots=True)
class Request:
    """One request, as a page has it.

    .. version-added:: 0.1

    :ivar heading: its heading as it is displayed
    :ivar section: the nearest heading that it stands under; None if there is none
    :ivar kind: what it asks for; None if that is not certain
    :ivar status: None if it has none
    :ivar leftovers: links, unknown templates, table cells and the like that may name
        others, and on which nobody acts
    :ivar lock_or_unlock: whether its heading asks for both, as the form of such a page
        has it
    :ivar signature: who asked and when, by its own words
    :ivar problems: why it is not certainly a request of its kind; empty if it is
    :ivar span: where it stands, with its heading
    :ivar foot: where a line under it begins
    """

    heading: str
    section: str | None
    kind: RequestKind | None
    status: Status | None
    named: tuple[Named, ...]
    leftovers: tuple[Leftover, ...]
    lock_or_unlock: bool
    signature: Signature | None
    problems: tuple[Problem, ...]
    heading_span: Span
    span: Span
    foot: int

    @property
    def is_open(self) -> bool:
        """Whether it waits for somebody; what has no status may be."""
        return self.status is None or self.status.word in OPEN

    @property
    def is_closed(self) -> bool:
        """Whether it is done with; what has an unknown status is not open either."""
        return self.status is not None and self.status.word in CLOSED

    @property
    def is_certain(self) -> bool:
        """Whether nothing is doubtful about what it asks for."""
        return self.kind is not None and self.status is not None and not self.problems

    @property
    def names(self) -> tuple[str, ...]:
        """Those for whom it asks, each once."""
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
        """What stands where a name should, and is none."""
        return tuple(n for n in self.named if n.standing is Standing.UNREADABLE)

    @property
    def others(self) -> tuple[str, ...]:
        """Accounts that are named or linked, and for which it does not clearly ask."""
        others = [n.name for n in self.named if n.standing is Standing.MENTIONED]
        others += [rest.name for rest in self.leftovers if rest.name]
        return tuple(name for name in dict.fromkeys(others) if name not in self.names)

    @property
    def unknown(self) -> tuple[str, ...]:
        """What may name somebody, but nobody can tell whom, as it is written."""
        unknown = [n.name for n in self.unreadable]
        unknown += [rest.text for rest in self.leftovers if not rest.name]
        return tuple(dict.fromkeys(unknown))

    @property
    def not_taken(self) -> tuple[str, ...]:
        """All that may name others or cannot be read, for somebody to look at."""
        mentioned = [n.name for n in self.named if n.standing is Standing.MENTIONED]
        rest = [n.name for n in self.unreadable]
        rest += [left.text for left in self.leftovers if left.name not in self.names]
        return tuple(dict.fromkeys(n for n in mentioned if n not in self.names)) + (
            *dict.fromkeys(rest),
        )

    @property
    def may_be_a_lock(self) -> bool:
        """Whether only its heading leaves open what it asks for, and somebody may say.

        That is so if its templates are those for locks, and nothing is left over.
        """
        return (
            self.lock_or_unlock
            and self.problems == (Problem.NO_KIND,)
            and not self.unknown
            and not self.others
        )
