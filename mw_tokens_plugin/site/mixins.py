"""All methods that every site object gains, as the one class that is mixed into it.

Each part has a module of its own; this one joins them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

import pywikibot

from mw_tokens_plugin.site.accountchanges import AccountChangesMixin
from mw_tokens_plugin.site.credentials import OPERATOR, Vouched
from mw_tokens_plugin.site.family import central_site
from mw_tokens_plugin.site.foreign.login import home_login
from mw_tokens_plugin.site.foreign.outgoing import Authentication
from mw_tokens_plugin.site.globalaccounts import GlobalAccountsMixin
from mw_tokens_plugin.site.globalblocks import GlobalBlocksMixin
from mw_tokens_plugin.site.globalgroups import GlobalGroupsMixin
from mw_tokens_plugin.site.inputs import wiki_named
from mw_tokens_plugin.site.linking import LinkingMixin
from mw_tokens_plugin.site.pluginsite import Credential, Reads
from mw_tokens_plugin.site.posting import PostingMixin
from mw_tokens_plugin.site.queries import QueriesMixin
from mw_tokens_plugin.site.requests import TokenRequest
from mw_tokens_plugin.site.writes import SingleSendRequest


class PluginMixin(
    PostingMixin,
    GlobalAccountsMixin,
    AccountChangesMixin,
    GlobalBlocksMixin,
    GlobalGroupsMixin,
    LinkingMixin,
    QueriesMixin,
):
    """The plugin's part of a site object.

    .. version-added:: 0.1

    :cvar single_send_request: the class of requests that are never repeated blindly
    """

    single_send_request: type[SingleSendRequest] = SingleSendRequest
    #: Who vouches for its address.
    vouched: Vouched | None = OPERATOR
    #: What its requests are authenticated by; None leaves that to pywikibot.
    authentication: Authentication | None = None
    #: The class of every request of the site, also of those made by hand.
    _own_request: type[TokenRequest] = TokenRequest

    def central_site(self) -> TypedSite:
        """Return the site on which this farm's global accounts are managed.

        CentralAuth logs a lock on the wiki that receives the request, so locks are
        made on the central one.

        :raises NotCentral: the family does not say which one it is
        """
        return typed(central_site(self))

    def foreign_site(
        self,
        where: Any,
        *,
        auth: Credential = 'auto',
        reads: Reads = 'authenticated',
        create_account: bool = False,
    ) -> TypedSite:
        """Return a site for another wiki of the farm, used with this one's login.

        Everything that a site of pywikibot can do is done there as the account that
        is logged in here, without logging in there. The same object is returned for
        the same question.

        :param where: a code of the same family, ``family:code``, a database name
            (``dewiki``), a URL, a site object, or an item of ``attached`` of a
            :class:`GlobalAccount`
        :param auth: ``centralauthtoken``, ``password`` (a bot password, which logs in
            there), ``oauth``, or ``auto``: the first of them that this login can do
        :param reads: ``authenticated``, or ``anonymous``: then reads that do not
            depend on the account are sent without a token, which saves a request
            each; limits are those of anonymous callers. A wiki that refuses such reads
            is read as the account
        :param create_account: whether a first visit may create the account there
        :raises InvalidInput: ``where`` is neither a text nor a site
        :raises NotInFarm: there is no such wiki, or it shares no login with this one
        :raises WrongWiki: the wiki that answers is not the one that is meant, or the
            name is that of more than one
        :raises NotAttached: the account has no local account there
        :raises NoCentralAuthToken: ``auth`` asks for what this login cannot do
        :raises SessionLost: not logged in here, or logging in there failed
        """
        login, place = home_login(self), wiki_named(where)
        return typed(
            login.site(place, auth=auth, reads=reads, create_account=create_account)
        )


if TYPE_CHECKING:
    from pywikibot.site import APISite

    class TypedSite(PluginMixin, APISite):  # type: ignore[misc]
        """A site with all that pywikibot and the plugin know to do."""

        def __getattr__(self, name: str) -> Any:
            """Leave what is not known to the site, such as a method of a DataSite."""

else:
    TypedSite = PluginMixin
    # What it is called where users see it.
    TypedSite.__name__ = TypedSite.__qualname__ = 'TypedSite'


def typed(site: Any) -> TypedSite:
    """Return the same site object, with types that an editor and mypy know.

    pywikibot ships no types, so what ``pywikibot.Site()`` returns is ``Any`` to them::

        site = mw_tokens_plugin.typed(pywikibot.Site('meta:meta'))
        site.tokens.csrf  # a Token

    .. version-added:: 0.1

    :param site: a site object of pywikibot
    :raises TypeError: it has not got the plugin
    """
    if not isinstance(site, PluginMixin):
        raise TypeError(
            f'{site!r} has not got the plugin: call mw_tokens_plugin.enable() first.'
        )
    return cast('TypedSite', site)


def foreign_site(
    where: Any,
    *,
    auth: Credential = 'auto',
    reads: Reads = 'authenticated',
    create_account: bool = False,
) -> TypedSite:
    """Return a site for another wiki, used with the login of the default one.

    .. version-added:: 0.1

    :param where: see :meth:`PluginMixin.foreign_site`
    :param auth: see there
    :param reads: see there
    :param create_account: see there
    """
    return typed(pywikibot.Site()).foreign_site(
        where, auth=auth, reads=reads, create_account=create_account
    )
