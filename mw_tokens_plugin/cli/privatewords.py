"""What of a command line may be logged, where an option of it keeps names private.

pywikibot logs the whole command line, before a script can refuse it. Options are
recognised here in any spelling; what they mean is left to :mod:`.table`.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Mapping, Sequence
from difflib import get_close_matches

import pywikibot
from pywikibot import config

from mw_tokens_plugin.cli.table import OTHER_DASHES, PYWIKIBOT, Option, Options, table
from mw_tokens_plugin.exceptions import InvalidInput
from mw_tokens_plugin.protocol.names import normalise_name

#: A word that may be meant as an option: editors and keyboards have other dashes.
_WORD = re.compile(
    rf'(?P<dashes>[-{OTHER_DASHES}]*)(?P<name>\w[\w-]*)'
    '(?:\\s*[:=\uff1a]\\s*(?P<value>.*))?',
    re.DOTALL,
)
_HIDDEN = '***'


def check_names_are_private(cls: type[Options], arguments: Sequence[str]) -> None:
    """Keep names that must not be shown off the command line.

    :param cls: the options of the script
    :raises InvalidInput: it has such names, or its option is written with another dash,
        so that it would be taken for a name
    """
    private = _private(cls)
    meant = {word: about for word in arguments if (about := _meant(word, private))}
    if meant and any(w not in meant and not w.startswith('-') for w in arguments):
        raise InvalidInput(
            'Names of accounts to hide do not belong on the command line, which others '
            'can read: give them by -file:FILE.'
        )
    for word, about in meant.items():
        if not word.startswith('-'):
            raise InvalidInput(f'{word!r} is not understood: write {about.form}.')
    rows = _rows(cls)
    for number, word in enumerate(arguments, start=1):
        if meant and word not in meant and not _is_known(word, rows):
            # It may be a name itself.
            raise InvalidInput(
                f'Argument {number} is not understood. "-help" lists all options; give '
                'names of accounts to hide by -file:FILE.'
            )


def logged_words(cls: type[Options], arguments: Sequence[str]) -> list[str]:
    """Return a command line as it may be logged.

    It is left as it is, unless the script has an option that keeps names private and it
    is given, or something that is not understood may have been meant for it.

    :param cls: the options of the script
    """
    private = _private(cls)
    hides = any(_meant(word, private) for word in arguments)
    rows = _rows(cls)
    unclear = [w for w in arguments if w.startswith('-') and not _is_known(w, rows)]
    if not private or not (hides or unclear):
        return list(arguments)
    return [_logged(word, rows, hides=hides) for word in arguments]


def replace_logged(arguments: Sequence[str], logged: Sequence[str]) -> None:
    """Let pywikibot log other words instead of those of the command line.

    :param arguments: the words of the command line
    :param logged: what is logged of each
    """
    words = dict(zip(arguments, logged, strict=True))
    pywikibot.argvu[1:] = [words.get(word, word) for word in pywikibot.argvu[1:]]
    if sys.argv[1:] == list(arguments):
        # It is in the first lines of each log.
        sys.argv[1:] = logged


def _rows(cls: type[Options]) -> dict[str, Option]:
    rows = {name: about for name, (_, about) in table(cls).items()}
    return rows | {about.also: about for about in rows.values() if about.also}


def _private(cls: type[Options]) -> dict[str, Option]:
    return {
        name.lstrip('-'): about
        for name, about in _rows(cls).items()
        if about.keeps_names_private
    }


def _meant(word: str, private: Mapping[str, Option]) -> Option | None:
    """Return which option that keeps names private a word may be meant for."""
    found = _WORD.fullmatch(word)
    if found is None:
        return None
    name = found['name'].lower().replace('_', '-')
    for close in get_close_matches(name, private, n=1, cutoff=0.7):
        about = private[close]
        if found['dashes'] or (found['value'] and _can_be_read(about, found['value'])):
            return about
    return None


def _can_be_read(about: Option, value: str) -> bool:
    try:
        about.read(value.strip().lower())
    except (ValueError, InvalidInput):
        return False
    return True


def _is_known(word: str, rows: Mapping[str, Option]) -> bool:
    name = word.partition(':')[0]
    return (
        word == '-'
        or name in rows
        or name in PYWIKIBOT
        or isinstance(getattr(config, name[1:], None), int)
    )


def _logged(word: str, rows: Mapping[str, Option], *, hides: bool) -> str:
    """Return what may be logged of a word.

    :param hides: whether names must not be shown
    """
    name, colon, _ = word.partition(':')
    if name in rows:
        # A file may be named; what is free text may hold a name.
        about = rows[name]
        is_text = about.read in (str, normalise_name) or about.by_others
        hidden = hides and colon and about.value and is_text
        return f'{name}:{_HIDDEN}' if hidden else word
    if _is_known(word, rows):
        return word
    if word.startswith('-') and not hides:
        name = re.split('[:=]', word, maxsplit=1)[0]
        return f'{name}:{_HIDDEN}' if name != word else word
    return _HIDDEN
