"""`pwb token_doctor`: what it finds for each login, and that it tells no secret."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

from mw_tokens_plugin.doctor import SCRIPTS, Diagnosis, LoginKind, Missing, examine
from mw_tokens_plugin.sandbox import Sandbox

from .desk import Desk, Run, script
from .farms import Farm
from .foreign import forget_account

#: Scripts that ask for nothing themselves.
ASK_NOTHING = {'campaign', 'token_doctor'}


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
    assert found.would_work('global_lock')
    assert not any('main password' in sentence for sentence in found.advice())
    assert check(found, 'link_account').missing == (
        Missing('main password', 'main password'),
    )


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


def test_a_wrong_password_is_a_finding(site: Any, doctor: Callable[..., Run]) -> None:
    from pywikibot import config

    Path(config.password_file).write_text(f'({site.username()!r}, "wrong")\n')
    run = doctor('-for:global_lock')
    assert run.code == 3
    assert 'made with: none' in run.out
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
        Missing('grant', 'editpage', '-close'),
    )
    assert Missing('grant', 'delete') in check(found, 'crosswiki_delete').missing
    assert check(found, 'global_delete').missing == (
        Missing('main password', 'main password'),
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
    assert [each.script for each in other.findings.scripts] == ['crosswiki_delete']
    assert found.would_work('crosswiki_delete')


def test_without_others_the_home_wiki_is_where_pages_are_deleted(site: Any) -> None:
    (home,) = examine(site).wikis
    assert home.roles == ('home', 'central', 'named')


def test_the_central_wiki_is_looked_at_wherever_home_is(farm: Farm) -> None:
    code = next(code for code in farm.wikis if code != farm.central)
    found = examine(farm.site(code))
    assert [wiki.roles for wiki in found.wikis] == [('home', 'named'), ('central',)]
    assert found.would_work('global_lock')


def test_a_wiki_without_an_account_is_a_problem_of_that_wiki_alone(
    site: Any, sandbox: Sandbox, doctor: Callable[..., Run]
) -> None:
    forget_account(sandbox, 'aa')
    assert doctor('aa', 'bb').code == 1
    assert doctor('aa', 'bb', '-for:crosswiki_delete').code == 3
    assert doctor('bb', '-for:crosswiki_delete').code == 0
    assert doctor('aa', 'bb', '-for:global_lock').code == 0


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
    assert 'User-Agent' in ' '.join(examine(site).advice())
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
    assert f'{path}, mode 640: others can read it' in run.out
    path.chmod(0o600)
    assert doctor('-for:global_lock').code == 0


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
    assert [file.exposed for file in examine(site).secret_files] == [False, True]


def test_json_holds_the_same_as_the_lines(doctor: Callable[..., Run]) -> None:
    run = doctor('-json', 'aa')
    told = json.loads(run.out)
    assert told['login'] == 'main password'
    assert told['would_work'] == dict.fromkeys([s.name for s in SCRIPTS], True)
    assert [wiki['wiki'] for wiki in told['wikis']] == ['sandbox:meta', 'sandbox:aa']
    assert told['advice']


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
