"""Load the recorded exchanges that lie beside this module.

It knows the shape of the samples and nothing of what is done with them.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

SAMPLES = Path(__file__).with_name('samples')

#: The releases of MediaWiki and CentralAuth that were recorded; `tip` is today's.
RELEASES = ('1.43', 'tip')


@dataclass(frozen=True)
class Exchange:
    """One request, and the answer that MediaWiki gave to it."""

    index: int
    wiki: str
    method: str
    status: int
    response_headers: dict[str, str]
    note: str = ''
    url_params: dict[str, str] = field(default_factory=dict)
    #: None where the request had no body.
    body_params: dict[str, str] | None = None
    headers_sent: dict[str, str] = field(default_factory=dict)
    #: Names of the cookies that were set; a leading ``-`` means deleted.
    #: None where the recording does not say.
    set_cookie: list[str] | None = None
    #: None where the answer was not JSON.
    json: Any = None
    #: The (shortened) answer where it was not JSON.
    text: str = ''

    @property
    def params(self) -> dict[str, str]:
        """What the module sees; the body wins over the query string."""
        return {**self.url_params, **(self.body_params or {})}


def recordings(release: str = '1.43') -> list[str]:
    """Return the names of all recordings of a release."""
    return sorted(path.stem for path in (SAMPLES / release).glob('*.json'))


def load(name: str, release: str = '1.43') -> list[Exchange]:
    """Return the exchanges of one recording, in the order they were made."""
    rows = json.loads((SAMPLES / release / f'{name}.json').read_text('utf-8'))
    if any('set_cookie' in row for row in rows):
        rows = [{'set_cookie': []} | row for row in rows]
    return [Exchange(index, **row) for index, row in enumerate(rows)]
