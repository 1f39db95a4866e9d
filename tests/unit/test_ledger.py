"""The ledger forgets nothing that was decided or done."""

from __future__ import annotations

import stat
from itertools import islice
from pathlib import Path

import pytest

from mw_tokens_plugin.campaign.hold import holding
from mw_tokens_plugin.campaign.ledger import Ledger, now
from mw_tokens_plugin.campaign.records import (
    Campaign,
    Decision,
    Held,
    Outcome,
    State,
)
from mw_tokens_plugin.exceptions import CampaignBusy, InvalidInput


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / 'new folder' / 'ledger.sqlite3'


@pytest.fixture
def ledger(path: Path) -> Ledger:
    return Ledger(str(path))


def begin(ledger: Ledger, *names: str, campaign: str = 'wave') -> Campaign:
    made = ledger.create(
        campaign, action='a', wiki='w', operator='o', reason='r', options={'x': [1]}
    )
    ledger.add(made, names)
    return made


def plan_all(ledger: Ledger, campaign: Campaign) -> None:
    ledger.decide(
        campaign,
        [Decision(t.name) for t in list(ledger.targets(campaign, State.LISTED))],
    )


def test_only_its_owner_can_read_it(ledger: Ledger, path: Path) -> None:
    begin(ledger, 'A')
    for file in path.parent.iterdir():
        assert stat.S_IMODE(file.stat().st_mode) == 0o600, file.name


def test_a_name_is_a_target_once_whatever_its_letters(ledger: Ledger) -> None:
    campaign = begin(ledger, 'A', 'B', 'A', '\u00c9', 'E', 'a')
    assert ledger.add(campaign, ['B', 'C']) == 1
    names = [target.name for target in ledger.targets(campaign, State.LISTED)]
    assert names == ['A', 'B', '\u00c9', 'E', 'a', 'C']


def test_decisions_come_back_as_they_went_in(ledger: Ledger) -> None:
    campaign = begin(ledger, 'A', 'B')
    act = Decision('A', central_id=7, facts={'edits': 3, 'groups': ['x']})
    hold = Decision('B', hidden=True, held=Held.EDITS)
    ledger.decide(campaign, [act, hold])
    (planned,) = ledger.targets(campaign, State.PLANNED)
    (held,) = ledger.targets(campaign, State.HELD)
    assert planned.decision == act
    assert held.decision == hold
    assert held.label == '#hidden'
    assert ledger.held_counts(campaign) == {Held.EDITS: 1}


def test_a_lease_is_there_for_the_next_process_to_see(
    ledger: Ledger, path: Path
) -> None:
    campaign = begin(ledger, *'ABC')
    plan_all(ledger, campaign)
    leased = ledger.lease(campaign, 2)
    other = Ledger(str(path))
    assert [t.name for t in other.targets(campaign, State.LEASED)] == ['A', 'B']
    assert [t.name for t in other.lease(campaign, 2)] == ['C']
    ledger.unlease(leased[1:])
    assert [t.name for t in other.targets(campaign, State.PLANNED)] == ['B']
    (back,) = other.targets(campaign, State.PLANNED)
    assert back.attempts == 0


def test_outcomes_are_counted(ledger: Ledger) -> None:
    campaign = begin(ledger, *'ABC')
    plan_all(ledger, campaign)
    a, b, _c = ledger.lease(campaign, 3)
    ledger.note_attempt(a, now(), 'lost')
    ledger.record(a, Outcome(State.DONE, changed=True))
    ledger.record(b, Outcome(State.FAILED, detail='no'))
    counts = ledger.counts(campaign)
    assert (counts[State.DONE], counts[State.FAILED], counts[State.LEASED]) == (1, 1, 1)
    assert ledger.changed_count(campaign) == 1
    (done,) = ledger.targets(campaign, State.DONE)
    assert (done.attempts, done.changed) == (2, True)
    assert ledger.named(campaign, ['B', 'nobody'])['B'].detail == 'no'


def test_pages_do_not_skip_targets_that_change_meanwhile(ledger: Ledger) -> None:
    campaign = begin(ledger, *(f'N{number}' for number in range(1200)))
    for target in islice(ledger.targets(campaign, State.LISTED), 700):
        ledger.decide(campaign, [Decision(target.name)])
    assert ledger.counts(campaign)[State.PLANNED] == 700
    assert sum(1 for _ in ledger.targets(campaign, State.LISTED)) == 500


def test_two_campaigns_of_one_name_are_refused(ledger: Ledger) -> None:
    begin(ledger)
    with pytest.raises(InvalidInput, match='-resume to go on'):
        begin(ledger)


def test_unfinished_campaigns_are_found(ledger: Ledger) -> None:
    first, second = begin(ledger, campaign='1'), begin(ledger, campaign='2')
    ledger.mark(first, 'finished_at')
    assert ledger.unfinished('a', 'w') == [second]
    assert ledger.unfinished('a', 'elsewhere') == []


@pytest.mark.parametrize(
    'url',
    [
        'nosuch://x',
        '/proc/nosuch/ledger',
        'sqlite:////proc/x',
        'postgresql://u:secret@h/x',
    ],
)
def test_a_ledger_that_cannot_be_opened_is_a_clear_error(url: str) -> None:
    with pytest.raises(InvalidInput, match='cannot be opened') as caught:
        Ledger(url)
    assert 'secret' not in str(caught.value)


def test_one_run_holds_a_campaign(ledger: Ledger, path: Path) -> None:
    campaign = begin(ledger)
    with holding(ledger, campaign):
        other = Ledger(str(path))

        def a_sign_of_life(seconds: float) -> None:
            holder, _ = other.holder(campaign)
            other.beat(campaign, holder or '')

        with (
            pytest.raises(CampaignBusy, match='Another run'),
            holding(other, campaign, sleep=a_sign_of_life),
        ):
            pass
    with holding(ledger, campaign, sleep=pytest.fail):
        pass


def test_the_campaign_of_a_killed_run_can_be_taken(ledger: Ledger) -> None:
    campaign = begin(ledger)
    assert ledger.take(campaign, 'killed', ledger.holder(campaign)[1])
    waited: list[float] = []
    with holding(ledger, campaign, sleep=waited.append):
        assert ledger.holder(campaign)[0] != 'killed'
    assert len(waited) == 1
