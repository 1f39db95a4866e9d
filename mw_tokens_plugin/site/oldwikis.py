"""What a site needs to work with wikis from before MediaWiki 1.24.

They are asked for tokens in other ways, log in with ``action=login`` alone, and
describe themselves in a form that pywikibot cannot read.

https://www.mediawiki.org/wiki/API:Tokens_(action)
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import wraps
from typing import Any

import pywikibot
from pywikibot.exceptions import APIError

from mw_tokens_plugin.protocol.legacy import (
    UNKNOWN_VALUE,
    Source,
    TokenSources,
    lacks_tokens,
)
from mw_tokens_plugin.protocol.oldmodules import described, question_of
from mw_tokens_plugin.protocol.tokens import Subject, TokenType

#: Types that are good for anything, which are fetched together.
EVERY_TYPE = (
    TokenType.CSRF,
    TokenType.WATCH,
    TokenType.SETGLOBALACCOUNTSTATUS,
    TokenType.DELETEGLOBALACCOUNT,
)


def sources_of(site: Any) -> TokenSources:
    """Return the ways to the tokens of a wiki without ``meta=tokens``.

    :param site: the site to ask
    """

    def send(parameters: dict[str, str]) -> Mapping[str, Any]:
        # It is a POST, since pywikibot cannot read what such wikis say of modules.
        request = site._request(parameters=parameters, use_get=False)
        # What the wiki lacks, it tells in warnings.
        request._warning_handler = lambda *_: True
        request.expected_errors = UNKNOWN_VALUE
        request.asks_extensions = False
        try:
            answer: Mapping[str, Any] = request.submit()
        except APIError as error:
            if error.code not in UNKNOWN_VALUE:
                raise
            return {'error': {'code': error.code, 'info': error.info}}
        return answer

    return TokenSources(send, Source.ACTION)


def modules_described(request: Any) -> dict[str, Any]:
    """Return what an old wiki says of modules, in the form that pywikibot can read.

    :param request: one with ``action=paraminfo``, which is not sent itself
    """
    question = question_of(request['modules'])
    asked = request.site._request(
        parameters=question, use_get=False, expiry=getattr(request, 'expiry', None)
    )
    # It warns of those that it lacks, which is what is to be found out.
    asked._warning_handler = lambda *_: True
    return described(asked.submit())


def is_about_tokens(module: str, text: str) -> bool:
    """Tell whether a warning says that there is no ``meta=tokens``.

    It is a handler of pywikibot's for warnings, which shows those that are not handled.
    """
    return lacks_tokens({'warnings': {module: {'*': text}}})


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
        if self.action != 'clientlogin' or not self.site.tokens.is_old:
            return parameters
        given = {key: parameters.get(self.keyword(key)) for key in self.mapping}
        self.action = 'login'
        return {'action': 'login'} | {
            self.keyword(key): value
            for key, value in given.items()
            if value is not None and key in ('user', 'password', 'ldap', 'token')
        }

    ClientLoginManager._login_parameters = login_parameters
