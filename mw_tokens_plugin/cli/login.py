"""Logging in before a campaign, and checking that the account has the rights for it.

Renewing sessions that are lost later is left to :mod:`mw_tokens_plugin.site`.
"""

from __future__ import annotations

from collections.abc import Mapping

from pywikibot.exceptions import NoUsernameError

from mw_tokens_plugin.cli.passwords import lacks_password, password_file
from mw_tokens_plugin.exceptions import (
    InvalidInput,
    LoginNeedsInput,
    LoginRefused,
    PermissionDenied,
    SessionLost,
    UnknownModule,
)
from mw_tokens_plugin.protocol.answers import expected_form
from mw_tokens_plugin.site.pluginsite import PluginSite


def account_of(site: PluginSite) -> str:
    """Return whose writes these are, as ``user@wiki``."""
    return f'{site.username()}@{site}'


def log_in(
    site: PluginSite, rights: Mapping[str, str | None], module: str = ''
) -> None:
    """Log in, and check the rights of this session.

    :param site: the wiki
    :param rights: those that the campaign needs there, each with the smallest grant
        that contains it; None if no grant does
    :param module: the API module that it writes with
    :raises InvalidInput: no account is configured, or no password for it
    :raises SessionLost: the login failed
    :raises UnknownModule: a right is missing, because the wiki has no such module
    :raises PermissionDenied: a right is missing
    """
    said = ''
    check_account(site)
    if not site.logged_in():
        try:
            site.login()
        except LoginNeedsInput:
            user = site.username() or ''
            if not lacks_password(site.family.name, site.code, user):
                raise
            raise InvalidInput(
                f'{password_file()} has no line for {user}, and there is no '
                f'terminal at which the password for {site} could be asked for: add '
                'the line.'
            ) from None
        except LoginRefused:
            raise
        except NoUsernameError as error:
            said = f': {" ".join(str(error).split()).rstrip(".")}'
    if not site.logged_in():
        raise SessionLost(
            f'Logging in to {site} as {site.username()} failed{said}. Check the name '
            'in user-config.py and the password.'
        )
    with expected_form(f'What {site} says of the account'):
        missing = [right for right in rights if not site.has_right(right)]
    if missing and module and site.tokens.module_info(module) is None:
        raise UnknownModule(
            f'{site} has no API module {module!r}: the extension that has it is not '
            'installed there, so nobody can do this.'
        )
    for right in missing:
        hint = (
            'It comes with a global group such as steward; a bot password or OAuth '
            'consumer needs a grant that contains it.'
            if rights[right]
            else 'No grant contains it: log in with the main password of an account '
            'that is in a global group such as steward.'
        )
        raise PermissionDenied(
            'permissiondenied',
            f'{site.username()} lacks the right {right} in this session. {hint}',
            str(site),
        )


def check_account(site: PluginSite) -> None:
    """Refuse to log in where no account is named.

    :param site: the wiki
    :raises InvalidInput: no account is configured for it
    """
    if not site.username():
        family, code = site.family.name, site.code
        raise InvalidInput(
            f'user-config.py names no account for {site}: add the line '
            f"usernames[{family!r}][{code!r}] = 'NAME', or give -user:NAME."
        )
