"""Logging in before a campaign, and seeing to it that the account may do it.

Sessions that are lost later are renewed elsewhere.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from pywikibot.exceptions import NoUsernameError

from mw_tokens_plugin.exceptions import PermissionDenied, SessionLost


def log_in(site: Any, rights: Iterable[str], hint: str) -> None:
    """Log in, and check the rights of this session.

    :param site: the wiki
    :param rights: those that the campaign needs there
    :param hint: where a right comes from, as a sentence
    :raises SessionLost: the login failed
    :raises PermissionDenied: a right is missing
    """
    said = ''
    if not site.logged_in():
        try:
            site.login()
        except NoUsernameError as error:
            said = f': {" ".join(str(error).split()).rstrip(".")}'
    if not site.logged_in():
        raise SessionLost(
            f'Logging in to {site} as {site.username()} failed{said}. Check the name '
            'in user-config.py and the password.'
        )
    for right in rights:
        if not site.has_right(right):
            raise PermissionDenied(
                'permissiondenied',
                f'{site.username()} lacks the right {right} in this session. {hint}',
                str(site),
            )
