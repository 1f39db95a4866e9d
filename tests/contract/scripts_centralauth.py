"""Say what recordings of today's CentralAuth leave unsaid: ``f_*``, ``g_*``, ``n_*``.

Whose session it was, and who was late of those who changed one account at once.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from . import scripts
from .replay import COOKIELESS, Event, Script
from .samples import load
from .scripts import RACK, central_read_only, in_turn, lag, read_only, seconds_in_note
from .stage import Stage

CENTRAL_RACK = 'CentralAuth is being moved to another rack.'
RACES = ('race: ', 'two at once')


def races(name: str) -> Mapping[int, Event]:
    """Let those be late who changed an account at the same moment as another."""
    events: dict[int, Event] = {}
    changed: set[str] = set()
    for exchange in load(name, 'tip'):
        if not exchange.note.startswith(RACES):
            continue
        user = exchange.params['user']
        if 'error' in exchange.json:
            events[exchange.index] = Stage.late if user in changed else Stage.cas_race
        elif exchange.params.get('locked') == 'unlock':
            events[exchange.index] = Stage.late
        else:
            changed.add(user)
    return events


SCRIPTS = {
    'f_missing_reason_partial_effects': Script(),
    'f_setglobalaccountstatus': replace(
        scripts.SCRIPTS['f_setglobalaccountstatus'],
        before={
            164: read_only(RACK),
            166: in_turn(read_only(None), central_read_only(CENTRAL_RACK)),
            168: in_turn(central_read_only(None), lag(7.3)),
            171: lag(0),
        },
    ),
    'f_setglobalaccountstatus_limited_and_races': replace(
        scripts.SCRIPTS['f_setglobalaccountstatus_limited_and_races'],
        meanwhile=races('f_setglobalaccountstatus_limited_and_races'),
    ),
    'n_centralauthtoken_expiry': Script(
        jars={0: COOKIELESS},
        meanwhile=seconds_in_note('n_centralauthtoken_expiry', 'tip'),
    ),
    'n_setglobalaccountstatus': Script(
        jars={0: 'Stew', 189: 'anonymous', 191: 'Stew'},
        meanwhile=races('n_setglobalaccountstatus'),
    ),
}
