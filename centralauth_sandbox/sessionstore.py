"""The store of sessions and tokens: what is kept, and how it ends."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING

from .sessionrecords import Central, Minted, Session, Stored
from .webtokens import WebTokens

if TYPE_CHECKING:
    from .records import Account, LocalAccount
    from .views import FarmView, WikiView


class SessionStore:
    """What the farm keeps of sessions and tokens, and how they end.

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
        self.web_tokens = WebTokens(farm)
        self._local: dict[tuple[str, str], Stored] = {}
        self._bots: dict[tuple[str, str], Stored] = {}
        self._central: dict[str, Central] = {}
        self._foreign: dict[tuple[str, str, str], Stored] = {}
        self._remembered: dict[str, int] = {}
        self._tokens: dict[str, Minted] = {}
        self._created: dict[tuple[str, int], float] = {}

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
        self._tokens.pop(self.web_tokens.unwrap(token), None)

    def local_account(self, wiki: WikiView, account: Account) -> LocalAccount | None:
        local = wiki.accounts.get(account.name)
        if local is None and not wiki.creates_accounts:
            return None
        if local is None:
            self._created[wiki.db, account.id] = self.farm.clock()
            local = self.farm.attach(account, wiki)
            self.farm.log_creation(wiki, local)
        return local if local.central is account else None

    def drop(self, session: Session) -> None:
        if session.stored:
            self._local.pop((session.wiki.db, session.stored.id), None)
            self._central.pop(session.stored.central, None)

    def forget_tokens(self, before: float) -> None:
        self._tokens = {
            token: minted
            for token, minted in self._tokens.items()
            if minted.created >= before
        }


def new_stored(now: float) -> Stored:
    return Stored(secrets.token_hex(16), secrets.token_hex(16), now)
