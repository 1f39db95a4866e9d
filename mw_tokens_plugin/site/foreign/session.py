"""The home session, as the wallet of another wiki sees it.

All tokens of the other wikis become invalid when the home wiki is logged in to again.
"""

from __future__ import annotations

from typing import Protocol

from mw_tokens_plugin.site.base import WikiSite
from mw_tokens_plugin.site.session import Session
from mw_tokens_plugin.site.traffic import Traffic


class IdentifiedSite(WikiSite, Protocol):
    """A site that has no login of its own, and reads who it is used as."""

    def read_identity(self) -> None:
        """Read userinfo, all tokens, and which wiki it is, in one request."""


class SharedSession(Session):
    """The home session, which another wiki shares.

    The number of the session and whether it can be renewed are the home session's; who
    is logged in on the other wiki, and the lock, are its own.
    """

    def __init__(self, site: IdentifiedSite, home: Session, traffic: Traffic) -> None:
        """Follow the home session.

        :param site: the site of the other wiki
        :param home: the session that it shares
        :param traffic: the requests that are made with it on all other wikis
        """
        self._home = home
        super().__init__(site, lambda _: None, traffic)
        self._other = site

    @property
    def generation(self) -> int:
        """The number of the home session."""
        return self._home.generation

    @generation.setter
    def generation(self, value: int) -> None:
        """Leave it to the home session."""

    def can_renew(self, seen: int) -> bool:
        """Ask the home session."""
        return self._home.can_renew(seen)

    def heard(self, host: str, seen: int) -> None:
        """Leave it: no cookie makes the session here."""

    @property
    def has_heard(self) -> bool:
        """There are no cookies to hear of."""
        return True

    def proven(self, seen: int) -> None:
        """Tell the home session."""
        self._home.proven(seen)

    def renew(self, seen: int) -> None:
        """Renew the home session, and look who that is here."""
        self._home.renew(seen)
        with self.lock:
            self._other.read_identity()
