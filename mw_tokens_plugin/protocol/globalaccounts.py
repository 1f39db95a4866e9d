"""Global accounts as frozen records, and the digest that guards a change of one.

It parses what CentralAuth answers, in both formatversions; no request is made here.

https://www.mediawiki.org/wiki/Extension:CentralAuth/API
"""

from __future__ import annotations

import enum
import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from mw_tokens_plugin.exceptions import StateUnknown, UnexpectedAnswer


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
        """The levels that it may be: one, unless the wiki does not say."""
        if self is HiddenLevel.UNKNOWN:
            return HiddenLevel.LISTS, HiddenLevel.SUPPRESSED
        return (self,)

    def is_at_least(self, level: HiddenLevel) -> bool:
        """Tell whether it is certainly as far hidden as a level, or farther."""
        return all(
            _LEVELS.index(each) >= _LEVELS.index(level) for each in self.possible
        )

    def may_be(self, level: HiddenLevel) -> bool:
        """Tell whether it may be as far hidden as a level, or farther."""
        return any(
            _LEVELS.index(each) >= _LEVELS.index(level) for each in self.possible
        )


#: From what everybody sees to what next to nobody does.
_LEVELS = (HiddenLevel.NONE, HiddenLevel.LISTS, HiddenLevel.SUPPRESSED)


@dataclass(frozen=True, slots=True)
class AccountState:
    """What ``setglobalaccountstatus`` can change.

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
    """What a wiki tells of a global account; None is what it does not tell.

    .. version-added:: 0.1

    :ivar exists: False where there is none, or none that the caller may see
    :ivar central_id: the account's number in the central database
    :ivar home: database name of the home wiki
    :ivar attached: its local accounts; None where the query does not list them
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

    @property
    def state(self) -> AccountState:
        """The part of it that can be changed."""
        return AccountState(locked=self.locked, hidden=self.hidden)

    @property
    def local_groups(self) -> dict[str, tuple[str, ...]]:
        """Wiki and groups, for all wikis where it is in a group."""
        return {a.wiki: a.groups for a in self.attached or () if a.groups}


@dataclass(frozen=True, slots=True)
class ListedAccount:
    """One item of the list of all global accounts.

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

    :ivar added: what was set, of ``locked``, ``hidden``, ``oversighted``
    """

    log_id: int
    name: str
    by: str | None
    comment: str | None
    timestamp: datetime
    added: tuple[str, ...]
    removed: tuple[str, ...]


def statecheck(central_id: int, name: str, state: AccountState) -> str:
    """Return the digest by which the wiki notices that an account was changed.

    :param central_id: the account's central id
    :param name: its name in MediaWiki's form
    :param state: the state that is expected
    :raises StateUnknown: how far the account is hidden is not known
    """
    if state.hidden is HiddenLevel.UNKNOWN:
        raise StateUnknown(
            f'The wiki does not say how far account {central_id} is hidden, so an '
            'expected state cannot be checked: leave out expected=.'
        )
    text = f'{central_id}:{name}:{state.hidden.value}:{int(state.locked)}'
    return hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()


def from_globaluserinfo(name: str, info: Mapping[str, Any]) -> GlobalAccount:
    """Read the answer of ``meta=globaluserinfo``.

    It has a flag for hidden accounts but no level: theirs is
    :attr:`HiddenLevel.UNKNOWN`.

    :param name: whom the query asked for
    :param info: the value of ``globaluserinfo``
    """
    if _flag(info, 'missing') or 'id' not in info:
        return GlobalAccount(name=name, exists=False)
    merged = info.get('merged')
    return GlobalAccount(
        name=str(info['name']),
        exists=True,
        central_id=int(info['id']),
        locked=_flag(info, 'locked'),
        hidden=HiddenLevel.UNKNOWN if _flag(info, 'hidden') else HiddenLevel.NONE,
        home=info.get('home'),
        groups=tuple(info.get('groups') or ()),
        edit_count=_number(info.get('editcount')),
        registration=timestamp(info.get('registration')),
        attached=None if merged is None else tuple(map(_attached, merged)),
    )


def from_globalusers(item: Mapping[str, Any]) -> GlobalAccount:
    """Read one item of ``list=globalusers``.

    :param item: one of the items
    """
    if _flag(item, 'missing') or _flag(item, 'invalid') or 'centralid' not in item:
        return GlobalAccount(name=str(item.get('name', '')), exists=False)
    return GlobalAccount(
        name=str(item['name']),
        exists=True,
        central_id=int(item['centralid']),
        locked=_flag(item, 'locked'),
        hidden=(
            HiddenLevel.SUPPRESSED
            if _flag(item, 'suppressed')
            else HiddenLevel.LISTS
            if _flag(item, 'hidden')
            else HiddenLevel.NONE
        ),
        groups=tuple(item.get('groups') or ()),
        edit_count=_number(item.get('editcount')),
        registration=timestamp(item.get('registration')),
    )


def from_globalallusers(item: Mapping[str, Any]) -> ListedAccount:
    """Read one item of ``list=globalallusers``.

    Its flags are empty strings in both formatversions.

    :param item: one of the items
    """
    return ListedAccount(
        name=str(item['name']),
        central_id=int(item['id']),
        locked=_flag(item, 'locked'),
        groups=tuple(item.get('groups') or ()),
        exists_locally=_flag(item, 'existslocally'),
    )


def from_status_answer(answer: Mapping[str, Any]) -> StatusChange:
    """Read the answer of ``setglobalaccountstatus``.

    :param answer: the value of ``setglobalaccountstatus``
    :raises UnexpectedAnswer: the answer has another form
    """
    try:
        hidden = HiddenLevel(answer.get('hidden', ''))
        name = str(answer['user'])
    except (KeyError, ValueError) as error:
        raise UnexpectedAnswer(
            f'setglobalaccountstatus answered without a known state: {error}'
        ) from None
    return StatusChange(
        name=name,
        state=AccountState(locked=_flag(answer, 'locked'), hidden=hidden),
    )


def from_log_event(event: Mapping[str, Any]) -> LockLogEntry:
    """Read one entry of ``list=logevents`` with ``letype=globalauth``.

    :param event: one of the items
    """
    params = event.get('params') or {}
    title = str(event.get('title', '')).partition(':')[2]
    moment = timestamp(event.get('timestamp'))
    if moment is None:
        raise UnexpectedAnswer('A log entry without a timestamp.')
    return LockLogEntry(
        log_id=int(event['logid']),
        name=title.removesuffix('@global'),
        by=event.get('user'),
        comment=event.get('comment'),
        timestamp=moment,
        added=_words(params.get('added')),
        removed=_words(params.get('removed')),
    )


def timestamp(text: object) -> datetime | None:
    """Read a time stamp of the API; None for absent or unreadable ones."""
    if not isinstance(text, str):
        return None
    try:
        return datetime.fromisoformat(text.replace('Z', '+00:00'))
    except ValueError:
        return None


def _attached(item: Mapping[str, Any]) -> AttachedAccount:
    return AttachedAccount(
        wiki=str(item['wiki']),
        url=item.get('url'),
        edit_count=_number(item.get('editcount')) or 0,
        groups=tuple(item.get('groups') or ()),
        registration=timestamp(item.get('registration')),
        method=item.get('method'),
        blocked='blocked' in item,
    )


def _flag(mapping: Mapping[str, Any], name: str) -> bool:
    """Read a boolean: an empty string is true in formatversion 1."""
    value = mapping.get(name, False)
    return value is not False and value is not None


def _number(value: object) -> int | None:
    return int(value) if isinstance(value, int | str) and value != '' else None


def _words(value: object) -> tuple[str, ...]:
    """Read a list of words, which old log entries keep as one text."""
    if isinstance(value, str):
        return tuple(w.strip() for w in value.split(',') if w.strip() != '(none)')
    if isinstance(value, Iterable):
        return tuple(map(str, value))
    return ()
