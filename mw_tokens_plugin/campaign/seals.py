"""Seals: what an operator's key vouches for in a ledger that others can write.

Theory of operation. Anybody who can write to the ledger could add a target, mark a plan
as confirmed, or change its reason. So each target has the seal of the operator who
listed it, decided on it, or wrote for it. Each plan has a seal of its own, which is
made when the operator may run it: at once for targets that the operator has listed, and
after a check for those that others have added. A target counts if its own seal and that
of its plan are right. All seals are bound to the campaign as a whole: its kind, wiki,
operator, reason and options, and to the account that runs it; those of plans also to
what may change, such as the page that stops it.

How many targets a key has sealed is sealed too (:mod:`.tally`), since a target that was
deleted has no seal that could be wrong.

Seals do not show that a ledger was replaced by an older copy of it. Nothing here reads
or writes a wiki.
"""

from __future__ import annotations

import hmac
import secrets
from collections.abc import Callable, Collection, Iterator, Mapping, Set
from dataclasses import replace
from functools import partial
from typing import Any

import sqlalchemy as sa

from mw_tokens_plugin.campaign.ledger import Ledger
from mw_tokens_plugin.campaign.numbersets import NumberSet
from mw_tokens_plugin.campaign.records import (
    Campaign,
    Decision,
    State,
    Step,
    Target,
    now,
)
from mw_tokens_plugin.campaign.rows import stored
from mw_tokens_plugin.campaign.sealcontent import (
    SUPERSEDED,
    TRANSIENT_FACTS,
    Plan,
    agreed,
    content,
)
from mw_tokens_plugin.campaign.sealedplans import SealedPlans, is_same
from mw_tokens_plugin.campaign.sealkey import Key
from mw_tokens_plugin.campaign.sealtexts import replaced, seals_in
from mw_tokens_plugin.campaign.tally import Comparison, Tally
from mw_tokens_plugin.exceptions import InvalidInput, StoppedByGuard

#: With what the ids of plans begin whose keys have sealed the number of targets, too.
_COUNTED = 'n'

#: States in which nothing is left to do for a target.
_ENDED = frozenset({State.DONE, State.FAILED, State.SKIPPED})

#: States in which something is left to write.
_TO_DO = frozenset({State.PLANNED, State.LEASED})


class Sealer:
    """Seals the targets of one campaign for one operator, and judges their seals.

    .. version-added:: 0.1
    """

    def __init__(
        self, key: Key, ledger: Ledger, campaign: Campaign, account: str
    ) -> None:
        """Read which plans the key has sealed.

        :param account: who carries it out
        """
        self.key = key
        self._ledger = ledger
        self._account = account
        self._campaign = campaign
        self._keys: dict[str, bytes] = {}
        self._of_other_accounts: dict[str, Plan] = {}
        self._compared: Comparison | None = None
        self._rows = SealedPlans(key, ledger, campaign, account)
        with ledger.database.begin() as connection:
            found = self._rows.read(connection, campaign)
            self._tally = self._rows.tally(connection)
        self._plans = {plan.id: plan for plan in found}
        #: Plans of earlier runs that were not confirmed then: what they had may not be
        #: there when this run shows the plan, and be put back later.
        self._earlier = {p.id for p in self._plans.values() if not p.confirmed}
        self._renewals: dict[str, Plan] = {}
        #: The plan of what the operator has listed, and of what others have added.
        self._own: Plan | None = None
        self._pending: Plan | None = None
        #: The decisions on targets that others have added or chosen, without the facts:
        #: others who see their seals in the ledger can remove targets while the plan is
        #: shown, and add them again later.
        self._decided: dict[tuple[str, str], Decision] = {}
        #: Targets that this process has ended. If they are in the plan again, with the
        #: seals that they had there, somebody else has put them back.
        self._ended = NumberSet()
        #: How many targets this process has decided to do.
        self.planned = 0

    @property
    def key_id(self) -> str:
        """What the seals of this operator begin with."""
        return self.key.id

    @property
    def has_colleagues(self) -> bool:
        """Whether others have sealed plans of this campaign, rightly or not."""
        return bool(self._rows.of_colleagues)

    @property
    def has_pending(self) -> bool:
        """Whether something was planned that others have added."""
        return self._pending is not None

    @property
    def has_unconfirmed(self) -> bool:
        """Whether a run before this one has made a plan that was not confirmed."""
        return any(not self._plans[each].is_superseded for each in self._earlier)

    @property
    def is_confirmed(self) -> bool:
        """Whether the operator has agreed to all that the key has sealed."""
        plans = [plan for plan in self._plans.values() if not plan.is_superseded]
        return bool(plans) and all(plan.confirmed for plan in plans)

    @property
    def pending(self) -> Mapping[tuple[str, str], Decision]:
        """The decisions on targets that others have added or chosen.

        They are by name and kind, and those of this run alone.
        """
        return self._decided

    def begin(self, *, confirmed: bool = False) -> None:
        """Begin another plan of what this operator has listed or planned.

        :param confirmed: whether the operator has agreed to it before
        """
        if self._tally is None:
            self._tally = self._rows.change_tally(lambda old: old or Tally())
        plan = Plan(_new_id(), now(), confirmed)
        self._rows.write(plan, self._campaign)
        self._plans[plan.id] = self._own = plan

    def vouched(self, target: Target) -> Plan | None:
        """Return the plan by which the operator has a target as it is, if it is one."""
        to_do = target.state in _TO_DO
        # It was sealed as one that is skipped.
        is_skipped = target.decision.skipped is not None
        if to_do and (is_skipped or target.id in self._ended):
            return None
        stages = {
            State.LISTED: ('listed', 'decided'),
            State.DONE: ('ended',),
        }.get(target.state, ('decided',))
        return self._sealed_in(target, stages, self._plans)

    def _sealed_in(
        self, target: Target, stages: Collection[str], plans: Mapping[str, Plan]
    ) -> Plan | None:
        """Return the plan of a seal that is right for one of some stages."""
        not_skipped = target.decision.skipped is None
        for seal in seals_in(target.seals):
            key_id, _, rest = seal.partition(':')
            plan_id, _, digest = rest.partition(':')
            plan = plans.get(plan_id) or self._if_pending(plan_id)
            if key_id != self.key.id or plan is None:
                continue
            for stage in stages:
                if plan.is_superseded and stage == 'decided' and not_skipped:
                    # What has failed, or ended, was sealed by a later plan.
                    continue
                if is_same(digest, self._digest(plan, stage, target)):
                    return plan
        return None

    def listed(self, step: Step) -> str:
        """Return the seal of a target that this operator has listed."""
        return self._seal(self._of_own(), 'listed', _unread(step))

    def decided(self, decision: Decision, *, own: bool) -> str:
        """Return the seal of a decision.

        :param own: whether the operator has listed or planned the target before
        """
        if not own and self._pending is None:
            self._pending = Plan(_new_id(), now())
        plan = self._of_own() if own else self._pending
        assert plan is not None
        self.planned += decision.skipped is None
        by_others = plan is self._pending or self._campaign.options.get('untrusted')
        if by_others and decision.skipped is None:
            self._decided[decision.name, decision.kind] = replace(decision, facts={})
        decision = replace(decision, facts=stored(decision.facts))
        return self._seal(plan, 'decided', Target(0, decision, State.PLANNED))

    def renewed(self, target: Target) -> str | None:
        """Return the seal of another plan for what an earlier one had, if it had it.

        Only what this run shows is confirmed.
        """
        plan = self.vouched(target)
        if plan is None or plan.id not in self._earlier:
            return None
        renewal = self._renewals.get(plan.id)
        if renewal is None:
            # The wiki was read when the earlier one was made.
            renewal = Plan(_new_id(), plan.made_at)
            self._rows.write(renewal, self._campaign)
            self._plans[renewal.id] = self._renewals[plan.id] = renewal
        decision = target.decision
        self._decided[decision.name, decision.kind] = replace(decision, facts={})
        return self._seal(renewal, 'decided', target)

    def is_ours(self, target: Target) -> bool:
        """Tell whether the last attempt at a target was by this operator's account.

        Anybody could have named another one there, whose work would be found in the
        wiki's log and taken for that of the campaign.
        """
        return target.account == self._account

    def has_ended(self, name: str, target: Target) -> bool:
        """Tell whether the key vouches for a target of another campaign that has ended.

        :param name: that of the campaign
        """
        try:
            campaign = self._ledger.find(name)
        except InvalidInput:
            return False
        if campaign is None:
            return False
        other = Sealer(self.key, self._ledger, campaign, self._account)
        return other.vouched(target) is not None

    def ended(self, target: Target) -> str:
        """Return the seal of a target that has ended, as the ledger has it then."""
        self._ended.add(target.id)
        lasting = (p for p in self._plans.values() if p.id not in self._earlier)
        plan = next(lasting, None) or self._of_own()
        if target.state is State.DONE:
            return self._seal(plan, 'ended', target)
        # What has failed may be decided on again.
        seals = [self._seal(plan, stage, target) for stage in ('failed', 'decided')]
        return replaced(' '.join(seals), target.seals)

    def judged(self) -> Iterator[tuple[Target, bool]]:
        """Yield all targets, and whether the key vouches for them as they are now.

        What it vouches for on behalf of another account is not missed, but not yielded
        as one's own. At its end it is known what :meth:`compared` returns.
        """
        own = by_others = of_colleagues = 0
        plans = self._with_later_plans()
        colleagues = self._of_colleagues()
        for target in self._ledger.targets(self._campaign):
            is_own = self._is_accounted(target, plans)
            is_known = is_own or self._is_of_other_account(target)
            own += is_known
            by_others += not is_known and target.state in _ENDED
            of_colleagues += not is_known and any(
                seal.rpartition(':')[0] in colleagues for seal in seals_in(target.seals)
            )
            yield target, is_own
        tally = self._tally or Tally()
        self._compared = Comparison(
            found=Tally(own, by_others),
            missing=max(0, tally.own - own),
            ended=max(0, by_others - tally.ended_by_others),
            of_colleagues=of_colleagues,
            is_uncounted=self._tally is None
            and any(plan_id.startswith(_COUNTED) for plan_id in self._plans),
        )

    def compare(self) -> Comparison:
        """Compare all targets with what the key has sealed."""
        for _ in self.judged():
            pass
        return self.compared()

    def compared(self) -> Comparison:
        """Return what :meth:`judged` has found, when all of it was read."""
        assert self._compared is not None
        return self._compared

    def skipped_stages(self, *, joined: bool) -> StoppedByGuard | None:
        """Return the error if others have ended targets of the stages before.

        :param joined: whether runs of colleagues may have ended them
        """
        compared = self.compare()
        if not compared.is_other or (joined and self.has_colleagues):
            return None
        return StoppedByGuard(
            f'The first steps of {self._campaign.name!r} have not ended as your key '
            'recorded them: others have deleted, changed or ended targets in the '
            'ledger, so the next step was not started. Look at it first, at a '
            'terminal or by resuming it with -simulate.'
        )

    def may_be_less(self, number: int) -> bool:
        """Tell whether there may be fewer targets than the key has sealed.

        :param number: how many there are
        """
        return self._tally is None or number < self._tally.own

    def count(self, listed: int) -> None:
        """Seal that there are more targets, which this operator has listed.

        :param listed: how many
        """
        self._tally = self._rows.change_tally(
            lambda old: replace(old or Tally(), own=(old or Tally()).own + listed)
        )

    def _with_later_plans(self) -> Mapping[str, Plan]:
        """Return all plans of the key, those that its other runs have made since too.

        What these have confirmed is no plan of this run.
        """
        ledger, campaign = self._ledger, self._campaign
        there = ledger.find(campaign.name)
        with ledger.database.begin() as connection:
            found = self._rows.read(connection, campaign)
            if there is not None and there.options != campaign.options:
                found += self._rows.read(connection, agreed(campaign, there))
            self._tally = self._rows.tally(connection) or self._tally
            for account in self._rows.other_accounts(connection):
                self._read_of_account(connection, account)
        return {**{plan.id: plan for plan in found}, **self._plans}

    def _read_of_account(self, connection: sa.Connection, account: str) -> None:
        """Read which plans the key has sealed for another account of its operator."""
        for plan in self._rows.read(connection, self._campaign, account):
            if plan.id not in self._plans:
                self._of_other_accounts[plan.id] = plan
                self._keys[plan.id] = self._rows.key_of(plan, account)

    def _of_colleagues(self) -> Set[str]:
        """Return with what seals begin that others with plans here have made.

        So does what another account of this operator has sealed, which may have been
        killed before it recorded what it had sent.
        """
        of_accounts = {
            f'{self.key.id}:{plan_id}' for plan_id in self._of_other_accounts
        }
        return self._rows.of_colleagues | of_accounts

    def _is_accounted(self, target: Target, plans: Mapping[str, Plan]) -> bool:
        # Versions that did not count have sealed no failure either.
        if target.state is State.FAILED and self._tally is not None:
            return self._sealed_in(target, ('failed',), plans) is not None
        if target.state is State.DONE:
            return self._sealed_in(target, ('ended',), plans) is not None
        return self.vouched(target) is not None

    def _is_of_other_account(self, target: Target) -> bool:
        """Tell whether the key vouches for a target as another account has left it."""
        if not self._of_other_accounts:
            return False
        is_planned = target.decision.skipped is None
        if target.state is State.DONE:
            stage = 'ended'
        elif target.state is State.FAILED:
            stage = 'failed'
        elif is_planned == (target.state in _TO_DO):
            stage = 'decided'
        else:
            return False
        return self._sealed_in(target, (stage,), self._of_other_accounts) is not None

    def is_same(self, target: Target, decision: Decision) -> bool:
        """Tell whether a decision is what the ledger has already."""
        decision = replace(decision, facts=stored(decision.facts))
        return self._content('decided', target) == self._content(
            'decided', replace(target, decision=decision)
        )

    def adopt(self) -> None:
        """Seal what others have added, after it was checked."""
        if self._pending is not None:
            self._rows.write(self._pending, self._campaign)
            self._plans[self._pending.id] = self._pending
            self._pending = None
        self._decided = {}
        if self._compared is not None:
            # The operator has been told what is different.
            found, self._compared = self._compared.found, None
            self._tally = self._rows.change_tally(lambda _old: found)
        for plan_id in self._earlier:
            plan = self._plans[plan_id]
            if not plan.is_superseded:
                self._rewrite(replace(plan, made_at=SUPERSEDED))

    def confirm(self) -> None:
        """Keep that the operator has agreed to all of it."""
        self.adopt()
        for plan in list(self._plans.values()):
            if not plan.confirmed and plan.id not in self._earlier:
                self._rewrite(replace(plan, confirmed=True))

    def move_to(self, campaign: Campaign) -> None:
        """Seal the same plans for a campaign after a change that may be made."""
        self._campaign = campaign
        for plan in list(self._plans.values()):
            self._rewrite(plan)

    def keep(self, name: str, change: Callable[[Any], Any]) -> Campaign:
        """Store an option that may be changed, and seal the same plans with it.

        What another run of this operator stores at the same moment is kept and sealed
        as well; what somebody else has stored is kept and not sealed.

        :param change: returns the new value for the present one, which may be None
        :return: the campaign with what is sealed
        :raises InvalidInput: others have made its options unreadable
        """
        self._campaign, plans = self._ledger.database.transact(
            partial(self._keep, name, change)
        )
        self._plans.update(plans)
        return self._campaign

    def _keep(
        self, name: str, change: Callable[[Any], Any], connection: sa.Connection
    ) -> tuple[Campaign, dict[str, Plan]]:
        ledger = self._ledger
        there = ledger.locked_options(connection, self._campaign)
        campaign, plans = self._campaign, self._plans
        later = agreed(campaign, replace(campaign, options=there))
        found = {plan.id: plan for plan in self._rows.read(connection, later)}
        if found.keys() >= plans.keys():
            # This operator has sealed what another run has stored.
            campaign, plans = later, found
        option = {name: change(campaign.options.get(name))}
        options = stored({**campaign.options, **option})
        campaign = replace(campaign, options=options)
        ledger.set_options(connection, campaign, {**there, **option})
        for plan in plans.values():
            self._rows.update(connection, plan, campaign)
        return campaign, plans

    def _of_own(self) -> Plan:
        if self._own is None:
            self.begin(confirmed=self.is_confirmed)
        assert self._own is not None
        # It may have been confirmed since.
        return self._plans[self._own.id]

    def _if_pending(self, plan_id: str) -> Plan | None:
        pending = self._pending
        return pending if pending is not None and pending.id == plan_id else None

    def _seal(self, plan: Plan, stage: str, target: Target) -> str:
        return f'{self.key.id}:{plan.id}:{self._digest(plan, stage, target)}'

    def _digest(self, plan: Plan, stage: str, target: Target) -> str:
        key = self._keys.get(plan.id)
        if key is None:
            key = self._keys[plan.id] = self._rows.key_of(plan)
        return hmac.digest(key, self._content(stage, target), 'sha256').hex()[:32]

    def _content(self, stage: str, target: Target) -> bytes:
        kind = target.kind or self._campaign.action
        besides = TRANSIENT_FACTS.get(kind, ()) if stage == 'decided' else ()
        return content(stage, target, besides)

    def _rewrite(self, plan: Plan) -> None:
        self._plans[plan.id] = plan
        with self._ledger.database.begin() as connection:
            self._rows.update(connection, plan, self._campaign)


def _new_id() -> str:
    """Return the number of a new plan."""
    return f'{_COUNTED}{secrets.token_hex(6)[1:]}'


def _unread(step: Step) -> Target:
    decision = Decision(step.name, kind=step.kind, stage=step.stage)
    return Target(0, decision, State.LISTED)
