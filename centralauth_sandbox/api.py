"""The action API: who is asking, the checks in MediaWiki's order, dispatch, printing.

What the modules do is in :mod:`.modules`; how requests arrive, and faults, is in
:mod:`.server`.
"""

from __future__ import annotations

import html
import json
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING

from . import errors, formats
from .ages import declarations_of
from .call import ACTIONS, Call, Json
from .declarations import FORMATS, Declarations, Module
from .errors import ApiError, HttpError, StatusError
from .exchange import Answer, Request
from .modules import oldtokens
from .sessioncookies import parse_cookies
from .sessions import digest
from .titles import canonical_user, speak

if TYPE_CHECKING:
    from .farm import Farm, Wiki
    from .records import Account

EMPTY: Mapping[str, str] = MappingProxyType({})
_DYNAMIC = frozenset(
    {
        'username',
        'password',
        'retype',
        'email',
        'realname',
        'reason',
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
#: What a private wiki answers to everybody.
_FOR_ALL = frozenset(
    'login clientlogin logout help paraminfo createaccount linkaccount rsd'.split()
)
_PAGE_SETS = ('list', 'prop', 'generator', 'titles', 'pageids', 'revids')
_SENSITIVE = frozenset({'password', 'lgpassword', 'retype', 'pin'})
_EXPOSED = (
    'MediaWiki-API-Error, Retry-After, X-Database-Lag, MediaWiki-Login-Suppressed'
)


class Api:
    """The action API of every wiki of a farm."""

    def __init__(self, farm: Farm) -> None:
        """Initializer."""
        from . import modules  # noqa: F401  # they register themselves here

        self.farm = farm
        linked = farm.repository is not None
        self._client = Declarations(farm.current, client=linked)
        self._repository = Declarations(farm.current, client=True, repository=True)
        main = self._client.modules['main']
        self._main_names = frozenset(p.name for p in main.parameters) | _FORMAT

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
        speak(wiki.language)
        call = Call(wiki, self._declared(wiki), dict(request.given))
        call.files = request.files
        if request.arrived is not None:
            call.arrived = request.arrived
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
        """Put an error in place of the answer to a request that was run."""
        call = Call(wiki, self._declared(wiki), dict(request.given))
        call.answer = answer
        call.version = self._version(call)
        call.errorformat = self._errorformat(call)
        call.path = call.given.get('action', 'main')
        error = failure(call)
        answer.headers += _headers_of(error)
        self._print(call, call.fail(error))

    def _declared(self, wiki: Wiki) -> Declarations:
        if wiki.age is not None:
            return declarations_of(wiki.layout.release)
        found = self._repository if wiki is self.farm.repository else self._client
        return found.with_email_blocks if self.farm.block_email else found

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
            call.errorformat = self._errorformat(call)
            self._find_session(call, request)
            call.session.address, *proxies = request.addresses
            call.session.proxies = tuple(proxies)
            if 'action' not in given:
                raise HttpError(
                    200, formats.help_page(call.wiki), 'text/html; charset=utf-8'
                )
            if 'requestid' in given:
                output['requestid'] = given['requestid']
            if 'curtimestamp' in given and call.takes('curtimestamp'):
                output['curtimestamp'] = self.farm.timestamp()
            if 'responselanginfo' in given and call.takes('responselanginfo'):
                output['uselang'] = given.get('uselang', 'en')
                output['errorlang'] = 'en'
            self._execute(call, request, failure)
            output |= call.result
        except ApiError as error:
            call.result = {}
            output |= call.fail(error)
            answer.status = error.status
            answer.headers += _headers_of(error)
        finally:
            session = call.session
            answer.headers += [('Set-Cookie', cookie) for cookie in session.cookies]
            answer.user = session.name if session.local else ''
            answer.kind = session.kind
            answer.token = answer.token or session.token
        if call.warnings and (shown := call.shown_warnings()):
            output['warnings'] = shown
        self._print(call, output)

    def _version(self, call: Call) -> int:
        version = call.given.get('formatversion', '1')
        if call.wiki.age is not None:
            return 1
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

    def _errorformat(self, call: Call) -> str:
        return (
            call.given.get('errorformat', 'bc') if call.takes('errorformat') else 'bc'
        )

    def _find_session(self, call: Call, request: Request) -> None:
        """Settle who is asking, by tokens, cookies and the origin."""
        wiki, given, sessions = call.wiki, call.given, self.farm.sessions
        origin = given.get('origin')
        cookies = parse_cookies(request.headers.get('Cookie', ''))
        authorization = request.headers.get('Authorization', '')
        if (
            'callback' in given
            or origin == '*'
            or 'Treat-as-Untrusted' in request.headers
        ):
            call.session = sessions.nobody(wiki, cookies)
            call.session.suppressed = True
            call.answer.headers.append(('MediaWiki-Login-Suppressed', 'true'))
        elif 'centralauthtoken' in given and call.takes('centralauthtoken'):
            token = given['centralauthtoken']
            if authorization.startswith(('OAuth ', 'Bearer')):
                sessions.expire_centralauthtoken(token)
                raise _two_sessions(self.farm.current)
            self._spend(call, token, 'parameter')
        elif authorization.startswith('CentralAuthToken ') and authorization[17:]:
            token = authorization[17:].strip()
            self._spend(call, token, 'header', cookies)
        else:
            session = self.farm.consumers.resolve(wiki, authorization, cookies)
            if session and sessions.has_bot_session(wiki, cookies):
                raise _two_sessions(self.farm.current, 'central cookie-based')
            call.session = session or sessions.resolve(wiki, cookies)
        if origin:
            self._check_origin(call, origin, request)

    def _spend(
        self, call: Call, token: str, way: str, cookies: Mapping[str, str] = EMPTY
    ) -> None:
        """Use up a centralauthtoken, whose session the request is in from then on."""
        call.answer.token = digest(token)
        session = self.farm.sessions.spend(call.wiki, token, way)
        if session is not None:
            if way == 'parameter' or self.farm.current:
                self._refuse_renamed(session.account)
            call.session = session
        elif way == 'parameter' or self.farm.current:
            call.answer.wait = self.farm.penalty
            raise errors.dead_centralauthtoken()
        else:
            # In 1.43 a dead one in the header was nobody's, and no error.
            call.session = self.farm.sessions.nobody(call.wiki, cookies)

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
        if not name or not call.declarations.known(name) or name == 'main':
            raise errors.bad_value('action', name)
        if given.get('format', 'json') not in FORMATS:
            if self.farm.current:
                raise HttpError(
                    500,
                    formats.page('Internal error', '<p>Unknown format.</p>'),
                    headers={'MediaWiki-API-Error': 'internal_api_error_Error'},
                )
            value, given['format'] = given['format'], 'jsonfm'
            raise errors.bad_value('format', value)
        for key, allowed in _MAIN_CHOICES.items():
            if key in given and given[key] not in allowed and call.takes(key):
                value, given[key] = given[key], allowed[0]
                call.errorformat = self._errorformat(call)
                raise errors.bad_value(key, value)
        self._check_assertions(call)
        module = call.declarations.modules.get(name)
        function = ACTIONS.get(name)
        if module is None or function is None:
            raise ApiError(
                'notimplemented', f'The sandbox does not imitate action={name}.'
            )
        if module.token:
            self._check_token(call, module)
        if call.wiki.layout.private and call.session.local is None:
            self._check_readable(call, name)
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
        wanted = given.get('assert') if call.takes('assert') else None
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
        name = given.get('assertuser') if call.takes('assertuser') else None
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
        age = call.wiki.age
        if age is not None and not age.types:
            if not oldtokens.valid(call, module.name, token):
                raise errors.bad_token(module.path)
            return
        if name in call.in_query:
            raise _must_post([name], module)
        if not self.farm.sessions.valid(call.session, module.token, token):
            raise errors.bad_token(module.path)

    @staticmethod
    def _check_posted(call: Call, module: Module) -> None:
        if not call.in_query or call.wiki.age is not None:
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
    def _check_readable(call: Call, action: str) -> None:
        """Refuse what only those may read who have an account."""
        open_modules = _FOR_ALL | {'query'}
        asked = {name for name in _PAGE_SETS if name in call.given}
        meta = set(call.given.get('meta', '').split('|'))
        if action not in open_modules or (
            action == 'query' and (asked or not meta <= {'tokens', 'authmanagerinfo'})
        ):
            raise ApiError(
                'readapidenied', 'You need read permission to use this module.'
            )

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
        age, names_of_main = call.wiki.age, self._main_names
        if age is not None:
            if not age.reports_unknown:
                return
            names_of_main = age.main | {'callback'}
        unknown = call.given.keys() - names_of_main - call.known
        if 'd' in module.flags and module.path not in ('linkaccount', 'clientlogin'):
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
            output = formats.first_version(output, raw=call.wiki.age is not None)
        text = json.dumps(output, ensure_ascii=call.version == 1, separators=(',', ':'))
        format = call.given.get('format', 'jsonfm')
        if 'callback' in call.given and format == 'json':
            answer.content_type = 'text/javascript; charset=utf-8'
            text = f'/**/{call.given["callback"]}({text})'
        elif format == 'xml':
            answer.content_type = 'text/xml; charset=utf-8'
            text = f'<?xml version="1.0"?>{formats.to_xml("api", output)}'
        elif format == 'php':
            answer.content_type = 'application/vnd.php.serialized; charset=utf-8'
            text = formats.to_php(output)
        elif format == 'none':
            text = ''
        elif format != 'json':
            answer.content_type = 'text/html; charset=UTF-8'
            text = formats.page(
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


def _two_sessions(
    current: bool, other: str = 'CentralAuthApiSessionProvider'
) -> HttpError:
    """Return the answer to OAuth beside something else that says who asks."""
    if current:
        return HttpError(
            400,
            formats.page(
                'Bad Request',
                '<h1>Bad Request</h1><p>Cannot combine multiple request '
                'authentication types: MediaWiki\\Extension\\OAuth\\SessionProvider '
                f'sessions and {other} sessions.</p>',
            ),
            'text/html; charset=utf-8',
        )
    return HttpError(
        500,
        formats.page('Internal error', 'Conflicting sessions'),
        headers={
            'MediaWiki-API-Error': 'internal_api_error_MediaWiki\\Session\\'
            'SessionOverflowException',
        },
    )


def _headers_of(error: ApiError) -> list[tuple[str, str]]:
    if isinstance(error, StatusError):
        return []
    return [*error.headers.items(), ('MediaWiki-API-Error', error.code)]


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
