"""The journal: what reached the sandbox, for counting and for judging a campaign.

Every request is one entry; secrets are left out.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from .farm import Farm

_SECRET = (
    *('token', 'password', 'retype', 'OATHToken', 'RecoveryCode', 'captchaWord'),
    *('credential', 'pin'),
)
_LONGEST = 4000


@dataclass(frozen=True, slots=True)
class Entry:
    """One request.

    `result` is ok, an error code, or http-<status>; `effect` names what changed, ''
    nothing; `fault` lists the faults that hit; `answered` is False where the client was
    not given the wiki's own answer.
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

    def summary(self, farm: Farm, since: int = 0) -> dict[str, Any]:
        """Count what happened, and what the farm looks like now."""
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
            'accounts': len(farm.accounts),
            'locked': sum(account.locked for account in farm.accounts.values()),
            'hidden': sum(bool(account.hidden) for account in farm.accounts.values()),
            'globalauth_log_entries': sum(
                entry.type == 'globalauth'
                for wiki in farm.wikis.values()
                for entry in wiki.log
            ),
            'globally_blocked': sum(not block.parent for block in farm.global_blocks),
            'gblblock_log_entries': sum(
                entry.type == 'gblblock'
                for wiki in farm.wikis.values()
                for entry in wiki.log
            ),
            'suppress_log_entries': sum(
                entry.type == 'suppress'
                for wiki in farm.wikis.values()
                for entry in wiki.log
            ),
        }


def public(params: Mapping[str, str]) -> dict[str, str]:
    """Return the parameters of a request without its secrets."""
    return {
        name: '(secret)' if name.endswith(_SECRET) else value[:_LONGEST]
        for name, value in params.items()
    }
