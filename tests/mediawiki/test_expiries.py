"""Expiries are understood as PHP does, on which MediaWiki leaves it.

https://www.php.net/manual/en/datetime.formats.php
"""

from __future__ import annotations

import json
import subprocess
from datetime import datetime, timezone
from itertools import product

import pytest

from centralauth_sandbox.expiries import moment
from mw_tokens_plugin.protocol.expiries import ends_at

from .installation import MediaWiki

pytestmark = pytest.mark.only('mediawiki')

UNITS = 'second sec minute min hour day week fortnight month year'.split()
TEXTS = (
    *(
        f'{count} {unit}{end}'
        for count, unit, end in product((1, 31), UNITS, ('', 's'))
    ),
    *(f'{which} {unit}' for which, unit in product(('next', 'last', 'this'), UNITS)),
    *(f'{which}monday' for which in ('', 'next ', 'last ', 'this ')),
    *('sunday', 'fri', 'now', 'today', 'midnight', 'noon', 'tomorrow', 'yesterday'),
    *('-1 day', '+3 hours', '3 days ago', '1 week 2 days', '1 month 1 day', '1day'),
    *(' 1 day ', '1  day', '+ 1 day', 'tomorrow 1 hour', '1 hour ago', '10 Minutes'),
    *('2030-01-01', '2030-1-1 10:20', '2030-01-01T00:00:00Z', '20300101000000'),
    *('2031-02-30', '2031-13-01', '2030-02-32', '2030-02-03 25:00', '1999-12-31'),
    *('', '0', '12', 'no', 'nonsense', '1 day|2 days', '1 nonsense', '100 days old'),
)
#: The 29th of February, the 31st of January, a Wednesday in November.
TIMES = (1709164800, 1769904000, 1795000000)

SCRIPT = """
date_default_timezone_set( 'UTC' );
foreach ( json_decode( stream_get_contents( STDIN ) ) as [ $text, $now ] ) {
    $found[] = strtotime( $text, $now );
}
echo json_encode( $found );
"""


def asked_php(asked: list[tuple[str, int]]) -> list[int | None]:
    """Return the moments that PHP takes texts for; None for those of others."""
    php = subprocess.run(
        ['php', '-r', SCRIPT],
        input=json.dumps(asked),
        capture_output=True,
        text=True,
        check=True,
        timeout=240,
    )
    return [None if found is False else found for found in json.loads(php.stdout)]


def test_an_expiry_is_the_moment_that_php_takes_it_for(wiki: MediaWiki) -> None:
    asked = list(product(TEXTS, TIMES))
    wanted = asked_php(asked)
    differing = [
        (text, now, found, right)
        for (text, now), right in zip(asked, wanted, strict=True)
        if (found := moment(text, now)) != right
    ]
    assert differing == []


def test_an_expiry_that_a_campaign_understands_is_the_same_moment() -> None:
    """It is compared with what the wiki has; what is not clear is not understood."""
    asked = list(product(TEXTS, TIMES))
    understood = 0
    for (text, now), right in zip(asked, asked_php(asked), strict=True):
        found = ends_at(text, datetime.fromtimestamp(now, timezone.utc))
        if found is not None:
            understood += 1
            assert found.timestamp() == right, (text, now)
    assert understood > 100
