"""The frozen records that a plan passes to an action, and the outcomes it returns.

Storing them is left to the ledger, and showing them to the reporter.
"""

from __future__ import annotations

import enum
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from typing import Any

from mw_tokens_plugin.exceptions import ContentRefused
from mw_tokens_plugin.protocol.fields import timestamp

__all__ = [
    'Campaign',
    'Decision',
    'Outcome',
    'SkipReason',
    'State',
    'Step',
    'Target',
    'may_be_reason',
    'now',
]

#: Characters of a reason that are compared: wikis keep at least as many.
_COMPARED = 200

#: How far the time of an attempt, by the server's clock, and that of its entry in the
#: log may differ.
_CLOCK_DIFFERENCE = timedelta(minutes=2)


class State(enum.Enum):
    """The state of a target."""

    #: Named, and not read yet.
    LISTED = 'listed'
    #: Will be done.
    PLANNED = 'planned'
    #: Will not be done, for a reason.
    #: Its value has been in databases and reports since version 1.
    SKIPPED = 'held'
    #: Leased by a run that may have sent the write.
    LEASED = 'leased'
    DONE = 'done'
    FAILED = 'failed'


class SkipReason(enum.Enum):
    """Why a target is skipped; the values are shown to the operator."""

    ALREADY = 'already in that state'
    SUPPRESSED = 'already suppressed'
    MISSING = 'no such global account'
    IP = 'an IP address: use global_block'
    TEMPORARY = 'a temporary account: use global_block'
    OPERATOR = 'the operator itself'
    OWN_ADDRESS = 'where you are yourself'
    EXCLUDED = 'listed in -not or -protect'
    GLOBAL_GROUP = 'in a global group'
    EDITS = 'too many edits'
    LOCAL_GROUP = 'in a group on a wiki'
    CHANGED_SINCE = 'changed since by somebody else'
    CHANGED_AGAIN = 'changed since by your own account'
    OTHER_ACCOUNT = 'the name is that of another account now'
    CONTESTED = 'the log does not tell it from another account of the same name'
    LOG_HIDDEN = 'hidden, so the log of its locks cannot be read'
    LOCKED = 'locked; deleting the account would undo the lock'
    ATTACHED = 'attached to too many wikis'
    NO_PAGE = 'no such page'
    NOT_FOUND = 'not found'
    TWICE = 'the same as another target'
    NO_TITLE = 'not a valid page title'
    NO_ADDRESS = 'not the address of a page'
    INTERWIKI = 'a title of another wiki'
    FILE = 'a file with versions that are hidden or lost'
    NO_FILE_PAGE = 'a file without a page'
    REVISIONS = 'too many revisions'
    AUTHORS = 'too many authors'
    OTHER_AUTHORS = 'edited by others, too'
    NOT_FIRST = 'created by somebody else'
    FIRST_HIDDEN = 'its first author is hidden'
    BEING_DELETED = 'already being deleted'
    PAGE_REFUSED = 'the wiki does not let you delete this page'
    NO_ACCOUNT = 'you have no account on that wiki'
    NO_RIGHT = 'you lack the right on that wiki'
    WIKI_SET = 'your global groups have no such right on that wiki'
    NO_ANSWER = 'the wiki does not answer'
    REFUSED = 'the wiki refuses you'
    READ_ONLY = 'the wiki is read-only'
    UNREADABLE = 'the wiki cannot read this account'
    LEFT_OUT = 'on a wiki of -not-wikis'
    NOT_NAMED = 'on a wiki that -wikis does not name'
    OUT_OF_SCOPE = 'on a wiki outside the wiki set on which campaigns act'
    HOME_WIKI = 'on your home wiki'
    EDITED_SINCE = 'somebody else has edited it since'
    EDITED_AGAIN = 'edited again since by those whose edits are meant'
    NOT_REVERTED = 'not reverted, so nothing is hidden'
    FOR_DELETION = 'created by them, so it is for deletion'
    MOVED_SINCE = 'somebody else has moved it since'
    BEFORE_SINCE = 'edited only before -since'
    AFTER_UNTIL = 'edited after -until'
    TEXT_HIDDEN = 'the revision to be restored is hidden'
    SEARCHED = 'searched; the pages found are listed'
    PAGE_EXISTS = 'there is a new page or file of that title'
    MIXED = 'mixed with revisions that others deleted'
    BLOCKED_OTHERWISE = 'blocked with other settings'
    COVERED = 'covered by a wider block'
    WEAKER = 'the block would become weaker'
    NOT_BLOCKED = 'not blocked'
    TOO_WIDE = 'wider than the ranges that the wiki lets you block'
    MAX_RANGE = 'wider than -max-range allows'
    NOT_PUBLIC = 'a loopback, private or link-local address'
    PROTECTED_INSIDE = 'contains what -not or -protect lists'
    NO_END = 'an address, which is not blocked for ever'
    #: For campaigns of one's own, with the rule as the fact ``problem``.
    OWN_RULE = 'by a rule of this campaign'
    AUTOMATIC = 'a block that only the wiki itself can make'
    NAME_HIDDEN = 'its name is hidden, and the log of blocks would show it'
    HIDDEN_BLOCK = 'hidden, so its block cannot be read'
    UNKNOWN_ACCOUNT = 'the wiki does not tell which account that was'

    @property
    def is_transient(self) -> bool:
        """Whether it may be gone another time, without anybody's action."""
        return self in (
            SkipReason.NO_ANSWER,
            SkipReason.REFUSED,
            SkipReason.READ_ONLY,
            SkipReason.UNREADABLE,
        )

    @property
    def is_retried(self) -> bool:
        """Whether a target is decided on again together with those that have failed.

        What covers it may be one of them.
        """
        return self.is_transient or self is SkipReason.COVERED

    @property
    def is_satisfied(self) -> bool:
        """Whether nothing is left to do for the target."""
        return self in (
            SkipReason.ALREADY,
            SkipReason.SUPPRESSED,
            SkipReason.NO_PAGE,
            SkipReason.TWICE,
            SkipReason.SEARCHED,
            SkipReason.NOT_REVERTED,
        )


@dataclass(frozen=True, slots=True)
class Step:
    """What is listed: a target, and its place in a campaign that does several things.

    .. version-added:: 0.1

    :ivar kind: what is done to it; empty where the campaign does one thing
    :ivar stage: the number of its stage, from 0 on
    """

    name: str
    kind: str = ''
    stage: int = 0


@dataclass(frozen=True, slots=True)
class Decision:
    """What the plan says of one target.

    :ivar hidden: its name must not be shown outside the interactive plan
    :ivar skipped: why it is skipped; None if it is done
    :ivar facts: what the plan shows of it, and what the write needs
    :ivar kind: what is done to it, where a campaign does several things; else empty
    :ivar stage: the number of its stage; a stage begins when those before have ended
    :ivar partition: what only one worker at a time writes to, such as a wiki of many;
        when it does not work, the others continue. None where the campaign has only one
    """

    name: str
    central_id: int | None = None
    hidden: bool = False
    skipped: SkipReason | None = None
    facts: Mapping[str, Any] = field(default_factory=dict)
    partition: str | None = None
    kind: str = ''
    stage: int = 0


@dataclass(frozen=True, slots=True)
class Target:
    """One target, as the ledger has it.

    :ivar owner: the worker that has it leased
    :ivar account: whose write it was, as ``user@wiki``
    :ivar started_at: when its last attempt may have begun
    :ivar seals: what operators' keys vouch for; see :mod:`.seals`
    :ivar log_id: the number of the entry in the wiki's log about its write
    :ivar error_class: the class of the error that it failed with, if there was one
    :ivar reason_code: why it failed: the wiki's code, or the name of a skip reason
    """

    id: int
    decision: Decision
    state: State
    owner: str | None = None
    account: str | None = None
    attempts: int = 0
    changed: bool | None = None
    detail: str | None = None
    started_at: datetime | None = None
    ended_at: datetime | None = None
    seals: str | None = field(default=None, repr=False, compare=False)
    log_id: int | None = None
    error_class: str | None = None
    reason_code: str | None = None

    @property
    def name(self) -> str:
        """The target's name; see :attr:`label` for what may be shown."""
        return self.decision.name

    @property
    def kind(self) -> str:
        """What is done to it, where a campaign does several things; else empty."""
        return self.decision.kind

    @property
    def stage(self) -> int:
        """The number of its stage, from 0 on."""
        return self.decision.stage

    @property
    def operator(self) -> str | None:
        """The user whose write it was."""
        return self.account and self.account.rpartition('@')[0]

    @property
    def is_refused_for_good(self) -> bool:
        """Whether it has failed of what the wiki would refuse again."""
        return self.error_class == ContentRefused.__name__

    @property
    def label(self) -> str:
        """The name, or the central id of a target whose name must not be shown."""
        # No account or page has such a name: it is the number of a block.
        if not self.decision.hidden or self.decision.name.startswith('#'):
            return self.decision.name
        # The word, since a number alone would look like that of a block.
        return f'account #{self.decision.central_id or "hidden"}'

    @property
    def remark(self) -> str:
        """What the plan adds to the reason for skipping it, such as what is wrong."""
        facts = self.decision.facts
        return str(facts.get('problem') or facts.get('changed_by') or '')

    def may_have_written_at(self, moment: datetime, *, by: str | None) -> bool:
        """Tell whether what the wiki's log has may be its last write.

        :param moment: when it was made, by the wiki's clock
        :param by: who made it
        """
        if by != self.operator or self.started_at is None:
            return False
        if moment < _utc(self.started_at) - _CLOCK_DIFFERENCE:
            return False
        return self.ended_at is None or (
            moment <= _utc(self.ended_at) + _CLOCK_DIFFERENCE
        )

    def ended_after(self, moment: str | None) -> bool:
        """Tell whether it may have ended after a moment by the wiki's clock.

        :param moment: as the wiki writes it; None if it is not known
        """
        since = timestamp(moment)
        if since is None or self.ended_at is None:
            return False
        return _utc(self.ended_at) + _CLOCK_DIFFERENCE >= since


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a target ended.

    :ivar state: DONE or FAILED; LEASED where the wiki has accepted the write and
        carries it out later, so that it has to be read again
    :ivar changed: whether it was this campaign that changed it
    :ivar facts: what an undo needs to know of it, beside the facts of the plan
    :ivar is_earlier: whether the operator had done it after the plan, and before this
        attempt: the ledger may be a copy from before that
    :ivar hidden: whether the target was found hidden, so that its name must not be
        shown, whatever the plan says
    :ivar log_id: the number of the entry in the wiki's log about the write
    :ivar error_class: the class of the error that it failed with, if there was one
    :ivar reason_code: why it failed: the wiki's code, or the name of a skip reason
    """

    state: State
    changed: bool = False
    detail: str | None = None
    facts: Mapping[str, Any] = field(default_factory=dict)
    is_earlier: bool = False
    hidden: bool = False
    log_id: int | None = None
    error_class: str | None = None
    reason_code: str | None = None


@dataclass(frozen=True, slots=True)
class Campaign:
    """A campaign, as the ledger has it.

    :ivar api: the address of the wiki's API; None where an old ledger did not keep it
    :ivar wikiid: what the wiki calls itself
    :ivar script: the script that has begun it; None where an old ledger did not keep it
    :ivar version: the version of this package that has begun it
    :ivar stages: how many stages its targets have, one after the other
    """

    id: int
    name: str
    action: str
    wiki: str
    operator: str
    reason: str
    options: Mapping[str, Any]
    created_at: datetime
    listed_at: datetime | None = None
    planned_at: datetime | None = None
    confirmed_at: datetime | None = None
    finished_at: datetime | None = None
    api: str | None = None
    wikiid: str | None = None
    script: str | None = None
    version: str | None = None
    stages: int = 1


def now() -> datetime:
    """Return the present moment in UTC, without a zone, as databases keep it."""
    return datetime.now(timezone.utc).replace(tzinfo=None)


def may_be_reason(comment: str | None, reason: str) -> bool:
    """Tell whether the comment of a log entry may be a reason that was given for it.

    A wiki strips blanks, normalises and cuts what it is given, and later somebody may
    hide it, so only a comment that begins otherwise is another one.

    :param comment: what the log has; None where it is hidden
    :param reason: what was sent
    """
    if comment is None:
        return True
    ours, theirs = (
        ' '.join(unicodedata.normalize('NFC', text).split())[:_COMPARED]
        for text in (reason, comment)
    )
    return ours == theirs


def _utc(moment: datetime) -> datetime:
    return moment.replace(tzinfo=timezone.utc)
