"""One API request under way: who asks, and its answer with errors and warnings.

What modules do with it is in :mod:`.modules`; the checks before them are in
:mod:`.checks`; how its parameters are read is in :mod:`.parameters`.
"""

from __future__ import annotations

import html
import secrets
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from . import ages, errors
from .declarations import Declarations
from .errors import ApiError, InternalError, StatusError
from .exchange import Answer
from .parameters import ANNOUNCE, Parameters
from .parameters import Json as Json
from .parameters import Values as Values

if TYPE_CHECKING:
    from .farm import Wiki

Action = Callable[['Call', Values], None]

ACTIONS: dict[str, Action] = {}
QUERIES: dict[str, Action] = {}


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


class Call(Parameters):
    """One API request under way: what modules read from and write to."""

    __slots__ = (
        'answer',
        'arrived',
        'continuation',
        'errorformat',
        'in_query',
        'version',
    )

    def __init__(
        self, wiki: Wiki, declarations: Declarations, given: dict[str, str]
    ) -> None:
        """Initializer."""
        super().__init__(wiki, declarations, given)
        self.in_query: frozenset[str] = frozenset()
        self.version = 1
        self.errorformat = 'bc'
        self.continuation: dict[str, str] = {}
        self.answer = Answer()
        #: How many changes of accounts there had been when the request arrived.
        self.arrived = self.farm.changes

    @property
    def rights(self) -> Mapping[str, None]:
        return self.session.rights

    @property
    def user(self) -> str:
        return self.session.name

    @property
    def content_key(self) -> str:
        return '*' if self.version == 1 else 'content'

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
        self.result['error'] = self._status(key, text, params or [], wikitext or text)
        self.answer.code = key

    # -- the envelope --

    def _status(
        self, key: str, text: str, params: list[Any], wikitext: str
    ) -> list[list[Json]]:
        item: Json
        if self.errorformat == 'bc':
            item = {'message': key, 'params': params, 'code': key, 'type': 'error'}
        else:
            item = {'code': key} | self._text(text, wikitext, key, params)
        return [[item]]

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
        docref = f'See {self.wiki.address} for API usage. ' + ANNOUNCE.format(
            '&lt;', '&gt;'
        )
        internal = isinstance(error, InternalError)
        closing = (
            {trace_key: error.trace}
            if isinstance(error, InternalError)
            else {docref_key: docref}
        )
        self.answer.code = error.code
        if isinstance(error, StatusError):
            status = self._status(error.code, error.info, error.params, error.info)
            return {'error': status} | error.result
        if self.wiki.age is not None:
            return {'error': ages.fail(error)}
        if self.errorformat == 'bc':
            shown = {'code': error.code, 'info': error.summary} | error.data | closing
            return {'error': shown}
        item = self.told(error)
        module = self.path if error.module is None else error.module
        if module and not internal:
            item['module'] = module
        return {'errors': [item]} | closing

    def told(self, error: ApiError) -> Json:
        """Return an error as it appears in an answer."""
        short = self.errorformat in ('bc', 'plaintext')
        text = error.summary if short else error.info
        item: Json = {'code': error.code}
        item |= self._text(text, text, error.key, error.params)
        if error.data:
            item['data'] = error.data
        return item

    def shown_warnings(self) -> Any:
        if self.errorformat == 'bc':
            key = '*' if self.version == 1 else 'warnings'
            texts: dict[str, list[str]] = {}
            for module, code, words, _ in self.warnings:
                text = words if self.wiki.age is None else ages.warning(code, words)
                if text is not None:
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
