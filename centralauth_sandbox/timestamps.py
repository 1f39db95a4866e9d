"""Moments as parameters of the API name them, in the form in which they are kept.

It reads the forms of databases, ISO 8601 and Unix. MediaWiki reads those of mails,
HTTP, cameras and Oracle as well.
"""

from __future__ import annotations

import re
from datetime import datetime, timedelta

_EPOCH = datetime(1970, 1, 1)
#: The calendar repeats after as many years, and Python's begins with the year 1.
_CYCLE = 400

_FRACTION = r'(?:[.,]\d{1,6})?'
_ZONE = r'(?:Z|(?P<zone>[+-]\d{2}(?::?\d{2})?))?'
_UNIX = re.compile(r'(-?\d{1,13})(?:\.\d{1,6})?', re.ASCII)
_FORMS = tuple(
    re.compile(form + r'\n?', re.ASCII)
    for form in (
        rf'(\d{{4}})-(\d\d)-(\d\d)[T ](\d\d):(\d\d):(\d\d){_FRACTION}{_ZONE}',
        rf'(\d{{4}})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d){_FRACTION}{_ZONE}',
    )
)
_STAMP = re.compile(r'(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)', re.ASCII)


def read(text: str) -> str | None:
    """Return the moment that a text names, as the wiki keeps it; None if none.

    What is beyond the end of its day or month counts from there: the 31st of a month
    of 30 days is the first of the next.
    """
    if unix := _UNIX.fullmatch(text):
        seconds = int(unix[1])
        # A fraction of a negative number is further in the past.
        if text.startswith('-') and '.' in text and int(text.partition('.')[2]):
            seconds -= 1
        if seconds < 0:
            return _written(_EPOCH.replace(year=1970 + _CYCLE), -1, seconds)
        return _written(_EPOCH, 0, seconds)
    found = _STAMP.fullmatch(text)
    for form in _FORMS:
        found = found or form.fullmatch(text)
    if found is None:
        return None
    year, month, day, hour, minute, second = map(int, found.groups()[:6])
    month -= 1
    start = datetime(_CYCLE + (year + month // 12) % _CYCLE, month % 12 + 1, 1)
    later = ((day - 1) * 24 + hour) * 3600 + minute * 60 + second
    cycles = (year + month // 12) // _CYCLE
    return _written(start, cycles - 1, later - _offset(found.groupdict().get('zone')))


def _written(start: datetime, cycles: int, seconds: int) -> str | None:
    """Return a moment after another one; the latter is given without some cycles."""
    try:
        moment = start + timedelta(seconds=seconds)
    except OverflowError:
        return None
    year = moment.year + cycles * _CYCLE
    return f'{year:04}-{moment:%m-%dT%H:%M:%SZ}' if 0 <= year <= 9999 else None


def _offset(zone: str | None) -> int:
    if not zone:
        return 0
    digits = zone[1:].replace(':', '').ljust(4, '0')
    seconds = int(digits[:2]) * 3600 + int(digits[2:]) * 60
    return -seconds if zone[0] == '-' else seconds
