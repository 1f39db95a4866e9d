"""Types of the parts of pywikibot's site objects that the plugin uses.

pywikibot ships no types. These classes are for type checkers and do nothing. What the
plugin adds to a site is in :mod:`.pluginsite`.
"""

from __future__ import annotations

from typing import Any, Protocol


class WikiSite(Protocol):
    """A site of pywikibot, as far as the plugin relies on it.

    .. version-added:: 0.1
    """

    _loginstatus: Any
    _pagemutex: Any
    _locked_pages: set[Any]

    @property
    def code(self) -> str:
        """The site's code in its family."""

    @property
    def family(self) -> Any:
        """The family of wikis that it belongs to."""

    @property
    def namespaces(self) -> Any:
        """The namespaces of the wiki, by their numbers."""

    @property
    def siteinfo(self) -> Any:
        """What the wiki says of itself."""

    @property
    def userinfo(self) -> Any:
        """What the wiki says of the account that is logged in."""

    @userinfo.deleter
    def userinfo(self) -> None:
        """Forget it, so that the wiki is asked again."""

    @property
    def throttle(self) -> Any:
        """What makes requests wait."""

    def login(
        self,
        autocreate: bool = False,
        user: str | None = None,
        *,
        cookie_only: bool = False,
    ) -> None:
        """Log in, unless it is logged in."""

    def logout(self) -> None:
        """Log out."""

    def logged_in(self) -> bool:
        """Tell whether the expected account is logged in."""

    def user(self) -> str | None:
        """Return the account that is logged in."""

    def username(self) -> str | None:
        """Return the account that the site is used as."""

    def is_oauth_token_available(self) -> bool:
        """Tell whether OAuth says who asks."""

    def has_right(self, right: str) -> bool:
        """Tell whether this session has a right."""

    def version(self) -> str:
        """Return the wiki's version of MediaWiki."""

    def simple_request(self, **parameters: Any) -> Any:
        """Return a request with these parameters; ``submit()`` sends it."""

    def _request(self, **options: Any) -> Any:
        """Return a request with these arguments of its constructor."""

    def protocol(self) -> str:
        """Return by which protocol it is talked to."""

    def scriptpath(self) -> str:
        """Return where below the host its scripts are."""

    def apipath(self) -> str:
        """Return where below the host its API is."""

    def path(self) -> str:
        """Return where below the host its pages are."""

    @property
    def articlepath(self) -> str:
        """Where below the host a page is, with ``{}`` in the place of its title."""

    def base_url(self, uri: str, protocol: str | None = None) -> str:
        """Return the address of something on this wiki."""
