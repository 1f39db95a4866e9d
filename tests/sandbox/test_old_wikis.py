"""Tokens reach their users on wikis from before MediaWiki 1.24, too.

The farm has a wiki of each age. Those whose codes begin with ``true`` say what they
run, which pywikibot refuses; those that begin with ``said`` say that they run 1.31,
which it accepts, and are as old all the same.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import pywikibot
from leftovers import forget_logins
from pywikibot import config

from centralauth_sandbox import Sandbox
from centralauth_sandbox.farm import Farm as SandboxFarm
from centralauth_sandbox.layout import Layout
from centralauth_sandbox.seeds import Credentials, seeder
from mw_tokens_plugin.exceptions import (
    TokenUnavailable,
    UnknownModule,
    UnknownTokenType,
)
from mw_tokens_plugin.protocol.legacy import Source

from . import ownfarm
from .farms import Farm

ACCEPTED = 'MediaWiki 1.31.0'
LAYOUTS = {
    'meta': Layout(),
    **{
        f'{prefix}{release[2:]}': Layout(release=release, generator=generator)
        for release in ('1.19', '1.22', '1.23', '1.24')
        for prefix, generator in (('true', ''), ('said', ACCEPTED), ('then', ACCEPTED))
    },
}
SAID = tuple(code for code in LAYOUTS if code.startswith('said'))
TRUE = tuple(code for code in LAYOUTS if code.startswith('true'))
#: Those that have no ``meta=tokens``.
OLD = tuple(code for code in TRUE if not code.endswith('24'))
#: Those that are upgraded while somebody works there.
UPGRADED = tuple(code for code in LAYOUTS if code.startswith('then'))
SPAMBOT = 'Spambot 00001'
VICTIM = 'Plain Sysop'
PAGE = 'Old page'

#: What a family file says so that pywikibot does not look at the release.
LIFTED = """
    def interface(self, code):
        from pywikibot.site import APISite as Refusing

        class APISite(Refusing):
            def version(self):
                return self.siteinfo['generator'].split()[1]

        return APISite
"""


@pytest.fixture(scope='module')
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Farm, Path]]:
    """The farm, started once."""
    credentials = Credentials.generate()
    seed = seeder(credentials, 3)
    played = SandboxFarm(list(LAYOUTS), seed, layouts=LAYOUTS, current=False)
    directory = tmp_path_factory.mktemp('ages')
    with Sandbox(farm=played, network='127.0.6', credentials=credentials) as sandbox:
        farm = ownfarm.farm_of(sandbox, 'ages')
        farm.introduce(directory)
        yield farm, directory


@pytest.fixture
def ages(running: tuple[Farm, Path]) -> Farm:
    """The farm in its first state, and a pywikibot that has never talked to it."""
    farm, directory = running
    farm.restore()
    farm.choose(directory)
    sandbox = farm.sandbox
    assert sandbox is not None

    def write(farm: Any) -> None:
        for code, wiki in farm.wikis.items():
            wiki.layout = LAYOUTS[code]

    sandbox.call(write)
    for code in LAYOUTS:
        spoil(sandbox, code)
    return farm


def spoil(sandbox: Sandbox, code: str) -> None:
    """Let somebody write a good page, and a spambot spoil it."""

    def write(farm: Any) -> None:
        for text, user in ('Good', VICTIM), ('Buy!', SPAMBOT):
            farm.wikis[code].edit(PAGE, text, user=user)

    sandbox.call(write)


@pytest.fixture(params=('meta', *TRUE))
def there(request: pytest.FixtureRequest, ages: Farm) -> tuple[Any, Sandbox]:
    """A wiki of each age, with nobody logged in, and the sandbox that plays it."""
    assert ages.sandbox is not None
    return ages.site(request.param), ages.sandbox


def edit(site: Any) -> dict[str, Any]:
    token = site.tokens['csrf']
    return {'action': 'edit', 'title': PAGE, 'text': 'Better', 'token': token}


def delete(site: Any) -> dict[str, Any]:
    token = site.tokens.for_action('delete')
    return {'action': 'delete', 'title': PAGE, 'reason': 'Old', 'token': token}


def rollback(site: Any) -> dict[str, Any]:
    page, token = pywikibot.Page(site, PAGE), site.tokens.rollback
    return {'action': 'rollback', 'title': page, 'user': SPAMBOT, 'token': token}


def userrights(site: Any) -> dict[str, Any]:
    token = site.tokens.for_action('userrights')
    return {'action': 'userrights', 'user': VICTIM, 'add': 'bot', 'token': token}


def lock(site: Any) -> dict[str, Any]:
    action = 'setglobalaccountstatus'
    token = site.tokens.setglobalaccountstatus
    values = {'user': SPAMBOT, 'locked': 'lock', 'reason': 'Old', 'token': token}
    return {'action': action, **values}


WRITES: tuple[Callable[[Any], dict[str, Any]], ...] = (
    edit,
    rollback,
    userrights,
    lock,
    delete,
)


#: The same writes, without a look at their tokens.
POSTED: tuple[tuple[str, dict[str, Any]], ...] = (
    ('edit', {'title': PAGE, 'text': 'Better'}),
    ('rollback', {'title': PAGE, 'user': SPAMBOT}),
    ('userrights', {'user': VICTIM, 'add': 'bot'}),
    ('delete', {'title': PAGE, 'reason': 'Old'}),
)


def effects(sandbox: Sandbox, wiki: str) -> list[str]:
    """Return what was really done on a wiki, but for logging in."""
    return [
        entry.effect
        for entry in sandbox.journal.entries()
        if entry.wiki == wiki and entry.effect not in ('', 'login')
    ]


def test_any_action_is_posted_whatever_the_age(there: tuple[Any, Sandbox]) -> None:
    site, sandbox = there
    for action, parameters in POSTED:
        spoil(sandbox, site.code)
        assert site.post(action, **parameters)[action]
    done = effects(sandbox, site.code)
    assert [name.partition(':')[0] for name in done] == [name for name, _ in POSTED]


def test_a_bot_writes_whatever_the_age_and_goes_on_after_its_tokens_died(
    there: tuple[Any, Sandbox], capfd: pytest.CaptureFixture[str]
) -> None:
    """Tokens are typed in one way for all ages, and renewed as they are today."""
    site, sandbox = there
    site.login()
    done = []
    for write in WRITES:
        if write is lock and site.code.endswith('19'):
            # CentralAuth of that time had no module that locks.
            with pytest.raises(UnknownTokenType):
                lock(site)
            with pytest.raises(UnknownModule):
                site.tokens.for_action('setglobalaccountstatus')
            continue
        for dies in False, True:
            spoil(sandbox, site.code)
            parameters = write(site)
            if dies:
                sandbox.command('expire-csrf', user=site.username())
            answer = site.simple_request(**parameters).submit()
            assert parameters['action'] in answer
            if not dies or write in (edit, rollback, delete):
                done.append('setstatus' if write is lock else parameters['action'])
    assert effects(sandbox, site.code) == done
    said = capfd.readouterr().err
    for name in 'csrf', 'rollback', 'userrights':
        assert f'Renewing the {name} token' in said
    assert 'WARNING' not in said


@pytest.mark.parametrize('code', OLD)
def test_an_old_wiki_is_asked_in_its_own_way_and_that_is_remembered(
    ages: Farm, code: str
) -> None:
    """No request is wasted on what the wiki has said that it lacks."""
    sandbox, site = ages.sandbox, ages.site(code)
    assert sandbox is not None
    site.login()
    assert site.tokens.csrf
    before = len(sandbox.journal.entries())
    for _ in range(3):
        sandbox.command('expire-csrf', user=site.username())
        site.simple_request(**edit(site)).submit()
    asked = [e for e in sandbox.journal.entries()[before:] if e.action != 'edit']
    questions = {(e.action, e.params.get('type'), e.params.get('prop')) for e in asked}
    if code.endswith('19'):
        assert questions == {('query', None, 'info')}
        assert site.tokens._query.source is Source.PROPERTY
    else:
        assert questions == {('tokens', 'edit', None)}
        assert site.tokens._query.source is Source.ACTION
    assert len(asked) == 3


@pytest.mark.parametrize('code', UPGRADED)
def test_a_wiki_that_is_upgraded_meanwhile_is_asked_as_it_is_now(
    ages: Farm, code: str
) -> None:
    sandbox, site = ages.sandbox, ages.site(code)
    assert sandbox is not None
    site.login()
    for rights in ('userrights', 'rollback', 'csrf'):
        assert site.tokens[rights]
    sandbox.call(lambda farm: setattr(farm.wikis[code], 'layout', Layout()))
    site.simple_request(**edit(site)).submit()
    assert not site.tokens.is_old
    spoil(sandbox, code)
    site.simple_request(**rollback(site)).submit()


@pytest.mark.parametrize('code', TRUE)
def test_a_lost_session_never_makes_an_anonymous_write(ages: Farm, code: str) -> None:
    """Wikis of some ages know no assertion, so that the token alone protects."""
    sandbox, site = ages.sandbox, ages.site(code)
    assert sandbox is not None
    site.login()
    for _ in range(2):
        parameters = edit(site)
        sandbox.command('end-sessions', user=site.username())
        site.simple_request(**parameters, summary='x').submit()
    users = {e.user for e in sandbox.journal.entries() if e.effect == 'edit'}
    assert users == {site.username()}


@pytest.mark.parametrize('code', OLD)
def test_what_a_token_is_for_is_named_where_the_request_is_made_by_hand(
    ages: Farm, code: str
) -> None:
    site = ages.site(code)
    site.login()
    wallet = site.tokens
    assert wallet.for_action('rollback', title=PAGE).subject.title == PAGE
    assert wallet.for_action('userrights', user=VICTIM).subject.user == VICTIM
    with pytest.raises(TokenUnavailable, match='No such page'):
        wallet.for_action('rollback', title='No such page')
    with pytest.raises(TokenUnavailable, match='Nobody of that name'):
        wallet.for_action('userrights', user='Nobody of that name')
    assert wallet.patrol and wallet.watch
    with pytest.raises(UnknownTokenType):
        wallet['nosuchtype']


@pytest.mark.parametrize('code', ('meta', *TRUE))
def test_tokens_ride_on_queries_and_edits_notice_conflicts(
    ages: Farm, code: str
) -> None:
    site = ages.site(code)
    site.login()
    site.tokens.prefetch('rollback', 'csrf')
    assert {'csrf', 'watch'} <= site.get_tokens([]).keys()
    assert list(site.get_tokens(['csrf'])) == ['csrf']
    answer = site.query_with_tokens(['csrf', 'rollback'], titles=PAGE, prop='info')
    assert 'pages' in answer['query']
    context = site.edit_context(PAGE, text=True)
    assert context.text == 'Buy!'
    assert context.token == site.tokens.csrf
    assert abs((site.server_time() - pywikibot.Timestamp.utcnow()).days) < 2
    with pytest.raises(ValueError, match='title'):
        site.edit_context('A|B')


@pytest.mark.parametrize('code', SAID)
def test_pages_of_pywikibot_work_where_it_accepts_the_release(
    ages: Farm, code: str
) -> None:
    site = ages.site(code)
    site.login()
    page = pywikibot.Page(site, PAGE)
    site.rollbackpage(page)
    page = pywikibot.Page(site, PAGE)
    assert page.text == 'Good'
    page.text = 'Best'
    page.save('x', quiet=True)
    assert pywikibot.Page(site, PAGE).latest_revision.text == 'Best'
    page.delete('Old', prompt=False)
    assert not pywikibot.Page(site, PAGE).exists()
    assert len(list(site.allpages(total=2))) == 2


@pytest.mark.parametrize('code', TRUE)
def test_what_pywikibot_refuses_a_family_can_lift(
    ages: Farm, code: str, running: tuple[Farm, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    """It refuses wikis by their release; the plugin needs none of it."""
    site = ages.site(code)
    site.login()
    with pytest.raises(RuntimeError, match='does not support MediaWiki'):
        site.version()
    with pytest.raises(RuntimeError, match='does not support MediaWiki'):
        pywikibot.Page(site, PAGE).delete('Old', prompt=False)
    text = (running[1] / 'ages_family.py').read_text('utf-8')
    file = running[1] / 'lifted_family.py'
    file.write_text(text.replace("'ages'", "'lifted'") + LIFTED, 'utf-8')
    monkeypatch.setitem(config.family_files, 'lifted', str(file))
    config.usernames['lifted']['*'] = ages.operator.name
    lifted = pywikibot.Site(code, 'lifted')
    assert str(lifted.mw_version).startswith(f'1.{code[-2:]}')
    assert lifted.tokens.csrf
    lifted.rollbackpage(pywikibot.Page(lifted, PAGE))
    assert pywikibot.Page(lifted, PAGE).text == 'Good'
    pywikibot.Page(lifted, PAGE).delete('Old', prompt=False)


@pytest.mark.parametrize('code', SAID)
def test_a_process_that_goes_on_with_a_session_finds_out_anew(
    ages: Farm, code: str
) -> None:
    """It logs in with a cookie, so that nothing is known from asking for tokens."""
    ages.site(code).login()
    forget_logins()
    site = ages.site(code)
    assert pywikibot.Page(site, PAGE).text == 'Buy!'
    assert site.tokens.token_type_of('rollback') == 'rollback'
    assert site.user() == ages.operator.name
