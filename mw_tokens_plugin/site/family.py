"""Which wikis share one login, and on which of them their global accounts are kept.

It knows families only; whether an account is attached to a wiki is asked elsewhere.
"""

from __future__ import annotations

from typing import Any

import pywikibot
from pywikibot.family import WikimediaFamily

from mw_tokens_plugin.exceptions import NotCentral


def central_site(site: Any) -> Any:
    """Return the site on which the global accounts of a farm are managed.

    For Wikimedia's families that is Meta. Any other family file says so with an
    attribute, ``central_wiki = 'meta'`` (a code of the same family) or
    ``central_wiki = 'family:code'``.

    .. version-added:: 0.1

    :param site: any site of the farm
    :raises NotCentral: the family does not say
    """
    where = getattr(site.family, 'central_wiki', None)
    if where is None and isinstance(site.family, WikimediaFamily):
        where = 'meta:meta'
    if not where:
        raise NotCentral(
            f'It is not known on which wiki the family {site.family.name!r} keeps its '
            "global accounts. Add a line central_wiki = 'CODE' to its family file."
        )
    family, _, code = str(where).rpartition(':')
    return pywikibot.Site(code, family or site.family, user=site.username())
