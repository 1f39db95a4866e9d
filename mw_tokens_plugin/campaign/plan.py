"""From names to decisions: the batched check before anything is written.

It reads the wiki through the action and writes the ledger; it changes nothing on the
wiki.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import timedelta
from itertools import chain
from typing import Any

from mw_tokens_plugin.campaign.action import Action
from mw_tokens_plugin.campaign.ledger import Ledger
from mw_tokens_plugin.campaign.records import (
    Campaign,
    Decision,
    SkipReason,
    State,
    Target,
    now,
)
from mw_tokens_plugin.campaign.seals import Sealer
from mw_tokens_plugin.site.batches import batches

#: A plan older than this is checked again before it is run.
FRESH = timedelta(days=1)

#: Targets decided on between two commits: the largest batch that a wiki lists.
_BATCH = 500


def make_plan(
    ledger: Ledger,
    campaign: Campaign,
    action: Action,
    watch: Callable[[], object] = lambda: None,
    sealer: Sealer | None = None,
    *,
    excluded: Collection[str] = (),
) -> Campaign:
    """Decide on every target that is listed, and mark the campaign as planned.

    It can be interrupted at any moment and called again.

    :param watch: called after each decision
    :param sealer: seals the decisions
    :param excluded: targets that are skipped without asking the action
    """
    listed = ledger.targets(campaign, State.LISTED)
    _decide_on(ledger, campaign, action, listed, watch, sealer, excluded)
    return ledger.mark(campaign, 'planned_at')


def check_again(
    ledger: Ledger,
    campaign: Campaign,
    action: Action,
    watch: Callable[[], object] = lambda: None,
    sealer: Sealer | None = None,
    *,
    only_unsealed: bool = False,
    excluded: Collection[str] = (),
    noted: Callable[[Target, Decision], object] = lambda target, decision: None,
    keeps_unread: bool = False,
) -> Campaign:
    """Decide again on every target that is not done.

    Nothing is added to the plan, and what has changed is skipped. What other
    runs have leased stays as it is; it is sealed if this plan includes it, too, in case
    they return it.

    :param sealer: seals the decisions
    :param only_unsealed: decide only on targets for which its key does not vouch
    :param excluded: targets that are skipped without asking the action
    :param noted: called with each target of the plan and the new decision on it
    :param keeps_unread: whether what cannot be read now stays in the plan, for the run
        to read
    """
    planned: Iterable[Target] = ledger.targets(campaign, State.PLANNED)
    if sealer is not None:
        if only_unsealed:
            planned = _without_seal(planned, sealer)
        leased = ledger.targets(campaign, State.LEASED)
        planned = chain(planned, _without_seal(leased, sealer))
    _decide_on(
        *(ledger, campaign, action, planned, watch, sealer, excluded),
        *(noted, keeps_unread),
    )
    return ledger.mark(campaign, 'planned_at')


def renew(ledger: Ledger, campaign: Campaign, sealer: Sealer) -> None:
    """Seal again what earlier plans had that were not confirmed, before it is shown."""
    if not sealer.has_unconfirmed:
        return
    for state in (State.PLANNED, State.LEASED):
        for chunk in batches(ledger.targets(campaign, state), _BATCH):
            seals = [(target.decision, sealer.renewed(target)) for target in chunk]
            ledger.add_seals(campaign, [(d, seal) for d, seal in seals if seal])


def is_stale(campaign: Campaign) -> bool:
    """Tell whether a plan is too old to be run unchecked."""
    return campaign.planned_at is None or now() - campaign.planned_at > FRESH


def _without_seal(targets: Iterable[Target], sealer: Sealer) -> Iterator[Target]:
    return (target for target in targets if sealer.vouched(target) is None)


def _decide_on(
    ledger: Ledger,
    campaign: Campaign,
    action: Action,
    targets: Iterable[Target],
    watch: Callable[[], object],
    sealer: Sealer | None,
    excluded: Collection[str],
    noted: Callable[[Target, Decision], object] = lambda target, decision: None,
    keeps_unread: bool = False,
) -> None:
    for kind, batch in _batches(targets):
        of_kind = action.of(kind)
        own = {n for n, t in batch.items() if sealer is None or sealer.vouched(t)}
        decisions: dict[str, Decision] = {}
        skipped = [
            Decision(name, skipped=SkipReason.EXCLUDED)
            for name in batch
            if name in excluded
        ]
        asked = [name for name in batch if name not in excluded]
        for decision in chain(skipped, of_kind.plan(asked)):
            name = decision.name
            if name not in batch:
                raise ValueError(f'{_plan_of(of_kind)} a target that was not listed.')
            target = batch[name]
            if (decision.kind, decision.stage) != (target.kind, target.stage):
                decision = replace(decision, kind=target.kind, stage=target.stage)
            decision = _compared(decision, target, of_kind, is_own=name in own)
            noted(target, decision)
            is_unread = decision.skipped is not None and decision.skipped.is_transient
            decisions[name] = (
                target.decision if is_unread and keeps_unread else decision
            )
            watch()
        if missing := len(batch) - len(decisions):
            raise ValueError(f'{_plan_of(of_kind)} all but {missing} of the targets.')
        if sealer is None:
            ledger.decide(campaign, decisions.values())
            continue
        # Others may be carrying these out: they stay as they are.
        same = {
            name: (decision, sealer.decided(decision, own=name in own))
            for name, decision in decisions.items()
            if batch[name].state in (State.PLANNED, State.LEASED)
            and decision.skipped is None
            and sealer.is_same(batch[name], decision)
        }
        ledger.add_seals(campaign, same.values())
        others = [
            decision
            for name, decision in decisions.items()
            if name not in same and batch[name].state is not State.LEASED
        ]
        ledger.decide(campaign, others, _sealing(sealer, own))


def _plan_of(action: Action) -> str:
    return f'An error in the campaign script: {type(action).__name__}.plan() yields'


def _batches(targets: Iterable[Target]) -> Iterator[tuple[str, dict[str, Target]]]:
    """Yield targets by name, those of one kind together."""
    for chunk in batches(targets, _BATCH):
        for kind in dict.fromkeys(target.kind for target in chunk):
            yield kind, {t.name: t for t in chunk if t.kind == kind}


def _sealing(sealer: Sealer, own: Collection[str]) -> Callable[[Decision], str]:
    return lambda decision: sealer.decided(decision, own=decision.name in own)


def _compared(
    decision: Decision, target: Target, action: Action, *, is_own: bool
) -> Decision:
    """Hold a target back that is not what an earlier plan was made for.

    :param is_own: whether the earlier plan was this operator's
    """
    before: Mapping[str, Any] = target.decision.facts
    if decision.skipped is not None and decision.skipped.is_transient:
        # To be compared with what is there another time.
        return replace(decision, facts={**before, **decision.facts})
    kept = {
        name: before[name]
        for name in action.kept
        # None of the future, which somebody else may have put there.
        if name in before and str(before[name]) <= str(decision.facts.get(name, ''))
    }
    if is_own and target.state is State.PLANNED and decision.skipped in action.done:
        # Whether the campaign did that itself, the log tells when it is its turn.
        return replace(target.decision, facts={**before, 'found_done': True})
    if decision.skipped is None:
        changed = action.changed_since(before, decision.facts)
        if changed is not None:
            return replace(decision, skipped=changed)
    return replace(decision, facts={**decision.facts, **kept}) if kept else decision
