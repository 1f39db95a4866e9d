"""What scripts write on a wiki, in the language of the wiki.

Translations are found by pywikibot's own i18n in the package that `pwb` names to it;
without one, or in a script that was started otherwise, the English text is used.

https://www.mediawiki.org/wiki/Manual:Pywikibot/i18n
"""

from __future__ import annotations

from typing import Any

from pywikibot import i18n
from pywikibot.exceptions import TranslationError

#: The English texts, as they are in the bundles of ``scripts/i18n`` too.
ENGLISH = {
    'global_lock-summary': ('Marking requests: %(done)d done, %(partly)d partly done'),
    'global_lock-done-lock': (
        "'''Done''': {{PLURAL:%(total)d|the account is|all %(total)d accounts are}} "
        'locked.'
    ),
    'global_lock-done-hide': (
        "'''Done''': {{PLURAL:%(total)d|the account is|all %(total)d accounts are}} "
        'locked and hidden.'
    ),
    'global_lock-partly-lock': (
        "'''Partly done''': %(done)d of %(total)d accounts are locked."
    ),
    'global_lock-partly-hide': (
        "'''Partly done''': %(done)d of %(total)d accounts are locked and hidden."
    ),
}


def message(site: Any, key: str, **parameters: int) -> str:
    """Return a message in the language of a wiki.

    .. version-added:: 0.1

    :param site: the wiki on which it will stand
    :param key: one of :data:`ENGLISH`
    :param parameters: the numbers in it
    """
    try:
        text = i18n.twtranslate(site, key, parameters)
    except TranslationError:
        text = i18n.translate('en', {'en': ENGLISH[key]}, parameters)
    return str(text)
