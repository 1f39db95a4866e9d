"""The sentences of errors for which a wiki answers with the key of a message alone.

It asks the wiki once for each key, and only after a refusal. If that fails, the key is
shown.

https://www.mediawiki.org/wiki/API:Allmessages
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from pywikibot.exceptions import Error as PywikibotError

from mw_tokens_plugin.exceptions import TokensPluginError
from mw_tokens_plugin.protocol.answers import items_of
from mw_tokens_plugin.site.base import WikiSite

#: Parameters that messages of errors have at most.
_MAX_PARAMETERS = 9


def sentence(site: WikiSite, key: str, parameters: Sequence[str]) -> str | None:
    """Return a message of the wiki in English; None if it has none of that key.

    :param site: the wiki
    :param key: the message's key
    :param parameters: what belongs in the places of ``$1``, ``$2``...
    """
    known: dict[str, str | None] = site.__dict__.setdefault('_error_texts', {})
    if key not in known:
        known[key] = _text(site, key)
    text = known[key]
    if text is None:
        return None
    for number, value in reversed(list(enumerate(parameters, start=1))):
        text = text.replace(f'${number}', value)
    return text


def _text(site: WikiSite, key: str) -> str | None:
    """Ask for a message, with its places for parameters left open."""
    try:
        answer = site.simple_request(
            action='query',
            meta='allmessages',
            ammessages=[key],
            amargs=[f'${number + 1}' for number in range(_MAX_PARAMETERS)],
            amenableparser=True,
            amlang='en',
            formatversion=2,
        ).submit()
        (item,) = items_of(answer, 'query', 'allmessages')
    except (TokensPluginError, PywikibotError, ValueError):
        return None
    text = item.get('content')
    if not isinstance(text, str):
        return None
    return ' '.join(re.sub(r"<[^<>]*>|'''?", '', text).split()) or None
