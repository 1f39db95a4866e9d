"""Until when something lasts, in the words that MediaWiki takes.

It knows what people write of PHP's `strtotime()`: spans, days, dates; no time zones.
"""

from __future__ import annotations

import calendar
import re
from collections import Counter
from collections.abc import Mapping
from datetime import datetime, timedelta, timezone

#: What means that there is no end; capitals count.
ENDLESS = frozenset({'infinite', 'indefinite', 'infinity', 'never'})

_UNITS = {
    'sec': 'seconds',
    'second': 'seconds',
    'min': 'minutes',
    'minute': 'minutes',
    'hour': 'hours',
    'day': 'days',
    'week': 'weeks',
    'fortnight': 'fortnights',
    'month': 'months',
    'year': 'years',
}
_DAYS = {name.lower(): number for number, name in enumerate(calendar.day_name)}
_DAYS |= {name[:3]: number for name, number in _DAYS.items()}
_STARTS = {'today': 0, 'midnight': 0, 'tomorrow': 1, 'yesterday': -1}
_NUMBERS = {'next': 1, 'last': -1, 'previous': -1, 'this': 0}
_WORDS = re.compile(
    r"""
    (?P<count>[+-]?\s*\d+)\s*(?P<unit>[a-z]+)(?P<ago>\s+ago)?
    | (?P<which>next|last|previous|this)\s+(?P<of>[a-z]+)
    | (?P<word>[a-z]+)
    """,
    re.VERBOSE,
)
_WEEKDAY = re.compile(
    rf'(?:(?P<which>next|last|previous|this)\s+)?(?P<of>week|{"|".join(_DAYS)})'
)
_DATE = re.compile(
    r'(\d{4})-(\d\d?)-(\d\d?)(?:(?:\s+|t)(\d\d?):(\d\d)(?::(\d\d)(?:\.\d+)?)?)?\s*z?'
)
_STAMP = re.compile(r'(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)')
#: From this second on, databases cannot keep it.
_TOO_LATE = datetime(9999, 12, 31, tzinfo=timezone.utc)


def moment(text: str, now: float) -> float | None:
    """Return the time that a text names, or None where it names none.

    :param now: seconds since 1970, from which a span counts
    """
    text = text.strip().lower()
    if not text:
        return None
    try:
        if found := _DATE.fullmatch(text) or _STAMP.fullmatch(text):
            when = _written(*(int(number or 0) for number in found.groups()))
        else:
            start = datetime.fromtimestamp(int(now), timezone.utc)
            words = _following(text, start)
            if words is None:
                return None
            when = words
    except (ValueError, OverflowError):
        return None
    return when.timestamp() if when < _TOO_LATE else None


def _written(
    year: int, month: int, day: int, hour: int, minute: int, second: int
) -> datetime:
    # The 31st of a month of 30 days is the first of the next.
    if not 1 <= day <= 31:
        raise ValueError(day)
    first = datetime(year, month, 1, hour, minute, second, tzinfo=timezone.utc)
    return first + timedelta(days=day - 1)


def _following(text: str, when: datetime) -> datetime | None:
    """Return the moment that words name; their spans are added up before."""
    # What names a day of the week is clear only by itself.
    if found := _WEEKDAY.fullmatch(text):
        return _weekday(found, when)
    counts = Counter[str]()
    at = 0
    while at < len(text):
        found = _WORDS.match(text, at)
        if found is None:
            return None
        if found['count']:
            count = int(found['count'].replace(' ', ''))
            counts[found['unit']] += -count if found['ago'] else count
        elif found['which'] and found['of'] != 'week':
            counts[found['of']] += _NUMBERS[found['which']]
        elif found['word'] in _STARTS:
            when = when.replace(hour=0, minute=0, second=0)
            counts['day'] += _STARTS[found['word']]
        elif found['word'] == 'noon':
            when = when.replace(hour=12, minute=0, second=0)
        elif found['word'] != 'now':
            return None
        at = found.end()
        at += len(text[at:]) - len(text[at:].lstrip(' ,'))
    return _later(when, counts)


def _weekday(found: re.Match[str], when: datetime) -> datetime | None:
    count, of = _NUMBERS[found['which'] or 'this'], found['of']
    if of == 'week' and found['which']:
        return when + timedelta(days=7 * count - when.weekday())
    if of not in _DAYS:
        return None
    midnight = when.replace(hour=0, minute=0, second=0)
    ahead = (_DAYS[of] - midnight.weekday()) % 7
    if count > 0:
        ahead = ahead or 7
    elif count < 0:
        ahead -= 7
    return midnight + timedelta(days=ahead)


def _later(when: datetime, counts: Mapping[str, int]) -> datetime | None:
    months, later = when.month - 1, timedelta(days=when.day - 1)
    for unit, count in counts.items():
        name = _UNITS.get(unit) or _UNITS.get(unit.removesuffix('s'))
        if name is None:
            return None
        if name in ('months', 'years'):
            months += count * (12 if name == 'years' else 1)
        elif name == 'fortnights':
            later += timedelta(weeks=2 * count)
        else:
            later += timedelta(**{name: count})
    first = when.replace(year=when.year + months // 12, month=months % 12 + 1, day=1)
    return first + later
