"""What a site has with the plugin, as a type for code that is passed one.

The methods themselves are in the mixins, which :mod:`.mixins` joins.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Literal, Protocol

from mw_tokens_plugin.site.base import WikiSite

if TYPE_CHECKING:
    import pywikibot

    from mw_tokens_plugin.protocol.globalaccounts import GlobalAccount
    from mw_tokens_plugin.protocol.globalgroups import WikiSet
    from mw_tokens_plugin.site.wallet import TypedTokenWallet

#: With what another wiki is used, and who its reads are sent as.
Credential = Literal['auto', 'centralauthtoken', 'password', 'oauth']
Reads = Literal['authenticated', 'anonymous']


class PluginSite(WikiSite, Protocol):
    """A site of pywikibot with the plugin.

    .. version-added:: 0.1
    """

    @property
    def tokens(self) -> TypedTokenWallet:
        """The tokens of this site's user."""

    @property
    def single_send_request(self) -> Any:
        """The class of requests that are never repeated blindly."""

    def post(
        self, action: str, /, *, once: bool = True, **parameters: Any
    ) -> dict[str, Any]:
        """Send a request of any action, with the token that it wants."""

    def global_account(self, name: str | pywikibot.User) -> GlobalAccount:
        """Return what the wiki tells of one global account."""

    def central_site(self) -> PluginSite:
        """Return the wiki on which the global accounts of this family are kept."""

    def wiki_sets(self) -> Iterator[WikiSet]:
        """Yield the sets of wikis in which global groups have their rights."""

    def foreign_site(
        self,
        where: Any,
        *,
        auth: Credential = 'auto',
        reads: Reads = 'authenticated',
        create_account: bool = False,
    ) -> PluginSite:
        """Return a site for another wiki of the farm, used with this one's login."""


if TYPE_CHECKING:

    class SiteBase(PluginSite, Protocol):
        """The rest of a site, for the mixins that are a part of one."""

else:

    class SiteBase:
        """What all mixins have in common, which is nothing at run time."""
