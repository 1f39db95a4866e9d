"""What a program that prints everything it has shows of its secrets: nothing."""

from __future__ import annotations

import re

from centralauth_sandbox import Sandbox
from centralauth_sandbox.loginsteps import Factors

from .desk import Desk
from .farms import Farm, write_private
from .test_enabling import _secrets as note_secrets

#: Everything that a person who is looking for a fault might print or keep.
NOISY = """
import logging, pickle, threading, traceback, warnings
import pywikibot
from mw_tokens_plugin.exceptions import TokensPluginError

logging.basicConfig(level=1, filename='everything.log')
pywikibot.bot.init_handlers()
logging.getLogger('pywiki').setLevel(1)
logging.getLogger('pywiki').propagate = True
site = pywikibot.Site()
site.login()
wallet = site.tokens
wallet.prefetch('csrf', 'rollback', 'userrights')
context = site.edit_context('Spam page noisy', text=True)
token = wallet.csrf
print(str(wallet), repr(wallet), f'{wallet}', vars(wallet))
print(repr(token), [token], {'token': token}, context)
request = site.simple_request(action='edit', title='A', text='b', token=token)
print(request, repr(request))
warnings.warn(f'about to send {request}')
pywikibot.debug(request)
pywikibot.error(request)

def fail(title, **more):
    try:
        more.update(action='edit', title=title, token=wallet.csrf)
        site.simple_request(**more).submit()
    except Exception:
        traceback.print_exc()
        logging.exception('it failed')
        pywikibot.exception()

fail('A')
fail('<bad>', text='b')
try:
    parameters = {'action': 'login', 'lgpassword': str(token)[:-2] + chr(0xd800)}
    site.simple_request(**parameters).submit()
except UnicodeEncodeError:
    traceback.print_exc()
thread = threading.Thread(target=fail, args=('A',))
thread.start()
thread.join()
for name in 'unheardof', 'query':
    try:
        wallet.for_action(name)
    except TokensPluginError:
        traceback.print_exc()
for thing in token, wallet, context:
    try:
        pickle.dumps(thing)
    except TypeError:
        traceback.print_exc()
with open('site.pickle', 'wb') as file:
    pickle.dump(site, file)
print('reached the end')
site.simple_request(action='edit', title='A', token=wallet.csrf).submit()
"""


def test_a_program_that_prints_all_it_has_shows_no_secret(
    desk: Desk, farm: Farm, sandbox: Sandbox
) -> None:
    farm.configure(desk.directory, plugin=True)
    config = desk.directory / 'user-config.py'
    config.write_text(
        config.read_text('utf-8')
        + "debug_log = ['']\nverbose_output = 3\nlog = ['*']\n",
        'utf-8',
    )
    seen: set[str] = set()
    stop = note_secrets(sandbox, seen)
    try:
        # The program warns on purpose.
        run = desk.python(NOISY, PYTHONWARNINGS='default')
    finally:
        stop()
    assert 'reached the end' in run.out, run.said
    assert run.code == 1
    assert run.err.count('Traceback (most recent call last)') >= 9
    assert len(seen) >= 4
    written = {
        path: path.read_bytes()
        for path in desk.directory.rglob('*')
        # Passwords and cookies have to be kept somewhere.
        if path.is_file()
        and path.name != 'user-password.py'
        and path.suffix != '.lwp'
        and 'scripts' not in path.relative_to(desk.directory).parts
    }
    assert len(written[desk.directory / 'everything.log']) > 10_000
    assert written[desk.directory / 'site.pickle']
    for text in {*seen, farm.operator.password, farm.sysop.password}:
        needle = text.removesuffix('+\\')
        assert needle not in run.said
        for path, content in written.items():
            assert needle.encode() not in content, path


def test_a_login_that_fails_writes_no_password_to_a_log(
    desk: Desk, farm: Farm, sandbox: Sandbox
) -> None:
    """It has all that ends what a pattern masks, where pywikibot breaks lines."""
    password = 'correct horse, "b]; }attery\' &staple'
    write_private(
        desk.directory / 'user-password.py', f'({farm.operator.name!r}, {password!r})\n'
    )
    with (desk.directory / 'user-config.py').open('a', encoding='utf-8') as config:
        config.write('max_retries = 1\nretry_wait = 0\n')
    sandbox.faults.arm(kind='readonly', action='clientlogin', times=0)
    run = desk.run(
        'Spambot 00001', '-reason:t', '-always', '-log:a.log', '-v', '-debug'
    )
    assert run.code in (3, 75), run.said
    said = run.said + (desk.directory / 'logs' / 'a.log').read_text('utf-8')
    assert said.count('***') > 1
    assert 'clientlogin' in said
    assert re.findall('horse|attery|staple', said) == []


#: Logins that fail after everything was typed, by a program that logs all it can.
FAILING = """
import logging, sys, traceback
import pywikibot

logging.basicConfig(level=1, filename='everything.log')
pywikibot.bot.init_handlers()
logging.getLogger('pywiki').setLevel(1)
logging.getLogger('pywiki').propagate = True


class Terminal:
    def isatty(self):
        return True


sys.stdin = Terminal()
typed = iter({typed!r})


def ask(question, *args, **kwargs):
    answer = next(typed, None)
    if answer is None:
        raise KeyboardInterrupt
    return answer


pywikibot.bot.ui.input = ask
for user in {users!r}:
    site = pywikibot.Site(user=user)
    try:
        site.login()
    except (Exception, KeyboardInterrupt) as error:
        traceback.print_exc()
        logging.exception('it failed')
        pywikibot.exception()
        print(repr(error), vars(error), site, vars(site))
print('reached the end')
"""


def test_logins_that_fail_show_nothing_that_was_typed(
    desk: Desk, farm: Farm, sandbox: Sandbox
) -> None:
    """Codes of all kinds, wrong and right ones, new passwords, answers to captchas."""
    right = 'ABCDEFGHIJKLMNOP'
    wrong = ['WRONGWRONGWRONG2', '918273', '918274', '918275', '918276']
    new = ['a brand new one', 'a different one']
    operator = sandbox.farm.accounts[farm.operator.name]
    operator.factors = Factors(recovery_codes=[right], mailed=True)
    sandbox.farm.accounts[farm.sysop.name].factors = Factors(password='forced')
    farm.configure(desk.directory, plugin=True)
    config = desk.directory / 'user-config.py'
    users = [farm.operator.name, farm.sysop.name]
    with config.open('a', encoding='utf-8') as file:
        file.write("debug_log = ['']\nverbose_output = 3\nlog = ['*']\n")
    program = FAILING.format(typed=[wrong[0], right, *wrong[1:], *new], users=users)
    run = desk.python(program, PYTHONWARNINGS='default')
    assert 'reached the end' in run.out, run.said
    assert 'Too many failures!' in run.said
    assert 'The two are not the same' in run.said
    written = [
        path.read_text('utf-8', 'replace')
        for path in desk.directory.rglob('*')
        if path.is_file()
        and path.name != 'user-password.py'
        and path.suffix != '.lwp'
        and 'scripts' not in path.relative_to(desk.directory).parts
    ]
    assert any('clientlogin' in text for text in written)
    secrets = [right, *wrong, *new, farm.operator.password, farm.sysop.password]
    for secret in secrets:
        assert not [text for text in (run.said, *written) if secret in text], secret
