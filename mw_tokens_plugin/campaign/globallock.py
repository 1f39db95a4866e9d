"""Locking, unlocking and hiding global accounts, as actions of a campaign.

They decide whom to hold back, make the one write, and settle by reading whether it
took effect; looping, retrying and recording is the engine's work.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import Any

from mw_tokens_plugin.campaign.plan import Action
from mw_tokens_plugin.campaign.records import (
    Campaign,
    Decision,
    Held,
    Outcome,
    State,
    Target,
)
from mw_tokens_plugin.exceptions import (
    NoSuchAccount,
    OutcomeUnknown,
    StateConflict,
)
from mw_tokens_plugin.messages import said
from mw_tokens_plugin.protocol.globalaccounts import (
    GlobalAccount,
    HiddenLevel,
    LockLogEntry,
)
from mw_tokens_plugin.protocol.names import AccountKind, kind_of
from mw_tokens_plugin.site.redaction import redactor

#: Accounts with more edits than this are asked for their groups on all wikis.
ESTABLISHED_EDITS = 10


@dataclass(frozen=True, slots=True)
class Guards:
    """Whom a lock never hits.

    :ivar operator: the account that carries it out
    :ivar max_edits: accounts with more global edits are held back
    :ivar excluded: names that are held back
    """

    operator: str
    max_edits: int = 50
    excluded: frozenset[str] = frozenset()


class GlobalLock(Action):
    """Lock accounts, unlock them, or hide them.

    .. version-added:: 0.1
    """

    kind = 'global_lock'
    noun = 'account'
    fixed = frozenset({'central_id'})

    def __init__(
        self,
        site: Any,
        *,
        reason: str,
        guards: Guards,
        locked: bool | None = True,
        hidden: HiddenLevel | None = None,
    ) -> None:
        """Say what is to be done to every account.

        :param site: the central wiki
        :param reason: for the log
        :param guards: whom to hold back
        :param locked: True locks, False unlocks, None leaves it as it is
        :param hidden: how far to hide; None leaves it as it is
        """
        self.site = site
        self.reason = reason
        self.guards = guards
        self.locked = locked
        self.hidden = hidden

    def describe(self) -> str:
        """Say in a word or two what is done to an account."""
        words = {True: ['lock'], False: ['unlock'], None: []}[self.locked]
        if self.hidden is not None:
            words.append(
                'suppress' if self.hidden is HiddenLevel.SUPPRESSED else 'hide'
            )
        return said(f'campaign-verb-{"-".join(words)}')

    def columns(self, target: Target) -> Mapping[str, str]:
        """Return what the plan shows of an account, by heading."""
        return account_columns(target)

    def plan(self, names: Sequence[str]) -> Iterator[Decision]:
        """Decide on some accounts, which costs as few reads as the wiki allows."""
        asked = []
        for name in names:
            held = self._held_unread(name)
            if held is None:
                asked.append(name)
            else:
                yield Decision(name, hidden=self._hides, held=held)
        with redactor.hiding(dict.fromkeys(asked if self._hides else (), '#hidden')):
            for name, account in zip(
                asked, self.site.global_accounts(asked), strict=True
            ):
                yield self._decide(name, account)

    def apply(self, target: Target) -> Outcome:
        """Make the write for one account, if it is still as it was planned.

        :raises TokensPluginError: the wiki refused, or its answer was lost
        """
        facts = target.decision.facts
        with _discreet([target]):
            try:
                self._write(target.name, _expected(facts))
            except StateConflict as error:
                if error.code != 'editconflict':
                    # What this write did itself is settled by reading.
                    raise
                return self._changed_meanwhile(target)
        return Outcome(State.DONE, changed=True)

    def settle(
        self, targets: Sequence[Target]
    ) -> Iterator[tuple[Target, Outcome | None]]:
        """Read whether writes of unknown outcome took effect; None if not."""
        with _discreet(targets):
            accounts = self.site.global_accounts([_name(t) for t in targets])
            for target, account in zip(targets, accounts, strict=True):
                if not self._is_wanted(account):
                    yield target, None
                    continue
                ours = self._hides or self._made_by(
                    target.operator, self._latest_entry(account.name)
                )
                yield (
                    target,
                    Outcome(State.DONE, changed=ours, detail='found by reading'),
                )

    @property
    def _hides(self) -> bool:
        return self.hidden is not None

    def _held_unread(self, name: str) -> Held | None:
        kind = kind_of(name)
        if kind is AccountKind.IP:
            return Held.IP
        if kind is AccountKind.TEMPORARY:
            return Held.TEMPORARY
        if self.locked is False:
            return None
        if name == self.guards.operator:
            return Held.OPERATOR
        if name in self.guards.excluded:
            return Held.EXCLUDED
        return None

    def _decide(self, name: str, account: GlobalAccount) -> Decision:
        held = self._held(account)
        if held is None and self.locked is not False and _is_established(account):
            # The listing does not tell the groups on each wiki.
            if account.attached is None:
                account = self.site.global_account(account.name)
            if account.local_groups:
                held = Held.LOCAL_GROUP
        return Decision(
            name,
            central_id=account.central_id,
            hidden=self._hides or account.hidden is not HiddenLevel.NONE,
            held=held,
            facts=account_facts(account),
        )

    def _held(self, account: GlobalAccount) -> Held | None:
        if not account.exists:
            return Held.MISSING
        if self._is_wanted(account):
            return Held.ALREADY
        if self.locked is False:
            return None
        if account.groups:
            return Held.GLOBAL_GROUP
        if (account.edit_count or 0) > self.guards.max_edits:
            return Held.EDITS
        return None

    def _is_wanted(self, account: GlobalAccount) -> bool:
        return (
            account.exists
            and self.locked in (None, account.locked)
            and self.hidden in (None, account.hidden)
        )

    def _write(self, name: str, expected: GlobalAccount | None) -> None:
        self.site.set_global_account_status(
            expected.name if expected else name,
            reason=self.reason,
            locked=self.locked,
            hidden=self.hidden,
            expected=expected,
        )

    def _changed_meanwhile(self, target: Target) -> Outcome:
        """Look again at an account that is not as it was planned."""
        account = self.site.global_account(_name(target))
        if not account.exists:
            raise NoSuchAccount(
                'nosuchuser', 'it is gone since the plan', str(self.site)
            )
        expected = _expected(target.decision.facts)
        if expected is not None and account.state == expected.state:
            raise OutcomeUnknown(
                f'{self.site} says that the account was changed, and shows it '
                'unchanged: its databases lag.'
            )
        decision = self._decide(target.name, account)
        if decision.held is Held.ALREADY:
            entry = self._latest_entry(account.name)
            by = entry and entry.by
            return Outcome(
                State.DONE, detail=f'done meanwhile by {by or "somebody else"}'
            )
        if decision.held is not None:
            return Outcome(
                State.FAILED,
                detail=f'changed since the plan, and now held back: '
                f'{decision.held.value}',
            )
        self._write(target.name, _expected(decision.facts))
        return Outcome(State.DONE, changed=True, detail='changed since the plan')

    def _latest_entry(self, name: str) -> LockLogEntry | None:
        return next(self.site.lock_log(name, total=1), None)

    def _made_by(self, operator: str | None, entry: LockLogEntry | None) -> bool:
        return (
            entry is not None and entry.by == operator and entry.comment == self.reason
        )


class UndoGlobalLock(GlobalLock):
    """Unlock what a campaign has locked, where nobody touched it since.

    Accounts are found by their central id, so that a rename does not hide them, and
    another account of the same name is not hit.

    .. version-added:: 0.1
    """

    kind = 'undo_global_lock'

    def __init__(
        self,
        site: Any,
        *,
        reason: str,
        operator: str,
        undone: Campaign,
        recorded: Callable[[Sequence[str]], Mapping[str, Target]],
    ) -> None:
        """Say which campaign is undone.

        :param site: the central wiki
        :param reason: for the log
        :param operator: who undoes it
        :param undone: the campaign
        :param recorded: returns its targets by their names
        """
        super().__init__(
            site, reason=reason, guards=Guards(operator=operator), locked=False
        )
        self._undone = undone
        self._recorded = recorded

    def plan(self, names: Sequence[str]) -> Iterator[Decision]:
        """Decide on accounts that the campaign has locked."""
        recorded = self._recorded(names)
        targets = [recorded[name] for name in names]
        ids = [target.decision.central_id or 0 for target in targets]
        with _discreet(targets):
            for target, account in zip(
                targets, self.site.global_accounts_by_id(ids), strict=True
            ):
                yield self._decide_undo(target, account)

    def _decide_undo(self, target: Target, account: GlobalAccount) -> Decision:
        held = self._held(account)
        facts = account_facts(account)
        if held is None and account.hidden is not HiddenLevel.NONE:
            # Its entries are in the suppression log, with those of everything else.
            held = Held.LOG_HIDDEN
        if held is None:
            names = dict.fromkeys((target.name, account.name))
            entries = [e for n in names if (e := self._latest_entry(n))]
            latest = max(entries, key=lambda entry: entry.log_id, default=None)
            if not self._is_its_own(latest, target):
                held = Held.CHANGED_SINCE
                facts['changed_by'] = latest and latest.by
        return Decision(
            target.name,
            central_id=account.central_id,
            hidden=target.decision.hidden or account.hidden is not HiddenLevel.NONE,
            held=held,
            facts=facts,
        )

    def _is_its_own(self, entry: LockLogEntry | None, target: Target) -> bool:
        return (
            entry is not None
            and entry.comment == self._undone.reason
            and 'locked' in entry.added
            and target.may_have_written_at(entry.timestamp, by=entry.by)
        )


def _discreet(targets: Sequence[Target]) -> AbstractContextManager[None]:
    """Keep names that must not be shown out of what is logged meanwhile."""
    labels = {t.name: t.label for t in targets if t.decision.hidden}
    return redactor.hiding(labels) if labels else nullcontext()


def account_columns(target: Target) -> dict[str, str]:
    """Return what the facts of a global account tell the operator, by heading."""
    facts = target.decision.facts
    groups = list(facts.get('groups') or ())
    groups += [
        f'{group} on {wiki}'
        for wiki, names in (facts.get('local_groups') or {}).items()
        for group in names
    ]
    registration, edits = facts.get('registration'), facts.get('edits')
    return {
        'registered': str(registration)[:10] if registration else '',
        'home': facts.get('home') or '',
        'edits': '' if edits is None else str(edits),
        'groups': ', '.join(groups),
    }


def account_facts(account: GlobalAccount) -> dict[str, Any]:
    """Return what the ledger keeps of a global account."""
    if not account.exists:
        return {}
    return {
        'name': account.name,
        'central_id': account.central_id,
        'locked': account.locked,
        'hidden': account.hidden.value,
        'home': account.home,
        'groups': list(account.groups),
        'local_groups': {k: list(v) for k, v in account.local_groups.items()},
        'edits': account.edit_count,
        'registration': account.registration and account.registration.isoformat(),
    }


def _is_established(account: GlobalAccount) -> bool:
    return account.edit_count is None or account.edit_count > ESTABLISHED_EDITS


def _expected(facts: Mapping[str, Any]) -> GlobalAccount | None:
    """Return the account as it was planned, where the wiki can check that."""
    hidden = HiddenLevel(facts['hidden'])
    if hidden is HiddenLevel.UNKNOWN:
        return None
    return GlobalAccount(
        name=facts['name'],
        exists=True,
        central_id=facts['central_id'],
        locked=facts['locked'],
        hidden=hidden,
    )


def _name(target: Target) -> str:
    """Return the present name, which differs where an account was renamed."""
    return str(target.decision.facts.get('name') or target.name)
