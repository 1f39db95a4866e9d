"""When something ends that an operator asks for, such as a block of ``6 months``.

It reads the forms that are clear to everybody, as PHP reads them for MediaWiki. What
is sent is the operator's own text; this only compares it with what a wiki has.

https://www.php.net/manual/en/datetime.formats.php
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from datetime import datetime, timedelta, timezone

from mw_tokens_plugin.protocol.globalblocks import INFINITY

__all__ = ['ends_at', 'length_of']

_INFINITE = frozenset({'infinity', 'infinite', 'indefinite', 'never'})

#: Units, each with the seconds in it, or else its months.
_SECONDS = {
    'second': 1,
    'sec': 1,
    'minute': 60,
    'min': 60,
    'hour': 3600,
    'day': 86400,
    'week': 604800,
    'fortnight': 1209600,
}
_MONTHS = {'month': 1, 'year': 12}
#: From this moment on, wikis take no end but infinity.
_TOO_LATE = datetime(9999, 12, 31, tzinfo=timezone.utc)
_SHORT = {'h': 'hour', 'd': 'day', 'w': 'week'}
_UNIT = '|'.join([*_SECONDS, *_MONTHS])
_SPAN = re.compile(rf'(\d{{1,6}})\s*({_UNIT})s?\b[\s,]*', re.ASCII)
_SPANS = re.compile(rf'(?:{_SPAN.pattern})+', re.ASCII)
_DATE = re.compile(
    r'(\d{4})-(\d\d)-(\d\d)(?:[T ](\d\d):(\d\d)(?::(\d\d))?Z?)?', re.ASCII
)


def ends_at(text: str, since: datetime) -> datetime | None:
    """Return when something ends that begins at a moment; None if that is not clear.

    A date is in UTC. The 31st of a month that has 30 days is the first of the next.

    .. version-added:: 0.1

    >>> ends_at('2 weeks', datetime(2026, 11, 1, tzinfo=timezone.utc)).isoformat()
    '2026-11-15T00:00:00+00:00'

    :param text: spans such as ``1 week``, a date, or a word for infinity
    :param since: the moment, with its time zone
    """
    text = text.strip().lower()
    if text in _INFINITE:
        return INFINITY
    since = since.astimezone(timezone.utc).replace(microsecond=0)
    try:
        if date := _DATE.fullmatch(text.upper()):
            numbers = [int(number or 0) for number in date.groups()]
            end = datetime(*numbers, tzinfo=timezone.utc)  # type: ignore[misc, arg-type]
        elif _SPANS.fullmatch(text):
            end = _later(since, _SPAN.findall(text))
        else:
            return None
    except (ValueError, OverflowError):
        return None
    return end if end < _TOO_LATE else None


def length_of(text: str) -> timedelta | None:
    """Return how long a span such as ``30d`` or ``2 weeks`` is; None if it is none.

    .. version-added:: 0.1
    """
    text = re.sub(r'(\d)\s*([dhw])\b', _spelt_out, text.strip().lower())
    start = datetime(2026, 1, 1, tzinfo=timezone.utc)
    end = ends_at(text, start) if _SPANS.fullmatch(text) else None
    return None if end is None else end - start


def _spelt_out(found: re.Match[str]) -> str:
    return f'{found[1]} {_SHORT[found[2]]}'


def _later(moment: datetime, spans: Iterable[tuple[str, str]]) -> datetime:
    """Return the moment after some spans; their order makes no difference."""
    counts = Counter[str]()
    for count, unit in spans:
        counts[unit] += int(count)
    months = moment.month - 1 + sum(n * counts[unit] for unit, n in _MONTHS.items())
    year, month = moment.year + months // 12, months % 12 + 1
    # The day is counted from the first of the month, which may have less days.
    later = timedelta(
        days=moment.day - 1,
        seconds=sum(n * counts[unit] for unit, n in _SECONDS.items()),
    )
    return moment.replace(year=year, month=month, day=1) + later
