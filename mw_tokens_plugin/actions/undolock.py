"""Undoing a campaign that has locked or unlocked global accounts, as an action.

It decides which accounts have not been changed since, by the log of locks. The write is
that of :mod:`mw_tokens_plugin.actions.globallock`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace

from mw_tokens_plugin.actions.accountfacts import (
    account_facts,
    read_at,
    seen,
    skipped_now,
    unreadable,
)
from mw_tokens_plugin.actions.accountguards import local_group_reason
from mw_tokens_plugin.actions.globallock import (
    GlobalLock,
    Guards,
    changed_by_others,
)
from mw_tokens_plugin.actions.lockentries import is_own_entry
from mw_tokens_plugin.actions.locklog import LockWatch, lock_entries
from mw_tokens_plugin.campaign.records import (
    Campaign,
    Decision,
    Outcome,
    SkipReason,
    Target,
)
from mw_tokens_plugin.campaign.report.hiding import hiding
from mw_tokens_plugin.protocol.globalaccounts import (
    GlobalAccount,
    LockLogEntry,
)
from mw_tokens_plugin.site.batches import batches
from mw_tokens_plugin.site.mixins import PluginMixin
from mw_tokens_plugin.targets.accounts import read_accounts

#: Accounts whose entries are read at once, before any of them is decided on.
MAX_LISTED = 500


class UndoGlobalLock(GlobalLock):
    """Unlock what a campaign has locked, or the other way, if it was not changed since.

    Accounts are found by their central id, so that renamed ones are found, and another
    account of the same name is not unlocked.

    .. version-added:: 0.1
    """

    kind = 'undo_global_lock'

    def __init__(
        self,
        site: PluginMixin,
        *,
        reason: str,
        operator: str,
        undone: Campaign,
        recorded: Callable[[Sequence[str]], Mapping[str, Target]],
        locked: bool = False,
        excluded: frozenset[str] = frozenset(),
        ignored_groups: frozenset[str] = frozenset(),
    ) -> None:
        """Set which campaign is undone.

        :param site: the central wiki
        :param reason: for the log
        :param operator: the account that undoes it
        :param undone: the campaign
        :param recorded: returns its targets by their names
        :param locked: whether it has unlocked them, so that they are locked again
        :param excluded: accounts that are not locked again
        :param ignored_groups: groups on wikis whose members are not skipped for that
        """
        guards = Guards(
            operator=operator, excluded=excluded, ignored_groups=ignored_groups
        )
        super().__init__(site, reason=reason, guards=guards, locked=locked)
        self._undone = undone
        self._recorded = recorded
        self._watch = LockWatch(site)

    def plan(self, names: Sequence[str]) -> Iterator[Decision]:
        """Decide on accounts that the campaign has locked."""
        recorded = self._recorded(names)
        targets = [recorded[name] for name in names]
        ids = [target.decision.central_id or 0 for target in targets]
        looked_at = self._moment()
        with hiding(targets):
            accounts = read_accounts(self.site, ids, self.site.global_accounts_by_id)
            # Where each costs a request anyway, they are decided on one by one.
            is_listed = self.site.lists_global_users()
            for part in batches(zip(targets, accounts, strict=True), MAX_LISTED):
                found = [a for _, (_, a) in part if isinstance(a, GlobalAccount)]
                entries = lock_entries(self.site, found) if is_listed else {}
                for target, (_id, account) in part:
                    if isinstance(account, Exception):
                        hidden = target.decision.hidden
                        yield unreadable(target.name, account, hidden=hidden)
                    else:
                        entry = entries.get(account.central_id or 0)
                        decided = self._decide_undo(target, account, entry)
                        yield read_at(looked_at, decided)

    def knows(self, target: Target) -> bool:
        """Tell that a target is always looked at again.

        The wiki compares the state of the account, and somebody else may have unlocked
        and locked it again since the plan.
        """
        return False

    def look_again(
        self, targets: Sequence[Target]
    ) -> Iterator[tuple[Target, Outcome | None]]:
        """Read what others have locked and unlocked since the plan.

        By a plan that is not fresh, the accounts are read again, too.
        """
        recent = [target for target in targets if self._is_recent(target)]
        if recent:
            with hiding(recent):
                yield from changed_by_others(self, self._watch, recent)
        by_name = {target.name: target for target in targets if target not in recent}
        if not by_name:
            return
        for decision in self.plan(list(by_name)):
            target, skipped = by_name[decision.name], decision.skipped
            if skipped in self.done:
                (account,) = self._accounts([target])
                yield target, seen(account, self._found_done(target, account))
            elif skipped is None:
                yield target, None
            else:
                yield target, replace(skipped_now(skipped), hidden=decision.hidden)

    def _decide(self, name: str, account: GlobalAccount) -> Decision:
        return self._decide_undo(self._recorded([name])[name], account)

    def _decide_undo(
        self,
        target: Target,
        account: GlobalAccount,
        entry: LockLogEntry | None = None,
    ) -> Decision:
        """Decide on an account.

        :param entry: that of its present lock; None to read the latest one
        """
        skipped = self._skip_reason(account)
        if skipped is None and self.locked:
            names = {target.name, account.name}
            if not names.isdisjoint(self.guards.excluded):
                skipped = SkipReason.EXCLUDED
            elif self.guards.operator in names:
                skipped = SkipReason.OPERATOR
            else:
                ignored = self.guards.ignored_groups
                account, skipped = local_group_reason(self.site, account, ignored)
        facts = account_facts(account)
        if skipped is None and account.is_hidden:
            # Its entries are in the suppression log.
            skipped = SkipReason.LOG_HIDDEN
        if skipped is None:
            either = dict.fromkeys((target.name, account.name))
            present = [replace(account, name=name) for name in either]
            if entry is None or account.name != target.name:
                found = [e for a in present if (e := self._latest_entry(a))]
                entry = max(found, key=lambda entry: entry.log_id, default=None)
            latest = entry
            facts['log_entry'] = latest.log_id if latest else 0
            reason = self._undone.reason
            was = not self.locked
            if latest is None or not is_own_entry(latest, target, reason, locked=was):
                skipped = SkipReason.CHANGED_SINCE
                facts['changed_by'] = latest and latest.by
        return Decision(
            target.name,
            central_id=account.central_id,
            hidden=target.decision.hidden or account.is_hidden,
            skipped=skipped,
            facts=facts,
        )
