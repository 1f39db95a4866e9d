"""Global accounts as frozen records, and the digest that guards a change of one.

It parses CentralAuth's answers, in both formatversions. Requests are left to
:mod:`mw_tokens_plugin.site.globalaccounts`.

https://www.mediawiki.org/wiki/Extension:CentralAuth/API
"""

from __future__ import annotations

import enum
import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from mw_tokens_plugin.exceptions import StateUnknown, UnexpectedAnswer
from mw_tokens_plugin.protocol.answers import expected_form
from mw_tokens_plugin.protocol.fields import (
    flag,
    number,
    optional_number,
    optional_text,
    text,
    texts,
    timestamp,
)


class HiddenLevel(enum.Enum):
    """How far an account is hidden; the values are those of the API.

    .. version-added:: 0.1
    """

    NONE = ''
    LISTS = 'lists'
    SUPPRESSED = 'suppressed'
    #: Hidden, but the wiki does not say how far.
    UNKNOWN = 'unknown'

    @property
    def possible(self) -> tuple[HiddenLevel, ...]:
        """The levels that this may be: one, unless it is unknown."""
        if self is HiddenLevel.UNKNOWN:
            return HiddenLevel.LISTS, HiddenLevel.SUPPRESSED
        return (self,)

    def is_at_least(self, level: HiddenLevel) -> bool:
        """Return whether the account is certainly hidden at a level, or farther."""
        return all(
            _LEVELS.index(each) >= _LEVELS.index(level) for each in self.possible
        )

    def may_be(self, level: HiddenLevel) -> bool:
        """Return whether the account may be hidden at a level, or farther."""
        return any(
            _LEVELS.index(each) >= _LEVELS.index(level) for each in self.possible
        )


#: From what everybody sees to what very few see.
_LEVELS = (HiddenLevel.NONE, HiddenLevel.LISTS, HiddenLevel.SUPPRESSED)


@dataclass(frozen=True, slots=True)
class AccountState:
    """The part of an account that ``setglobalaccountstatus`` can change.

    .. version-added:: 0.1
    """

    locked: bool
    hidden: HiddenLevel = HiddenLevel.NONE


@dataclass(frozen=True, slots=True)
class AttachedAccount:
    """The local account on one wiki that belongs to a global one."""

    wiki: str
    url: str | None
    edit_count: int
    groups: tuple[str, ...]
    registration: datetime | None
    method: str | None
    blocked: bool


@dataclass(frozen=True, slots=True)
class GlobalAccount:
    """What a wiki answers about a global account; None is what it does not answer.

    .. version-added:: 0.1

    :ivar exists: False if there is none, or none that the caller may see
    :ivar central_id: the account's number in the central database
    :ivar home: database name of the home wiki
    :ivar attached: its local accounts; None if the query does not list them
    :ivar lock_log_id: the entry of the lock in the central wiki's log; None if the wiki
        does not say
    """

    name: str
    exists: bool
    central_id: int | None = None
    locked: bool = False
    hidden: HiddenLevel = HiddenLevel.NONE
    home: str | None = None
    groups: tuple[str, ...] = ()
    edit_count: int | None = None
    registration: datetime | None = None
    attached: tuple[AttachedAccount, ...] | None = None
    lock_log_id: int | None = field(default=None, compare=False)

    @property
    def state(self) -> AccountState:
        """The part of the account that can be changed."""
        return AccountState(locked=self.locked, hidden=self.hidden)

    @property
    def is_hidden(self) -> bool:
        """Whether it is hidden, to whatever extent."""
        return self.hidden is not HiddenLevel.NONE

    @property
    def local_groups(self) -> dict[str, tuple[str, ...]]:
        """The groups by wiki, for all wikis where the account is in a group."""
        return {a.wiki: a.groups for a in self.attached or () if a.groups}


@dataclass(frozen=True, slots=True)
class ListedAccount:
    """One item of ``list=globalallusers``.

    .. version-added:: 0.1
    """

    name: str
    central_id: int
    locked: bool
    groups: tuple[str, ...]
    exists_locally: bool


@dataclass(frozen=True, slots=True)
class StatusChange:
    """The state of an account after ``setglobalaccountstatus``.

    .. version-added:: 0.1
    """

    name: str
    state: AccountState


@dataclass(frozen=True, slots=True)
class LockLogEntry:
    """One entry of the log of status changes (``letype=globalauth``).

    :ivar added: those of ``locked``, ``hidden``, ``oversighted`` that were set
    """

    log_id: int
    name: str
    by: str | None
    comment: str | None
    timestamp: datetime
    added: tuple[str, ...]
    removed: tuple[str, ...]


def statecheck(central_id: int, name: str, state: AccountState) -> str:
    """Return the digest by which the wiki detects that an account was changed.

    :param central_id: the account's central id
    :param name: its name in MediaWiki's form
    :param state: the expected state
    :raises StateUnknown: the level at which the account is hidden is unknown
    """
    if state.hidden is HiddenLevel.UNKNOWN:
        raise StateUnknown(
            f'The wiki does not say how far account {central_id} is hidden, so an '
            'expected state cannot be checked: leave out expected=.'
        )
    text = f'{central_id}:{name}:{state.hidden.value}:{int(state.locked)}'
    return hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()


@expected_form('The answer of meta=globaluserinfo')
def from_globaluserinfo(name: str, info: Mapping[str, Any]) -> GlobalAccount:
    """Read the answer of ``meta=globaluserinfo``.

    It has a flag for hidden accounts, but no level: their level is
    :attr:`HiddenLevel.UNKNOWN`.

    https://www.mediawiki.org/wiki/API:Globaluserinfo

    :param name: the name that the query asked for
    :param info: the value of ``globaluserinfo``
    :raises UnexpectedAnswer: the API does not give such an answer
    """
    if flag(info, 'missing'):
        return GlobalAccount(name=name, exists=False)
    merged = info.get('merged')
    return GlobalAccount(
        name=text(info, 'name'),
        exists=True,
        central_id=number(info, 'id'),
        locked=flag(info, 'locked'),
        hidden=HiddenLevel.UNKNOWN if flag(info, 'hidden') else HiddenLevel.NONE,
        home=optional_text(info, 'home'),
        groups=texts(info, 'groups'),
        edit_count=optional_number(info, 'editcount'),
        registration=timestamp(info.get('registration')),
        attached=None if merged is None else tuple(map(_attached, merged)),
    )


@expected_form('An item of list=globalusers')
def from_globalusers(item: Mapping[str, Any]) -> GlobalAccount:
    """Read one item of ``list=globalusers``.

    :param item: one of the items
    """
    if flag(item, 'missing') or flag(item, 'invalid'):
        return GlobalAccount(name=optional_text(item, 'name') or '', exists=False)
    return GlobalAccount(
        name=text(item, 'name'),
        exists=True,
        central_id=number(item, 'centralid'),
        locked=flag(item, 'locked'),
        hidden=(
            HiddenLevel.SUPPRESSED
            if flag(item, 'suppressed')
            else HiddenLevel.LISTS
            if flag(item, 'hidden')
            else HiddenLevel.NONE
        ),
        groups=texts(item, 'groups'),
        edit_count=optional_number(item, 'editcount'),
        registration=timestamp(item.get('registration')),
        lock_log_id=optional_number(item, 'locklogid'),
    )


@expected_form('An item of list=globalallusers')
def from_globalallusers(item: Mapping[str, Any]) -> ListedAccount:
    """Read one item of ``list=globalallusers``.

    Its flags are empty strings in both formatversions.

    :param item: one of the items
    """
    return ListedAccount(
        name=text(item, 'name'),
        central_id=number(item, 'id'),
        locked=flag(item, 'locked'),
        groups=texts(item, 'groups'),
        exists_locally=flag(item, 'existslocally'),
    )


@expected_form('The answer of setglobalaccountstatus')
def from_status_answer(answer: Mapping[str, Any]) -> StatusChange:
    """Read the answer of ``setglobalaccountstatus``.

    :param answer: the value of ``setglobalaccountstatus``
    :raises UnexpectedAnswer: the API does not give such an answer
    """
    hidden = HiddenLevel(answer.get('hidden', ''))
    return StatusChange(
        name=text(answer, 'user'),
        state=AccountState(locked=flag(answer, 'locked'), hidden=hidden),
    )


@expected_form('An item of list=logevents')
def from_log_event(event: Mapping[str, Any]) -> LockLogEntry:
    """Read one entry of ``list=logevents`` with ``letype=globalauth``.

    :param event: one of the items
    """
    params = event.get('params') or {}
    title = text(event, 'title').partition(':')[2]
    moment = timestamp(event.get('timestamp'))
    if moment is None:
        raise UnexpectedAnswer('A log entry without a timestamp.')
    return LockLogEntry(
        log_id=number(event, 'logid'),
        name=title.removesuffix('@global'),
        by=optional_text(event, 'user'),
        comment=optional_text(event, 'comment'),
        timestamp=moment,
        added=_words(params.get('added')),
        removed=_words(params.get('removed')),
    )


def _attached(item: Mapping[str, Any]) -> AttachedAccount:
    return AttachedAccount(
        wiki=text(item, 'wiki'),
        url=optional_text(item, 'url'),
        edit_count=optional_number(item, 'editcount') or 0,
        groups=texts(item, 'groups'),
        registration=timestamp(item.get('registration')),
        method=optional_text(item, 'method'),
        blocked='blocked' in item,
    )


def _words(value: object) -> tuple[str, ...]:
    """Read a list of words, which is one text in old log entries."""
    if isinstance(value, str):
        return tuple(w.strip() for w in value.split(',') if w.strip() != '(none)')
    if isinstance(value, Iterable):
        return tuple(map(str, value))
    return ()
