"""Locking, unlocking and hiding global accounts, as actions of a campaign.

They decide whom to skip, make the one write, and reconcile by reading whether it
took effect; looping, retrying and recording is the engine's work.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from mw_tokens_plugin.campaign.action import Action
from mw_tokens_plugin.campaign.records import (
    Campaign,
    Decision,
    Outcome,
    SkipReason,
    State,
    Target,
    may_be_reason,
)
from mw_tokens_plugin.campaign.report.hiding import hiding
from mw_tokens_plugin.exceptions import NoSuchAccount, StateConflict
from mw_tokens_plugin.messages import message
from mw_tokens_plugin.protocol.fields import timestamp
from mw_tokens_plugin.protocol.globalaccounts import (
    GlobalAccount,
    HiddenLevel,
    LockLogEntry,
)
from mw_tokens_plugin.protocol.names import AccountKind, kind_of
from mw_tokens_plugin.site.mixins import PluginMixin
from mw_tokens_plugin.site.redaction import redactor
from mw_tokens_plugin.targets.accounts import does_not_exist, read_accounts

#: What is said of an account of which the wikis cannot be read.
WIKIS_UNKNOWN = 'it breaks down over the list of the wikis that the account is on'

#: Accounts with more edits than this are asked for their groups on all wikis.
ESTABLISHED_EDITS = 10


@dataclass(frozen=True, slots=True)
class Guards:
    """Whom a lock never hits.

    :ivar operator: the account that carries it out
    :ivar max_edits: accounts with more global edits are skipped
    :ivar excluded: names that are skipped
    :ivar ignored_groups: groups on wikis whose members are not skipped for that
    """

    operator: str
    max_edits: int = 50
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
        """Say what is to be done to every account.

        :param site: the central wiki
        :param reason: for the log
        :param guards: whom to skip
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
        """Say in a word or two what is done to an account."""
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
                    yield _at(looked_at, self._decide(name, account))

    def look_again(
        self, targets: Sequence[Target]
    ) -> Iterator[tuple[Target, Outcome | None]]:
        """Read accounts before writes by a plan that is not fresh.

        Whoever has got a group or become a contributor since is left alone; what
        is done already is not sent.
        """
        with hiding(targets):
            accounts = read_accounts(
                self.site, [_name(t) for t in targets], self.site.global_accounts
            )
            for target, (_, account) in zip(targets, accounts, strict=True):
                if isinstance(account, Exception):
                    yield target, _skipped_now(SkipReason.UNREADABLE)
                else:
                    outcome = self._looked_again(target, account)
                    yield target, outcome and _seen(account, outcome)

    def _looked_again(self, target: Target, account: GlobalAccount) -> Outcome | None:
        if account.central_id != target.decision.central_id:
            # The write, which expects the other one, finds out.
            return None
        skipped = self._decide(target.name, account).skipped
        if skipped in self.done:
            return self._found_done(target, account)
        return (
            None if skipped in (None, SkipReason.SUPPRESSED) else _skipped_now(skipped)
        )

    def apply(self, target: Target) -> Outcome:
        """Make the write for one account, if it is still as it was planned.

        :raises TokensPluginError: the wiki refused, or its answer was lost
        """
        if target.name in self.guards.excluded:
            # It was put into a standing list after the plan was made.
            return Outcome(
                State.FAILED,
                detail=f'skipped: {SkipReason.EXCLUDED.value}',
                reason_code=SkipReason.EXCLUDED.name,
            )
        with hiding([target]):
            if target.decision.facts.get('found_done'):
                (account,) = self.site.global_accounts([_name(target)])
                if self._is_wanted(account):
                    return _seen(account, self._found_done(target, account))
            try:
                return self._write(_planned(target.decision.facts))
            except StateConflict as error:
                return self._changed_meanwhile(target, error)

    def reconcile(
        self, targets: Sequence[Target]
    ) -> Iterator[tuple[Target, Outcome | None]]:
        """Read whether writes of unknown outcome took effect; None if not.

        Where the wiki does not tell how far an account is hidden, only the suppression
        log shows it. If that is not to be read, the next write finds out: none is sent
        without saying which level it expects.
        """
        with hiding(targets):
            accounts = self.site.global_accounts([_name(t) for t in targets])
            for target, account in zip(targets, accounts, strict=True):
                if not self._may_be_wanted(account):
                    yield target, None
                    continue
                entry = self._latest_entry(account)
                ours = self._is_own(entry, target)
                if not ours and not self._is_wanted(account):
                    yield target, None
                elif ours or (entry is None and self._hides):
                    # Who may not read the suppression log has nothing but the state.
                    done = Outcome(State.DONE, changed=True, detail='found by reading')
                    yield target, _seen(account, done)
                else:
                    yield target, _seen(account, _done_by_others(entry))

    @property
    def _hides(self) -> bool:
        return self.hidden is not None

    def _skip_unread(self, name: str) -> SkipReason | None:
        kind = kind_of(name)
        if kind is AccountKind.IP:
            return SkipReason.IP
        if kind is AccountKind.TEMPORARY:
            return SkipReason.TEMPORARY
        if name in self.guards.excluded:
            return SkipReason.EXCLUDED
        if name == self.guards.operator and self.locked is not False:
            return SkipReason.OPERATOR
        return None

    def _decide(self, name: str, account: GlobalAccount) -> Decision:
        skipped = self._skip_reason(account)
        if skipped is None and self.locked is not False and _is_established(account):
            # The listing does not tell the groups on each wiki.
            if account.attached is None:
                ((_, found),) = read_accounts(
                    self.site, [account.name], _each(self.site.global_account)
                )
                account = account if isinstance(found, Exception) else found
            if is_in_local_group(account, self.guards.ignored_groups):
                skipped = SkipReason.LOCAL_GROUP
            elif account.attached is None:
                skipped = SkipReason.UNREADABLE
        problem = {'problem': WIKIS_UNKNOWN} if skipped is SkipReason.UNREADABLE else {}
        return Decision(
            name,
            central_id=account.central_id,
            hidden=self._hides or account.hidden is not HiddenLevel.NONE,
            skipped=skipped,
            facts={**account_facts(account), **problem},
        )

    def _skip_reason(self, account: GlobalAccount) -> SkipReason | None:
        if not account.exists:
            return SkipReason.MISSING
        if self._is_wanted(account):
            farther = account.hidden.is_at_least(HiddenLevel.SUPPRESSED)
            is_lower = self.hidden is HiddenLevel.LISTS and farther
            return SkipReason.SUPPRESSED if is_lower else SkipReason.ALREADY
        if self.locked is False:
            return None
        if account.groups:
            return SkipReason.GLOBAL_GROUP
        if (account.edit_count or 0) > self.guards.max_edits:
            return SkipReason.EDITS
        return None

    def _is_wanted(self, account: GlobalAccount) -> bool:
        """Tell whether an account is certainly in the state that is asked for.

        One that is hidden farther than is asked for is: nothing is ever lowered.
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
        """Make the write for an account, if it is in the state in which it is given.

        Where it is not known how far it is hidden, each level that it may be is
        expected in turn, and the wiki accepts the right one. So no write lowers a
        level, or meets a state that was not looked at.

        :raises StateConflict: it is in none of these states
        """
        levels = list(account.hidden.possible)
        # What a write whose answer was lost has made of it comes first.
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

    def _changed_meanwhile(self, target: Target, error: StateConflict) -> Outcome:
        """Look again at an account that is not as it was planned.

        :raises LostRace: it is shown as it was planned all the same
        """
        (account,) = self.site.global_accounts([_name(target)])
        if not account.exists:
            raise NoSuchAccount(
                'nosuchuser', 'it is gone since the plan', str(self.site)
            )
        if self._is_wanted(account):
            return _seen(account, self._found_done(target, account))
        if account.state == _planned(target.decision.facts).state and (
            account.hidden is not HiddenLevel.UNKNOWN
        ):
            # Its databases lag, or whoever was faster has failed.
            raise error
        decision = self._decide(target.name, account)
        if decision.skipped is not None:
            return _seen(account, _skipped_now(decision.skipped))
        with hiding([replace(target, decision=decision)]):
            outcome = self._write(_planned(decision.facts))
        if not outcome.changed:
            return _seen(account, self._found_done(target, account))
        return _seen(account, replace(outcome, detail='changed since the plan'))

    def _found_done(self, target: Target, account: GlobalAccount) -> Outcome:
        """Say by the log who has brought an account into the state asked for."""
        entry = self._latest_entry(account)
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

    def _moment(self) -> str:
        """Return what time it is by the wiki's clock, as its log writes it."""
        return f'{self.site.tokens.session.clock.now():%Y-%m-%dT%H:%M:%SZ}'

    def _latest_entry(self, account: GlobalAccount) -> LockLogEntry | None:
        """Return the latest entry about an account, in the log that has it."""
        is_hidden = account.hidden is not HiddenLevel.NONE
        log = self.site.lock_log(account.name, total=1, suppressed=is_hidden)
        return next(log, None)

    def _is_own(self, entry: LockLogEntry | None, target: Target) -> bool:
        """Tell whether an entry of the log is that of a write for a target."""
        return entry is not None and is_own_entry(
            entry, target, self.reason, locked=self.locked, hidden=self.hidden
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
        site: PluginMixin,
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
        looked_at = self._moment()
        with hiding(targets):
            accounts = read_accounts(self.site, ids, self.site.global_accounts_by_id)
            for target, (_id, account) in zip(targets, accounts, strict=True):
                if isinstance(account, Exception):
                    hidden = target.decision.hidden
                    yield unreadable(target.name, account, hidden=hidden)
                else:
                    yield _at(looked_at, self._decide_undo(target, account))

    def look_again(
        self, targets: Sequence[Target]
    ) -> Iterator[tuple[Target, Outcome | None]]:
        """Read accounts, and the log of their locks, by a plan that is not fresh."""
        by_name = {target.name: target for target in targets}
        for decision in self.plan(list(by_name)):
            target, skipped = by_name[decision.name], decision.skipped
            if skipped in self.done:
                (account,) = self.site.global_accounts([_name(target)])
                yield target, _seen(account, self._found_done(target, account))
            elif skipped is None:
                yield target, None
            else:
                yield target, replace(_skipped_now(skipped), hidden=decision.hidden)

    def _decide_undo(self, target: Target, account: GlobalAccount) -> Decision:
        skipped = self._skip_reason(account)
        facts = account_facts(account)
        if skipped is None and account.hidden is not HiddenLevel.NONE:
            # Its entries are in the suppression log, with those of everything else.
            skipped = SkipReason.LOG_HIDDEN
        if skipped is None:
            names = dict.fromkeys((target.name, account.name))
            present = [replace(account, name=name) for name in names]
            entries = [e for a in present if (e := self._latest_entry(a))]
            latest = max(entries, key=lambda entry: entry.log_id, default=None)
            reason = self._undone.reason
            if latest is None or not is_own_entry(latest, target, reason, locked=True):
                skipped = SkipReason.CHANGED_SINCE
                facts['changed_by'] = latest and latest.by
        return Decision(
            target.name,
            central_id=account.central_id,
            hidden=target.decision.hidden or account.hidden is not HiddenLevel.NONE,
            skipped=skipped,
            facts=facts,
        )


def is_own_entry(
    entry: LockLogEntry,
    target: Target,
    reason: str,
    *,
    locked: bool | None = None,
    hidden: HiddenLevel | None = None,
) -> bool:
    """Tell whether an entry of the log is that of a campaign's write for a target.

    :param entry: the entry
    :param target: the target, with the time of its last attempt
    :param reason: that of the campaign
    :param locked: whether the write was to lock or to unlock it; None for neither
    :param hidden: how far the write was to hide it
    """
    if not _is_change(entry, locked, hidden):
        return False
    if target.log_id is not None:
        return bool(entry.log_id == target.log_id)
    is_ours = target.may_have_written_at(entry.timestamp, by=entry.by)
    return is_ours and may_be_reason(entry.comment, reason)


def is_own_since_plan(
    entry: LockLogEntry,
    target: Target,
    reason: str,
    *,
    locked: bool | None = None,
    hidden: HiddenLevel | None = None,
) -> bool:
    """Tell whether an entry of the log is that of any write for a target.

    The parameters are those of :func:`is_own_entry`.
    """
    if is_own_entry(entry, target, reason, locked=locked, hidden=hidden):
        return True
    planned = timestamp(target.decision.facts.get('looked_at'))
    return (
        _is_change(entry, locked, hidden)
        and planned is not None
        and entry.timestamp >= planned
        and entry.by == target.operator
        and may_be_reason(entry.comment, reason)
    )


def _is_change(
    entry: LockLogEntry, locked: bool | None, hidden: HiddenLevel | None
) -> bool:
    """Tell whether an entry of the log is that of a change that was asked for."""
    changed = {
        True: 'locked' in entry.added,
        False: 'locked' in entry.removed,
        None: False,
    }[locked]
    if hidden is not None:
        changed |= _WORDS[hidden] in entry.added
    return changed


#: What the log calls the levels.
_WORDS = {HiddenLevel.LISTS: 'hidden', HiddenLevel.SUPPRESSED: 'oversighted'}


def _skipped_now(skipped: SkipReason) -> Outcome:
    detail = f'changed since the plan, and skipped: {skipped.value}'
    return Outcome(State.FAILED, detail=detail, reason_code=skipped.name)


def _seen(account: GlobalAccount, outcome: Outcome) -> Outcome:
    """Return how a target ends whose account was read, which may have been hidden."""
    return replace(outcome, hidden=account.hidden is not HiddenLevel.NONE)


def _at(moment: str, decision: Decision) -> Decision:
    """Return a decision with the moment at which the wiki was read."""
    if not decision.facts:
        return decision
    return replace(decision, facts={**decision.facts, 'looked_at': moment})


def _done_by_others(entry: LockLogEntry | None) -> Outcome:
    by = (entry and entry.by) or 'somebody else'
    return Outcome(State.DONE, detail=f'done meanwhile by {by}')


def account_columns(target: Target) -> dict[str, str]:
    """Return what the facts of a global account tell the operator, by heading."""
    facts = target.decision.facts
    groups = list(facts.get('groups') or ())
    groups += [
        message('campaign-group-on-wiki', group=group, wiki=wiki)
        for wiki, names in (facts.get('local_groups') or {}).items()
        for group in names
    ]
    registration, edits = facts.get('registration'), facts.get('edits')
    return {
        message('campaign-column-registered'): str(registration)[:10]
        if registration
        else '',
        message('campaign-column-home'): facts.get('home') or '',
        message('campaign-column-edits'): '' if edits is None else str(edits),
        message('campaign-column-groups'): ', '.join(groups),
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


def is_in_local_group(account: GlobalAccount, ignored: frozenset[str]) -> bool:
    """Tell whether an account is in a group on any wiki.

    :param ignored: groups that do not count
    """
    return any(not ignored.issuperset(g) for g in account.local_groups.values())


def unreadable(name: str, error: Exception, *, hidden: bool = False) -> Decision:
    """Return the decision on an account that the wiki answers an error about.

    :param error: the error
    :param hidden: whether the name must not be shown
    """
    skipped = SkipReason.MISSING if does_not_exist(error) else SkipReason.UNREADABLE
    return Decision(name, hidden=hidden, skipped=skipped, facts={'problem': str(error)})


def _each(
    read: Callable[[str], GlobalAccount],
) -> Callable[[Sequence[str]], list[GlobalAccount]]:
    return lambda names: list(map(read, names))


def _is_established(account: GlobalAccount) -> bool:
    return account.edit_count is None or account.edit_count > ESTABLISHED_EDITS


def _planned(facts: Mapping[str, Any]) -> GlobalAccount:
    """Return an account as it was planned, as far as a write depends on it."""
    return GlobalAccount(
        name=facts['name'],
        exists=True,
        central_id=facts['central_id'],
        locked=facts['locked'],
        hidden=HiddenLevel(facts['hidden']),
    )


def _name(target: Target) -> str:
    """Return the present name, which differs where an account was renamed."""
    return str(target.decision.facts.get('name') or target.name)
