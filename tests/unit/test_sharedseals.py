"""Several operators, and several runs of one, seal one campaign at the same time."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
import sqlalchemy as sa

from mw_tokens_plugin.campaign.ledger import Ledger
from mw_tokens_plugin.campaign.plan import renew
from mw_tokens_plugin.campaign.records import (
    Campaign,
    Decision,
    Outcome,
    State,
    Target,
    now,
)
from mw_tokens_plugin.campaign.sealkey import Key
from mw_tokens_plugin.campaign.seals import Sealer

OURS, THEIRS = Key(b'1' * 32), Key(b'2' * 32)
STOP = {'title': 'Stop', 'revision': 7}


def sealer_of(ledger: Ledger, key: Key = OURS, account: str = 'o@w') -> Sealer:
    return Sealer(key, ledger, found(ledger), account)


def found(ledger: Ledger) -> Campaign:
    campaign = ledger.find('wave')
    assert campaign is not None
    return campaign


@pytest.fixture
def planned(ledger: Ledger) -> Ledger:
    """Two targets that are planned, and neither confirmed nor run."""
    campaign = ledger.create(
        'wave', action='a', wiki='w', operator='o', reason='r', options={'x': [1]}
    )
    sealer = sealer_of(ledger)
    sealer.begin()
    sealer.count(ledger.add(campaign, 'AB', sealer.listed))
    ledger.decide(
        campaign, map(Decision, 'AB'), lambda made: sealer.decided(made, own=True)
    )
    return ledger


def targets(ledger: Ledger) -> list[Target]:
    return list(ledger.targets(found(ledger)))


def look(ledger: Ledger, key: Key, account: str = 'o@w') -> Sealer:
    """Do what a run does with a plan that nobody has confirmed."""
    sealer, campaign = sealer_of(ledger, key, account), found(ledger)
    if (key, account) == (OURS, 'o@w'):
        renew(ledger, campaign, sealer)
    else:
        decided = [
            (t.decision, sealer.decided(t.decision, own=False)) for t in targets(ledger)
        ]
        ledger.add_seals(campaign, decided)
    return sealer


def test_looking_at_a_plan_again_and_again_costs_nobody_a_seal(planned: Ledger) -> None:
    """Neither the operator who looks nor a colleague who has confirmed the plan."""
    look(planned, THEIRS).confirm()
    sizes = []
    for _ in range(50):
        look(planned, OURS).adopt()
        sizes.append(len(targets(planned)[0].seals or ''))
    assert sizes[-1] == sizes[5]
    look(planned, OURS).confirm()
    for key in (OURS, THEIRS):
        sealer = sealer_of(planned, key)
        plans = [sealer.vouched(target) for target in targets(planned)]
        assert all(plan is not None and plan.confirmed for plan in plans)


def test_a_column_that_others_have_filled_keeps_no_operator_out(
    planned: Ledger,
) -> None:
    with planned.database.begin() as connection:
        full = ' '.join(['x' * 100] * 500)
        connection.execute(sa.text('UPDATE target SET seals=:full'), {'full': full})
    look(planned, THEIRS).confirm()
    sealer = sealer_of(planned, THEIRS)
    assert all(map(sealer.vouched, targets(planned)))
    assert all(len(target.seals or '') < 100 for target in targets(planned))


def test_operators_who_join_at_once_lose_no_seal(planned: Ledger) -> None:
    keys = [Key(bytes([number]) * 32) for number in range(8)]
    with ThreadPoolExecutor(len(keys)) as pool:
        list(pool.map(lambda key: look(planned, key).confirm(), keys))
    for key in keys:
        assert all(map(sealer_of(planned, key).vouched, targets(planned)))


def test_options_that_two_runs_change_at_once_are_both_kept(planned: Ledger) -> None:
    """And sealed: so the plan is confirmed with both of them."""
    look(planned, OURS).confirm()
    one, two = sealer_of(planned), sealer_of(planned)
    one.keep('stop_page', lambda old: STOP)
    campaign = two.keep('not_wikis', lambda old: [*(old or ()), 'aa'])
    one.keep('not_wikis', lambda old: [*old, 'bb'])
    options = {'x': [1], 'stop_page': STOP, 'not_wikis': ['aa', 'bb']}
    assert found(planned).options == options
    assert campaign.options == {**options, 'not_wikis': ['aa']}
    last = sealer_of(planned)
    assert last.is_confirmed and all(map(last.vouched, targets(planned)))

    with ThreadPoolExecutor(8) as pool:
        list(
            pool.map(
                lambda n: sealer_of(planned).keep('not_wikis', lambda old: [*old, n]),
                [f'{n}wiki' for n in range(16)],
            )
        )
    assert len(found(planned).options['not_wikis']) == 18
    assert sealer_of(planned).is_confirmed


@pytest.mark.parametrize('key', [None, THEIRS], ids=['by hand', 'by a colleague'])
def test_an_option_that_others_have_changed_is_not_confirmed_by_the_way(
    planned: Ledger, key: Key | None
) -> None:
    """Such as the page that stops a campaign, which somebody takes away."""
    ours = look(planned, OURS)
    ours.keep('stop_page', lambda old: STOP)
    ours.confirm()
    assert sealer_of(planned).is_confirmed
    if key is None:
        with planned.database.begin() as connection:
            connection.execute(
                sa.text('UPDATE campaign SET options=:options'),
                {'options': json.dumps({'x': [1], 'not_wikis': []})},
            )
    else:
        look(planned, key).confirm()
        sealer_of(planned, key).keep('stop_page', lambda old: None)
    kept: Any = ours.keep('not_wikis', lambda old: ['aa']).options
    assert kept['stop_page'] == STOP
    assert not found(planned).options.get('stop_page')
    assert not sealer_of(planned).is_confirmed
    assert not any(map(sealer_of(planned).vouched, targets(planned)))
    assert [t.state for t in targets(planned)] == [State.PLANNED] * 2


def end(ledger: Ledger, sealer: Sealer, name: str, account: str) -> None:
    """Do what a run of an account does with one target."""
    (first,) = (t for t in targets(ledger) if t.name == name)
    with ledger.database.begin() as connection:
        connection.execute(
            sa.text(
                "UPDATE target SET state='leased', owner='r/0', account=:account,"
                ' started_at=:now WHERE id=:id'
            ),
            {'account': account, 'now': now(), 'id': first.id},
        )
    (leased,) = ledger.targets(found(ledger), State.LEASED)
    assert ledger.record(leased, Outcome(State.DONE, changed=True), sealer.ended)


@pytest.mark.parametrize(
    ('key', 'account'),
    [(OURS, 'p@w'), (THEIRS, 'o@w'), (THEIRS, 'p@w')],
    ids=['another account', 'another machine', 'a colleague'],
)
def test_operators_who_work_on_one_campaign_are_told_of_nothing_lost(
    planned: Ledger, key: Key, account: str
) -> None:
    """Nor is one who has two accounts, or two machines."""
    us, they = look(planned, OURS), look(planned, key, account)
    us.compare()
    us.confirm()
    they.compare()
    they.confirm()
    end(planned, us, 'A', 'o@w')
    end(planned, they, 'B', account)
    is_own = key is OURS
    for sealer in (sealer_of(planned), sealer_of(planned, key, account)):
        compared = sealer.compare()
        alarms = compared.lost, compared.ended_by_others, compared.is_uncounted
        assert alarms == (0, 0, False)
        assert compared.by_colleagues == (not is_own)
        # Without -join no step begins that others have ended those before.
        assert compared.is_other != is_own
        # What another account has done is looked at before it is undone.
        assert [judged for _, judged in sealer.judged()].count(True) == 1

    # What nobody has sealed is told all the same.
    with planned.database.begin() as connection:
        connection.execute(sa.text('UPDATE target SET seals=NULL'))
    assert sealer_of(planned).compare().lost == 2
    with planned.database.begin() as connection:
        connection.execute(sa.text('DELETE FROM target'))
    assert sealer_of(planned).compare().lost == 2
