"""`pwb token_doctor`: what it finds for each login, and that it tells no secret."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

from centralauth_sandbox import Fault, Sandbox
from centralauth_sandbox.loginsteps import Factors, new_secret
from centralauth_sandbox.records import Block as BlockThere
from centralauth_sandbox.seeds import BOT_GRANTS
from mw_tokens_plugin.cli import launch
from mw_tokens_plugin.doctor import (
    SCRIPTS,
    Block,
    Diagnosis,
    LoginKind,
    Missing,
    Obstacle,
    examination,
    examine,
)
from mw_tokens_plugin.doctor.findings import Need, Role, Script

from .desk import Desk, Run, script
from .farms import Farm
from .foreign import forget_account

#: Scripts that ask for nothing themselves.
ASK_NOTHING = {'campaign', 'global_status', 'token_doctor'}


@pytest.fixture
def doctor(farm: Farm, capfd: pytest.CaptureFixture[str]) -> Callable[..., Run]:
    """Run the script within this process."""
    module = import_module(script().__name__.replace('global_lock', 'token_doctor'))

    def run(*args: str) -> Run:
        capfd.readouterr()
        code = module.main(*(args or ('-targets:100',)))
        said = capfd.readouterr()
        return Run(int(code), said.out, said.err)

    return run


def use_bot_password(farm: Farm, app: str | None = None, secret: str = '') -> None:
    """Have the operator log in with a bot password: the farm's, or another one."""
    from pywikibot import config

    name, _, own = farm.bot.name.partition('@')
    bot = f'BotPassword({app or own!r}, {secret or farm.bot.password!r})'
    Path(config.password_file).write_text(f'({name!r}, {bot})\n')


def give_bot_password(farm: Farm, sandbox: Sandbox, grants: list[str]) -> None:
    """Give the operator another bot password, and have it used."""
    name, secret = farm.operator.name, '0123456789abcdef0123456789abcdef'
    sandbox.call(lambda state: state.add_bot_password(name, 'less', secret, grants))
    use_bot_password(farm, 'less', secret)


def check(found: Diagnosis, name: str) -> Any:
    """Return how a script would fare on the one wiki where it acts."""
    (only,) = [c for wiki in found.wikis for c in wiki.checks(name)]
    return only


def test_every_script_is_known_to_it() -> None:
    folder = Path(str(script().__file__)).parent
    scripts = {path.stem for path in folder.glob('*.py')} - {'__init__'}
    assert scripts - ASK_NOTHING <= {each.name for each in SCRIPTS}


# How the login was made


def test_the_main_password_gets_centralauthtokens(site: Any) -> None:
    found = examine(site)
    assert found.login is LoginKind.MAIN_PASSWORD
    assert found.centralauthtoken
    assert found.foreign_site == 'centralauthtoken'
    assert found.would_work('global_lock')
    assert found.would_work('link_account')


def test_a_bot_password_gets_none_and_its_advice_is_not_given(
    site: Any, farm: Farm
) -> None:
    use_bot_password(farm)
    found = examine(site)
    assert found.login is LoginKind.BOT_PASSWORD
    assert not found.centralauthtoken
    assert found.foreign_site == 'password'
    assert found.obstacle is Obstacle.BOT_PASSWORD
    assert found.would_work('global_lock')
    assert 'safer-login' not in [advice.what for advice in found.advice()]
    assert check(found, 'link_account').missing == (
        Missing('main password', 'main password'),
    )


def test_what_the_wiki_says_of_the_login_itself_is_shown(
    sandbox: Sandbox, site: Any, doctor: Callable[..., Run]
) -> None:
    """Who has given it a class of its own is told so, and others see nothing."""
    assert examine(site).rate_class is None
    sandbox.call(
        lambda farm: setattr(farm.sessions.web_tokens, 'rate_class', 'established-user')
    )
    site.logout()
    run = doctor()
    assert 'requests are counted as: established-user' in run.out
    assert re.search(r'centralauthtoken: yes, each is good for (59|6\d) s', run.out)


def test_how_long_a_login_lasts_and_what_it_is_good_for_is_shown(
    sandbox: Sandbox, site: Any, doctor: Callable[..., Run]
) -> None:
    """A wiki remembers a login for half a year, and believes it for five minutes."""
    run = doctor()
    assert re.search(r'  remembered: until 20\d\d-\d\d-\d\d\n', run.out)
    sensitive = 'linking accounts, changing passwords'
    assert f'{sensitive}: now' in run.out
    sandbox.call(lambda farm: farm.advance(301))
    found = examine(site)
    assert found.recent_login == 'reauth'
    assert found.would_work('link_account')
    assert f'{sensitive}: after the password or a code' in doctor().out


@pytest.mark.parametrize('login', ['main password', 'bot password'])
def test_rights_that_are_withheld_for_lack_of_a_second_factor_are_told_as_such(
    sandbox: Sandbox, farm: Farm, site: Any, doctor: Callable[..., Run], login: str
) -> None:
    """Nobody can help by giving the account the right, which it has."""
    if login == 'bot password':
        give_bot_password(farm, sandbox, BOT_GRANTS)
    sandbox.call(lambda farm: setattr(farm, 'second_factor_groups', {'steward'}))
    run = doctor('-for:global_lock')
    assert run.code == 3
    assert re.search(
        'global_lock: would not work: .*centralauth-lock is withheld, probably since',
        run.out,
    )
    account = sandbox.farm.accounts[site.username()]
    sandbox.call(lambda farm: setattr(account, 'factors', Factors(totp=[new_secret()])))
    del site.userinfo
    assert examine(site).would_work('global_lock')


def test_oauth_is_seen_by_its_consumer(
    site: Any, farm: Farm, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The sandbox has no OAuth and takes it for nobody, which is found too."""
    from pywikibot import config

    host = farm.wikis[farm.central].split('/')[2]
    consumer = ('consumer', 'consumer secret', 'access', 'access secret')
    monkeypatch.setattr(config, 'authenticate', {host: consumer})
    found = examine(site)
    assert found.login is None
    assert found.wikis[0].problem
    assert not found.would_work('global_lock')


def test_oauth_without_its_library_is_told_in_one_sentence(
    doctor: Callable[..., Run], monkeypatch: pytest.MonkeyPatch
) -> None:
    from pywikibot import config
    from pywikibot.comms import http

    consumer = ('consumer', 'consumer secret', 'access', 'access secret')
    monkeypatch.setattr(config, 'authenticate', {'127.0.0.1': consumer})
    monkeypatch.setattr(http, 'requests_oauthlib', ImportError('not there'))
    run = doctor('-json')
    assert run.code == 2
    assert 'pip install requests-oauthlib' in run.err
    assert 'secret' not in run.said


def test_a_wrong_password_is_a_finding(site: Any, doctor: Callable[..., Run]) -> None:
    from pywikibot import config

    Path(config.password_file).write_text(f'({site.username()!r}, "wrong")\n')
    run = doctor('-for:global_lock')
    assert run.code == 3
    assert 'made with: none' in run.out
    assert 'Check the name in user-config.py and the password.' in run.out
    assert '..' not in run.out
    assert 'Traceback' not in run.said


# What is missing


def test_an_account_without_the_right_is_told_so(
    farm: Farm, site: Any, sandbox: Sandbox, doctor: Callable[..., Run]
) -> None:
    sandbox.command('demote', user=site.username())
    run = doctor('-for:global_lock')
    assert run.code == 3
    assert 'the account lacks the right centralauth-lock' in run.out


def test_a_bot_password_without_the_grant_is_told_which(
    site: Any, farm: Farm, sandbox: Sandbox
) -> None:
    """The account has the right all the while, by its global group or a local one."""
    give_bot_password(farm, sandbox, ['basic', 'setglobalaccountstatus'])
    found = examine(site)
    assert check(found, 'global_lock').works
    assert check(found, 'global_lock').missing == (
        Missing('grant', 'globalblock', '-globalblock'),
        Missing('grant', 'editpage', '-close'),
        Missing('grant', 'editpage', '-report-page'),
    )
    assert Missing('grant', 'delete') in check(found, 'crosswiki_delete').missing
    assert check(found, 'global_delete').missing == (
        Missing('main password', 'main password'),
        Missing('grant', 'editpage', '-report-page'),
    )


@pytest.mark.parametrize('name', [s.name for s in SCRIPTS if s.grants() is not None])
def test_the_least_set_of_grants_is_enough_and_no_smaller_one_is(
    name: str, site: Any, farm: Farm, sandbox: Sandbox
) -> None:
    (wanted,) = [each for each in SCRIPTS if each.name == name]
    grants = wanted.grants()
    assert grants is not None
    for left_out in (None, *grants[1:]):
        given = [grant for grant in grants if grant != left_out]
        give_bot_password(farm, sandbox, given)
        site.logout()
        assert examine(site).would_work(name) is (left_out is None)


# Other wikis


def test_other_wikis_are_seen_as_the_scripts_see_them(site: Any, farm: Farm) -> None:
    code = next(code for code in farm.wikis if code != farm.central)
    found = examine(site, [code])
    home, other = found.wikis
    assert (home.roles, other.roles) == (('home', 'central'), ('named',))
    assert other.findings is not None
    assert 'centralauthtoken' in other.findings.through
    scripts = [each.script for each in other.findings.scripts]
    assert scripts == [
        'crosswiki_delete',
        'crosswiki_rollback',
        'crosswiki_block',
        'crosswiki_cleanup',
    ]
    assert found.would_work('crosswiki_delete')


def test_without_others_the_home_wiki_is_where_pages_are_deleted(site: Any) -> None:
    found = examine(site)
    (home,) = found.wikis
    assert home.roles == ('home', 'central')
    assert found.would_work('crosswiki_delete')
    assert check(found, 'crosswiki_delete').works


def test_the_central_wiki_is_looked_at_wherever_home_is(farm: Farm) -> None:
    code = next(code for code in farm.wikis if code != farm.central)
    found = examine(farm.site(code))
    assert [wiki.roles for wiki in found.wikis] == [('home',), ('central',)]
    assert found.would_work('global_lock')


def test_where_no_central_wiki_is_named_it_says_what_the_scripts_do(
    farm: Farm,
    doctor: Callable[..., Run],
    capfd: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(type(farm.site().family), 'central_wiki', None)
    sentence = 'It is not known on which wiki the family'
    for name in ('global_lock', 'crosswiki_delete', 'global_delete'):
        run = doctor(f'-for:{name}', 'aa')
        assert run.code == 3, run.said
        assert sentence in run.out
        assert 'crosswiki_delete: would not work' in run.out
        assert script(name).main('-resume', '-always') == 2
        assert sentence in capfd.readouterr().err
    assert doctor('-for:link_account').code == 0


def test_a_wiki_without_an_account_is_a_problem_of_that_wiki_alone(
    site: Any, sandbox: Sandbox, doctor: Callable[..., Run]
) -> None:
    forget_account(sandbox, 'aa')
    assert doctor('aa', 'bb').code == 1
    assert doctor('aa', 'bb', '-for:crosswiki_delete').code == 3
    assert doctor('bb', '-for:crosswiki_delete').code == 0
    assert doctor('aa', 'bb', '-for:global_lock').code == 0


# What passes


def test_a_home_wiki_that_does_not_answer_is_a_finding(
    farm: Farm,
    sandbox: Sandbox,
    doctor: Callable[..., Run],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(launch, 'UNREACHABLE_AFTER', 0)
    sandbox.faults.arm(Fault('drop', wiki=farm.central, times=0))
    for options in ((), ('-for:global_lock',), ('-for:crosswiki_delete', 'aa')):
        run = doctor('-json', '-pt:0', *options)
        told = json.loads(run.out)
        assert run.code == 75
        assert told['wikis'][0]['transient']
        assert 'does not answer' in told['wikis'][0]['problem']
        assert not any(told['would_work'].values())


def test_a_named_wiki_that_does_not_answer_is_one_to_wait_for(
    site: Any,
    sandbox: Sandbox,
    doctor: Callable[..., Run],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(launch, 'UNREACHABLE_AFTER', 0)
    sandbox.faults.arm(Fault('drop', wiki='bb', times=0))
    assert doctor('aa', 'bb').code == 75
    assert doctor('aa', 'bb', '-for:crosswiki_delete').code == 75
    assert doctor('aa', 'bb', '-for:global_lock').code == 0
    assert doctor('aa', '-for:crosswiki_delete').code == 0


def test_a_read_only_wiki_is_one_to_wait_for(
    site: Any, sandbox: Sandbox, doctor: Callable[..., Run]
) -> None:
    site.login()
    sandbox.command('set-readonly', wiki='aa', reason='Moving house')
    run = doctor('aa', '-for:crosswiki_delete')
    assert run.code == 75
    assert 'read-only: Moving house' in run.out
    assert 'crosswiki_delete: would not work: the wiki is read-only' in run.out
    assert doctor('aa', '-for:global_lock').code == 0
    sandbox.command('set-readonly', wiki='aa')
    assert doctor('aa', '-for:crosswiki_delete').code == 0


def test_where_not_all_will_pass_nobody_needs_to_wait(
    site: Any,
    sandbox: Sandbox,
    doctor: Callable[..., Run],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(launch, 'UNREACHABLE_AFTER', 0)
    sandbox.command('demote', user=site.username())
    sandbox.faults.arm(Fault('drop', wiki='bb', times=0))
    forget_account(sandbox, 'aa')
    assert doctor('aa', 'bb').code == 1
    assert doctor('aa', 'bb', '-for:crosswiki_delete').code == 3
    sandbox.command('demote', user=site.username())
    site.login()
    sandbox.command('set-readonly', reason='Moving house')
    assert doctor('-for:global_lock').code == 3


# Blocks


@pytest.mark.parametrize('partial', [False, True])
def test_a_block_of_the_account_stops_what_it_forbids(
    partial: bool, site: Any, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Global accounts are locked all the same, but request pages are not edited."""
    place(sandbox, 'meta', site.username())
    site.login()
    if partial:
        # The sandbox knows none.
        monkeypatch.setitem(site.userinfo, 'blockpartial', True)
    found = examine(site)
    findings = found.wikis[0].findings
    assert findings is not None
    assert findings.block == Block('Local Admin', 'Ran amok', 'infinite', partial)
    assert found.would_work('crosswiki_delete') is partial
    assert not found.may_work_later('crosswiki_delete')
    assert found.would_work('global_lock')
    lacks = check(found, 'global_lock').missing
    options = () if partial else ('-close', '-report-page')
    assert lacks == tuple(Missing('block', 'Local Admin', each) for each in options)


@pytest.mark.parametrize('grants', [None, ['basic', 'highvolume']])
def test_who_is_globally_blocked_can_block_globally_but_not_locally(
    grants: list[str] | None,
    site: Any,
    farm: Farm,
    sandbox: Sandbox,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """And a bot password without the grant is told which it needs."""
    needs = (
        Need('globalblock', 'globalblock'),
        Need('block', 'blockusers', '-alsolocal'),
    )
    script = Script('blocking', Role.CENTRAL, 'globalblock', needs)
    monkeypatch.setattr(examination, 'SCRIPTS', (script,))
    name = site.username()
    site.global_block(name, expiry='1 week', reason='compromised')
    site.logout()
    if grants is not None:
        give_bot_password(farm, sandbox, grants)
    found = examine(site)
    assert found.wikis[0].findings is not None
    assert found.wikis[0].findings.block is not None
    assert found.wikis[0].findings.block.reason == 'compromised'
    lacking = Missing('block', name, '-alsolocal')
    if grants is None:
        assert check(found, 'blocking').missing == (lacking,)
    else:
        assert check(found, 'blocking').missing == (
            Missing('grant', 'globalblock'),
            Missing('grant', 'blockusers', '-alsolocal'),
            lacking,
        )


def test_a_block_is_told(
    site: Any, sandbox: Sandbox, doctor: Callable[..., Run]
) -> None:
    place(sandbox, 'aa', site.username())
    run = doctor('aa', '-for:crosswiki_delete')
    assert run.code == 3
    assert 'blocked: by Local Admin until infinite: Ran amok' in run.out
    words = 'crosswiki_delete: would not work: the account is blocked by Local Admin'
    assert words in run.out


def place(sandbox: Sandbox, wiki: str, name: str) -> None:
    """Block an account on a wiki."""

    def block(farm: Any) -> None:
        place = farm.wikis[wiki]
        stamp = farm.timestamp()
        place.blocks[name] = BlockThere(1, name, 'Local Admin', 2, 'Ran amok', stamp)

    sandbox.call(block)


# Files with passwords


def test_a_password_file_that_is_not_there_is_told_in_one_sentence(
    site: Any,
    doctor: Callable[..., Run],
    global_lock: Callable[..., Run],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from pywikibot import config

    monkeypatch.setattr(config, 'password_file', 'nosuch.py')
    run = global_lock('Spambot 00001', '-reason:x', '-always')
    missing = Path(config.base_dir, 'nosuch.py')
    assert run.code == 2
    assert f'ERROR: {missing}, which password_file' in run.err
    assert 'Traceback' not in run.said
    run = doctor('-for:global_lock')
    assert run.code == 3
    assert f'secrets in: {missing}, which password_file' in run.out
    assert f'Fix {missing}' in run.out
    assert ': would work' not in run.out
    assert 'only you can read' not in run.out
    (file,) = json.loads(doctor('-json').out)['secret_files']
    assert (file['mode'], file['exposed']) == (None, False)


@pytest.mark.parametrize(
    ('content', 'said'),
    [
        (b"('A', 'secret'", 'line 1 is not understood'),
        (b"('A', BotPassword('secret'))", 'line 1 has no BotPassword'),
        (b"('A', 'secret\xff')", 'line 1 is not in UTF-8'),
        (None, 'symbolic link'),
    ],
)
def test_a_password_file_that_cannot_be_used_is_told_in_one_sentence(
    content: bytes | None,
    said: str,
    site: Any,
    doctor: Callable[..., Run],
    global_lock: Callable[..., Run],
) -> None:
    from pywikibot import config

    path = Path(config.password_file)
    if content is None:
        path.rename(path.with_suffix('.other'))
        path.symlink_to(path.with_suffix('.other'))
    else:
        path.write_bytes(content)
    try:
        run = global_lock('Spambot 00001', '-reason:x', '-always')
        assert run.code == 2
        assert run.err.count('\n') == 1
        assert said in run.err
        assert 'secret' not in run.said
        run = doctor('-for:global_lock')
        assert run.code == 3
        assert said in run.out
        assert "secret'" not in run.said
    finally:
        path.unlink()


def test_a_folder_that_takes_no_cookies_is_told_in_one_sentence(
    site: Any, doctor: Callable[..., Run], global_lock: Callable[..., Run]
) -> None:
    """pywikibot writes them down when it has logged in."""
    from pywikibot import config

    name = site.username().replace(' ', '_')
    cookies = Path(config.base_dir, f'pywikibot-{name}.lwp')
    cookies.mkdir()
    try:
        for run in (
            global_lock('Spambot 00001', '-reason:x', '-always'),
            doctor('-for:global_lock'),
        ):
            assert run.code == 2
            assert str(cookies) in run.err.splitlines()[-1]
            assert 'Traceback' not in run.said
    finally:
        cookies.rmdir()


# The rest


def test_rate_limits_make_a_campaign_longer(
    site: Any, farm: Farm, sandbox: Sandbox
) -> None:
    sandbox.command('demote', user=site.username())
    sandbox.command(
        'limit-rate', user=site.username(), right='delete', hits=2, seconds=60
    )
    found = examine(site, targets=10)
    assert check(found, 'crosswiki_delete').seconds == 300
    assert check(found, 'global_lock').seconds == 0


def test_rate_limits_of_what_is_done_once_make_no_campaign_longer(
    site: Any, farm: Farm, sandbox: Sandbox
) -> None:
    """A request page is edited once, however many accounts are locked."""
    sandbox.command('demote', user=site.username())
    for right in ('edit', 'undelete', 'applychangetags'):
        sandbox.command(
            'limit-rate', user=site.username(), right=right, hits=8, seconds=60
        )
    found = examine(site, targets=100)
    assert check(found, 'global_lock').seconds == 0
    assert check(found, 'crosswiki_delete').seconds == 0


def test_the_throttle_makes_a_campaign_longer(
    site: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    site.login()
    monkeypatch.setattr(site.throttle, 'writedelay', 10)
    expected = 100 * 10 * site.throttle.process_multiplicity
    assert check(examine(site, targets=100), 'global_lock').seconds == expected


def test_tokens_of_the_wiki_and_of_the_user(site: Any) -> None:
    findings = examine(site).wikis[0].findings
    assert findings is not None
    assert set(findings.tokens) <= set(findings.token_types)
    assert {'csrf', 'setglobalaccountstatus'} <= set(findings.tokens)


def test_the_clock_difference_has_its_sign(site: Any, sandbox: Sandbox) -> None:
    behind = examine(site, clock=lambda: sandbox.call(_now) + 600).wikis[0].findings
    ahead = examine(site, clock=lambda: sandbox.call(_now) - 600).wikis[0].findings
    assert behind is not None and ahead is not None
    assert behind.clock_difference == pytest.approx(-600, abs=5)
    assert ahead.clock_difference == pytest.approx(600, abs=5)


def test_a_user_agent_that_names_nobody_is_noticed(
    site: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    from pywikibot import config

    def named() -> bool:
        findings = examine(site).wikis[0].findings
        assert findings is not None
        return findings.names_operator

    assert named()
    monkeypatch.setattr(config, 'user_agent_format', '{pwb}')
    assert not named()
    assert 'name-operator' in [advice.what for advice in examine(site).advice()]
    monkeypatch.setattr(config, 'user_agent_format', '{pwb} ({script_comments})')
    monkeypatch.setattr(config, 'user_agent_description', 'jo@example.org')
    assert named()


def test_an_exposed_password_file_is_found_and_the_scripts_refuse_it(
    site: Any,
    doctor: Callable[..., Run],
    global_lock: Callable[..., Run],
    sandbox: Sandbox,
) -> None:
    from pywikibot import config

    path = Path(config.password_file)
    path.chmod(0o640)
    run = global_lock('Spambot 00001', '-reason:x', '-always')
    assert run.code == 2
    assert f'chmod 600 {path}' in run.err
    assert not [each for each in sandbox.journal.entries() if each.user]
    run = doctor('-for:global_lock')
    assert run.code == 3
    # Logging in, it has taken the file away from the others itself.
    assert path.stat().st_mode & 0o777 == 0o600
    assert f'{path}, mode 640 until now: others could read it' in run.out
    assert f'{path} had mode 640 until now' in run.out
    assert 'chmod' not in run.out
    assert 'global_lock: would not work: the scripts refuse a password file' in run.out
    assert ': would work' not in run.out
    run = doctor('-for:global_lock')
    assert run.code == 0
    assert 'global_lock: would work' in run.out
    # With a session the file is not read, and stays open.
    path.chmod(0o640)
    run = doctor('-for:global_lock')
    assert run.code == 3
    assert f'{path}, mode 640: others can read it' in run.out
    assert (
        f'Others on this machine can read {path} (mode 640): run chmod 600' in run.out
    )
    assert ': would work' not in run.out
    path.chmod(0o600)


def test_what_pywikibot_does_about_an_exposed_password_file(site: Any) -> None:
    """It narrows the mode, but only when it logs in, so looking comes first."""
    from pywikibot import config

    path = Path(config.password_file)
    path.chmod(0o644)
    with pytest.warns(UserWarning, match='had 644 mode; converted to 600'):
        site.login()
    assert path.stat().st_mode & 0o777 == 0o600


def test_user_config_counts_where_it_holds_an_oauth_secret(
    site: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from pywikibot import config

    (tmp_path / 'user-config.py').touch(mode=0o644)
    monkeypatch.setattr(config, 'base_dir', str(tmp_path))
    assert [file.exposed for file in examine(site).secret_files] == [False]
    consumer = ('consumer', 'consumer secret', 'access', 'access secret')
    monkeypatch.setattr(config, 'authenticate', {'wiki.example': consumer})
    found = examine(site)
    assert [file.exposed for file in found.secret_files] == [False, True]
    # The scripts refuse an open password file, but not this one.
    assert [file.refused for file in found.secret_files] == [False, False]


def test_json_holds_the_same_as_the_lines(doctor: Callable[..., Run]) -> None:
    run = doctor('-json', 'aa')
    told = json.loads(run.out)
    assert told['login'] == 'main password'
    assert told['would_work'] == dict.fromkeys([s.name for s in SCRIPTS], True)
    assert [wiki['wiki'] for wiki in told['wikis']] == ['sandbox:meta', 'sandbox:aa']
    assert told['advice'][0] == {
        'what': 'safer-login',
        'scripts': 'global_lock, global_block, crosswiki_delete, crosswiki_rollback, '
        'crosswiki_block, crosswiki_cleanup',
    }


@pytest.mark.parametrize('how', ['main', 'bot'])
def test_no_secret_is_told(
    how: str, site: Any, farm: Farm, sandbox: Sandbox, doctor: Callable[..., Run]
) -> None:
    if how == 'bot':
        use_bot_password(farm)
    for options in ((), ('-json',), ('-for:global_lock', 'aa')):
        said = doctor(*options, 'bb').said
        for secret in (*farm_secrets(farm), str(site.tokens.csrf)):
            assert secret not in said
        assert not re.search(r'[0-9a-f]{32,}|\+\\\\|centralauthtoken=', said)


def farm_secrets(farm: Farm) -> list[str]:
    return [farm.operator.password, farm.bot.password, farm.sysop.password]


def _now(state: Any) -> float:
    return float(state.clock())


# Its command line


@pytest.mark.parametrize('bad', ['-for:nothing', '-targets:many', '-js'])
def test_a_wrong_option_is_named(bad: str, doctor: Callable[..., Run]) -> None:
    run = doctor(bad)
    assert run.code == 2
    assert bad in run.err


def test_it_works_as_operators_start_it_and_shows_tables_at_a_terminal(
    farm: Farm, tmp_path: Path
) -> None:
    directory = tmp_path / 'desk'
    directory.mkdir()
    farm.configure(directory)
    desk = Desk(directory, 'token_doctor')
    try:
        plain = desk.run('-for:global_lock')
        assert plain.code == 0
        assert '  made with: main password' in plain.out
        shown = desk.talk('-for:global_lock', answers=[])
        assert shown.code == 0
        assert re.search(r'made with +│ main password', shown.out)
    finally:
        desk.close()
