"""Pages that are not simple, deleted and restored by the campaign's own actions.

What the wiki does when a page is edited, moved or deleted at the same moment, when its
job queue has to delete it, and when its answers are lost, is the wiki's own business
here, whether it is a real MediaWiki or the sandbox.

https://www.mediawiki.org/wiki/API:Delete
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any
from unicodedata import normalize

import pytest
import pywikibot
from pywikibot.comms import http
from pywikibot.site import APISite

from mw_tokens_plugin.actions import pagedelete as crosswiki
from mw_tokens_plugin.actions.pagedelete import CrosswikiDelete, PageGuards
from mw_tokens_plugin.actions.pagerestore import UndoCrosswikiDelete
from mw_tokens_plugin.campaign.action import Action
from mw_tokens_plugin.campaign.engine import Engine, Finish
from mw_tokens_plugin.campaign.ledger import Ledger
from mw_tokens_plugin.campaign.plan import make_plan
from mw_tokens_plugin.campaign.records import (
    Campaign,
    Outcome,
    SkipReason,
    State,
    Target,
)
from mw_tokens_plugin.campaign.retry import RetryPolicy
from mw_tokens_plugin.campaign.workers import at_work
from mw_tokens_plugin.exceptions import (
    AmbiguousWrite,
    InvalidInput,
    UnexpectedAnswer,
    WikiUnreachable,
)
from mw_tokens_plugin.protocol.globalaccounts import AttachedAccount
from mw_tokens_plugin.site.writes import send_once
from mw_tokens_plugin.targets import pages as campaign_pages
from mw_tokens_plugin.targets.deletionlog import ask
from mw_tokens_plugin.targets.pagenames import named
from mw_tokens_plugin.targets.pagereader import PageReader
from mw_tokens_plugin.targets.pagerecords import Page
from mw_tokens_plugin.targets.pages import read_deleted, read_pages
from mw_tokens_plugin.targets.wikis import Standing, Wikis

from .client import Client, post
from .installation import MediaWiki
from .test_files import PNG
from .wiki import Wiki

#: Seconds after which a target is tried again, or read again.
_PAUSE = 0.01


class OneWiki(Wikis):
    """A farm of one wiki, which needs no other login."""

    def site(self, database: str) -> Any:
        return self.home

    @property
    def accounts(self) -> Any:
        home: Any = self.home
        url = f'http://{home.hostname()}'
        return {'w': AttachedAccount('w', url, 1, (), None, None, False)}

    def at(self, where: Any) -> str:
        return 'w'

    def look(
        self, database: str, right: str, titles: Sequence[str]
    ) -> tuple[Standing, Iterable[Page]]:
        return self.standing(database, right), read_pages(self.home, titles)

    def standing(self, database: str, right: str) -> Standing:
        return Standing(None)


class Desk:
    """Campaigns on one wiki.

    :ivar between: done between two attempts or looks
    """

    def __init__(self, ledger: Ledger, site: APISite) -> None:
        self.site = site
        self.between: Callable[[], None] = lambda: None
        self.guards = PageGuards(max_revisions=50, max_authors=5)
        self.reason = 'spam'
        self._ledger = ledger

    def plan(self, *titles: str) -> Campaign:
        """Plan the deletion of some pages."""
        return self._planned(self._deletion(), [named('w', title) for title in titles])

    def delete(self, *titles: str) -> Campaign:
        """Delete pages; what becomes of them is in the ledger."""
        campaign = self.plan(*titles)
        assert self.run(campaign) == Finish()
        return campaign

    def run(self, campaign: Campaign, attempts: int = 5) -> Finish:
        """Carry out what is left of a campaign."""
        undone = campaign.options.get('undone')
        action = self._restoration(undone) if undone else self._deletion()
        account = f'{self.site.username()}@{self.site}'
        policy = RetryPolicy(attempts=attempts, pause=_PAUSE, sleep=self._sleep)
        with at_work(self._ledger, campaign, account=account) as run:
            return Engine(
                self._ledger, campaign, action, run, policy=policy, sleep=self._sleep
            ).run()

    def retry(self, campaign: Campaign) -> None:
        """Plan what has failed anew, and carry it out."""
        self._ledger.plan_again(campaign)
        make_plan(self._ledger, campaign, self._deletion(campaign))
        assert self.run(campaign) == Finish()

    def undo(self, campaign: Campaign) -> Campaign:
        """Restore what a campaign has deleted."""
        done = self._ledger.targets(campaign, State.DONE)
        names = [target.name for target in done if target.changed]
        restoring = self._planned(
            self._restoration(campaign.name), names, undone=campaign.name
        )
        assert self.run(restoring) == Finish()
        return restoring

    def targets(self, campaign: Campaign) -> dict[str, Target]:
        """Return the targets of a campaign by their titles."""
        found = self._ledger.targets(campaign)
        return {target.name.partition(':')[2]: target for target in found}

    def reconcile(self, campaign: Campaign) -> Outcome | None:
        """Find out about the only target as if its answer had been lost."""
        account = f'{self.site.username()}@{self.site}'
        leased = self._ledger.lease(campaign, 'a run', 1, account, 'w')
        ((_, outcome),) = self._deletion().reconcile(leased)
        return outcome

    def target(self, campaign: Campaign) -> Target:
        """Return the only target of a campaign."""
        (target,) = self.targets(campaign).values()
        return target

    def _planned(
        self, action: Action, names: Sequence[str], **options: Any
    ) -> Campaign:
        campaign = self._ledger.create(
            secrets.token_hex(8),
            action=action.kind,
            wiki='w',
            operator=self.site.username(),
            reason=self.reason,
            options=options,
        )
        self._ledger.add(campaign, names)
        return make_plan(self._ledger, campaign, action)

    def _deletion(self, campaign: Campaign | None = None) -> CrosswikiDelete:
        def recorded(names: Sequence[str]) -> Mapping[str, Target]:
            return self._ledger.named(campaign, names) if campaign else {}

        return CrosswikiDelete(
            OneWiki(self.site),
            reason=self.reason,
            guards=self.guards,
            recorded=recorded,
        )

    def _restoration(self, name: str) -> UndoCrosswikiDelete:
        undone = self._ledger.find(name)
        assert undone is not None
        return UndoCrosswikiDelete(
            OneWiki(self.site),
            reason=self.reason,
            recorded=lambda names: self._ledger.named(undone, names),
        )

    def _sleep(self, seconds: float) -> None:
        if seconds >= _PAUSE:
            self.between()


@pytest.fixture
def site(client: Client, wiki: Wiki) -> APISite:
    return client.site(wiki)


@pytest.fixture
def desk(site: APISite, tmp_path: Path) -> Iterator[Desk]:
    ledger = Ledger(str(tmp_path / 'ledger.sqlite3'))
    yield Desk(ledger, site)
    ledger.close()


def write(site: APISite, revisions: int = 1, title: str = '') -> str:
    """Write a page that no other test uses, and return its title."""
    title = title or f'Test {secrets.token_hex(8)}'
    for number in range(revisions):
        send_once(site, 'edit', {'title': title, 'text': f'text {number}'})
    return title


def upload(site: APISite, tmp_path: Path, versions: int) -> str:
    """Upload versions of a file, and return the title of its page."""
    title = f'File:Test {secrets.token_hex(8)}.png'
    path = tmp_path / 'version.png'
    for _ in range(versions):
        path.write_bytes(PNG + secrets.token_bytes(8))
        assert pywikibot.FilePage(site, title).upload(
            str(path), summary='a square', text='A square.', ignore_warnings=True
        )
        if versions > 1:
            # A wiki puts no two versions of a file away in the same second.
            wait_a_second(site)
    return title


def wait_a_second(site: APISite) -> None:
    """Wait until the wiki's clock shows another second."""
    second = site.server_time()
    while site.server_time() == second:
        time.sleep(0.05)


def revisions(site: APISite, title: str) -> int:
    """Return how many revisions a page has; 0 if there is none."""
    question = {'action': 'query', 'prop': 'revisions', 'rvlimit': 'max'}
    (page,) = post(site, **question, titles=title)['query']['pages']
    return len(page.get('revisions', ()))


def sent(wiki: Wiki, action: str = 'delete') -> int:
    return sum(each.action == action for each in wiki.sent())


def test_a_page_that_is_edited_at_the_same_moment_is_not_done(
    desk: Desk, wiki: Wiki, site: APISite
) -> None:
    """MediaWiki deletes nothing then, and answers without an entry of its log."""
    title = write(site)
    wiki.interfere('during', 'edit')
    campaign = desk.delete(title)
    target = desk.target(campaign)
    assert (target.state, target.changed) == (State.FAILED, False)
    assert 'changed since the plan' in (target.detail or '')
    assert (revisions(site, title), sent(wiki)) == (2, 1)
    assert desk.targets(desk.undo(campaign)) == {}


def test_a_page_that_somebody_deletes_at_the_same_moment_is_not_ours(
    desk: Desk, wiki: Wiki, site: APISite
) -> None:
    title = write(site)
    wiki.interfere('during', 'delete')
    campaign = desk.delete(title)
    target = desk.target(campaign)
    assert (target.state, target.changed) == (State.DONE, False)
    assert target.detail == 'gone meanwhile, by Colleague'
    assert (revisions(site, title), sent(wiki)) == (0, 1)
    assert desk.targets(desk.undo(campaign)) == {}


@pytest.mark.parametrize('lost', [False, True], ids=['answered', 'lost'])
def test_what_the_job_queue_deletes_is_done_when_it_has_done_it(
    desk: Desk, wiki: Wiki, site: APISite, tmp_path: Path, lost: bool
) -> None:
    """Whether or not the wiki could say so, nothing is sent twice; all is restored."""
    titles = [write(site, 5), upload(site, tmp_path, 3)]
    wiki.delete_in_batches(2)
    if lost:
        wiki.lose_answers('delete')
    campaign = desk.plan(*titles)
    finish = desk.run(campaign, attempts=2)
    assert isinstance(finish.error, AmbiguousWrite)
    states = {target.state for target in desk.targets(campaign).values()}
    assert states == {State.LEASED}
    assert [revisions(site, title) for title in titles] == [3, 1]
    # Another campaign leaves it alone.
    other = desk.targets(desk.plan(*titles))
    assert {t.decision.skipped for t in other.values()} == {SkipReason.BEING_DELETED}
    desk.between = wiki.run_jobs
    assert desk.run(campaign) == Finish()
    assert [revisions(site, title) for title in titles] == [0, 0]
    assert all(target.changed for target in desk.targets(campaign).values())
    assert sent(wiki) == 2
    restored = desk.targets(desk.undo(campaign))
    assert {target.state for target in restored.values()} == {State.DONE}
    assert [revisions(site, title) for title in titles] == [5, 3]
    (shown,) = post(
        site, action='query', prop='imageinfo', iilimit='max', titles=titles[1]
    )['query']['pages']
    assert len(shown['imageinfo']) == 3


@pytest.mark.parametrize('altered', [False, True], ids=['as given', 'altered'])
def test_a_lost_answer_is_recognised_whatever_the_reason_became(
    desk: Desk, wiki: Wiki, site: APISite, altered: bool
) -> None:
    """The wiki shortens reasons and normalises them, and extensions rewrite them."""
    title = write(site, 2)
    desk.reason = f' {normalize("NFD", "é" * 600)} '
    if altered:
        wiki.alter_reasons('something else')
    for action in 'delete', 'undelete':
        wiki.lose_answers(action)
        if action == 'delete':
            campaign = deleted = desk.delete(title)
        else:
            campaign = desk.undo(deleted)
        target = desk.target(campaign)
        assert (target.state, target.changed) == (State.DONE, True), target
        assert sent(wiki, action) == 1
    assert revisions(site, title) == 2


def history(title: str) -> str:
    """Return one old revision of a page, as wikis export it."""
    return (
        '<mediawiki xmlns="http://www.mediawiki.org/xml/export-0.10/" version="0.10"'
        f' xml:lang="en"><page><title>{title}</title><ns>0</ns><id>1</id><revision>'
        '<timestamp>2011-01-01T00:00:00Z</timestamp><contributor>'
        '<username>Other</username><id>0</id></contributor><model>wikitext</model>'
        '<format>text/x-wiki</format><text xml:space="preserve">old</text>'
        '</revision></page></mediawiki>'
    )


@pytest.mark.only('mediawiki')
def test_a_page_that_was_imported_is_deleted_and_restored_with_its_history(
    desk: Desk, site: APISite
) -> None:
    """The log counts an import in another form than a restoration."""
    title = write(site)
    http.session.post(
        f'http://{site.hostname()}{site.apipath()}',
        data={'action': 'import', 'interwikiprefix': 'de', 'token': site.tokens.csrf},
        files={'xml': ('page.xml', history(title))},
        timeout=240,
    )
    before = revisions(site, title)
    campaign = desk.delete(title)
    assert desk.target(campaign).decision.facts['authors'][-1] == 'de>Other'
    assert (before, revisions(site, title)) == (3, 0)
    assert desk.target(desk.undo(campaign)).state is State.DONE
    assert revisions(site, title) == 3


@pytest.mark.only('mediawiki')
def test_revisions_that_were_imported_behind_a_page_are_not_called_a_change(
    desk: Desk, wiki: MediaWiki, site: APISite
) -> None:
    """The newest revision tells nothing of them; a plan that is made again has all."""
    title = write(site)
    wiki.import_pages(history(title))
    campaign = desk.delete(title)
    target = desk.target(campaign)
    assert (target.state, revisions(site, title)) == (State.FAILED, 2)
    assert 'older revisions than the plan shows' in (target.detail or '')
    desk.retry(campaign)
    assert len(desk.target(campaign).decision.facts['revisions']) == 2
    assert (desk.target(campaign).state, revisions(site, title)) == (State.DONE, 0)


@pytest.mark.parametrize('answers', [1, 9], ids=['once', 'always'])
@pytest.mark.parametrize('scheduled', [True, False], ids=['scheduled', 'another'])
def test_an_answer_that_proves_nothing_is_not_believed(
    desk: Desk,
    site: APISite,
    monkeypatch: pytest.MonkeyPatch,
    scheduled: bool,
    answers: int,
) -> None:
    """A gateway can send it, and a job queue can lose what it was given."""
    title = write(site)
    campaign = desk.plan(title)
    said: dict[str, Any] = {
        'title': title if scheduled else 'Another',
        'reason': 'spam',
    }
    said |= {'scheduled': True} if scheduled else {'logid': 999_999}
    left = [said] * answers

    def answer(*args: Any) -> Any:
        return left.pop() if left else send_once(*args)

    monkeypatch.setattr(crosswiki, 'send_once', answer)
    finish = desk.run(campaign, attempts=3)
    target = desk.target(campaign)
    if answers == 1:
        assert (finish, target.state) == (Finish(), State.DONE)
        assert revisions(site, title) == 0
        assert target.log_id != said.get('logid')
    else:
        assert not finish.is_whole
        assert (target.state, revisions(site, title)) == (State.LEASED, 1)


@pytest.mark.parametrize('pages', [None, [], {}, [{}], [None], 'pages'])
def test_an_answer_without_pages_says_nothing_of_them(
    desk: Desk, site: APISite, monkeypatch: pytest.MonkeyPatch, pages: Any
) -> None:
    """Least of all that one is gone, or that no page can have its title."""
    title = write(site)
    campaign = desk.plan(title)
    left = [{'query': {} if pages is None else {'pages': pages}}] * 2

    def answer(site: APISite, **asked: Any) -> Any:
        return left.pop() if left else ask(site, **asked)

    monkeypatch.setattr(campaign_pages, 'ask', answer)
    with pytest.raises((UnexpectedAnswer, WikiUnreachable)):
        desk.plan(title)
    left[:] = [{'query': {} if pages is None else {'pages': pages}}]
    assert desk.run(campaign) == Finish()
    target = desk.target(campaign)
    kept = revisions(site, title)
    assert (target.state, kept) in [(State.DONE, 0), (State.FAILED, 1)]
    assert not kept or 'UnexpectedAnswer' in (target.detail or '')


@pytest.mark.parametrize('lost', [False, True], ids=['answered', 'lost'])
def test_a_page_that_is_moved_right_before_is_restored_where_it_was(
    desk: Desk, wiki: Wiki, site: APISite, lost: bool
) -> None:
    """It is named by its number, so it is deleted under its new title."""
    title = write(site)
    # The move leaves a revision, and revisions are restored by their seconds.
    wait_a_second(site)
    wiki.interfere('before', 'move')
    if lost:
        wiki.lose_answers('delete')
    campaign = desk.delete(title)
    target = desk.target(campaign)
    assert (target.state, target.changed) == (State.DONE, True), target
    assert f'deleted as {title + " moved"!r}' in (target.detail or '')
    restored = desk.target(desk.undo(campaign))
    assert (restored.state, restored.changed) == (State.DONE, True), restored
    assert revisions(site, f'{title} moved') == 1


def test_a_file_whose_contents_are_lost_is_not_restored(
    desk: Desk, wiki: Wiki, site: APISite, tmp_path: Path
) -> None:
    title = upload(site, tmp_path, 1)
    campaign = desk.delete(title)
    wiki.lose_deleted_files()
    target = desk.target(desk.undo(campaign))
    assert target.state is State.FAILED
    assert target.detail == ('only 1 of 1 revision and 0 of 1 file version came back')


def test_a_page_that_is_back_already_is_not_called_a_new_one(
    desk: Desk, site: APISite
) -> None:
    back, part, new = titles = [write(site, 2) for _ in range(3)]
    campaign = desk.delete(*titles)
    send_once(site, 'undelete', {'title': back, 'reason': 'keep it'})
    write(site, title=new)
    _page, (newest, *_), _entry = read_deleted(site, part)
    # Revisions are restored by their seconds, so both come back if they share one.
    sent = {'title': part, 'timestamps': newest.time, 'reason': 'keep this'}
    is_part = send_once(site, 'undelete', sent)['revisions'] == 1
    skipped = [t.decision.skipped for t in desk.targets(desk.undo(campaign)).values()]
    assert skipped[::2] == [SkipReason.ALREADY, SkipReason.PAGE_EXISTS]
    assert skipped[1] is (SkipReason.PAGE_EXISTS if is_part else SkipReason.ALREADY)


def test_a_page_that_was_restored_since_the_plan_is_kept(
    desk: Desk, wiki: Wiki, site: APISite
) -> None:
    """It has the same number and the same revisions as before."""
    title = write(site)
    campaign = desk.plan(title)
    send_once(site, 'delete', {'title': title, 'reason': 'spam'})
    send_once(site, 'undelete', {'title': title, 'reason': 'keep it'})
    wiki.forget()
    assert desk.run(campaign) == Finish()
    target = desk.target(campaign)
    assert target.state is State.FAILED
    assert 'deleted and restored since the plan' in (target.detail or '')
    assert (revisions(site, title), sent(wiki)) == (1, 0)


def test_only_what_was_logged_since_the_plan_tells_who_deleted_a_page(
    desk: Desk, wiki: Wiki, site: APISite
) -> None:
    """Here a deletion of which nobody may know, after one by the operator."""
    title = write(site)
    send_once(site, 'delete', {'title': title, 'reason': 'spam'})
    wait_a_second(site)
    write(site, title=title)
    campaign = desk.plan(title)
    wiki.interfere('during', 'delete')
    desk.between = lambda: wiki.hide_log(title)
    assert desk.run(campaign) == Finish()
    target = desk.target(campaign)
    assert (target.state, target.changed) == (State.DONE, False)
    assert target.detail == 'gone meanwhile, by others'


def test_a_version_that_was_deleted_is_not_taken_for_the_page(
    desk: Desk, site: APISite, tmp_path: Path
) -> None:
    """Its entry in the log has the number of the page, too."""
    title = upload(site, tmp_path, 2)
    campaign = desk.plan(title)
    history = pywikibot.FilePage(site, title).get_file_history()
    old = {'title': title, 'oldimage': history[min(history)].archivename}
    send_once(site, 'delete', {**old, 'reason': 'spam'})
    assert desk.reconcile(campaign) is None


def test_a_title_that_no_page_can_have_is_skipped_by_name(
    desk: Desk, wiki: Wiki, site: APISite
) -> None:
    """And a page is found by every way to write its title."""
    accented = normalize('NFC', f'Café {secrets.token_hex(4)}')
    plain, other = (f'Test {secrets.token_hex(8)}' for _ in range(2))
    for title in (accented, plain, other):
        write(site, title=title)
    found = {
        normalize('NFD', accented): accented,
        f'{plain[0].lower()}{plain[1:]}'.replace(' ', '_'): plain,
        f' {other}\u200e#top': other,
    }
    untitled = dict.fromkeys(
        [
            *('A|B', 'A\x00B', 'C\x1fD', '\ud800', 'http://[bad', '<b>', '{{a}}'),
            *('x' * 300, 'ä' * 200, 'a%41', '..', './a', '~~~~', 'User:'),
        ],
        SkipReason.NO_TITLE,
    )
    interwiki = dict.fromkeys(['mw:Spam_y', ':mw:Spam'], SkipReason.INTERWIKI)
    campaign = desk.plan(*found, *untitled, *interwiki, 'Special:Version')
    skipped = [target.decision.skipped for target in desk.targets(campaign).values()]
    expected = [
        *([None] * 3),
        *untitled.values(),
        *interwiki.values(),
        SkipReason.NO_TITLE,
    ]
    assert skipped == expected
    titles = [t.decision.facts.get('title') for t in desk.targets(campaign).values()]
    assert titles[:3] == list(found.values())
    # Each alone, when nothing else is asked of the wiki.
    for title, why in [('A|B', SkipReason.NO_TITLE), ('mw:Spam', SkipReason.INTERWIKI)]:
        assert desk.target(desk.plan(title)).decision.skipped is why
    assert desk.run(campaign) == Finish()
    assert [revisions(site, title) for title in found.values()] == [0, 0, 0]


def test_a_list_names_the_page_that_the_wiki_would_show(
    desk: Desk, site: APISite
) -> None:
    """And none with a title like it: each of these names another page if misread.

    https://www.mediawiki.org/wiki/Manual:PathRouter.php
    """
    x = f'T{secrets.token_hex(4)}'
    url = f'http://{site.hostname()}/w/index.php'
    found = {
        f'w\t{x}&#39;s': f"{x}'s",
        f'[[w:{x}&#039;s&nbsp;b|label]]': f"{x}'s b",
        f'w\t{x}&amp;c': f'{x}&c',
        f'w\t{x}\x85d': f'{x}\x85d',
        f'w\t {x}\u2028e\u3000': f'{x} e',
        f'{url}/{x}_f?title={x}': f'{x} f',
        f'{url}?title={x}&title={x}+g': f'{x} g',
        f'{url}?title={x}%26%2339;h': f'{x}&',
    }
    skipped = {f'w\t{x}&amp;amp;j', f'{url}?title={x}%26lt%3Bi', f'{url}/{x}%09i'}
    for title in {x, f'{x}&i', f'{x} i', f'{x} d', f'{x}{x} g', *found.values()}:
        write(site, title=title)
    reader = PageReader(OneWiki(site))
    names = [reader.page(text) for text in (*found, *skipped)]
    assert names == [reader.page(name) for name in names]
    planned = desk.targets(desk.plan(*(name.partition(':')[2] for name in names)))
    decisions = [target.decision for target in planned.values()]
    assert [d.facts['title'] for d in decisions if not d.skipped] == list(
        found.values()
    )
    assert [d.skipped for d in decisions if d.skipped] == [SkipReason.NO_TITLE] * len(
        skipped
    )
    with pytest.raises(InvalidInput, match='more columns'):
        reader.page(f'w\t{x}\t2026-01-01')


def test_a_number_in_an_address_counts_as_for_the_wiki(site: APISite) -> None:
    """What PHP reads in a way of its own is refused.

    https://www.php.net/manual/en/function.intval.php
    https://github.com/wikimedia/mediawiki/blob/REL1_39/includes/MediaWiki.php#L80
    """
    numbered, named_page = write(site), write(site)
    page = pywikibot.Page(site, numbered)
    number, revision = page.pageid, page.latest_revision_id
    url = f'http://{site.hostname()}/w/index.php'
    title = f'{url}?title={named_page.replace(" ", "_")}'
    digits = ''.join(chr(0x660 + int(digit)) for digit in str(revision))
    addresses = {
        f'{url}?diff={revision}': numbered,
        f'{title}&diff=prev&oldid={revision}': numbered,
        f'{title}&curid={number}': numbered,
        f'{title}&oldid={digits}': named_page,
        f'{title}&curid={digits}': named_page,
        f'{title}&oldid={"9" * 30}': named_page,
        f'{url}?title=Special:Log&oldid={revision}': 'Special:Log',
        f'{url}/special_:Log?diff={revision}': 'Special:Log',
    }
    reader = PageReader(OneWiki(site))
    for address, shown in addresses.items():
        (found,) = read_pages(site, [reader.page(address).partition(':')[2]])
        assert found.title == shown, address
    for odd in f'%20{revision}', f'%2B{revision}', f'{revision}x', '1e3', '-1', '.5':
        with pytest.raises(InvalidInput, match='not the address of a page'):
            reader.page(f'{title}&oldid={odd}')


def test_the_plan_tells_what_stays_and_what_protects_a_page(
    desk: Desk, site: APISite
) -> None:
    template = write(site, title=f'Template:Test {secrets.token_hex(8)}')
    user = write(site)
    send_once(site, 'edit', {'title': user, 'text': f'{{{{{template[9:]}}}}}'})
    write(site, title=f'Talk:{user}')
    send_once(site, 'protect', {'title': user, 'protections': 'edit=sysop|move=sysop'})
    targets = desk.targets(desk.plan(template, user))
    facts = targets[template].decision.facts
    assert facts['embedded'] and 'talk' not in facts
    facts = targets[user].decision.facts
    assert facts['talk'] and facts['protection'] == ['edit=sysop', 'move=sysop']
    assert 'embedded' not in facts and 'moved_to' not in facts


def test_the_plan_tells_that_a_victims_page_was_moved_away_and_written_over(
    desk: Desk, site: APISite
) -> None:
    title = write(site)
    send_once(site, 'move', {'from': title, 'to': f'{title} victim'})
    write(site, title=title)
    facts = desk.target(desk.plan(title)).decision.facts
    assert facts['moved_to'] == f'{title} victim'


@pytest.mark.only('mediawiki')
def test_a_page_whose_first_author_is_hidden_is_told_as_that(
    desk: Desk, wiki: Wiki, site: APISite
) -> None:
    title = write(site, 2)
    wiki.hide_revisions(title)
    desk.guards = PageGuards(
        begun_by=frozenset([site.username()]), max_authors=5, max_revisions=10
    )
    decision = desk.target(desk.plan(title)).decision
    assert decision.skipped is SkipReason.FIRST_HIDDEN
    assert decision.facts['authors'] == ['(hidden)']
    # An undo is refused while the text of the newest revision is hidden.
    assert decision.facts['newest_hidden']


@pytest.mark.only('mediawiki')
def test_an_operator_who_is_blocked_from_one_page_deletes_the_others(
    desk: Desk, wiki: Wiki, site: APISite
) -> None:
    titles = [write(site) for _ in range(3)]
    block = {'user': site.username(), 'partial': True, 'allowusertalk': True}
    planned = desk.plan(*titles)
    send_once(site, 'block', {**block, 'pagerestrictions': titles[1]})
    try:
        skipped = [
            t.decision.skipped for t in desk.targets(desk.plan(*titles)).values()
        ]
        assert skipped == [None, SkipReason.PAGE_REFUSED, None]
        assert desk.run(planned) == Finish()
    finally:
        send_once(site, 'unblock', {'user': site.username()})
    states = [target.state for target in desk.targets(planned).values()]
    assert states == [State.DONE, State.FAILED, State.DONE]
    assert [revisions(site, title) for title in titles] == [0, 1, 0]


@pytest.mark.only('mediawiki')
def test_the_plan_tells_what_the_operator_could_not_restore(
    desk: Desk, client: Client, wiki: Wiki, site: APISite
) -> None:
    """A sysop may delete the scripts of other users, but not restore them."""
    script = write(site, title=f'User:{wiki.operator.name}/{secrets.token_hex(4)}.js')
    rights = {'user': wiki.member.name, 'token': site.tokens.userrights}
    change = site.simple_request
    change(action='userrights', add='sysop', **rights).submit()
    try:
        desk.site = client.site(wiki, wiki.member)
        facts = desk.target(desk.plan(script)).decision.facts
    finally:
        change(action='userrights', remove='sysop', **rights).submit()
    assert 'contains another user' in facts['not_restorable']
    assert 'refusal' not in facts
