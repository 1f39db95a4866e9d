"""Where tokens come from on any MediaWiki, also before 1.24, found out by asking.

======================  ==============================================================
MediaWiki               where
======================  ==============================================================
1.24 and later          ``action=query&meta=tokens``
1.20 to 1.23            ``action=tokens``, and the next row for what it lacks
before 1.20             ``intoken``, ``ustoken``, ``rctoken``, ``rvtoken``, ``drprop``
======================  ==============================================================

Which way a wiki has is never taken from its version: a wiki that does not know one says
so, in a warning or with an error. :class:`TokenSources` asks over a transport that is
handed to it, so it serves every client, and the wallet of a site.

It was read in the sources of MediaWiki 1.19, 1.20, 1.22 and 1.24 and in the branches of
CentralAuth from that time; there was no server of that time to hold it against.

https://www.mediawiki.org/wiki/API:Tokens
https://www.mediawiki.org/wiki/API:Tokens_(action)
"""

from __future__ import annotations

import enum
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from mw_tokens_plugin.exceptions import TokenUnavailable, UnknownTokenType
from mw_tokens_plugin.protocol.answers import expected_form
from mw_tokens_plugin.protocol.responses import refusal
from mw_tokens_plugin.protocol.tokens import ANONYMOUS, Subject, TokenType

__all__ = [
    'BOUND',
    'UNKNOWN_VALUE',
    'Send',
    'Source',
    'Subject',
    'TokenSources',
    'lacks_tokens',
    'type_for_action',
]

#: Sends the parameters of one request and returns the decoded answer.
Send = Callable[[dict[str, str]], Mapping[str, Any]]


class Source(enum.Enum):
    """A way of asking for tokens; newest first."""

    META = 'action=query&meta=tokens'
    ACTION = 'action=tokens'
    PROPERTY = 'a property of a page, user, change or revision'


_ANY_PAGE = Subject()

#: Codes of the error for a value that a parameter does not have, in all ages.
UNKNOWN_VALUE = frozenset({'unknown_action', 'badvalue'})

#: Types of which each token was good for one page, or for one user.
BOUND = frozenset({TokenType.ROLLBACK, TokenType.USERRIGHTS})

#: The types of actions whose token is not a csrf token even today.
_OF_ACTION = {
    'rollback': TokenType.ROLLBACK,
    'userrights': TokenType.USERRIGHTS,
    'globaluserrights': TokenType.USERRIGHTS,
    'patrol': TokenType.PATROL,
    'watch': TokenType.WATCH,
    'login': TokenType.LOGIN,
    'setglobalaccountstatus': TokenType.SETGLOBALACCOUNTSTATUS,
    'deleteglobalaccount': TokenType.DELETEGLOBALACCOUNT,
}

#: What older wikis call the csrf token, by action; it is "edit" for all others. They
#: are one token under several names, each for those alone who have the right.
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
_NEVER_AT_ACTION = frozenset({'login', 'rollback', 'undelete', 'userrights'})

#: Types that ``prop=info`` had.
_IN_INFO = frozenset(
    'block delete edit email import move protect unblock watch'.split()
)

_NO_META_TOKENS = re.compile(r'["\']meta["\']: (?:.*[ ,])?tokens\b')


def type_for_action(action: str) -> TokenType:
    """Return the type of token that an action wants, on a wiki that does not say it.

    :param action: such as ``delete``
    """
    return _OF_ACTION.get(action, TokenType.CSRF)


def lacks_tokens(answer: Mapping[str, Any]) -> bool:
    """Tell whether a wiki says that it has no ``meta=tokens``.

    :param answer: the decoded answer to a query with ``meta=tokens``
    """
    query = answer.get('query')
    if 'warnings' not in answer or (isinstance(query, Mapping) and 'tokens' in query):
        return False
    return any(map(_NO_META_TOKENS.search, _warnings(answer, 'query')))


class TokenSources:
    """The ways to a wiki's tokens, of which the one that works is remembered.

    .. version-added:: 0.1

    :ivar source: the way that worked last; None until one did
    """

    def __init__(self, send: Send, source: Source | None = None) -> None:
        """Ask in all ways, the newest first, until one works.

        :param send: the transport
        :param source: the way to begin with, where something is known
        """
        self._send = send
        self.source = source

    def for_action(self, action: str, subject: Subject = _ANY_PAGE) -> str:
        """Return the token for an action of MediaWiki's core.

        One spelling for all wikis: where there is no ``csrf`` token yet, the older
        type of the action is asked for.

        :param action: such as ``delete``
        :param subject: what it is done to
        :raises UnknownTokenType: the wiki has no such type, in none of the ways
        :raises TokenUnavailable: the wiki has it, but not for this user
        :raises ApiRefusal: the wiki refused
        :raises UnexpectedAnswer: it answered in a form that no wiki has
        """
        return self._token(type_for_action(action), action, subject)

    def token(self, token_type: str, subject: Subject = _ANY_PAGE) -> str:
        """Return the token of one type.

        :param token_type: as ``meta=tokens`` calls it; ``csrf`` is ``edit`` on wikis
            that have none
        :param subject: what it is for
        :raises UnknownTokenType: the wiki has no such type, in none of the ways
        :raises TokenUnavailable: the wiki has it, but not for this user
        :raises ApiRefusal: the wiki refused
        :raises UnexpectedAnswer: it answered in a form that no wiki has
        """
        return self._token(TokenType(token_type), 'edit', subject)

    def tokens(
        self, types: Iterable[str], subject: Subject = _ANY_PAGE
    ) -> dict[str, str]:
        r"""Return the tokens of several types, as few requests as there are ways.

        A value ``+\`` says that the wiki has the type, but not for this user; a type
        that it lacks is left out.

        :param types: as ``meta=tokens`` calls them
        :param subject: what they are for
        :raises ApiRefusal: the wiki refused
        :raises UnexpectedAnswer: it answered in a form that no wiki has
        """
        wanted = {TokenType(name): 'edit' for name in types}
        return {str(name): value for name, value in self._ask(wanted, subject).items()}

    def _token(self, token_type: TokenType, action: str, subject: Subject) -> str:
        value = self._ask({token_type: action}, subject).get(token_type)
        if value == ANONYMOUS:
            raise TokenUnavailable(f'The wiki gives this user no {token_type} token.')
        if value is None:
            raise UnknownTokenType(f'The wiki has no token type {token_type}.')
        return value

    def _ask(
        self, wanted: Mapping[TokenType, str], subject: Subject
    ) -> dict[TokenType, str]:
        """Ask in one way after the other for what is still lacking.

        :param wanted: the action that each type of token is for
        """
        found: dict[TokenType, str] = {}
        for source in self._candidates():
            if found and source is Source.META:
                # An old wiki that lacks some of them is not to be asked for ever.
                break
            names = {
                each: _name_at(source, each, action)
                for each, action in wanted.items()
                if each not in found
            }
            for question in _questions(source, names, subject):
                answer = self._send(question)
                with expected_form('The answer about tokens'):
                    tokens = _values_in(source, answer, names.values())
                if tokens is None:
                    if source is self.source:
                        self.source = None
                    continue
                if source is not Source.PROPERTY or self.source is not Source.ACTION:
                    # Wikis with action=tokens give some types only in the oldest way.
                    self.source = source
                for each, name in names.items():
                    if name in tokens:
                        found[each] = tokens[name]
            if len(found) == len(wanted) or (source is self.source is Source.META):
                break
        return found

    def _candidates(self) -> Iterator[Source]:
        """Yield the remembered way, then the older ones, then the newer ones."""
        order = list(Source)
        start = order.index(self.source or Source.META)
        yield from order[start:]
        yield from reversed(order[:start])


def _name_at(source: Source, token_type: TokenType, action: str) -> str:
    """Return what a token type is called there."""
    if source is Source.META or token_type != TokenType.CSRF:
        return token_type
    return _OLD_TYPE.get(action, 'edit')


def _questions(
    source: Source, names: Mapping[TokenType, str], subject: Subject
) -> Iterator[dict[str, str]]:
    """Yield the parameters of the requests for some types, those that it ever had."""
    wanted = sorted(set(names.values()))
    if source is Source.META:
        if wanted:
            yield {
                'action': 'query',
                'meta': 'tokens',
                'type': '|'.join(wanted),
                'format': 'json',
            }
        return
    if source is Source.ACTION:
        if known := [name for name in wanted if name not in _NEVER_AT_ACTION]:
            yield {'action': 'tokens', 'type': '|'.join(known), 'format': 'json'}
        return
    query = {'action': 'query', 'format': 'json'}
    if known := [name for name in wanted if name in _IN_INFO]:
        yield query | {
            'prop': 'info',
            'intoken': '|'.join(known),
            'titles': subject.title,
        }
    if 'rollback' in wanted:
        yield query | {
            'prop': 'revisions',
            'rvtoken': 'rollback',
            'titles': subject.title,
        }
    if 'userrights' in wanted and subject.user:
        yield query | {
            'list': 'users',
            'ustoken': 'userrights',
            'ususers': subject.user,
        }
    if 'patrol' in wanted:
        # Where only new pages are patrolled, no other change has one.
        yield query | {
            'list': 'recentchanges',
            'rctoken': 'patrol',
            'rctype': 'new|edit',
            'rclimit': '50',
        }
    if 'undelete' in wanted:
        yield query | {
            'list': 'deletedrevs',
            'drprop': 'token',
            'titles': subject.title,
        }
    if 'login' in wanted:
        # The name is not checked, but there must be one.
        yield {'action': 'login', 'lgname': subject.user or 'Nobody', 'format': 'json'}


def _values_in(
    source: Source, answer: Mapping[str, Any], names: Iterable[str]
) -> dict[str, str] | None:
    """Return the tokens of some types; None if the wiki does not know the way.

    :raises ApiRefusal: the wiki refused
    """
    tokens = _tokens_in(source, answer)
    if tokens is None:
        return None
    found = {}
    for name in names:
        value = tokens.get(f'{name}token')
        if value is None and _is_refused(answer, name):
            value = ANONYMOUS
        if value is not None:
            found[name] = str(value)
    return found


def _tokens_in(source: Source, answer: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """Return the tokens of an answer; None if the wiki does not know the way.

    :raises ApiRefusal: the wiki refused
    """
    error = answer.get('error')
    if isinstance(error, Mapping):
        code = str(error.get('code', ''))
        if code not in UNKNOWN_VALUE:
            raise refusal(code, str(error.get('info', '')), 'The wiki')
        return None
    query = answer.get('query')
    query = query if isinstance(query, Mapping) else {}
    if source is Source.META:
        tokens = query.get('tokens')
    elif source is Source.ACTION:
        tokens = answer.get('tokens')
    else:
        tokens = _tokens_of(answer, query)
    # PHP sends an empty mapping as a list.
    return {} if isinstance(tokens, list) else tokens


def _tokens_of(
    answer: Mapping[str, Any], query: Mapping[str, Any]
) -> dict[str, Any] | None:
    """Return the tokens that the parts of an answer have."""
    found: dict[str, Any] = {}
    login = answer.get('login')
    if isinstance(login, Mapping) and 'token' in login:
        found['logintoken'] = login['token']
    for place in _places(query):
        found |= {key: place[key] for key in place if key.endswith('token')}
    if 'token' in found:
        found['undeletetoken'] = found['token']
    # A wiki with the new parameters warns that these are unknown.
    unknown = any('token' in text for text in _warnings(answer, 'main'))
    return None if unknown and not found else found


def _places(query: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """Yield where the oldest wikis may have put a token."""
    for key in ('users', 'recentchanges', 'deletedrevs'):
        yield from query.get(key) or ()
    pages = query.get('pages') or {}
    for page in pages.values() if isinstance(pages, Mapping) else pages:
        yield page
        yield from page.get('revisions') or ()


def _is_refused(answer: Mapping[str, Any], name: str) -> bool:
    """Tell whether the wiki knows the type but does not allow it to this user."""
    words = f"Action '{name}' is not allowed for the current user"
    return any(
        words in text
        for module in answer.get('warnings') or ()
        for text in _warnings(answer, module)
    )


def _warnings(answer: Mapping[str, Any], module: str) -> Iterator[str]:
    """Yield the texts of a module's warnings, in both format versions."""
    warnings = answer.get('warnings')
    told = warnings.get(module) if isinstance(warnings, Mapping) else None
    if isinstance(told, Mapping):
        yield from (text for text in told.values() if isinstance(text, str))
