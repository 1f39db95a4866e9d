"""Deleting global accounts, as the action of a campaign.

It decides which accounts to skip, reads each account again right before it is deleted,
and reconciles by reading whether it is gone. Retrying and recording is left to the
engine; there is no undo.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from mw_tokens_plugin.actions.accountfacts import (
    WIKIS_UNKNOWN,
    account_columns,
    account_facts,
    excluded_now,
    is_in_local_group,
    no_global_account,
    read_at,
    unreadable,
)
from mw_tokens_plugin.actions.lockentries import is_since_plan
from mw_tokens_plugin.campaign.action import Action
from mw_tokens_plugin.campaign.records import (
    Decision,
    Outcome,
    SkipReason,
    State,
    Target,
    may_be_reason,
)
from mw_tokens_plugin.campaign.report.hiding import hiding
from mw_tokens_plugin.exceptions import AmbiguousWrite, NoSuchAccount
from mw_tokens_plugin.messages import message
from mw_tokens_plugin.protocol.fields import as_timestamp
from mw_tokens_plugin.protocol.globalaccounts import GlobalAccount
from mw_tokens_plugin.site.mixins import PluginMixin
from mw_tokens_plugin.targets.accounts import read_accounts

#: Entries of the log, from the latest on, among which a deletion is looked for.
_ENTRIES = 20


@dataclass(frozen=True, slots=True)
class DeletionGuards:
    """Which global accounts are never deleted.

    :ivar operator: the account that runs the campaign
    :ivar max_wikis: accounts attached to more wikis are skipped
    :ivar max_edits: accounts with more global edits are skipped
    :ivar with_groups: whether members of global or local groups are deleted too
    :ivar with_locked: whether locked accounts are deleted too, which frees them
    :ivar excluded: names that are skipped
    :ivar ignored_groups: groups on wikis whose members are not skipped for that
    """

    operator: str
    max_wikis: int
    max_edits: int
    with_groups: bool = False
    with_locked: bool = False
    excluded: frozenset[str] = frozenset()
    ignored_groups: frozenset[str] = frozenset()


class GlobalDelete(Action):
    """Delete global accounts; the local ones survive, with the password.

    .. version-added:: 0.1
    """

    kind = 'global_delete'
    wording = 'delete-account'
    fixed = frozenset(
        'central_id locked hidden groups local_groups edits attached'.split()
    )
    kept = frozenset({'looked_at'})
    done = frozenset({SkipReason.MISSING})
    before = 'campaign-before-deleted'

    def __init__(
        self, site: PluginMixin, *, reason: str, guards: DeletionGuards
    ) -> None:
        """Set the reason, and which accounts are skipped.

        :param site: the central wiki
        :param reason: for the log
        """
        self.site = site
        self.reason = reason
        self.guards = guards

    def describe(self) -> str:
        """Return a word or two for what is done to an account."""
        return message('campaign-verb-delete-account')

    def columns(self, target: Target) -> Mapping[str, str]:
        """Return what the plan shows of an account, by heading."""
        wikis = target.decision.facts.get('attached') or ()
        return {
            **account_columns(target),
            message('campaign-column-attached'): _listed(wikis),
        }

    def plan(self, names: Sequence[str]) -> Iterator[Decision]:
        """Decide on some accounts, each of which is read with all its wikis."""
        for name in names:
            skipped = self._skip_unread(name)
            if skipped is not None:
                yield Decision(name, skipped=skipped)
                continue
            looked_at = as_timestamp(self.site.tokens.session.clock.now())
            ((_, account),) = read_accounts(
                self.site, [name], lambda names: map(self.site.global_account, names)
            )
            if isinstance(account, Exception):
                yield unreadable(name, account)
                continue
            skipped = self._skip_reason(account)
            problem = (
                {'problem': WIKIS_UNKNOWN} if skipped is SkipReason.UNREADABLE else {}
            )
            decision = Decision(
                name,
                central_id=account.central_id,
                hidden=account.is_hidden,
                skipped=skipped,
                facts={**_facts(account), **problem},
            )
            yield read_at(looked_at, decision)

    def apply(self, target: Target) -> Outcome:
        """Delete one account, if it still is as it was planned.

        The API module takes no expected state, so the account is read right before.

        :raises TokensPluginError: the wiki refused, or its answer was lost
        """
        if target.name in self.guards.excluded:
            return excluded_now()
        planned = target.decision.facts
        with hiding([target]):
            account = self.site.global_account(target.name)
            if not account.exists or account.central_id != target.decision.central_id:
                return self._gone(target, is_unsent=True)
            if account.attached is None:
                return Outcome(
                    State.FAILED,
                    detail=f'not deleted: {WIKIS_UNKNOWN}',
                    reason_code=SkipReason.UNREADABLE.name,
                )
            facts = _facts(account)
            if any(facts[name] != planned[name] for name in self.fixed):
                return Outcome(
                    State.FAILED,
                    detail='changed since the plan, and not deleted',
                    reason_code=SkipReason.CHANGED_SINCE.name,
                    hidden=account.is_hidden,
                )
            try:
                self.site.delete_global_account(target.name, reason=self.reason)
            except NoSuchAccount as error:
                # The log shows who was faster, unless the databases lag.
                if self._is_there(target):
                    raise AmbiguousWrite(f'{error} It is shown all the same.') from None
                return self._gone(target, is_unsent=True)
        return Outcome(State.DONE, changed=True)

    def reconcile(
        self, targets: Sequence[Target]
    ) -> Iterator[tuple[Target, Outcome | None]]:
        """Read whether deletions of unknown outcome took effect; None if not."""
        for target in targets:
            with hiding([target]):
                yield target, None if self._is_there(target) else self._gone(target)

    def _skip_unread(self, name: str) -> SkipReason | None:
        if (skipped := no_global_account(name)) is not None:
            return skipped
        if name == self.guards.operator:
            return SkipReason.OPERATOR
        if name in self.guards.excluded:
            return SkipReason.EXCLUDED
        return None

    def _skip_reason(self, account: GlobalAccount) -> SkipReason | None:
        guards = self.guards
        if not account.exists:
            return SkipReason.MISSING
        if account.locked and not guards.with_locked:
            return SkipReason.LOCKED
        if account.attached is None:
            return SkipReason.UNREADABLE
        if not guards.with_groups and account.groups:
            return SkipReason.GLOBAL_GROUP
        if not guards.with_groups and is_in_local_group(account, guards.ignored_groups):
            return SkipReason.LOCAL_GROUP
        if (account.edit_count or 0) > guards.max_edits:
            return SkipReason.EDITS
        if len(account.attached or ()) > guards.max_wikis:
            return SkipReason.ATTACHED
        return None

    def _is_there(self, target: Target) -> bool:
        """Tell whether the account that was planned still exists."""
        account = self._present(target)
        return account.exists and account.name == target.name

    def _present(self, target: Target) -> GlobalAccount:
        """Return the account that was planned, whatever its name is now."""
        ids = [target.decision.central_id or 0]
        (account,) = self.site.global_accounts_by_id(ids)
        return account

    def _gone(self, target: Target, *, is_unsent: bool = False) -> Outcome:
        """Say whose deletion it was, by the log.

        :param is_unsent: whether this attempt has not deleted it
        """
        account = self._present(target)
        if account.exists and account.name != target.name:
            now = '' if account.is_hidden else f' to {account.name!r}'
            return Outcome(
                State.FAILED,
                detail=f'renamed{now} since the plan, and not deleted',
                reason_code=SkipReason.CHANGED_SINCE.name,
                hidden=account.is_hidden,
            )
        log = [*self.site.lock_log(target.name, total=_ENTRIES)]
        if target.decision.hidden:
            # The deletion of a suppressed account is in the suppression log.
            log += self.site.lock_log(target.name, total=_ENTRIES, suppressed=True)
            log.sort(key=lambda entry: entry.timestamp, reverse=True)
        # Somebody may have taken the free name, and been locked, meanwhile.
        entries = [entry for entry in log if not (entry.added or entry.removed)]
        ours = any(
            may_be_reason(entry.comment, self.reason)
            and target.may_have_written_at(entry.timestamp, by=entry.by)
            for entry in entries
        )
        if is_unsent and (
            ours or any(is_since_plan(entry, target, self.reason) for entry in entries)
        ):
            # The ledger may be a copy from before it was sent.
            detail = 'already deleted by you since the plan'
            return Outcome(State.DONE, changed=True, detail=detail, is_earlier=True)
        by = (entries[0].by if entries else None) or 'others'
        how = 'found by reading' if ours else f'deleted meanwhile by {by}'
        return Outcome(State.DONE, changed=ours, detail=how)


def _facts(account: GlobalAccount) -> dict[str, Any]:
    attached = sorted(account.wiki for account in account.attached or ())
    return {**account_facts(account), 'attached': attached}


def _listed(words: Sequence[str], limit: int = 6) -> str:
    listed, more = ', '.join(words[:limit]), len(words) - limit
    return (
        message('campaign-and-more', list=listed, number=more) if more > 0 else listed
    )
