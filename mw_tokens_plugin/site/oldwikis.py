"""What a site needs to work with wikis from before MediaWiki 1.24.

They log in with ``action=login`` alone, some of their tokens are good for one thing,
and they describe their modules in a form that pywikibot cannot read.

https://www.mediawiki.org/wiki/API:Tokens_(action)
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import wraps
from typing import Any

import pywikibot

from mw_tokens_plugin.protocol.oldmodules import described, question_of
from mw_tokens_plugin.protocol.tokens import Subject, TokenType


def modules_described(request: Any) -> dict[str, Any]:
    """Return what an old wiki says of modules, in the form that pywikibot can read.

    :param request: one with ``action=paraminfo``, which is not sent itself
    """
    question = question_of(request['modules'])
    asked = request.site._request(
        parameters=question, use_get=False, expiry=getattr(request, 'expiry', None)
    )
    # It warns of those that it lacks, which is what is asked here.
    asked._warning_handler = lambda *_: True
    return described(asked.submit())


def subject_in(token_type: TokenType, parameters: Mapping[str, Any]) -> Subject | None:
    """Return what a token is for, by the parameters of the request that carries it.

    :param token_type: one of those that are good for one page or user
    :param parameters: as they are sent, or given
    :return: None where the parameters do not tell
    """
    name = 'user' if token_type == TokenType.USERRIGHTS else 'title'
    value = parameters.get(name)
    if isinstance(value, pywikibot.page.BasePage):
        value = value.title(with_section=False)
    text = value.decode() if isinstance(value, bytes) else value
    if not text:
        return None
    return Subject(user=str(text)) if name == 'user' else Subject(str(text))


def install_login() -> None:
    """Let pywikibot log in to wikis that have no ``action=clientlogin`` yet."""
    from pywikibot.login import ClientLoginManager

    parameters_of = ClientLoginManager._login_parameters

    @wraps(parameters_of)
    def login_parameters(self: Any, user: str, password: str) -> dict[str, str]:
        parameters: dict[str, str] = parameters_of(self, user, password)
        if self.action != 'clientlogin' or not self.site.tokens.logs_in_by_action:
            return parameters
        given = {key: parameters.get(self.keyword(key)) for key in self.mapping}
        self.action = 'login'
        return {'action': 'login'} | {
            self.keyword(key): value
            for key, value in given.items()
            if value is not None and key in ('user', 'password', 'ldap', 'token')
        }

    ClientLoginManager._login_parameters = login_parameters
