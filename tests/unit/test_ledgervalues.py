"""What a file takes for a value and a server does not: a ledger survives it."""

from __future__ import annotations

from functools import partial

import pytest
from unit.test_ledger import check_strange_row

from mw_tokens_plugin.campaign.budget import Budget
from mw_tokens_plugin.campaign.ledger import Ledger
from mw_tokens_plugin.campaign.records import Decision, Outcome, State, now
from mw_tokens_plugin.exceptions import InvalidInput

#: Those that a server refuses itself.
STRANGE_IN_A_FILE = [
    ("UPDATE campaign SET options='{x'", 'cannot be read'),
    ("UPDATE target SET facts='{x'", 'cannot be read'),
    *(
        (f'UPDATE {column.format(begin * 9**4, end * 9**4)}', 'levels')
        for column in (
            'campaign SET options=\'{{"a":{}1{}}}\'',
            'target SET facts=\'{{"groups":{}1{}}}\'',
        )
        for begin, end in ('[]', ('{"a":', '}'))
    ),
    ("UPDATE target SET name=X'FF41'", 'cannot be read'),
    *(
        (f'UPDATE target SET {name}={value}', 'cannot be read')
        for name in ('started_at', 'ended_at', 'facts')
        for value in ('7', "X'FF'")
    ),
    ("UPDATE target SET detail=CAST(X'FF' AS TEXT)", 'cannot be read'),
    ("UPDATE target SET central_id=X'FF'", 'central_id is no'),
    ("INSERT INTO lane (campaign_id, name, owner) VALUES (1, 'l', X'FF')", 'owner'),
    ("UPDATE target SET attempts=X'FF'", 'attempts is no'),
    *(
        (f"UPDATE {table} SET {name}=X'FF'", 'is no text')
        for table, names in (
            ('target', ('lane', 'owner', 'account', 'detail', 'seals')),
            ('campaign', ('operator', 'reason', 'wiki', 'api', 'wikiid')),
        )
        for name in names
    ),
]


@pytest.mark.parametrize(('change', 'words'), STRANGE_IN_A_FILE)
def test_what_a_file_takes_is_one_sentence_about_one_row(
    ledger: Ledger, change: str, words: str
) -> None:
    check_strange_row(ledger, change, words)


@pytest.mark.parametrize('value', ["'x'", "X'FF'", '9e999', '-9e999'])
def test_a_pace_that_somebody_has_made_up_stops_nobody_for_long(
    ledger: Ledger, value: str
) -> None:
    budget = Budget(ledger.database, 'x', lambda: 2.0, clock=lambda: 100.0)
    budget.reserve()
    with ledger.database.begin() as connection:
        connection.exec_driver_sql(f'UPDATE budget SET next_at={value}')
    assert 0 <= budget.reserve() <= 128
    assert 0 <= budget.reserve() <= 130


#: What is counted and compared over many rows, and not read as records.
STRANGE_SUMS = [
    *(
        (f'UPDATE attempt SET {name}={value}', f'{name} is no')
        for name, value in (
            ('error_class', "X'FF'"),
            ('ended_at', "'9999-12-31 00:00:00'"),
        )
    ),
    ("UPDATE target SET started_at='0001-01-01 00:00:00'", 'started_at is no'),
    ("UPDATE target SET ended_at='9999-12-31 00:00:00'", 'ended_at is no'),
    ("UPDATE lane SET error=X'FF'", 'error is no'),
    ("UPDATE lane SET name=X'FF'", 'name is no'),
    *((f'UPDATE target SET stage={v}', 'stage is no') for v in ("'x'", '0.5', "X'FF'")),
]


@pytest.mark.parametrize(('change', 'words'), STRANGE_SUMS)
def test_what_a_file_takes_is_one_sentence_about_sums_too(
    ledger: Ledger, change: str, words: str
) -> None:
    campaign = ledger.create(
        'wave', action='a', wiki='w', operator='o', reason='r', options={}, stages=2
    )
    ledger.add(campaign, 'AB')
    ledger.decide(campaign, map(partial(Decision, partition='lane'), 'AB'))
    (target,) = ledger.lease(campaign, 'one/0', 1, partition='lane')
    for name in ('First', 'Second'):
        ledger.note_attempt(target, now(), 'x', error_class=name)
    ledger.record(target, Outcome(State.DONE))
    with ledger.database.begin() as connection:
        connection.exec_driver_sql("UPDATE lane SET error='why'")
        connection.exec_driver_sql(change)
    with pytest.raises(InvalidInput, match=words):
        ledger.stage(campaign)
        ledger.retries(campaign)
        ledger.partition_errors(campaign)
        list(ledger.errors(campaign))
        list(ledger.ends(campaign, State.DONE))
        ledger.span(campaign)
