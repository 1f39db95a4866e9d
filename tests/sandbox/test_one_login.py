"""One login, with one code, for all wikis: also in scripts that know nothing of it."""

from __future__ import annotations

import copy
import pickle
import shlex
import threading
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import pywikibot
from pywikibot import config

from centralauth_sandbox import Sandbox
from centralauth_sandbox.loginsteps import Factors, new_secret
from centralauth_sandbox.seeds import BOT_GRANTS
from mw_tokens_plugin import enable
from mw_tokens_plugin.exceptions import InvalidInput, LoginRefused, NotAttached
from mw_tokens_plugin.site.settings import settings

from .desk import Desk, Run
from .farms import Farm
from .foreign import OPERATOR


@pytest.fixture(autouse=True)
def home(farm: Farm, monkeypatch: pytest.MonkeyPatch) -> str:
    """The wiki whose login is used everywhere."""
    monkeypatch.setattr(settings, 'home', '')
    name = f'{farm.family}:meta'
    enable(home=name)
    return name


def logins(sandbox: Sandbox) -> Counter[tuple[str, str]]:
    """Return how often it was tried to log in, by wiki and module."""
    modules = ('login', 'clientlogin')
    entries = sandbox.journal.entries()
    return Counter((e.wiki, e.action) for e in entries if e.action in modules)


def save(site: Any, text: str = 'one login') -> None:
    page = pywikibot.Page(site, 'Spam page')
    page.text = text
    page.save(quiet=True)


def writers(sandbox: Sandbox) -> set[tuple[str, str]]:
    entries = sandbox.journal.entries()
    return {(e.wiki, e.user) for e in entries if e.effect == 'edit'}


def end_sessions(sandbox: Sandbox) -> None:
    """Let all logins be lost, and look only at what follows."""
    # A token that is minted ahead may be what notices it.
    sandbox.journal.clear()

    def end(farm: Any) -> None:
        farm.sessions._remembered.clear()
        farm.sessions.wipe()

    sandbox.call(end)


def test_one_password_is_enough_for_all_wikis(farm: Farm, sandbox: Sandbox) -> None:
    """Whether a script logs in or just writes; and objects stay what they are."""
    aa, bb = farm.site('aa'), farm.site('bb')
    page = pywikibot.Page(bb, 'Spam page')
    aa.login()
    assert aa.logged_in() and aa.user() == OPERATOR
    save(aa)
    page.text = 'without a login'
    page.save(quiet=True)
    assert pywikibot.Site('aa', farm.family) is aa
    assert {aa, farm.site('aa')} == {aa} and page.site is bb
    assert isinstance(aa, pywikibot.site.APISite)
    assert type(aa).__name__ == 'APISite'
    assert 'centralauthtoken' in repr(aa)
    assert logins(sandbox) == {('meta', 'clientlogin'): 1}
    assert writers(sandbox) == {('aa', OPERATOR), ('bb', OPERATOR)}


def test_a_plain_script_asks_for_one_code(
    desk: Desk, farm: Farm, sandbox: Sandbox, tmp_path: Path
) -> None:
    """The wiki would refuse the same code a second time."""
    secret = new_secret()
    code = tmp_path / 'code'

    def add_factor(state: Any) -> None:
        state.accounts[OPERATOR].factors = Factors(totp=[secret])
        code.write_text(state.logins.code_now(secret, 0), 'ascii')

    sandbox.call(add_factor)
    farm.configure(desk.directory)
    with (desk.directory / 'user-config.py').open('a', encoding='utf-8') as file:
        command = f'cat {shlex.quote(str(code))}'
        call = f'enable(home={farm.family + ":meta"!r}, otp_command={command!r})'
        file.write(f"__import__('mw_tokens_plugin').{call}\n")
    run = desk.python("""
import pywikibot
for code in ('aa', 'meta', 'bb'):
    site = pywikibot.Site(code, pywikibot.config.family)
    page = pywikibot.Page(site, 'Spam page')
    page.text = 'by a plain script'
    page.save(quiet=True)
""")
    assert run.code == 0, run.err
    assert {wiki for wiki, _ in logins(sandbox)} == {'meta'}
    assert {wiki for wiki, _ in writers(sandbox)} == {'aa', 'bb', 'meta'}


@pytest.mark.parametrize('make', ['simple', 'by hand', 'once'])
@pytest.mark.usefixtures('sandbox')
def test_a_request_that_was_made_before_the_login_is_sent_with_it(
    farm: Farm, make: str
) -> None:
    from pywikibot.data import api

    site = farm.site('aa')
    parameters = {'action': 'query', 'meta': 'userinfo', 'uiprop': 'groups'}
    made: Any = {
        'simple': lambda: site.simple_request(**parameters),
        'by hand': lambda: api.Request(site=site, parameters=parameters),
        'once': lambda: site.single_send_request(site=site, parameters=parameters),
    }[make]()
    site.login()
    assert made.submit()['query']['userinfo']['name'] == OPERATOR


def test_a_session_of_its_own_is_used_until_it_ends(
    farm: Farm, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Then no password is sent there: the home wiki is logged in to."""
    monkeypatch.setattr(settings, 'home', '')
    site = farm.site('aa')
    site.login()
    save(site, 'before')
    enable(home=f'{farm.family}:meta')
    end_sessions(sandbox)
    save(site, 'after')
    assert ('aa', 'clientlogin') not in logins(sandbox)
    assert writers(sandbox) == {('aa', OPERATOR)}


def test_a_home_session_that_ends_is_renewed_once_for_all_wikis(
    farm: Farm, sandbox: Sandbox
) -> None:
    sites = [farm.site(code) for code in ('aa', 'bb')]
    for site in sites:
        save(site)
    end_sessions(sandbox)
    for site in sites:
        save(site, 'again')
    assert logins(sandbox) == {('meta', 'clientlogin'): 1}
    assert writers(sandbox) == {('aa', OPERATOR), ('bb', OPERATOR)}


def test_threads_that_begin_at_once_log_in_once(farm: Farm, sandbox: Sandbox) -> None:
    sites = [farm.site(code) for code in ('aa', 'bb')] * 3
    failures: list[BaseException] = []

    def write(site: Any, number: int) -> None:
        try:
            page = pywikibot.Page(site, f'Spam page {number}')
            page.text = 'by a thread'
            page.save(quiet=True)
        except BaseException as error:  # noqa: BLE001  # shown below
            failures.append(error)

    threads = [
        threading.Thread(target=write, args=(site, number))
        for number, site in enumerate(sites)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(120)
    assert not failures
    assert logins(sandbox) == {('meta', 'clientlogin'): 1}
    edits = [e for e in sandbox.journal.entries() if e.effect == 'edit']
    assert len(edits) == len(sites)


def leave(sandbox: Sandbox, *, creates: bool) -> None:
    def change(state: Any) -> None:
        wiki = state.wikis['aa']
        wiki.account_ids.pop(wiki.accounts.pop(OPERATOR).id)
        state.accounts[OPERATOR].attached.pop(wiki.db)
        wiki.creates_accounts = creates

    sandbox.call(change)


def test_a_wiki_without_an_account_is_logged_in_to_as_ever(
    farm: Farm, sandbox: Sandbox
) -> None:
    leave(sandbox, creates=True)
    site = farm.site('aa')
    site.login()
    assert site.user() == OPERATOR
    assert logins(sandbox)['aa', 'clientlogin'] == 1


def test_an_account_that_may_be_created_is_created_by_the_one_login(
    farm: Farm, sandbox: Sandbox
) -> None:
    leave(sandbox, creates=True)
    farm.site('aa').login(autocreate=True)
    assert logins(sandbox) == {('meta', 'clientlogin'): 1}
    leave(sandbox, creates=False)
    site = farm.site('aa')
    del site.userinfo
    with pytest.raises(NotAttached, match='and the wiki makes none'):
        site.login()


def test_another_account_and_the_home_wiki_itself_log_in_by_themselves(
    farm: Farm, sandbox: Sandbox
) -> None:
    pywikibot.Site('meta', farm.family).login()
    other = pywikibot.Site('aa', farm.family, user=farm.sysop.name)
    other.login()
    assert other.user() == farm.sysop.name
    assert logins(sandbox) == {('meta', 'clientlogin'): 1, ('aa', 'clientlogin'): 1}
    assert 'centralauthtoken' not in repr(other)


def test_a_bot_password_logs_in_on_each_wiki_and_oauth_on_none(
    farm: Farm, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither gets a centralauthtoken, and neither needs a code."""
    token = sandbox.call(lambda farm: farm.consumers.add_bearer(OPERATOR, BOT_GRANTS))
    host = farm.wikis['meta'].split('/')[2]
    monkeypatch.setattr(config, 'authenticate', {host: (token,)})
    site = farm.site('aa')
    save(site)
    assert not logins(sandbox)
    assert writers(sandbox) == {('aa', OPERATOR)}
    assert 'OAuth' in repr(site)


def test_logging_out_of_one_wiki_logs_out_of_all(farm: Farm, sandbox: Sandbox) -> None:
    site = farm.site('aa')
    site.login()
    site.logout()
    assert not pywikibot.Site('meta', farm.family).logged_in()
    assert not site.logged_in()
    site.login()
    assert site.logged_in()


def test_pages_are_copied_and_pickled_as_those_of_plain_sites(farm: Farm) -> None:
    site = farm.site('aa')
    site.login()
    page = pywikibot.Page(site, 'Sandbox')
    for copied in (copy.copy(page), copy.deepcopy(page), copy.copy(site)):
        assert copied in (page, site)
    assert pickle.loads(pickle.dumps(page)) == page  # our own
    assert pickle.loads(pickle.dumps(site)) is site  # our own


@pytest.mark.parametrize('name', ['nowhere:xx', 'meta:meta:meta', 'nowhere'])
@pytest.mark.usefixtures('sandbox')
def test_a_home_wiki_that_is_none_is_told_by_its_name(farm: Farm, name: str) -> None:
    enable(home=name)
    with pytest.raises(InvalidInput, match=r'enable\(home='):
        farm.site('aa').login()


def test_a_refused_login_is_that_of_the_home_wiki(farm: Farm, sandbox: Sandbox) -> None:
    """No other wiki is tried with the same password."""
    sandbox.call(lambda farm: setattr(farm.accounts[OPERATOR], 'locked', True))
    with pytest.raises(LoginRefused, match='sandbox:meta refuses the login'):
        farm.site('aa').login()
    assert set(logins(sandbox)) == {('meta', 'clientlogin')}


def test_campaigns_over_many_wikis_go_on_as_before(
    pwb: Callable[..., Run], sandbox: Sandbox
) -> None:
    run = pwb('crosswiki_delete', 'aa:Sandbox', 'meta:Sandbox', '-reason:r', '-always')
    assert run.code == 0, run.said
    assert logins(sandbox) == {('meta', 'clientlogin'): 1}
