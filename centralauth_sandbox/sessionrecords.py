"""What is kept of the sessions of users, and one while a request lasts."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from .loginsteps import LoginFlow
from .provider import Conversation
from .rights import ANONYMOUS, rights_of

if TYPE_CHECKING:
    from .records import Account, LocalAccount
    from .views import WikiView


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
    #: Operations for which the login was confirmed apart, and when.
    confirmed: dict[str, float] = field(default_factory=dict)
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
        farm = self.wiki.farm
        groups = account.groups if account else frozenset()
        groups = self.wiki.counting(groups)
        if account and not account.factors.has_second:
            groups -= farm.second_factor_groups
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
