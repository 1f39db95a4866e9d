"""What of a campaign, its plans and its targets is sealed, as bytes.

Signing it with a key, and judging what others may have changed, is left to
:mod:`.seals`.
"""

from __future__ import annotations

import json
from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from mw_tokens_plugin.campaign.records import Campaign, Target

#: When a plan was made, as the ledger has it once another one has taken its place.
SUPERSEDED = datetime(1970, 1, 1)

#: Options that may change while a campaign runs.
CHANGEABLE = frozenset({'stop_page', 'not_wikis', 'hidden_actors'})

#: Facts that may change between two looks at a target without making it another one,
#: by kind of campaign: accounts continue to edit until they are locked.
TRANSIENT_FACTS = {
    'global_lock': frozenset({'edits'}),
    'undo_global_lock': frozenset({'edits'}),
    'global_block': frozenset({'edits'}),
    'crosswiki_block': frozenset({'edits', 'last', 'log_before'}),
    'undo_crosswiki_block': frozenset({'log_before'}),
    'crosswiki_cleanup': frozenset({'edits', 'last', 'log_before'}),
    'undo_crosswiki_cleanup': frozenset({'edits', 'log_before'}),
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
        return not self.confirmed and self.made_at == SUPERSEDED


def agreed(campaign: Campaign, later: Campaign) -> Campaign:
    """Return a campaign as a run has carried it out, at its end.

    .. version-added:: 0.1

    :param campaign: as the run began with it
    :param later: as the ledger has it now, where others may have changed it
    """
    kept = {k: v for k, v in campaign.options.items() if k not in CHANGEABLE}
    changed = {k: v for k, v in later.options.items() if k in CHANGEABLE}
    return replace(
        campaign,
        options={**kept, **changed},
        api=later.api,
        wikiid=later.wikiid,
        finished_at=later.finished_at,
    )


def content(stage: str, target: Target, besides: Collection[str] = ()) -> bytes:
    """Return what of a target is sealed.

    :param stage: ``listed``, ``decided``, ``ended`` or ``failed``
    :param besides: facts that are left out
    """
    decision = target.decision
    # Versions without kinds and stages have sealed the rest alone.
    place: list[Any] = (
        [[target.kind, target.stage]] if target.kind or target.stage else []
    )
    if stage == 'listed':
        return canonical([stage, decision.name, *place])
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
    # What has failed may be done in part, which an undo would undo.
    if stage == 'ended' or (stage == 'failed' and target.changed):
        moments = [
            moment and moment.isoformat()
            for moment in (target.started_at, target.ended_at)
        ]
        about += [target.changed, target.account, *moments]
    return canonical(about)


_encode = json.JSONEncoder(sort_keys=True, separators=(',', ':')).encode


def canonical(value: Any) -> bytes:
    return _encode(value).encode()
