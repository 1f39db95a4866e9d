"""Who is asking: cookie sessions, remembered logins, csrf tokens, centralauthtokens.

What today's wikis do otherwise (tokens wrapped in a JWT, the cookie ``sessionJwt``, a
session's cookie set again until somebody logs in) is asked of `farm.current`.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Mapping
from typing import TYPE_CHECKING

from .sessioncookies import cookie, gone, goodbye, parse_cookies, user_cookies
from .sessionrecords import Central, Minted, Session, Stored
from .sessionstore import SessionStore, new_stored

if TYPE_CHECKING:
    from .records import Account, LocalAccount
    from .views import WikiView

ANONYMOUS_TOKEN = '+\\'  # noqa: S105  # the one that everybody has
DAY = 86400


class Sessions(SessionStore):
    """All sessions and tokens of the farm: who is asking, and who logs in and out."""

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
            own = cookie(f'{wiki.db}_session', session.stored.id)
            session.cookies = [*(c for c in session.cookies if c != own), own]
        return session

    def nobody(self, wiki: WikiView, cookies: Mapping[str, str]) -> Session:
        """Return an anonymous session, whatever user the cookies of a request name."""
        stored = self._local.get((wiki.db, cookies.get(f'{wiki.db}_session', '')))
        if stored is None or stored.user:
            return Session(wiki)
        return Session(wiki, stored=stored)

    def has_bot_session(self, wiki: WikiView, cookies: Mapping[str, str]) -> bool:
        """Tell whether cookies name a session that was made with a bot password."""
        return (wiki.db, cookies.get(f'{wiki.db}_BPsession', '')) in self._bots

    def spend(self, wiki: WikiView, token: str, way: str) -> Session | None:
        """Use a centralauthtoken up; return its session, or None if it is dead.

        :param way: `parameter` or `header`: their csrf tokens differ.
        """
        minted = self._tokens.pop(self.web_tokens.unwrap(token), None)
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
        local = self.local_account(wiki, account)
        if local is None and account.name not in wiki.accounts:
            # No account can be made, and nobody is told.
            return Session(wiki)
        if local is None:
            return None
        key = (central.id, wiki.db, way)
        stored = self._foreign.get(key)
        if stored is None or now >= stored.used + self.lifetime:
            stored = self._foreign[key] = new_stored(now)
        stored.used = now
        return Session(wiki, 'centralauthtoken', local, stored, token=digest(token))

    def peek(self, wiki: WikiView, cookies: str, token: str) -> str:
        """Return who would be asking, without using anything up."""
        minted = self._tokens.get(self.web_tokens.unwrap(token)) if token else None
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
        local = self.local_account(wiki, account)
        assert local is not None
        self.drop(session)
        central = Central(secrets.token_hex(16), account.id, now, remember)
        stored = new_stored(now)
        stored.user, stored.central, stored.since = account.name, central.id, now
        if not self.down:
            self._central[central.id] = central
            self._local[wiki.db, stored.id] = stored
        session.kind, session.local, session.stored = 'main', local, stored
        session.cookies = self._login_cookies(wiki, local, stored, central)

    def remembers(self, stored: Stored) -> bool:
        """Tell whether a login is one that is remembered."""
        central = self._central.get(stored.central)
        return central is not None and central.remembered

    def log_in_locally(self, session: Session, local: LocalAccount) -> None:
        """Log in to an account that has no global one."""
        self.drop(session)
        stored = new_stored(self.farm.clock())
        stored.user, stored.since = local.name, stored.used
        self._local[session.wiki.db, stored.id] = stored
        session.kind, session.local, session.stored = 'local', local, stored
        session.cookies = [
            cookie(f'{session.wiki.db}_session', stored.id),
            *user_cookies(session.wiki, local, 30 * DAY, self.farm.clock()),
        ]

    def log_in_bot(self, session: Session, account: Account, app: str) -> None:
        """Start a session made with a bot password."""
        wiki = session.wiki
        local = self.local_account(wiki, account)
        assert local is not None
        stored = new_stored(self.farm.clock())
        stored.user, stored.app = account.name, app
        stored.bot_secret = account.bots[app].secret
        if not self.down:
            self._bots[wiki.db, stored.id] = stored
        session.kind, session.local, session.stored = 'botpassword', local, stored
        session.grants = account.bots[app].grants
        kept = session.cookies if self.farm.current else []
        session.cookies = [*kept, cookie(f'{wiki.db}_BPsession', stored.id)]

    def log_out(self, session: Session) -> None:
        """End a session; with the main password, all such of the account."""
        if session.kind == 'botpassword' and session.stored:
            self._bots.pop((session.wiki.db, session.stored.id), None)
            session.cookies = [gone(f'{session.wiki.db}_BPsession')]
            return
        if session.account:
            self.end_account(session.account.id)
        self.drop(session)
        if session.local:
            session.cookies = goodbye(session.wiki)
            if self.farm.current:
                session.cookies.append(gone('sessionJwt'))

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
        session.stored = new_stored(self.farm.clock())
        if not self.down:
            self._local[session.wiki.db, session.stored.id] = session.stored
        session.cookies.append(cookie(f'{session.wiki.db}_session', session.stored.id))

    def mint(self, session: Session) -> str:
        """Hand out a centralauthtoken."""
        account = session.account
        assert account is not None and session.stored is not None
        token = f'{secrets.token_hex(16)}{account.id:x}'
        now = self.farm.clock()
        self._tokens[token] = Minted(account.id, session.stored.central, now)
        if len(self._tokens) > 10000:
            self.forget_tokens(now - self.token_lifetime)
        if not self.farm.current:
            return token
        return self.web_tokens.wrap(token, account, self.token_lifetime)

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
            session.cookies.append(gone(f'{wiki.db}_BPsession'))
            return session
        stored.used = now
        local = self.local_account(wiki, account)
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
            local = self.local_account(wiki, account)
        if account is None or local is None:
            return self._resolve_dead(wiki, cookies)
        accepted, again = self.web_tokens.judge(cookies.get('sessionJwt', ''), account)
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
            stored = new_stored(now)
            stored.user, stored.central = account.name, central.id
            self._local[wiki.db, stored.id] = stored
            new = self._login_cookies(wiki, local, stored, central)
            return Session(wiki, 'main', local, stored, cookies=new)
        stored.used = now
        new = self._login_cookies(wiki, local, stored, central) if again else []
        return Session(wiki, 'main', local, stored, cookies=new)

    def _resolve_dead(self, wiki: WikiView, cookies: Mapping[str, str]) -> Session:
        """Return an anonymous session, and take the cookies of a dead one away."""
        taken = goodbye(wiki)
        if self.farm.current and 'sessionJwt' in cookies:
            taken.append(gone('sessionJwt'))
        if 'centralauth_Token' in cookies:
            taken.append(gone('centralauth_Token'))
        session = Session(wiki, cookies=taken)
        key = (wiki.db, cookies.get(f'{wiki.db}_session', ''))
        stored = None if self.down else self._local.get(key)
        if (
            stored
            and not stored.user
            and self.farm.clock() < (stored.used + self.lifetime)
        ):
            session.stored = stored
            stored.used = self.farm.clock()
            del taken[0]
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

    def _login_cookies(
        self, wiki: WikiView, local: LocalAccount, stored: Stored, central: Central
    ) -> list[str]:
        now = self.farm.clock()
        age = (180 if central.remembered else 30) * DAY
        cookies = [
            cookie(f'{wiki.db}_session', stored.id),
            *user_cookies(wiki, local, age, now),
            cookie('centralauth_User', local.name, age, now),
        ]
        if central.remembered:
            token = next(
                (t for t, a in self._remembered.items() if a == central.account), ''
            )
            token = token or secrets.token_hex(16)
            self._remembered[token] = central.account
            cookies.append(cookie('centralauth_Token', token, age, now))
        cookies.append(cookie('centralauth_Session', central.id))
        if self.farm.current:
            account = self.farm.account_ids[central.account]
            cookies.append(self.web_tokens.cookie(account, self.jwt_lifetime))
        return cookies


def digest(token: str) -> str:
    """Return a short hash by which a journal may name a secret."""
    return hashlib.sha256(token.encode()).hexdigest()[:10] if token else ''


def sign(secret: str, type: str, stamp: str) -> str:
    signed = f'{secret}:{type}:{stamp}'.encode()
    mac = hashlib.md5(signed, usedforsecurity=False).hexdigest()
    return f'{mac}{stamp}+\\'
