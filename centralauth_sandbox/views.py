"""What the parts of a farm see of it: the sessions, files, entities and blocks.

They are made by the farm and its wikis, which have all of this.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

from .records import Account, Block, LocalAccount, LogEntry, Page, Revision
from .titles import Title


class Consumers(Protocol):
    """Who may use OAuth."""

    def wipe(self) -> None:
        """Forget all sessions."""


class SignerView(Protocol):
    """Signs JSON Web Tokens, and knows its own again."""

    def sign(self, payload: dict[str, Any]) -> str:
        """Return a token that says the payload."""

    def verify(self, token: str) -> dict[str, Any] | None:
        """Return what a token of this signer says; None for any other text."""


class WebTokensView(Protocol):
    """What a farm signs."""

    @property
    def signer(self) -> SignerView:
        """The farm's key."""

    def cookie(self, account: Account, lifetime: float) -> str:
        """Return the cookie sessionJwt."""

    def judge(self, jwt: str, account: Account) -> tuple[bool, bool]:
        """Tell whether a session with a sessionJwt continues, and gets a new one."""


class SessionsView(Protocol):
    """All sessions, as what else says who asks sees them."""

    lifetime: float
    jwt_lifetime: int

    @property
    def web_tokens(self) -> WebTokensView:
        """What the farm signs."""

    def local_account(self, wiki: WikiView, account: Account) -> LocalAccount | None:
        """Return the local account of a global one, made if it may be."""


class WikiView(Protocol):
    """A wiki, as the parts of the farm see it."""

    code: str
    db: str
    server: str
    user_email: bool
    creates_accounts: bool
    accounts: dict[str, LocalAccount]
    pages: dict[Title, Page]
    blocks: dict[str, Block]
    further_blocks: dict[str, list[Block]]
    suppressed_log: set[int]

    @property
    def farm(self) -> FarmView:
        """The farm that it is part of."""

    def counting(self, groups: frozenset[str]) -> frozenset[str]:
        """Return the global groups that have their rights on this wiki."""

    def next_id(self, kind: str) -> int:
        """Return the next number of a kind."""

    def add_account(self, name: str, *, id: int = 0, **values: Any) -> LocalAccount:
        """Create a local account."""

    def edit(
        self,
        title: Title | str,
        text: str,
        *,
        user: str,
        user_id: int = 0,
        comment: str = '',
        minor: bool = False,
        bot: bool = False,
    ) -> Revision:
        """Save a revision."""

    def log_about(self, user: str) -> set[int]:
        """Return the entries that are about an account."""

    def rename_in_logs(self, old: str, new: str) -> None:
        """Let entries about a user have the new name."""

    def write_log(
        self,
        type: str,
        action: str,
        user: str,
        title: Title,
        comment: str,
        params: dict[str, Any] | None = None,
    ) -> LogEntry:
        """Append an entry to the logs."""


class FarmView(Protocol):
    """A farm, as its parts see it."""

    current: bool
    changes: int
    second_factor_groups: frozenset[str]
    accounts: dict[str, Account]
    account_ids: dict[int, Account]

    @property
    def by_db(self) -> Mapping[str, WikiView]:
        """The wikis, by the names of their databases."""

    @property
    def central(self) -> WikiView:
        """The wiki that keeps the global accounts."""

    @property
    def sessions(self) -> SessionsView:
        """All sessions and tokens."""

    @property
    def consumers(self) -> Consumers:
        """Who may use OAuth."""

    def clock(self) -> float:
        """Return the time in seconds since 1970."""

    def timestamp(self, when: float | None = None) -> str:
        """Return a time as MediaWiki writes it."""

    def rights_besides(self, groups: frozenset[str]) -> tuple[str, ...]:
        """Return the rights that global groups have besides."""

    def attach(self, account: Account, wiki: WikiView, **values: Any) -> LocalAccount:
        """Create the local account of a global one on a wiki."""

    def log_creation(self, wiki: WikiView, local: LocalAccount) -> None:
        """Log that a local account was created by itself."""
