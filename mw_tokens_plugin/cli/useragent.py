"""Whether what a script sends as its User-Agent tells whom to contact.

https://foundation.wikimedia.org/wiki/Policy:Wikimedia_Foundation_User-Agent_Policy
"""

from __future__ import annotations

import re

from pywikibot.comms import http

from mw_tokens_plugin.exceptions import InvalidInput
from mw_tokens_plugin.site.pluginsite import PluginSite

#: An e-mail address, or the page of a user or of a bot.
_CONTACT = re.compile(r'@|://|\bUser([ _]talk)?:', re.IGNORECASE)


def names_operator(agent: str, user: str | None) -> bool:
    """Return whether a User-Agent tells whom to contact.

    :param agent: the header
    :param user: who runs the script
    """
    name = http.user_agent_username(user)
    return bool(_CONTACT.search(agent) or (name and name in agent))


def check_contact(site: PluginSite) -> None:
    """Refuse to act on a wiki whose administrators could not tell whom to ask.

    :param site: the wiki
    :raises InvalidInput: the User-Agent names neither an account nor an address
    """
    agent = http.user_agent(site)
    if not names_operator(agent, site.username()):
        raise InvalidInput(
            f'The User-Agent ({agent}) does not say whom to contact about this bot: '
            'set user_agent_description in user-config.py to an e-mail address or your '
            'user page, and keep {script_comments} in user_agent_format.'
        )
