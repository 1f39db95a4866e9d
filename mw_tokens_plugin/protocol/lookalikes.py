"""Names that look like others, shown so that readers can distinguish them.

Characters that are not displayed, and letters of another script than the rest of their
word, get their code points beside them. Names in one script, and usual mixtures
(Japanese, Korean, Latin beside Arabic or Chinese) stay as they are. Characters that a
terminal obeys are left to :mod:`~mw_tokens_plugin.protocol.display`.

https://www.unicode.org/reports/tr39/#Restriction_Level_Detection
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Iterator
from functools import lru_cache

#: Characters that are not displayed: Unicode's default ignorable ones, and a blank
#: pattern. Those that move a cursor or end a line are escaped by ``display``.
#: https://www.unicode.org/reports/tr44/#Default_Ignorable_Code_Point
_INVISIBLE = re.compile(
    '[\\u00ad\\u034f\\u061c\\u115f\\u1160\\u17b4\\u17b5\\u180b-\\u180f\\u200b-\\u200f'
    '\\u2060-\\u206f\\u2800\\u3164\\ufe00-\\ufe0f\\ufeff\\uffa0\\ufff0-\\ufffb'
    '\\U0001bca0-\\U0001bca3\\U0001d173-\\U0001d17a\\U000e0000-\\U000e0fff]'
)
_MARK = re.compile('<U\\+((?:10|[0-9A-F])?[0-9A-F]{4})>')
#: Letters, and the marks on them.
_WORD = re.compile(r'[^\W\d_]+')
#: Scripts that are written beside each other in one word.
_EAST_ASIAN = frozenset(
    'BOPOMOFO CJK HALFWIDTH HANGUL HIRAGANA IDEOGRAPHIC KATAKANA LATIN'.split()
)
#: Scripts with letters that look like Latin ones, and other forms of Latin letters.
_LIKE_LATIN = frozenset(
    'ARMENIAN BOLD CHEROKEE CIRCLED COPTIC CYRILLIC DOUBLE-STRUCK FULLWIDTH GREEK LISU '
    'MATHEMATICAL NEGATIVE OLD PARENTHESIZED REGIONAL ROMAN SCRIPT SQUARED'.split()
)
#: Letters that look like Latin ones: a word of nothing else can pass for a Latin word.
_LETTERS_LIKE_LATIN = frozenset(
    '\u0410\u0412\u0415\u041a\u041c\u041d\u041e\u0420\u0421\u0422\u0423\u0425\u0405\u0406\u0408'
    '\u0430\u0435\u043e\u0440\u0441\u0443\u0445\u0455\u0456\u0458\u04bb\u0501\u051b\u051d\u04ae\u04c0'
    '\u0391\u0392\u0395\u0396\u0397\u0399\u039a\u039c\u039d\u039f\u03a1\u03a4\u03a5\u03a7\u03bf\u03bd'
)

#: The first words of the Unicode names of letters of several scripts.
_COMMON = frozenset('FEMININE MASCULINE MICRO MODIFIER'.split())
#: Scripts in which two characters that are not displayed control how letters join.
_JOINING = frozenset(
    'ARABIC BENGALI DEVANAGARI GUJARATI GURMUKHI KANNADA KHMER MALAYALAM MONGOLIAN '
    'MYANMAR ORIYA SINHALA SYRIAC TAMIL TELUGU'.split()
)
_JOINERS = '\u200c\u200d'


def marked(name: str) -> str:
    r"""Return a name with the code points of characters that could mislead readers.

    .. version-added:: 0.1

    >>> marked('Ad\u00admin'), marked('\u0410dmin')
    ('Ad<U+00AD>min', '\u0410<U+0410>dmin')

    :param name: the name of an account, or the title of a page
    """
    if name.isascii():
        return name
    odd = set(_odd_letters(name))
    parts = []
    for position, character in enumerate(name):
        if _INVISIBLE.match(character) and not _joins(name, position):
            parts.append(_code_point(character))
        elif position in odd:
            parts.append(f'{character}{_code_point(character)}')
        else:
            parts.append(character)
    return ''.join(parts)


def unmarked(text: str, *, but: str = '') -> str:
    """Return a text without the code points that :func:`marked` has put beside names.

    .. version-added:: 0.1

    :param text: a line that may come from a plan
    :param but: characters that are not restored; their marks stay
    """

    def undo(mark: re.Match[str]) -> str:
        character = chr(int(mark[1], 16))
        if text[mark.start() - 1 : mark.start()] == character:
            return ''
        is_one = _INVISIBLE.match(character) and character not in but
        return character if is_one else mark[0]

    return _MARK.sub(undo, text) if '<U+' in text else text


def is_invisible(character: str) -> bool:
    """Return whether a character is not displayed by itself.

    .. version-added:: 0.1
    """
    category = unicodedata.category(character)
    return category in ('Cc', 'Cf', 'Mn') or _INVISIBLE.match(character) is not None


def _odd_letters(name: str) -> Iterator[int]:
    """Yield the places of letters of another script than the rest of their word.

    Beside Latin words, all letters of a word that looks like Latin count.
    """
    is_latin = any(_script(letter) == 'LATIN' for letter in name if letter.isalpha())
    for word in _WORD.finditer(name):
        scripts = [_script(letter) for letter in word[0]]
        counts = Counter(filter(None, scripts))
        if is_latin and _LETTERS_LIKE_LATIN.issuperset(word[0]):
            yield from range(*word.span())
            continue
        if len(counts) < 2:
            continue
        # Of two scripts with as many letters, the other one imitates Latin.
        main = max(counts, key=lambda script: (counts[script], script == 'LATIN'))
        for offset, script in enumerate(scripts):
            if script and not _go_together(script, main):
                yield word.start() + offset


def _go_together(one: str, other: str) -> bool:
    """Return whether two scripts are usual in one word."""
    pair = {one, other}
    return (
        len(pair) == 1
        or pair <= _EAST_ASIAN
        or ('LATIN' in pair and pair.isdisjoint(_LIKE_LATIN))
    )


def _joins(name: str, position: int) -> bool:
    """Return whether a character controls how the letters beside it join."""
    if name[position] not in _JOINERS or position == 0:
        return False
    return _script(name[position - 1]) in _JOINING


@lru_cache(maxsize=4096)
def _script(letter: str) -> str:
    """Return the script of a letter; empty for those of several scripts."""
    script = re.split('[ -]', unicodedata.name(letter, ''))[0]
    return '' if script in _COMMON else script


def _code_point(character: str) -> str:
    return f'<U+{ord(character):04X}>'
