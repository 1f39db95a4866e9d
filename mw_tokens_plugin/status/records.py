"""What is known of one name, as fields; None is what does not apply to it.

What this user may not read is :data:`NOT_READABLE`, so that nothing is guessed. Names
that must not be shown are replaced here, before anything is written.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, fields, replace
from datetime import datetime, timezone
from typing import Any, Final, TypeAlias

from mw_tokens_plugin.protocol.fields import as_timestamp
from mw_tokens_plugin.protocol.spellings import HiddenNames

__all__ = [
    'DETAILS',
    'NOT_READABLE',
    'Covering',
    'Status',
    'Value',
    'hiding',
    'labels',
    'moment',
]

#: What the wiki does not tell this user.
NOT_READABLE: Final = 'not readable'

#: A value; the text NOT_READABLE may stand for any.
Value: TypeAlias = bool | str | int | None


@dataclass(frozen=True, slots=True)
class Covering:
    """A block of a range that contains an address or a range."""

    range: str
    expiry: str
    anon_only: bool
    by: Value
    reason: str


@dataclass(frozen=True, slots=True)
class Status:
    """What is known of one name.

    :ivar kind: ``account``, ``temporary``, ``address`` or ``range``
    :ivar central_id: the number of the global account
    :ivar hidden: how far an account is hidden: ``no``, ``lists``, ``suppressed``, or
        ``yes`` where the wiki does not say how far
    :ivar blocked: whether there is a global block of just this name
    :ivar covered_by: blocks of ranges around an address
    :ivar edits_by_wiki: only of wikis with edits
    :ivar local_groups: groups by wiki
    :ivar problem: why the wiki could not be asked
    """

    name: str
    kind: str
    central_id: int | None = None
    exists: Value = None
    locked: Value = None
    locked_since: Value = None
    locked_by: Value = None
    lock_reason: Value = None
    hidden: Value = None
    blocked: Value = None
    blocked_since: Value = None
    block_expiry: Value = None
    blocked_by: Value = None
    block_reason: Value = None
    covered_by: tuple[Covering, ...] = ()
    home: Value = None
    edits: Value = None
    edits_by_wiki: Mapping[str, int] | None = None
    groups: tuple[str, ...] | None = None
    local_groups: Mapping[str, tuple[str, ...]] | None = None
    problem: str = ''

    @property
    def is_hidden(self) -> bool:
        """Whether the name must not be shown."""
        return self.hidden not in (None, 'no', NOT_READABLE)

    def items(self) -> Iterable[tuple[str, Any]]:
        """Return all fields with their values."""
        return [(each.name, getattr(self, each.name)) for each in fields(self)]


#: The fields that cost a request for each name.
DETAILS = ('home', 'edits', 'edits_by_wiki', 'groups', 'local_groups')


def labels(found: Iterable[Status]) -> dict[str, str]:
    """Return what is shown instead of each name that must not be shown."""
    return {
        status.name: f'account #{status.central_id or "hidden"}'
        for status in found
        if status.is_hidden
    }


def hiding(found: Iterable[Status], names: Mapping[str, str]) -> list[Status]:
    """Return the same without the names that must not be shown.

    Of these accounts hardly more is left than their numbers, which mean nothing to
    those who may not see them.

    :param names: what is shown instead of each name
    """
    hide = HiddenNames(names).replace
    return [
        Status(
            name=names[status.name],
            kind=status.kind,
            central_id=status.central_id,
            exists=status.exists,
            locked=status.locked,
            hidden=status.hidden,
            problem=hide(status.problem),
        )
        if status.name in names
        else replace(
            status,
            **{key: _without(hide, value) for key, value in status.items()},
        )
        for status in found
    ]


def moment(when: datetime) -> str:
    """Return a moment as MediaWiki's API writes it."""
    return as_timestamp(when.astimezone(timezone.utc))


def _without(hide: Callable[[str], str], value: Any) -> Any:
    if isinstance(value, str):
        return hide(value)
    if isinstance(value, tuple):
        return tuple(_without(hide, each) for each in value)
    if isinstance(value, Covering):
        by = hide(value.by) if isinstance(value.by, str) else value.by
        return replace(value, by=by, reason=hide(value.reason))
    return value
