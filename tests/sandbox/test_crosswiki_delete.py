"""Deleting pages on many wikis: targets, plan, guards, undo, and nothing twice.

Judged on the journal of the sandbox, and on its pages.
"""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from centralauth_sandbox import Sandbox
from centralauth_sandbox.files import archive_name
from centralauth_sandbox.journal import Entry
from centralauth_sandbox.records import WikiSet
from centralauth_sandbox.titles import parse_title
from mw_tokens_plugin.actions import pagedelete as crosswiki
from mw_tokens_plugin.actions import pagefates
from mw_tokens_plugin.campaign.ledger import Ledger
from mw_tokens_plugin.campaign.records import State, now
from mw_tokens_plugin.campaign.retry import RetryPolicy
from mw_tokens_plugin.campaign.schema import campaigns
from mw_tokens_plugin.cli import launch
from mw_tokens_plugin.exceptions import WikiUnreachable
from mw_tokens_plugin.targets.pagelists import Searches
from mw_tokens_plugin.targets.pages import read_deletions, read_page
from mw_tokens_plugin.targets.wikis import Wikis

from .desk import Desk, Run
from .farms import Farm, existing
from .foreign import forget_account

pytestmark = pytest.mark.filterwarnings('ignore:Site objects have been created')

Script = Callable[..., Run]
VANDAL = 'Spambot 00001'
USUAL = ('-reason:Cross-wiki spam', '-always')


@pytest.fixture
def crosswiki_delete(pwb: Script) -> Script:
    return partial(pwb, 'crosswiki_delete')


@pytest.fixture
def write(sandbox: Sandbox) -> Callable[..., None]:
    """Let somebody save a page."""

    def save(wiki: str, title: str, user: str = VANDAL, text: str = 'Buy!') -> None:
        sandbox.call(
            lambda farm: farm.wikis[wiki].edit(title, text, user=user, user_id=1)
        )

    return save


@pytest.fixture
def spam(write: Callable[..., None], tmp_path: Path) -> Iterator[str]:
    """Six pages on three wikis, and the argument that names them."""
    lines = []
    for wiki in ('meta', 'aa', 'bb'):
        for number in (1, 2):
            write(wiki, f'Spam {number}')
            lines.append(f'{wiki}wiki\tSpam {number}')
    file = tmp_path / 'pages.txt'
    file.write_text('\n'.join(lines), encoding='utf-8')
    yield f'-file:{file}'


@pytest.fixture
def upload(sandbox: Sandbox) -> Callable[..., None]:
    """Let somebody upload versions of a file on the wiki `aa`."""

    def save(title: str, *contents: bytes, user: str = VANDAL) -> None:
        def change(farm: Any) -> None:
            wiki = farm.wikis['aa']
            account = farm.accounts[user]
            local = wiki.accounts.get(user) or farm.attach(account, wiki)
            for content in contents:
                wiki.upload(
                    parse_title(title), content, operator=local, comment='', text='Buy!'
                )
                farm.advance(5)

        sandbox.call(change)

    return save


def versions(sandbox: Sandbox, name: str) -> list[bytes]:
    """Return the contents of a file on the wiki `aa`, the oldest first."""
    return [v.content for v in sandbox.farm.wikis['aa'].files.versions.get(name, ())]


def archived(sandbox: Sandbox, name: str) -> list[bytes]:
    """Return the deleted contents of a file on the wiki `aa`."""
    found = sandbox.farm.wikis['aa'].files.archive.get(name, ())
    return sorted(version.content for version in found)


def pages(sandbox: Sandbox, wiki: str) -> set[str]:
    """Return the titles that begin with "Spam " and are no seeded ones."""
    titles = (str(title) for title in sandbox.farm.wikis[wiki].pages)
    return {t for t in titles if t.startswith('Spam ') and 'page' not in t}


def deletions(sandbox: Sandbox) -> list[Entry]:
    return sandbox.journal.entries(action='delete')


def effects(sandbox: Sandbox) -> Counter[tuple[str, str]]:
    return Counter((e.wiki, e.target) for e in deletions(sandbox) if e.effect)


def forget_answers() -> None:
    """Let pywikibot ask the wikis again what they are."""
    from pywikibot import config

    # Emptied only: pywikibot makes the folder once in a process.
    for answer in Path(config.base_dir, 'apicache').glob('*'):
        answer.unlink()


# Targets


def test_pages_are_deleted_on_all_wikis_with_one_login(
    crosswiki_delete: Script, sandbox: Sandbox, spam: str
) -> None:
    run = crosswiki_delete(spam, *USUAL, '-wikis:metawiki,aa,bb')
    assert run.code == 0, run.said
    assert not any(pages(sandbox, wiki) for wiki in ('meta', 'aa', 'bb'))
    assert sum(effects(sandbox).values()) == 6
    assert {e.user for e in deletions(sandbox)} == {'Sandbox Operator'}
    assert sandbox.summary()['logins'] == 1
    assert 'active sysops' in run.out


def test_pages_are_named_in_every_way(
    crosswiki_delete: Script, farm: Farm, sandbox: Sandbox, write: Any, tmp_path: Path
) -> None:
    for number in range(1, 6):
        write('aa', f'Spam {number}')
    address = farm.wikis['aa'].removesuffix('/w/api.php')
    lines = [
        '# one of each',
        'aawiki\tSpam_1',
        'aa\tSpam 2',
        '* [[:aa:Spam 3]]',
        f'{address}/wiki/Spam_4?action=history',
        f'{address}/w/index.php?title=Spam%205#top',
        f'{address}/wiki/Spam_1',
    ]
    file = tmp_path / 'pages.txt'
    file.write_text('\n'.join(lines), encoding='utf-8')
    run = crosswiki_delete(f'-file:{file}', *USUAL)
    assert run.code == 0, run.said
    assert '5 different pages.' in run.out
    assert not pages(sandbox, 'aa')


@pytest.mark.parametrize(
    'line',
    ['no wiki', 'nowiki\tTitle', 'zz:Title', 'https://wiki.invalid/wiki/A', 'aawiki\t'],
)
def test_a_line_that_names_no_page_stops_the_run(
    crosswiki_delete: Script, sandbox: Sandbox, tmp_path: Path, line: str
) -> None:
    file = tmp_path / 'pages.txt'
    file.write_text(line, encoding='utf-8')
    run = crosswiki_delete(f'-file:{file}', *USUAL)
    assert run.code == 2, run.said
    assert 'line 1' in run.err
    assert 'Traceback' not in run.said
    assert not deletions(sandbox)


def test_page_generators_and_titles_on_each_wiki(
    crosswiki_delete: Script, sandbox: Sandbox, spam: str
) -> None:
    run = crosswiki_delete(
        '-prefixindex:Spam 1', '-wikis:aa,bb', *USUAL[:1], '-simulate'
    )
    assert run.code == 0, run.said
    assert crosswiki_delete('-resume', '-always').code == 0
    assert sorted(effects(sandbox)) == [('aa', 'Spam 1'), ('bb', 'Spam 1')]
    run = crosswiki_delete('-same-title:Spam 2', '-wikis:all', *USUAL[:1], '-simulate')
    assert run.code == 0, run.said
    assert crosswiki_delete('-resume', '-always').code == 0
    assert not any(pages(sandbox, wiki) - {'Spam 1'} for wiki in ('meta', 'aa', 'bb'))
    assert pages(sandbox, 'meta') == {'Spam 1'}


def test_pages_with_links_to_a_domain_on_each_wiki(
    crosswiki_delete: Script, sandbox: Sandbox, write: Any
) -> None:
    for wiki, url in (('aa', 'https://a.b.example'), ('bb', 'http://B.example/x')):
        write(wiki, 'Spam link', text=f'Buy at {url} now')
    write('aa', 'Other link', text='See https://ab.example')
    look = ('-wikis:aa,bb', USUAL[0], '-simulate')
    for wrong in ('-linksearch:b.example@aa', '-linksearch:nothing'):
        assert crosswiki_delete(wrong, *look).code == 2
    run = crosswiki_delete('-linksearch:*.b.example', *look)
    assert run.code == 0, run.said
    assert crosswiki_delete('-resume', '-always').code == 0
    assert sorted(effects(sandbox)) == [('aa', 'Spam link'), ('bb', 'Spam link')]


def test_titles_are_compared_as_the_wiki_writes_them(
    crosswiki_delete: Script, sandbox: Sandbox, write: Any, tmp_path: Path
) -> None:
    for title in ('Spam one', 'Spam two', 'User:Spam three'):
        write('aa', title)
    file, not_these = tmp_path / 'pages.txt', tmp_path / 'not.txt'
    lines = ['spam one', 'Spam one', 'spam_two', 'user:Spam three', 'User:spam three']
    file.write_text('\n'.join(f'aawiki\t{line}' for line in lines), 'utf-8')
    not_these.write_text('aawiki\tspam two\n', 'utf-8')
    run = crosswiki_delete(f'-file:{file}', f'-not:{not_these}', *USUAL)
    assert run.code == 1, run.said
    assert sorted(t for _, t in effects(sandbox)) == ['Spam one', 'User:Spam three']
    assert 'Skipped:   2 (the same as another target)' in run.out
    assert 'Skipped:   1 (listed in -not or -protect)' in run.out


def test_a_page_that_another_one_has_replaced_is_not_done(
    crosswiki_delete: Script, sandbox: Sandbox, write: Any, spam: str
) -> None:
    assert crosswiki_delete(spam, *USUAL, '-simulate').code == 0
    sandbox.call(
        lambda farm: farm.wikis['aa'].delete(
            existing(farm.wikis['aa'].page('Spam 1')), 'Sandbox Colleague', 'spam'
        )
    )
    write('aa', 'Spam 1', 'Sandbox Colleague', 'A good page')
    run = crosswiki_delete('-resume', '-always')
    assert run.code == 1, run.said
    assert 'deleted meanwhile by Sandbox Colleague, and there is another' in run.out
    assert 'Spam 1' in pages(sandbox, 'aa')
    assert len(effects(sandbox)) == 5


def test_an_account_is_searched_on_the_wikis_that_are_named(
    crosswiki_delete: Script, sandbox: Sandbox, spam: str
) -> None:
    run = crosswiki_delete(f'-from-user:{VANDAL}', '-wikis:aa', *USUAL[:1], '-simulate')
    assert run.code == 0, run.said
    assert 'aawiki:Spam 1' in run.out
    assert 'bbwiki' not in run.out
    # Nothing is left to search: that is none, and not all of them.
    for limits in (['-wikis:meta'], ['-wikis:aa', '-not-wikis:aa']):
        sandbox.call(lambda farm: farm.accounts[VANDAL].attached.pop('metawiki', None))
        run = crosswiki_delete(f'-from-user:{VANDAL}', *limits, USUAL[0], '-simulate')
        assert run.code == 2, run.said
        assert 'there is nothing to do' in run.err


@pytest.mark.parametrize('limits', [[], ['-not-wikis:meta']], ids=['all', 'but one'])
def test_a_wiki_where_only_the_account_is_attached_is_told_by_name(
    crosswiki_delete: Script, sandbox: Sandbox, spam: str, limits: list[str]
) -> None:
    """Its pages are not missed in silence, whatever other wiki is left out."""

    def attach(farm: Any) -> None:
        farm.attach(farm.accounts[VANDAL], farm.wikis['bb'], editcount=2)

    sandbox.call(attach)
    forget_account(sandbox, 'bb')
    run = crosswiki_delete(f'-from-user:{VANDAL}', *limits, USUAL[0], '-simulate')
    assert run.code == 0, run.said
    assert 'aawiki:Spam 1' in run.out
    assert 'bbwiki is skipped' in run.out
    assert f'bbwiki:#from-user:{VANDAL}' in run.out


def test_pages_of_an_abuser_are_chosen_by_title_and_authors_with_their_talk(
    crosswiki_delete: Script, sandbox: Sandbox, write: Any
) -> None:
    """All accounts of -from-user may have edited a page, and nobody else.

    A talk page goes with its page, whoever has created it, and comes back with it.
    """
    other, address = 'Spambot 00002', '192.0.2.77'
    sandbox.call(
        lambda farm: [
            farm.attach(farm.accounts[name], farm.wikis['aa'], editcount=9)
            for name in (VANDAL, other)
            if name not in farm.wikis['aa'].accounts
        ]
    )
    for title, users in {
        'Spam both': (VANDAL, other),
        'Spam mended': (VANDAL, 'Plain Sysop'),
        'Spam address': (address, other),
        'Talk:Spam both': ('Plain Sysop',),
        'Talk:Spam mended': (VANDAL,),
        'Pills': (VANDAL,),
    }.items():
        for number, user in enumerate(users):
            write('aa', title, user, f'Text {number}')
    sandbox.call(lambda farm: setattr(farm, 'temporary_accounts', True))
    accounts = [f'-from-user:{name}' for name in (VANDAL, other, address)]
    limits = ['-wikis:aa', '-title-matches:Spam (both|mended|address)$', '-campaign:t']
    run = crosswiki_delete(
        *accounts, *limits, '-only-author', '-talk', USUAL[0], '-simulate'
    )
    assert run.code == 0, run.said
    assert 'aawiki:Spam mended (edited by others, too' in run.out
    assert 'Talk:Spam both (edited by others, too' in run.out
    assert 'has temporary accounts, so only edits from before' in run.out
    assert crosswiki_delete('-resume', '-always').code == 1
    assert pages(sandbox, 'aa') == {'Spam mended'}
    assert sandbox.farm.wikis['aa'].page('Pills')
    assert not sandbox.farm.wikis['aa'].page('Talk:Spam mended')

    # The log tells deletions apart by seconds.
    sandbox.command('advance-clock', seconds=5)
    write('aa', 'Spam both', other, 'Again')
    limits[-1] = '-campaign:u'
    run = crosswiki_delete(*accounts, *limits, '-talk', USUAL[0], '-simulate')
    assert crosswiki_delete('-resume', '-always').code == 1, run.said
    assert pages(sandbox, 'aa') == {'Spam mended'}
    assert not sandbox.farm.wikis['aa'].page('Talk:Spam both')
    assert crosswiki_delete('-undo:u', '-reason:x', '-always').code == 0
    assert sandbox.farm.wikis['aa'].page('Talk:Spam both')


def test_a_generator_that_leads_to_another_wiki_is_refused(
    crosswiki_delete: Script, sandbox: Sandbox, spam: str
) -> None:
    run = crosswiki_delete('-page:bb:Spam 1', '-wikis:aa', *USUAL[:1], '-simulate')
    assert run.code == 2, run.said
    assert 'is not on aawiki' in run.err


def test_only_pages_that_the_account_has_begun(
    crosswiki_delete: Script, sandbox: Sandbox, write: Any, tmp_path: Path
) -> None:
    """What it edited or moved goes to a list, and so does a redirect it left behind."""
    write('aa', 'Spam begun')
    write('aa', 'Spam edited', 'Plain Sysop', 'Good')
    write('aa', 'Spam edited', VANDAL, 'Bad')
    write('aa', 'Spam moved away', 'Plain Sysop', 'Good')

    def move(farm: Any) -> None:
        wiki = farm.wikis['aa']
        local = wiki.accounts.get(VANDAL) or farm.attach(farm.accounts[VANDAL], wiki)
        local.editcount += 1
        target = parse_title('Spam moved to')
        wiki.move(wiki.page('Spam moved away'), target, local, 'ha', True)

    sandbox.call(move)
    listed = tmp_path / 'revert.txt'
    run = crosswiki_delete(
        f'-from-user:{VANDAL}', f'-to-revert:{listed}', USUAL[0], '-simulate'
    )
    assert run.code == 0, run.said
    lines = listed.read_text(encoding='utf-8').splitlines()
    assert sorted(lines) == [
        'aawiki\tSpam edited',
        'aawiki\tSpam moved away',
        'aawiki\tSpam moved to',
    ]
    assert listed.stat().st_mode & 0o077 == 0
    assert not deletions(sandbox)
    assert crosswiki_delete('-resume', '-always').code == 0
    assert pages(sandbox, 'aa') == {'Spam edited', 'Spam moved away', 'Spam moved to'}
    assert ('aa', 'Spam begun') in effects(sandbox)


def test_pages_that_are_left_are_told_one_after_the_other(
    site: Any, write: Any, sandbox: Sandbox
) -> None:
    """Wikis are read side by side, and two lines written at a time would be mixed."""
    for wiki in ('aa', 'bb'):
        for number in range(3):
            write(wiki, f'Spam edited {number}', 'Plain Sysop', 'Good')
            write(wiki, f'Spam edited {number}', '192.0.2.1', 'Bad')
    site.login()
    told: list[tuple[threading.Thread, str]] = []
    searches = Searches(
        Wikis(site), left=lambda page: told.append((threading.current_thread(), page))
    )
    list(searches.created_by('192.0.2.1', ['aawiki', 'bbwiki']))
    assert {thread for thread, _ in told} == {threading.current_thread()}
    pages = [f'{w}wiki:Spam edited {n}' for w in ('aa', 'bb') for n in range(3)]
    assert sorted(page for _, page in told) == pages


def test_what_others_choose_is_looked_at_first(
    crosswiki_delete: Script, sandbox: Sandbox
) -> None:
    for chosen in (f'-from-user:{VANDAL}', '-same-title:X', '-prefixindex:Spam'):
        run = crosswiki_delete(chosen, '-wikis:aa', *USUAL)
        assert run.code == 2, run.said
        assert 'never run on -always alone' in run.err
    assert not deletions(sandbox)


def test_one_title_that_no_page_can_have_keeps_back_no_other(
    crosswiki_delete: Script, sandbox: Sandbox, write: Any, tmp_path: Path
) -> None:
    """It is skipped by name, in what is kept for later, too."""
    write('aa', 'Spam 1')
    write('aa', 'Spam caf\u00e9')
    write('bb', 'Spam 1')
    titles = ['Spam cafe\u0301', 'A|B', 'A\x00B', 'mw:Spam', 'http://[bad', 'Spam_1']
    file = tmp_path / 'pages.txt'
    lines = [f'aawiki\t{title}' for title in titles]
    file.write_text('\n'.join([*lines, 'bbwiki\tmw:Spam', 'bbwiki\tSpam 1']), 'utf-8')
    assert crosswiki_delete(f'-file:{file}', *USUAL, '-simulate').code == 0
    run = crosswiki_delete('-resume', '-always')
    assert run.code == 1, run.said
    assert sorted(effects(sandbox)) == [
        ('aa', 'Spam 1'),
        ('aa', 'Spam caf\u00e9'),
        ('bb', 'Spam 1'),
    ]
    for skipped in ('aawiki:A|B', 'aawiki:http://[bad', 'aawiki:mw:Spam'):
        assert skipped in run.out
    assert '3 (not a valid page title' in run.out
    assert '2 (a title of another wiki)' in run.out


def test_an_impossible_title_is_refused_where_it_is_looked_for(
    crosswiki_delete: Script, sandbox: Sandbox
) -> None:
    for title in ('A|B', 'mw:Spam'):
        run = crosswiki_delete(
            f'-same-title:{title}', '-wikis:aa', USUAL[0], '-simulate'
        )
        assert run.code == 2, run.said
        assert 'cannot be a title on aawiki' in run.err


def test_what_the_job_queue_deletes_is_waited_for_and_can_be_undone(
    crosswiki_delete: Script, sandbox: Sandbox, write: Any, spam: str
) -> None:
    write('aa', 'Spam 1')
    sandbox.command('set-deletions', wiki='aa', batch=1)

    def run_jobs() -> None:
        while not done.wait(0.2):
            sandbox.command('run-jobs', wiki='aa')

    done = threading.Event()
    queue = threading.Thread(target=run_jobs)
    queue.start()
    try:
        run = crosswiki_delete(spam, *USUAL, '-campaign:queue')
    finally:
        done.set()
        queue.join()
    assert run.code == 0, run.said
    assert len(deletions(sandbox)) == 6
    assert not pages(sandbox, 'aa')
    run = crosswiki_delete('-undo:queue', '-reason:mistake', '-always')
    assert run.code == 0, run.said
    page = sandbox.farm.wikis['aa'].page('Spam 1')
    assert page is not None and len(page.revisions) == 2


def test_a_deletion_that_the_job_queue_has_lost_is_given_up_after_a_day(
    crosswiki_delete: Script,
    sandbox: Sandbox,
    write: Any,
    spam: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Else each run would wait for it anew, and end with 75."""
    monkeypatch.setattr(RetryPolicy, 'pauses', lambda policy: iter(()))
    write('aa', 'Spam 1')
    sandbox.command('set-deletions', wiki='aa', batch=1)
    assert crosswiki_delete(spam, *USUAL, '-campaign:q').code == 75
    assert crosswiki_delete('-resume', '-campaign:q', '-always').code == 75
    sandbox.call(lambda farm: farm.advance(2 * 86400))
    run = crosswiki_delete('-resume', '-campaign:q', '-always')
    assert run.code == 1, run.said
    assert 'and has not finished: 1 revision left' in run.out
    assert len(deletions(sandbox)) == 6
    assert pages(sandbox, 'aa') == {'Spam 1'}
    assert crosswiki_delete('-resume', '-campaign:q', '-always').code == 1


def test_what_is_not_simple_about_a_page_stands_in_the_plan(
    crosswiki_delete: Script, sandbox: Sandbox, write: Any
) -> None:
    write('aa', 'User:Spam/common.js')
    write('aa', 'User talk:Spam/common.js')
    run = crosswiki_delete('[[aa:User:Spam/common.js]]', *USUAL, '-simulate')
    assert run.code == 0, run.said
    assert 'talk page stays' in run.out
    assert 'no undo You do not have permission to edit this JavaScript' in run.out


# What


def test_reasons_by_the_language_of_the_wiki(
    crosswiki_delete: Script, sandbox: Sandbox, spam: str
) -> None:
    sandbox.call(lambda farm: setattr(farm.wikis['aa'], 'language', 'de-at'))
    forget_answers()
    run = crosswiki_delete(spam, *USUAL, '-reason-de:Werbung', '-reason-fr:Pub')
    forget_answers()
    assert run.code == 0, run.said
    reasons = {(e.wiki, e.params['reason']) for e in deletions(sandbox)}
    assert reasons == {
        ('meta', 'Cross-wiki spam'),
        ('aa', 'Werbung'),
        ('bb', 'Cross-wiki spam'),
    }


@pytest.mark.parametrize(
    ('arguments', 'words'),
    [
        ([*USUAL], 'No pages were named'),
        (['[[aa:X]]', '-always'], 'reason is required'),
        (['[[aa:X]]', *USUAL, '-frobnicate:1'], 'not understood'),
        (['-frobnicate:1', '-wikis:aa', USUAL[0], '-simulate'], 'not understood'),
        (['-same-title:X', USUAL[0], '-simulate'], 'needs a -wikis'),
        (['-prefixindex:X', USUAL[0], '-simulate'], 'give -wikis:A,B'),
        (['-same-title:X', '-wikis:zz', USUAL[0], '-simulate'], "'zz'"),
        (['-from-user:Nobody', USUAL[0], '-simulate'], 'no global account'),
        ([f'-from-user:{VANDAL}', '-wikis:', *USUAL], '-wikis: says nothing'),
        ([f'-from-user:{VANDAL}', '-not-wikis:, ', *USUAL], '-not-wikis: says nothing'),
        (['-same-title:', '-wikis:aa', *USUAL], '-same-title: says nothing'),
        (['[[aa:X]]', *USUAL, '-stop-page: '], '-stop-page: says nothing'),
        (['[[aa:X]]', *USUAL, '-max-revisions:51'], '50 at most'),
        (['[[aa:X]]', *USUAL, '-to-revert:x'], 'need a -from-user'),
        (['[[aa:X]]', *USUAL, '-only-author'], 'need a -from-user'),
        (
            [f'-from-user:{VANDAL}', '-title-matches:(', USUAL[0], '-simulate'],
            'no regular expression',
        ),
        (['-resume', '-always', '-tags:a'], 'new plan'),
        (['-undo:unheardof', *USUAL], 'has no campaign'),
    ],
    ids=lambda value: value[0] if isinstance(value, list) else None,
)
def test_what_is_not_understood_is_refused_in_a_sentence(
    crosswiki_delete: Script, sandbox: Sandbox, arguments: list[str], words: str
) -> None:
    run = crosswiki_delete(*arguments)
    assert run.code == 2, run.said
    assert words in run.err
    assert 'Traceback' not in run.said
    assert not deletions(sandbox)


# Guards


def test_pages_that_are_no_plain_spam_are_held_back(
    crosswiki_delete: Script, sandbox: Sandbox, write: Any, tmp_path: Path
) -> None:
    write('aa', 'Spam shared')
    write('aa', 'Spam shared', 'Plain Sysop')
    for _ in range(11):
        write('aa', 'Spam long')
    for _ in range(10):
        write('aa', 'Spam not so long')
    for _ in range(3):
        write('aa', 'Spam spared')
    titles = ['shared', 'long', 'not so long', 'spared', 'nowhere']
    names = [f'[[aa:Spam {title}]]' for title in titles]
    (tmp_path / 'not').write_text('aawiki\tspam_spared', encoding='utf-8')
    run = crosswiki_delete(*names, *USUAL, f'-not:{tmp_path}/not', '-campaign:one')
    assert run.code == 1, run.said
    assert '0 of the entries are targets as written' in run.out
    for why in (
        'too many authors',
        'too many revisions',
        'listed in -not',
        'no such page',
    ):
        assert f'Skipped:   1 ({why}' in run.out
    # What was not read to its end is not shown as all there is.
    for title, why, number in (
        ('long', 'too many revisions', 11),
        ('spared', 'listed in -not or -protect', 1),
    ):
        facts = f'active sysops 1; revisions {number}+; authors {VANDAL}, ...'
        assert f'aawiki:Spam {title} ({why}; {facts})' in run.out
    assert list(effects(sandbox)) == [('aa', 'Spam not so long')]
    run = crosswiki_delete(
        *names[:2], *USUAL, '-max-authors:2', '-max-revisions:11', '-campaign:two'
    )
    assert run.code == 0, run.said


def test_the_plan_tells_redirects(
    crosswiki_delete: Script, sandbox: Sandbox, write: Any, tmp_path: Path
) -> None:
    write('aa', 'Spam pages', text='#REDIRECT [[Main Page]]')
    file = tmp_path / 'pages.txt'
    file.write_text('aawiki\tSpam pages', 'utf-8')
    run = crosswiki_delete(f'-file:{file}', *USUAL, '-simulate')
    assert 'Spam pages (active sysops' in run.out
    assert 'redirect yes' in run.out


def test_a_plan_reads_no_more_than_it_needs(
    crosswiki_delete: Script, sandbox: Sandbox, write: Any, tmp_path: Path
) -> None:
    """One read for all pages of a wiki, and one for each that has a history."""
    for number in range(40):
        write('aa', f'Spam {number}')
    write('aa', 'Spam 0')
    file = tmp_path / 'pages'
    file.write_text('\n'.join(f'aawiki\tSpam {n}' for n in range(40)), 'utf-8')
    assert crosswiki_delete(f'-file:{file}', *USUAL, '-simulate').code == 0
    reads = [
        e
        for e in sandbox.journal.entries(wiki='aa', action='query')
        if 'revisions' in e.params.get('prop', '')
    ]
    assert len(reads) == 2


def test_a_page_on_another_wiki_costs_three_requests_to_delete_and_to_restore(
    crosswiki_delete: Script, sandbox: Sandbox, write: Any, tmp_path: Path
) -> None:
    """The last look is sent as nobody; before a restoration the log is read as one."""
    lines = [f'{wiki}wiki\tSpam {n}' for wiki in ('aa', 'bb') for n in range(20)]
    for line in lines:
        write(line[:2], line.partition('\t')[2])
    file = tmp_path / 'pages'
    file.write_text('\n'.join(lines), 'utf-8')

    def sent(*arguments: str) -> int:
        sandbox.journal.clear()
        run = crosswiki_delete(*arguments)
        assert run.code == 0, run.said
        return len(sandbox.journal.entries())

    assert sent(f'-file:{file}', *USUAL, '-simulate', '-campaign:d') <= 20
    # Three a page, and what each wiki is asked once.
    assert sent('-resume', '-always') <= 3 * len(lines) + 15
    undo = ('-undo:d', '-reason:mistake', '-campaign:u')
    assert sent(*undo, '-simulate') <= 20
    assert sent('-resume', '-campaign:u', '-always') <= 3 * len(lines) + 15
    assert pages(sandbox, 'aa') == {f'Spam {n}' for n in range(20)}


def after_the_first(
    sandbox: Sandbox, action: str, change: Callable[[Any], None]
) -> None:
    """Let others act when the first write of a kind has been answered."""
    send = sandbox.journal.write

    def hear(entry: Entry) -> None:
        send(entry)
        if entry.action == action:
            del sandbox.journal.write  # type: ignore[method-assign]
            change(sandbox.farm)

    sandbox.journal.write = hear  # type: ignore[method-assign]


def test_what_others_do_while_the_campaign_runs_is_left_alone(
    crosswiki_delete: Script, sandbox: Sandbox, write: Any
) -> None:
    """Each page is looked at directly before its write, not once for all of them."""
    for number in range(5):
        write('aa', f'Spam {number}')
    names = [f'[[aa:Spam {number}]]' for number in range(5)]

    def titles(action: str) -> list[str]:
        return [e.target for e in sandbox.journal.entries(action=action) if e.effect]

    def save(farm: Any) -> None:
        farm.advance(5)
        wiki = farm.wikis['aa']
        left = [t for t in names if t[5:-2] not in titles('delete')]
        saved, moved, back = (t[5:-2] for t in left[:3])
        sysop = wiki.accounts['Plain Sysop']
        wiki.edit(saved, 'A real article', user='Plain Sysop')
        wiki.move(wiki.page(moved), parse_title('Kept'), sysop, '', True)
        wiki.delete(wiki.page(back), 'Plain Sysop', 'mine')
        wiki.undelete(parse_title(back), 'Plain Sysop', 'was fine')

    after_the_first(sandbox, 'delete', save)
    run = crosswiki_delete(*names, *USUAL, '-campaign:d')
    assert run.code == 1, run.said
    assert len(titles('delete')) == 2
    said = run.out.rpartition('\nCampaign ')[2]
    assert said.count('changed since the plan, and skipped') == 2
    assert 'deleted and restored since the plan, by Plain Sysop' in said
    # One of them is the redirect that the move has left behind.
    assert len(pages(sandbox, 'aa')) == 3 and sandbox.farm.wikis['aa'].page('Kept')

    for number in range(5, 8):
        write('aa', f'Spam {number}')
    names = [f'[[aa:Spam {number}]]' for number in range(5, 8)]
    assert crosswiki_delete(*names, *USUAL, '-campaign:e').code == 0

    def restore(farm: Any) -> None:
        farm.advance(5)
        wiki = farm.wikis['aa']
        done = titles('undelete')
        again, new = (t[5:-2] for t in names if t[5:-2] not in done)
        wiki.undelete(parse_title(again), 'Plain Sysop', 'was fine')
        wiki.delete(wiki.page(again), 'Plain Sysop', 'or not')
        wiki.edit(new, 'A real page', user='Plain Sysop')

    after_the_first(sandbox, 'undelete', restore)
    undo = crosswiki_delete('-undo:e', '-reason:mistake', '-always')
    assert undo.code == 1, undo.said
    assert len(titles('undelete')) == 1
    said = undo.out.rpartition('\nCampaign ')[2]
    assert said.count('changed since the plan: ') == 2, undo.said


def test_a_page_that_was_changed_since_the_plan_is_held_back(
    crosswiki_delete: Script, sandbox: Sandbox, spam: str, write: Any
) -> None:
    assert crosswiki_delete(spam, *USUAL, '-simulate').code == 0
    write('aa', 'Spam 1', 'Plain Sysop', 'A real article')

    def change(farm: Any) -> None:
        wiki = farm.wikis['bb']
        wiki.delete(wiki.page('Spam 1'), 'Plain Sysop', 'mine')
        wiki.edit('Spam 1', 'A new one', user='Plain Sysop')
        target = parse_title('Spam elsewhere')
        wiki.move(wiki.page('Spam 2'), target, wiki.accounts['Plain Sysop'], '', True)

    sandbox.call(change)
    run = crosswiki_delete('-resume', '-always')
    assert run.code == 1, run.said
    assert run.out.count('changed since the plan, and skipped') == 4
    assert pages(sandbox, 'aa') == {'Spam 1'}
    assert pages(sandbox, 'bb') == {'Spam 1', 'Spam 2', 'Spam elsewhere'}
    assert 'deleted meanwhile by Plain Sysop, and there is another' in run.out


def test_wikis_outside_the_wiki_set_are_held_back_unless_named(
    crosswiki_delete: Script, sandbox: Sandbox, spam: str
) -> None:
    def restrict(farm: Any) -> None:
        farm.restricted_groups['steward'] = WikiSet('small', 'optout', ('bbwiki',))

    sandbox.call(restrict)
    run = crosswiki_delete(spam, *USUAL, '-campaign:small')
    assert run.code == 1, run.said
    assert 'Skipped:   2 (your global groups have no such right' in run.out
    assert pages(sandbox, 'bb') == {'Spam 1', 'Spam 2'}
    assert not pages(sandbox, 'aa')
    run = crosswiki_delete('[[bb:Spam 1]]', *USUAL, '-wikis:bb', '-campaign:named')
    assert run.code == 0, run.said
    assert pages(sandbox, 'bb') == {'Spam 2'}


def test_pages_of_a_list_on_wikis_that_are_not_named_are_held_back(
    crosswiki_delete: Script, sandbox: Sandbox, spam: str
) -> None:
    run = crosswiki_delete(spam, *USUAL, '-wikis:aawiki')
    assert run.code == 1, run.said
    assert 'Skipped:   4 (on a wiki that -wikis does not name)' in run.out
    assert {e.wiki for e in deletions(sandbox)} == {'aa'}


def test_wikis_without_account_or_right_are_held_back(
    crosswiki_delete: Script, sandbox: Sandbox, spam: str, farm: Farm
) -> None:
    from pywikibot import config

    def demote(farm: Any) -> None:
        farm.wikis['bb'].accounts[SYSOP].groups = frozenset()

    SYSOP = farm.sysop.name
    sandbox.call(demote)
    config.usernames[farm.family]['*'] = SYSOP
    run = crosswiki_delete(spam, *USUAL, '-wikis:meta,aa,bb')
    assert run.code == 1, run.said
    assert 'you lack the right on that wiki' in run.out
    assert pages(sandbox, 'bb') == {'Spam 1', 'Spam 2'}
    assert not pages(sandbox, 'aa')


def test_a_wiki_without_an_account_is_no_target(
    crosswiki_delete: Script, sandbox: Sandbox, spam: str
) -> None:
    forget_account(sandbox, 'bb')
    run = crosswiki_delete(spam, *USUAL, '-campaign:a')
    assert run.code == 2, run.said
    assert 'line 5' in run.err and 'line 6' in run.err
    run = crosswiki_delete(spam, *USUAL, '-skip-bad-lines', '-campaign:a')
    assert run.code == 0, run.said
    assert pages(sandbox, 'bb') == {'Spam 1', 'Spam 2'}


def test_a_wiki_that_refuses_does_not_stop_the_others(
    crosswiki_delete: Script, sandbox: Sandbox, spam: str
) -> None:
    """It is not asked for every page again, and the pages are named."""
    assert crosswiki_delete(spam, *USUAL, '-simulate').code == 0

    def block(farm: Any) -> None:
        from centralauth_sandbox.records import Block

        wiki = farm.wikis['aa']
        name = 'Sandbox Operator'
        wiki.blocks[name] = Block(
            1, name, 'Plain Sysop', 1, 'no', farm.timestamp(), 'infinity',
            False, False, False, True, False, False,
        )  # fmt: skip

    sandbox.call(block)
    run = crosswiki_delete('-resume', '-always')
    assert run.code == 1, run.said
    assert pages(sandbox, 'aa') == {'Spam 1', 'Spam 2'}
    assert not pages(sandbox, 'bb')
    assert len([e for e in deletions(sandbox) if e.wiki == 'aa']) == 1
    assert 'Failed:    2' in run.out
    assert run.out.count('Refused:') == 1


def test_a_block_from_one_page_leaves_the_others(
    crosswiki_delete: Script, sandbox: Sandbox, spam: str
) -> None:
    assert crosswiki_delete(spam, *USUAL, '-simulate').code == 0

    def block(farm: Any) -> None:
        from centralauth_sandbox.records import Block

        name, title = 'Sandbox Operator', parse_title('Spam 1')
        assert title is not None
        for code in ('meta', 'aa', 'bb'):
            page = frozenset([title])
            made = Block(1, name, 'Plain Sysop', 1, 'no', farm.timestamp(), pages=page)
            farm.wikis[code].blocks[name] = made

    sandbox.call(block)
    run = crosswiki_delete('-resume', '-always')
    assert run.code == 1, run.said
    for wiki in ('meta', 'aa', 'bb'):
        assert pages(sandbox, wiki) == {'Spam 1'}
    assert len(deletions(sandbox)) == 6
    # A plan that is made now skips it, with the words of the wiki.
    run = crosswiki_delete('[[aa:Spam 1]]', *USUAL, '-campaign:later')
    assert run.code == 1, run.said
    assert 'the wiki does not let you delete this page' in run.out
    assert 'the wiki says Your username or IP address has been blocked' in run.out


# Nothing twice


def test_where_all_wikis_refuse_it_can_be_resumed(
    crosswiki_delete: Script, sandbox: Sandbox, write: Any
) -> None:
    """Also where they are fewer than three; each is asked, and told of, once."""
    named = [('aa', 'Spam 1'), ('aa', 'Spam 2'), ('bb', 'Spam 1'), ('bb', 'Spam 2')]
    for wiki, title in named:
        write(wiki, title)
    names = [f'{wiki}wiki\t{title}' for wiki, title in named]
    assert crosswiki_delete(*names, *USUAL, '-simulate').code == 0

    def block(farm: Any, wikis: Sequence[str]) -> None:
        from centralauth_sandbox.records import Block

        name = 'Sandbox Operator'
        for wiki in (farm.wikis['aa'], farm.wikis['bb']):
            wiki.blocks.clear()
            if wiki.code in wikis:
                wiki.blocks[name] = Block(
                    1, name, 'Plain Sysop', 1, 'no more of this', farm.timestamp(),
                    'infinity', False, False, False, True, False, False,
                )  # fmt: skip

    sandbox.call(lambda farm: block(farm, ['aa', 'bb']))
    run = crosswiki_delete('-resume', '-always')
    assert run.code == 3, run.said
    assert len(deletions(sandbox)) == 2
    assert run.out.count('Refused:') == 2
    assert run.out.count('FAILED') == 0
    assert '-resume' in run.out
    sandbox.call(lambda farm: block(farm, []))
    run = crosswiki_delete('-resume', '-always')
    assert run.code == 0, run.said
    assert len(effects(sandbox)) == 4


def test_three_wikis_that_refuse_stop_it(
    crosswiki_delete: Script, sandbox: Sandbox, spam: str
) -> None:
    """Then it is the account's fault, and not theirs."""
    assert crosswiki_delete(spam, *USUAL, '-simulate').code == 0
    sandbox.faults.arm(kind='demote', action='delete', nth=1)
    run = crosswiki_delete('-resume', '-always')
    assert run.code == 3, run.said
    assert len(deletions(sandbox)) == 3
    assert not effects(sandbox)
    assert 'Stopped:' in run.out


def test_tags_that_a_wiki_does_not_know_fail_there(
    crosswiki_delete: Script, sandbox: Sandbox, spam: str
) -> None:
    run = crosswiki_delete(spam, *USUAL, '-tags:spam removal,global')
    assert run.code == 1, run.said
    assert {e.params['tags'] for e in deletions(sandbox)} == {'spam removal|global'}
    assert {e.result for e in deletions(sandbox)} == {'badtags'}
    assert not effects(sandbox)
    assert run.out.count('badtags') >= 6


def test_a_bot_password_logs_in_on_each_wiki(
    desk: Desk, farm: Farm, sandbox: Sandbox, spam: str
) -> None:
    """It gets no centralauthtoken, but is good everywhere."""
    desk.script = 'crosswiki_delete'
    name, _, app = farm.bot.name.partition('@')
    passwords = desk.directory / 'user-password.py'
    bot = f'BotPassword({app!r}, {farm.bot.password!r})'
    passwords.write_text(f'({name!r}, {bot})\n', 'utf-8')
    run = desk.run(spam, *USUAL, '-workers:2')
    assert run.code == 0, run.said
    assert len(effects(sandbox)) == 6
    assert {e.kind for e in deletions(sandbox)} == {'botpassword'}
    assert sandbox.summary()['logins'] == 3


def test_a_wiki_that_does_not_answer_is_planned_another_time(
    pwb: Script, sandbox: Sandbox, spam: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(launch, 'UNREACHABLE_AFTER', 0.1)
    sandbox.faults.arm(kind='http', wiki='aa', times=0)
    run = pwb('crosswiki_delete', spam, *USUAL, '-campaign:spam')
    assert run.code == 1, run.said
    assert 'Skipped:   2 (the wiki does not answer)' in run.out
    assert {wiki for wiki, _ in effects(sandbox)} == {'meta', 'bb'}
    sandbox.faults.clear()
    run = pwb('campaign', 'retry-failed', 'spam', '-always')
    assert run.code == 0, run.said
    assert len(effects(sandbox)) == 6
    assert set(effects(sandbox).values()) == {1}


def test_what_was_not_read_again_is_compared_another_time(
    pwb: Script,
    sandbox: Sandbox,
    spam: str,
    write: Any,
    ledger: Ledger,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A wiki is away when an old plan is checked again, and somebody uses the title."""
    monkeypatch.setattr(launch, 'UNREACHABLE_AFTER', 0.1)
    assert pwb('crosswiki_delete', spam, *USUAL, '-simulate', '-campaign:s').code == 0
    with ledger.database.begin() as connection:
        before = now() - timedelta(days=2)
        connection.execute(sa.update(campaigns).values(planned_at=before))
    sandbox.faults.arm(kind='http', wiki='aa', times=0)
    assert pwb('crosswiki_delete', '-resume', '-always').code == 1
    sandbox.faults.clear()
    sandbox.call(
        lambda farm: farm.wikis['aa'].delete(
            existing(farm.wikis['aa'].page('Spam 1')), 'Sandbox Colleague', 'spam'
        )
    )
    write('aa', 'Spam 1', 'Sandbox Colleague', 'A good page')
    run = pwb('campaign', 'retry-failed', 's', '-always')
    assert run.code == 1, run.said
    assert 'Skipped:   1 (changed since by somebody else)' in run.out
    assert pages(sandbox, 'aa') == {'Spam 1'}


def test_a_wiki_that_refuses_us_when_it_is_read_does_not_stop_the_plan(
    crosswiki_delete: Script, sandbox: Sandbox, spam: str
) -> None:
    sandbox.command('set-lifetimes', penalty=0.0)
    sandbox.faults.arm(kind='expire-centralauthtokens', wiki='aa', times=0)
    run = crosswiki_delete(spam, *USUAL)
    sandbox.command('set-lifetimes', penalty=3.0)
    assert run.code == 1, run.said
    assert 'Skipped:   2 (the wiki refuses you)' in run.out
    assert {wiki for wiki, _ in effects(sandbox)} == {'meta', 'bb'}


def test_where_no_wiki_answers_nothing_is_planned(
    crosswiki_delete: Script,
    sandbox: Sandbox,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(launch, 'UNREACHABLE_AFTER', 0.1)
    sandbox.faults.arm(kind='http', wiki='aa', times=0)
    file = tmp_path / 'pages.txt'
    file.write_text('aawiki\tSpam', encoding='utf-8')
    run = crosswiki_delete(f'-file:{file}', *USUAL)
    assert run.code == 75, run.said
    assert deletions(sandbox) == []


def test_a_wiki_that_does_not_work_does_not_stop_the_others(
    crosswiki_delete: Script,
    sandbox: Sandbox,
    spam: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(RetryPolicy, '_wait', lambda policy, state: 0.0)
    sandbox.faults.arm(kind='readonly', wiki='aa', times=0)
    report = f'-report:{tmp_path / "report"}'
    run = crosswiki_delete(spam, *USUAL, '-campaign:spam', '-workers:1', report)
    assert run.code == 75, run.said
    rows = (tmp_path / 'report' / 'spam.csv').read_text('utf-8')
    assert rows.count('postponed: ReadOnly: readonly on sandbox:aa') == 2
    assert {wiki for wiki, _ in effects(sandbox)} == {'meta', 'bb'}
    assert 'Postponed: aawiki: ' in run.out
    assert 'Remaining: 2' in run.out
    tries = RetryPolicy().attempts
    assert f'Retries:   {tries} (ReadOnly {tries})' in run.out
    sandbox.faults.clear()
    run = crosswiki_delete('-campaign:spam', '-resume', '-always')
    assert run.code == 0, run.said
    assert len(effects(sandbox)) == 6
    assert set(effects(sandbox).values()) == {1}


@pytest.mark.parametrize('answers', [True, False], ids=['answers', 'silent'])
def test_what_may_have_been_sent_to_a_wiki_that_is_left_out_is_not_forgotten(
    pwb: Script, sandbox: Sandbox, spam: str, answers: bool
) -> None:
    """It is read where the wiki answers, and told by name where it does not."""

    def silent(action: Any, target: Any) -> Any:
        raise WikiUnreachable('aawiki does not answer')

    name = 'crosswiki_delete'
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(RetryPolicy, '_wait', lambda policy, state: 0.0)
        patch.setattr(crosswiki.CrosswikiDelete, '_reconcile', silent)
        sandbox.faults.arm(kind='drop', when='after', wiki='aa', action='delete')
        run = pwb(name, spam, *USUAL, '-campaign:c')
        assert run.code == 75, run.said
        if not answers:
            run = pwb(name, '-resume', '-campaign:c', '-always', '-not-wikis:aa')
    if answers:
        run = pwb(name, '-resume', '-campaign:c', '-always', '-not-wikis:aa')
    assert run.code == 1, run.said
    assert len(effects(sandbox)) == 5
    assert ('FAILED: aawiki:Spam 1 (may have been sent; ' in run.out) is not answers
    retried = pwb('campaign', 'retry-failed', 'c', '-always')
    unknown = 'aawiki:Spam 1: on a wiki of -not-wikis: may have been sent'
    assert (unknown in retried.out) is not answers, retried.said
    run = pwb(name, '-undo:c', *USUAL)
    assert run.code == 0, run.said
    assert ('aawiki:Spam 1 is not restored: -not-wikis' in run.out) is not answers
    assert ('Spam 1' in pages(sandbox, 'aa')) is answers


@pytest.mark.parametrize('kind', ['drop', 'half', 'html'])
def test_a_lost_answer_is_settled_by_the_deletion_log(
    crosswiki_delete: Script, sandbox: Sandbox, spam: str, ledger: Ledger, kind: str
) -> None:
    sandbox.faults.arm(kind=kind, when='after', action='delete', nth=2)
    sandbox.faults.arm(kind='drop', when='before', action='delete', nth=5)
    run = crosswiki_delete(spam, *USUAL, '-campaign:lost')
    assert run.code == 0, run.said
    assert set(effects(sandbox).values()) == {1}
    assert len(effects(sandbox)) == 6
    campaign = ledger.find('lost')
    assert campaign is not None
    assert ledger.changed_count(campaign) == 6


def test_a_page_that_a_lagging_database_still_shows_is_read_again(
    crosswiki_delete: Script,
    sandbox: Sandbox,
    write: Any,
    ledger: Ledger,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The answer was lost, so it was deleted by us, and nobody else is named."""
    write('aa', 'Spam lag')
    stale: list[Any] = []

    def old_page(site: Any, *which: Any, **more: Any) -> Any:
        now = read_page(site, *which, **more)
        if now[0] is not None:
            stale[:] = [now] * 3
        return stale.pop() if stale else now

    def old_deletions(site: Any, title: str) -> Any:
        asked.append(title)
        return (page_id, []) if len(asked) == 1 else read_deletions(site, title)

    asked: list[str] = []
    page = sandbox.farm.wikis['aa'].page('Spam lag')
    assert page is not None
    page_id = page.id
    monkeypatch.setattr(crosswiki, 'read_page', old_page)
    monkeypatch.setattr(pagefates, 'read_deletions', old_deletions)
    sandbox.faults.arm(kind='drop', when='after', action='delete', nth=1)
    run = crosswiki_delete('[[aa:Spam lag]]', *USUAL, '-campaign:lag')
    assert run.code == 0, run.said
    assert asked == ['Spam lag']
    assert [entry.effect for entry in deletions(sandbox)] == ['delete', '']
    campaign = ledger.find('lag')
    assert campaign is not None
    assert ledger.changed_count(campaign) == 1


def test_no_wiki_has_two_workers_at_a_time(
    crosswiki_delete: Script, sandbox: Sandbox, write: Any, tmp_path: Path
) -> None:
    lines = []
    for number in range(8):
        for wiki in ('meta', 'aa', 'bb'):
            write(wiki, f'Spam {number}')
            lines.append(f'{wiki}wiki\tSpam {number}')
    file = tmp_path / 'pages'
    file.write_text('\n'.join(sorted(lines)), encoding='utf-8')
    sandbox.command('set-delay', seconds=0.02)
    try:
        run = crosswiki_delete(f'-file:{file}', *USUAL, '-workers:3')
    finally:
        sandbox.command('set-delay', seconds=0.0)
    assert run.code == 0, run.said
    assert len(effects(sandbox)) == 24
    assert set(effects(sandbox).values()) == {1}
    tokens = [e.centralauthtoken for e in sandbox.journal.entries()]
    used = [token for token in tokens if token]
    assert len(used) == len(set(used))
    # A deletion begins with the look at the page; two pages of one wiki never mix.
    for wiki in ('aa', 'bb'):
        looked = None
        for entry in sandbox.journal.entries(wiki=wiki):
            if entry.action == 'query' and 'pageids' in entry.params:
                looked = entry.params['pageids']
            elif entry.action == 'delete':
                assert entry.params['pageid'] == looked


def test_killed_and_resumed_it_deletes_nothing_twice(
    desk: Desk, sandbox: Sandbox, spam: str
) -> None:
    desk.script = 'crosswiki_delete'
    sandbox.faults.arm(kind='slow', when='after', seconds=60.0, action='delete', nth=3)
    process = desk.start(spam, *USUAL, '-campaign:killed', '-workers:1')
    desk.wait(process, lambda: len(deletions(sandbox)) == 3)
    process.kill()
    process.communicate()
    run = desk.run('-resume', '-always')
    assert run.code == 0, run.said
    assert len(deletions(sandbox)) == 6
    assert set(effects(sandbox).values()) == {1}
    # Its own deletion is found in the log, so that it can be undone.
    run = desk.run('-undo:killed', '-reason:test', '-always')
    assert run.code == 0, run.said
    for wiki in ('meta', 'aa', 'bb'):
        assert pages(sandbox, wiki) == {'Spam 1', 'Spam 2'}


# Undo


def test_what_another_campaign_has_deleted_is_not_restored(
    crosswiki_delete: Script, sandbox: Sandbox, spam: str
) -> None:
    """Though the log has it as the operator's own, and the reason is the same."""
    for name in ('first', 'second'):
        run = crosswiki_delete(spam, *USUAL, '-simulate', f'-campaign:{name}')
        assert run.code == 0, run.said
    assert crosswiki_delete('-resume', '-campaign:first', '-always').code == 0
    deleted = len(deletions(sandbox))
    run = crosswiki_delete('-resume', '-campaign:second', '-always')
    assert run.code == 0, run.said
    assert f'Done:      {deleted} ({deleted} of them not by this campaign)' in run.out
    assert 'done: aawiki:Spam 1 (done by the campaign first)' in run.out
    assert crosswiki_delete('-undo:second', '-reason:no', '-always').code == 2
    assert not sandbox.journal.entries(action='undelete')
    assert crosswiki_delete('-undo:first', '-reason:no', '-always').code == 0
    assert len(sandbox.journal.entries(action='undelete')) == deleted


def test_undo_restores_only_what_the_campaign_deleted(
    crosswiki_delete: Script, sandbox: Sandbox, write: Any, spam: str
) -> None:
    write('aa', 'Spam 1')

    def delete_before(farm: Any) -> None:
        wiki = farm.wikis['aa']
        wiki.edit('Spam 2', 'libel', user='Somebody')
        wiki.delete(wiki.page('Spam 2'), 'Plain Sysop', 'libel')
        farm.advance(60)
        wiki.edit('Spam 2', 'Buy!', user=VANDAL)

    sandbox.call(delete_before)
    assert crosswiki_delete(spam, *USUAL, '-campaign:d').code == 0

    def touch(farm: Any) -> None:
        farm.advance(5)
        wiki = farm.wikis['bb']
        wiki.edit('Spam 1', 'A real page', user='Plain Sysop')
        wiki.edit('Spam 2', 'Another', user='Plain Sysop')
        wiki.delete(wiki.page('Spam 2'), 'Plain Sysop', 'again')

    sandbox.call(touch)
    run = crosswiki_delete('-undo:d', '-reason:mistake', '-always')
    assert run.code == 1, run.said
    # The log of deletions has nobody but the operator, who did not make it.
    assert 'bbwiki:Spam 1: there is a new page or file of that title\n' in run.out
    assert 'changed since by somebody else: Plain Sysop' in run.out
    aa = sandbox.farm.wikis['aa']
    restored = [existing(aa.page(title)) for title in ('Spam 1', 'Spam 2')]
    assert [len(page.revisions) for page in restored] == [2, 1]
    assert [r.user for r in restored[1].revisions] == [VANDAL]
    assert pages(sandbox, 'bb') == {'Spam 1'}
    assert len(sandbox.journal.entries(action='undelete')) == 4


@pytest.mark.parametrize('lost', [False, True])
def test_what_others_have_restored_since_an_undo_was_planned_is_theirs(
    crosswiki_delete: Script, sandbox: Sandbox, write: Any, lost: bool
) -> None:
    """Also where the request was lost before it arrived; a new page is left alone."""
    titles = ['Spam back', 'Spam new', 'Spam ours']
    for title in titles:
        write('aa', title)
    names = [f'[[aa:{title}]]' for title in titles]
    assert crosswiki_delete(*names, *USUAL, '-campaign:d').code == 0
    undo = ('-undo:d', '-reason:mistake', '-campaign:u')
    assert crosswiki_delete(*undo, '-simulate').code == 0

    def change(farm: Any) -> None:
        farm.advance(5)
        wiki = farm.wikis['aa']
        back = next(title for title in wiki.archive if title.name == titles[0])
        wiki.undelete(back, 'Plain Sysop', 'was fine')
        wiki.edit(titles[1], 'A real page', user='Plain Sysop')

    if lost:
        send = sandbox.journal.write

        def hear(entry: Entry) -> None:
            send(entry)
            if entry.action == 'undelete':
                del sandbox.journal.write  # type: ignore[method-assign]
                change(sandbox.farm)

        sandbox.journal.write = hear  # type: ignore[method-assign]
        sandbox.faults.arm(kind='drop', when='before', action='undelete', nth=1)
    else:
        sandbox.call(change)
    run = crosswiki_delete('-resume', '-campaign:u', '-always')
    assert run.code == 1, run.said
    assert f'aawiki:{titles[0]} (restored meanwhile, by Plain Sysop' in run.out
    assert 'changed since the plan: there is a new page or file' in run.out
    wiki = sandbox.farm.wikis['aa']
    assert existing(wiki.page(titles[1])).latest.text == 'A real page'
    assert existing(wiki.page(titles[2])).latest.text == 'Buy!'
    sent = sandbox.journal.entries(action='undelete')
    assert [entry.target for entry in sent if entry.effect] == [titles[2]]


def test_undo_refuses_to_mix_revisions(
    crosswiki_delete: Script, sandbox: Sandbox, write: Any
) -> None:
    """The API names revisions by their second, which others may share."""
    write('aa', 'Spam mixed')

    def delete(farm: Any) -> None:
        wiki = farm.wikis['aa']
        wiki.delete(wiki.page('Spam mixed'), 'Plain Sysop', 'libel')
        moment = wiki.archive[next(t for t in wiki.archive if 'mixed' in str(t))][0]
        revision = wiki.edit('Spam mixed', 'Buy!', user=VANDAL)
        revision.timestamp = moment.timestamp

    sandbox.call(delete)
    assert crosswiki_delete('[[aa:Spam mixed]]', *USUAL, '-campaign:m').code == 0
    run = crosswiki_delete('-undo:m', '-reason:mistake', '-always')
    assert run.code == 1, run.said
    assert 'mixed with revisions that others deleted' in run.out
    assert not sandbox.journal.entries(action='undelete')


def test_a_lost_answer_to_a_restoration_is_settled_by_reading(
    crosswiki_delete: Script, sandbox: Sandbox, spam: str, ledger: Ledger
) -> None:
    assert crosswiki_delete(spam, *USUAL, '-campaign:d').code == 0
    sandbox.faults.arm(kind='drop', when='after', action='undelete', nth=2)
    run = crosswiki_delete('-undo:d', '-reason:x', '-always', '-campaign:u')
    assert run.code == 0, run.said
    campaign = ledger.find('u')
    assert campaign is not None
    assert ledger.counts(campaign)[State.DONE] == 6
    assert len(sandbox.journal.entries(action='undelete')) == 6


# Files


def test_files_are_deleted_and_restored_with_their_versions(
    crosswiki_delete: Script, sandbox: Sandbox, upload: Any
) -> None:
    upload('File:Spam one.png', b'a', b'b')
    upload('File:Spam_two.png', b'c')
    run = crosswiki_delete(
        '[[aa:File:Spam one.png]]', '[[aa:File:Spam two.png]]', *USUAL, '-campaign:f'
    )
    assert run.code == 0, run.said
    assert 'file versions 2' in run.out
    assert not versions(sandbox, 'Spam one.png')
    # The first has a history, and each is looked at once more.
    reads = [
        e.params
        for e in sandbox.journal.entries(wiki='aa', action='query')
        if 'imageinfo' in e.params.get('prop', '')
    ]
    assert len(reads) == 4
    run = crosswiki_delete('-undo:f', '-reason:mistake', '-always')
    assert run.code == 0, run.said
    assert versions(sandbox, 'Spam one.png') == [b'a', b'b']
    assert versions(sandbox, 'Spam two.png') == [b'c']
    aa = sandbox.farm.wikis['aa']
    page = aa.page('File:Spam one.png')
    assert page is not None and len(page.revisions) == 2


def test_undo_restores_only_the_versions_that_the_campaign_deleted(
    crosswiki_delete: Script, sandbox: Sandbox, upload: Any
) -> None:
    upload('File:Spam.png', b'libel', b'spam', b'more spam')

    def delete_before(farm: Any) -> None:
        wiki = farm.wikis['aa']
        libel = wiki.files.versions['Spam.png'][0]
        name = archive_name('Spam.png', libel)
        wiki.delete_file(parse_title('File:Spam.png'), 'Plain Sysop', 'libel', name)

    sandbox.call(delete_before)
    assert crosswiki_delete('[[aa:File:Spam.png]]', *USUAL, '-campaign:f').code == 0
    assert archived(sandbox, 'Spam.png') == [b'libel', b'more spam', b'spam']
    run = crosswiki_delete('-undo:f', '-reason:mistake', '-always')
    assert run.code == 0, run.said
    assert versions(sandbox, 'Spam.png') == [b'spam', b'more spam']
    assert archived(sandbox, 'Spam.png') == [b'libel']


def test_undo_refuses_to_mix_versions(
    crosswiki_delete: Script, sandbox: Sandbox, upload: Any
) -> None:
    """Another deletion may have left one of the same time and content."""
    upload('File:Spam.png', b'spam')

    def delete_before(farm: Any) -> None:
        wiki = farm.wikis['aa']
        (version,) = wiki.files.versions['Spam.png']
        twin = wiki.files.add(
            'Spam.png', b'spam', user=VANDAL, user_id=1, comment='twin'
        )
        twin.timestamp = version.timestamp
        wiki.files.versions['Spam.png'] = [twin]
        wiki.files.delete('Spam.png')
        wiki.files.versions['Spam.png'] = [version]
        version.replaced = ''

    sandbox.call(delete_before)
    assert crosswiki_delete('[[aa:File:Spam.png]]', *USUAL, '-campaign:f').code == 0
    run = crosswiki_delete('-undo:f', '-reason:mistake', '-always')
    assert run.code == 1, run.said
    assert 'mixed with revisions that others deleted' in run.out
    assert not sandbox.journal.entries(action='undelete')


def test_a_plan_that_became_old_is_for_nothing_else_than_was_looked_at(
    crosswiki_delete: Script, sandbox: Sandbox, ledger: Ledger, write: Any, upload: Any
) -> None:
    titles = ['Spam edited', 'Spam moved', 'File:Spam.png', 'Spam same', 'Spam wanted']
    for title in titles:
        (upload(title, b'a') if title.startswith('File') else write('aa', title))
    run = crosswiki_delete(
        *(f'[[aa:{title}]]' for title in titles), *USUAL, '-simulate'
    )
    assert run.code == 0, run.said
    write('aa', 'Spam edited')

    def change(farm: Any) -> None:
        wiki = farm.wikis['aa']
        local = wiki.accounts[VANDAL]
        wiki.move(
            wiki.page('Spam moved'), parse_title('Spam away'), local, '', redirect=True
        )
        wiki.files.add('Spam.png', b'b', user=VANDAL, user_id=1, comment='')
        # Somebody wants to keep it, and it looks as before.
        wiki.delete(wiki.page('Spam wanted'), 'Plain Sysop', 'spam')
        wiki.undelete(parse_title('Spam wanted'), 'Plain Sysop', 'no spam')

    sandbox.call(change)
    with ledger.database.begin() as connection:
        planned = now() - timedelta(days=2)
        connection.execute(sa.update(campaigns).values(planned_at=planned))
    run = crosswiki_delete('-resume', '-always')
    assert run.code == 1, run.said
    assert 'Skipped:   3 (changed since' in run.out
    assert 'deleted and restored since the plan, by Plain Sysop' in run.out
    assert list(effects(sandbox)) == [('aa', 'Spam same')]


@pytest.mark.parametrize('what', ['restored one', 'new file', 'new page', 'gone'])
def test_undo_leaves_files_that_others_have_touched_since(
    crosswiki_delete: Script, sandbox: Sandbox, upload: Any, write: Any, what: str
) -> None:
    upload('File:Spam.png', b'a', b'b')
    assert crosswiki_delete('[[aa:File:Spam.png]]', *USUAL, '-campaign:f').code == 0

    def touch(farm: Any) -> None:
        farm.advance(5)
        wiki = farm.wikis['aa']
        title = parse_title('File:Spam.png')
        first = wiki.files.archive['Spam.png'][0].id
        if what == 'restored one':
            wiki.undelete(title, 'Plain Sysop', '', file_ids=[first])
        elif what == 'new file':
            wiki.files.add('Spam.png', b'c', user='Plain Sysop', user_id=1, comment='')
        elif what == 'new page':
            wiki.edit(title, 'mine', user='Plain Sysop')
        else:
            del wiki.files.archive['Spam.png'][0]

    sandbox.call(touch)
    before = versions(sandbox, 'Spam.png'), archived(sandbox, 'Spam.png')
    run = crosswiki_delete('-undo:f', '-reason:mistake', '-always')
    assert run.code == 1, run.said
    words = 'changed since by somebody else'
    if what != 'gone':
        words = 'there is a new page or file of that title'
    assert f'({words}' in run.out
    assert (versions(sandbox, 'Spam.png'), archived(sandbox, 'Spam.png')) == before
    assert not sandbox.journal.entries(action='undelete')


def test_a_file_that_was_changed_since_the_plan_is_held_back(
    crosswiki_delete: Script, sandbox: Sandbox, upload: Any
) -> None:
    """Even if its page has the same revisions."""
    for number in range(4):
        upload(f'File:Spam {number}.png', b'a', b'b')
    files = [f'[[aa:File:Spam {number}.png]]' for number in range(4)]
    assert crosswiki_delete(*files, *USUAL, '-simulate').code == 0

    def change(farm: Any) -> None:
        wiki = farm.wikis['aa']
        by = {'user': 'Plain Sysop', 'user_id': 1, 'comment': ''}
        wiki.files.add('Spam 1.png', b'c', **by)
        wiki.files.versions['Spam 2.png'].pop()
        older, newer = wiki.files.versions['Spam 3.png']
        older.sha1, newer.sha1 = newer.sha1, older.sha1

    sandbox.call(change)
    run = crosswiki_delete('-resume', '-always')
    assert run.code == 1, run.said
    # Each is said when it happens, and once more at the end.
    assert run.out.count('changed since the plan, and skipped') == 6
    assert list(effects(sandbox)) == [('aa', 'File:Spam 0.png')]


def test_files_that_are_no_plain_spam_are_held_back(
    crosswiki_delete: Script, sandbox: Sandbox, upload: Any, write: Any
) -> None:
    upload('File:Spam shared.png', b'a')
    upload('File:Spam shared.png', b'b', user='Plain Sysop')
    upload('File:Spam long.png', *(bytes([n]) for n in range(4)))
    upload('File:Spam hidden.png', b'a', b'b')
    upload('File:Spam bare.png', b'a')
    write('aa', 'File:Spam redirect.png', text='#REDIRECT [[File:Spam long.png]]')
    write('aa', 'File:Spam no file.png')

    def change(farm: Any) -> None:
        wiki = farm.wikis['aa']
        wiki.files.versions['Spam hidden.png'][0].hidden = True
        page = wiki.page('File:Spam bare.png')
        del wiki.pages[page.title], wiki.page_ids[page.id]
        # Uploads that left no revision count as well.
        page = wiki.page('File:Spam long.png')
        del page.revisions[1:]
        page = wiki.page('File:Spam shared.png')
        del page.revisions[1:]

    sandbox.call(change)
    titles = ['shared', 'long', 'hidden', 'bare', 'redirect', 'no file', 'nowhere']
    names = [f'[[aa:File:Spam {title}.png]]' for title in titles]
    run = crosswiki_delete(*names, *USUAL, '-max-revisions:3', '-campaign:one')
    assert run.code == 1, run.said
    for why in (
        'too many authors',
        'too many revisions',
        'a file with versions that are hidden or lost',
        'a file without a page',
        'no such page',
    ):
        assert f'Skipped:   1 ({why}' in run.out
    assert sorted(effects(sandbox)) == [
        ('aa', 'File:Spam no file.png'),
        ('aa', 'File:Spam redirect.png'),
    ]
    assert len(versions(sandbox, 'Spam long.png')) == 4
    run = crosswiki_delete('-undo:one', '-reason:mistake', '-always')
    assert run.code == 0, run.said
    sent = sandbox.journal.entries(action='undelete')
    assert len(sent) == 2
    assert not any('fileids' in entry.params for entry in sent)


def test_only_files_that_the_account_has_begun(
    crosswiki_delete: Script, sandbox: Sandbox, upload: Any
) -> None:
    """The first version may be another account's, even if the page is not."""
    upload('File:Spam.png', b'a', user='Plain Sysop')
    upload('File:Spam.png', b'b')

    def adopt(farm: Any) -> None:
        page = farm.wikis['aa'].page('File:Spam.png')
        for revision in page.revisions:
            revision.user = VANDAL

    sandbox.call(adopt)
    run = crosswiki_delete(
        f'-from-user:{VANDAL}', '-max-authors:2', USUAL[0], '-simulate'
    )
    assert '(created by somebody else' in run.out
    assert 'aawiki:File:Spam.png' in run.out


@pytest.mark.parametrize('action', ['delete', 'undelete'])
def test_a_lost_answer_about_a_file_is_settled_by_reading(
    crosswiki_delete: Script,
    sandbox: Sandbox,
    upload: Any,
    ledger: Ledger,
    action: str,
) -> None:
    upload('File:Spam.png', b'a', b'b')
    for when in 'after', 'before':
        sandbox.faults.arm(kind='drop', when=when, action=action)
    run = crosswiki_delete('[[aa:File:Spam.png]]', *USUAL, '-campaign:f')
    assert run.code == 0, run.said
    assert archived(sandbox, 'Spam.png') == [b'a', b'b']
    run = crosswiki_delete('-undo:f', '-reason:x', '-always', '-campaign:u')
    assert run.code == 0, run.said
    assert versions(sandbox, 'Spam.png') == [b'a', b'b']
    for each in 'delete', 'undelete':
        made = sandbox.journal.entries(action=each)
        assert len([entry for entry in made if entry.effect]) == 1
    campaign = ledger.find('u')
    assert campaign is not None
    assert ledger.changed_count(campaign) == 1


def test_help_lists_its_own_options_and_the_shared_ones(desk: Desk) -> None:
    desk.script = 'crosswiki_delete'
    run = desk.run('-help')
    assert run.code == 0, run.said
    assert '-same-title:TITLE' in run.out
    assert '-report:DIR' in run.out
