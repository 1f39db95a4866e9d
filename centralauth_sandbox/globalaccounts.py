"""The global accounts of a farm, and what changes them."""

from __future__ import annotations

from bisect import bisect_left, insort
from collections.abc import Iterator, Mapping
from typing import Any

from .records import (
    Account,
    Block,
    BotPassword,
    LocalAccount,
    State,
    status_difference,
)
from .sessions import Sessions
from .titles import Title, canonical_user
from .views import WikiView

#: Before the name of an actor of another wiki.
ELSEWHERE = 'global>'


class GlobalAccounts:
    """What a farm has of accounts."""

    current: bool
    #: Seconds for which globaluserinfo may not know of a change.
    stale: float
    wikis: Mapping[str, WikiView]
    by_db: Mapping[str, WikiView]
    central: WikiView
    sessions: Sessions

    def clear_accounts(self) -> None:
        """Have no accounts."""
        self.accounts: dict[str, Account] = {}
        self.account_ids: dict[int, Account] = {}
        self.names: list[str] = []
        self.renamed: dict[str, str] = {}
        #: Changes of global accounts so far.
        self.changes = 0
        self._last_account = 0

    def clock(self) -> float:
        """Return the time in seconds since 1970."""
        raise NotImplementedError

    def timestamp(self, when: float | None = None) -> str:
        """Return a time as MediaWiki writes it."""
        raise NotImplementedError

    def add_account(
        self,
        name: str,
        *,
        id: int = 0,
        home: str = '',
        wikis: Iterator[str] | list[str] | None = None,
        local_groups: dict[str, list[str]] | None = None,
        local_ids: dict[str, int] | None = None,
        edits: dict[str, int] | None = None,
        groups: list[str] | tuple[str, ...] = (),
        **values: Any,
    ) -> Account:
        """Create a global account and attach it.

        :param home: code of the home wiki; default: the first of `wikis`.
        :param wikis: codes of the wikis to attach it on; default: all.
        :param local_groups: local groups by code; '*' stands for every wiki.
        :param edits: local edit counts by code.
        """
        codes = list(self.wikis if wikis is None else wikis)
        id = id or self._last_account + 1
        self._last_account = max(self._last_account, id)
        home_wiki = self.wikis[home or (codes[0] if codes else self.central.code)]
        values.setdefault('registration', self.timestamp())
        account = Account(
            id, name, home=home_wiki.db, groups=frozenset(groups), **values
        )
        self.accounts[name] = account
        self.account_ids[id] = account
        insort(self.names, name)
        local_groups = local_groups or {}
        for code in codes:
            self.attach(
                account,
                self.wikis[code],
                id=(local_ids or {}).get(code, 0),
                groups=frozenset(local_groups.get(code, local_groups.get('*', ()))),
                editcount=(edits or {}).get(code, 0),
                registration=account.registration,
                method='new' if self.wikis[code] is home_wiki else 'login',
            )
        return account

    def attach(self, account: Account, wiki: WikiView, **values: Any) -> LocalAccount:
        """Create the local account of a global one on a wiki."""
        values.setdefault('registration', self.timestamp())
        values.setdefault('method', 'login')
        local = wiki.add_account(
            account.name, central=account, attached=values['registration'], **values
        )
        account.attached[wiki.db] = local
        return local

    def log_creation(self, wiki: WikiView, local: LocalAccount) -> None:
        """Log that a local account was created by itself."""
        title = Title(2, local.name)
        params = {'userid': local.id}
        wiki.write_log('newusers', 'autocreate', local.name, title, '', params)

    def add_bot_password(
        self, name: str, app: str, secret: str, grants: list[str]
    ) -> BotPassword:
        """Give an account a bot password `name@app`."""
        bot = BotPassword(secret, frozenset(grants))
        self.accounts[name].bots[app] = bot
        return bot

    def set_status(
        self,
        account: Account,
        *,
        locked: bool,
        hidden: str,
        wiki: WikiView,
        operator: str,
        reason: str,
    ) -> bool:
        """Lock, unlock, hide; log it on the wiki that was asked.

        :return: whether anything changed.
        """
        added, removed = status_difference(account.state, State(locked, hidden))
        if not added and not removed:
            return False
        was_suppressed = account.hidden == 'suppressed'
        self.changes += 1
        account.change(self.changes, self.clock(), self.stale)
        account.locked, account.hidden = locked, hidden
        if hidden == 'suppressed' and not was_suppressed:
            self._suppress(account, operator, reason)
        elif was_suppressed and hidden != 'suppressed':
            for db in account.attached:
                wiki_of = self.by_db[db]
                block = wiki_of.blocks.get(account.name)
                if block is not None and block.by.startswith(ELSEWHERE):
                    del wiki_of.blocks[account.name]
                wiki_of.suppressed_log -= wiki_of.log_about(account.name)
        if locked:
            self.sessions.end_account(account.id)
        entry = wiki.write_log(
            'suppress' if hidden else 'globalauth',
            'setstatus',
            operator,
            Title(2, f'{account.name}@global'),
            reason,
            {'added': added, 'removed': removed},
        )
        if 'locked' in added and entry.type == 'globalauth' and wiki is self.central:
            account.lock_log = entry.id
        return True

    def delete_account(
        self, account: Account, wiki: WikiView, operator: str, reason: str
    ) -> None:
        """Delete a global account; its local ones are left unattached."""
        self.sessions.end_account(account.id)
        for local in account.attached.values():
            local.central = None
            local.unlisted = not self.current
        del self.accounts[account.name], self.account_ids[account.id]
        self.names.pop(bisect_left(self.names, account.name))
        title = Title(2, f'{account.name}@global')
        wiki.write_log('globalauth', 'delete', operator, title, reason)

    def rename_account(
        self, old: str, new: str, operator: str = 'Sandbox Colleague'
    ) -> None:
        """Rename a global account and its local ones; its sessions end.

        Where it is attached, the logs of what was done to it get the new name.
        """
        account = self.accounts.pop(old)
        self.names.pop(bisect_left(self.names, old))
        self.sessions.end_account(account.id)
        account.name, account.lock_log = new, 0
        self.accounts[new] = account
        insort(self.names, new)
        self.renamed[old] = new
        for db, local in account.attached.items():
            wiki = self.by_db[db]
            wiki.rename_in_logs(old, new)
            del wiki.accounts[old]
            local.name = new
            wiki.accounts[new] = local
            if (block := wiki.blocks.pop(old, None)) is not None:
                # Unlike a global block, which keeps the name of that time.
                block.target = new
                wiki.blocks[new] = block
            for block in (further := wiki.further_blocks.pop(old, [])):
                block.target = new
            wiki.further_blocks[new] = further
        names = {'olduser': old, 'newuser': new}
        title = Title(-1, f'CentralAuth/{new}')
        self.central.write_log('gblrename', 'rename', operator, title, '', names)

    def find(self, name: str) -> Account | None:
        """Return the global account of a name in any spelling."""
        canonical = canonical_user(name)
        return self.accounts.get(canonical) if canonical else None

    def _suppress(self, account: Account, operator: str, reason: str) -> None:
        for db in account.attached:
            wiki = self.by_db[db]
            wiki.suppressed_log |= wiki.log_about(account.name)
            if account.name in wiki.blocks:
                continue
            wiki.blocks[account.name] = Block(
                wiki.next_id('block'),
                account.name,
                f'{ELSEWHERE}{operator}',
                0,
                f'Globally suppressed by {operator} for the following reason: {reason}',
                self.timestamp(),
                nocreate=True,
                noemail=True,
                hidename=True,
            )
