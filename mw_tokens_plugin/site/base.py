"""What of pywikibot's site objects is used here, declared for type checkers.

pywikibot ships no types; this class has no members at run time.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mw_tokens_plugin.site.wallet import TypedTokenWallet


class SiteBase:
    """A site of pywikibot with the plugin, as far as its types are known.

    .. version-added:: 0.1
    """

    if TYPE_CHECKING:

        @property
        def tokens(self) -> TypedTokenWallet:
            """The tokens of this site's user."""

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
        def userinfo(self) -> dict[str, Any]:
            """What the wiki says of the account that is logged in."""

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
            """Return the account that is to be logged in."""

        def has_right(self, right: str) -> bool:
            """Tell whether this session has a right."""

        def has_group(self, group: str) -> bool:
            """Tell whether the account is in a local group."""

        def has_extension(self, name: str) -> bool:
            """Tell whether the wiki has an extension."""

        def version(self) -> str:
            """Return the wiki's version of MediaWiki."""

        def simple_request(self, **parameters: Any) -> Any:
            """Return a request with these parameters; ``submit()`` sends it."""

        def base_url(self, uri: str, protocol: str | None = None) -> str:
            """Return the address of something on this wiki."""
