"""Messages to the operator and texts for wikis, in the language of each.

The texts are in ``i18n``: a folder for each prefix of the keys, with a file for each
language, like pywikibot's own. Errors are in English, like those of the API, so that
they can be searched for.

https://www.mediawiki.org/wiki/Manual:Pywikibot/i18n
"""

from __future__ import annotations

import json
from functools import cache
from importlib import resources
from typing import Any

from pywikibot import config, i18n

from mw_tokens_plugin.protocol.display import displayable

__all__ = ['message', 'quantity', 'translation', 'translations', 'wiki_message']


def message(key: str, **parameters: object) -> str:
    """Return a message in the language of the operator.

    That is pywikibot's ``userinterface_lang``, or else the language of the terminal.
    Control characters in its parameters, which may come from outside, are escaped.

    .. version-added:: 0.1

    :param key: its key, which starts with the name of its folder
    :param parameters: what is inserted into it
    """
    safe: dict[str, object] = {
        name: value if isinstance(value, int | float) else displayable(str(value))
        for name, value in parameters.items()
    }
    return _translated(config.userinterface_lang, key, safe)


def wiki_message(site: Any, key: str, **parameters: object) -> str:
    """Return a message in the language of a wiki.

    .. version-added:: 0.1

    :param site: the wiki on which it will be written
    :param key: its key, which starts with the name of its folder
    :param parameters: what is inserted into it
    """
    return _translated(site.lang, key, parameters)


def translation(key: str) -> str | None:
    """Return a text without parameters in the language of the operator.

    .. version-added:: 0.1

    :param key: its key, which starts with the name of its folder
    :return: the text; None where the operator reads English, for want of another
    """
    texts = _bundle(key.partition('-')[0]).get(key, {})
    if not texts.keys() - {'en'}:
        return None
    text = i18n.translate(
        config.userinterface_lang, {'en': None, **texts}, fallback=True
    )
    return None if text is None or text == texts.get('en') else str(text)


def translations(key: str) -> tuple[str, ...]:
    """Return the texts of a message in all languages, with the names of parameters.

    .. version-added:: 0.1

    :param key: its key, which starts with the name of its folder
    """
    return tuple(_texts(key).values())


def quantity(number: int, noun: str) -> str:
    """Return a number with its English noun, for errors, which are not translated.

    .. version-added:: 0.1

    >>> quantity(1, 'target'), quantity(1200, 'target')
    ('1 target', '1,200 targets')

    :param number: how many
    :param noun: what, in the singular, with a regular plural
    """
    return f'{number:,} {noun}{"" if number == 1 else "s"}'


def _translated(language: str, key: str, parameters: dict[str, object]) -> str:
    return str(i18n.translate(language, _texts(key), parameters, fallback=True))


def _texts(key: str) -> dict[str, str]:
    return _bundle(key.partition('-')[0])[key]


@cache
def _bundle(name: str) -> dict[str, dict[str, str]]:
    """Return the messages of a folder: their texts by language, by key."""
    messages: dict[str, dict[str, str]] = {}
    for file in resources.files('mw_tokens_plugin').joinpath('i18n', name).iterdir():
        language, dot, _ = file.name.partition('.json')
        if not dot or language == 'qqq':
            continue
        for key, text in json.loads(file.read_text('utf-8')).items():
            if key != '@metadata':
                messages.setdefault(key, {})[language] = text
    return messages
