"""The action API: the order in which a request is checked, run and answered.

Who is asking is in :mod:`.callers`, the checks are in :mod:`.checks`, what the modules
do in :mod:`.modules`; how requests arrive, and faults, in :mod:`.server`.
"""

from __future__ import annotations

import html
import json
from collections.abc import Callable
from typing import TYPE_CHECKING

from . import callers, checks, errors, formats
from .ages import declarations_of
from .call import ACTIONS, Call, Json
from .declarations import FORMATS, Declarations, Module
from .errors import ApiError, HttpError, StatusError
from .exchange import Answer, Request
from .titles import speak

if TYPE_CHECKING:
    from .farm import Farm, Wiki

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
            return callers.preflight(wiki, request)
        speak(wiki.language)
        call = Call(wiki, self._declared(wiki), dict(request.given))
        call.files = request.files
        if request.arrived is not None:
            call.arrived = request.arrived
        call.in_query = frozenset(request.query.keys() - request.form.keys())
        try:
            self._perform(call, request, failure)
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
        if self.farm.block_email:
            found = found.with_email_blocks
        elif wiki.has_filters:
            found = found.with_filters
        if self.farm.provider.each_operation:
            return found.with_confirmations
        return found

    def _perform(
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
            callers.find_session(call, request)
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
        checks.check_assertions(call)
        module = call.declarations.modules.get(name)
        function = ACTIONS.get(name)
        if module is None or function is None:
            raise ApiError(
                'notimplemented', f'The sandbox does not imitate action={name}.'
            )
        if module.token:
            checks.check_token(call, module)
        if call.wiki.layout.private and call.session.local is None:
            checks.check_readable(call, name)
        if 'w' in module.flags:
            checks.check_writable(call, request)
        checks.check_lag(call)
        if 'p' in module.flags and request.method != 'POST':
            raise ApiError(
                'mustbeposted',
                f'The "{name}" module requires a POST request.',
                module='main',
            )
        checks.check_posted(call, module)
        call.path = name
        if failure is not None:
            raise failure(call)
        values = call.parse(name)
        function(call, values)
        self._report_unknown(call, module)

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


_MAIN_CHOICES: dict[str, tuple[str, ...]] = {
    'errorformat': ('bc', 'html', 'none', 'plaintext', 'raw', 'wikitext'),
    'assert': ('user', 'anon', 'bot'),
}


def _headers_of(error: ApiError) -> list[tuple[str, str]]:
    if isinstance(error, StatusError):
        return []
    return [*error.headers.items(), ('MediaWiki-API-Error', error.code)]
