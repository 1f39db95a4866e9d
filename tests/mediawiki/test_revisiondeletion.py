"""Reverted edits hidden by the campaign's own action, and shown again.

What a wiki tells of hidden revisions and of each that is to be hidden is its own
business here, whether it is a real MediaWiki or the sandbox.

https://www.mediawiki.org/wiki/API:Revisiondelete
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from mw_tokens_plugin.actions.hiderevisions import HideReverted, UndoHideReverted
from mw_tokens_plugin.actions.undorevert import UndoRevertEdits
from mw_tokens_plugin.actions.visibility import PARTS, hidden_parts, visibility
from mw_tokens_plugin.campaign.action import Action
from mw_tokens_plugin.campaign.ledger import Ledger
from mw_tokens_plugin.campaign.records import Campaign, SkipReason, State
from mw_tokens_plugin.targets.contributions import Actor
from mw_tokens_plugin.targets.pagenames import named

from .client import Client, edit_anonymously, page
from .test_reverts import NOBODY, Desk, save, text
from .wiki import Wiki


class HidingDesk(Desk):
    """Campaigns that hide what others have reverted, on one wiki."""

    def hide(self, reverted: Campaign, *titles: str) -> Campaign:
        """Hide what a campaign is to revert, which may not be carried out yet."""
        action = HideReverted(
            Actor(self.wikis, self.names),
            what=list(PARTS),
            reverted=partial(self._ledger.named, reverted),
            reason='abuse',
        )
        campaign = self._planned(action, [named('w', title) for title in titles])
        self.run(reverted)
        self.run(campaign, action)
        return campaign

    def show(self, hidden: Campaign) -> Campaign:
        """Show what a campaign has hidden."""
        recorded = partial(self._ledger.named, hidden)
        action = UndoHideReverted(
            Actor(self.wikis, ()), reason='mistake', recorded=recorded
        )
        return self._carried_out(action, hidden)

    def restore(self, reverted: Campaign, hidden: Campaign) -> tuple[Campaign, Action]:
        """Plan to restore what was reverted, and is still hidden."""
        action = UndoRevertEdits(
            Actor(self.wikis, ()),
            reason='mistake',
            recorded=partial(self._ledger.named, reverted),
            shown=partial(self._ledger.named, hidden),
        )
        names = [t.name for t in self._ledger.targets(reverted) if t.changed]
        return self._planned(action, names), action

    def _carried_out(self, action: Action, undone: Campaign) -> Campaign:
        names = [t.name for t in self._ledger.targets(undone) if t.changed]
        campaign = self._planned(action, names)
        self.run(campaign, action)
        return campaign


@pytest.fixture
def desk(client: Client, wiki: Wiki, tmp_path: Path) -> Iterator[HidingDesk]:
    ledger = Ledger(str(tmp_path / 'ledger.sqlite3'))
    yield HidingDesk(ledger, client.site(wiki), [wiki.member.name, NOBODY])
    ledger.close()


@pytest.mark.parametrize('lost', [False, True], ids=['answered', 'lost'])
def test_reverted_edits_are_hidden_and_shown_before_they_are_restored(
    desk: HidingDesk, wiki: Wiki, client: Client, lost: bool
) -> None:
    """What was not reverted since is not hidden; an answer that is lost is read."""
    wiki.allow_hiding()
    site: Any = client.site(wiki)
    pages = {name: page(site, 'Good') for name in ('done', 'late')}
    titles = {name: each.title() for name, each in pages.items()}
    for each in pages.values():
        edit_anonymously(each, 'Bad')
    save(client.site(wiki, wiki.member), titles['done'], 'Worse')
    desk.site = site = client.site(wiki)
    reverts = desk.plan(*titles.values())
    save(site, titles['late'], 'Other')
    if lost:
        wiki.lose_answers('revisiondelete')
    hides = desk.hide(reverts, *titles.values())
    assert desk.states(hides) == {
        titles['done']: State.DONE,
        titles['late']: SkipReason.NOT_REVERTED,
    }
    (target,) = (t for t in desk._ledger.targets(hides) if t.changed)
    ids = target.decision.facts['ids']
    assert len(ids) == 2
    reader = Actor(desk.wikis, ()).reader
    assert hidden_parts(reader, 'w', ids) == dict.fromkeys(ids, frozenset(PARTS))
    assert text(site, titles['done']) == 'Good'

    found = visibility(reader, 'w', titles['done'], ids)
    assert {entry.revisions for entry in found.changes.values()} == {frozenset(ids)}

    restore, action = desk.restore(reverts, hides)
    shown = desk.show(hides)
    assert desk.states(shown) == {titles['done']: State.DONE}
    assert hidden_parts(reader, 'w', ids) == dict.fromkeys(ids, frozenset())
    wiki.restore()
    wiki.allow_hiding()
    desk.run(restore, action)
    assert desk.states(restore) == {titles['done']: State.DONE}
    assert text(site, titles['done']) == 'Worse'
    wiki.restore()
