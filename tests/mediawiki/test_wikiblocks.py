"""Abusers blocked by the campaign's own actions, and the blocks lifted again.

Which second block a wiki refuses, and what it tells of blocks, is its own
business here, whether it is a real MediaWiki or the sandbox.

https://www.mediawiki.org/wiki/API:Block
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from pywikibot.site import APISite

from mw_tokens_plugin.actions.wikiblock import (
    BlockOnWikis,
    UndoBlockOnWikis,
    WantedBlock,
)
from mw_tokens_plugin.campaign.ledger import Ledger
from mw_tokens_plugin.campaign.records import Campaign, SkipReason, State
from mw_tokens_plugin.protocol.globalaccounts import GlobalAccount
from mw_tokens_plugin.site.writes import send_once
from mw_tokens_plugin.targets.contributions import Actor
from mw_tokens_plugin.targets.pagenames import named

from .client import Client, page, post
from .test_reverts import Desk, save
from .wiki import Wiki


def accounts(names: Sequence[str]) -> Iterator[tuple[str, GlobalAccount]]:
    """Stand for a central wiki: here there is none."""
    for number, name in enumerate(names, 1):
        yield name, GlobalAccount(name=name, exists=True, central_id=number)


class BlockDesk(Desk):
    """Campaigns that block users of one wiki."""

    def block(self) -> Campaign:
        """Block all of them, as far as they have no block."""
        # The sandbox's member is an administrator.
        wanted = WantedBlock('1 week', ignored_groups=frozenset({'sysop'}))
        actor = Actor(self.wikis, self.names)
        action = BlockOnWikis(actor, wanted=wanted, accounts=accounts, reason='abuse')
        names = [named('w', f'User:{name}') for name in self.names]
        campaign = self._planned(action, names)
        self.run(campaign, action)
        return campaign

    def unblock(self, campaign: Campaign) -> Campaign:
        """Lift what a campaign has made."""
        changed = [t.name for t in self._ledger.targets(campaign) if t.changed]
        action = UndoBlockOnWikis(
            Actor(self.wikis, ()),
            undone=campaign,
            block_talk=False,
            accounts=accounts,
            reason='mistake',
            recorded=lambda names: self._ledger.named(campaign, names),
        )
        undo = self._planned(action, changed)
        self.run(undo, action)
        return undo


@pytest.fixture
def desk(client: Client, wiki: Wiki, tmp_path: Path) -> Iterator[BlockDesk]:
    ledger = Ledger(str(tmp_path / 'ledger.sqlite3'))
    yield BlockDesk(ledger, client.site(wiki), [wiki.member.name])
    ledger.close()


def blocks(site: APISite, user: str) -> list[dict[str, Any]]:
    """Return the blocks of a user."""
    question = {'action': 'query', 'list': 'blocks', 'bkusers': user}
    found: list[dict[str, Any]] = post(site, **question)['query']['blocks']
    return found


@pytest.mark.parametrize('lost', [False, True], ids=['answered', 'lost'])
def test_a_user_is_blocked_once_and_just_that_block_is_lifted(
    desk: BlockDesk, wiki: Wiki, client: Client, lost: bool
) -> None:
    """The user may edit the own talk page; whoever changes the block has it kept."""
    user = wiki.member.name
    target = page(client.site(wiki), 'Good').title()
    save(client.site(wiki, wiki.member), target, 'Bad')
    site: Any = client.site(wiki)
    desk.site = site
    title = f'User:{user}'
    try:
        if lost:
            for action in ('block', 'unblock'):
                wiki.lose_answers(action)
        campaign = desk.block()
        assert desk.states(campaign) == {title: State.DONE}
        (made,) = blocks(site, user)
        assert made['nocreate'] and made['autoblock'] and made['allowusertalk']
        assert made['reason'] == 'abuse'
        assert desk.states(desk.block()) == {title: SkipReason.ALREADY}

        undo = desk.unblock(campaign)
        assert desk.states(undo) == {title: State.DONE}
        assert not blocks(site, user)
        wiki.restore()

        campaign = desk.block()
        change = {'user': user, 'reason': 'theirs', 'reblock': True, 'expiry': '1 day'}
        send_once(site, 'block', change)
        undo = desk.unblock(campaign)
        assert desk.states(undo) == {title: SkipReason.CHANGED_SINCE}
        assert desk.states(desk.block()) == {title: SkipReason.BLOCKED_OTHERWISE}
        assert [each['reason'] for each in blocks(site, user)] == ['theirs']
    finally:
        wiki.restore()
        for each in blocks(site, user):
            send_once(site, 'unblock', {'id': each['id']})
