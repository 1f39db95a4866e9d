"""Bots that run for weeks: threads, accounts side by side, forks, routine renewals."""

from __future__ import annotations

import os
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
import pywikibot
from pywikibot.exceptions import APIError

from centralauth_sandbox import Sandbox
from mw_tokens_plugin import enable
from mw_tokens_plugin.exceptions import SessionError, SessionLost

from .desk import Desk
from .farms import Farm
from .foreign import OPERATOR
from .month import LOGINS, Judgement, Month, own_farm, play, restart
from .night_seeds import Seeds, parametrize, told


def save(site: Any, title: str, text: str = 'one') -> None:
    """Save a page, with pywikibot's own code."""
    page = pywikibot.Page(site, title)
    page.text = text
    page.save(summary='test', quiet=True)


def edits(sandbox: Sandbox) -> list[tuple[str, str]]:
    """Return what was saved and by whom, in order."""
    entries = sandbox.journal.entries(action='edit')
    return [(e.target, e.user) for e in entries if e.effect]


# Threads


def test_threads_after_a_night_begin_with_one_session_that_is_kept(
    farm: Farm, sandbox: Sandbox, capfd: pytest.CaptureFixture[str]
) -> None:
    """As from cron: the session has died, and the wiki remembers the login."""
    farm.site().login()
    for night in range(2):
        sandbox.command('advance-clock', seconds=86400.0)
        restart()
        sandbox.journal.clear()
        capfd.readouterr()
        home = farm.site()
        sites = [home, home.foreign_site('aa'), home.foreign_site('bb')]
        assert home.tokens.csrf
        # Another site of the same account, whose login reads the file again.
        sites.append(farm.site('aa'))
        titles = [f'Cron {night} {number}' for number in range(8)]
        with ThreadPoolExecutor(8) as pool:
            list(pool.map(save, sites * 2, titles))
        assert {name for _, name in edits(sandbox)} == {OPERATOR}
        assert len(edits(sandbox)) == 8
        assert sandbox.summary()['errors'] == {}
        assert 'WARNING' not in capfd.readouterr().err
    # What revived the session is in the file: the next process goes on with it.
    before = sandbox.call(lambda state: set(state.sessions._central))
    restart()
    assert farm.site().user() == OPERATOR
    assert sandbox.call(lambda state: set(state.sessions._central)) == before


def test_first_threads_of_a_process_revive_the_session_once(
    farm: Farm, sandbox: Sandbox
) -> None:
    farm.site().login()
    sandbox.command('advance-clock', seconds=86400.0)
    restart()
    sandbox.command('set-delay', seconds=0.02)
    before = sandbox.call(lambda state: set(state.sessions._central))
    try:
        with ThreadPoolExecutor(8) as pool:
            users = list(pool.map(lambda _: farm.site().user(), range(8)))
    finally:
        sandbox.command('set-delay', seconds=0.0)
    assert users == [OPERATOR] * 8
    assert len(sandbox.call(lambda state: set(state.sessions._central)) - before) == 1


@pytest.mark.parametrize('where', ['home', 'foreign'])
def test_two_accounts_work_side_by_side_in_threads(
    farm: Farm, sandbox: Sandbox, capfd: pytest.CaptureFixture[str], where: str
) -> None:
    """Neither throws the other out, and none edits as the other."""
    names = (OPERATOR, farm.sysop.name)
    sites = [farm.site(user=name) for name in names]
    if where == 'foreign':
        sites = [site.foreign_site('aa') for site in sites]
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda n: save(sites[n % 2], f'Pair {n}'), range(16)))
    assert sorted(edits(sandbox)) == sorted(
        (f'Pair {n}', names[n % 2]) for n in range(16)
    )
    assert sandbox.summary()['logins'] == 2
    assert sandbox.summary()['errors'] == {}
    assert 'WARNING' not in capfd.readouterr().err


# What the log says


def renewals(capfd: pytest.CaptureFixture[str]) -> list[str]:
    """Return what was said of renewals; nothing was warned of."""
    said = capfd.readouterr().err
    assert 'WARNING' not in said and 'ERROR' not in said
    return [line for line in said.splitlines() if line.startswith('Renewing ')]


@pytest.mark.parametrize('where', ['home', 'foreign'])
def test_each_routine_renewal_is_told_once_and_is_no_warning(
    site: Any, sandbox: Sandbox, capfd: pytest.CaptureFixture[str], where: str
) -> None:
    sandbox.command('set-lifetimes', penalty=0.0)
    acting = site if where == 'home' else site.foreign_site('aa')
    csrf = f'Renewing the csrf token of {acting}.'
    events: list[tuple[str, dict[str, Any], list[str]]] = [
        ('expire-csrf', {'user': OPERATOR}, [csrf]),
        ('end-sessions', {'user': OPERATOR}, [f'Renewing the session on {site}.']),
        ('wipe-sessions', {}, [f'Renewing the tokens of {site}.']),
    ]
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(save, [acting] * 8, [f'Log first {n}' for n in range(8)]))
        renewals(capfd)
        for name, values, told in events:
            sandbox.command(name, **values)
            titles = [f'Log {name} {n}' for n in range(8)]
            list(pool.map(save, [acting] * 8, titles))
            # Each thread has a centralauthtoken of its own, which has died too.
            said = [line for line in renewals(capfd) if 'centralauth' not in line]
            assert said == told
    if where == 'foreign':
        sandbox.faults.arm(kind='expire-centralauthtokens', wiki='aa', action='edit')
        save(acting, 'Log last')
        assert renewals(capfd) == [f'Renewing the centralauthtoken for {acting}.']
    assert len(edits(sandbox)) == 8 + 3 * 8 + (where == 'foreign')


@pytest.mark.parametrize('where', ['home', 'foreign'])
def test_a_bot_goes_on_after_an_hour_in_which_nothing_worked(
    site: Any, sandbox: Sandbox, where: str
) -> None:
    """The wiki forgot its sessions, kept none, and was locked for maintenance."""
    acting = site if where == 'home' else site.foreign_site('aa')
    save(acting, 'Before')
    sandbox.command('session-store', down=True)
    for number in range(3):
        with pytest.raises(SessionError):
            save(acting, f'Meanwhile {number}')
    sandbox.command('session-store', down=False)
    for number in range(3):
        sandbox.command('advance-clock', seconds=86400.0)
        sandbox.command('end-sessions', user=OPERATOR)
        # What is refused for another reason has been asked in a session that works.
        request = {'action': 'delete', 'title': f'Nothing {number}'}
        with pytest.raises(APIError, match='missingtitle'):
            acting.simple_request(**request, token=acting.tokens['csrf']).submit()
    save(acting, 'After')
    assert [title for title, _ in edits(sandbox)] == ['Before', 'After']


@pytest.mark.parametrize('most', [0, 4])
def test_how_many_lost_sessions_are_renewed_is_a_setting(
    site: Any, sandbox: Sandbox, most: int
) -> None:
    for wrong in (-1, '5', 2.5, True):
        with pytest.raises(ValueError, match='give 0 or more'):
            enable(renewals=wrong)  # type: ignore[arg-type]
    enable(renewals=most)
    try:
        save(site, 'Lost first')
        for number in range(most):
            sandbox.command('end-sessions', user=OPERATOR)
            save(site, f'Lost {number}')
        sandbox.command('end-sessions', user=OPERATOR)
        told = '5 times within 10 minutes' if most else r'renewals=0\) renews none'
        with pytest.raises(SessionLost, match=told):
            save(site, 'Lost last')
    finally:
        enable(renewals=2)
    assert len(edits(sandbox)) == 1 + most


def test_who_was_not_logged_in_has_lost_no_session(
    site: Any, sandbox: Sandbox, capfd: pytest.CaptureFixture[str]
) -> None:
    assert site.user() is None
    parameters = {'action': 'query', 'meta': 'userinfo', 'assert': 'user'}
    answer = site.simple_request(**parameters).submit()
    assert answer['query']['userinfo']['name'] == OPERATOR
    assert renewals(capfd) == []
    assert sandbox.summary()['logins'] == 1


# Other processes

_FORKING = """
import multiprocessing, os, threading
from concurrent.futures import ProcessPoolExecutor
import pywikibot

def save(page):
    page.text = 'one'
    page.save(summary='test', quiet=True)

def save_elsewhere(title):
    save(pywikibot.Page(pywikibot.Site().foreign_site('aa'), title))

def save_on_both(name):
    for site in (home, foreign):
        save(pywikibot.Page(site, name))

def work(name):
    number = 0
    while not done:
        save_on_both(f'Busy {name} {number}')
        number += 1

if __name__ == '__main__':
    home = pywikibot.Site()
    foreign = home.foreign_site('aa')
    save_on_both('Before')
    # While other threads hold locks and wait for answers.
    done = []
    threads = [threading.Thread(target=work, args=(name,)) for name in range(3)]
    for thread in threads:
        thread.start()
    children = []
    for number in range(3):
        children.append(os.fork())
        if not children[-1]:
            save_on_both(f'Child {number}')
            os._exit(0)
        save_on_both(f'Parent {number}')
    ends = [os.waitpid(child, 0)[1] for child in children]
    done.append(True)
    for thread in threads:
        thread.join()
    assert ends == [0] * 3
    for way, workers in (('fork', 2), ('spawn', 1)):
        context = multiprocessing.get_context(way)
        with ProcessPoolExecutor(workers, mp_context=context) as pool:
            list(pool.map(save_elsewhere, [f'{way} {n}' for n in range(2)]))
            pages = [pywikibot.Page(home, f'{way} {n}') for n in range(2)]
            list(pool.map(save, pages))
            try:
                pool.submit(save, pywikibot.Page(foreign, 'Unpickled')).result()
            except TypeError as error:
                print(error)
"""


def test_processes_that_are_forked_or_spawned_go_on_with_the_login(
    farm: Farm, sandbox: Sandbox, desk: Desk
) -> None:
    """Also while threads of the parent are at work; nobody reads others' answers."""
    farm.configure(desk.directory, plugin=True)
    (desk.directory / 'bot.py').write_text(_FORKING, 'utf-8')
    # Newer Pythons warn of forks beside threads.
    run = desk.run_as([sys.executable, '-W', 'ignore::DeprecationWarning', 'bot.py'])
    assert run.code == 0, run.said
    assert run.out.count('foreign_site() again where') == 2
    assert 'WARNING' not in run.said and 'ERROR' not in run.said
    names = ['Before', *(f'{who} {n}' for who in ('Child', 'Parent') for n in range(3))]
    names += [f'{way} {n}' for way in ('Fork', 'Spawn') for n in range(2)]
    for wiki in 'meta', 'aa':
        done = sandbox.journal.entries(action='edit', wiki=wiki)
        saved = [e.target for e in done if e.effect and 'Busy' not in e.target]
        assert sorted(saved) == sorted(names)
    assert sandbox.summary()['logins'] == 1
    assert set(sandbox.summary()['errors']) <= {'badtoken'}


# A month


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    kinds = [f'{login}, {threads}' for login in LOGINS for threads in (1, 8)]
    shares = [(kind, range(8 * n, 8 * n + 8)) for n, kind in enumerate(kinds)]
    parametrize(metafunc, shares)


@pytest.mark.faults
def test_a_bot_goes_on_for_thirty_days(
    flavour: str, seeds: Seeds, capfd: pytest.CaptureFixture[str]
) -> None:
    """Through session losses, expired tokens, read-only hours and restarts."""
    login, _, threads = flavour.partition(', ')
    directory = Path(os.environ['PYWIKIBOT_DIR'])
    total = Judgement()
    with own_farm(directory, f'month{seeds[0]}') as (farm, sandbox):
        for seed in seeds:
            month = Month.of(seed, login, int(threads))
            with told(month):
                total += play(month, farm, sandbox, lambda: capfd.readouterr().err)
    print(f'{len(seeds)} months, {flavour}: {total}')
