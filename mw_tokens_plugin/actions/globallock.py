"""Locking, unlocking and hiding global accounts, as actions of a campaign.

They decide which accounts to skip, send the one write, and reconcile by reading whether
it took effect. Retrying and recording is left to the engine, and undoing to
:mod:`mw_tokens_plugin.actions.undolock`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from mw_tokens_plugin.actions.accountfacts import (
    WIKIS_UNKNOWN,
    account_columns,
    account_facts,
    excluded_now,
    no_global_account,
    present_name,
    read_at,
    seen,
    skipped_now,
    unreadable,
)
from mw_tokens_plugin.actions.accountguards import (
    established_reason,
    local_group_reason,
)
from mw_tokens_plugin.actions.lockentries import is_own_entry, is_own_since_plan
from mw_tokens_plugin.actions.locklog import LockWatch
from mw_tokens_plugin.campaign.action import Action
from mw_tokens_plugin.campaign.batch import FRESH
from mw_tokens_plugin.campaign.records import (
    Decision,
    Outcome,
    SkipReason,
    State,
    Target,
)
from mw_tokens_plugin.campaign.report.hiding import hiding
from mw_tokens_plugin.exceptions import NoSuchAccount, StateConflict
from mw_tokens_plugin.messages import message
from mw_tokens_plugin.protocol.fields import as_timestamp, timestamp
from mw_tokens_plugin.protocol.globalaccounts import (
    GlobalAccount,
    HiddenLevel,
    LockLogEntry,
)
from mw_tokens_plugin.site.mixins import PluginMixin
from mw_tokens_plugin.site.redaction import redactor
from mw_tokens_plugin.targets.accounts import read_accounts


@dataclass(frozen=True, slots=True)
class Guards:
    """Which accounts are never locked.

    :ivar operator: the account that runs the campaign
    :ivar max_edits: accounts with more global edits are skipped; None for no limit
    :ivar excluded: names that are skipped
    :ivar ignored_groups: groups on wikis whose members are not skipped for that
    """

    operator: str
    max_edits: int | None = None
    excluded: frozenset[str] = frozenset()
    ignored_groups: frozenset[str] = frozenset()


class GlobalLock(Action):
    """Lock accounts, unlock them, or hide them.

    .. version-added:: 0.1
    """

    kind = 'global_lock'
    fixed = frozenset({'central_id'})
    kept = frozenset({'looked_at'})
    done = frozenset({SkipReason.ALREADY})

    def __init__(
        self,
        site: PluginMixin,
        *,
        reason: str,
        guards: Guards,
        locked: bool | None = True,
        hidden: HiddenLevel | None = None,
    ) -> None:
        """Set what is done to every account.

        :param site: the central wiki
        :param reason: for the log
        :param guards: which accounts are skipped
        :param locked: True locks, False unlocks, None leaves it as it is
        :param hidden: how far to hide; None leaves it as it is
        """
        self.site = site
        self.reason = reason
        self.guards = guards
        self.locked = locked
        self.hidden = hidden
        if hidden is None and locked is not None:
            self.before = f'campaign-before-{"" if locked else "un"}locked'
        words = {True: ['lock'], False: ['unlock'], None: []}[locked]
        if hidden is not None:
            words.append('suppress' if hidden is HiddenLevel.SUPPRESSED else 'hide')
        self.wording = '-'.join(words)

    def describe(self) -> str:
        """Return a word or two for what is done to an account."""
        return message(f'campaign-verb-{self.wording}')

    def columns(self, target: Target) -> Mapping[str, str]:
        """Return what the plan shows of an account, by heading."""
        return account_columns(target)

    def plan(self, names: Sequence[str]) -> Iterator[Decision]:
        """Decide on some accounts, which costs as few reads as the wiki allows."""
        asked = []
        for name in names:
            skipped = self._skip_unread(name)
            if skipped is None:
                asked.append(name)
            else:
                yield Decision(name, hidden=self._hides, skipped=skipped)
        looked_at = self._moment()
        with redactor.hiding(dict.fromkeys(asked if self._hides else (), '#hidden')):
            for name, account in read_accounts(
                self.site, asked, self.site.global_accounts
            ):
                if isinstance(account, Exception):
                    yield unreadable(name, account, hidden=self._hides)
                else:
                    yield read_at(looked_at, self._decide(name, account))

    def look_again(
        self, targets: Sequence[Target]
    ) -> Iterator[tuple[Target, Outcome | None]]:
        """Read accounts before writes by a plan that is not fresh.

        An account that has got a group or become a contributor since is skipped; what
        is done already is not sent.
        """
        with hiding(targets):
            accounts = read_accounts(
                self.site, [present_name(t) for t in targets], self.site.global_accounts
            )
            for target, (_, account) in zip(targets, accounts, strict=True):
                if isinstance(account, Exception):
                    yield target, skipped_now(SkipReason.UNREADABLE)
                else:
                    outcome = self._looked_again(target, account)
                    yield target, outcome and seen(account, outcome)

    def _looked_again(self, target: Target, account: GlobalAccount) -> Outcome | None:
        if account.central_id != target.decision.central_id:
            # The write expects the planned account, so the wiki refuses it.
            return None
        skipped = self._decide(target.name, account).skipped
        if skipped in self.done:
            return self._found_done(target, account)
        return (
            None if skipped in (None, SkipReason.SUPPRESSED) else skipped_now(skipped)
        )

    def apply(self, target: Target) -> Outcome:
        """Send the write for one account, if it is still as it was planned.

        :raises TokensPluginError: the wiki refused, or its answer was lost
        """
        if target.name in self.guards.excluded:
            return excluded_now()
        with hiding([target]):
            if target.decision.facts.get('found_done'):
                (account,) = self._accounts([target])
                if self._is_wanted(account):
                    return seen(account, self._found_done(target, account))
            try:
                return self._write(planned(target.decision.facts))
            except (StateConflict, NoSuchAccount) as error:
                return self._changed_meanwhile(target, error)

    def reconcile(
        self, targets: Sequence[Target]
    ) -> Iterator[tuple[Target, Outcome | None]]:
        """Read whether writes of unknown outcome took effect; None if not.

        Where the wiki does not tell how far an account is hidden, only the suppression
        log shows it. If that cannot be read, the next write shows it: each write says
        which level it expects.
        """
        with hiding(targets):
            for target, account in zip(targets, self._accounts(targets), strict=True):
                if not self._may_be_wanted(account):
                    yield target, None
                    continue
                entry = self._entry_about(target, account)
                ours = self._is_own(entry, target)
                if not ours and not self._is_wanted(account):
                    yield target, None
                elif ours or (entry is None and self._hides):
                    # Without the suppression log there is only the state.
                    done = Outcome(State.DONE, changed=True, detail='found by reading')
                    yield target, seen(account, done)
                else:
                    yield target, seen(account, _done_by_others(entry))

    @property
    def _hides(self) -> bool:
        return self.hidden is not None

    def _skip_unread(self, name: str) -> SkipReason | None:
        if (skipped := no_global_account(name)) is not None:
            return skipped
        if name in self.guards.excluded:
            return SkipReason.EXCLUDED
        if name == self.guards.operator and self.locked is not False:
            return SkipReason.OPERATOR
        return None

    def _decide(self, name: str, account: GlobalAccount) -> Decision:
        skipped = self._skip_reason(account)
        if skipped is None and self.locked is not False:
            account, skipped = local_group_reason(
                self.site, account, self.guards.ignored_groups
            )
        problem = {'problem': WIKIS_UNKNOWN} if skipped is SkipReason.UNREADABLE else {}
        return Decision(
            name,
            central_id=account.central_id,
            hidden=self._hides or account.is_hidden,
            skipped=skipped,
            facts={**account_facts(account), **problem},
        )

    def _skip_reason(self, account: GlobalAccount) -> SkipReason | None:
        if not account.exists:
            return SkipReason.MISSING
        if self._is_wanted(account):
            further = account.hidden.is_at_least(HiddenLevel.SUPPRESSED)
            is_lower = self.hidden is HiddenLevel.LISTS and further
            return SkipReason.SUPPRESSED if is_lower else SkipReason.ALREADY
        if self.locked is False:
            return None
        return established_reason(account, self.guards.max_edits)

    def _is_wanted(self, account: GlobalAccount) -> bool:
        """Tell whether an account is certainly in the state that is asked for.

        One that is hidden further than that is, too: no level is ever lowered.
        """
        hidden = self.hidden is None or account.hidden.is_at_least(self.hidden)
        return hidden and self._may_be_wanted(account)

    def _may_be_wanted(self, account: GlobalAccount) -> bool:
        return (
            account.exists
            and self.locked in (None, account.locked)
            and (self.hidden is None or account.hidden.may_be(self.hidden))
        )

    def _write(self, account: GlobalAccount) -> Outcome:
        """Send the write for an account, if it is in the given state.

        Where it is not known how far it is hidden, each possible level is expected in
        turn, and the wiki accepts the right one. So no write lowers a level, or changes
        a state that was not read.

        :raises StateConflict: it is in none of these states
        """
        levels = list(account.hidden.possible)
        # First the level that a write whose answer was lost has set.
        levels.sort(key=lambda level: level is not self.hidden)
        for level in levels:
            expected = replace(account, hidden=level)
            to = self.hidden
            if to is not None and level is not to and level.is_at_least(to):
                to = None
            try:
                self.site.set_global_account_status(
                    account.name,
                    reason=self.reason,
                    locked=self.locked,
                    hidden=to,
                    expected=expected,
                )
            except StateConflict as error:
                if error.code != 'editconflict' or level is levels[-1]:
                    raise
                continue
            if self._is_wanted(expected):
                return Outcome(State.DONE, detail='already in that state')
            return Outcome(State.DONE, changed=True)
        raise AssertionError('no level is possible')

    def _changed_meanwhile(
        self, target: Target, error: StateConflict | NoSuchAccount
    ) -> Outcome:
        """Read an account again that is not as it was planned, whatever its name is.

        :raises LostRace: it is shown as it was planned all the same
        """
        (account,) = self._accounts([target])
        if not account.exists:
            raise NoSuchAccount(
                'nosuchuser', 'it is gone since the plan', str(self.site)
            )
        if self._is_wanted(account):
            return seen(account, self._found_done(target, account))
        is_renamed = account.name != present_name(target)
        if (
            account.state == planned(target.decision.facts).state
            and account.hidden is not HiddenLevel.UNKNOWN
            and not is_renamed
        ):
            # The databases lag, or another write that was faster has failed.
            raise error
        if is_renamed and (outcome := self._renamed(target, account)) is not None:
            return seen(account, outcome)
        decision = self._decide(target.name, account)
        if decision.skipped is not None:
            return seen(account, skipped_now(decision.skipped))
        with hiding([replace(target, decision=decision)]):
            outcome = self._write(planned(decision.facts))
        if not outcome.changed:
            return seen(account, self._found_done(target, account))
        return seen(account, replace(outcome, detail='changed since the plan'))

    def _found_done(self, target: Target, account: GlobalAccount) -> Outcome:
        """Return the outcome for an account in the state asked for, by the log."""
        entry = self._entry_about(target, account)
        if entry is not None and is_own_since_plan(
            entry, target, self.reason, locked=self.locked, hidden=self.hidden
        ):
            # The ledger may be a copy from before it was sent.
            return Outcome(
                State.DONE,
                changed=True,
                detail='already done by you since the plan',
                log_id=entry.log_id,
                is_earlier=True,
            )
        return _done_by_others(entry)

    def _is_recent(self, target: Target) -> bool:
        """Tell whether the wiki was read a short time before."""
        read = timestamp(target.decision.facts.get('looked_at'))
        now = timestamp(self._moment())
        return read is not None and now is not None and now - read < FRESH

    def _moment(self) -> str:
        """Return the present time by the wiki's clock, in the format of its log."""
        return as_timestamp(self.site.tokens.session.clock.now())

    def _latest_entry(self, account: GlobalAccount) -> LockLogEntry | None:
        """Return the latest entry about an account, in the log that has it."""
        log = self.site.lock_log(account.name, total=1, suppressed=account.is_hidden)
        return next(log, None)

    def _accounts(self, targets: Sequence[Target]) -> Iterator[GlobalAccount]:
        """Yield the accounts that were planned, whose names others may have now."""
        ids = [target.decision.central_id for target in targets]
        if None in ids:
            names = map(present_name, targets)
            return self.site.global_accounts(list(names))
        return self.site.global_accounts_by_id(filter(None, ids))

    def _entry_about(
        self, target: Target, account: GlobalAccount
    ) -> LockLogEntry | None:
        """Return the latest entry about a target, under its present or its old name."""
        names = dict.fromkeys((present_name(target), account.name))
        found = (self._latest_entry(replace(account, name=name)) for name in names)
        entries = [entry for entry in found if entry is not None]
        return max(entries, key=lambda entry: entry.log_id, default=None)

    def _renamed(self, target: Target, account: GlobalAccount) -> Outcome | None:
        """Say how a target ends that has another name now, if it must be left."""
        if (skipped := self._skip_unread(account.name)) is not None:
            return skipped_now(skipped)
        (other,) = self.site.global_accounts([present_name(target)])
        if not other.exists:
            return None
        # What was confirmed is no longer what the name says.
        its = 'hidden'
        if not account.is_hidden and not target.decision.hidden:
            its = repr(account.name)
        return Outcome(
            State.FAILED,
            detail=(
                'changed since the plan, and skipped: the name is that of another '
                f'account now, and its own is {its}'
            ),
            reason_code=SkipReason.CHANGED_SINCE.name,
        )

    def _is_own(self, entry: LockLogEntry | None, target: Target) -> bool:
        """Tell whether an entry of the log is that of a write for a target."""
        return entry is not None and is_own_entry(
            entry, target, self.reason, locked=self.locked, hidden=self.hidden
        )


def changed_by_others(
    action: GlobalLock, watch: LockWatch, targets: Sequence[Target]
) -> Iterator[tuple[Target, Outcome | None]]:
    """Yield which accounts others have locked or unlocked since the plan.

    A write by the target's own account is left to the wiki, which refuses it where it
    has been done.

    :param targets: whose latest entry at that time is among their facts
    """
    moments = (timestamp(t.decision.facts.get('looked_at')) for t in targets)
    since = min(moment for moment in moments if moment is not None)
    names = {name for t in targets for name in (t.name, present_name(t))}
    newest = watch.newest(names, since)
    for target in targets:
        found = {newest.get(target.name), newest.get(present_name(target))}
        entry = max(filter(None, found), key=lambda e: e.log_id, default=None)
        known = target.decision.facts.get('log_entry') or 0
        is_changed = (
            entry is not None
            and entry.log_id > known
            and not is_own_since_plan(
                entry,
                target,
                action.reason,
                locked=action.locked,
                hidden=action.hidden,
            )
        )
        if not is_changed or entry is None:
            yield target, None
            continue
        if action.hidden is None and action.locked is not None:
            given = entry.added if action.locked else entry.removed
            if 'locked' in given:
                yield target, _done_by_others(entry)
                continue
        by = entry.by or 'somebody else'
        detail = f'changed since the plan by {by}, and skipped'
        code = SkipReason.CHANGED_SINCE.name
        yield target, Outcome(State.FAILED, detail=detail, reason_code=code)


def _done_by_others(entry: LockLogEntry | None) -> Outcome:
    by = (entry and entry.by) or 'somebody else'
    return Outcome(State.DONE, detail=f'done meanwhile by {by}')


def planned(facts: Mapping[str, Any]) -> GlobalAccount:
    """Return an account as it was planned, as far as a write depends on it."""
    return GlobalAccount(
        name=facts['name'],
        exists=True,
        central_id=facts['central_id'],
        locked=facts['locked'],
        hidden=HiddenLevel(facts['hidden']),
    )
