"""``for_action`` agrees with what the wiki accepts, for every module that it has.

https://www.mediawiki.org/wiki/API:Parameter_information
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from pywikibot.site import APISite

from mw_tokens_plugin.exceptions import NoTokenNeeded

from .client import Client, post
from .wiki import Wiki

#: Asserted by requests that must do nothing: the token is looked at before it.
NOBODY = 'No such account 6f9a'


def described(site: APISite, path: str = 'main') -> Iterator[dict[str, Any]]:
    """Yield what the wiki says of all modules below one."""
    batch = 50
    main = post(site, action='paraminfo', modules=path)['paraminfo']['modules'][0]
    names = sorted(
        below
        for parameter in main['parameters']
        for below in parameter.get('submodules', {}).values()
    )
    for start in range(0, len(names), batch):
        wanted = '|'.join(names[start : start + batch])
        answer = post(site, action='paraminfo', modules=wanted)
        yield from answer['paraminfo']['modules']


def token_parameters(info: dict[str, Any]) -> list[dict[str, Any]]:
    return [p for p in info['parameters'] if p.get('tokentype')]
