"""Many targets, one engine: plan, confirm, run, record, resume.

Everything here works on a ledger, so that a campaign survives the process. The names
below are what campaigns of your own need; all else is not public.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mw_tokens_plugin.actions.states import SetState
    from mw_tokens_plugin.campaign.action import Action
    from mw_tokens_plugin.campaign.records import (
        Campaign,
        Decision,
        Outcome,
        SkipReason,
        State,
        Step,
        Target,
    )
    from mw_tokens_plugin.cli.declaration import Listing
    from mw_tokens_plugin.cli.run import Run
    from mw_tokens_plugin.cli.script import CampaignScript, Kind, option
    from mw_tokens_plugin.cli.table import When
    from mw_tokens_plugin.site.writes import send_once

__all__ = [
    'Action',
    'Campaign',
    'CampaignScript',
    'Decision',
    'Kind',
    'Listing',
    'Outcome',
    'Run',
    'SetState',
    'SkipReason',
    'State',
    'Step',
    'Target',
    'When',
    'option',
    'send_once',
]

#: Where they are. They are imported when they are used, since most lie above this
#: package and begin by importing it.
_PLACES = {
    'actions.states': ('SetState',),
    'campaign.action': ('Action',),
    'campaign.records': (
        'Campaign',
        'Decision',
        'Outcome',
        'SkipReason',
        'State',
        'Step',
        'Target',
    ),
    'cli.declaration': ('Listing',),
    'cli.run': ('Run',),
    'cli.script': ('CampaignScript', 'Kind', 'option'),
    'cli.table': ('When',),
    'site.writes': ('send_once',),
}


def __getattr__(name: str) -> object:
    """Import a public name when it is used."""
    for place, names in _PLACES.items():
        if name in names:
            return getattr(import_module(f'mw_tokens_plugin.{place}'), name)
    raise AttributeError(f'module {__name__!r} has no attribute {name!r}')


def __dir__() -> list[str]:
    """Return all names, also those that are not imported yet."""
    return sorted({*globals(), *__all__})
