"""Who is asking: cookie sessions, remembered logins, csrf tokens, centralauthtokens.

What today's wikis do otherwise (tokens wrapped in a JWT, the cookie ``sessionJwt``, a
session's cookie set again until somebody logs in) is asked of `farm.current`.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from email.utils import formatdate
from typing import TYPE_CHECKING
from urllib.parse import quote, unquote

from .jwt import Signer, unique
from .loginsteps import LoginFlow
from .provider import Conversation
from .rights import ANONYMOUS, rights_of

if TYPE_CHECKING:
    from .records import Account, LocalAccount
    from .views import FarmView, WikiView

ANONYMOUS_TOKEN = '+\\'  # noqa: S105  # the one that everybody has
DAY = 86400


@dataclass(slots=True)
class Stored:
    """What the session store keeps of one session on one wiki."""

    id: str
    secret: str
    used: float
    user: str = ''
    central: str = ''
    app: str = ''
    bot_secret: str = ''
    flow: LoginFlow | None = None
    #: When the password was given; a session that was revived does not know.
    since: float = 0.0
    linking: Conversation | None = None
    #: A login token was handed out.
    expects_login: bool = False


@dataclass(slots=True)
class Central:
    """One login with the main password, valid on every wiki."""

    id: str
    account: int
    used: float
    remembered: bool


@dataclass(frozen=True, slots=True)
class Minted:
    """A centralauthtoken that was handed out and not used yet."""

    account: int
    central: str
    created: float


@dataclass(slots=True)
class Session:
    """The session of one request.

    `kind` is anonymous, main, botpassword, centralauthtoken or local (an account that
    only exists on this wiki).
    """

    wiki: WikiView
    kind: str = 'anonymous'
    local: LocalAccount | None = None
    stored: Stored | None = None
    grants: frozenset[str] | None = None
    token: str = ''
    suppressed: bool = False
    #: Where the request came from, and the addresses that it only came by.
    address: str = '127.0.0.1'
    proxies: tuple[str, ...] = ()
    cookies: list[str] = field(default_factory=list)

    @property
    def account(self) -> Account | None:
        return self.local.central if self.local else None

    @property
    def name(self) -> str:
        return self.local.name if self.local else self.address

    @property
    def user_id(self) -> int:
        return self.local.id if self.local else 0

    @property
    def rights(self) -> dict[str, None]:
        if self.local is None:
            return ANONYMOUS
        account = self.local.central
        groups = account.groups if account else frozenset()
        groups = self.wiki.counting(groups)
        farm = self.wiki.farm
        rights = rights_of(
            groups,
            self.local.groups,
            self.grants,
            today=farm.current,
            more=farm.rights_besides(groups),
        )
        if self.local.rights and self.grants is None:
            rights = rights | dict.fromkeys(self.local.rights)
        if not self.wiki.user_email:
            rights = {right: None for right in rights if right != 'sendemail'}
        return rights


class Sessions:
    """All sessions and tokens of the farm.

    `lifetime` and `token_lifetime` are seconds and may be changed at any time; while
    `down` is set nothing is found and nothing kept; `autocreate_race` is for how many
    seconds after a local account was created its centralauthtokens fail.
    """

    def __init__(self, farm: FarmView) -> None:
        """Initializer."""
        self.farm = farm
        self.lifetime = 3600.0
        self.token_lifetime = 60.0
        #: Of the cookie sessionJwt.
        self.jwt_lifetime = 4 * 3600
        self.autocreate_race = 0.0
        self.down = False
        self.signer = Signer()
        self._local: dict[tuple[str, str], Stored] = {}
        self._bots: dict[tuple[str, str], Stored] = {}
        self._central: dict[str, Central] = {}
        self._foreign: dict[tuple[str, str, str], Stored] = {}
        self._remembered: dict[str, int] = {}
        self._tokens: dict[str, Minted] = {}
        self._created: dict[tuple[str, int], float] = {}

    # -- finding the session of a request --

    def resolve(self, wiki: WikiView, cookies: Mapping[str, str]) -> Session:
        """Return the session that the cookies of a request name."""
        session = (
            self._resolve_bot(wiki, cookies)
            or self._resolve_main(wiki, cookies)
            or self._resolve_local(wiki, cookies)
        )
        if self.farm.current and session.local is None and session.stored:
            # Until somebody logs in, each answer sets it again.
            cookie = _cookie(f'{wiki.db}_session', session.stored.id)
            session.cookies = [*(c for c in session.cookies if c != cookie), cookie]
        return session

    def nobody(self, wiki: WikiView, cookies: Mapping[str, str]) -> Session:
        """Return an anonymous session, whatever user the cookies of a request name."""
        stored = self._local.get((wiki.db, cookies.get(f'{wiki.db}_session', '')))
        if stored is None or stored.user:
            return Session(wiki)
        return Session(wiki, stored=stored)

    def spend(self, wiki: WikiView, token: str, way: str) -> Session | None:
        """Use a centralauthtoken up; return its session, or None if it is dead.

        :param way: `parameter` or `header`: their csrf tokens differ.
        """
        minted = self._tokens.pop(self._unwrap(token), None)
        if minted is None or self.down:
            return None
        now = self.farm.clock()
        account = self.farm.account_ids.get(minted.account)
        central = self._central.get(minted.central)
        if (
            account is None
            or account.locked
            or central is None
            or now >= minted.created + self.token_lifetime
        ):
            return None
        if now < self._created.get((wiki.db, account.id), 0) + self.autocreate_race:
            return None
        local = self._local_account(wiki, account)
        if local is None:
            return None
        key = (central.id, wiki.db, way)
        stored = self._foreign.get(key)
        if stored is None or now >= stored.used + self.lifetime:
            stored = self._foreign[key] = _new_stored(now)
        stored.used = now
        return Session(wiki, 'centralauthtoken', local, stored, token=digest(token))

    def peek(self, wiki: WikiView, cookies: str, token: str) -> str:
        """Return who would be asking, without using anything up."""
        minted = self._tokens.get(self._unwrap(token)) if token else None
        if minted is not None:
            account = self.farm.account_ids.get(minted.account)
            return account.name if account else ''
        found = parse_cookies(cookies)
        bot = self._bots.get((wiki.db, found.get(f'{wiki.db}_BPsession', '')))
        if bot is not None:
            return bot.user
        central = self._central.get(found.get('centralauth_Session', ''))
        id = central.account if central else 0
        id = id or self._remembered.get(found.get('centralauth_Token', ''), 0)
        account = self.farm.account_ids.get(id)
        return account.name if account else ''

    # -- logging in and out --

    def log_in(self, session: Session, account: Account, remember: bool) -> None:
        """Turn a session into one made with the main password."""
        wiki, now = session.wiki, self.farm.clock()
        local = self._local_account(wiki, account)
        assert local is not None
        self._drop(session)
        central = Central(secrets.token_hex(16), account.id, now, remember)
        stored = _new_stored(now)
        stored.user, stored.central, stored.since = account.name, central.id, now
        if not self.down:
            self._central[central.id] = central
            self._local[wiki.db, stored.id] = stored
        session.kind, session.local, session.stored = 'main', local, stored
        session.cookies = self._login_cookies(wiki, local, stored, central)

    def log_in_locally(self, session: Session, local: LocalAccount) -> None:
        """Log in to an account that has no global one."""
        self._drop(session)
        stored = _new_stored(self.farm.clock())
        stored.user, stored.since = local.name, stored.used
        self._local[session.wiki.db, stored.id] = stored
        session.kind, session.local, session.stored = 'local', local, stored
        session.cookies = [
            _cookie(f'{session.wiki.db}_session', stored.id),
            *_user_cookies(session.wiki, local, 30 * DAY, self.farm.clock()),
        ]

    def log_in_bot(self, session: Session, account: Account, app: str) -> None:
        """Start a session made with a bot password."""
        wiki = session.wiki
        local = self._local_account(wiki, account)
        assert local is not None
        stored = _new_stored(self.farm.clock())
        stored.user, stored.app = account.name, app
        stored.bot_secret = account.bots[app].secret
        if not self.down:
            self._bots[wiki.db, stored.id] = stored
        session.kind, session.local, session.stored = 'botpassword', local, stored
        session.grants = account.bots[app].grants
        kept = session.cookies if self.farm.current else []
        session.cookies = [*kept, _cookie(f'{wiki.db}_BPsession', stored.id)]

    def log_out(self, session: Session) -> None:
        """End a session; with the main password, all such of the account."""
        if session.kind == 'botpassword' and session.stored:
            self._bots.pop((session.wiki.db, session.stored.id), None)
            session.cookies = [_gone(f'{session.wiki.db}_BPsession')]
            return
        if session.account:
            self.end_account(session.account.id)
        self._drop(session)
        if session.local:
            session.cookies = _goodbye(session.wiki)
            if self.farm.current:
                session.cookies.append(_gone('sessionJwt'))

    def end_account(self, account: int, *, remembered: bool = True) -> None:
        """End all main-password sessions and centralauthtokens of an account."""
        for key in [k for k, c in self._central.items() if c.account == account]:
            del self._central[key]
        self.expire_centralauthtokens(account)
        if remembered:
            self._remembered = {
                token: of for token, of in self._remembered.items() if of != account
            }

    def end_bots(self, name: str) -> None:
        """End the bot-password sessions of an account."""
        self._bots = {k: s for k, s in self._bots.items() if s.user != name}

    def wipe(self) -> None:
        """Lose the session store; remembered logins survive."""
        for store in (
            self._local,
            self._bots,
            self._central,
            self._foreign,
            self._tokens,
        ):
            store.clear()
        self.farm.consumers.wipe()

    # -- tokens --

    def csrf(self, session: Session, type: str) -> str:
        """Return a token of a type, starting a session where one is needed."""
        if session.local is None:
            if type not in ('login', 'createaccount'):
                return ANONYMOUS_TOKEN
            self.start(session)
        assert session.stored is not None
        session.stored.expects_login |= type == 'login'
        return sign(session.stored.secret, type, f'{int(self.farm.clock()):x}')

    def valid(self, session: Session, type: str, token: str) -> bool:
        """Say whether a token is one that the session was given."""
        if session.local is None and type not in ('login', 'createaccount'):
            return token == ANONYMOUS_TOKEN
        if session.stored is None or not token.endswith('+\\') or len(token) < 42:
            return False
        return token == sign(session.stored.secret, type, token[32:-2])

    def start(self, session: Session) -> None:
        """Give an anonymous session a place in the store, and its cookie."""
        if session.stored is not None:
            return
        session.stored = _new_stored(self.farm.clock())
        if not self.down:
            self._local[session.wiki.db, session.stored.id] = session.stored
        session.cookies.append(_cookie(f'{session.wiki.db}_session', session.stored.id))

    def mint(self, session: Session) -> str:
        """Hand out a centralauthtoken."""
        account = session.account
        assert account is not None and session.stored is not None
        token = f'{secrets.token_hex(16)}{account.id:x}'
        now = self.farm.clock()
        self._tokens[token] = Minted(account.id, session.stored.central, now)
        if len(self._tokens) > 10000:
            self._forget_tokens(now - self.token_lifetime)
        return self._wrap(token, account, now) if self.farm.current else token

    def expire_csrf(self, name: str) -> None:
        """Make all tokens but centralauthtokens of a user's sessions invalid."""
        for stored in [*self._local.values(), *self._bots.values()]:
            if stored.user == name:
                stored.secret = secrets.token_hex(16)
        account = self.farm.accounts.get(name)
        mine = {
            c.id for c in self._central.values() if account and c.account == account.id
        }
        for (central, _, _), stored in self._foreign.items():
            if central in mine:
                stored.secret = secrets.token_hex(16)

    def expire_centralauthtokens(self, account: int | None = None) -> None:
        """Make outstanding centralauthtokens (of one account, or all) invalid."""
        self._tokens = {
            token: minted
            for token, minted in self._tokens.items()
            if account is not None and minted.account != account
        }

    def expire_centralauthtoken(self, token: str) -> None:
        """Make one centralauthtoken invalid."""
        self._tokens.pop(self._unwrap(token), None)

    # -- inside --

    def _resolve_bot(
        self, wiki: WikiView, cookies: Mapping[str, str]
    ) -> Session | None:
        id = cookies.get(f'{wiki.db}_BPsession')
        if not id:
            return None
        now = self.farm.clock()
        stored = self._bots.get((wiki.db, id))
        account = self.farm.accounts.get(stored.user) if stored else None
        bot = account.bots.get(stored.app) if account and stored else None
        if (
            stored is None
            or account is None
            or bot is None
            or bot.secret != stored.bot_secret
            or account.locked
            or self.down
            or now >= stored.used + self.lifetime
        ):
            self._bots.pop((wiki.db, id), None)
            session = self._resolve_local(wiki, cookies)
            session.cookies.append(_gone(f'{wiki.db}_BPsession'))
            return session
        stored.used = now
        local = self._local_account(wiki, account)
        return Session(wiki, 'botpassword', local, stored, bot.grants)

    def _resolve_main(
        self, wiki: WikiView, cookies: Mapping[str, str]
    ) -> Session | None:
        id = cookies.get('centralauth_Session')
        remembered = cookies.get('centralauth_Token')
        if not id and not remembered:
            return None
        now = self.farm.clock()
        central = None if self.down else self._central.get(id or '')
        account = None
        if central and now < central.used + self.lifetime:
            account = self.farm.account_ids.get(central.account)
        elif remembered and not self.down:
            account = self.farm.account_ids.get(self._remembered.get(remembered, 0))
            central = None
        local = None
        if account and not account.locked and not account.renaming:
            local = self._local_account(wiki, account)
        if account is None or local is None:
            return self._resolve_dead(wiki, cookies)
        accepted, again = self._judge(cookies.get('sessionJwt', ''), account)
        if not accepted:
            return self._resolve_dead(wiki, cookies)
        if central is None:
            session = Session(wiki)
            self.log_in(session, account, remember=True)
            assert session.stored is not None
            session.stored.since = 0.0
            return session
        central.used = now
        key = (wiki.db, cookies.get(f'{wiki.db}_session', ''))
        stored = self._local.get(key)
        if (
            stored is None
            or stored.central != central.id
            or now >= stored.used + self.lifetime
        ):
            stored = _new_stored(now)
            stored.user, stored.central = account.name, central.id
            self._local[wiki.db, stored.id] = stored
            new = self._login_cookies(wiki, local, stored, central)
            return Session(wiki, 'main', local, stored, cookies=new)
        stored.used = now
        new = self._login_cookies(wiki, local, stored, central) if again else []
        return Session(wiki, 'main', local, stored, cookies=new)

    def _resolve_dead(self, wiki: WikiView, cookies: Mapping[str, str]) -> Session:
        """Return an anonymous session, and take the cookies of a dead one away."""
        gone = _goodbye(wiki)
        if self.farm.current and 'sessionJwt' in cookies:
            gone.append(_gone('sessionJwt'))
        if 'centralauth_Token' in cookies:
            gone.append(_gone('centralauth_Token'))
        session = Session(wiki, cookies=gone)
        key = (wiki.db, cookies.get(f'{wiki.db}_session', ''))
        stored = None if self.down else self._local.get(key)
        if (
            stored
            and not stored.user
            and self.farm.clock() < (stored.used + self.lifetime)
        ):
            session.stored = stored
            stored.used = self.farm.clock()
            del gone[0]
        return session

    def _resolve_local(self, wiki: WikiView, cookies: Mapping[str, str]) -> Session:
        key = (wiki.db, cookies.get(f'{wiki.db}_session', ''))
        now = self.farm.clock()
        stored = None if self.down else self._local.get(key)
        if stored is None or now >= stored.used + self.lifetime or stored.central:
            session = Session(wiki)
            if key[1] and stored is None:
                self.start(session)
            return session
        stored.used = now
        if stored.user:
            local = wiki.accounts.get(stored.user)
            if local is not None:
                return Session(wiki, 'local', local, stored)
        return Session(wiki, stored=stored)

    def _local_account(self, wiki: WikiView, account: Account) -> LocalAccount | None:
        local = wiki.accounts.get(account.name)
        if local is None:
            self._created[wiki.db, account.id] = self.farm.clock()
            local = self.farm.attach(account, wiki)
            self.farm.log_creation(wiki, local)
        return local if local.central is account else None

    def _drop(self, session: Session) -> None:
        if session.stored:
            self._local.pop((session.wiki.db, session.stored.id), None)
            self._central.pop(session.stored.central, None)

    def _login_cookies(
        self, wiki: WikiView, local: LocalAccount, stored: Stored, central: Central
    ) -> list[str]:
        now = self.farm.clock()
        age = (180 if central.remembered else 30) * DAY
        cookies = [
            _cookie(f'{wiki.db}_session', stored.id),
            *_user_cookies(wiki, local, age, now),
            _cookie('centralauth_User', local.name, age, now),
        ]
        if central.remembered:
            token = next(
                (t for t, a in self._remembered.items() if a == central.account), ''
            )
            token = token or secrets.token_hex(16)
            self._remembered[token] = central.account
            cookies.append(_cookie('centralauth_Token', token, age, now))
        cookies.append(_cookie('centralauth_Session', central.id))
        if self.farm.current:
            account = self.farm.account_ids[central.account]
            cookies.append(self._session_jwt(account, now))
        return cookies

    def _wrap(self, token: str, account: Account, now: float) -> str:
        return self.signer.sign(
            {
                'iss': self.farm.central.server,
                # In whole seconds, which lifetimes for tests may be shorter than.
                'exp': int(now) + max(int(self.token_lifetime), 2),
                'CAToken': token,
                'sub': _subject(account),
                'iat': int(now),
                'jti': unique(),
            }
        )

    def _unwrap(self, token: str) -> str:
        """Return the token within, which does by itself; empty for a forged one."""
        if not self.farm.current or '.' not in token:
            return token
        payload = self.signer.verify(token) or {}
        alive = self.farm.clock() < payload.get('exp', 0)
        return str(payload.get('CAToken', '')) if alive else ''

    def _session_jwt(self, account: Account, now: float) -> str:
        payload = {
            'iss': self.farm.central.server,
            'sxp': int(now + self.jwt_lifetime),
            'jti': unique(),
            'sub': _subject(account),
            'iat': int(now),
        }
        jwt = self.signer.sign(payload)
        return _cookie('sessionJwt', jwt, int(self.jwt_lifetime), now)

    def _judge(self, jwt: str, account: Account) -> tuple[bool, bool]:
        """Tell whether a session with a sessionJwt continues, and gets a new one.

        Without a cookie, or with an expired one, it continues, and its cookies are set
        again.
        """
        if not self.farm.current:
            return True, False
        if not jwt:
            return True, True
        now, payload = self.farm.clock(), self.signer.verify(jwt)
        if payload is None or payload['sub'] != _subject(account):
            return False, False
        return now < payload.get('exp', now + 1), payload['sxp'] <= now

    def _forget_tokens(self, before: float) -> None:
        self._tokens = {
            token: minted
            for token, minted in self._tokens.items()
            if minted.created >= before
        }


def parse_cookies(header: str) -> dict[str, str]:
    """Return the cookies of a request."""
    found = {}
    for part in header.split(';'):
        name, sign, value = part.strip().partition('=')
        if sign:
            found[name] = unquote(value) if '%' in value else value
    return found


def digest(token: str) -> str:
    """Return a short hash by which a journal may name a secret."""
    return hashlib.sha256(token.encode()).hexdigest()[:10] if token else ''


def _new_stored(now: float) -> Stored:
    return Stored(secrets.token_hex(16), secrets.token_hex(16), now)


def sign(secret: str, type: str, stamp: str) -> str:
    signed = f'{secret}:{type}:{stamp}'.encode()
    mac = hashlib.md5(signed, usedforsecurity=False).hexdigest()
    return f'{mac}{stamp}+\\'


def _user_cookies(
    wiki: WikiView, local: LocalAccount, age: int, now: float
) -> list[str]:
    return [
        _cookie(f'{wiki.db}UserID', str(local.id), age, now),
        _cookie(f'{wiki.db}UserName', local.name, age, now),
    ]


def _goodbye(wiki: WikiView) -> list[str]:
    return [
        _gone(f'{wiki.db}_session'),
        _gone(f'{wiki.db}UserID'),
        _gone('centralauth_User'),
        _gone('centralauth_Session'),
    ]


def _cookie(name: str, value: str, age: int = 0, now: float = 0) -> str:
    life = ''
    if age:
        life = f'; expires={formatdate(now + age, usegmt=True)}; Max-Age={age}'
    return f'{name}={quote(value)}{life}; path=/; HttpOnly'


def _gone(name: str) -> str:
    return (
        f'{name}=deleted; expires=Thu, 01 Jan 1970 00:00:01 GMT; Max-Age=0; path=/; '
        'HttpOnly'
    )


def _subject(account: Account) -> str:
    return f'mw:CentralAuth::{account.id}'
