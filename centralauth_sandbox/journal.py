"""The journal: what reached the wikis, for counting and for judging a campaign.

Every request is one entry; secrets are left out. A farm writes it as a proxy does.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

_SECRET = (
    *('token', 'password', 'retype', 'OATHToken', 'RecoveryCode', 'captchaWord'),
    *('credential', 'pin'),
)
_LONGEST = 4000


@dataclass(slots=True)
class Entry:
    """One request.

    `serial` counts requests in the order in which the wikis had carried them out.
    `result` is ok, an error code, or http-<status>; `effect` names what changed, ''
    nothing; `fault` lists the faults that hit; `answered` is False where the client was
    not given the wiki's own answer.

    `arrived`, `monotonic` and `ended` are seconds of one clock that never goes back:
    when the whole request was there, when the wiki began with it, and when the last
    of the answer was sent, 0 until then.
    """

    serial: int
    time: float
    monotonic: float
    wiki: str
    method: str
    action: str
    params: dict[str, str]
    user: str
    kind: str
    target: str
    centralauthtoken: str
    status: int
    result: str
    effect: str
    fault: tuple[str, ...]
    answered: bool
    bytes: int
    arrived: float = 0.0
    ended: float = 0.0

    def overlaps(self, other: Entry) -> bool:
        """Tell whether both requests were under way at the same time."""
        begun = max(self.arrived, other.arrived)
        return all(not entry.ended or begun < entry.ended for entry in (self, other))


class Journal:
    """All requests since the start, or since it was last cleared."""

    def __init__(self) -> None:
        """Initializer."""
        self._entries: list[Entry] = []
        self._serial = 0

    def __len__(self) -> int:
        """Return how many entries there are."""
        return len(self._entries)

    def next_serial(self) -> int:
        """Return the number of the next entry."""
        self._serial += 1
        return self._serial

    def write(self, entry: Entry) -> None:
        """Add an entry."""
        self._entries.append(entry)

    def clear(self) -> None:
        """Forget all entries; numbers go on."""
        self._entries = []

    def entries(self, since: int = 0, **fields: Any) -> list[Entry]:
        """Return the entries after a serial number whose fields have these values."""
        return [
            entry
            for entry in list(self._entries)
            if entry.serial > since
            and all(getattr(entry, name) == value for name, value in fields.items())
        ]

    def lines(self, since: int = 0) -> str:
        """Return the entries as JSON lines."""
        return ''.join(
            json.dumps(asdict(entry), ensure_ascii=False) + '\n'
            for entry in self.entries(since)
        )

    def summary(self, since: int = 0) -> dict[str, Any]:
        """Count what happened."""
        entries = self.entries(since)
        return {
            'requests': len(entries),
            'by_action': dict(Counter(entry.action for entry in entries)),
            'by_query': dict(
                Counter(
                    name
                    for entry in entries
                    if entry.action == 'query'
                    for key in ('meta', 'list', 'prop')
                    for name in entry.params.get(key, '').split('|')
                    if name
                )
            ),
            'token_fetches': dict(
                Counter(
                    type
                    for entry in entries
                    if 'tokens' in entry.params.get('meta', '').split('|')
                    for type in entry.params.get('type', 'csrf').split('|')
                )
            ),
            'logins': sum(entry.effect == 'login' for entry in entries),
            'effects': dict(Counter(e.effect for e in entries if e.effect)),
            'errors': dict(Counter(e.result for e in entries if e.result != 'ok')),
            'faults': dict(Counter(name for e in entries for name in e.fault)),
            'bytes': sum(entry.bytes for entry in entries),
        }


def public(params: Mapping[str, str]) -> dict[str, str]:
    """Return the parameters of a request without its secrets."""
    return {
        name: '(secret)' if name.endswith(_SECRET) else value[:_LONGEST]
        for name, value in params.items()
    }
