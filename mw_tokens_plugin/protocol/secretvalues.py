"""Secrets that are known by their value, taken out of texts however they are spelled.

A text is first looked through for parts of secrets, which is quick; only where there is
one, all its spellings are searched for. What is a secret is for others to say.
"""

from __future__ import annotations

import html
import json
import re
import threading
from collections import OrderedDict
from collections.abc import Iterable, Iterator
from functools import lru_cache
from unicodedata import normalize
from urllib.parse import quote, quote_plus

from mw_tokens_plugin.protocol.spellings import folded, is_word

#: What is shown in the place of a secret.
MASK = '***'

#: Letters from which on a secret is masked wherever it stands.
_ANYWHERE = 8
#: Letters from which on it is masked as a word of its own; shorter ones only beside the
#: name of a parameter.
_AS_WORD = 4

#: Tokens that are kept; the oldest are forgotten first. They have died long before, or
#: look like tokens of MediaWiki, which are masked by their form.
_MAX_TRANSIENT = 4096

#: Letters of the parts by which long secrets are found.
_PART = 8
#: Letters and digits in a row are spelled in one way only.
_RUN = re.compile(r'[A-Za-z0-9]+')

#: What may stand between the letters of a secret where a line was broken.
_BETWEEN = (' ', '\n', '\r', '\t', '"', "'", '\\')
#: Where texts, and the representations of texts and bytes, are broken into lines.
_BREAK = re.compile(r"""['"]?\n\s*(?:b?['"])?""")
#: With one of these begins whatever stands for another character.
_ESCAPES = ('%', '\\', '&')

#: The end of the name of a parameter with a secret, and what stands before its value.
_NAMED = r'(?:{})[^0-9a-z]{{0,4}}b?$'
_NAMES = (
    'password',
    'retype',
    'token',
    'captchaword',
    'code',
    'state',
    'secret',
    'session',
    'signature',
    'authorization',
)
#: Folded letters that are read for such a name.
_MAX_NAME = 48
#: Names of fields with short secrets that are kept.
_MAX_NAMES = 64

#: Colours of pywikibot, which it takes out before others see a text.
_COLOUR = re.compile(r'<<[a-z;]+>>')


class SecretValues:
    """Secrets of this process, and how to take them out of texts.

    .. version-added:: 0.1
    """

    def __init__(self) -> None:
        """Start without any."""
        self._lock = threading.Lock()
        #: Each secret by which letters it can be found; the empty text if by none.
        self._lasting: dict[str, str] = {}
        self._transient: OrderedDict[str, str] = OrderedDict()
        #: Long secrets by parts of them: a text is cut into parts of the same length,
        #: of which one must be whole.
        self._parts: dict[str, tuple[str, ...]] = {}
        #: All others, and the letters that they may begin with.
        self._rest: dict[str, tuple[str, tuple[str, ...]]] = {}
        self._names: dict[str, None] = dict.fromkeys(_NAMES)
        self._named = re.compile(_NAMED.format('|'.join(_NAMES)))

    def add(self, value: str, name: str = '', *, lasting: bool = False) -> None:
        """Keep a value out of all texts from now on.

        :param value: the secret
        :param name: of the parameter that it is the value of
        :param lasting: whether it is good for ever, as a password is; else it is
            forgotten after some thousand others
        """
        with self._lock:
            if not lasting and value in self._transient:
                # It is in use: let others be forgotten first.
                self._transient.move_to_end(value)
                return
            if value in self._lasting or not value.strip():
                return
            if len(value) < _AS_WORD:
                self._add_name(name)
            if (run := self._transient.pop(value, None)) is None:
                run = _longest_run(value)
                self._index(value, run)
            kept = self._lasting if lasting else self._transient
            kept[value] = run
            if len(self._transient) > _MAX_TRANSIENT:
                self._forget(next(iter(self._transient)))

    def replace(self, text: str) -> str:
        """Return a text without any of them."""
        if '\n' in text:
            # Escapes may be broken too, and are whole in the text without the breaks.
            joined = _BREAK.sub('', text)
            if self._replaced(joined) != joined:
                text = self._replaced(text)
                joined = _BREAK.sub('', text)
                again = self._replaced(joined)
                return text if again == joined else again
            return text
        return self._replaced(text)

    def _replaced(self, text: str) -> str:
        found = self._found(text)
        if not found:
            return text
        for value in sorted(found, key=len, reverse=True):
            # What hardly counts when a text is folded is found as it is, or not at all.
            if len(value) >= _ANYWHERE or _hardly_counts(value):
                run = _longest_run(value)
                for spelled in _spellings(value):
                    text = text.replace(spelled, MASK)
                    if run and run not in text:
                        break
        found = self._found(text)
        return self._without(text, found) if found else text

    def __len__(self) -> int:
        """Return how many there are."""
        return len(self._lasting) + len(self._transient)

    def _add_name(self, name: str) -> None:
        letters, _, _ = folded(name)
        if letters and letters not in self._names and len(self._names) < _MAX_NAMES:
            self._names[letters] = None
            self._named = re.compile(
                _NAMED.format('|'.join(map(re.escape, self._names)))
            )

    def _index(self, value: str, run: str) -> None:
        for part in _parts(run):
            self._parts[part] = (*self._parts.get(part, ()), value)
        if len(run) < 2 * _PART - 1:
            forms = [normalize(form, value.strip()) for form in ('NFC', 'NFD', 'NFKD')]
            firsts = {form[0] for form in (value.strip(), *forms)}
            self._rest[value] = run, tuple(firsts)

    def _forget(self, value: str) -> None:
        run = self._transient.pop(value)
        self._rest.pop(value, None)
        for part in _parts(run):
            known = tuple(each for each in self._parts[part] if each != value)
            if known:
                self._parts[part] = known
            else:
                del self._parts[part]

    def _found(self, text: str) -> set[str]:
        """Return the secrets that may be in a text."""
        bare = text
        for sign in _BETWEEN:
            if sign in bare:
                bare = bare.replace(sign, '')
        found: set[str] = set()
        if self._parts:
            known = self._parts.get
            for start in range(0, len(bare) - _PART + 1, _PART):
                if values := known(bare[start : start + _PART]):
                    found.update(values)
        escaped: bool | None = None
        # Others may be added meanwhile.
        for value, (run, firsts) in tuple(self._rest.items()):
            if run:
                if run in bare:
                    found.add(value)
                continue
            if escaped is None:
                escaped = any(sign in text for sign in _ESCAPES)
            if escaped or any(letter in text for letter in firsts):
                found.add(value)
        return found

    def _without(self, text: str, values: Iterable[str]) -> str:
        """Return a text without some secrets, which may be in it."""
        letters, starts, ends = folded(text)
        spans = []
        for value in values:
            for spelled in _folded_spellings(value):
                for start, end in _places(letters, spelled):
                    size = min(len(value), len(spelled))
                    if self._is_masked(size, letters, start, end, starts, ends):
                        spans.append((starts[start], ends[end - 1]))
        parts, position = [], 0
        for start, end in sorted(spans):
            if start >= position:
                parts += [text[position:start], MASK]
            position = max(position, end)
        return ''.join([*parts, text[position:]])

    def _is_masked(
        self,
        size: int,
        letters: str,
        start: int,
        end: int,
        starts: list[int],
        ends: list[int],
    ) -> bool:
        """Tell whether a secret is masked in one of the places where it stands.

        :param size: how many letters of it count
        """
        if size >= _ANYWHERE:
            return True
        if self._named.search(letters[max(0, start - _MAX_NAME) : start]):
            return True
        if size < _AS_WORD:
            return False
        # Words of some scripts have no blanks between them.
        return not letters[start:end].isascii() or is_word(
            letters, start, end, starts, ends
        )


def _longest_run(value: str) -> str:
    """Return the letters and digits by which a value is found, if it has any."""
    return max(_RUN.findall(value), key=len, default='')


def _parts(run: str) -> Iterator[str]:
    """Yield the parts of a run, one of which is in any text that is cut anyhow.

    They are of its middle: tokens end in the time, and others begin alike.
    """
    whole = 2 * _PART - 1
    if len(run) >= whole:
        middle = (len(run) - whole) // 2
        for start in range(middle, middle + _PART):
            yield run[start : start + _PART]


def _hardly_counts(value: str) -> bool:
    """Tell whether next to nothing is left of a value when it is folded."""
    return len(value) >= _AS_WORD > len(_letter_by_letter(value))


def _places(letters: str, spelled: str) -> Iterator[tuple[int, int]]:
    at = letters.find(spelled)
    while at >= 0:
        yield at, at + len(spelled)
        at = letters.find(spelled, at + 1)


@lru_cache(maxsize=256)
def _spellings(value: str) -> tuple[str, ...]:
    """Return the usual spellings of a value, the longest first."""
    found: dict[str, None] = {}
    plain = [value]
    if len(uncoloured := _COLOUR.sub('', value)) >= _AS_WORD:
        plain.append(uncoloured)
    if '|' in value:
        # pywikibot takes it for several values.
        plain.append("', '".join(value.split('|')))
        plain.append("', '".join(repr(part)[1:-1] for part in value.split('|')))
    for each in plain:
        known = each.encode('utf-8', 'replace')
        once = [
            each,
            quote(each, errors='replace'),
            quote(each, safe='', errors='replace'),
            quote_plus(each, errors='replace'),
            json.dumps(each)[1:-1],
            json.dumps(each, ensure_ascii=False)[1:-1],
            html.escape(each),
            html.escape(each, quote=False),
            repr(known)[2:-1],
        ]
        for spelled in once:
            found[spelled] = None
            found[repr(spelled)[1:-1]] = None
            found[ascii(spelled)[1:-1]] = None
            found[quote(spelled, safe='', errors='replace')] = None
    return tuple(sorted(filter(None, found), key=len, reverse=True))


@lru_cache(maxsize=256)
def _folded_spellings(value: str) -> tuple[str, ...]:
    """Return what counts of each spelling: what an escape is depends on that."""
    counted = {folded(spelled)[0] for spelled in _spellings(value)}
    counted.add(_letter_by_letter(value))
    return tuple(filter(None, counted))


def _letter_by_letter(value: str) -> str:
    """Return what counts of a value in which nothing is an escape."""
    return ''.join(folded(letter)[0] for letter in value)
