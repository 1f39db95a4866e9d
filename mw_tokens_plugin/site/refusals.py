"""From pywikibot's errors to the plugin's, one class for each kind.

Errors that are not refusals of the API are left as they are. Whether to try again is
left to the caller.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import cast

from pywikibot.exceptions import APIError, MaxlagTimeoutError

from mw_tokens_plugin.exceptions import (
    AmbiguousWrite,
    ApiRefusal,
    BadToken,
    Blocked,
    CannotReauthenticate,
    ContentRefused,
    EditConflict,
    LostRace,
    MustReauthenticate,
    SessionLost,
    TokensPluginError,
    UnexpectedAnswer,
)
from mw_tokens_plugin.protocol.responses import refusal
from mw_tokens_plugin.site.base import WikiSite
from mw_tokens_plugin.site.blocktexts import explained
from mw_tokens_plugin.site.errortexts import sentence
from mw_tokens_plugin.site.pluginsite import PluginSite
from mw_tokens_plugin.site.recovery import LOGGED_OUT

#: Modules that call it an edit conflict if something else than a page has changed.
_WITHOUT_PAGES = frozenset({'', 'setglobalaccountstatus'})


@contextmanager
def refusals(site: WikiSite) -> Iterator[None]:
    """Turn pywikibot's errors into the plugin's, one class for each kind.

    :param site: the site that is talked to
    :raises ApiRefusal: one of its subclasses
    :raises BadToken: the token was refused, and its renewal too
    :raises SessionLost: the session is gone for good
    """
    try:
        yield
    except (APIError, MaxlagTimeoutError) as error:
        if isinstance(error, TokensPluginError):
            raise
        ours = as_ours(site, error)
        assert ours is not None
        raise ours from error


def as_ours(
    site: WikiSite,
    error: APIError | MaxlagTimeoutError,
    action: str = '',
    *,
    only_known: bool = False,
) -> TokensPluginError | None:
    """Return the plugin's error in the place of one of pywikibot's.

    :param site: the site that was talked to
    :param error: what pywikibot raises
    :param action: the API module that refused
    :param only_known: whether a refusal without a class of its own, and what the wiki
        has against a page, are left to pywikibot
    :return: None where it is left
    """
    if isinstance(error, MaxlagTimeoutError):
        return refusal('readonly', f'its databases lag: {error}', str(site))
    if error.code in LOGGED_OUT:
        return SessionLost(
            f'{site} has ended the session and renewing it did not help: '
            f'{error.info} Check the account, then start again.'
        )
    if error.code == 'badtoken':
        return BadToken(
            f'{site} refused the token, and a fresh one too: {error.info} '
            'Log in again, then start again.'
        )
    refused = refusal(error.code, error.info, str(site))
    # Of what a page cannot be saved with, pywikibot has its own classes.
    if only_known and type(refused) in (ApiRefusal, ContentRefused):
        return None
    if error.code == 'editconflict' and action not in _WITHOUT_PAGES:
        refused = EditConflict(error.code, error.info, str(site))
    elif not isinstance(refused, LostRace):
        refused = refusal(error.code, _words(site, error), str(site))
    if isinstance(refused, Blocked):
        plugin_site = cast(PluginSite, site)
        refused = explained(plugin_site, refused, error.other.get('blockinfo'))
    if isinstance(refused, MustReauthenticate):
        refused = must_confirm(
            site, refused.info, str(error.other.get('operation', ''))
        )
    elif isinstance(refused, CannotReauthenticate):
        refused = cannot_confirm(site, refused.info)
    refused.other = dict(error.other)
    return refused


def cannot_confirm(site: WikiSite, said: str) -> CannotReauthenticate:
    """Return the error for a login that is never recent enough, with what helps."""
    what = 'Log in with the main password on this wiki itself.'
    return CannotReauthenticate('cannotreauthenticate', f'{said} {what}', str(site))


def must_confirm(site: WikiSite, said: str, operation: str) -> MustReauthenticate:
    """Return the error for a login that is not recent enough, with what helps.

    :param said: what the wiki says
    :param operation: for what it is not; '' where the wiki does not say so
    """
    named = repr(operation) if operation else ''
    what = (
        'This is not possible through another login: log in on this wiki itself.'
        if hasattr(site, 'home_login')
        else 'Give the password again: start again at a terminal, where it is asked '
        f'for, or call site.reauthenticate({named}).'
    )
    failure = MustReauthenticate('reauthenticate', f'{said} {what}', str(site))
    failure.operation = operation
    return failure


@contextmanager
def proven(site: WikiSite) -> Iterator[None]:
    """Take a success that does not say what was done for an unknown outcome.

    :param site: the site that was written to
    :raises AmbiguousWrite: the answer has another form
    """
    try:
        yield
    except UnexpectedAnswer as error:
        raise AmbiguousWrite(
            f'{site} does not say what it did: {error} It may have taken effect.'
        ) from error


def _words(site: WikiSite, error: APIError) -> str:
    """Return what the wiki says of an error, asked for if it named a message alone."""
    message = error.other.get('message')
    if not isinstance(message, dict) or 'key' not in message:
        return str(error.info)
    found = sentence(site, message['key'], message['params'])
    return found or str(error.info)
