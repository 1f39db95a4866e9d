"""The identity provider of a farm: accounts elsewhere, and who is linked to them.

It keeps state; the conversation by which accounts are linked is in
:mod:`.modules.linking`, the page to which a user is redirected in :mod:`.web`.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable
from dataclasses import dataclass, field


@dataclass(slots=True)
class Conversation:
    """The linking of one account that is under way in a session.

    :ivar step: what was answered last: ui, redirect or restart
    :ivar then: what to answer after it, if that was set beforehand
    :ivar state: what the return from the redirect has to carry
    """

    step: str
    return_url: str
    then: list[str] = field(default_factory=list)
    state: str = ''


class Provider:
    """An identity provider outside of the wikis.

    :ivar enabled: whether the wikis let accounts be linked to it
    :ivar page: its address; '' for a page of the wiki that redirects there
    :ivar links: by user, the ids of the accounts that are linked
    :ivar expected: by state, where a user who was sent here is sent back to
    :ivar reauthenticate_after: how old a login may be, in seconds
    :ivar each_operation: whether a login is confirmed for each security-sensitive
        operation apart, as from MediaWiki 1.47
    :ivar needs_login: sessions that cannot log in again are refused
    """

    def __init__(self) -> None:
        """Nobody is linked."""
        self.enabled = True
        self.page = ''
        self.links: dict[str, list[str]] = {}
        self.expected: dict[str, str] = {}
        self.reauthenticate_after = 300.0
        self.each_operation = False
        self.needs_login = False
        self.new_state: Callable[[], str] = _random
        self._last = 0

    def link(self, user: str) -> str:
        """Link a new account to a user; return its id."""
        self._last += 1
        id = f'ext{self._last}'
        self.links.setdefault(user, []).append(id)
        return id

    def expect(self, return_url: str) -> str:
        """Return the state under which a user will come."""
        state = self.new_state()
        self.expected[state] = return_url
        return state


def _random() -> str:
    return secrets.token_hex(6)
