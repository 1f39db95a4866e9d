"""Where tokens come from on any MediaWiki, also before 1.24.

:class:`TokenSources` asks over a transport that is handed to it, so it serves every
client; through pywikibot 11, which refuses wikis older than 1.31, only ``meta=tokens``
is ever reached. The two older ways were read in the manuals and in MediaWiki's history
and could be held against no server of their time.

======================  ==============================================================
MediaWiki               where
======================  ==============================================================
1.24 and later          ``action=query&meta=tokens``
1.20 to 1.23            ``action=tokens``, and the next row for what it lacks
before 1.20             ``intoken``, ``ustoken``, ``rctoken``, ``rvtoken``, ``drprop``
======================  ==============================================================

https://www.mediawiki.org/wiki/API:Tokens
https://www.mediawiki.org/wiki/API:Tokens_(action)
"""

from __future__ import annotations

import enum
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from mw_tokens_plugin.exceptions import TokenUnavailable, UnknownTokenType
from mw_tokens_plugin.protocol.tokens import ANONYMOUS, TokenType

__all__ = ['Send', 'Source', 'Subject', 'TokenSources', 'source_for']

#: Sends the parameters of one request and returns the decoded answer.
Send = Callable[[dict[str, str]], Mapping[str, Any]]


class Source(enum.Enum):
    """A way of asking for tokens; newest first."""

    META = 'action=query&meta=tokens'
    ACTION = 'action=tokens'
    PROPERTY = 'a property of a page, user, change or revision'


@dataclass(frozen=True, slots=True)
class Subject:
    """What a token is for, which the oldest wikis want to know.

    :ivar title: the page to be changed
    :ivar user: the user whose rights are to be changed
    """

    title: str = 'Main Page'
    user: str | None = None


_ANY_PAGE = Subject()

#: The types of actions whose token is not a csrf token even today.
_OF_ACTION = {
    'rollback': TokenType.ROLLBACK,
    'userrights': TokenType.USERRIGHTS,
    'globaluserrights': TokenType.USERRIGHTS,
    'patrol': TokenType.PATROL,
    'watch': TokenType.WATCH,
    'setglobalaccountstatus': TokenType.SETGLOBALACCOUNTSTATUS,
    'deleteglobalaccount': TokenType.DELETEGLOBALACCOUNT,
}

#: What older wikis call the csrf token, by action; it is "edit" for all others.
_OLD_TYPE = {
    'block': 'block',
    'delete': 'delete',
    'emailuser': 'email',
    'import': 'import',
    'move': 'move',
    'options': 'options',
    'protect': 'protect',
    'unblock': 'unblock',
    'undelete': 'undelete',
}

#: Types that ``action=tokens`` never had.
_NEVER_AT_ACTION = frozenset({'rollback', 'userrights', 'undelete'})

#: Types that ``prop=info`` had.
_IN_INFO = frozenset(
    {
        'block',
        'delete',
        'edit',
        'email',
        'import',
        'move',
        'protect',
        'unblock',
        'watch',
    }
)


class TokenSources:
    """The ways to a wiki's tokens, of which the one that works is remembered.

    .. version-added:: 0.1
    """

    def __init__(self, send: Send, generator: str | None = None) -> None:
        """Choose by the wiki's version, if it is known.

        :param send: the transport
        :param generator: siteinfo's ``generator``, such as ``MediaWiki 1.19.24``
        """
        self._send = send
        self.source = source_for(generator)

    def for_action(self, action: str, subject: Subject = _ANY_PAGE) -> str:
        """Return the token for an action of MediaWiki's core.

        One spelling for all wikis: where there is no ``csrf`` token yet, the older
        type of the action is asked for.

        :param action: such as ``delete``
        :param subject: what it is done to
        :raises UnknownTokenType: the wiki has no such type, in none of the ways
        :raises TokenUnavailable: the wiki has it, but not for this user
        """
        return self._token(_OF_ACTION.get(action, TokenType.CSRF), action, subject)

    def token(self, token_type: str, subject: Subject = _ANY_PAGE) -> str:
        """Return the token of one type.

        :param token_type: as ``meta=tokens`` calls it; ``csrf`` is ``edit`` on wikis
            that have none
        :param subject: what it is for
        :raises UnknownTokenType: the wiki has no such type, in none of the ways
        :raises TokenUnavailable: the wiki has it, but not for this user
        """
        return self._token(TokenType(token_type), 'edit', subject)

    def _token(self, token_type: TokenType, action: str, subject: Subject) -> str:
        for source in self._candidates():
            name = _name_at(source, token_type, action)
            parameters = _question(source, name, subject)
            if parameters is None:
                continue
            answer = self._send(parameters)
            tokens = _tokens_in(source, answer)
            if tokens is None:
                continue
            if source is not Source.PROPERTY or self.source is not Source.ACTION:
                # Wikis with action=tokens give some types only in the oldest way.
                self.source = source
            value = tokens.get(f'{name}token', tokens.get('token'))
            if value == ANONYMOUS or (value is None and _is_refused(answer)):
                raise TokenUnavailable(f'The wiki gives this user no {name} token.')
            if value is not None:
                return str(value)
            if source is Source.META:
                break
        raise UnknownTokenType(f'The wiki has no token type {token_type}.')

    def _candidates(self) -> Iterator[Source]:
        """Yield the remembered way, then the older ones, then the newer ones."""
        order = list(Source)
        start = order.index(self.source)
        yield from order[start:]
        yield from reversed(order[:start])


def source_for(generator: str | None) -> Source:
    """Return how a wiki is asked for tokens, by its version.

    :param generator: siteinfo's ``generator``; None if it is not known
    """
    version = re.search(r'(\d+)\.(\d+)', generator or '')
    if version is None or (number := (int(version[1]), int(version[2]))) >= (1, 24):
        return Source.META
    return Source.ACTION if number >= (1, 20) else Source.PROPERTY


def _name_at(source: Source, token_type: TokenType, action: str) -> str:
    """Return what a token type is called there."""
    if source is Source.META or token_type != TokenType.CSRF:
        return token_type
    return _OLD_TYPE.get(action, 'edit')


def _question(source: Source, name: str, subject: Subject) -> dict[str, str] | None:
    """Return the parameters of the request; None if the source never had the type."""
    if source is Source.META:
        return {'action': 'query', 'meta': 'tokens', 'type': name, 'format': 'json'}
    if source is Source.ACTION:
        if name in _NEVER_AT_ACTION:
            return None
        return {'action': 'tokens', 'type': name, 'format': 'json'}
    query = {'action': 'query', 'format': 'json'}
    if name == 'rollback':
        return query | {
            'prop': 'revisions',
            'rvtoken': 'rollback',
            'titles': subject.title,
        }
    if name == 'userrights':
        user = subject.user or ''
        return query | {'list': 'users', 'ustoken': 'userrights', 'ususers': user}
    if name == 'patrol':
        return query | {'list': 'recentchanges', 'rctoken': 'patrol', 'rclimit': '1'}
    if name == 'undelete':
        return query | {
            'list': 'deletedrevs',
            'drprop': 'token',
            'titles': subject.title,
        }
    if name in _IN_INFO:
        return query | {'prop': 'info', 'intoken': name, 'titles': subject.title}
    return None


def _tokens_in(source: Source, answer: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """Return the tokens of an answer; None if the wiki does not know the way."""
    query = answer.get('query') or {}
    if source is Source.META:
        tokens = query.get('tokens')
    elif source is Source.ACTION:
        tokens = answer.get('tokens')
    else:
        tokens = next((place for place in _places(query) if _has_token(place)), None)
        if tokens is None and _is_refused(answer):
            tokens = {}
    # PHP sends an empty mapping as a list.
    return {} if isinstance(tokens, list) else tokens


def _places(query: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """Yield where the oldest wikis may have put a token."""
    for key in ('users', 'recentchanges', 'deletedrevs'):
        yield from query.get(key) or ()
    pages = query.get('pages') or {}
    for page in pages.values() if isinstance(pages, Mapping) else pages:
        yield page
        yield from page.get('revisions') or ()


def _has_token(place: Mapping[str, Any]) -> bool:
    return any(key.endswith('token') for key in place)


def _is_refused(answer: Mapping[str, Any]) -> bool:
    """Tell whether the wiki knows the type but does not allow it to this user."""
    return any(
        'is not allowed for the current user' in str(text)
        for warning in (answer.get('warnings') or {}).values()
        for text in (warning.values() if isinstance(warning, Mapping) else ())
    )
