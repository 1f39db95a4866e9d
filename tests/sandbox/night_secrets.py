"""A night of requests that fail, each with a secret of its own.

Everything is turned on that shows what happens; what came of it is searched by rules
that know nothing of how the plugin takes secrets out.
"""

from __future__ import annotations

import html
import io
import json
import logging
import math
import random
import re
import string
import traceback
from base64 import b64encode
from collections.abc import Callable, Iterator
from contextlib import (
    ExitStack,
    contextmanager,
    nullcontext,
    redirect_stderr,
    redirect_stdout,
)
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any
from unittest import mock
from urllib.parse import quote, unquote

from mw_tokens_plugin.campaign.ledger import Ledger
from mw_tokens_plugin.campaign.records import Decision, Outcome, State
from mw_tokens_plugin.cli.tracebacks import internal_error
from mw_tokens_plugin.site.redaction import redactor
from mw_tokens_plugin.site.requests import TokenRequest

from .farms import Farm
from .hostile import Hostile
from .namedfarm import lacks

ALPHABETS = (
    string.ascii_letters + string.digits,
    string.hexdigits,
    string.digits,
    string.printable[:94] + ' ',
    '%41\\nx&lt;;,]}\'" |u0026=+/',
    'пароль КЛЮЧ',
    '密码是什么呢',
    'éüñßİåøæ ',
    '😀🔑🎃a1',
    '٣٤٥ابجدہ',
    'ნინო ტესტი',
    '<>&"\'/=+_-aZ9',
)
LENGTHS = (4, 5, 6, 7, 8, 9, 10, 12, 16, 24, 32, 48, 64, 100)
NAMES = (
    string.ascii_letters,
    'абвгдежз',
    'ნინოტესი',
    '坏名字好人',
    "éüñ O'x",
    '0123456',
)

#: What goes wrong in the sandbox; the others are elsewhere.
FAULTS: tuple[dict[str, Any], ...] = (
    {'kind': 'readonly'},
    {'kind': 'ratelimited'},
    {'kind': 'drop'},
    {'kind': 'half'},
    {'kind': 'empty'},
    {'kind': 'html', 'status': 200},
    {'kind': 'http', 'status': 403},
    {'kind': 'http', 'status': 404},
    {'kind': 'http', 'status': 500},
    {'kind': 'gateway', 'status': 200},
    {'kind': 'gateway', 'status': 504},
    {'kind': 'gateway', 'body': '{"error": {"code": 7, "info": ["%s"]}}'},
)
ECHOES = ('html', 'text', 'error', 'json', 'quoted', 'redirect', 'message')
ADDRESSES = ('no-such-name.invalid', '127.0.0.1:1', '127.0.0.1:99999', '[::1', 'tls')
DEEDS = (
    *('login', 'bot login', 'second factor', 'mint', 'foreign read', 'foreign write'),
    *('lock', 'edit', 'upload', 'link', 'return', 'oauth', 'basic'),
)
#: Which request fails then, and on which wiki.
_AT = {
    'login': ('clientlogin', 'meta'),
    'bot login': ('login', 'meta'),
    'second factor': ('clientlogin', 'meta'),
    'mint': ('centralauthtoken', 'meta'),
    'foreign read': ('query', 'aa'),
    'foreign write': ('edit', 'aa'),
    'lock': ('setglobalaccountstatus', 'meta'),
    'edit': ('edit', 'meta'),
    'upload': ('upload', 'aa'),
    'link': ('linkaccount', 'meta'),
    'return': ('linkaccount', 'meta'),
}


@dataclass(frozen=True)
class Case:
    """What one seed draws.

    :ivar secret: what is sent with the request
    :ivar name: of the account, which must not be shown
    :ivar deed: what is tried
    :ivar fault: how it fails
    :ivar deadline: that of scripts, or None for pywikibot's own way
    """

    seed: int
    secret: str
    name: str
    deed: str
    fault: Any
    deadline: float | None

    @classmethod
    def draw(cls, seed: int) -> Case:
        """Draw one."""
        rng = random.Random(seed)
        name = ''.join(rng.choices(rng.choice(NAMES), k=rng.choice((6, 9, 20))))
        return cls(
            seed=seed,
            secret=_secret(rng),
            name=f'Q{name.strip()}',
            deed=rng.choice(DEEDS),
            fault=rng.choice((*FAULTS, *ECHOES, *ECHOES, *ADDRESSES)),
            deadline=rng.choice((None, 0.0)),
        )


def _secret(rng: random.Random) -> str:
    """Draw a secret of which enough is letters that no other text has by chance."""
    while True:
        length = rng.choice(LENGTHS)
        secret = ''.join(rng.choices(rng.choice(ALPHABETS), k=length))
        telling = re.sub(r"[\s'\"\\+_]", '', secret)
        if len(telling) >= 4 and len(set(telling)) > 2 and not telling.isdecimal():
            return secret
        if telling.isdecimal() and length in (6, 8, 16):
            return secret


class Night:
    """The farm with everything turned on that shows what happens."""

    def __init__(self, farm: Farm, hostile: Hostile, directory: Path) -> None:
        """Log in, and begin a campaign.

        :param directory: where logs and the ledger are
        """
        if farm.sandbox is None:
            lacks('a sandbox in this process')
        self._sandbox, self._hostile, self._directory = farm.sandbox, hostile, directory
        self._said = io.StringIO()
        self._stack = ExitStack()
        provider = farm.sandbox.farm.provider
        # The night may last longer than a login is fit for linking accounts.
        self._stack.enter_context(
            mock.patch.object(provider, 'reauthenticate_after', math.inf)
        )
        self._ledger = Ledger(str(directory / 'drawn.sqlite3'))
        self._stack.callback(self._ledger.close)
        made = self._ledger.create(
            'drawn', action='global_lock', wiki='w', operator='O', reason='', options={}
        )
        self._ledger.add(made, ['A target'])
        self._ledger.decide(made, [Decision('A target')])
        (self._target,) = self._ledger.lease(made, 'run/0', 1)
        self._home = farm.site()
        self._home.login()
        self._foreign = self._home.foreign_site('aa')
        self._foreign.tokens.prefetch('csrf')
        self._home.tokens.for_action('setglobalaccountstatus')
        self._stack.enter_context(everything_on(self._said, directory))

    def close(self) -> None:
        """Turn everything off."""
        self._stack.close()

    @property
    def tokens(self) -> list[str]:
        """Return tokens that are held, without their common end."""
        wallets = self._home.tokens._tokens, self._foreign.tokens._tokens
        skipped = {wallet.get(name) for wallet in wallets for name in ('csrf', 'login')}
        return [token.removesuffix('+\\') for token in skipped if token]

    def play(self, case: Case) -> str:
        """Play a case, and return all that was shown and written by it."""
        from pywikibot.login import LoginStatus

        redactor.secrets.__init__()  # type: ignore[misc]
        self._home._loginstatus = LoginStatus.AS_USER
        self._home.tokens.clear()
        self._home.tokens.prefetch('csrf', 'login')
        link = None
        if case.deed in ('link', 'return'):
            link = self._home.link_account(return_url='http://127.0.0.1:9/return')
        if link and case.deed == 'return':
            link.submit({'farmcode': 'redirect'})
        for value in self.tokens:
            redactor.secrets.add(f'{value}+\\', 'token')
        said = self._said
        said.seek(0)
        said.truncate()
        with (
            self._failing(case),
            redactor.hiding({case.name: '#7'}),
            redirect_stderr(said),
            redirect_stdout(said),
        ):
            try:
                self._do(case, link)
            except Exception as error:  # noqa: BLE001  # read, whatever it is
                self._keep(error, said)
        return said.getvalue()

    def _keep(self, failure: Exception, said: io.StringIO) -> None:
        """Do with an error all that is done with errors."""
        internal_error(failure)
        traceback.print_exception(failure, file=said)
        chain: list[BaseException] = []
        error: BaseException | None = failure
        while error is not None:
            assert error not in chain, f'an error that caused itself: {chain}'
            chain.append(error)
            print(repr(error), str(error), vars(error), file=said)
            error = error.__cause__ or error.__context__
        words = f'{type(failure).__name__}: {failure}'
        self._ledger.note_attempt(self._target, self._ledger.clock(), words)
        self._ledger.record(self._target, Outcome(State.FAILED, detail=words))

    @contextmanager
    def _failing(self, case: Case) -> Iterator[None]:
        """Let all requests fail in the way of a case."""
        from pywikibot import config

        assert self._sandbox is not None
        family = self._home.family
        with (
            mock.patch.object(config, 'max_retries', 0),
            mock.patch.object(config, 'retry_wait', 0),
            mock.patch.object(TokenRequest, 'deadline', case.deadline),
            mock.patch.object(config, 'authenticate', dict(config.authenticate)),
            mock.patch.object(family, 'langs', dict(family.langs)),
        ):
            action, code = _AT.get(case.deed, ('', 'meta'))
            if isinstance(case.fault, dict):
                self._sandbox.faults.arm(
                    times=0, action=action, wiki=code, **case.fault
                )
            elif case.fault != 'tls':
                address = case.fault
                if case.fault in ECHOES:
                    self._hostile.answer = echo(case.fault, self._hostile.host)
                    address = self._hostile.host
                family.langs[code] = address
            secure = mock.patch.object(
                type(family),
                'protocol',
                lambda _, at: 'https' if at == code else 'http',
            )
            with secure if case.fault == 'tls' else nullcontext():
                try:
                    yield
                finally:
                    self._sandbox.faults.clear()

    def _do(self, case: Case, link: Any) -> None:
        """Try what the case says."""
        import pywikibot
        from pywikibot.login import ClientLoginManager

        home, foreign, secret = self._home, self._foreign, case.secret
        user = home.username()
        if case.deed in ('login', 'bot login'):
            bot = f'{user}@{"bot" if case.deed == "bot login" else ""}'.rstrip('@')
            manager = ClientLoginManager(site=home, user=user, password=secret)
            manager.login_name, manager.password = bot, secret
            manager.login()
            return
        if case.deed == 'second factor':
            name = random.Random(case.seed).choice(('OATHToken', 'RecoveryCode', 'pin'))
            home.simple_request(
                action='clientlogin',
                logincontinue=True,
                logintoken=home.tokens['login'],
                **{name: secret},
            ).submit()
        elif case.deed == 'mint':
            foreign.home_login.tokens.forget_ahead()
            foreign.home_login.tokens.take()
        elif case.deed == 'foreign read':
            foreign.simple_request(action='query', titles=case.name).submit()
        elif case.deed == 'foreign write':
            token = foreign.tokens.csrf
            page = {'title': f'User:{case.name}', 'text': 'b', 'token': token}
            foreign.simple_request(action='edit', **page).submit()
        elif case.deed == 'lock':
            home.set_global_account_status(case.name, locked=True, reason='test')
        elif case.deed == 'edit':
            page = {'title': f'User:{case.name}', 'text': 'b', 'password': secret}
            token = secret if len(secret) >= 16 else home.tokens.csrf
            home.simple_request(action='edit', token=token, **page).submit()
        elif case.deed == 'upload':
            file = self._directory / 'a.png'
            file.write_bytes(b'\x89PNG\r\n' * 100)
            filepage = pywikibot.FilePage(foreign, f'File:{case.name}.png')
            options = {'summary': 'c', 'text': 't', 'ignore_warnings': True}
            foreign.upload(filepage, source_filename=str(file), **options)
        elif case.deed == 'link':
            link.submit({'farmcode': 'pass', 'pin': secret})
        elif case.deed == 'return':
            state = re.search('state=([^&]*)', link.step.url)
            code = quote(secret, safe='')
            link.returned(f'{link.return_url}?state={state and state[1]}&code={code}')
        else:
            self._sign(case)

    def _sign(self, case: Case) -> None:
        from pywikibot import config

        key = case.secret if case.secret.isascii() else 'plain key'
        keys = ('Name', key) if case.deed == 'basic' else (key, 'sk', key, 'ts')
        for host in self._home.family.langs.values():
            config.authenticate[host] = keys
        self._home.simple_request(action='query', titles=case.name).submit()


@contextmanager
def everything_on(said: io.StringIO, directory: Path) -> Iterator[None]:
    """Let pywikibot and all libraries say all they can, as by -v, -log and -debug."""
    from pywikibot import bot, config

    root = logging.getLogger()
    own = logging.StreamHandler(said)
    own.setFormatter(logging.Formatter('%(name)s %(message)s'))
    level, handlers = root.level, root.handlers[:]
    values: dict[str, Any] = {
        'log': ['*'],
        'debug_log': [''],
        'verbose_output': 3,
        'logfilename': str(directory / 'drawn.log'),
    }
    with mock.patch.multiple(config, **values):
        bot._handlers_initialized.clear()
        bot.init_handlers()
        root.handlers[:], root.level = [own], logging.NOTSET
        logging.getLogger('pywiki').setLevel(1)
        root.manager._clear_cache()  # type: ignore[attr-defined]
        try:
            yield
        finally:
            root.handlers[:], root.level = handlers, level
            root.manager._clear_cache()  # type: ignore[attr-defined]
    bot._handlers_initialized.clear()
    bot.init_handlers()


def echo(form: str, host: str) -> Callable[[BaseHTTPRequestHandler], None]:
    """Return what answers with all that it was sent."""

    def answer(handler: BaseHTTPRequestHandler) -> None:
        got = handler.server.hostile.received[-1]  # type: ignore[attr-defined]
        plain = unquote(got.replace('+', ' '))
        status, kind = 200, 'application/json'
        if form == 'html':
            status, kind = 403, 'text/html'
            body = f'<html><body><p>{html.escape(plain)}</p></body></html>'
        elif form == 'text':
            status, kind, body = 500, 'text/plain', got
        elif form == 'error':
            words = f'Bad {got} and {plain}'
            body = json.dumps({'error': {'code': 'bad', 'info': words, 'more': [got]}})
        elif form == 'json':
            body = json.dumps({'you sent': {'this': [got, {plain: plain}]}})
        elif form == 'quoted':
            status, kind, body = 404, 'text/plain', quote(plain) + html.escape(got)
        elif form == 'redirect':
            status, body = 302, json.dumps({'query': {'said': plain}})
        else:
            shown = {'status': 'FAIL', 'message': plain, 'messagecode': 'bad'}
            named = dict.fromkeys(
                ('clientlogin', 'linkaccount', 'login', 'edit'), shown
            )
            body = json.dumps({**named, 'warnings': {'main': {'warnings': plain}}})
        sent = body.encode('utf-8', 'replace')
        handler.send_response(status)
        handler.send_header('Connection', 'close')
        handler.send_header('Content-Type', kind)
        handler.send_header('Content-Length', str(len(sent)))
        handler.send_header('Set-Cookie', 'aSession=0123456789abcdefg; path=/')
        if form == 'redirect':
            handler.send_header('Location', f'http://{host}/?token=a&b={quote(plain)}')
        handler.end_headers()
        handler.wfile.write(sent)

    return answer


def readings(text: str) -> set[str]:
    """Return what can be read in a text, with and without its escapes and breaks."""
    texts = {text, *_undone(text)}
    return texts | {_bare(each) for each in texts}


def found_in(texts: set[str], secret: str) -> list[str]:
    """Return the pieces of texts in which a secret can be read.

    :param texts: all readings of a text
    """
    wanted = {secret, unquote(secret), html.unescape(secret)}
    if secret.isascii():
        wanted.add(b64encode(f'Name:{secret}'.encode()).decode())
    found = []
    for want in wanted | {_bare(want) for want in wanted if len(_bare(want)) >= 7}:
        # Short ones may be parts of other words.
        edge = r'(?<!\w){}(?!\w)' if len(want) < 8 and want.isascii() else '{}'
        pattern = re.compile(edge.format(re.escape(want)))
        for text in texts if len(want) >= 4 else ():
            for match in pattern.finditer(text) if want in text else ():
                start, end = match.span()
                found.append(text[max(0, start - 60) : end + 40])
    return found


def _undone(text: str) -> set[str]:
    """Return a text with its escapes undone, in several ways."""
    undone = set()
    once = unquote(text)
    for each in (once, unquote(once), unquote(text.replace('+', ' '))):
        undone |= {each, html.unescape(each), html.unescape(html.unescape(each))}
        undone.add(_unescaped(each))
    return undone


def _unescaped(text: str) -> str:
    text = re.sub(
        r'\\+u([0-9a-fA-F]{4})', lambda m: chr(int(m[1], 16)), text.replace('\\/', '/')
    )
    text = re.sub(
        r'(?:\\+x[0-9a-fA-F]{2})+',
        lambda m: bytes.fromhex(re.sub(r'\\+x', '', m[0])).decode('utf-8', 'replace'),
        text,
    )
    return text.encode('utf-16', 'surrogatepass').decode('utf-16', 'replace')


def _bare(text: str) -> str:
    """Return a text without line breaks and what stands around them."""
    return re.sub(r"[\s'\"\\]", '', text)


def taken(directory: Path) -> str:
    """Return all logs and tracebacks, and empty them."""
    texts = []
    for path in directory.rglob('*'):
        if path.name == 'drawn.log' or path.name.startswith('internal-error'):
            texts.append(path.read_bytes().decode('utf-8', 'replace'))
            path.write_text('')
    return '\n'.join(texts)


def written(directory: Path) -> Iterator[tuple[Path, str]]:
    """Yield all files with their content, but those that keep secrets on purpose."""
    for path in directory.rglob('*'):
        kept = path.suffix == '.lwp' or path.name == 'user-password.py'
        if path.is_file() and not kept and 'apicache' not in path.parts:
            yield path, path.read_bytes().decode('utf-8', 'replace')
