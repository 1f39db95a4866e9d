"""What became of writes on wikis that the operator skips from now on."""

from __future__ import annotations

import pytest

from mw_tokens_plugin.actions.crosswiki import SkippedWikis, still_unknown
from mw_tokens_plugin.campaign.records import Decision, Outcome, State, Target
from mw_tokens_plugin.exceptions import NotAttached, SessionLost, WikiUnreachable

DONE = Outcome(State.DONE, changed=True)
LATER = Outcome(State.LEASED)


def target(wiki: str, number: int = 1) -> Target:
    return Target(number, Decision(f'{wiki}:Spam {number}'), State.LEASED)


@pytest.mark.parametrize(
    ('found', 'detail'),
    [
        (DONE, None),
        (None, 'not done; its wiki is skipped by -not-wikis'),
        (LATER, 'may have been sent; its wiki is skipped by -not-wikis'),
    ],
)
def test_it_is_read_and_nothing_is_sent_again(
    found: Outcome | None, detail: str | None
) -> None:
    wikis = SkippedWikis({'aawiki'})
    outcome = wikis.reconciled(target('aawiki'), lambda _: found)
    assert outcome is not None
    assert outcome.detail == detail
    assert outcome.state is (State.DONE if found is DONE else State.FAILED)
    # On all others it may be.
    assert wikis.reconciled(target('bbwiki'), lambda _: found) is found


@pytest.mark.parametrize(
    'error', [WikiUnreachable('down'), NotAttached('no account there')]
)
def test_a_skipped_wiki_that_cannot_be_read_stops_nothing(error: Exception) -> None:
    """It is asked once; an undo, or another plan, learns that it is not known."""
    asked = []

    def reconcile(each: Target) -> Outcome | None:
        asked.append(each.name)
        raise error

    wikis = SkippedWikis({'aawiki'})
    for number in (1, 2):
        outcome = wikis.reconciled(target('aawiki', number), reconcile)
        assert outcome is not None and outcome.state is State.FAILED
        facts = {'problem': 'may have been sent', 'unknown': True}
        read = Target(1, Decision('x', facts=outcome.facts), State.FAILED)
        assert still_unknown(read) == facts
    assert asked == ['aawiki:Spam 1']
    with pytest.raises(type(error)):
        wikis.reconciled(target('bbwiki'), reconcile)


def test_a_lost_session_is_no_matter_of_one_wiki() -> None:
    def reconcile(each: Target) -> Outcome | None:
        raise SessionLost('gone')

    with pytest.raises(SessionLost):
        SkippedWikis({'aawiki'}).reconciled(target('aawiki'), reconcile)
