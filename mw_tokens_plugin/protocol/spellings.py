"""Names that must not be shown, removed from texts in all their spellings.

Titles, web addresses, JSON, reprs, logs and tables spell one name in many ways. So
names and texts are compared without case, accents, width, blanks, quotes and invisible
characters, and with escapes and entities decoded. Which names must not be shown is left
to the caller.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Mapping
from functools import lru_cache
from urllib.parse import unquote_to_bytes

from mw_tokens_plugin.protocol.names import decoded

#: Escapes, and plain text between them.
_ESCAPED = re.compile(
    r'(?P<percent>(?:%(?:25)*[0-9A-Fa-f]{2})+)'
    r'|(?P<entity>&(?:amp;)*(?:\#\d{1,7}|\#[xX][0-9A-Fa-f]{1,6}|[A-Za-z]\w{1,31});)'
    r'|(?P<bytes>(?:\\{1,8}x[0-9A-Fa-f]{2})+)'
    r'|(?P<unicode>(?:\\{1,8}u[0-9A-Fa-f]{4})+|\\{1,8}U[0-9A-Fa-f]{8})'
    r'|(?P<break>\\{1,8}[nrt])'
    r'|(?P<plain>[^%&\\]+|[%&\\])'
)
#: Characters that make no difference, besides invisible ones.
_DROPPED = frozenset(' \t\r\n_+\'"\\')
#: Shorter names in ASCII are searched for as whole words only.
_SHORT = 4
#: Letters of the key by which names are found.
_KEY = 3


class HiddenNames:
    """Names that must not be shown, and what is shown instead.

    .. version-added:: 0.1
    """

    def __init__(self, names: Mapping[str, str]) -> None:
        """Prepare to search for names.

        :param names: each name, and what to show instead
        """
        #: Names by their first letters, the longest first.
        self._names: dict[str, list[tuple[str, str]]] = {}
        #: Names that consist of signs that make no difference.
        self._signs: dict[str, str] = {}
        for name, label in names.items():
            letters, _, _ = folded(name)
            if letters:
                known = self._names.setdefault(letters[:_KEY], [])
                known.append((letters, label))
            elif name:
                self._signs[name] = label
        for known in self._names.values():
            known.sort(key=lambda item: -len(item[0]))
        self._first = frozenset(key[0] for key in self._names)

    def __bool__(self) -> bool:
        """Return whether there are any."""
        return bool(self._names or self._signs)

    def replace(self, text: str) -> str:
        """Return a text without any of the names.

        :param text: a text that will be shown
        """
        for signs, label in self._signs.items():
            text = text.replace(signs, label)
        if not self._names:
            return text
        letters, starts, ends = folded(text)
        parts, position, at = [], 0, 0
        while at < len(letters):
            found = self._at(letters, at, starts, ends)
            if found is None:
                at += 1
                continue
            size, label = found
            start, end = starts[at], ends[at + size - 1]
            while end < len(text) and unicodedata.combining(text[end]):
                end += 1
            if start >= position:
                parts += [text[position:start], label]
                position = end
            at += size
        return ''.join([*parts, text[position:]])

    def _at(
        self, letters: str, at: int, starts: list[int], ends: list[int]
    ) -> tuple[int, str] | None:
        """Return the length of the name at a place, and its label; None without one."""
        if letters[at] not in self._first:
            return None
        for size in range(_KEY, 0, -1):
            for name, label in self._names.get(letters[at : at + size], ()):
                if not letters.startswith(name, at):
                    continue
                is_part = len(name) < _SHORT and name.isascii() and name.isalnum()
                if is_part and not is_word(letters, at, at + len(name), starts, ends):
                    continue
                return len(name), label
        return None


def folded(text: str) -> tuple[str, list[int], list[int]]:
    """Return the letters of a text that count, and where each starts and ends there.

    :param text: the text to search
    """
    letters: list[str] = []
    starts: list[int] = []
    ends: list[int] = []
    for some, begins, stops in _pieces(text):
        letters.append(some)
        starts += begins
        ends += stops
    return ''.join(letters), starts, ends


def is_word(
    letters: str, start: int, end: int, starts: list[int], ends: list[int]
) -> bool:
    """Return whether no letter or digit is directly beside a part of a text.

    :param letters: the letters that count, as :func:`folded` returns them
    :param start: where the part begins in them
    :param end: where it ends
    :param starts: where each letter starts in the text itself
    :param ends: where it ends
    """
    touches_before = start > 0 and ends[start - 1] == starts[start]
    touches_after = end < len(letters) and ends[end - 1] == starts[end]
    return not (
        (touches_before and letters[start - 1].isalnum())
        or (touches_after and letters[end].isalnum())
    )


def _pieces(text: str) -> Iterator[tuple[str, list[int], list[int]]]:
    """Yield a text's pieces as :func:`folded` returns the whole."""
    for found in _ESCAPED.finditer(text):
        start, end = found.span()
        whole = found[0]
        if found['plain'] is None:
            letters = ''.join(map(_letters, _unescaped(found)))
            yield letters, [start] * len(letters), [end] * len(letters)
        elif whole.isascii():
            kept = [i for i, c in enumerate(whole, start) if c not in _DROPPED]
            lower = whole.lower()
            yield (
                ''.join(lower[i - start] for i in kept),
                kept,
                [i + 1 for i in kept],
            )
        else:
            pieces = [(_letters(c), i) for i, c in enumerate(whole, start)]
            yield (
                ''.join(letters for letters, _ in pieces),
                [i for letters, i in pieces for _ in letters],
                [i + 1 for letters, i in pieces for _ in letters],
            )


def _unescaped(found: re.Match[str]) -> str:
    """Return the characters that an escape represents."""
    whole = found[0]
    if found['percent']:
        once = re.sub('%(?:25)+', '%', whole)
        return unquote_to_bytes(once).decode('utf-8', 'replace')
    if found['entity']:
        return decoded(re.sub('&(?:amp;)+', '&', whole))
    if found['bytes']:
        bytes_ = bytes(int(n, 16) for n in re.findall(r'x(..)', whole))
        try:
            return bytes_.decode('utf-8')
        except UnicodeDecodeError:
            return bytes_.decode('latin-1')
    if found['unicode']:
        numbers = [int(n, 16) for n in re.findall('[uU]([0-9A-Fa-f]+)', whole)]
        text = ''.join(chr(n) for n in numbers if n < 0x110000)
        return text.encode('utf-16', 'surrogatepass').decode('utf-16', 'replace')
    return ' '


@lru_cache(maxsize=65536)
def _letters(letter: str) -> str:
    """Return the letters of a character that count."""
    plain = unicodedata.normalize('NFKD', letter).casefold()
    plain = unicodedata.normalize('NFKD', plain).casefold()
    return ''.join(
        c
        for c in plain
        if c not in _DROPPED
        and unicodedata.category(c) not in ('Cc', 'Cf', 'Mn', 'Zs', 'Zl', 'Zp')
    )
