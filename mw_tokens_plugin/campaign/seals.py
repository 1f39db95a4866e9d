"""Seals: what an operator's key vouches for in a ledger that others can write.

Theory of operation. Anybody who can write to the ledger could add a target, mark a plan
as confirmed, or change its reason. So each target has the seal of the operator who
listed it, decided on it, or wrote for it. Each plan has a seal of its own, which is
made when the operator may run it: at once for targets that the operator has listed, and
after a check for those that others have added. A target counts if its own seal and that
of its plan are right. All seals are bound to the campaign as a whole: its kind, wiki,
operator, reason and options, and to the account that runs it; those of plans also to
what may change, such as the page that stops it.

Seals do not show that a ledger was replaced by an older copy of it. Nothing here reads
or writes a wiki.
"""

from __future__ import annotations

import hmac
import json
import secrets
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from typing import Any

import sqlalchemy as sa

from mw_tokens_plugin.campaign.ledger import Ledger
from mw_tokens_plugin.campaign.records import (
    Campaign,
    Decision,
    State,
    Step,
    Target,
    now,
)
from mw_tokens_plugin.campaign.rows import stored
from mw_tokens_plugin.campaign.schema import plans
from mw_tokens_plugin.campaign.sealkey import Key
from mw_tokens_plugin.campaign.sealtexts import seals_in

#: When a plan was made, as the ledger has it once another one has taken its place.
_SUPERSEDED = datetime(1970, 1, 1)

#: Options that may change while a campaign runs.
_CHANGEABLE = frozenset({'stop_page', 'not_wikis'})


#: Facts that may change between two looks at a target without making it another one,
#: by kind of campaign: accounts continue to edit until they are locked.
_TRANSIENT_FACTS = {
    'global_lock': frozenset({'edits'}),
    'undo_global_lock': frozenset({'edits'}),
    'global_block': frozenset({'edits'}),
}


@dataclass(frozen=True, slots=True)
class Plan:
    """Decisions that were made together, and sealed by one operator.

    :ivar made_at: when that was begun, by the clock of the machine
    :ivar confirmed: whether the operator has agreed to carry it out
    """

    id: str
    made_at: datetime
    confirmed: bool = False

    @property
    def is_superseded(self) -> bool:
        """Whether a later plan has taken its place before it was confirmed."""
        return not self.confirmed and self.made_at == _SUPERSEDED


def agreed(campaign: Campaign, later: Campaign) -> Campaign:
    """Return a campaign as a run has carried it out, at its end.

    .. version-added:: 0.1

    :param campaign: as the run began with it
    :param later: as the ledger has it now, where others may have changed it
    """
    kept = {k: v for k, v in campaign.options.items() if k not in _CHANGEABLE}
    changed = {k: v for k, v in later.options.items() if k in _CHANGEABLE}
    return replace(
        campaign,
        options={**kept, **changed},
        api=later.api,
        wikiid=later.wikiid,
        finished_at=later.finished_at,
    )


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
        self._header = self._bound_to(campaign)
        with ledger.database.begin() as connection:
            found = self._read(connection, campaign)
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
        #: How many targets this process has decided to do.
        self.planned = 0

    @property
    def key_id(self) -> str:
        """What the seals of this operator begin with."""
        return self.key.id

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
        plan = Plan(secrets.token_hex(6), now(), confirmed)
        self._write(plan)
        self._plans[plan.id] = self._own = plan

    def vouched(self, target: Target) -> Plan | None:
        """Return the plan by which the operator has a target as it is, if it is one."""
        to_do = target.state in (State.PLANNED, State.LEASED)
        if to_do and target.decision.skipped is not None:
            # It was sealed as one that is skipped.
            return None
        not_skipped = target.decision.skipped is None
        stages = {
            State.LISTED: ('listed', 'decided'),
            State.DONE: ('ended',),
        }.get(target.state, ('decided',))
        for key_id, plan_id, digest in seals_in(target.seals):
            plan = self._plans.get(plan_id) or self._if_pending(plan_id)
            if key_id != self.key.id or plan is None:
                continue
            for stage in stages:
                if plan.is_superseded and stage == 'decided' and not_skipped:
                    # What has failed, or ended, was sealed by a later plan.
                    continue
                if _is_same(digest, self._digest(plan, stage, target)):
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
            self._pending = Plan(secrets.token_hex(6), now())
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
            renewal = Plan(secrets.token_hex(6), plan.made_at)
            self._write(renewal)
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

    def ended(self, target: Target) -> str:
        """Return the seal of a target that has ended, as the ledger has it then."""
        lasting = (p for p in self._plans.values() if p.id not in self._earlier)
        plan = next(lasting, None) or self._of_own()
        # What has failed may be decided on again.
        stage = 'ended' if target.state is State.DONE else 'decided'
        return self._seal(plan, stage, target)

    def is_same(self, target: Target, decision: Decision) -> bool:
        """Tell whether a decision is what the ledger has already."""
        decision = replace(decision, facts=stored(decision.facts))
        return self._content('decided', target) == self._content(
            'decided', replace(target, decision=decision)
        )

    def adopt(self) -> None:
        """Seal what others have added, after it was checked."""
        if self._pending is not None:
            self._write(self._pending)
            self._plans[self._pending.id] = self._pending
            self._pending = None
        self._decided = {}
        for plan_id in self._earlier:
            plan = self._plans[plan_id]
            if not plan.is_superseded:
                self._rewrite(replace(plan, made_at=_SUPERSEDED))

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
        found = {plan.id: plan for plan in self._read(connection, later)}
        if found.keys() >= plans.keys():
            # This operator has sealed what another run has stored.
            campaign, plans = later, found
        option = {name: change(campaign.options.get(name))}
        options = stored({**campaign.options, **option})
        campaign = replace(campaign, options=options)
        ledger.set_options(connection, campaign, {**there, **option})
        for plan in plans.values():
            self._update(connection, plan, campaign)
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
            key = self._keys[plan.id] = self.key.seal(
                _canonical(['plan', self._header, plan.id])
            )
        return hmac.digest(key, self._content(stage, target), 'sha256').hex()[:32]

    def _content(self, stage: str, target: Target) -> bytes:
        kind = target.kind or self._campaign.action
        besides = _TRANSIENT_FACTS.get(kind, ()) if stage == 'decided' else ()
        return content(stage, target, besides)

    def _read(self, connection: sa.Connection, campaign: Campaign) -> list[Plan]:
        """Return the plans that this operator's key has sealed for a campaign."""
        rows = connection.execute(
            sa.select(plans)
            .where(plans.c.campaign_id == campaign.id)
            .where(plans.c.key_id == self.key.id)
        ).all()
        found = []
        for row in rows:
            plan = Plan(row.id, row.made_at, row.confirmed)
            # SQLite keeps anything in any column.
            is_moment = isinstance(plan.made_at, datetime)
            if is_moment and _is_same(row.seal, self._of(plan, campaign)):
                found.append(plan)
        return found

    def _of(self, plan: Plan, campaign: Campaign) -> str:
        """Return the seal of a plan."""
        changing = [campaign.options.get(name) for name in sorted(_CHANGEABLE)]
        changing += [campaign.api, campaign.wikiid]
        about = [plan.id, plan.made_at.isoformat(), bool(plan.confirmed)]
        return self.key.seal(
            _canonical(['sealed', self._header, changing, about])
        ).hex()

    def _write(self, plan: Plan) -> None:
        self._ledger.database.execute(
            sa.insert(plans).values(
                campaign_id=self._campaign.id,
                id=plan.id,
                key_id=self.key.id,
                made_at=plan.made_at,
                confirmed=plan.confirmed,
                seal=self._of(plan, self._campaign),
            )
        )

    def _rewrite(self, plan: Plan) -> None:
        self._plans[plan.id] = plan
        with self._ledger.database.begin() as connection:
            self._update(connection, plan, self._campaign)

    def _update(
        self, connection: sa.Connection, plan: Plan, campaign: Campaign
    ) -> None:
        connection.execute(
            sa.update(plans)
            .where(plans.c.campaign_id == campaign.id)
            .where(plans.c.id == plan.id)
            .values(
                made_at=plan.made_at,
                confirmed=plan.confirmed,
                seal=self._of(plan, campaign),
            )
        )

    def _bound_to(self, campaign: Campaign) -> list[Any]:
        """Return all that must be the same for a seal to count."""
        options = {k: v for k, v in campaign.options.items() if k not in _CHANGEABLE}
        bound = [
            campaign.name,
            campaign.created_at.isoformat(),
            campaign.action,
            campaign.wiki,
            campaign.operator,
            campaign.reason,
            options,
            self._account,
        ]
        # Versions without stages have sealed only what is above.
        return bound if campaign.stages == 1 else [*bound, campaign.stages]


def _is_same(seal: object, right: str) -> bool:
    """Compare a stored seal, which may be anything, with the right one."""
    there = str(seal).encode('utf-8', 'surrogateescape')
    return secrets.compare_digest(there, right.encode())


def _unread(step: Step) -> Target:
    decision = Decision(step.name, kind=step.kind, stage=step.stage)
    return Target(0, decision, State.LISTED)


def content(stage: str, target: Target, besides: Collection[str] = ()) -> bytes:
    """Return what of a target is sealed.

    :param stage: ``listed``, ``decided`` or ``ended``
    :param besides: facts that are left out
    """
    decision = target.decision
    # Versions without kinds and stages have sealed the rest alone.
    place: list[Any] = (
        [[target.kind, target.stage]] if target.kind or target.stage else []
    )
    if stage == 'listed':
        return _canonical([stage, decision.name, *place])
    facts = {k: v for k, v in decision.facts.items() if k not in besides}
    if target.log_id is not None and 'log_entry' not in facts:
        # It was one of the facts before it got a column.
        facts = {**facts, 'log_entry': target.log_id}
    elif target.log_id is not None:
        place.append([target.log_id])
    about: list[Any] = [
        stage,
        decision.name,
        decision.central_id,
        decision.hidden,
        decision.skipped and decision.skipped.name,
        decision.partition,
        facts,
        *place,
    ]
    if stage == 'ended':
        moments = [
            moment and moment.isoformat()
            for moment in (target.started_at, target.ended_at)
        ]
        about += [target.changed, target.account, *moments]
    return _canonical(about)


_encode = json.JSONEncoder(sort_keys=True, separators=(',', ':')).encode


def _canonical(value: Any) -> bytes:
    return _encode(value).encode()
