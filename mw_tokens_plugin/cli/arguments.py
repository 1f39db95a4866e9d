"""Options that are misspelled, repeated or written otherwise: refused with a hint.

Which options a script has is read from its help; what they mean is the script's own
business.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping
from difflib import get_close_matches

from mw_tokens_plugin.exceptions import InvalidInput

#: An option in the help of a script: its name, and what stands for its value.
_IN_HELP = re.compile(r'^(-[a-z][a-z-]*)(?::([A-Z][A-Z,]*))?(?=\s|$)', re.MULTILINE)

#: Options that may be given several times, in all scripts that have them.
_REPEATABLE = frozenset({'-file', '-not', '-protect'})

#: Options whose value may be empty.
_MAY_BE_EMPTY = frozenset({'-reason', '-summary'})

#: Other names of options.
_SYNONYMS = {'-summary': '-reason'}

#: Forms that are meant, where the name alone does not tell.
_MEANT = {'-resume': '-resume -campaign:NAME', '-max-failures': '-max-failures:5%'}


def options_in(help_text: str | None) -> dict[str, str]:
    """Return the options that a help describes, with what stands for their values.

    .. version-added:: 0.1

    :param help_text: the docstring of a script
    """
    found = {name: value or '' for name, value in _IN_HELP.findall(help_text or '')}
    if '-reason' in found:
        found['-summary'] = found['-reason']
    return found


def check_arguments(
    arguments: Iterable[str],
    known: Mapping[str, str],
    *,
    script: str,
    repeatable: Collection[str] = (),
    others: Collection[str] = (),
) -> None:
    """Refuse options that would be misunderstood.

    .. version-added:: 0.1

    :param arguments: what pywikibot has left of the command line
    :param known: options, and what stands for their values; '' if they have none
    :param script: how it is started
    :param repeatable: those that may be given several times, besides what may always
    :param others: options that somebody else reads
    :raises InvalidInput: an option is not known, is written in another way, is given
        twice, or has a value that is empty
    """
    if not known:
        # Python was told to leave out docstrings.
        return
    seen: set[str] = set()
    for argument in arguments:
        if not argument.startswith('-') or argument == '-':
            continue
        name, colon, value = argument.partition(':')
        meant = known.get(name)
        if meant is None:
            if hint := _other_form(argument, known):
                raise InvalidInput(
                    f'{_name(argument)} is not understood: write {hint}.'
                )
            if name not in others:
                raise _unknown(argument, known, script)
            continue
        if meant and not colon:
            raise InvalidInput(f'{argument} needs a value: {name}:{meant}.')
        if colon and not meant:
            form = _MEANT.get(name, name)
            raise InvalidInput(f'{name} takes no value: write {form}.')
        words = value.replace(',', ' ') if ',' in meant else value
        if meant and not words.strip() and name not in _MAY_BE_EMPTY:
            # What a variable of a shell was to limit must not be without a limit.
            raise InvalidInput(
                f'{name}: says nothing: give {name}:{meant}, or leave it out. Is a '
                'variable of the shell not set?'
            )
        name = _SYNONYMS.get(name, name)
        if meant and name in seen and name not in {*_REPEATABLE, *repeatable}:
            raise InvalidInput(f'{name} is given twice: give it once.')
        seen.add(name)


def _other_form(argument: str, known: Mapping[str, str]) -> str | None:
    """Return how an option is written here; None if that is not what is wrong."""
    found = re.fullmatch(r'-?(-[A-Za-z][\w-]*)(?:[=:](.*))?', argument, re.DOTALL)
    if found is None:
        return None
    name = found[1].lower().replace('_', '-')
    if name not in known:
        return None
    if not known[name]:
        return name
    # A URL may hold a password.
    value = found[2] if found[2] and '://' not in found[2] else known[name]
    return f'{name}:{value}'


def _unknown(argument: str, known: Mapping[str, str], script: str) -> InvalidInput:
    close = get_close_matches(f'-{_name(argument).lstrip("-")}', known, n=1)
    hint = ''
    if close:
        form = f'{close[0]}:{known[close[0]]}' if known[close[0]] else close[0]
        hint = f' Is {form} meant?'
    return InvalidInput(
        f'{_name(argument)!r} is not understood.{hint} "{script} -help" lists all '
        'options; those with a value are written -name:value.'
    )


def _name(argument: str) -> str:
    """Return an argument without its value, which may be a secret."""
    return re.split('[:=]', argument, maxsplit=1)[0]
