"""What bots do with plain pywikibot, done first without the plugin and then with it.

It is a program for a process of its own, in a folder that is configured for a sandbox:
the plugin cannot be taken away again. It prints what happened as JSON, for each mode a
list of cases: what came of them, what was logged, and what was sent.
"""

from __future__ import annotations

import json
import logging
import os
import re
import sys
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pywikibot
from pywikibot import config
from pywikibot.comms import http
from pywikibot.data import api
from pywikibot.exceptions import Error
from pywikibot.site import APISite

OPERATOR, SYSOP = 'Sandbox Operator', 'Plain Sysop'

#: Parameters of which the plugin decides more than pywikibot, or that are secret.
_LEFT_OUT = frozenset(
    'token assert assertuser lgtoken logintoken lgpassword password maxlag'.split()
)


class Sandbox:
    """The sandbox, from outside."""

    def __init__(self, address: str) -> None:
        """Remember where it is, and the header that it wants."""
        self._address = f'{address}/sandbox/'
        name, _, key = Path('sandbox-key').read_text('utf-8').strip().partition(': ')
        self._headers = {name: key}

    def command(self, command: str, **values: Any) -> None:
        """Carry out one of its commands."""
        self._ask('command', {'command': command, **values})

    def disarm(self) -> None:
        """Disarm all faults."""
        self._ask('faults', method='DELETE')

    def arm(self, **fault: Any) -> None:
        """Arm a fault."""
        self._ask('faults', fault)

    def requests(self) -> list[dict[str, Any]]:
        """Return the requests since the journal was cleared."""
        return [json.loads(line) for line in self._ask('journal').splitlines()]

    def _ask(self, what: str, data: Any = None, method: str | None = None) -> str:
        request = urllib.request.Request(
            self._address + what,
            None if data is None else json.dumps(data).encode(),
            self._headers,
            method=method,
        )
        with urllib.request.urlopen(request, timeout=240) as answer:
            text: str = answer.read().decode()
        return text


class Desk:
    """What a case works with.

    :ivar site: the central wiki
    """

    def __init__(self, sandbox: Sandbox) -> None:
        """Use the default site."""
        self.sandbox = sandbox
        self.site = pywikibot.Site()
        self.called: list[str] = []

    def page(self, title: str = 'Sandbox') -> Any:
        """Return a page of it."""
        return pywikibot.Page(self.site, title)

    def text(self, title: str = 'Sandbox', more: str = ' and more') -> Any:
        """Return a page with a new text, not saved yet."""
        page = self.page(title)
        page.text += more
        return page

    def made(self, title: str, text: str = 'x') -> Any:
        """Return a page that is there."""
        page = self.page(title)
        page.put(text, summary='s', quiet=True)
        return page

    def note(self, page: Any, error: Exception | None = None) -> None:
        """Note that a callback was called, by its page and error."""
        self.called.append(f'{page.title()} {type(error).__name__}')

    def finish(self) -> list[str]:
        """Wait for what is saved in the background, and return what was called."""
        pywikibot.page_put_queue.join()
        return self.called

    def file(self) -> str:
        """Return the path of a picture."""
        path = Path('picture.png')
        head = b'\x89PNG\r\n\x1a\n' + bytes([0, 0, 0, 13]) + b'IHDR'
        path.write_bytes(head + bytes([0, 0, 0, 2] * 2) + bytes(5) + b'x' * 90_000)
        return str(path)


Case = Callable[[Desk], Any]
CASES: dict[str, Case] = {}

#: Cases that begin with a farm in its first state and a login of their own.
FRESH: set[str] = set()


def case(function: Case) -> Case:
    """Take a function for a case of its name."""
    CASES[function.__name__.strip('_')] = function
    return function


def fresh(function: Case) -> Case:
    """Take a function for a case that changes who is logged in."""
    FRESH.add(function.__name__.strip('_'))
    return case(function)


# Ways to save


@fresh
def _save(desk: Desk) -> Any:
    return desk.text().save(summary='s', minor=True, bot=False, quiet=True)


@case
def _save_loudly(desk: Desk) -> Any:
    return desk.text('Spam page new').save(summary='s')


@case
def _save_unchanged(desk: Desk) -> Any:
    """Touch a page; pywikibot's touch() needs texts that are not installed."""
    return desk.page().save(summary='s')


@case
def _put(desk: Desk) -> Any:
    return desk.page('Spam page put').put('x', summary='s', show_diff=True)


@case
def _saved_in_the_background(desk: Desk) -> Any:
    for number in range(4):
        page = desk.text(f'Spam page background {number}')
        page.save(summary='s', asynchronous=True, callback=desk.note, quiet=True)
    return desk.finish()


@case
def _editpage(desk: Desk) -> Any:
    page = desk.text()
    return desk.site.editpage(page, summary='s', minor=False, bot=True, tags='x')


@case
def _appended(desk: Desk) -> Any:
    page = desk.page()
    return desk.site.editpage(page, summary='s', appendtext='more')


@case
def _put_current(desk: Desk) -> Any:
    bot = pywikibot.bot.CurrentPageBot(always=True)
    bot.current_page = desk.page()
    return bot.put_current('put by a bot', summary='s')


@case
def _change_category(desk: Desk) -> Any:
    category = pywikibot.Category(desk.site, 'Spam')
    page = desk.text('Spam page in a category', '[[Category:Spam]]')
    page.save(summary='s', quiet=True)
    return page.change_category(
        category, pywikibot.Category(desk.site, 'Ham'), summary='s'
    )


@case
def _created_only(desk: Desk) -> Any:
    return desk.text().save(summary='s', createonly=True, quiet=True)


@case
def _changed_meanwhile(desk: Desk) -> Any:
    page, other = desk.text(more=' mine'), desk.text(more=' another')
    other.save(summary='s', quiet=True)
    return page.save(summary='s', quiet=True)


@case
def _forced(desk: Desk) -> Any:
    return desk.page('No <such> page').save(summary='s', force=True)


@case
def _by_hand(desk: Desk) -> Any:
    parameters = {
        'action': 'edit',
        'title': 'Spam page by hand',
        'text': 'x',
        'token': desk.site.tokens['csrf'],
    }
    return api.Request(site=desk.site, parameters=parameters).submit()


@fresh
def _by_hand_with_a_token_of_get_tokens(desk: Desk) -> Any:
    token = desk.site.get_tokens(['csrf'])['csrf']
    desk.sandbox.command('expire-csrf', user=OPERATOR)
    return desk.site.simple_request(
        action='edit', title='Spam page by hand', text='y', token=token
    ).submit()


# Other writes


@fresh
def _watch(desk: Desk) -> Any:
    page = desk.page()
    return [page.watch(), page.watch(unwatch=True)]


@case
def _protect(desk: Desk) -> Any:
    return desk.made('Spam page protected').protect('s', {'edit': 'sysop'})


@case
def _move(desk: Desk) -> Any:
    return desk.made('Spam page there').move('Spam page moved', 's')


@case
def _delete_and_undelete(desk: Desk) -> Any:
    page = desk.made('Spam page gone')
    return [page.delete('s', prompt=False), page.exists(), page.undelete('s')]


@case
def _rollback(desk: Desk) -> Any:
    desk.sandbox.command('advance-clock', seconds=5)
    return desk.made('Sandbox').rollback()


@case
def _undo(desk: Desk) -> Any:
    page = desk.text()
    page.save(summary='s', quiet=True)
    revision = page.latest_revision_id
    return desk.site.editpage(page, summary='s', undo=revision)


@case
def _merge_history(desk: Desk) -> Any:
    source = desk.made('Spam page merged')
    desk.sandbox.command('advance-clock', seconds=5)
    return source.merge_history(desk.made('Spam page whole'), reason='s')


@case
def _block_and_unblock(desk: Desk) -> Any:
    user = pywikibot.User(desk.site, 'Spambot 00002')
    return [user.block('1 day', 's'), user.is_blocked(refresh=True)]


@case
def _upload(desk: Desk) -> Any:
    page = pywikibot.FilePage(desk.site, 'Unharmed.png')
    return page.upload(desk.file(), summary='s', text='t', report_success=False)


@case
def _upload_again(desk: Desk) -> Any:
    page = pywikibot.FilePage(desk.site, 'Unharmed.png')
    return page.upload(desk.file(), summary='s', text='t', ignore_warnings=['exists'])


@case
def _upload_in_chunks(desk: Desk) -> Any:
    page = pywikibot.FilePage(desk.site, 'Chunks.png')
    return page.upload(
        desk.file(), summary='s', text='t', chunk_size=40_000, ignore_warnings=True
    )


@case
def _purge_and_patrol(desk: Desk) -> Any:
    page = desk.page()
    return [page.purge(), list(desk.site.patrol(revid=page.latest_revision_id))]


# Wikibase


@case
def _entities(desk: Desk) -> Any:
    repository = pywikibot.Site('aa').data_repository()
    repository.login()
    item = pywikibot.ItemPage(repository, 'Q1')
    item.editLabels({'en': 'a label'}, summary='s')
    item.editDescriptions({'en': 'a description'}, summary='s')
    claim = pywikibot.Claim(repository, 'P1')
    claim.setTarget('x')
    item.addClaim(claim, summary='s')
    claim.changeTarget('y', summary='s')
    item.removeClaims(claim, summary='s')
    made = pywikibot.ItemPage(repository)
    made.editEntity({'labels': {'en': 'made'}}, summary='s')
    return [sorted(item.get(force=True)['labels'].items()), made.getID()]


# What goes wrong


@fresh
def _token_died(desk: Desk) -> Any:
    desk.sandbox.command('expire-csrf', user=OPERATOR)
    return desk.text().save(summary='s', quiet=True)


@fresh
def _session_died_while_the_login_is_remembered(desk: Desk) -> Any:
    desk.sandbox.command('end-sessions', user=OPERATOR, remembered=True)
    return desk.text().save(summary='s', quiet=True)


@fresh
def _session_died(desk: Desk) -> Any:
    desk.sandbox.command('end-sessions', user=OPERATOR)
    return desk.text().save(summary='s', quiet=True)


@fresh
def _session_died_in_the_background(desk: Desk) -> Any:
    pages = [desk.text(f'Spam page later {number}') for number in range(3)]
    desk.sandbox.command('end-sessions', user=OPERATOR)
    for page in pages:
        page.save(summary='s', asynchronous=True, callback=desk.note, quiet=True)
    return desk.finish()


@case
def _answer_was_lost(desk: Desk) -> Any:
    desk.sandbox.arm(kind='half', action='edit')
    return desk.text().save(summary='s', quiet=True)


@case
def _answer_was_a_page(desk: Desk) -> Any:
    page = desk.text()
    desk.sandbox.arm(kind='html', action='edit')
    return page.save(summary='s', quiet=True)


@case
def _a_proxy_was_too_slow(desk: Desk) -> Any:
    page = desk.text()
    for status in 408, 425:
        desk.sandbox.arm(kind='http', status=status, action='edit')
        page.text += ' and more'
        page.save(summary='s', quiet=True)
    return None


@case
def _warned(desk: Desk) -> Any:
    """Bots read warnings in the form that the wiki gave them."""
    answers = [
        desk.site.simple_request(
            action='query', meta='siteinfo', nosuch='x', formatversion=version
        ).submit()
        for version in (1, 2)
    ]
    return [answer['warnings'] for answer in answers]


@case
def _read_only(desk: Desk) -> Any:
    page = desk.text()
    desk.sandbox.arm(kind='readonly', action='edit', times=0)
    return page.save(summary='s', quiet=True)


@case
def _refused_in_the_background(desk: Desk) -> Any:
    page = desk.text()
    desk.sandbox.arm(kind='readonly', action='edit', times=0)
    page.save(summary='s', asynchronous=True, callback=desk.note, quiet=True)
    return desk.finish()


@case
def _unknown_module(desk: Desk) -> Any:
    return desk.site.simple_request(action='nosuch').submit()


@case
def _unknown_token(desk: Desk) -> Any:
    return ['nosuch' in desk.site.tokens, desk.site.tokens['nosuch']]


# Logging in and out, and other users


@fresh
def _log_in_and_out(desk: Desk) -> Any:
    site = desk.site
    first = [site.logged_in(), site.user()]
    site.logout()
    between = [site.logged_in(), site.user(), pywikibot.Page(site, 'Sandbox').exists()]
    site.login()
    return [first, between, site.user(), site.userinfo['name']]


@fresh
def _write_after_logging_out(desk: Desk) -> Any:
    desk.site.logout()
    return desk.text().save(summary='s', quiet=True)


@fresh
def _from_the_cookies_alone(desk: Desk) -> Any:
    pywikibot._sites.clear()
    site = pywikibot.Site()
    site.login(cookie_only=True)
    page = pywikibot.Page(site, 'Sandbox')
    page.text += ' and more'
    return [site.user(), page.save(summary='s', quiet=True)]


@fresh
def _two_users_in_turn(desk: Desk) -> Any:
    for number in range(2):
        for user in OPERATOR, SYSOP:
            site = pywikibot.Site(user=user)
            site.login()
            page = pywikibot.Page(site, f'Spam page of {user}')
            page.text += f' {number}'
            page.save(summary='s', quiet=True)
    return [pywikibot.Site(user=user).user() for user in (OPERATOR, SYSOP)]


@fresh
def _a_site_without_an_account(desk: Desk) -> Any:
    """``watchlist -all`` makes such sites, from what is cached."""
    desk.site.watch('Sandbox')
    site = APISite('meta', 'unharmed')
    watched = [page.title() for page in site.watched_pages(force=True)]
    return [site.username(), site.userinfo['name'], watched]


@fresh
def _a_site_without_an_account_that_has_to_log_in(desk: Desk) -> Any:
    desk.site.logout()
    site = APISite('meta', 'unharmed')
    before = site.userinfo['name']
    watched = [page.title() for page in site.watched_pages(force=True)]
    page = pywikibot.Page(site, 'Sandbox')
    page.text += ' and more'
    return [before, watched, page.save(summary='s', quiet=True), site.user()]


@fresh
def _a_site_without_an_account_beside_two(desk: Desk) -> Any:
    """It has the cookies of the one that has logged in last."""
    pywikibot.Site(user=SYSOP).login()
    site = APISite('meta', 'unharmed')
    return [site.userinfo['name'], site.username()]


@fresh
def _another_user_after_a_logout(desk: Desk) -> Any:
    site = desk.site
    site.logout()
    site.login(user=SYSOP)
    page = pywikibot.Page(site, 'Spam page of another')
    page.put('x', summary='s')
    return [site.user(), site.username(), site.has_right('centralauth-lock')]


@fresh
def _wrong_password(desk: Desk) -> Any:
    config.password_file = 'wrong-password.py'
    site = pywikibot.Site(user='Sandbox Colleague')
    site.login()
    return site.logged_in()


@fresh
def _bot_password(desk: Desk) -> Any:
    config.password_file = 'bot-password.py'
    site = pywikibot.Site()
    site.login()
    page = pywikibot.Page(site, 'Spam page of a bot')
    page.text += 'x'
    return [site.user(), page.save(summary='s', quiet=True)]


@fresh
def _oauth(desk: Desk) -> Any:
    host = desk.site.family.hostname(desk.site.code)
    config.authenticate[host] = ('consumer', 'secret', 'access', 'secret')
    site = pywikibot.Site()
    try:
        site.login()
    finally:
        del config.authenticate[host]


@fresh
def _in_a_fork(desk: Desk) -> Any:
    page = desk.text()
    reading, writing = os.pipe()
    if not (child := os.fork()):
        try:
            page.save(summary='s', quiet=True)
            os.write(writing, b'saved')
        finally:
            os._exit(0)
    os.waitpid(child, 0)
    return [os.read(reading, 99).decode(), page.get(force=True)[-9:]]


class _Notes(logging.Handler):
    """What pywikibot says to its operator."""

    def __init__(self) -> None:
        super().__init__(logging.INFO)
        self.said: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        text = record.getMessage().strip()
        if text.startswith('Traceback'):
            # In between are the files in which it was raised.
            text = text.splitlines()[-1].strip()
        self.said.append(f'{record.levelname} {text}')


def _masked(value: Any) -> str:
    """Return something as a text without what differs each time."""
    text = json.dumps(value, default=repr, sort_keys=True)
    made_up = r'"newtimestamp": "[^"]*"|0x[0-9a-f]+|\[[0-9a-f]{24}\]|\$[0-9A-Fa-f-]{36}'
    text = re.sub(made_up, '@', text)
    return re.sub(r'[0-9a-f]{6,}(?:\+\\+)?|\d+(?:\.\d+)*', '#', text)


def _written(entry: dict[str, Any]) -> dict[str, Any]:
    params = {k: v for k, v in entry['params'].items() if k not in _LEFT_OUT}
    kept = {key: entry[key] for key in ('wiki', 'action', 'user', 'result', 'effect')}
    return {**kept, 'params': params}


def start(sandbox: Sandbox) -> Desk:
    """Bring the farm into its first state, and log in as if for the first time."""
    sandbox.command('reset')
    for path in Path().glob('*.lwp'):
        path.unlink()
    pywikibot._sites.clear()
    http.cookie_jar.clear()
    config.password_file = 'user-password.py'
    desk = Desk(sandbox)
    desk.site.login()
    desk.site.tokens['csrf']
    return desk


def run(desk: Desk, name: str) -> dict[str, Any]:
    """Run one case, and return what happened."""
    desk.sandbox.command('clear-journal')
    desk.called.clear()
    notes = _Notes()
    logging.getLogger('pywiki').addHandler(notes)
    result, raised = None, ''
    try:
        result = CASES[name](desk)
    except Exception as error:  # noqa: BLE001  # what comes of it is compared
        kinds = [kind.__name__ for kind in (Error, KeyError) if isinstance(error, kind)]
        kind = ', '.join(kinds) or 'another'
        raised = f'{type(error).__name__} ({kind}): {error}'
    finally:
        pywikibot.page_put_queue.join()
        logging.getLogger('pywiki').removeHandler(notes)
        desk.sandbox.disarm()
    entries = desk.sandbox.requests()
    writes = [_written(e) for e in entries if e['action'] not in ('query', 'paraminfo')]
    tokens = [e['params'] for e in entries if 'token' in e['params']]
    return {
        'name': name,
        'result': _masked(result),
        'raised': _masked(raised),
        'said': [_masked(text) for text in notes.said],
        'writes': [_masked(each) for each in writes],
        'asserted': [each.get('assertuser', '') for each in tokens],
        'requests': len(entries),
    }


def run_all(sandbox: Sandbox, names: list[str]) -> list[dict[str, Any]]:
    """Run some cases, one after the other."""
    for path in Path('apicache').glob('*'):
        path.unlink()
    found = []
    desk = None
    for name in names:
        if desk is None or name in FRESH:
            desk = start(sandbox)
        found.append(run(desk, name))
    return found


def main() -> None:
    """Run all cases, or those that are named, in both modes."""
    sandbox = Sandbox(sys.argv[1])
    names = sys.argv[2:] or list(CASES)
    found = {'plain': run_all(sandbox, names)}
    import mw_tokens_plugin

    mw_tokens_plugin.enable()
    found['plugin'] = run_all(sandbox, names)
    print(json.dumps(found))


if __name__ == '__main__':
    main()
