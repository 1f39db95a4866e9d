"""Edits of several abusers, reverted and restored by the campaign's own actions.

Where a rollback stops, what an undo makes of a page that somebody else edits, and which
of them a wiki refuses, is the wiki's own business here, whether it is a real MediaWiki
or the sandbox.

https://www.mediawiki.org/wiki/API:Rollback
"""

from __future__ import annotations

import secrets
from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

import pytest
import pywikibot
from pywikibot.site import APISite

from mw_tokens_plugin.actions.filerevert import RevertFiles, UndoRevertFiles
from mw_tokens_plugin.actions.moveback import MoveBack, UndoMoveBack
from mw_tokens_plugin.actions.pagerevert import RevertEdits
from mw_tokens_plugin.actions.undorevert import UndoRevertEdits
from mw_tokens_plugin.campaign.action import Action
from mw_tokens_plugin.campaign.engine import Engine, Finish
from mw_tokens_plugin.campaign.ledger import Ledger
from mw_tokens_plugin.campaign.plan import make_plan
from mw_tokens_plugin.campaign.records import Campaign, SkipReason, State, Target
from mw_tokens_plugin.campaign.retry import RetryPolicy
from mw_tokens_plugin.campaign.workers import at_work
from mw_tokens_plugin.site.writes import send_once
from mw_tokens_plugin.targets.contributions import Actor, Period
from mw_tokens_plugin.targets.pagenames import named

from .client import Client, edit_anonymously, page, post
from .test_deletions import OneWiki, upload, wait_a_second
from .test_files import PNG
from .wiki import Wiki

#: From whom edits come where nobody is logged in.
NOBODY = '127.0.0.1'


class PublicWiki(OneWiki):
    """A farm of one wiki, which everybody may read."""

    def api_of(self, database: str) -> str:
        home: Any = self.home
        return f'http://{home.hostname()}{home.apipath()}'


class Desk:
    """Campaigns that revert edits on one wiki."""

    def __init__(self, ledger: Ledger, site: APISite, names: Sequence[str]) -> None:
        self.site = site
        self.names = list(names)
        self._ledger = ledger

    @cached_property
    def wikis(self) -> PublicWiki:
        return PublicWiki(self.site)  # type: ignore[arg-type]

    def plan(self, *titles: str) -> Campaign:
        """Plan to revert some pages."""
        return self._planned(self._revert(), [named('w', title) for title in titles])

    def undo(self, campaign: Campaign) -> Campaign:
        """Restore what a campaign has reverted, or move it again."""
        changed = [t.name for t in self._ledger.targets(campaign) if t.changed]
        undoing = {
            RevertEdits.kind: self._undo,
            RevertFiles.kind: self._undo_files,
            MoveBack.kind: self._move_again,
        }
        action = undoing[campaign.action](campaign)
        undo = self._planned(action, changed)
        self.run(undo, action)
        return undo

    def revert_files(self, *titles: str) -> Campaign:
        """Give files back the versions that others have uploaded."""
        period = Period('2020-01-01T00:00:00Z')
        actor = Actor(self.wikis, self.names)
        action = RevertFiles(actor, reason='abuse', period=period)
        campaign = self._planned(action, [named('w', title) for title in titles])
        self.run(campaign, action)
        return campaign

    def move_back(self, *titles: str) -> Campaign:
        """Move some pages back, which are named by the titles that they have now."""
        actor = Actor(self.wikis, self.names)
        action = MoveBack(actor, reason='abuse', period=Period('2020-01-01T00:00:00Z'))
        campaign = self._planned(action, [named('w', title) for title in titles])
        self.run(campaign, action)
        return campaign

    def run(self, campaign: Campaign, action: Action | None = None) -> None:
        """Carry out what is left of a campaign."""
        account = f'{self.site.username()}@{self.site}'
        policy = RetryPolicy(attempts=3, pause=0.01, sleep=lambda seconds: None)
        with at_work(self._ledger, campaign, account=account) as run:
            engine = Engine(
                self._ledger,
                campaign,
                action or self._revert(),
                run,
                policy=policy,
                sleep=lambda seconds: None,
            )
            assert engine.run() == Finish()

    def states(self, campaign: Campaign) -> dict[str, State | SkipReason]:
        """Return how targets have ended, or why they are skipped, by title."""
        return {
            target.name.partition(':')[2]: target.decision.skipped or target.state
            for target in self._ledger.targets(campaign)
        }

    def how(self, campaign: Campaign) -> dict[str, str]:
        """Return how pages are reverted, by title."""
        found: dict[str, Target] = {
            target.name.partition(':')[2]: target
            for target in self._ledger.targets(campaign)
        }
        return {
            title: each.decision.facts.get('how', '') for title, each in found.items()
        }

    def _planned(self, action: Action, names: Sequence[str]) -> Campaign:
        campaign = self._ledger.create(
            f'{action.kind}-{len(list(self._ledger.campaigns()))}',
            action=action.kind,
            wiki='w',
            operator=str(self.site.username()),
            reason='abuse',
            options={},
        )
        self._ledger.add(campaign, names)
        return make_plan(self._ledger, campaign, action)

    def _revert(self) -> RevertEdits:
        period = Period('2020-01-01T00:00:00Z')
        actor = Actor(self.wikis, self.names)
        return RevertEdits(actor, reason='abuse', period=period)

    def _undo_files(self, undone: Campaign) -> UndoRevertFiles:
        def recorded(names: Sequence[str]) -> Mapping[str, Target]:
            return self._ledger.named(undone, names)

        actor = Actor(self.wikis, ())
        return UndoRevertFiles(actor, reason='mistake', recorded=recorded)

    def _move_again(self, undone: Campaign) -> UndoMoveBack:
        def recorded(names: Sequence[str]) -> Mapping[str, Target]:
            return self._ledger.named(undone, names)

        actor = Actor(self.wikis, ())
        return UndoMoveBack(actor, reason='mistake', recorded=recorded)

    def _undo(self, undone: Campaign) -> UndoRevertEdits:
        def recorded(names: Sequence[str]) -> Mapping[str, Target]:
            return self._ledger.named(undone, names)

        actor = Actor(self.wikis, ())
        return UndoRevertEdits(actor, reason='mistake', recorded=recorded)


@pytest.fixture
def site(client: Client, wiki: Wiki) -> APISite:
    return client.site(wiki)


@pytest.fixture
def desk(site: APISite, wiki: Wiki, tmp_path: Path) -> Iterator[Desk]:
    ledger = Ledger(str(tmp_path / 'ledger.sqlite3'))
    yield Desk(ledger, site, [wiki.member.name, NOBODY])
    ledger.close()


def save(site: APISite, title: str, text: str) -> None:
    """Save a page, which exists."""
    send_once(site, 'edit', {'title': title, 'text': text, 'nocreate': True})  # type: ignore[arg-type]


def text(site: APISite, title: str) -> str:
    """Return what a page has now."""
    question = {'action': 'query', 'prop': 'revisions', 'rvprop': 'content'}
    (found,) = post(site, **question, rvslots='main', titles=title)['query']['pages']
    content: str = found['revisions'][0]['slots']['main']['content']
    return content


def test_what_several_have_done_to_pages_is_reverted_and_restored(
    desk: Desk, wiki: Wiki, site: APISite, client: Client
) -> None:
    """A rollback stops at another of them; the undo leaves alone what others edit."""
    pages = {name: page(site, 'Good') for name in ('roll', 'undo', 'since', 'late')}
    titles = {name: each.title() for name, each in pages.items()}
    for each in pages.values():
        edit_anonymously(each, 'Bad')
    created = page(site).title()
    vandal = client.site(wiki, wiki.member)
    save(vandal, titles['undo'], 'Worse')
    send_once(vandal, 'edit', {'title': created, 'text': 'Mine'})  # type: ignore[arg-type]
    # Two sites of a wiki share pywikibot's cookies.
    desk.site = site = client.site(wiki)
    save(site, titles['since'], 'Bad, but spelt well')

    campaign = desk.plan(*titles.values(), created)
    assert desk.how(campaign) == {
        titles['roll']: 'rollback',
        titles['undo']: 'edit',
        titles['since']: '',
        titles['late']: 'rollback',
        created: '',
    }
    save(site, titles['late'], 'Other')
    desk.run(campaign)
    assert desk.states(campaign) == {
        titles['roll']: State.DONE,
        titles['undo']: State.DONE,
        titles['since']: SkipReason.EDITED_SINCE,
        titles['late']: State.FAILED,
        created: SkipReason.FOR_DELETION,
    }
    now = {name: text(site, title) for name, title in titles.items()}
    wanted = {'roll': 'Good', 'undo': 'Good', 'since': 'Bad, but spelt well'}
    assert now == {**wanted, 'late': 'Other'}

    undo = desk.undo(campaign)
    assert set(desk.states(undo).values()) == {State.DONE}
    assert text(site, titles['roll']) == 'Bad'
    assert text(site, titles['undo']) == 'Worse'


def test_an_answer_that_is_lost_is_looked_up_in_the_history(
    desk: Desk, wiki: Wiki, site: APISite, client: Client
) -> None:
    """Nothing is reverted twice, nor restored twice."""
    rolled, undone = (page(site, 'Good') for _ in range(2))
    titles = [rolled.title(), undone.title()]
    for each in (rolled, undone):
        edit_anonymously(each, 'Bad')
    save(client.site(wiki, wiki.member), titles[1], 'Worse')
    desk.site = site = client.site(wiki)
    campaign = desk.plan(*titles)
    for action in ('rollback', 'edit'):
        wiki.lose_answers(action)
    desk.run(campaign)
    assert set(desk.states(campaign).values()) == {State.DONE}
    assert [text(site, title) for title in titles] == ['Good', 'Good']
    undo = desk.undo(campaign)
    assert set(desk.states(undo).values()) == {State.DONE}
    assert [text(site, title) for title in titles] == ['Bad', 'Worse']
    wiki.restore()
    for title, number in zip(titles, (4, 5), strict=True):
        question = {'action': 'query', 'prop': 'revisions', 'rvlimit': 'max'}
        (found,) = post(site, **question, titles=title)['query']['pages']
        assert len(found['revisions']) == number


@pytest.mark.only('mediawiki')
def test_edits_without_an_effect_and_hidden_revisions_are_skipped(
    desk: Desk, wiki: Wiki, site: APISite
) -> None:
    """What was repaired by hand needs nothing; what is hidden cannot be restored."""
    mended, hidden = (page(site, 'Good') for _ in range(2))
    wiki.hide_revisions(hidden.title())
    for each in (mended, hidden):
        edit_anonymously(each, 'Bad')
    save(site, mended.title(), 'Good')
    campaign = desk.plan(mended.title(), hidden.title(), 'Never edited')
    assert desk.states(campaign) == {
        mended.title(): SkipReason.ALREADY,
        hidden.title(): SkipReason.TEXT_HIDDEN,
        'Never edited': SkipReason.NO_PAGE,
    }


@pytest.mark.only('mediawiki')
@pytest.mark.parametrize('what', ['links', 'titles', 'captcha'])
def test_what_a_wiki_is_against_fails_with_its_words_and_is_not_tried_again(
    desk: Desk, wiki: Wiki, site: APISite, client: Client, what: str
) -> None:
    """Extensions refuse edits in their own ways, and all of them for good."""
    one = page(site, 'Good, see http://spam.example/')
    title = one.title()
    edit_anonymously(one, 'Bad')
    save(client.site(wiki, wiki.member), title, 'Worse')
    desk.site = site = client.site(wiki)
    campaign = desk.plan(title)
    assert desk.how(campaign) == {title: 'edit'}
    wiki.be_against(what)
    lists = {
        'links': ('MediaWiki:Spam-blacklist', 'spam\\.example'),
        'titles': ('MediaWiki:Titleblacklist', f'.*{title}.* <noedit>'),
    }
    try:
        if what in lists:
            where, line = lists[what]
            send_once(site, 'edit', {'title': where, 'text': line})  # type: ignore[arg-type]
        desk.run(campaign)
        (target,) = desk._ledger.targets(campaign, State.FAILED)
        assert target.is_refused_for_good, target
        assert target.detail and ' on ' in target.detail
        assert desk._ledger.retryable(campaign) == 0
    finally:
        wiki.restore()
    assert text(site, title) == 'Worse'


def titles_of(site: APISite, *titles: str) -> dict[str, str]:
    """Return what each title leads to: a page, as `page`, a redirect, or nothing."""
    question = {'action': 'query', 'prop': 'info', 'titles': '|'.join(titles)}
    pages = post(site, **question)['query']['pages']
    return {
        each['title']: 'redirect' if each.get('redirect') else 'page'
        for each in pages
        if 'missing' not in each
    }


@pytest.mark.parametrize('lost', [False, True], ids=['answered', 'lost'])
def test_pages_are_moved_back_over_the_redirects_that_were_left(
    desk: Desk, wiki: Wiki, site: APISite, client: Client, lost: bool
) -> None:
    """The undo leaves a redirect as the abuser did; what is in the way is kept."""
    old = {name: page(site, 'Good').title() for name in ('town', 'taken')}
    rude = {name: f'{title} (rude)' for name, title in old.items()}
    vandal = client.site(wiki, wiki.member)
    for name, title in old.items():
        how = {'from': title, 'to': rude[name], 'reason': 'haha'}
        send_once(vandal, 'move', how)  # type: ignore[arg-type]
    desk.site = site = client.site(wiki)
    save(site, old['taken'], 'Another page')
    every = (*old.values(), *rude.values())
    if lost:
        wiki.lose_answers('move')
    campaign = desk.move_back(*rude.values())
    assert desk.states(campaign) == {
        rude['town']: State.DONE,
        rude['taken']: SkipReason.PAGE_EXISTS,
    }
    assert titles_of(site, *every) == {
        old['town']: 'page',
        old['taken']: 'page',
        rude['taken']: 'page',
    }
    assert text(site, old['town']) == 'Good'
    undo = desk.undo(campaign)
    assert set(desk.states(undo).values()) == {State.DONE}
    assert titles_of(site, *every) == {
        **dict.fromkeys(every, 'page'),
        old['town']: 'redirect',
    }


@pytest.mark.parametrize('lost', [False, True], ids=['answered', 'lost'])
def test_files_that_were_overwritten_get_their_version_back(
    desk: Desk, wiki: Wiki, site: APISite, client: Client, tmp_path: Path, lost: bool
) -> None:
    """No version is deleted; the undo brings back the one that was reverted."""

    def hashes() -> list[str]:
        question = {'action': 'query', 'prop': 'imageinfo', 'iiprop': 'sha1'}
        answer = post(site, **question, iilimit='max', titles=title)
        (found,) = answer['query']['pages']
        return [version['sha1'] for version in found['imageinfo']]

    title = upload(site, tmp_path, 1)
    wait_a_second(site)
    vandal = client.site(wiki, wiki.member)
    path = tmp_path / 'theirs.png'
    path.write_bytes(PNG + secrets.token_bytes(8))
    assert pywikibot.FilePage(vandal, title).upload(
        str(path), comment='haha', ignore_warnings=True
    )
    desk.site = site = client.site(wiki)
    bad, good = hashes()
    wait_a_second(site)
    if lost:
        wiki.lose_answers('filerevert')
    campaign = desk.revert_files(title)
    assert desk.states(campaign) == {title: State.DONE}
    assert hashes() == [good, bad, good]
    wait_a_second(site)
    undo = desk.undo(campaign)
    assert desk.states(undo) == {title: State.DONE}
    assert hashes() == [bad, good, bad, good]
