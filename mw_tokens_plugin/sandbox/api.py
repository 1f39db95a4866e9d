"""The action API of one request: parameters, checks, dispatch, and the envelope.

What the modules do is in :mod:`.modules`; how requests arrive, and faults, is in
:mod:`.server`.
"""

from __future__ import annotations

import html
import json
import re
import secrets
import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from . import errors
from .declarations import FORMATS, Declarations, Module, Parameter
from .errors import ApiError, HttpError, InternalError
from .sessions import Session, digest, parse_cookies
from .titles import canonical_user, is_address

if TYPE_CHECKING:
    from .farm import Account, Farm, Wiki

Json = dict[str, Any]
Values = dict[str, Any]
Action = Callable[['Call', Values], None]

ACTIONS: dict[str, Action] = {}
QUERIES: dict[str, Action] = {}

_CONTROLS = re.compile('[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]')
_ANNOUNCE = (
    'Subscribe to the mediawiki-api-announce mailing list at '
    '{}https://lists.wikimedia.org/postorius/lists/'
    'mediawiki-api-announce.lists.wikimedia.org/{} for notice of API deprecations and '
    'breaking changes.'
)
_DYNAMIC = frozenset(
    {
        'username',
        'password',
        'retype',
        'rememberMe',
        'OATHToken',
        'farmlogin',
        'second',
        'pin',
        'color',
        'multi',
        'agree',
        'hid',
        'go',
        'state',
        'info',
    }
)
_FORMAT = frozenset({'formatversion', 'callback', 'utf8', 'ascii'})
_SENSITIVE = frozenset({'password', 'lgpassword', 'retype', 'OATHToken', 'pin'})
_EXPOSED = (
    'MediaWiki-API-Error, Retry-After, X-Database-Lag, MediaWiki-Login-Suppressed'
)


def action(name: str) -> Callable[[Action], Action]:
    """Register what `action=<name>` does."""

    def register(function: Action) -> Action:
        ACTIONS[name] = function
        return function

    return register


def query(name: str) -> Callable[[Action], Action]:
    """Register a submodule of `action=query`."""

    def register(function: Action) -> Action:
        QUERIES[name] = function
        return function

    return register


@dataclass(slots=True)
class Request:
    """One HTTP request to a wiki's API.

    :param query: the parameters of the URL.
    :param form: the parameters of the body; they win.
    """

    method: str
    query: dict[str, str]
    form: dict[str, str]
    headers: Mapping[str, str]
    given: dict[str, str] = field(init=False)

    def __post_init__(self) -> None:
        """Join the parameters."""
        self.given = self.query | self.form if self.form else self.query


@dataclass(slots=True)
class Answer:
    """One HTTP answer, and what a journal wants to know of it."""

    status: int = 200
    content_type: str = 'application/json; charset=utf-8'
    headers: list[tuple[str, str]] = field(default_factory=list)
    body: bytes = b''
    wait: float = 0.0
    code: str = ''
    user: str = ''
    kind: str = 'anonymous'
    token: str = ''
    target: str = ''
    effect: str = ''


class Call:
    """One API request under way: what modules read from and write to."""

    __slots__ = (
        'answer',
        'continuation',
        'errorformat',
        'farm',
        'given',
        'in_query',
        'known',
        'module',
        'path',
        'declarations',
        'result',
        'session',
        'version',
        'warnings',
        'wiki',
    )

    def __init__(
        self, wiki: Wiki, declarations: Declarations, given: dict[str, str]
    ) -> None:
        """Initializer."""
        self.farm: Farm = wiki.farm
        self.wiki = wiki
        self.declarations = declarations
        self.given = given
        self.in_query: frozenset[str] = frozenset()
        self.session = Session(wiki)
        self.version = 1
        self.errorformat = 'bc'
        self.path = 'main'
        self.known: set[str] = set()
        self.warnings: list[tuple[str, str, str, Json | None]] = []
        self.result: Json = {}
        self.continuation: dict[str, str] = {}
        self.answer = Answer()

    @property
    def rights(self) -> Mapping[str, None]:
        return self.session.rights

    @property
    def user(self) -> str:
        return self.session.name

    @property
    def content_key(self) -> str:
        return '*' if self.version == 1 else 'content'

    @property
    def high(self) -> bool:
        return 'apihighlimits' in self.session.rights

    def warn(
        self, code: str, text: str, data: Json | None = None, at: str = ''
    ) -> None:
        """Add a warning of the current module, or of the module `at`."""
        self.warnings.append((at or self.path, code, text, data))

    def deprecate(self, text: str, code: str = 'deprecation') -> None:
        """Warn of a deprecation."""
        if not any(warning[1] == 'deprecation-help' for warning in self.warnings):
            self.warnings.append(
                ('main', 'deprecation-help', _ANNOUNCE.format('<', '>'), None)
            )
        self.warn(code, text)

    def need(self, right: str, what: str) -> None:
        """Refuse those who lack a right.

        :raises ApiError: permissiondenied.
        """
        if right not in self.session.rights:
            raise errors.denied(what)

    def internal_error(self, errorclass: str, message: str) -> InternalError:
        """Return an uncaught exception of the wiki."""
        return InternalError(errorclass, message, secrets.token_hex(12))

    def status_error(
        self, key: str, text: str, params: list[Any] | None = None, wikitext: str = ''
    ) -> None:
        """Put the list-shaped error of a failed Status into the answer."""
        item: Json
        if self.errorformat == 'bc':
            item = {
                'message': key,
                'params': params or [],
                'code': key,
                'type': 'error',
            }
        else:
            item = {'code': key} | self._text(text, wikitext or text, key, params or [])
        self.result['error'] = [[item]]
        self.answer.code = key

    def parse(self, path: str, before: str = '') -> Values:
        """Return the values of a module's parameters.

        :param before: put before the module's own prefix.
        :raises ApiError: the first one that is not as declared.
        """
        module = self.declarations.modules[path]
        values: Values = {}
        prefix = before + module.prefix
        for parameter in module.parameters:
            name = prefix + parameter.name
            self.known.add(name)
            raw = self.given.get(name)
            if raw is None:
                if parameter.required and parameter.name != 'token':
                    raise errors.missing(name)
                values[parameter.name] = self._default(parameter)
            elif parameter.type == 'string' and not parameter.multi:
                if parameter.deprecated:
                    self.deprecate(f'The parameter "{name}" has been deprecated.')
                if parameter.required and raw == '':
                    raise errors.missing(name)
                values[parameter.name] = self._normalized(name, raw)
            else:
                if parameter.deprecated:
                    self.deprecate(f'The parameter "{name}" has been deprecated.')
                values[parameter.name] = self._value(name, parameter, raw)
        return values

    def _default(self, parameter: Parameter) -> Any:
        default = parameter.default
        if parameter.type == 'boolean':
            return False
        if parameter.multi and default is not None:
            return str(default).split('|')
        return default

    def _value(self, name: str, parameter: Parameter, raw: str) -> Any:
        kind = parameter.type
        if kind == 'boolean':
            return True
        raw = self._normalized(name, raw)
        if parameter.multi:
            return self._values(name, parameter, raw)
        if parameter.required and raw == '':
            raise errors.missing(name)
        return self._single(name, parameter, raw)

    def _values(self, name: str, parameter: Parameter, raw: str) -> list[Any]:
        if raw.startswith('\x1f'):
            items = raw[1:].split('\x1f')
        else:
            items = raw.split('|') if raw else []
        kind = parameter.type
        if parameter.allspecifier and parameter.allspecifier in items:
            if isinstance(kind, tuple):
                return list(kind)
            return [] if kind == 'namespace' else items
        limit = parameter.multi * (10 if self.high and parameter.multi == 50 else 1)
        if len(items) > limit:
            raise ApiError(
                'toomanyvalues',
                f'Too many values supplied for parameter "{name}". The limit is '
                f'{limit}.',
                data={
                    'parameter': name,
                    'limit': limit,
                    'lowlimit': parameter.multi,
                    'highlimit': parameter.multi * 10,
                },
            )
        if isinstance(kind, tuple) and kind:
            unknown = [item for item in items if item not in kind]
            if unknown:
                several = 's' if len(unknown) > 1 else ''
                self.warn(
                    'unrecognizedvalues',
                    f'Unrecognized value{several} for parameter "{name}": '
                    + ', '.join(unknown),
                    {'values': unknown},
                )
            return list(dict.fromkeys(item for item in items if item in kind))
        if parameter.name == 'tags' and items:
            tags = ', '.join(items)
            raise ApiError(
                'badtags',
                f'The tag "{tags}" is not allowed to be manually applied.',
                data={'disallowedtags': items},
                key='tags-apply-not-allowed-one',
                params=[tags, 1],
            )
        return [self._single(name, parameter, item) for item in items]

    def _single(self, name: str, parameter: Parameter, raw: str) -> Any:
        kind = parameter.type
        if isinstance(kind, tuple):
            if raw not in kind:
                raise errors.bad_value(name, raw)
            return raw
        if kind == 'integer' or kind == 'namespace':
            if not re.fullmatch(r'[+-]?\d+', raw):
                raise ApiError(
                    'badinteger',
                    f'Invalid value "{raw}" for integer parameter "{name}".',
                    params=[name, raw],
                )
            return int(raw)
        if kind == 'limit':
            return self._limit(name, parameter, raw)
        if kind == 'user':
            canonical = canonical_user(raw)
            if raw.startswith('#') and raw[1:].isdigit() and 'id' in parameter.subtypes:
                return raw
            if canonical is None and is_address(raw) and parameter.name != 'assertuser':
                return raw
            if canonical is None:
                raise ApiError(
                    'baduser',
                    f'Invalid value "{raw}" for user parameter "{name}".',
                    params=[name, raw],
                )
            return canonical
        return raw

    def _limit(self, name: str, parameter: Parameter, raw: str) -> int:
        maximum = (parameter.highmax if self.high else parameter.max) or 500
        if raw == 'max':
            limits = self.result.setdefault('limits', {})
            limits[self.path.rpartition('+')[2]] = maximum
            return maximum
        if not re.fullmatch(r'[+-]?\d+', raw):
            raise ApiError(
                'badinteger',
                f'Invalid value "{raw}" for integer parameter "{name}".',
                params=[name, raw],
            )
        value = int(raw)
        if not 1 <= value <= maximum:
            self.warn(
                'outofrange',
                f'The value "{raw}" for parameter "{name}" must be between 1 and '
                f'{maximum}.',
                {
                    'min': 1,
                    'curmax': maximum,
                    'max': parameter.max,
                    'highmax': parameter.highmax,
                },
            )
        return min(max(value, 1), maximum)

    def _normalized(self, name: str, raw: str) -> str:
        if raw.isascii() and raw.isprintable():
            return raw
        text = unicodedata.normalize('NFC', _CONTROLS.sub('\ufffd', raw))
        if raw.startswith('\x1f'):
            text = '\x1f' + text[1:].replace('\ufffd', '\x1f')
        elif text != raw:
            self.warn(
                'badutf8',
                f'The value passed for "{name}" contains invalid or non-normalized '
                'data. Textual data should be valid, NFC-normalized Unicode without C0 '
                'control characters other than HT (\\t), LF (\\n), and CR (\\r).',
            )
        return text

    # -- the envelope --

    def _text(self, plain: str, wikitext: str, key: str, params: list[Any]) -> Json:
        if self.errorformat == 'none':
            return {}
        if self.errorformat == 'raw':
            return {'key': key, 'params': params}
        if self.errorformat == 'html':
            name = '*' if self.version == 1 else 'html'
            return {name: html.escape(plain, quote=False)}
        text = wikitext if self.errorformat == 'wikitext' else plain
        return {'*' if self.version == 1 else 'text': text}

    def fail(self, error: ApiError) -> Json:
        trace_key = '*' if self.version == 1 else 'trace'
        docref_key = '*' if self.version == 1 else 'docref'
        docref = f'See {self.wiki.address} for API usage. ' + _ANNOUNCE.format(
            '&lt;', '&gt;'
        )
        internal = isinstance(error, InternalError)
        closing = (
            {trace_key: error.trace}
            if isinstance(error, InternalError)
            else {docref_key: docref}
        )
        self.answer.code = error.code
        if self.errorformat == 'bc':
            shown = {'code': error.code, 'info': error.summary} | error.data | closing
            return {'error': shown}
        plain = error.summary if self.errorformat == 'plaintext' else error.info
        item: Json = {'code': error.code}
        item |= self._text(plain, plain, error.key, error.params)
        if error.data:
            item['data'] = error.data
        module = self.path if error.module is None else error.module
        if module and not internal:
            item['module'] = module
        return {'errors': [item]} | closing

    def shown_warnings(self) -> Any:
        if self.errorformat == 'bc':
            key = '*' if self.version == 1 else 'warnings'
            texts: dict[str, list[str]] = {}
            for module, _, text, _ in self.warnings:
                texts.setdefault(module.rpartition('+')[2], []).append(text)
            return {module: {key: '\n'.join(lines)} for module, lines in texts.items()}
        items = []
        for module, code, text, data in self.warnings:
            item: Json = {'code': code} | self._text(text, text, f'apiwarn-{code}', [])
            if data:
                item['data'] = data
            item['module'] = module
            items.append(item)
        return items


class Api:
    """The action API of every wiki of a farm."""

    def __init__(self, farm: Farm) -> None:
        """Initializer."""
        from . import modules  # noqa: F401  # they register themselves here

        self.farm = farm
        self.declarations = Declarations(farm.current)
        self._main = self.declarations.modules['main']
        self._main_names = frozenset(p.name for p in self._main.parameters) | _FORMAT

    def handle(
        self,
        wiki: Wiki,
        request: Request,
        failure: Callable[[Call], ApiError] | None = None,
    ) -> Answer:
        """Answer a request, carrying it out.

        :param failure: makes the error that the module ends with instead.
        """
        if request.method == 'OPTIONS':
            return self._preflight(wiki, request)
        call = Call(wiki, self.declarations, dict(request.given))
        call.in_query = frozenset(request.query.keys() - request.form.keys())
        try:
            self._carry_out(call, request, failure)
        except HttpError as error:
            answer = call.answer
            answer.status, answer.content_type = error.status, error.content_type
            answer.headers += error.headers.items()
            answer.body = error.body.encode()
            answer.code = answer.code or f'http-{error.status}'
        if request.method == 'HEAD':
            call.answer.body = b''
        return call.answer

    def replace(
        self,
        wiki: Wiki,
        request: Request,
        answer: Answer,
        failure: Callable[[Call], ApiError],
    ) -> None:
        """Put an error in place of the answer to what was carried out."""
        call = Call(wiki, self.declarations, dict(request.given))
        call.answer = answer
        call.version = 2 if call.given.get('formatversion') in ('2', 'latest') else 1
        call.errorformat = call.given.get('errorformat', 'bc')
        call.path = call.given.get('action', 'main')
        error = failure(call)
        answer.headers.append(('MediaWiki-API-Error', error.code))
        answer.headers += error.headers.items()
        self._print(call, call.fail(error))

    def _carry_out(
        self,
        call: Call,
        request: Request,
        failure: Callable[[Call], ApiError] | None,
    ) -> None:
        given, answer = call.given, call.answer
        output: Json = {}
        try:
            call.version = self._version(call)
            call.errorformat = given.get('errorformat', 'bc')
            self._find_session(call, request)
            if 'action' not in given:
                raise HttpError(200, help_page(call.wiki), 'text/html; charset=utf-8')
            if 'requestid' in given:
                output['requestid'] = given['requestid']
            if 'curtimestamp' in given:
                output['curtimestamp'] = self.farm.timestamp()
            if 'responselanginfo' in given:
                output['uselang'] = given.get('uselang', 'en')
                output['errorlang'] = 'en'
            self._execute(call, request, failure)
            output |= call.result
        except ApiError as error:
            call.result = {}
            output |= call.fail(error)
            answer.status = error.status
            answer.headers += error.headers.items()
            answer.headers.append(('MediaWiki-API-Error', error.code))
        finally:
            session = call.session
            answer.headers += [('Set-Cookie', cookie) for cookie in session.cookies]
            answer.user = session.name if session.local else ''
            answer.kind = session.kind
            answer.token = answer.token or session.token
        if call.warnings:
            output['warnings'] = call.shown_warnings()
        self._print(call, output)

    def _version(self, call: Call) -> int:
        version = call.given.get('formatversion', '1')
        if version in ('1', '2'):
            return int(version)
        if version == 'latest':
            return 2
        call.warn(
            'badvalue',
            f'Unrecognized value for parameter "formatversion": {version}.',
            at='json',
        )
        call.warn(
            'errorprinterfailed',
            'Error printer failed. Will retry without params.',
            at='main',
        )
        raise errors.bad_value('formatversion', version)

    def _find_session(self, call: Call, request: Request) -> None:
        """Settle who is asking, by tokens, cookies and the origin."""
        wiki, given, sessions = call.wiki, call.given, self.farm.sessions
        origin = given.get('origin')
        cookies = parse_cookies(request.headers.get('Cookie', ''))
        if (
            'callback' in given
            or origin == '*'
            or 'Treat-as-Untrusted' in request.headers
        ):
            call.session = sessions.nobody(wiki, cookies)
            call.session.suppressed = True
            call.answer.headers.append(('MediaWiki-Login-Suppressed', 'true'))
        elif 'centralauthtoken' in given:
            if request.headers.get('Authorization', '').startswith('OAuth '):
                raise HttpError(
                    500,
                    _page('Internal error', 'Conflicting sessions'),
                    headers={
                        'MediaWiki-API-Error': 'internal_api_error_MediaWiki\\'
                        'Session\\SessionOverflowException',
                    },
                )
            token = given['centralauthtoken']
            call.answer.token = digest(token)
            session = sessions.spend(wiki, token, 'parameter')
            if session is None:
                call.answer.wait = self.farm.penalty
                raise errors.dead_centralauthtoken()
            self._refuse_renamed(session.account)
            call.session = session
        else:
            scheme, _, token = request.headers.get('Authorization', '').partition(' ')
            if scheme == 'CentralAuthToken':
                call.answer.token = digest(token)
                header = sessions.spend(wiki, token.strip(), 'header')
                call.session = header or sessions.nobody(wiki, cookies)
            else:
                call.session = sessions.resolve(wiki, cookies)
        if origin:
            self._check_origin(call, origin, request)

    @staticmethod
    def _refuse_renamed(account: Account | None) -> None:
        if account is not None and account.renaming:
            raise ApiError(
                'renameinprogress',
                'The user is being renamed, cannot use.',
                module='',
            )

    def _check_origin(self, call: Call, origin: str, request: Request) -> None:
        headers = call.answer.headers
        if origin == '*':
            headers += [
                ('Access-Control-Allow-Origin', '*'),
                ('Access-Control-Allow-Credentials', 'false'),
                ('Access-Control-Expose-Headers', _EXPOSED),
            ]
            return
        if origin != request.headers.get('Origin'):
            raise HttpError(403, "'origin' parameter does not match Origin header\n")
        if origin not in {wiki.server for wiki in self.farm.wikis.values()}:
            headers.append(('MediaWiki-CORS-Rejection', 'Origin mismatch'))
            return
        headers += [
            ('Access-Control-Allow-Origin', origin),
            ('Access-Control-Allow-Credentials', 'true'),
            ('Access-Control-Expose-Headers', _EXPOSED),
        ]

    def _execute(
        self,
        call: Call,
        request: Request,
        failure: Callable[[Call], ApiError] | None,
    ) -> None:
        """Run the checks in MediaWiki's order, then the module."""
        given = call.given
        if request.method not in ('GET', 'HEAD', 'POST'):
            raise ApiError(
                'invalidmethod',
                'Invalid HTTP method. Consider using GET or POST.',
                status=405,
            )
        name = given['action']
        if not name or not self.declarations.known(name) or name == 'main':
            raise errors.bad_value('action', name)
        if given.get('format', 'json') not in FORMATS:
            value, given['format'] = given['format'], 'jsonfm'
            raise errors.bad_value('format', value)
        for key, allowed in _MAIN_CHOICES.items():
            if key in given and given[key] not in allowed:
                value, given[key] = given[key], allowed[0]
                call.errorformat = given.get('errorformat', 'bc')
                raise errors.bad_value(key, value)
        self._check_assertions(call)
        module = self.declarations.modules.get(name)
        function = ACTIONS.get(name)
        if module is None or function is None:
            raise ApiError(
                'notimplemented', f'The sandbox does not imitate action={name}.'
            )
        if module.token:
            self._check_token(call, module)
        if 'w' in module.flags:
            self._check_writable(call, request)
        self._check_lag(call)
        if 'p' in module.flags and request.method != 'POST':
            raise ApiError(
                'mustbeposted',
                f'The "{name}" module requires a POST request.',
                module='main',
            )
        self._check_posted(call, module)
        call.path = name
        if failure is not None:
            raise failure(call)
        values = call.parse(name)
        function(call, values)
        self._report_unknown(call, module)

    def _check_assertions(self, call: Call) -> None:
        session, given = call.session, call.given
        wanted = given.get('assert')
        if wanted == 'user' and session.local is None:
            raise ApiError(
                'assertuserfailed',
                'You are no longer logged in, so the action could not be completed.',
            )
        if wanted == 'anon' and session.local is not None:
            raise ApiError(
                'assertanonfailed',
                'You are no longer logged out, so the action could not be completed.',
            )
        if wanted == 'bot' and 'bot' not in session.rights:
            raise ApiError(
                'assertbotfailed',
                'You do not have the "bot" right, so the action could not be '
                'completed.',
            )
        name = given.get('assertuser')
        if name is not None and canonical_user(name) != session.name:
            raise ApiError(
                'assertnameduserfailed',
                f'You are no longer logged in as "{name}", so the action could not be '
                'completed.',
                params=[name],
            )

    def _check_token(self, call: Call, module: Module) -> None:
        name = f'{module.prefix}token'
        token = call.given.get(name)
        if not token:
            raise errors.missing(name, module.path)
        if name in call.in_query:
            raise _must_post([name], module)
        if not self.farm.sessions.valid(call.session, module.token, token):
            raise errors.bad_token(module.path)

    @staticmethod
    def _check_posted(call: Call, module: Module) -> None:
        if not call.in_query:
            return
        sensitive = [
            module.prefix + parameter.name
            for parameter in module.parameters
            if parameter.sensitive and module.prefix + parameter.name in call.in_query
        ]
        sensitive += [
            name
            for name in call.in_query
            if name in _SENSITIVE and name not in sensitive
        ]
        if sensitive:
            raise _must_post(sensitive, module)

    @staticmethod
    def _check_writable(call: Call, request: Request) -> None:
        if 'Promise-Non-Write-API-Action' in request.headers:
            raise ApiError(
                'promised-nonwrite-api',
                'The "Promise-Non-Write-API-Action" HTTP header cannot be sent to '
                'write-mode API modules.',
            )
        if call.wiki.readonly:
            raise errors.readonly(call.wiki.readonly)

    @staticmethod
    def _check_lag(call: Call) -> None:
        maxlag = call.given.get('maxlag')
        if maxlag is None:
            return
        host, lag = call.wiki.lag
        try:
            tolerated = float(maxlag)
        except ValueError:
            raise ApiError(
                'badinteger',
                f'Invalid value "{maxlag}" for integer parameter "maxlag".',
            ) from None
        if lag > tolerated:
            shown = int(lag) if lag == int(lag) else lag
            unit = 'second' if abs(shown) == 1 else 'seconds'
            raise lagged(host, shown, unit)

    def _report_unknown(self, call: Call, module: Module) -> None:
        unknown = call.given.keys() - self._main_names - call.known
        if 'd' in module.flags:
            unknown -= _DYNAMIC
        if unknown:
            names = [name for name in call.given if name in unknown]
            plural = 's' if len(names) > 1 else ''
            call.warn(
                'unrecognizedparams',
                f'Unrecognized parameter{plural}: {", ".join(names)}.',
                {'parameters': names},
                at='main',
            )

    def _print(self, call: Call, output: Json) -> None:
        answer = call.answer
        if call.version == 1:
            output = _first_version(output)
        text = json.dumps(output, ensure_ascii=call.version == 1, separators=(',', ':'))
        format = call.given.get('format', 'jsonfm')
        if 'callback' in call.given and format == 'json':
            answer.content_type = 'text/javascript; charset=utf-8'
            text = f'/**/{call.given["callback"]}({text})'
        elif format == 'xml':
            answer.content_type = 'text/xml; charset=utf-8'
            text = f'<?xml version="1.0"?>{_xml("api", output)}'
        elif format == 'php':
            answer.content_type = 'application/vnd.php.serialized; charset=utf-8'
            text = _php(output)
        elif format == 'none':
            text = ''
        elif format != 'json':
            answer.content_type = 'text/html; charset=UTF-8'
            text = _page(
                f'MediaWiki API result - {call.wiki.db}',
                f'<pre>{html.escape(text)}</pre>',
            )
        answer.body = text.encode()

    def _preflight(self, wiki: Wiki, request: Request) -> Answer:
        """Answer a CORS preflight; it touches neither session nor token."""
        answer = Answer(content_type='text/html; charset=UTF-8')
        origin = request.query.get('origin')
        if origin is None:
            return answer
        if origin not in {wiki.server for wiki in self.farm.wikis.values()}:
            answer.headers.append(('MediaWiki-CORS-Rejection', 'Origin mismatch'))
            return answer
        wanted = request.headers.get('Access-Control-Request-Headers', '')
        answer.headers += [
            ('Access-Control-Allow-Origin', origin),
            ('Access-Control-Allow-Credentials', 'true'),
            ('Access-Control-Allow-Methods', 'POST, GET, HEAD'),
            ('Access-Control-Allow-Headers', wanted),
        ]
        return answer


_MAIN_CHOICES: dict[str, tuple[str, ...]] = {
    'errorformat': ('bc', 'html', 'none', 'plaintext', 'raw', 'wikitext'),
    'assert': ('user', 'anon', 'bot'),
}


def _must_post(names: list[str], module: Module) -> ApiError:
    plural = 's were' if len(names) > 1 else ' was'
    return ApiError(
        'mustpostparams',
        f'The following parameter{plural} found in the query string, but must be in '
        f'the POST body: {", ".join(names)}.',
        params=[names, len(names)],
        module=module.path,
    )


def lagged(host: str, lag: float, unit: str = 'seconds') -> ApiError:
    """Return the error for a database that lags more than tolerated."""
    return ApiError(
        'maxlag',
        f'Waiting for a database server: {lag} {unit} lagged.',
        data={'host': host, 'lag': lag, 'type': 'db'},
        headers={'Retry-After': '5', 'X-Database-Lag': str(int(lag))},
        module='main',
    )


def _first_version(value: Any) -> Any:
    """Lay out flags as formatversion=1 does: there and empty, or not there."""
    if isinstance(value, dict):
        return {
            key: '' if item is True else _first_version(item)
            for key, item in value.items()
            if item is not False or key == 'variantarticlepath'
        }
    if isinstance(value, list):
        return [_first_version(item) for item in value]
    return value


def _xml(tag: str, value: Any) -> str:
    if isinstance(value, dict):
        attributes, children, text = '', '', ''
        for key, item in value.items():
            if key == '*':
                text = html.escape(str(item))
            elif isinstance(item, (dict, list)):
                children += _xml(key, item)
            else:
                attributes += f' {key}="{html.escape(str(item))}"'
        inner = children + text
        return (
            f'<{tag}{attributes}>{inner}</{tag}>' if inner else f'<{tag}{attributes} />'
        )
    if isinstance(value, list):
        inner = ''.join(_xml(tag[:1], item) for item in value)
        return f'<{tag}>{inner}</{tag}>' if inner else f'<{tag} />'
    return f'<{tag}>{html.escape(str(value))}</{tag}>'


def _php(value: Any) -> str:
    if value is None:
        return 'N;'
    if isinstance(value, bool):
        return f'b:{int(value)};'
    if isinstance(value, int):
        return f'i:{value};'
    if isinstance(value, float):
        return f'd:{value};'
    if isinstance(value, str):
        return f's:{len(value.encode())}:"{value}";'
    items = value.items() if isinstance(value, dict) else enumerate(value)
    inner = ''.join(_php(key) + _php(item) for key, item in items)
    return f'a:{len(value)}:{{{inner}}}'


def _page(title: str, body: str) -> str:
    return (
        '<!DOCTYPE html>\n<html class="client-nojs" lang="en" dir="ltr">\n<head>\n'
        f'<meta charset="UTF-8">\n<title>{title}</title>\n</head>\n'
        f'<body>{body}</body>\n</html>\n'
    )


def help_page(wiki: Wiki) -> str:
    return _page(
        f'MediaWiki API help - {wiki.db}',
        '<p>This is a sandbox that imitates a farm of MediaWiki wikis.</p>',
    )
