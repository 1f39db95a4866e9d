"""Whether edits without a login are those of temporary accounts, not of addresses.

https://www.mediawiki.org/wiki/API:Siteinfo
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from mw_tokens_plugin.messages import message
from mw_tokens_plugin.protocol.answers import expected_form, part_of
from mw_tokens_plugin.protocol.fields import flag
from mw_tokens_plugin.protocol.names import AccountKind, kind_of
from mw_tokens_plugin.site.batches import query
from mw_tokens_plugin.site.mixins import PluginMixin

__all__ = ['has_temporary_accounts', 'lines_about_addresses']

_PROPERTY = 'autocreatetempuser'


def has_temporary_accounts(site: PluginMixin) -> bool:
    """Tell whether a wiki makes temporary accounts for those who are not logged in.

    .. version-added:: 0.1
    """
    if _PROPERTY not in site.tokens.module_info.values('query+siteinfo', 'prop'):
        return False
    answer = query(site, meta='siteinfo', siprop=_PROPERTY)
    with expected_form(f'What {site} says of temporary accounts'):
        return flag(part_of(answer, 'query', _PROPERTY), 'enabled')


def lines_about_addresses(site: PluginMixin, names: Iterable[str]) -> Iterator[str]:
    """Yield what operators have to know of addresses whose edits are looked for.

    :param site: the central wiki
    :param names: accounts and addresses
    """
    if any(kind_of(name) is AccountKind.IP for name in names) and (
        has_temporary_accounts(site)
    ):
        yield message('campaign-temporary-accounts', wiki=site)
