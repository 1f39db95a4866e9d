"""`pwb link_account` as an operator and as a cron job run it, on a farm."""

from __future__ import annotations

import io
import os
import stat
import threading
import time
from collections.abc import Callable, Iterator
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

import pytest
import requests

from mw_tokens_plugin.campaign.exitcodes import ExitCode
from mw_tokens_plugin.cli.asking import Terminal
from mw_tokens_plugin.cli.authfields import FormFiller
from mw_tokens_plugin.cli.conversation import Conversation
from mw_tokens_plugin.cli.linkfiles import StateFile
from mw_tokens_plugin.cli.linkreturn import ReturnWaiter
from mw_tokens_plugin.exceptions import AmbiguousWrite, InvalidInput, StoppedByGuard
from mw_tokens_plugin.protocol.authmanager import Done, Message, State
from mw_tokens_plugin.protocol.authmanager.typed import plain
from mw_tokens_plugin.site.accountlink import AccountLink
from mw_tokens_plugin.site.listener import ReturnListener

from .desk import ROOT, Desk, Run

if TYPE_CHECKING:
    from centralauth_sandbox import Sandbox

    from .farms import Farm

RETURN = 'http://127.0.0.1:9/return'
SECRET = 'a-very-secret-pin'


def script() -> ModuleType:
    """Return the script, from the checkout or as it is installed."""
    checkout = (ROOT / 'scripts' / 'link_account.py').exists()
    folder = 'scripts' if checkout else 'mw_tokens_scripts'
    return import_module(f'{folder}.link_account')


@pytest.fixture
def desk(farm: Farm, tmp_path: Path) -> Iterator[Desk]:
    """A directory of its own, where the script is started."""
    directory = tmp_path / 'desk'
    directory.mkdir()
    farm.configure(directory)
    desk = Desk(directory, 'link_account')
    yield desk
    desk.close()


@pytest.fixture
def link_account(
    farm: Farm, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> Callable[..., Run]:
    """Run the script within this process, without a terminal."""

    def run(*args: str, typed: str = '', **fields: str) -> Run:
        capfd.readouterr()
        for name, value in fields.items():
            monkeypatch.setenv(f'MW_TOKENS_FIELD_{name}', value)
        monkeypatch.setattr('sys.stdin', io.StringIO(typed))
        # Without any argument it would take those of the tests.
        longest = () if any('-timeout' in arg for arg in args) else ('-timeout:60',)
        code = script().main(*longest, *args)
        said = capfd.readouterr()
        return Run(int(code), said.out, said.err)

    return run


def conversation(
    link: AccountLink,
    ask: Callable[[str], str],
    state: Path | None = None,
    **given: str,
) -> Conversation:
    """Return a conversation with an operator at a terminal."""
    terminal = Terminal(True, ask=ask)
    return Conversation(
        link,
        FormFiller(given, terminal),
        ReturnWaiter(terminal),
        StateFile(state),
        attended=True,
    )


def linked(sandbox: Sandbox) -> list[str]:
    """Return the accounts that are linked, as the provider knows them."""
    links = sandbox.call(lambda farm: dict(farm.provider.links))
    return [id for ids in links.values() for id in ids]


def posts(sandbox: Sandbox) -> list[dict[str, str]]:
    """Return the parameters of what was sent to link or unlink."""
    return [
        entry.params
        for entry in sandbox.journal.entries()
        if entry.action in ('linkaccount', 'unlinkaccount')
    ]


def state_of(url: str) -> str:
    return parse_qs(urlsplit(url).query)['state'][0]


def address_in(text: str) -> str:
    """Return the address of the provider's page in what a script says."""
    return next(line for line in text.splitlines() if '/idp?' in line).strip()


# At a terminal


def test_an_operator_is_asked_for_everything_and_pastes_the_return(
    desk: Desk, sandbox: Sandbox
) -> None:
    """Sensitive fields are not shown as they are typed, nor anywhere else."""
    run = desk.talk(
        answers=[
            ('Farm code', 'ui redirect pass'),
            ('Second code', 'x'),
            ('PIN', SECRET),
            ('Colour', 'red'),
            ('Several', 'red|blue'),
            ('I agree', 'y'),
            ('Go', ''),
            ('Paste the address', 'http://127.0.0.1:9/nowhere'),
            ('Paste the address', 'garbage'),
            ('Paste the address', 'garbage'),
        ]
    )
    assert run.code == ExitCode.USAGE
    assert run.said.count('with a query string') == 3
    assert 'Some bold information' in run.said
    assert 'Please enter the second code, Sandbox Operator.' in run.said
    assert SECRET not in run.said
    second = posts(sandbox)[1]
    assert second['multi[]'].split('\x1f') == ['red', 'blue']
    assert (second['color'], second['agree'], second['hid']) == ('red', '1', 'h-value')
    assert 'go' not in second


def test_a_slip_at_a_terminal_is_asked_again(desk: Desk, sandbox: Sandbox) -> None:
    """A field left empty, an option that does not exist, neither yes nor no."""
    run = desk.talk(
        answers=[
            ('Farm code', ''),
            ('Farm code', 'ui pass'),
            *(('Second code', 'pass'), ('PIN', SECRET), ('Colour', 'mauve')),
            *(('Several', ''), ('I agree', 'y'), ('Go', '')),
            *(('Second code', 'pass'), ('PIN', SECRET), ('Colour', 'red')),
            *(('Several', ''), ('I agree', 'perhaps')),
            *(('Second code', 'pass'), ('PIN', SECRET), ('Colour', 'red')),
            *(('Several', ''), ('I agree', 'y'), ('Go', '')),
        ]
    )
    assert run.code == ExitCode.DONE, run.said
    for slip in "'farmcode' must be", "no option 'mauve'", '"yes" or "no"':
        assert run.said.count(slip) == 1
    assert SECRET not in run.said
    assert (len(posts(sandbox)), len(linked(sandbox))) == (2, 1)


@pytest.mark.parametrize(('slips', 'code'), [(2, 0), (3, ExitCode.USAGE)])
def test_a_return_that_does_not_fit_is_asked_for_again(
    site: Any,
    sandbox: Sandbox,
    capfd: pytest.CaptureFixture[str],
    slips: int,
    code: int,
) -> None:
    with pytest.raises(InvalidInput, match='give the absolute address'):
        site.link_account(return_url='http://[')
    link = site.link_account(return_url=RETURN)
    link.submit({'farmcode': 'redirect'})
    sent = len(posts(sandbox))
    good = f'{RETURN}?state={state_of(link.step.url)}'
    pasted = iter([*['http://[', f'{good}x', RETURN][:slips], good])
    talk = conversation(link, lambda prompt: next(pasted))
    if code:
        with pytest.raises(InvalidInput):
            talk.run()
        assert len(posts(sandbox)) == sent
    else:
        assert talk.run() == code
        assert len(linked(sandbox)) == 1
    assert capfd.readouterr().err.count('try again') == 2


def test_a_state_that_cannot_be_kept_any_more_does_not_end_it(
    site: Any, sandbox: Sandbox, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    link = site.link_account(return_url=RETURN)

    def paste(prompt: str) -> str:
        return f'{RETURN}?state={state_of(link.step.url)}'

    state = tmp_path / 'removed' / 'link.json'
    talk = conversation(link, paste, state, farmcode='redirect')
    assert (talk.run(), len(linked(sandbox))) == (ExitCode.DONE, 1)
    assert 'Another run cannot resume it' in capfd.readouterr().err


def test_unlinking_is_confirmed(desk: Desk, sandbox: Sandbox, site: Any) -> None:
    site.link_account(return_url=RETURN).submit({'farmcode': 'pass'})
    (id,) = [request.id for request in site.linked_accounts()]
    run = desk.talk(f'-unlink:{id}', answers=[('Unlink', 'n')])
    assert (run.code, len(linked(sandbox))) == (ExitCode.GUARD, 1)
    assert 'bot passwords' in run.said
    run = desk.talk(f'-unlink:{id}', answers=[('Unlink', 'y')])
    assert (run.code, linked(sandbox)) == (ExitCode.DONE, [])


@pytest.mark.parametrize(
    ('args', 'answers'),
    [
        ([], [('Farm code', '\x04')]),
        ([], [('Farm code', 'ui'), ('Second code', 'x'), ('PIN', '\x04')]),
        (['-unlink:x'], [('Unlink', '\x04')]),
    ],
)
def test_the_end_of_the_input_is_an_interruption(
    desk: Desk, args: list[str], answers: list[tuple[str, str]]
) -> None:
    run = desk.talk(*args, answers=answers)
    assert run.code == ExitCode.INTERRUPTED, run.said
    assert 'The input ended' in run.said
    assert 'Traceback' not in run.said


# Without a terminal


def test_fields_come_from_a_file_and_the_environment(
    desk: Desk, sandbox: Sandbox, tmp_path: Path
) -> None:
    """No log has what is secret, not even the debug log."""
    file = tmp_path / 'fields'
    file.write_text(
        '# how to link\nfarmcode = ui\nsecond=pass\ncolor = blue\nagree = yes\n'
        'multi = red | blue\npin = overruled\n',
        'utf-8',
    )
    file.chmod(0o600)
    run = desk.run(
        f'-fields:{file}',
        '-log:link.log',
        '-debug',
        environment={'MW_TOKENS_FIELD_pin': SECRET},
    )
    assert run.code == ExitCode.DONE, run.said
    assert len(linked(sandbox)) == 1
    logs = [path.read_text('utf-8') for path in desk.directory.rglob('*.log')]
    assert any('linkaccount' in log for log in logs)
    for text in run.said, *logs:
        assert SECRET not in text
        assert 'overruled' not in text


def test_a_redirect_is_gone_on_with_in_another_process(
    desk: Desk, sandbox: Sandbox, tmp_path: Path
) -> None:
    state = tmp_path / 'link.json'
    run = desk.run(
        f'-state:{state}',
        f'-returnurl:{RETURN}',
        environment={'MW_TOKENS_FIELD_farmcode': 'redirect'},
    )
    assert run.code == ExitCode.TRY_AGAIN, run.said
    assert stat.S_IMODE(state.stat().st_mode) == 0o600
    back = f'{RETURN}?state={state_of(address_in(run.out))}'
    returned = tmp_path / 'return'
    returned.write_text(f'{back}\n', 'utf-8')
    returned.chmod(0o600)
    run = desk.run(f'-state:{state}', f'-return:{returned}')
    assert run.code == ExitCode.DONE, run.said
    assert not state.exists()
    assert len(linked(sandbox)) == 1


@pytest.mark.parametrize(
    ('code', 'expected', 'said'),
    [
        ('fail', ExitCode.FAILED, 'the code fail was refused'),
        ('abstain', ExitCode.FAILED, 'could not be used'),
        ('throw', ExitCode.TRY_AGAIN, 'RuntimeException'),
        ('ui ui ui', ExitCode.GUARD, 'asks the same again'),
        ('redirect', ExitCode.TRY_AGAIN, 'start again'),
    ],
)
def test_what_does_not_work_out_has_its_exit_code(
    link_account: Callable[..., Run],
    sandbox: Sandbox,
    code: str,
    expected: ExitCode,
    said: str,
) -> None:
    run = link_account(farmcode=code, second='ui')
    assert run.code == expected
    assert said in run.said
    assert 'Traceback' not in run.said
    assert linked(sandbox) == []


def test_a_field_that_is_missing_stops_it_before_anything_is_sent(
    link_account: Callable[..., Run], sandbox: Sandbox
) -> None:
    for args in [], ['-simulate']:
        run = link_account(*args)
        assert run.code == ExitCode.USAGE
        assert "'farmcode' must be filled in" in run.err
        assert 'Would send' not in run.out
    assert posts(sandbox) == []


def test_simulation_and_listing_send_nothing(
    link_account: Callable[..., Run], sandbox: Sandbox
) -> None:
    for args in ['-simulate'], ['-list'], ['-simulate', '-unlink:x']:
        run = link_account(*args, farmcode='pass')
        assert run.code == ExitCode.DONE, run.said
    assert posts(sandbox) == []
    run = link_account('-list')
    assert 'Linked: nothing' in run.out
    assert 'FarmLinkRequest: Farm identity provider' in run.out


def test_a_simulated_return_leaves_everything_as_it_was(
    link_account: Callable[..., Run], sandbox: Sandbox, tmp_path: Path
) -> None:
    state = tmp_path / 'link.json'
    run = link_account(f'-state:{state}', f'-returnurl:{RETURN}', farmcode='redirect')
    before, sent = state.read_bytes(), len(posts(sandbox))
    back = f'{RETURN}?state={state_of(address_in(run.out))}'
    for typed, code, said in (
        (back, ExitCode.DONE, 'Would send the return. Nothing was sent.'),
        (f'{back}x', ExitCode.USAGE, 'another attempt'),
        ('', ExitCode.DONE, 'Would wait for the return'),
    ):
        args = ['-return:-'] if typed else []
        run = link_account('-simulate', f'-state:{state}', *args, typed=typed)
        assert (run.code, state.read_bytes()) == (code, before)
        assert said in run.said
        assert 'is linked' not in run.said
    assert (linked(sandbox), len(posts(sandbox))) == ([], sent)
    run = link_account(f'-state:{state}', '-return:-', typed=back)
    assert run.code == ExitCode.DONE
    assert len(linked(sandbox)) == 1


def test_a_simulation_is_no_success_for_python_either(
    site: Any, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    from pywikibot import config

    link = site.link_account(return_url=RETURN)
    with monkeypatch.context() as patch:
        patch.setattr(config, 'simulate', True)
        with pytest.raises(StoppedByGuard, match='nothing was sent'):
            link.submit({'farmcode': 'pass'})
    assert (link.state, posts(sandbox)) == (State.START, [])
    assert link.submit({'farmcode': 'pass'}) == Done()


def test_unlinking_without_a_terminal_has_to_be_wanted(
    link_account: Callable[..., Run], sandbox: Sandbox
) -> None:
    assert link_account(farmcode='pass').code == ExitCode.DONE
    (id,) = linked(sandbox)
    id = f'FarmLinkRemoveRequest:{id}'
    assert link_account(f'-unlink:{id}').code == ExitCode.USAGE
    assert link_account(f'-unlink:{id}', '-always').code == ExitCode.DONE
    run = link_account(f'-unlink:{id}', '-always')
    assert (run.code, linked(sandbox)) == (ExitCode.FAILED, [])
    assert 'no account' in run.err


def test_the_password_is_given_again_where_the_login_is_too_old(
    link_account: Callable[..., Run], sandbox: Sandbox, site: Any
) -> None:
    site.login()
    sandbox.call(lambda farm: farm.advance(301))
    run = link_account(farmcode='pass')
    assert run.code == ExitCode.DONE, run.said
    assert 'requires a recent login' in run.out


@pytest.mark.parametrize(
    'args',
    [
        ['-nonsense'],
        ['-listen:x'],
        ['-listen:70000'],
        ['-timeout:'],
        ['-unlink'],
        ['-return:-'],
        ['-listen:0', '-returnurl:http://x/'],
        ['-returnurl:nonsense'],
        ['-request:nosuch'],
        ['-fields:/nonexistent'],
    ],
)
def test_bad_options_are_usage_errors(
    link_account: Callable[..., Run], sandbox: Sandbox, args: list[str]
) -> None:
    run = link_account(*args, farmcode='pass')
    assert (run.code, posts(sandbox)) == (ExitCode.USAGE, [])


@pytest.mark.parametrize(
    'name',
    '-unlink -request -fields -listen -timeout -returnurl -state -return'.split(),
)
def test_an_option_without_its_value_is_named(
    link_account: Callable[..., Run], name: str
) -> None:
    for arg, words in (name, 'needs a value'), (f'{name}:', 'says nothing'):
        run = link_account(arg)
        assert run.code == ExitCode.USAGE
        assert f'{arg} {words}' in run.err


@pytest.mark.parametrize('name', ['', 'nosuch/link.json', 'file/link.json', 'x' * 300])
def test_a_state_that_cannot_be_kept_is_refused_before_anything_is_sent(
    link_account: Callable[..., Run], sandbox: Sandbox, tmp_path: Path, name: str
) -> None:
    (tmp_path / 'file').write_text('kept', 'utf-8')
    for more in [], ['-return:-']:
        run = link_account(
            f'-state:{tmp_path / name}', *more, typed=RETURN, farmcode='redirect'
        )
        assert (run.code, posts(sandbox)) == (ExitCode.USAGE, [])
        assert '-state' in run.err
    assert [each.name for each in tmp_path.iterdir()] == ['file']


def test_a_state_that_is_no_text_is_a_usage_error(
    link_account: Callable[..., Run], sandbox: Sandbox, tmp_path: Path
) -> None:
    state = tmp_path / 'link.json'
    state.write_bytes(b'\xff\xfe')
    state.chmod(0o600)
    run = link_account(f'-state:{state}', farmcode='pass')
    assert (run.code, posts(sandbox)) == (ExitCode.USAGE, [])
    assert 'cannot be read' in run.err
    assert state.read_bytes() == b'\xff\xfe'


@pytest.mark.parametrize('lost', ['login', 'session'])
def test_what_cannot_be_gone_on_with_leaves_no_state(
    link_account: Callable[..., Run], sandbox: Sandbox, tmp_path: Path, lost: str
) -> None:
    """The same command, but without -return, then begins anew and gets through."""
    state = tmp_path / 'link.json'
    run = link_account(f'-state:{state}', f'-returnurl:{RETURN}', farmcode='redirect')
    back = f'{RETURN}?state={state_of(address_in(run.out))}'
    if lost == 'login':
        sandbox.call(lambda farm: farm.advance(301))
    else:
        assert link_account(farmcode='fail').code == ExitCode.FAILED
    run = link_account(f'-state:{state}', '-return:-', typed=back)
    assert run.code == ExitCode.NOT_AUTHORISED, run.said
    assert f'pwb link_account -state:{state}' in run.err
    assert 'site.reauthenticate' not in run.said
    assert not state.exists()
    run = link_account(f'-state:{state}', farmcode='pass')
    assert (run.code, len(linked(sandbox))) == (ExitCode.DONE, 1), run.said


# Other users of the machine


def test_the_return_is_refused_as_an_argument(
    desk: Desk, sandbox: Sandbox, tmp_path: Path
) -> None:
    """Everybody can read arguments; pywikibot's log of commands has them, too."""
    back = f'{RETURN}?code={SECRET}&state={SECRET}'
    run = desk.run(f'-state:{tmp_path / "link.json"}', f'-return:{back}')
    assert (run.code, posts(sandbox)) == (ExitCode.USAGE, [])
    assert '-return:- and write the address to standard input' in run.err
    files = [path for path in desk.directory.rglob('*') if path.is_file()]
    assert any(path.name == 'commands.log' for path in files)
    for path in files:
        assert SECRET not in path.read_text('utf-8', 'replace'), path
        if path.name in ('commands.log', 'throttle.ctrl'):
            assert stat.S_IMODE(path.stat().st_mode) == 0o600, path
    assert SECRET not in run.said


@pytest.mark.parametrize('option', ['-fields', '-return', '-state'])
def test_secrets_are_not_read_where_others_have_to_do_with_them(
    link_account: Callable[..., Run], sandbox: Sandbox, tmp_path: Path, option: str
) -> None:
    """What others can write may send the operator to a page of theirs."""
    state, file = tmp_path / 'link.json', tmp_path / 'file'
    run = link_account(f'-state:{state}', f'-returnurl:{RETURN}', farmcode='redirect')
    good = {
        '-state': state.read_text('utf-8'),
        '-return': f'{RETURN}?state={state_of(address_in(run.out))}',
        '-fields': 'farmcode = pass',
    }
    file.write_text(good[option], 'utf-8')
    file.chmod(0o644)
    others = [] if option == '-state' else [f'-state:{state}']
    link, sent = tmp_path / 'link', len(posts(sandbox))
    link.symlink_to(file)
    os.mkfifo(tmp_path / 'pipe')
    cases = {'file': 'chmod 600', 'link': 'symbolic link', 'pipe': 'not a file'}
    if os.geteuid() == 0:
        (tmp_path / 'theirs').write_text(good[option], 'utf-8')
        (tmp_path / 'theirs').chmod(0o600)
        os.chown(tmp_path / 'theirs', 12345, 12345)
        cases['theirs'] = 'another user'
    for name, why in cases.items():
        run = link_account(f'{option}:{tmp_path / name}', *others)
        assert (run.code, len(posts(sandbox))) == (ExitCode.USAGE, sent), name
        assert why in run.err or 'not a file' in run.err, run.err
        assert option in run.err
        assert '/idp?' not in run.said
    file.chmod(0o600)
    assert link_account(f'{option}:{file}', '-simulate', *others).code == ExitCode.DONE


def test_a_browser_does_not_inherit_the_fields(desk: Desk, tmp_path: Path) -> None:
    browser, inherited = tmp_path / 'browser', tmp_path / 'inherited'
    browser.write_text(f'#!/bin/sh\nenv > {inherited}\n', 'utf-8')
    browser.chmod(0o700)
    run = desk.run(
        '-open',
        environment={
            'BROWSER': f'{browser} %s',
            'MW_TOKENS_FIELD_farmcode': 'redirect',
            'MW_TOKENS_FIELD_pin': SECRET,
        },
    )
    assert run.code == ExitCode.TRY_AGAIN, run.said
    assert 'PATH=' in inherited.read_text('utf-8')
    assert 'MW_TOKENS_FIELD' not in inherited.read_text('utf-8')


def test_a_port_that_is_free_between_two_runs_is_told_of(
    link_account: Callable[..., Run], sandbox: Sandbox, tmp_path: Path
) -> None:
    """Somebody else may take it; the return is theirs then."""
    state = tmp_path / 'link.json'
    run = link_account(
        f'-state:{state}', '-listen:0', '-timeout:1', farmcode='redirect'
    )
    ((_, back),) = sandbox.call(lambda farm: dict(farm.provider.expected)).items()
    assert run.code == ExitCode.TRY_AGAIN
    assert f'Port {urlsplit(back).port} is free' in run.err
    with ReturnListener(back):
        run = link_account(f'-state:{state}', '-listen:0')
    assert run.code == ExitCode.USAGE
    assert 'somebody else may receive the return' in run.err


# The listener


def test_the_listener_takes_the_return_alone(desk: Desk, sandbox: Sandbox) -> None:
    """From the provider's page to the link, without anybody at a terminal."""
    environment = {'MW_TOKENS_FIELD_farmcode': 'redirect'}
    runs: list[Run] = []

    def start() -> None:
        runs.append(desk.run('-listen:0', '-timeout:60', environment=environment))

    thread = threading.Thread(target=start)
    thread.start()
    end = time.monotonic() + 240
    while not (expected := sandbox.call(lambda farm: dict(farm.provider.expected))):
        assert time.monotonic() < end, runs
        time.sleep(0.05)
    ((state, back),) = expected.items()
    origin = '{0.scheme}://{0.netloc}'.format(urlsplit(back))
    good = f'{back}?state={state}'
    ask: Any = requests.request
    for status, method, url, headers in (
        (404, 'GET', f'{origin}/?state={state}', {}),
        (403, 'GET', back, {}),
        (403, 'GET', f'{back}?state=other', {}),
        (501, 'POST', good, {}),
        (421, 'GET', good, {'Host': 'evil.example'}),
    ):
        got = ask(method, url, headers=headers, timeout=240)
        assert got.status_code == status, url
    got = requests.get(good, timeout=240)
    assert got.status_code == 200
    assert got.headers['Referrer-Policy'] == 'no-referrer'
    thread.join()
    assert runs[0].code == ExitCode.DONE, runs[0].said
    assert len(linked(sandbox)) == 1
    with pytest.raises(requests.ConnectionError):
        requests.get(good, timeout=240)


def test_the_listener_gives_up(link_account: Callable[..., Run]) -> None:
    run = link_account('-listen:0', '-timeout:1', farmcode='redirect')
    assert run.code == ExitCode.TRY_AGAIN
    assert 'Nobody came back in time' in run.err


def test_a_port_that_is_taken_is_a_usage_error(
    link_account: Callable[..., Run], sandbox: Sandbox
) -> None:
    with ReturnListener() as listener:
        port = urlsplit(listener.url).port
        run = link_account(f'-listen:{port}', farmcode='redirect')
    assert (run.code, posts(sandbox)) == (ExitCode.USAGE, [])
    assert 'another port' in run.err


def test_the_sandbox_has_a_page_to_be_redirected_to(site: Any) -> None:
    """Its links lead back, with the state; strangers are shown nothing."""
    link = site.link_account(return_url=RETURN)
    url = link.submit({'farmcode': 'redirect'}).url
    state = state_of(url)
    page = requests.get(url, timeout=240).text
    assert f'id="approve" href="{RETURN}?state={state}"' in page
    assert f'id="deny" href="{RETURN}?error=access_denied&amp;state={state}"' in page
    assert requests.get(f'{url}x', timeout=240).status_code == 404


# What is sent, and what not


def test_a_lost_answer_is_not_sent_again(site: Any, sandbox: Sandbox) -> None:
    link = site.link_account(return_url=RETURN)
    sandbox.faults.arm(kind='drop', action='linkaccount', when='after')
    with pytest.raises(AmbiguousWrite):
        link.submit({'farmcode': 'pass'})
    assert link.state is State.BEGINNING
    with pytest.raises(InvalidInput, match='look at what is linked'):
        link.submit({'farmcode': 'pass'})
    assert len(posts(sandbox)) == 1
    assert len(site.linked_accounts()) == 1


def test_what_was_saved_is_gone_on_with_by_the_same_user_alone(
    site: Any, farm: Farm
) -> None:
    link = site.link_account(return_url=RETURN)
    link.submit({'farmcode': 'ui'})
    saved = link.save()
    other: Any = farm.site('aa')
    with pytest.raises(InvalidInput, match='Sandbox Operator on'):
        other.link_account(saved=saved)
    for nonsense in '', '[]', '{}', saved.replace('127.0.0.1:9', ''):
        with pytest.raises(InvalidInput):
            site.link_account(saved=nonsense)
    assert site.link_account(saved=saved).submit({'second': 'pass'}) == Done()


def test_a_foreign_site_refuses_up_front(site: Any, sandbox: Sandbox) -> None:
    foreign = site.foreign_site('aa')
    for act in (
        lambda: foreign.link_account(return_url=RETURN),
        lambda: foreign.unlink_account('x'),
        foreign.reauthenticate,
    ):
        with pytest.raises(InvalidInput, match='on this wiki itself'):
            act()
    assert posts(sandbox) == []


def test_terminals_are_told_nothing_that_they_would_obey() -> None:
    assert (
        plain(Message('<b>Red</b>&lt;\x1b[31m alert\u202e\n now'))
        == 'Red<[31m alert now'
    )
    assert plain(None) == ''
