"""The wallet of typed tokens that replaces pywikibot's own on every site.

It fetches, keeps and drops tokens; attaching them to requests and noticing that one
was refused is the work of :mod:`~mw_tokens_plugin.site.requests`.

https://www.mediawiki.org/wiki/API:Tokens
"""

from __future__ import annotations

import hashlib
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any, NoReturn, Protocol, overload

import pywikibot
from pywikibot.data.api._requests import WRITE_ACTIONS

from mw_tokens_plugin.exceptions import (
    InvalidInput,
    NoTokenNeeded,
    TokenUnavailable,
    UnknownTokenType,
)
from mw_tokens_plugin.protocol.legacy import (
    BOUND,
    lacks_tokens,
)
from mw_tokens_plugin.protocol.tokens import (
    ANONYMOUS,
    Subject,
    Token,
    TokenParameter,
    TokenType,
    token_parameter_of,
    tokens_from_answer,
)
from mw_tokens_plugin.site import forks
from mw_tokens_plugin.site.base import WikiSite
from mw_tokens_plugin.site.identity import KnownWiki
from mw_tokens_plugin.site.inputs import words
from mw_tokens_plugin.site.oldwikis import subject_in
from mw_tokens_plugin.site.paraminfo import ModuleInfo
from mw_tokens_plugin.site.replacements import is_wallet_replaced
from mw_tokens_plugin.site.secretsources import note_values
from mw_tokens_plugin.site.session import Session
from mw_tokens_plugin.site.tokenquery import TokenQuery

if TYPE_CHECKING:

    class TokenWallet:
        """What pywikibot's wallet is to a type checker, which does not know it."""

        site: WikiSite
        _tokens: dict[str, Token]
        _currentuser: str | None

        def __init__(self, site: WikiSite) -> None:
            """Start empty."""

        def clear(self) -> None:
            """Forget all tokens."""

        def __getitem__(self, key: str) -> Token:
            """Return the token of a type."""
else:
    from pywikibot.site._tokenwallet import TokenWallet

#: How often tokens are asked for while the session changes.
_MAX_QUERIES = 3

#: Types that callers who are not logged in get too.
_WITHOUT_LOGIN = frozenset({TokenType.LOGIN, TokenType.CREATEACCOUNT})


#: What the wallet offers to its users, besides tokens.
_METHODS = ('for_action', 'parameters_for', 'prefetch', 'token_type_of')


class OtherWikis(Protocol):
    """What is known of the other wikis that a login reaches.

    :ivar user: whose login it is
    :ivar is_logged_out: whether the home site was logged out on purpose
    """

    user: str | None
    is_logged_out: bool

    def log_out(self) -> None:
        """Log the other wikis out, since the home site was."""


class TokenAccessor:
    """An attribute of the wallet that is the token of one type."""

    def __init__(self, doc: str) -> None:
        """Describe what the token is for."""
        self.__doc__ = doc

    def __set_name__(self, owner: type, name: str) -> None:
        """Take the type from the attribute's name."""
        self.type = TokenType(name)

    @overload
    def __get__(self, wallet: None, owner: type) -> TokenAccessor: ...

    @overload
    def __get__(self, wallet: TypedTokenWallet, owner: type) -> Token: ...

    def __get__(
        self, wallet: TypedTokenWallet | None, owner: type
    ) -> Token | TokenAccessor:
        """Return the token, fetched if need be."""
        return self if wallet is None else wallet[self.type]

    def __set__(self, wallet: TypedTokenWallet, value: NoReturn) -> NoReturn:
        """Refuse: a token of another origin would be sent without a word."""
        raise AttributeError(
            f'The {self.type} token is fetched from the wiki, not set.'
        )


class TypedTokenWallet(TokenWallet):
    """The tokens of one user on one wiki, as long as the session holds.

    Tokens are attributes (``site.tokens.csrf``), items (``site.tokens['csrf']``, as
    pywikibot's own code uses them), or found by what they are for
    (``site.tokens.for_action('delete')``).

    .. version-added:: 0.1

    :ivar session: the session that the tokens belong to
    :ivar module_info: what the wiki says of its API modules
    :ivar wiki: which wiki it is, as its answers say
    :ivar home_login: what is known of the other wikis that this login reaches; None
        until one is asked for
    :ivar dropped: how often a token of each type was refused and dropped

    :raises UnknownTokenType: the wiki has no such type
    :raises TokenUnavailable: the wiki has it, but not for this user
    """

    csrf = TokenAccessor('For edits and most other writes.')
    rollback = TokenAccessor(
        'For ``action=rollback``. It is not the one in the links of the web interface.'
    )
    userrights = TokenAccessor(
        'For ``action=userrights`` and ``action=globaluserrights``. It is not the one '
        'in the form of the web interface.'
    )
    patrol = TokenAccessor('For ``action=patrol``.')
    watch = TokenAccessor('For ``action=watch``.')
    login = TokenAccessor('For ``action=login`` and ``action=clientlogin``.')
    createaccount = TokenAccessor('For ``action=createaccount``.')
    setglobalaccountstatus = TokenAccessor(
        'For ``action=setglobalaccountstatus`` of CentralAuth.'
    )
    deleteglobalaccount = TokenAccessor(
        'For ``action=deleteglobalaccount`` of CentralAuth.'
    )

    def __init__(
        self,
        site: WikiSite,
        session: Session,
        clock: Callable[[], float] = time.time,
    ) -> None:
        """Start empty.

        :param site: the site whose tokens these are
        :param session: the session that they belong to
        :param clock: seconds since the epoch
        """
        super().__init__(site)
        self.session = session
        self.module_info = ModuleInfo(site)
        self.dropped: Counter[TokenType] = Counter()
        self.home_login: OtherWikis | None = None
        self.wiki = KnownWiki(site)
        self._clock = clock
        self._held_generation = 0
        self._query = TokenQuery(site)
        self._changing = threading.Lock()
        #: Of all tokens that were ever held, by digest: some are refused later on.
        self._types: dict[bytes, TokenType] = {}
        forks.note(self)

    def after_fork(self) -> None:
        """Free the lock that another thread held."""
        forks.free(self._changing)

    def __getitem__(self, key: str) -> Token:
        """Return the token of a type, fetched if it is not held."""
        if is_wallet_replaced():
            # Such as by a dry run.
            return super().__getitem__(key)
        held = self._live().get(key)
        if held is not None and held.subject is None:
            return held
        wanted = TokenType(key)
        with self.session.lock:
            self.missing((wanted,))
            # The session of a foreign site may be renewed at any moment, even while
            # this thread holds the lock, and takes all that is held with it.
            held = self._live().get(wanted)
            if held is not None and held.subject is None:
                return held
            return self._fetched(wanted)

    def for_action(
        self, module: str, *, title: Any = None, user: str | None = None
    ) -> Token:
        """Return the token that an API module wants.

        The wiki's own ``action=paraminfo`` says which one.

        :param module: the module's name, such as ``setglobalaccountstatus``
        :param title: for ``rollback`` before MediaWiki 1.24, the page
        :param user: for ``userrights`` before MediaWiki 1.24, the account
        :raises UnknownModule: the wiki has no such module
        :raises NoTokenNeeded: the module takes no token
        :raises TokenUnavailable: the wiki has it, but not for this user or page
        """
        return self._token_for(self.token_type_of(module), title, user)

    def _token_for(self, token_type: TokenType, title: Any, user: str | None) -> Token:
        token = self[token_type]
        if title is None and user is None:
            return token
        return self.live(token, {'title': title, 'user': user})

    @property
    def logs_in_by_action(self) -> bool:
        """Whether login tokens are had from ``action=login`` alone, before 1.27."""
        return self._query.logs_in_by_action

    @property
    def is_old(self) -> bool:
        """Whether the wiki is known to have no ``meta=tokens``."""
        return self._query.is_old

    def live(self, token: Token, parameters: Mapping[str, Any]) -> Token:
        """Return the token that a request has to carry in the place of one.

        It is the one that is held of that type. On wikis before MediaWiki 1.24 some are
        good for one page or user, which the request names.

        :param token: the token that the request was given
        :param parameters: those of the request
        :raises TokenUnavailable: the wiki has it, but not for this user or page
        """
        if token.type not in BOUND or not self.is_old:
            return self[token.type]
        subject = subject_in(token.type, parameters)
        if subject is None:
            return self[token.type]
        with self.session.lock:
            held = self._live().get(token.type)
            if held is None or held.subject != subject:
                answer = self._ask(token.type, subject)
                held = self._kept((token.type,), answer, subject)[token.type]
            return held

    def parameters_for(
        self, module: str, *, title: Any = None, user: str | None = None
    ) -> dict[str, Token]:
        """Return the token that an API module wants, by the name of its parameter.

        Most modules call it ``token``, and some do not::

            site.simple_request(
                action='login', lgname=name, **site.tokens.parameters_for('login')
            )

        :param module: the module's name
        :param title: see :meth:`for_action`
        :param user: see :meth:`for_action`
        :return: one parameter; none for a module that takes no token
        :raises UnknownModule: the wiki has no such module
        :raises TokenUnavailable: the wiki has it, but not for this user or page
        """
        try:
            parameter = self._parameter_of(module)
        except NoTokenNeeded:
            return {}
        return {parameter.name: self._token_for(parameter.type, title, user)}

    def token_type_of(self, module: str) -> TokenType:
        """Return the type of token that an API module wants.

        :param module: the module's name
        :raises UnknownModule: the wiki has no such module
        :raises NoTokenNeeded: the module takes no token
        """
        return self._parameter_of(module).type

    def _parameter_of(self, module: str) -> TokenParameter:
        if not isinstance(module, str):
            raise InvalidInput(
                f"{module!r} is not the name of an API module: give one like 'delete'."
            )
        info = self.module_info(module)
        return token_parameter_of(module, info, str(self.site))

    def prefetch(self, *types: str) -> None:
        """Fetch all tokens of these types that are not held, in one request.

        :param types: token types that will be needed
        """
        with self.session.lock:
            if wanted := self.missing(types):
                self.keep(wanted, self._ask('|'.join(wanted)))

    def values_of(self, types: Iterable[str]) -> dict[str, str]:
        """Return newly fetched tokens, by type: those that this user gets.

        :param types: token types; none for all that are good for anything
        """
        with self.session.lock:
            values, _ = self._keep_all(self._ask('|'.join(types) or '*'))
        return {name: value for name, value in values.items() if value != ANONYMOUS}

    def missing(self, types: Iterable[str]) -> list[TokenType]:
        """Return which of some types are not held, after logging in if need be.

        :param types: token types
        """
        wanted = [TokenType(name) for name in words(types, 'token types')]
        if self.site.user() is None and not _WITHOUT_LOGIN.issuperset(wanted):
            with self.session.lock:
                if self.site.user() is None:
                    self.site.login()
        held = self._live()
        later = BOUND if self.is_old else frozenset()
        return [name for name in wanted if name not in held and name not in later]

    def keep(self, wanted: Iterable[TokenType], answer: Mapping[str, Any]) -> None:
        """Keep the tokens of an answer to a query with ``meta=tokens``.

        :param wanted: types that must be among them
        :param answer: the whole answer
        """
        with self.session.lock:
            self._kept(wanted, answer)

    def drop(self, token: Token) -> None:
        """Forget a token that was refused, unless it has been replaced already.

        :param token: the token that the wiki refused
        """
        with self.session.lock:
            held = self._live()
            if held.get(token.type) is token:
                del held[token.type]
                self.dropped[token.type] += 1
                pywikibot.info(f'Renewing the {token.type} token of {self.site}.')

    def type_held(self, value: str) -> TokenType | None:
        """Return the type of a token that is held or was, found by its value.

        :param value: the token as plain text
        """
        return self._types.get(_digest(value))

    def update_tokens(self, tokens: list[str]) -> list[str]:
        """Return new tokens of the types of the given ones.

        :param tokens: tokens that are held, and that the wiki refused
        :raises KeyError: one was never held, so its type is not known; none is guessed
        """
        renewed: list[str] = []
        for value in tokens:
            token_type = self.type_held(value)
            if token_type is None:
                raise KeyError('A token to be renewed is none that was held.')
            held = self._live().get(token_type)
            if held == value:
                self.drop(held)
            renewed.append(self[token_type])
        return renewed

    def __repr__(self) -> str:
        """Return the same as pywikibot's own wallet."""
        user = f', user={self._currentuser!r}' if self._currentuser else ''
        return f'TokenWallet(pywikibot.Site({str(self.site)!r}{user}))'

    def __str__(self) -> str:
        """Return which types are held, without the tokens."""
        return f'{type(self).__name__}({", ".join(self._tokens) or "empty"})'

    def __dir__(self) -> list[str]:
        """Return the tokens, and what users of the wallet call."""
        return sorted(_OFFERED)

    if not TYPE_CHECKING:
        # A type checker is to report unknown attributes, not to call this.
        def __getattr__(self, name: str) -> NoReturn:
            """Say what was meant, where an attribute is misspelt."""
            near = get_close_matches(name.lower(), sorted(_OFFERED), n=1)
            meant = f' Did you mean {near[0]!r}?' if near else ''
            advice = _as_action(name) or (
                f' Token types of extensions are items: site.tokens[{name!r}]. For an '
                f'action, use site.tokens.for_action({name!r}).'
            )
            raise AttributeError(
                f'The wallet has no attribute {name!r}.{meant}{advice}'
            )

    def __reduce_ex__(self, protocol: object) -> NoReturn:
        """Refuse to be pickled: tokens are never stored, nor shared."""
        raise TypeError(f'{self!r} cannot be pickled: tokens are never stored.')

    def _live(self) -> dict[str, Token]:
        """Return the tokens held, after dropping those of another user or session."""
        user = self.site.user()
        with self._changing:
            present = (user, self.session.generation)
            if present != (self._currentuser, self._held_generation):
                self._currentuser, self._held_generation = present
                self._tokens = {}
            return self._tokens

    def _fetched(self, wanted: TokenType) -> Token:
        """Fetch a token; the first time, all that the wiki has come with it."""
        if self.site.user() is not None and not self._tokens:
            _, held = self._keep_all(self._ask('*'))
            # A wiki that knows no "*" ignores it.
            if wanted in held:
                return held[wanted]
        answer = {} if wanted in BOUND and self.is_old else self._ask(wanted)
        if wanted in BOUND and self.is_old:
            return self._unbound(wanted)
        return self._kept((wanted,), answer)[wanted]

    def _unbound(self, wanted: TokenType) -> Token:
        """Return what stands for a token until it is known what it is for."""
        # A word of its own, by which the type is found where it is given as text.
        value = f'{wanted}-of-what-the-request-names'
        self._types[_digest(value)] = wanted
        return self._token(wanted, value)

    def _kept(
        self,
        wanted: Iterable[TokenType],
        answer: Mapping[str, Any],
        subject: Subject | None = None,
    ) -> dict[str, Token]:
        """Keep the tokens of an answer, and return what is held now."""
        if lacks_tokens(answer):
            self.wiki.learn(answer)
            answer = self._ask('|'.join(wanted))
        values, held = self._keep_all(answer, subject)
        for name in wanted:
            if name in BOUND and self.is_old and subject is None:
                # It is fetched when it is known what it is for.
                continue
            if name not in values and subject is not None:
                what = subject.user or subject.title
                raise TokenUnavailable(
                    f'{self.site} gives no {name} token for {what!r}. It may not exist.'
                )
            if name not in values:
                raise UnknownTokenType(
                    f'{self.site} has no token type {name}.{_as_action(str(name))}'
                )
            if values[name] == ANONYMOUS:
                raise TokenUnavailable(
                    f'{self.site} gives no {name} token to '
                    f'{self._currentuser or "callers that are not logged in"}.'
                )
        return held

    def _ask(self, types: str, subject: Subject | None = None) -> Mapping[str, Any]:
        """Ask for tokens, once more if the session changes meanwhile."""
        for _ in range(_MAX_QUERIES):
            seen = self.session.generation
            is_new = self.wiki.identity is None and self.site.user() is not None
            answer = self._query.ask(types, subject, about_itself=is_new)
            if seen == self.session.generation:
                break
        return answer

    def _keep_all(
        self, answer: Mapping[str, Any], subject: Subject | None = None
    ) -> tuple[dict[str, str], dict[str, Token]]:
        """Keep the tokens of an answer; return all values, and what is held now.

        The session may have been renewed while the query was made, so what is held
        is read again.
        """
        self.wiki.learn(answer)
        self.wiki.check()
        values = tokens_from_answer(answer)
        held = self._live()
        for name, value in values.items():
            if value != ANONYMOUS and (name not in held or subject is not None):
                self._types[_digest(value)] = TokenType(name)
                note_values((value,), 'token')
                held[name] = self._token(TokenType(name), value, subject)
        return values, held

    def _token(
        self, token_type: TokenType, value: str, subject: Subject | None = None
    ) -> Token:
        return Token(
            value,
            type=token_type,
            wiki=str(self.site),
            user=self._currentuser,
            fetched_at=self._clock(),
            generation=self._held_generation,
            subject=subject,
        )


_OFFERED = frozenset(
    name
    for name, value in vars(TypedTokenWallet).items()
    if isinstance(value, TokenAccessor) or name in _METHODS
)


def _digest(value: str) -> bytes:
    return hashlib.sha256(value.encode('utf-8', 'replace')).digest()


def _as_action(name: str) -> str:
    """Say what to use instead, if a name is that of an action which writes."""
    if name not in WRITE_ACTIONS:
        return ''
    return f' {name!r} is an action: use site.tokens.for_action({name!r}).'
