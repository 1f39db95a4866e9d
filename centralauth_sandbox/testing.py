"""A running farm, with the handles that tests of a bot need.

The pytest plugin gives one to each test; it can be made without pytest, too.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from . import seeds
from .farm import Farm, Wiki
from .faults import Faults
from .journal import Journal
from .server import Sandbox


class Login(NamedTuple):
    """A name to log in with, and its password.

    .. version-added:: 0.1
    """

    name: str
    password: str


@dataclass(frozen=True, slots=True)
class AccountState:
    """A global account at one moment.

    .. version-added:: 0.1

    :ivar hidden: '', `lists` or `suppressed`
    :ivar groups: its global groups
    :ivar edits: how many it has made, by the code of the wiki, where it is attached
    """

    name: str
    locked: bool
    hidden: str
    groups: frozenset[str]
    edits: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class SavedText:
    """One revision of a page.

    .. version-added:: 0.1
    """

    text: str
    user: str
    comment: str


class Accounts:
    """The accounts of a farm."""

    def __init__(self, sandbox: Sandbox) -> None:
        """Initializer."""
        self._sandbox = sandbox

    @property
    def operator(self) -> Login:
        """A steward, by the main password."""
        return Login(seeds.OPERATOR, self._sandbox.credentials.operator)

    @property
    def bot(self) -> Login:
        """The same account, by a bot password."""
        name = f'{seeds.OPERATOR}@{seeds.BOT}'
        return Login(name, self._sandbox.credentials.bot)

    @property
    def sysop(self) -> Login:
        """An administrator of each wiki, without global rights."""
        return Login(seeds.SYSOP, self._sandbox.credentials.sysop)

    def add(
        self,
        name: str,
        *,
        wikis: Sequence[str] | None = None,
        edits: Mapping[str, int] | None = None,
        groups: Sequence[str] = (),
        local_groups: Mapping[str, Sequence[str]] | None = None,
    ) -> Login:
        """Create a global account, and return how to log in with it.

        :param wikis: the codes of the wikis where it is attached; all if not given.
        :param edits: how many edits it has there, by code.
        :param groups: global groups, such as `steward` and `global-sysop`.
        :param local_groups: groups by code; `*` stands for each wiki.
        """
        login = Login(name, secrets.token_urlsafe(18))

        def create(farm: Farm) -> None:
            if name in farm.accounts:
                raise ValueError(f'there is an account {name!r} already')
            farm.add_account(
                name,
                password=login.password,
                wikis=None if wikis is None else list(wikis),
                edits=dict(edits or {}),
                groups=tuple(groups),
                local_groups={c: list(g) for c, g in (local_groups or {}).items()},
            )

        self._sandbox.call(create)
        return login

    def state(self, name: str) -> AccountState | None:
        """Return what an account is like now; None if there is none."""

        def look(farm: Farm) -> AccountState | None:
            account = farm.accounts.get(name)
            if account is None:
                return None
            edits = {
                farm.by_db[db].code: local.editcount
                for db, local in account.attached.items()
            }
            return AccountState(
                name, account.locked, account.hidden, account.groups, edits
            )

        return self._sandbox.call(look)

    def unlocked(self, count: int, *, edits_above: int = -1) -> list[str]:
        """Return the names of accounts that can be locked.

        :param edits_above: they have more edits than that.
        :raises LookupError: there are not so many.
        """

        def find(farm: Farm) -> list[str]:
            return [
                name
                for name in farm.names
                if name not in _OPERATORS
                and not (account := farm.accounts[name]).locked
                and not account.hidden
                and account.editcount > edits_above
            ]

        found = self._sandbox.call(find)
        if len(found) < count:
            raise LookupError(f'the farm has only {len(found)} such accounts')
        return found[:count]

    def lock(self, name: str, *, locked: bool = True) -> None:
        """Lock or unlock an account, as another steward would."""
        self._sandbox.command('lock', user=name, locked=locked)

    def demote(self, name: str) -> None:
        """Take all groups from an account."""
        self._sandbox.command('demote', user=name)

    def end_sessions(self, name: str, *, remembered: bool = True) -> None:
        """End all sessions of an account.

        :param remembered: remembered logins, too.
        """
        self._sandbox.command('end-sessions', user=name, remembered=remembered)


_OPERATORS = {seeds.OPERATOR, seeds.COLLEAGUE, seeds.TWOFACTOR, seeds.SYSOP}


class Pages:
    """The pages of all wikis of a farm."""

    def __init__(self, sandbox: Sandbox) -> None:
        """Initializer."""
        self._sandbox = sandbox

    def put(
        self,
        wiki: str,
        title: str,
        text: str,
        *,
        user: str = seeds.SYSOP,
        comment: str = '',
    ) -> None:
        """Save a page as somebody else would.

        :param wiki: the code of the wiki.
        """

        def save(farm: Farm) -> None:
            on = _wiki(farm, wiki)
            local = on.accounts.get(user)
            id = local.id if local else 0
            on.edit(title, text, user=user, user_id=id, comment=comment)

        self._sandbox.call(save)

    def text(self, wiki: str, title: str) -> str | None:
        """Return the text of a page; None if there is no page of that title."""
        history = self.history(wiki, title)
        return history[-1].text if history else None

    def history(self, wiki: str, title: str) -> list[SavedText]:
        """Return the revisions of a page, the oldest first."""

        def look(farm: Farm) -> list[SavedText]:
            page = _wiki(farm, wiki).page(title)
            revisions = page.revisions if page else []
            return [SavedText(r.text, r.user, r.comment) for r in revisions]

        return self._sandbox.call(look)


class CentralAuthFarm:
    """A running farm, and what a test can see and do there.

    .. version-added:: 0.1

    :ivar sandbox: the farm itself, for all that has no helper here.
    :ivar faults: arm what goes wrong.
    :ivar journal: every request that has reached the farm.
    """

    def __init__(self, sandbox: Sandbox) -> None:
        """Initializer."""
        self.sandbox = sandbox
        self.accounts = Accounts(sandbox)
        self.pages = Pages(sandbox)
        self.faults: Faults = sandbox.faults
        self.journal: Journal = sandbox.journal

    @property
    def central(self) -> str:
        """The code of the wiki that keeps the global accounts."""
        return self.sandbox.farm.central.code

    @property
    def addresses(self) -> dict[str, str]:
        """The address of each wiki's api.php, by code."""
        return {code: wiki.address for code, wiki in self.sandbox.wikis.items()}

    def command(self, name: str, /, **values: Any) -> dict[str, Any]:
        """Carry out one of the sandbox's commands, and return its answer."""
        return self.sandbox.command(name, **values)


def _wiki(farm: Farm, code: str) -> Wiki:
    if code not in farm.wikis:
        raise LookupError(f'there is no wiki {code!r}; there are: {list(farm.wikis)}')
    return farm.wikis[code]
