"""What a block of the operator is: whose, by whom, until when and why, in one sentence.

Wikis answer with a page of wikitext, which each of them can change, and nothing else
tells local blocks from global ones. So the wiki's global blocks are read, once and only
after a refusal. What follows from a block is left to the callers.

https://www.mediawiki.org/wiki/Extension:GlobalBlocking
"""

from __future__ import annotations

from collections.abc import Mapping
from textwrap import shorten
from typing import Any

from pywikibot.exceptions import Error as PywikibotError

from mw_tokens_plugin.exceptions import Blocked, GloballyBlocked, TokensPluginError
from mw_tokens_plugin.protocol.answers import items_of
from mw_tokens_plugin.site.pluginsite import PluginSite

#: Characters of a reason that are shown.
_MAX_REASON = 200


def explained(site: PluginSite, error: Blocked, info: object) -> Blocked:
    """Return the error of a blocked operator with a sentence of its own.

    :param site: the wiki that refused
    :param error: with the words of the wiki, which stay if it tells nothing else
    :param info: what the wiki says of the block (``blockinfo``)
    """
    if not isinstance(info, Mapping) or 'blockid' not in info:
        return error
    by = f' by {info["blockedby"]}' if info.get('blockedby') else ''
    end = str(info.get('blockexpiry') or '')
    until = f' until {end}' if end[:1].isdigit() else ', without an end'
    reason = shorten(str(info.get('blockreason') or ''), _MAX_REASON)
    whole = f'{by}{until} ("{reason}")' if reason else f'{by}{until}'
    number = f'block #{info["blockid"]}'
    kind: type[Blocked]
    if info.get('blockpartial'):
        kind = Blocked
        sentence = (
            f'your account or address is blocked from some pages or actions{whole}: '
            f'ask there for the {number} to be changed, then start again.'
        )
    elif (found := _global_block(site, info)) is not None:
        kind = GloballyBlocked
        is_own = found.get('target') == site.username()
        whose = 'your account' if is_own else 'your address, or one that you come by,'
        sentence = (
            f'{whose} is globally blocked{whole}: ask a steward to lift the global '
            f'{number}, then start again.'
        )
    else:
        kind = Blocked
        sentence = (
            f'your account or address is blocked on this wiki{whole}: ask there for '
            f'the {number} to be lifted, then start again.'
        )
    found_error = kind(error.code, sentence, error.wiki)
    found_error.partial = bool(info.get('blockpartial'))
    return found_error


def _global_block(
    site: PluginSite, info: Mapping[str, Any]
) -> Mapping[str, Any] | None:
    """Return the global block of this number and time; None if it is a local one."""
    try:
        if 'globalblocks' not in site.tokens.module_info.values('query', 'list'):
            return None
        answer = site.simple_request(
            action='query',
            list='globalblocks',
            bgids=info['blockid'],
            bgprop=['id', 'target', 'timestamp'],
            formatversion=2,
        ).submit()
        blocks = items_of(answer, 'query', 'globalblocks')
    except (TokensPluginError, PywikibotError, ValueError):
        return None
    time = info.get('blockedtimestamp')
    return next((block for block in blocks if block.get('timestamp') == time), None)
