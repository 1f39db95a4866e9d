"""Faults that a test asks for: what goes wrong, for which request, and how often.

This decides which faults hit a request. How a broken answer is sent is the business of
:mod:`.transport`; what faults do to a farm is in :mod:`.strikes`.
"""

from __future__ import annotations

import itertools
import math
import random
import re
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any

# What the fault does, to the answer or to the farm; the latter happen before the
# request is read.
BROKEN_KINDS = (
    *('drop', 'half', 'truncated', 'empty', 'html', 'http', 'gateway', 'retry-after'),
)
#: Faults of transport, which need to know nothing of the wiki.
ANSWER_KINDS = (*BROKEN_KINDS, 'slow', 'trickle')
ERROR_KINDS = (
    *('maxlag', 'readonly', 'centralauth-readonly', 'ratelimited'),
    *('cas-race', 'state-mismatch'),
)
FARM_KINDS = (
    'expire-csrf',
    'expire-centralauthtokens',
    'lose-session',
    'demote',
    'lock-operator',
    'rename-operator',
    'session-store-down',
    'autocreate-race',
    'clock-jump',
    'stale-read',
)
KINDS = ANSWER_KINDS + ERROR_KINDS + FARM_KINDS


# What a request is about is the first of these that it gives.
_TARGETS = (
    'user',
    'username',
    'target',
    'title',
    'from',
    'lgname',
    'guiuser',
    'titles',
    'filename',
    'entity',
    'id',
)


class FaultError(ValueError):
    """A fault that makes no sense; the message says why."""


@dataclass(frozen=True, slots=True)
class Fault:
    """One fault that is armed.

    :param kind: one of :data:`KINDS`.
    :param when: `before` or `after` the request is run; half, truncated and trickle are
        always after.
    :param status: HTTP status of html and empty (200 if not given), http (502),
        gateway (504) and retry-after (429).
    :param body: of gateway, any text; if not given, the JSON of a gateway that has
        waited for the wiki without an answer.
    :param location: of http with a status that redirects, where to.
    :param retry_after: of retry-after, the header as it is, or `date` for the moment in
        `seconds`; if not given, `seconds`.
    :param seconds: of slow, trickle, clock-jump, stale-read, autocreate-race, of
        Retry-After and of lag.
    :param reason: what readonly and centralauth-readonly give as reason.
    :param remembered: lose-session ends the remembered login too, so that nothing
        revives the session.
    :param wiki: code of the wiki; this and the next five narrow the requests that
        match.
    :param action: the API action; `writes` stands for all that want a token.
    :param method: the HTTP method.
    :param user: name of the user who asks.
    :param target: name or title that is acted upon.
    :param nth: only the n-th matching request, counted from 1.
    :param probability: that a matching request is hit, drawn with `seed`.
    :param times: how many requests it hits at most; 0 for no limit.
    :param start: seconds after arming at which it begins.
    :param end: seconds after arming at which it ends; 0 for never.

    .. version-added:: 0.1
    """

    kind: str
    when: str = 'before'
    status: int = 0
    body: str = ''
    location: str = ''
    retry_after: str = ''
    seconds: float = 0.0
    reason: str = 'maintenance'
    remembered: bool = False
    wiki: str = ''
    action: str = ''
    method: str = ''
    user: str = ''
    target: str = ''
    nth: int = 0
    probability: float = 1.0
    seed: int = 0
    times: int = 1
    start: float = 0.0
    end: float = 0.0

    def __post_init__(self) -> None:
        """Refuse what makes no sense."""
        if self.kind not in KINDS:
            raise FaultError(
                f'unknown kind {self.kind!r}; there are: {", ".join(KINDS)}'
            )
        if self.when not in ('before', 'after'):
            raise FaultError(f"'when' is before or after, not {self.when!r}")
        if self.kind in ('half', 'truncated', 'trickle'):
            object.__setattr__(self, 'when', 'after')
        if not 0 <= self.probability <= 1:
            raise FaultError("'probability' is between 0 and 1")
        if self.status and not 200 <= self.status <= 599:
            raise FaultError("'status' is an HTTP status")
        if min(self.times, self.nth, self.start, self.end) < 0:
            raise FaultError("'times', 'nth', 'start' and 'end' are not negative")
        if self.end and self.end < self.start:
            raise FaultError("'end' is later than 'start', or 0")
        times = (self.seconds, self.start, self.end)
        if not all(math.isfinite(time) for time in times):
            raise FaultError("'seconds', 'start' and 'end' are finite")
        if self.seconds < 0 and self.kind != 'clock-jump':
            raise FaultError("'seconds' is not negative, but for clock-jump")
        for name in ('location', 'retry_after'):
            if not _HEADER.fullmatch(getattr(self, name)):
                raise FaultError(f'{name!r} cannot be sent as a header')
        try:
            self.body.encode()
        except UnicodeEncodeError:
            raise FaultError("'body' cannot be sent as UTF-8") from None

    @classmethod
    def from_json(cls, data: object) -> Fault:
        """Return the fault that a JSON object describes.

        :raises FaultError: if it describes none.
        """
        if not isinstance(data, dict):
            raise FaultError('a fault is a JSON object')
        known = {field.name: field for field in fields(cls)}
        for name, value in data.items():
            if name not in known:
                raise FaultError(f'unknown key {name!r}; there are: {", ".join(known)}')
            wanted = _TYPES[str(known[name].type)]
            if not isinstance(value, wanted) or (
                isinstance(value, bool) and bool not in wanted
            ):
                raise FaultError(f'{name!r} is of the wrong type')
        if 'kind' not in data:
            raise FaultError("a fault needs a 'kind'")
        return cls(**data)


#: What a header may be made of.
_HEADER = re.compile('[\t\x20-\x7e\x80-\xff]*')

_TYPES: dict[str, tuple[type, ...]] = {
    'str': (str,),
    'int': (int,),
    'float': (int, float),
    'bool': (bool,),
}


@dataclass(slots=True)
class _Armed:
    fault: Fault
    since: float
    chance: random.Random
    seen: int = 0
    hits: int = 0


@dataclass(frozen=True, slots=True)
class Facts:
    """What is known of a request before it is run."""

    wiki: str
    method: str
    action: str
    user: str
    target: str
    has_token: bool
    has_maxlag: bool


class Faults:
    """The faults that are armed; may be used from any thread.

    :param clock: what counts the seconds since arming.
    :param check: called with each fault before it is armed; raises a
        :class:`FaultError` for what cannot happen here.
    """

    def __init__(
        self,
        clock: Callable[[], float] = time.monotonic,
        check: Callable[[Fault], None] | None = None,
    ) -> None:
        """Initializer."""
        self._clock = clock
        self._check = check
        self._armed: dict[int, _Armed] = {}
        self._ids = itertools.count(1)
        self._lock = threading.Lock()

    def __len__(self) -> int:
        """Return how many faults are armed."""
        return len(self._armed)

    def check(self, fault: Fault) -> None:
        """Refuse a fault that cannot happen here.

        :raises FaultError: it says why.
        """
        if self._check is not None:
            self._check(fault)

    def arm(self, fault: Fault | None = None, /, **values: Any) -> int:
        """Arm a fault, given as such or by its fields; return its number.

        :raises FaultError: if the fields make no sense, or it cannot happen here.
        """
        if fault is not None and not isinstance(fault, Fault):
            raise FaultError(f'arm a Fault or its fields, such as kind={fault!r}')
        chosen = fault or Fault.from_json(values)
        self.check(chosen)
        with self._lock:
            number = next(self._ids)
            self._armed[number] = _Armed(
                chosen,
                self._clock(),
                random.Random(chosen.seed),  # noqa: S311  # chance to be played again
            )
        return number

    def clear(self, number: int | None = None) -> None:
        """Disarm one fault, or all."""
        with self._lock:
            if number is None:
                self._armed.clear()
            else:
                self._armed.pop(number, None)

    def armed(self) -> list[dict[str, Any]]:
        """Return the armed faults with how often they matched and hit."""
        with self._lock:
            return [
                {
                    'id': number,
                    **asdict(armed.fault),
                    'matched': armed.seen,
                    'hits': armed.hits,
                }
                for number, armed in self._armed.items()
            ]

    def take(self, facts: Facts) -> list[Fault]:
        """Return the faults that hit a request; those used up are disarmed."""
        if not self._armed:
            return []
        hit = []
        with self._lock:
            for number, armed in list(self._armed.items()):
                fault = armed.fault
                age = self._clock() - armed.since
                if fault.end and age >= fault.end:
                    del self._armed[number]
                    continue
                if age < fault.start or not _matches(fault, facts):
                    continue
                armed.seen += 1
                if fault.nth and armed.seen != fault.nth:
                    continue
                if fault.probability < 1 and armed.chance.random() >= fault.probability:
                    continue
                armed.hits += 1
                if fault.nth or armed.hits == fault.times:
                    del self._armed[number]
                hit.append(fault)
        return hit


def _matches(fault: Fault, facts: Facts) -> bool:
    if fault.kind == 'maxlag' and not facts.has_maxlag:
        return False
    if fault.kind == 'readonly' and not facts.has_token:
        return False
    if fault.action == 'writes':
        if not facts.has_token:
            return False
    elif fault.action and fault.action != facts.action:
        return False
    return (
        fault.wiki in ('', facts.wiki)
        and fault.method in ('', facts.method)
        and fault.user in ('', facts.user)
        and fault.target in ('', facts.target)
    )


def target_of(params: Mapping[str, str]) -> str:
    """Return the name or title that a request is about."""
    for key in _TARGETS:
        if key in params:
            return params[key]
    return ''
