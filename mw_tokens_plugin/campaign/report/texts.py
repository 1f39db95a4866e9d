"""How all files of a report write moments, states, JSON and text from outside."""

from __future__ import annotations

import json
import re
from datetime import datetime

from mw_tokens_plugin.campaign.records import State
from mw_tokens_plugin.protocol.display import displayable

#: States in the words of a report.
STATES = {
    State.LISTED: 'not checked yet',
    State.PLANNED: 'to be done',
    State.SKIPPED: 'skipped',
    State.LEASED: 'may have been sent',
    State.DONE: 'done',
    State.FAILED: 'failed',
}

#: Cells and blocks end every change of direction, so those need not be escaped.
_CONTROLS = re.compile(
    '[\\x00-\\x08\\x0b-\\x1f\\x7f-\\x9f\\u2028\\u2029\\ud800-\\udfff]'
)
_JSON_CONTROLS = re.compile('[\\x7f-\\x9f\\u2028\\u2029\\ud800-\\udfff]')


def iso(moment: datetime | None) -> str | None:
    """Return a moment for programs."""
    return f'{moment.isoformat(timespec="milliseconds")}Z' if moment else None


def readable(moment: datetime | None) -> str:
    """Return a moment for people; empty if there is none."""
    return moment.strftime('%Y-%m-%d %H:%M:%S') if moment else ''


def to_the_minute(moment: datetime) -> str:
    """Return a moment for people who need no seconds."""
    return moment.strftime('%Y-%m-%d %H:%M')


def safe(text: str) -> str:
    """Escape what a terminal obeys, for those who read a file with ``cat``."""
    return _CONTROLS.sub(lambda found: displayable(found[0]), text)


def to_json(value: object, indent: int | None = None) -> str:
    """Return JSON in which control characters are escaped, those of C1 too."""
    text = json.dumps(value, ensure_ascii=False, indent=indent)
    return _JSON_CONTROLS.sub(lambda found: f'\\u{ord(found[0]):04x}', text)
