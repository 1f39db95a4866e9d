"""Which faults hit which requests, and what is refused."""

from __future__ import annotations

from typing import Any

import pytest

from centralauth_sandbox import Fault
from centralauth_sandbox.faults import Facts, FaultError, Faults


class Clock:
    """A clock that a test moves."""

    now = 0.0

    def __call__(self) -> float:
        """Return the time."""
        return self.now


def facts(**values: Any) -> Facts:
    """Return a lock on meta, with some values changed."""
    usual: dict[str, Any] = {
        'wiki': 'meta',
        'method': 'POST',
        'action': 'setglobalaccountstatus',
        'user': 'Op',
        'target': 'Spam',
        'has_token': True,
        'has_maxlag': False,
    }
    return Facts(**(usual | values))


def test_a_fault_hits_once_unless_told_otherwise() -> None:
    faults = Faults()
    faults.arm(kind='drop')
    assert [len(faults.take(facts())) for _ in range(3)] == [1, 0, 0]
    assert faults.armed() == []


def test_a_fault_without_limit_hits_until_it_is_cleared() -> None:
    faults = Faults()
    number = faults.arm(kind='drop', times=0)
    assert [len(faults.take(facts())) for _ in range(3)] == [1, 1, 1]
    assert faults.armed()[0]['hits'] == 3
    faults.clear(number)
    assert faults.take(facts()) == []


def test_only_the_nth_matching_request_is_hit() -> None:
    faults = Faults()
    faults.arm(kind='drop', nth=2, wiki='meta')
    wikis = ['aa', 'meta', 'aa', 'meta', 'meta']
    assert [len(faults.take(facts(wiki=wiki))) for wiki in wikis] == [0, 0, 0, 1, 0]


@pytest.mark.parametrize(
    ('narrowed', 'other'),
    [
        ({'wiki': 'meta'}, {'wiki': 'aa'}),
        ({'method': 'POST'}, {'method': 'GET'}),
        ({'action': 'setglobalaccountstatus'}, {'action': 'query'}),
        ({'action': 'writes'}, {'has_token': False}),
        ({'user': 'Op'}, {'user': 'Nobody'}),
        ({'target': 'Spam'}, {'target': 'Ham'}),
    ],
)
def test_faults_can_be_narrowed(
    narrowed: dict[str, str], other: dict[str, Any]
) -> None:
    faults = Faults()
    faults.arm(kind='drop', times=0, **narrowed)
    assert len(faults.take(facts())) == 1
    assert faults.take(facts(**other)) == []


def test_maxlag_only_hits_requests_that_ask_for_it() -> None:
    faults = Faults()
    faults.arm(kind='maxlag')
    assert faults.take(facts()) == []
    assert len(faults.take(facts(has_maxlag=True))) == 1


def test_chance_follows_from_the_seed() -> None:
    def hits(seed: int) -> list[int]:
        faults = Faults()
        faults.arm(kind='drop', times=0, probability=0.5, seed=seed)
        return [len(faults.take(facts())) for _ in range(40)]

    assert hits(3) == hits(3)
    assert 0 < sum(hits(3)) < 40
    assert hits(3) != hits(4)


def test_faults_begin_and_end() -> None:
    clock = Clock()
    faults = Faults(clock)
    faults.arm(kind='drop', times=0, start=10, end=20)
    hit = []
    for clock.now in (0.0, 10.0, 19.0, 20.0):
        hit.append(len(faults.take(facts())))
    assert hit == [0, 1, 1, 0]
    assert faults.armed() == []


def test_half_an_answer_is_one_after_the_request() -> None:
    assert Fault('half').when == 'after'


@pytest.mark.parametrize(
    ('data', 'sentence'),
    [
        ({'kind': 'bogus'}, 'unknown kind'),
        ({'kind': 'drop', 'colour': 'red'}, "unknown key 'colour'"),
        ({'kind': 'drop', 'times': 'many'}, "'times' is of the wrong type"),
        ({'kind': 'drop', 'times': True}, "'times' is of the wrong type"),
        ({'kind': 'drop', 'times': -1}, 'not negative'),
        ({'kind': 'drop', 'when': 'later'}, 'before or after'),
        ({'kind': 'drop', 'probability': 2}, 'between 0 and 1'),
        ({'kind': 'http', 'status': 99}, 'HTTP status'),
        ({'times': 1}, "needs a 'kind'"),
        (['drop'], 'is a JSON object'),
    ],
)
def test_what_makes_no_sense_is_refused(data: object, sentence: str) -> None:
    with pytest.raises(FaultError, match=sentence):
        Fault.from_json(data)
