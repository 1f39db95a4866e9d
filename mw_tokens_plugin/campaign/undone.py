"""The record of a campaign that is undone, as it was when the undo began.

An undo reads in that record, not only in its own targets, which accounts to unlock and
which pages to restore. So a digest of the record is among its own options, which are
sealed. Writing is left to the actions.
"""

from __future__ import annotations

import hashlib
import json
import shlex
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from mw_tokens_plugin.campaign.ledger import Ledger
from mw_tokens_plugin.campaign.records import Campaign, State, Step, Target
from mw_tokens_plugin.campaign.sealcontent import CHANGEABLE, content
from mw_tokens_plugin.exceptions import InvalidInput, StoppedByGuard
from mw_tokens_plugin.site.batches import batches

#: Targets that are read at once.
_CHUNK = 500

#: States of targets that may have been changed; what failed may be done in part.
_ENDED = (State.DONE, State.FAILED)


class Undone:
    """What a campaign has changed, for the one that undoes it.

    .. version-added:: 0.1
    """

    def __init__(self, ledger: Ledger, undo: Campaign, undone: Campaign) -> None:
        """Read all of it once.

        :param undo: the campaign that undoes the other one
        :raises StoppedByGuard: it has changed since the undo began
        """
        self._ledger = ledger
        self._undone = undone
        self._digests: dict[tuple[str, str], bytes] = {}
        for chunk in batches(ledger.targets(undo), _CHUNK):
            for kind in {target.kind for target in chunk}:
                names = [target.name for target in chunk if target.kind == kind]
                for name, target in ledger.named(undone, names, kind).items():
                    self._digests[name, kind] = _digest(target)
        kept = undo.options.get('record')
        # Older versions did not keep it, or kept one option alone.
        wholes = (
            _whole(undone, self._digests.values(), options)
            for options in (_lasting(undone), undone.options.get('page'))
        )
        if kept is not None and kept not in wholes:
            raise self._changed()

    def named(self, names: Sequence[str], kind: str = '') -> dict[str, Target]:
        """Return what was recorded of some targets, by their names.

        :param kind: that of the targets, in a campaign that does several things
        :raises StoppedByGuard: it was changed meanwhile
        """
        found = self._ledger.named(self._undone, names, kind)
        for name in names:
            digest = self._digests.get((name, kind))
            # A target that was never there is a manipulation, too.
            if name not in found or digest != _digest(found[name]):
                raise self._changed()
        return found

    def _changed(self) -> StoppedByGuard:
        look = shlex.join(['pwb', 'campaign', 'show', self._undone.name])
        return StoppedByGuard(
            f'The record of {self._undone.name!r} in the ledger was changed after '
            'the undo began, so nothing more was sent. Look at what there is now, '
            f'and start a new -undo: {look}'
        )


def is_changed(target: Target) -> bool:
    """Tell whether its campaign has changed a target, if only in part."""
    return target.state in _ENDED and bool(target.changed)


def undo_steps(undone: Campaign, targets: Iterable[Target]) -> Iterator[Step]:
    """Yield what is listed to undo targets: the stages in reverse order.

    .. version-added:: 0.1

    :param undone: their campaign, which has as many stages as the one that undoes it
    :raises InvalidInput: a target has a stage that the campaign does not have
    """
    for target in targets:
        if not 0 <= target.stage < undone.stages:
            raise InvalidInput(
                f'A target of {undone.name!r} in the ledger is of a stage that the '
                'campaign does not have: somebody has changed it by hand. Nothing was '
                'done.'
            )
        yield Step(target.name, target.kind, undone.stages - 1 - target.stage)


def record_of(undone: Campaign, targets: Iterable[Target]) -> str:
    """Return a digest of a record, which shows whether it was changed.

    .. version-added:: 0.1
    """
    return _whole(undone, map(_digest, targets), _lasting(undone))


def _lasting(undone: Campaign) -> dict[str, Any]:
    """Return the options that nobody may change while a campaign runs."""
    return {k: v for k, v in undone.options.items() if k not in CHANGEABLE}


def _digest(target: Target) -> bytes:
    about = json.dumps([target.state.value, content('ended', target).decode()])
    return hashlib.sha256(about.encode()).digest()


def _whole(undone: Campaign, digests: Iterable[bytes], options: object) -> str:
    about = [undone.action, undone.reason, options]
    whole = hashlib.sha256(json.dumps(about, sort_keys=True).encode())
    whole.update(b''.join(sorted(digests)))
    return whole.hexdigest()
