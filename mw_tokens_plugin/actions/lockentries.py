"""Which entries of the log of locks are those of a campaign's own writes.

It compares an entry with a target; reading the log is left to the actions.
"""

from __future__ import annotations

from mw_tokens_plugin.campaign.records import Target, may_be_reason
from mw_tokens_plugin.protocol.fields import timestamp
from mw_tokens_plugin.protocol.globalaccounts import HiddenLevel, LockLogEntry

#: What the log calls the levels.
_WORDS = {HiddenLevel.LISTS: 'hidden', HiddenLevel.SUPPRESSED: 'oversighted'}


def is_own_entry(
    entry: LockLogEntry,
    target: Target,
    reason: str,
    *,
    locked: bool | None = None,
    hidden: HiddenLevel | None = None,
) -> bool:
    """Tell whether an entry of the log is that of a campaign's write for a target.

    :param entry: the entry
    :param target: the target, with the time of its last attempt
    :param reason: that of the campaign
    :param locked: whether the write was to lock or to unlock it; None for neither
    :param hidden: how far the write was to hide it
    """
    if not _is_change(entry, locked, hidden):
        return False
    if target.log_id is not None:
        return bool(entry.log_id == target.log_id)
    is_ours = target.may_have_written_at(entry.timestamp, by=entry.by)
    return is_ours and may_be_reason(entry.comment, reason)


def is_own_since_plan(
    entry: LockLogEntry,
    target: Target,
    reason: str,
    *,
    locked: bool | None = None,
    hidden: HiddenLevel | None = None,
) -> bool:
    """Tell whether an entry of the log is that of any write for a target.

    The parameters are those of :func:`is_own_entry`.
    """
    if is_own_entry(entry, target, reason, locked=locked, hidden=hidden):
        return True
    return _is_change(entry, locked, hidden) and is_since_plan(entry, target, reason)


def is_since_plan(entry: LockLogEntry, target: Target, reason: str) -> bool:
    """Tell whether an entry is that of a write by the target's account since its plan.

    It does not matter what the write has changed.
    """
    planned = timestamp(target.decision.facts.get('looked_at'))
    return (
        planned is not None
        and entry.timestamp >= planned
        and entry.by == target.operator
        and may_be_reason(entry.comment, reason)
    )


def _is_change(
    entry: LockLogEntry, locked: bool | None, hidden: HiddenLevel | None
) -> bool:
    """Tell whether an entry of the log shows a change that was asked for."""
    changed = {
        True: 'locked' in entry.added,
        False: 'locked' in entry.removed,
        None: False,
    }[locked]
    if hidden is not None:
        changed |= _WORDS[hidden] in entry.added
    return changed
