"""All ways in which pywikibot uploads a file, and what comes of each.

It is run by itself for pywikibot without the plugin, and imported by the tests of the
plugin: whatever becomes of an upload has to be the same.
"""

from __future__ import annotations

import json
import random
import re
import warnings
from pathlib import Path
from typing import Any

import pywikibot

#: A grey square of one pixel, which the wiki tells from others by what follows it.
PNG = bytes.fromhex(
    '89504e470d0a1a0a0000000d4948445200000001000000010800000000'
    '3a7e9b550000000a49444154789c63680000008200815a93c8a50000000049454e44ae426082'
)

#: What pywikibot is told, by what that means.
OPTIONS: dict[str, dict[str, Any]] = {
    'default': {},
    'all': {'ignore_warnings': True},
    'exists': {'ignore_warnings': ['exists']},
    'both': {'ignore_warnings': ['exists', 'duplicate']},
    'yes': {'ignore_warnings': lambda found: True},
    'no': {'ignore_warnings': lambda found: False},
    'quiet and strict': {'report_success': False},
    'loud with a list': {'ignore_warnings': ['exists'], 'report_success': True},
    'later': {'asynchronous': True},
    'later with a list': {'asynchronous': True, 'ignore_warnings': ['exists']},
    'watched': {'watch': True},
    'chunks': {'chunk_size': 70_000},
    'chunks with a list': {'chunk_size': 70_000, 'ignore_warnings': ['exists']},
    'chunks, later': {'chunk_size': 70_000, 'asynchronous': True},
    'large chunk': {'chunk_size': 10**6, 'ignore_warnings': ['exists']},
    'no text': {'text': ''},
    'no summary': {'summary': '', 'text': ''},
    'no file': {'source_filename': 'missing.png'},
    'url': {'source_filename': None, 'source_url': 'http://127.0.0.1:1/a.png'},
    'url and file': {'source_url': 'http://127.0.0.1:1/a.png'},
}

#: What is there already, of the same title or the same content, and what is tried.
TRIED = {
    'new': (
        *('default', 'yes', 'later', 'watched', 'chunks', 'chunks, later', 'no text'),
        *('loud with a list', 'no summary', 'no file', 'url', 'url and file'),
    ),
    'exists': ('default', 'all', 'exists', 'no'),
    'duplicate': ('default', 'exists'),
    'exists and duplicate': (
        *('default', 'exists', 'both', 'yes', 'no', 'quiet and strict'),
        *('later with a list', 'chunks with a list', 'large chunk'),
    ),
    'nochange': ('all', 'yes'),
    'deleted': ('exists', 'yes'),
}


class Trial:
    """The uploads to one site."""

    def __init__(self, site: Any, prefix: str, size: int = 80_000) -> None:
        """Make titles and contents that nothing else has.

        :param prefix: of the titles
        :param size: bytes of each file
        """
        self.site = site
        self.prefix = prefix
        self._size = size
        self._random = random.Random(prefix)
        self._number = 0

    def content(self) -> Path:
        """Return a file of new content."""
        self._number += 1
        path = Path(f'{self.prefix} {self._number}.png'.replace(' ', '_'))
        path.write_bytes(PNG + self._random.randbytes(self._size) + b'\r\n--')
        return path

    def put(self, title: str, content: Path) -> None:
        """Have a file there."""
        page = pywikibot.FilePage(self.site, title)
        assert page.upload(
            str(content), summary='before', text='before', ignore_warnings=True
        )

    def outcomes(self) -> dict[str, Any]:
        """Return what comes of each upload, by what it is."""
        return {
            f'{state}: {name}': self.outcome(state, OPTIONS[name])
            for state, names in TRIED.items()
            for name in names
        }

    def outcome(self, state: str, options: dict[str, Any]) -> dict[str, Any]:
        """Upload a file; return what came of it."""
        content = self.content()
        title = f'{self.prefix} title {self._number}.png'
        other = f'{self.prefix} other {self._number}.png'
        if 'duplicate' in state:
            self.put(other, content)
        if 'exists' in state:
            self.put(title, self.content())
        if state in ('nochange', 'deleted'):
            self.put(title, content)
        if state == 'deleted':
            pywikibot.FilePage(self.site, title).delete('not needed', prompt=False)
        told: list[Any] = []
        options = dict(options)
        decide = options.get('ignore_warnings')
        if callable(decide):

            def ask(found: list[Any]) -> Any:
                told.append([[e.code, repr(e.offset), bool(e.file_key)] for e in found])
                return decide(found)

            options['ignore_warnings'] = ask
        options = {
            'source_filename': str(content),
            'summary': 'after',
            'text': 'a text',
            **options,
        }
        page = pywikibot.FilePage(self.site, title)
        result: Any
        try:
            with warnings.catch_warnings():
                warnings.simplefilter('ignore')
                result = self.site.upload(page, **options)
        except Exception as error:  # noqa: BLE001  # it is compared
            result = [
                type(error).__name__,
                getattr(error, 'code', re.sub('<.*>', '', str(error))),
                repr(getattr(error, 'offset', None)),
                bool(getattr(error, 'file_key', None)),
            ]
        page = pywikibot.FilePage(self.site, title)
        versions = []
        if page.exists() and page.file_is_shared() is False:
            history = page.get_file_history()
            versions = [
                [history[at].comment, history[at].size] for at in sorted(history)
            ]
        return {
            'result': result,
            'told': told,
            'versions': versions,
            'text': page.text if page.exists() else None,
            'watched': page in self._watched() if options.get('watch') else None,
        }

    def _watched(self) -> list[Any]:
        return list(self.site.watched_pages(force=True, total=500))


if __name__ == '__main__':
    site = pywikibot.Site('aa', 'sandbox')
    site.login()
    Path('outcomes.json').write_text(json.dumps(Trial(site, 'Plain').outcomes()))
