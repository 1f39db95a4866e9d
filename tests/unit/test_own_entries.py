"""Which entries of a wiki's log are a campaign's own: by one rule, for all that ask."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

import pytest

from mw_tokens_plugin.actions.lockentries import is_own_entry
from mw_tokens_plugin.campaign.records import Decision, State, Target, may_be_reason
from mw_tokens_plugin.protocol.globalaccounts import HiddenLevel, LockLogEntry

BEGUN = datetime(2026, 11, 27, 10)
ENDED = BEGUN + timedelta(seconds=5)


def target(ended: datetime | None = ENDED) -> Target:
    return Target(
        id=1,
        decision=Decision('Spam'),
        state=State.DONE,
        account='Operator@meta',
        started_at=BEGUN,
        ended_at=ended,
    )


def entry(
    *,
    by: str | None = 'Operator',
    comment: str | None = 'Spam-only account',
    seconds: float = 2.0,
    added: tuple[str, ...] = ('locked',),
    removed: tuple[str, ...] = (),
) -> LockLogEntry:
    moment = (BEGUN + timedelta(seconds=seconds)).replace(tzinfo=timezone.utc)
    return LockLogEntry(7, 'Spam', by, comment, moment, added, removed)


@pytest.mark.parametrize(
    ('found', 'expected'),
    [
        (entry(), True),
        (entry(comment=None), True),
        (entry(by='Colleague'), False),
        (entry(by=None), False),
        (entry(comment='Long-term abuse'), False),
        (entry(added=(), removed=('locked',)), False),
        (entry(added=('hidden',)), False),
        # Before it was sent, and long after it had ended.
        (entry(seconds=-3600.0), False),
        (entry(seconds=3600.0), False),
    ],
)
def test_a_lock_is_ours_by_account_reason_and_time(
    found: LockLogEntry, expected: bool
) -> None:
    reason = 'Spam-only account'
    assert is_own_entry(found, target(), reason, locked=True) is expected


def test_what_has_not_ended_may_have_been_made_until_now() -> None:
    assert is_own_entry(
        entry(seconds=9e4), target(None), 'Spam-only account', locked=True
    )


def test_unlocks_and_hides_are_told_by_what_they_changed() -> None:
    reason = 'Spam-only account'
    unlocked = entry(added=(), removed=('locked',))
    assert is_own_entry(unlocked, target(), reason, locked=False)
    suppressed = entry(added=('oversighted',), removed=('hidden',))
    level = HiddenLevel.SUPPRESSED
    assert is_own_entry(suppressed, target(), reason, locked=None, hidden=level)
    lowered = entry(added=('hidden',), removed=('oversighted',))
    assert not is_own_entry(lowered, target(), reason, locked=None, hidden=level)


@pytest.mark.parametrize(
    ('sent', 'kept', 'expected'),
    [
        ('Spam', 'Spam', True),
        ('  Spam  account ', 'Spam account', True),
        ('Cafe\u0301', 'Caf\u00e9', True),
        ('x' * 900, 'x' * 497 + '...', True),
        ('', '', True),
        ('Spam', 'spam', False),
        ('Spam', '', False),
        ('Spam', 'Spam account', False),
    ],
)
def test_a_reason_is_known_again_as_wikis_keep_it(
    sent: str, kept: str, expected: bool
) -> None:
    """Without blanks around it, normalised, and cut at 500 characters."""
    assert may_be_reason(kept, sent) is expected
