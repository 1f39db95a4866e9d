"""Asking a wiki for tokens, in the way that it has.

What comes back is in the form of ``meta=tokens``, whatever the wiki was asked for; it
is kept by :mod:`.wallet`.

https://www.mediawiki.org/wiki/API:Tokens
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pywikibot.exceptions import APIError

from mw_tokens_plugin.protocol.legacy import (
    BOUND,
    UNKNOWN_VALUE,
    Source,
    TokenSources,
    lacks_tokens,
)
from mw_tokens_plugin.protocol.tokens import ANONYMOUS, Subject, TokenType

#: Types that are fetched together where a wiki knows no ``*``: up to MediaWiki 1.28.
_EVERY_TYPE = (
    TokenType.CSRF,
    TokenType.ROLLBACK,
    TokenType.USERRIGHTS,
    TokenType.PATROL,
    TokenType.WATCH,
    TokenType.SETGLOBALACCOUNTSTATUS,
    TokenType.DELETEGLOBALACCOUNT,
)

#: Those of them that are good for anything on old wikis, and had in one request.
_EVERY_OLD_TYPE = (
    TokenType.CSRF,
    TokenType.WATCH,
    TokenType.SETGLOBALACCOUNTSTATUS,
    TokenType.DELETEGLOBALACCOUNT,
)


class TokenQuery:
    """The way to one wiki's tokens, found out by asking and remembered."""

    def __init__(self, site: Any) -> None:
        """Take the wiki for one of today."""
        self._site = site
        self._old: TokenSources | None = None
        #: Whether login tokens are had from ``action=login`` alone.
        self.logs_in_by_action = False
        #: What stands for all types.
        self._all = '*'

    @property
    def is_old(self) -> bool:
        """Whether the wiki is known to have no ``meta=tokens``."""
        return self._old is not None

    @property
    def source(self) -> Source | None:
        """The way that worked last."""
        return Source.META if self._old is None else self._old.source

    def ask(
        self, types: str, subject: Subject | None = None, *, about_itself: bool
    ) -> Mapping[str, Any]:
        """Return what the wiki answers, as if it had ``meta=tokens``.

        :param types: joined by ``|``, or ``*`` for all
        :param subject: what they are for, where that is known
        :param about_itself: whether the wiki is to tell what it is, too
        """
        answer: Mapping[str, Any] = {}
        if self._old is None:
            answer = self._ask_today(types, about_itself)
            if lacks_tokens(answer):
                self._old = _sources_of(self._site)
            elif types == '*' == self._all and _has_no_tokens(answer):
                self._all = '|'.join(_EVERY_TYPE)
                answer = self._ask_today(types, about_itself)
        if self._old is not None:
            tokens = self._ask_old(self._old, types, subject)
        elif types == TokenType.LOGIN and _has_no_tokens(answer):
            # Up to MediaWiki 1.26 meta=tokens had no such type.
            tokens = self._ask_old(_sources_of(self._site), types, subject)
        else:
            return answer
        if types == TokenType.LOGIN:
            self.logs_in_by_action = bool(tokens)
        return {'query': {**(answer.get('query') or {}), 'tokens': tokens}}

    def _ask_today(self, types: str, about_itself: bool) -> Mapping[str, Any]:
        request = self._site.simple_request(
            action='query',
            meta='tokens|siteinfo' if about_itself else 'tokens',
            type=self._all if types == '*' else types,
            formatversion=2,
        )
        # Which types it lacks is found out by asking for these.
        tries = types in ('*', TokenType.LOGIN)
        request._warning_handler = _is_about_types if tries else _is_about_tokens
        answer: Mapping[str, Any] = request.submit()
        return answer

    def _ask_old(
        self, sources: TokenSources, types: str, subject: Subject | None
    ) -> dict[str, str]:
        """Return tokens had in other ways, as ``meta=tokens`` calls them."""
        names = list(_EVERY_OLD_TYPE) if types == '*' else types.split('|')
        if subject is None:
            names = [name for name in names if name not in BOUND]
        user = self._site.username()
        values = sources.tokens(names, subject or Subject(user=user))
        if sources.source is Source.META:
            self._old = None
        if ANONYMOUS in values.values() and self._site.user() is not None:
            # It may mean that the session is lost, which pywikibot finds out then.
            self._site.simple_request(action='query', meta='userinfo').submit()
        return {f'{name}token': value for name, value in values.items()}


def _has_no_tokens(answer: Mapping[str, Any]) -> bool:
    query = answer.get('query')
    return isinstance(query, Mapping) and query.get('tokens') in ([], {})


def _sources_of(site: Any) -> TokenSources:
    """Return the ways to the tokens of a wiki without ``meta=tokens``.

    :param site: the site to ask
    """

    def send(parameters: dict[str, str]) -> Mapping[str, Any]:
        # It is a POST, since pywikibot cannot read what such wikis say of modules.
        request = site._request(parameters=parameters, use_get=False)
        # What the wiki lacks, it tells in warnings.
        request._warning_handler = lambda *_: True
        request.expected_errors = UNKNOWN_VALUE
        request.asks_extensions = False
        try:
            answer: Mapping[str, Any] = request.submit()
        except APIError as error:
            if error.code not in UNKNOWN_VALUE:
                raise
            return {'error': {'code': error.code, 'info': error.info}}
        return answer

    return TokenSources(send, Source.ACTION)


def _is_about_tokens(module: str, text: str) -> bool:
    """Tell whether a warning says that there is no ``meta=tokens``.

    It is a handler of pywikibot's for warnings, which shows those that are not handled.
    """
    return lacks_tokens({'warnings': {module: {'*': text}}})


def _is_about_types(module: str, text: str) -> bool:
    """Tell whether a warning says that there is no such way, or no such type."""
    return module == 'tokens' or _is_about_tokens(module, text)
