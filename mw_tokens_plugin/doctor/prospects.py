"""What each script would lack on a wiki, and how long its writes would take.

What the scripts need is in :mod:`.findings`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from mw_tokens_plugin.doctor.findings import (
    Block,
    LoginKind,
    Missing,
    RateLimit,
    Script,
    ScriptCheck,
)
from mw_tokens_plugin.site.mixins import PluginMixin

#: Rights of scripts that a block of the account takes away. Global accounts and global
#: blocks can be changed nevertheless.
_BLOCKED = ('block', 'delete', 'edit', 'undelete')


def script_check(
    site: PluginMixin,
    script: Script,
    missing: tuple[Missing, ...],
    targets: int,
    limits: Iterable[RateLimit],
) -> ScriptCheck:
    """Return whether a script would work, and for how long.

    :param missing: what it would lack, as :func:`missing_for` yields it
    :param targets: how many targets it has
    :param limits: those that count for the account
    """
    seconds = None
    if script.targets:
        # Rights for options are used once, not for each target.
        rights = (need.right for need in script.needs if not need.option)
        limited = {script.module, *rights}
        pauses = [lim.seconds / lim.hits for lim in limits if lim.action in limited]
        seconds = targets * max([site.throttle.get_delay(write=True), *pauses])
    return ScriptCheck(
        script.name,
        works=not any(not each.option for each in missing),
        missing=missing,
        least_grants=script.grants(),
        seconds=seconds,
    )


def missing_for(
    site: PluginMixin,
    script: Script,
    login: LoginKind | None,
    block: Block | None,
    read_only: str | None,
) -> Iterator[Missing]:
    """Yield what a script would lack on a wiki, and what would stop it there."""
    if site.tokens.module_info(script.module) is None:
        yield Missing('module', script.module)
        return
    if script.asks:
        known = site.tokens.module_info.values('query', 'meta')
        if known and script.asks not in known:
            yield Missing('module', script.asks)
    limited = login is not LoginKind.MAIN_PASSWORD
    if script.main_password and limited:
        yield Missing('main password', 'main password')
    lacked = [need for need in script.needs if not site.has_right(need.right)]
    held = _rights_of_account(site) if lacked and limited else frozenset()
    withheld = _withheld(site) if lacked else frozenset()
    for need in lacked:
        if need.right in withheld:
            yield Missing('second factor', need.right, need.option)
        elif need.right not in held:
            yield Missing('right', need.right, need.option)
        elif need.grant is None:
            yield Missing('main password', 'main password', need.option)
        else:
            yield Missing('grant', need.grant, need.option)
    if block is not None and not block.partial:
        options = (need.option for need in script.needs if need.right in _BLOCKED)
        for option in dict.fromkeys(options):
            yield Missing('block', block.by, option)
    if read_only is not None:
        yield Missing('read-only', read_only)


def _withheld(site: PluginMixin) -> frozenset[str]:
    """Return the rights of the account's global groups that the wiki does not grant it.

    That is so for members of some groups who have no second factor. A wiki tells it of
    oneself: unless the account is named, it lists the rights that count.
    https://www.mediawiki.org/wiki/API:Globaluserinfo
    """
    if 'globaluserinfo' not in site.tokens.module_info.values('query', 'meta'):
        return frozenset()
    of_groups, counting = (
        site.simple_request(
            action='query',
            meta='globaluserinfo',
            guiprop='rights',
            formatversion=2,
            **named,
        ).submit()['query']['globaluserinfo']
        for named in ({'guiuser': site.username()}, {})
    )
    return frozenset(of_groups.get('rights', ())) - set(counting.get('rights', ()))


def _rights_of_account(site: PluginMixin) -> frozenset[str]:
    """Return the rights of the account, also those that the grants do not contain.

    https://www.mediawiki.org/wiki/API:Siteinfo
    https://www.mediawiki.org/wiki/API:Globaluserinfo
    """
    meta = ['siteinfo']
    parameters: dict[str, Any] = {'siprop': 'usergroups'}
    if 'globaluserinfo' in site.tokens.module_info.values('query', 'meta'):
        meta.append('globaluserinfo')
        parameters.update(guiuser=site.username(), guiprop='rights')
    query = site.simple_request(
        action='query', meta=meta, formatversion=2, **parameters
    ).submit()['query']
    groups = site.userinfo['groups']
    local = (g['rights'] for g in query['usergroups'] if g['name'] in groups)
    return frozenset(query.get('globaluserinfo', {}).get('rights', ())).union(*local)
