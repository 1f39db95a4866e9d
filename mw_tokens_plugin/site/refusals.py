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
    BadToken,
    Blocked,
    LostRace,
    OutcomeUnknown,
    SessionLost,
    UnexpectedAnswer,
)
from mw_tokens_plugin.protocol.responses import refusal
from mw_tokens_plugin.site.base import WikiSite
from mw_tokens_plugin.site.blocktexts import explained
from mw_tokens_plugin.site.errortexts import sentence
from mw_tokens_plugin.site.pluginsite import PluginSite
from mw_tokens_plugin.site.recovery import LOGGED_OUT


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
    except APIError as error:
        if error.code in LOGGED_OUT:
            raise SessionLost(
                f'{site} has ended the session and renewing it did not help: '
                f'{error.info} Check the account, then start again.'
            ) from error
        if error.code == 'badtoken':
            raise BadToken(
                f'{site} refused the token, and a fresh one too: {error.info} '
                'Log in again, then start again.'
            ) from error
        refused = refusal(error.code, error.info, str(site))
        if not isinstance(refused, LostRace):
            refused = refusal(error.code, _words(site, error), str(site))
        if isinstance(refused, Blocked):
            plugin_site = cast(PluginSite, site)
            refused = explained(plugin_site, refused, error.other.get('blockinfo'))
        raise refused from error
    except MaxlagTimeoutError as error:
        raise refusal('readonly', f'its databases lag: {error}', str(site)) from error


@contextmanager
def proven(site: WikiSite) -> Iterator[None]:
    """Take a success that does not say what was done for an unknown outcome.

    :param site: the site that was written to
    :raises OutcomeUnknown: the answer has another form
    """
    try:
        yield
    except UnexpectedAnswer as error:
        raise OutcomeUnknown(
            f'{site} does not say what it did: {error} It may have taken effect.'
        ) from error


def _words(site: WikiSite, error: APIError) -> str:
    """Return what the wiki says of an error, asked for if it named a message alone."""
    message = error.other.get('message')
    if not isinstance(message, dict) or 'key' not in message:
        return str(error.info)
    found = sentence(site, message['key'], message['params'])
    return found or str(error.info)
