"""Which page an address of a wiki shows, by what the wiki says of its addresses.

It sends no requests. The parts of an address count in the order of MediaWiki's
``WebRequest`` and ``MediaWiki::parseTitle``.

https://www.mediawiki.org/wiki/API:Siteinfo
https://www.mediawiki.org/wiki/Manual:$wgArticlePath
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs, unquote

#: The largest integer in PHP.
_MAX_INT = 2**63 - 1


@dataclass(frozen=True, slots=True)
class Shown:
    """What an address shows.

    :ivar title: of the page; '' if the address names none
    :ivar page_id: the id of a page, which counts instead of the title; 0 for none
    :ivar revision: the id of a revision, whose page counts if there is one; 0 for none
    """

    title: str
    page_id: int = 0
    revision: int = 0


@dataclass(frozen=True, slots=True)
class Addresses:
    """Where a wiki has its pages.

    :ivar script: the path of ``index.php``
    :ivar folder: the path of the folder with its scripts
    :ivar patterns: matched by the paths of pages; the group ``title`` is the title
    """

    script: str
    folder: str
    patterns: tuple[re.Pattern[str], ...]

    @classmethod
    def of(cls, general: Mapping[str, Any]) -> Addresses:
        """Return the addresses of a wiki, by what it says of itself.

        :param general: the value of ``siprop=general``
        """
        article = str(general['articlepath'])
        variant = general.get('variantarticlepath') or ''
        script = str(general['script'])
        paths = [f'{script}/$1', article, str(variant)]
        patterns = [re.compile(_pattern(p)) for p in paths if '$1' in p.split('?')[0]]
        return cls(script, str(general['scriptpath']), tuple(patterns))

    def fit(self, path: str) -> int:
        """Tell how much of a path is this wiki's own; 0 where it is another one's."""
        if path == self.script:
            return len(path)
        matches = (pattern.fullmatch(path) for pattern in self.patterns)
        return max((m.start('title') for m in matches if m), default=0)

    def page_at(self, path: str, query: str) -> Shown:
        """Return what is shown at an address.

        :param path: as it is written in the address
        :param query: what follows the question mark
        """
        given = parse_qs(query)
        # As PHP does, the last of several; but the path comes first.
        title = given.get('title', [''])[-1]
        if path != self.script:
            is_script = re.fullmatch(rf'{re.escape(self.folder)}/[a-z_]+\.php', path)
            matches = (pattern.fullmatch(path) for pattern in self.patterns)
            found = next(filter(None, matches), None)
            if is_script or (found is None and path.rstrip('/') not in self._roots):
                return Shown('')
            if found is not None:
                title = unquote(found['title']) or title
        numbers = [_number(given.get(n, [''])[-1]) for n in ('curid', 'oldid', 'diff')]
        if None in numbers:
            return Shown('')
        page_id, old, new = (number or 0 for number in numbers)
        return Shown(title, page_id, old or new)

    @property
    def _roots(self) -> tuple[str, str]:
        """The paths that PHP answers with ``index.php``."""
        return self.folder, ''


def _number(value: str) -> int | None:
    """Return a number in an address as PHP reads it; None where that is not certain.

    https://www.php.net/manual/en/function.intval.php
    """
    if re.fullmatch('[0-9]+', value):
        return min(int(value), _MAX_INT)
    # PHP reads the beginning of such a value, in several ways.
    return None if re.match(r'[ \t\n\r\v\f]*[+-]?[.]?[0-9]', value) else 0


def _pattern(path: str) -> str:
    """Return a pattern for the paths of pages; ``$2`` is a variant of the language."""
    pattern = re.escape(path.partition('?')[0])
    return pattern.replace(r'\$1', '(?P<title>.*)').replace(r'\$2', '[^/]+')
