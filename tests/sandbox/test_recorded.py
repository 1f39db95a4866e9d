"""Targets that wikis have recorded: hits of filters, new accounts, authors of links."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest

from centralauth_sandbox import Sandbox
from centralauth_sandbox.farm import Farm
from centralauth_sandbox.titles import Title
from mw_tokens_plugin.exceptions import InvalidInput
from mw_tokens_plugin.site.mixins import typed
from mw_tokens_plugin.targets import recorded
from mw_tokens_plugin.targets.recorded import Recorded

from .desk import Run

# Within one process there are sites before the second run begins.
pytestmark = pytest.mark.filterwarnings('ignore:Site objects have been created')

Script = Callable[..., Run]
LOCK = 'setglobalaccountstatus'
LOOK = ('-reason:x', '-simulate')
DAY = 86400
LINK = 'See https://pills.example.org/1 and http://pills.example.org/2.'


@pytest.fixture
def abused(sandbox: Sandbox) -> Sandbox:
    """Two wikis that have recorded what spambots have done, long ago and today."""
    sandbox.call(abuse)
    return sandbox


def abuse(farm: Farm) -> None:
    """Let spambots do what wikis record."""
    meta, other = farm.central, farm.wikis['aa']
    for ago, number in ((30, 1), (1, 2)):
        farm.advance(-ago * DAY)
        name = f'Spambot {number:05}'
        meta.match_filter('12', name, Title(2, name))
        meta.match_filter('99', 'Spambot 00009', Title(0, 'Private'))
        meta.edit(f'User:{name}', LINK, user=name)
        farm.log_creation(meta, meta.stranger(name))
        farm.log_creation(other, other.stranger(name))
        farm.advance(ago * DAY)
    meta.match_filter('12', '192.0.2.7', Title(0, 'Home'))
    meta.match_filter('13', 'Spambot 00003', Title(0, 'Home'))
    for name in 'Sandbox Operator', 'Spambot 00002':
        meta.match_filter('14', name, Title(2, 'Spambot 00002'))
    meta.match_filter('15', 'Global Helper', Title(2, 'Spambot 00002'))
    other.match_filter('global-5', 'Spambot 00004', Title(0, 'Home'))
    meta.private_filters.add('99')
    # Whoever has added the link, it was not certainly the one who has begun the page.
    meta.edit('Article', 'An article.', user='Prolific Editor')
    meta.edit('Article', LINK, user='Spambot 00005')
    meta.edit('Others', 'https://example.org', user='Prolific Editor')


@pytest.mark.parametrize(
    ('given', 'locked', 'said'),
    [
        (['-abuselog:12'], [2], '2 users and addresses in the log of abuse filter 12'),
        (['-abuselog:12', '-since:60d'], [1, 2], '3 users and addresses in the log'),
        (['-abuselog:global-5@aa'], [4], '1 user or address in the log of abuse'),
        (['-newusers:^Spambot'], [2], '1 new account with names like ^Spambot on'),
        (['-newusers:bot 0000[12]@aawiki', '-since:60d'], [1, 2], '2 new accounts'),
        (['-linksearch:example.org'], [2], 'on sandbox:meta since'),
        (['-linksearch:*.Example.org', '-since:60d'], [1, 2], '1 page was edited'),
        (['-abuselog:13', '-newusers:2$', 'Spambot 00006'], [2, 3, 6], '1 new account'),
    ],
)
def test_a_plan_names_whom_a_wiki_has_recorded(
    pwb: Script, abused: Sandbox, given: list[str], locked: list[int], said: str
) -> None:
    run = pwb('global_lock', *given, *LOOK, '-max-edits:999')
    assert run.code == 0, run.said
    assert said in run.out
    assert not abused.journal.entries(action=LOCK)
    assert pwb('global_lock', '-resume', '-always').code in (0, 1)
    sent = [e.target for e in abused.journal.entries(action=LOCK) if e.effect]
    assert sorted(sent) == [f'Spambot {number:05}' for number in locked]


def test_addresses_and_abusers_are_found_in_the_same_ways(
    pwb: Script, abused: Sandbox
) -> None:
    blocks = ('-expiry:1 week', '-anononly', *LOOK)
    run = pwb('global_block', '-abuselog:12', *blocks)
    assert run.code == 0, run.said
    assert '192.0.2.7' in run.out and 'Spambot 00002' in run.out
    # Whose deeds are reverted is named as for pywikibot, too.
    actors = ('-abuselog:12', '-usercontribs:Spambot 00007')
    run = pwb('crosswiki_rollback', *actors, *LOOK)
    assert 'User:Spambot 00002 (created by them' in run.out, run.said


def test_those_who_clean_up_are_not_taken_for_abusers(
    pwb: Script, abused: Sandbox
) -> None:
    """A filter that matches text matches those who remove it, too."""
    abused.call(lambda farm: farm.central.edit('Home', 'x', user='Sandbox Operator'))
    run = pwb('crosswiki_rollback', '-abuselog:14', '-since:2d', *LOOK)
    # The page that the spambot has created is for deletion.
    assert run.code == 1, run.said
    assert 'Home' not in run.out
    assert 'Sandbox Operator is your own account, which was recorded, too' in run.out
    run = pwb('crosswiki_rollback', '-abuselog:15', '-since:2d', *LOOK)
    assert run.code == 2
    assert 'Global Helper, whom a wiki has recorded, is a member of groups' in run.err


@pytest.mark.parametrize(
    ('given', 'words'),
    [
        (['-abuselog:12', '-always'], 'never run on -always'),
        (['-newusers:^Spambot'], 'look at the plan'),
        (['-abuselog:spam', '-simulate'], 'the number of a filter'),
        (['-abuselog:12|13', '-simulate'], 'the number of a filter'),
        (['-abuselog:12@', '-simulate'], 'stands between'),
        (['-abuselog:12@nowhere', '-simulate'], 'nowhere'),
        (['-abuselog:99', '-simulate'], 'private abuse filters'),
        (['-abuselog:12@bb', '-simulate'], 'has no abuse log'),
        (['-newusers:(', '-simulate'], 'no regular expression'),
        (['-linksearch:localhost', '-simulate'], 'give a domain'),
        (['X', '-since:3d', '-simulate'], '-since needs a'),
        (['-page:SRG', '-abuselog:12', '-simulate'], 'do not go together'),
        (['-newusers:nobody at all', '-simulate'], 'nothing to do'),
    ],
)
def test_what_a_wiki_cannot_have_recorded_is_refused(
    pwb: Script, abused: Sandbox, given: list[str], words: str
) -> None:
    run = pwb('global_lock', *given, '-reason:x')
    assert run.code in (2, 3), run.said
    assert words in run.err
    assert not abused.journal.entries(action=LOCK)


def test_a_long_log_is_read_in_parts_and_not_without_an_end(
    abused: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    import pywikibot

    site = typed(pywikibot.Site('meta', 'sandbox'))

    def more(farm: Farm) -> None:
        farm.advance(-1200)
        for number in range(1200):
            farm.central.match_filter('7', f'Bot {number}', Title(0, 'Home'))
            farm.advance(1)

    abused.call(more)
    since = site.tokens.session.clock.now()
    found = Recorded(site, since.replace(year=since.year - 1))
    assert len(set(found.in_abuse_log('7'))) == 1200
    # A wiki that does not know a filter lists the hits of all.
    with pytest.raises(InvalidInput, match='other filters'):
        list(found.in_abuse_log('x'))
    monkeypatch.setattr(recorded, 'MAX_ENTRIES', 1000)
    with pytest.raises(InvalidInput, match='give a shorter time'):
        list(found.in_abuse_log('7'))
    assert not list(found.new_accounts(re.compile('nobody')))
