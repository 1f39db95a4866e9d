"""What the farm keeps: accounts, pages, blocks, log entries, and what they can tell.

How they change, and what else happens then, is in :mod:`.farm`.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from .loginsteps import Factors
from .rights import rights_of
from .titles import Title

HIDDEN_LEVELS = ('', 'lists', 'suppressed')
EDITS_THAT_FORBID_HIDING = 1000


@dataclass(slots=True)
class Block:
    """A block of a local account or of an address, on one wiki."""

    id: int
    target: str
    by: str
    by_id: int
    reason: str
    timestamp: str
    expiry: str = 'infinity'
    nocreate: bool = False
    autoblock: bool = False
    noemail: bool = False
    allowusertalk: bool = False
    anononly: bool = False
    hidename: bool = False
    #: Pages from which alone it keeps the target; all if none are named.
    pages: frozenset[Title] = frozenset()


@dataclass(slots=True)
class LocalAccount:
    """An account on one wiki; `central` is set while it is attached."""

    id: int
    name: str
    registration: str
    central: Account | None = None
    groups: frozenset[str] = frozenset()
    editcount: int = 0
    method: str = 'new'
    attached: str = ''
    password: str = ''
    #: Rights that none of its groups gives.
    rights: frozenset[str] = frozenset()
    #: CentralAuth does not know of it.
    unlisted: bool = False

    @property
    def all_rights(self) -> dict[str, None]:
        """What it may do, logged in with the main password."""
        groups = self.central.groups if self.central else frozenset()
        rights = rights_of(groups, self.groups)
        return rights | dict.fromkeys(self.rights) if self.rights else rights


@dataclass(slots=True)
class BotPassword:
    """A bot password: its secret and what it grants."""

    secret: str
    grants: frozenset[str]


class State(NamedTuple):
    """What is set of a global account."""

    locked: bool
    hidden: str


OPEN = State(locked=False, hidden='')


@dataclass(slots=True)
class Account:
    """A global account.

    `before` is its state before the last change, which had the number `changed` among
    all changes of the farm.
    """

    id: int
    name: str
    registration: str
    home: str
    password: str = ''
    locked: bool = False
    hidden: str = ''
    groups: frozenset[str] = frozenset()
    attached: dict[str, LocalAccount] = field(default_factory=dict)
    bots: dict[str, BotPassword] = field(default_factory=dict)
    #: A code that never changes, of a second factor that tests have.
    twofactor: str = ''
    factors: Factors = field(default_factory=Factors)
    renaming: bool = False
    #: When it ceases to be in a global group, where it does.
    expiries: dict[str, str] = field(default_factory=dict)
    #: Number of its newest lock in the log of the central wiki.
    lock_log: int = 0
    changed: int = 0
    before: State = OPEN
    #: Seconds since 1970: of the last change, and how long caches do not know of it.
    changed_at: float = 0.0
    stale_until: float = 0.0
    #: Caches have its present state.
    cached: bool = False

    def change(self, number: int, now: float, stale: float) -> None:
        """Note that the state will be another one from now on.

        Where caches were filled again within a second of the previous change,
        they do not notice the next one for a moment.
        """
        missed = self.cached and now - self.changed_at < 1
        self.stale_until = now + stale if missed else 0.0
        self.changed, self.changed_at, self.before = number, now, self.state
        self.cached = False

    def cached_state(self, now: float) -> State:
        """Return the state that is read through caches, which fills them."""
        if now < self.stale_until:
            return self.before
        self.cached = True
        return self.state

    @property
    def state(self) -> State:
        return State(self.locked, self.hidden)

    @property
    def editcount(self) -> int:
        return sum(local.editcount for local in self.attached.values())

    @property
    def temporary(self) -> bool:
        return self.name.startswith('~2')

    def statecheck(self, state: State) -> str:
        """Return the sum by which a request says which state it knows."""
        text = f'{self.id}:{self.name}:{state.hidden}:{int(state.locked)}'
        return hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()


@dataclass(frozen=True, slots=True)
class AbuseHit:
    """Something that an abuse filter has matched.

    :ivar filter: its number; of a global filter with ``global-`` before it
    """

    id: int
    filter: str
    user: str
    title: Title
    timestamp: str


@dataclass(slots=True)
class Revision:
    """One revision of a page."""

    id: int
    parent: int
    user: str
    user_id: int
    timestamp: str
    comment: str
    text: str
    minor: bool = False
    bot: bool = False
    #: Which of `user`, `comment` and `content` only administrators see.
    hidden: frozenset[str] = frozenset()

    @property
    def size(self) -> int:
        return len(self.text.encode())

    @property
    def sha1(self) -> str:
        return hashlib.sha1(self.text.encode(), usedforsecurity=False).hexdigest()


@dataclass(slots=True)
class Page:
    """A page that exists."""

    id: int
    title: Title
    revisions: list[Revision]
    protection: dict[str, tuple[str, str]] = field(default_factory=dict)
    #: Of which kinds of protection the pages have a share that it embeds.
    cascading: frozenset[str] = frozenset()
    touched: str = ''

    @property
    def latest(self) -> Revision:
        return self.revisions[-1]


@dataclass(frozen=True, slots=True)
class LogEntry:
    """One entry of a wiki's logs."""

    id: int
    type: str
    action: str
    user: str
    user_id: int
    title: Title
    page_id: int
    timestamp: str
    comment: str
    params: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Change:
    """One recent change: an edit, a new page or a log entry.

    :ivar type: as the wiki calls it; ``unlisted`` if only contributions tell of it
    """

    id: int
    type: str
    title: Title
    page_id: int
    timestamp: str
    revision: Revision | None = None
    log: LogEntry | None = None


@dataclass(frozen=True, slots=True)
class WikiSet:
    """Wikis on which global groups count (optin), or do not (optout)."""

    name: str
    type: str
    members: tuple[str, ...]


def status_difference(before: State, after: State) -> tuple[list[str], list[str]]:
    """Return which states a change adds and removes, as the log names them."""
    added, removed = [], []
    if after.locked and not before.locked:
        added.append('locked')
    if before.locked and not after.locked:
        removed.append('locked')
    if after.hidden != before.hidden:
        if after.hidden:
            added.append(_LEVEL_IN_LOG[after.hidden])
        if before.hidden:
            removed.append(_LEVEL_IN_LOG[before.hidden])
    return added, removed


_LEVEL_IN_LOG = {'lists': 'hidden', 'suppressed': 'oversighted'}
