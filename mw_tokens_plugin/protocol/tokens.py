"""Tokens as typed values, and which token an API module wants.

A :class:`Token` is the string that the wiki handed out, with what is known about it.
Fetching and keeping tokens is the wallet's work, not this module's.

https://www.mediawiki.org/wiki/API:Tokens
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, NoReturn

from mw_tokens_plugin.exceptions import (
    NoTokenNeeded,
    TokenUnavailable,
    UnexpectedAnswer,
    UnknownModule,
    UnknownTokenType,
)
from mw_tokens_plugin.protocol.answers import items_of, part_of

#: What a wiki hands out instead of a token to callers that are not logged in.
#: Anonymous writes accept it, so it is never treated as a token here.
ANONYMOUS = '+\\'


class TokenType(str):
    """The name of a kind of token, such as ``csrf``.

    Types that extensions register are token types like any other; the constants are
    those of MediaWiki and CentralAuth.

    .. version-added:: 0.1

    :raises UnknownTokenType: the text cannot be the name of a token type
    """

    __slots__ = ()

    CSRF: ClassVar[TokenType]
    ROLLBACK: ClassVar[TokenType]
    USERRIGHTS: ClassVar[TokenType]
    PATROL: ClassVar[TokenType]
    WATCH: ClassVar[TokenType]
    LOGIN: ClassVar[TokenType]
    CREATEACCOUNT: ClassVar[TokenType]
    SETGLOBALACCOUNTSTATUS: ClassVar[TokenType]
    DELETEGLOBALACCOUNT: ClassVar[TokenType]

    def __new__(cls, name: str) -> TokenType:
        """Accept any word that may be a parameter value of the API."""
        if not isinstance(name, str) or not re.fullmatch(r'[A-Za-z0-9_-]+', name):
            raise UnknownTokenType(f'{name!r} is not the name of a token type.')
        return super().__new__(cls, name)

    def __repr__(self) -> str:
        """Return an expression that makes this type."""
        return f'TokenType({str(self)!r})'


for _name in (
    'csrf',
    'rollback',
    'userrights',
    'patrol',
    'watch',
    'login',
    'createaccount',
    'setglobalaccountstatus',
    'deleteglobalaccount',
):
    setattr(TokenType, _name.upper(), TokenType(_name))


@dataclass(frozen=True, slots=True)
class Subject:
    """What a token is for, which wikis before MediaWiki 1.24 want to know.

    .. version-added:: 0.1

    :ivar title: the page to be changed
    :ivar user: the user whose rights will be changed
    """

    title: str = 'Main Page'
    user: str | None = None


class Token(str):
    """A token, which knows what it is for and never shows itself.

    It is the string that the wiki expects, and can be sent as it is. ``repr()`` leaves
    the secret out; pickling is refused.

    .. version-added:: 0.1

    :ivar type: which kind of token it is
    :ivar wiki: the wiki that handed it out, as ``family:code``
    :ivar user: the account it belongs to, or None before the login
    :ivar fetched_at: when it was fetched, seconds since the epoch
    :ivar generation: the wallet's count of sessions when it was fetched
    :ivar subject: the one thing that it is good for, on wikis before MediaWiki 1.24;
        None for a token that is good for anything

    :raises TokenUnavailable: the value is the one for anonymous callers
    """

    type: TokenType
    wiki: str
    user: str | None
    fetched_at: float
    generation: int
    subject: Subject | None

    def __new__(
        cls,
        value: str,
        *,
        type: TokenType,
        wiki: str,
        user: str | None,
        fetched_at: float,
        generation: int = 0,
        subject: Subject | None = None,
    ) -> Token:
        """Make a token from what the wiki answered."""
        if value == ANONYMOUS or not value:
            raise TokenUnavailable(
                f'{wiki} hands out no {type} token to '
                f'{user or "callers that are not logged in"}.'
            )
        self = super().__new__(cls, value)
        self.type = type
        self.wiki = wiki
        self.user = user
        self.fetched_at = fetched_at
        self.generation = generation
        self.subject = subject
        return self

    def __repr__(self) -> str:
        """Describe the token without its secret."""
        return f'<Token {self.type} of {self.user or "nobody"} on {self.wiki}>'

    def __copy__(self) -> Token:
        """Return itself: tokens do not change."""
        return self

    def __deepcopy__(self, memo: object) -> Token:
        """Return itself: tokens do not change."""
        return self

    def __reduce_ex__(self, protocol: object) -> NoReturn:
        """Refuse to be pickled: a stored token is a leaked one."""
        raise TypeError(f'{self!r} cannot be pickled: tokens are never stored.')


#: Modules that take a token of which paraminfo does not tell.
_UNDECLARED = {'login': TokenType.LOGIN}


def tokens_from_answer(answer: Mapping[str, Any]) -> dict[str, str]:
    r"""Return type and value of all tokens in an answer of ``meta=tokens``.

    Values ``+\`` are kept: they say that the wiki has the type but not for us.

    :param answer: the decoded body of ``action=query&meta=tokens``
    :raises UnexpectedAnswer: it has no tokens at all
    """
    query = part_of(answer, 'query')
    # PHP sends an empty mapping as a list.
    tokens = {} if query.get('tokens') == [] else part_of(query, 'tokens')
    if not all(isinstance(value, str) for value in tokens.values()):
        raise UnexpectedAnswer('The answer to meta=tokens holds what is no token.')
    return {name.removesuffix('token'): value for name, value in tokens.items()}


@dataclass(frozen=True, slots=True)
class TokenParameter:
    """The parameter in which a module takes its token.

    :ivar name: its whole name, such as ``token`` or ``lgtoken``
    :ivar type: the type of the token
    """

    name: str
    type: TokenType


def token_parameter_of(
    module: str, paraminfo: Mapping[str, Any] | None, wiki: str = ''
) -> TokenParameter:
    """Return where a module takes which token, from its ``action=paraminfo``.

    The parameter has various names (``token``, ``linktoken``, ``logintoken``...); what
    tells it from others is its ``tokentype``.

    https://www.mediawiki.org/wiki/API:Parameter_information

    :param module: the module's name, for the errors
    :param paraminfo: what paraminfo says of it; None where it knows no such module
    :param wiki: which wiki that is, for the errors
    :raises UnknownModule: the wiki has no such module
    :raises NoTokenNeeded: the module takes no token
    """
    if paraminfo is None:
        raise UnknownModule(
            f'{wiki or "The wiki"} has no API module {module!r}. Its extension may not '
            'be installed there, or the name is misspelt.'
        )
    prefix = str(paraminfo.get('prefix', ''))
    if 'parameters' in paraminfo:
        for parameter in items_of(paraminfo, 'parameters'):
            if tokentype := parameter.get('tokentype'):
                name = prefix + str(parameter.get('name', 'token'))
                return TokenParameter(name, TokenType(str(tokentype)))
    if module in _UNDECLARED:
        return TokenParameter(f'{prefix}token', _UNDECLARED[module])
    raise NoTokenNeeded(f'The API module {module!r} takes no token.')


def token_type_of(
    module: str, paraminfo: Mapping[str, Any] | None, wiki: str = ''
) -> TokenType:
    """Return the token type that a module wants, as :func:`token_parameter_of`."""
    return token_parameter_of(module, paraminfo, wiki).type
