"""One call for any action of the API, with the token that it wants.

What a request does about a refused token or a lost session is left to
:mod:`~mw_tokens_plugin.site.requests`, and sending a write once to
:mod:`~mw_tokens_plugin.site.writes`.

https://www.mediawiki.org/wiki/API:Tokens
"""

from __future__ import annotations

from typing import Any

from mw_tokens_plugin.exceptions import InvalidInput
from mw_tokens_plugin.protocol.fields import flag
from mw_tokens_plugin.protocol.tokens import TokenType
from mw_tokens_plugin.site.pluginsite import SiteBase
from mw_tokens_plugin.site.refusals import refusals

#: Types of tokens with which nobody is logged in yet.
_BEFORE_LOGIN = frozenset({TokenType.LOGIN, TokenType.CREATEACCOUNT})


class PostingMixin(SiteBase):
    """The one call for any action, on every site.

    .. version-added:: 0.1
    """

    def post(
        self, action: str, /, *, once: bool = True, **parameters: Any
    ) -> dict[str, Any]:
        """Send a request of any action by POST, with the token that it wants.

        ::

            site.post('delete', title='Spam page', reason='Spam')

        The wiki itself says which token that is, and in which parameter; modules of
        extensions work as those of MediaWiki do, and modules without a token, too. A
        parameter whose name is a word of Python is given as ``**{'from': ...}``, for
        type checkers after ``once=True``.

        :param action: the name of the API module
        :param once: whether a write whose answer is lost is sent only once; with False
            it is repeated, as pywikibot does. Give that only if doing it twice does no
            harm. What changes nothing is repeated anyway
        :param parameters: of the module; one that is None is left out
        :return: the whole answer, in the second version of the format
            (``formatversion=2``)
        :raises UnknownModule: the wiki has no such module
        :raises TokenUnavailable: the wiki gives this user no such token
        :raises ApiRefusal: the wiki refused; each kind has a class of its own
        :raises AmbiguousWrite: the answer to a write was lost: it may have taken effect
        :raises SessionLost: logging in again did not help
        """
        if 'action' in parameters:
            raise InvalidInput(
                f'Give the name of the action only once: post({action!r}, ...).'
            )
        tokens = self.tokens.parameters_for(action)
        sent = {name: v for name, v in parameters.items() if v is not None}
        sent = {'action': action, 'formatversion': 2, **tokens, **sent}
        is_login = not _BEFORE_LOGIN.isdisjoint(each.type for each in tokens.values())
        writes = bool(tokens) or flag(
            self.tokens.module_info(action) or {}, 'writerights'
        )
        if writes and not is_login and self.user() is None:
            self.login()
        with refusals(self):
            if writes and once:
                request = self.single_send_request(
                    site=self, use_get=False, parameters=sent
                )
            else:
                request = self._request(use_get=False, parameters=sent)
            if writes and not is_login:
                # pywikibot knows of its own list of actions only that they write.
                request.write = True
            answer: dict[str, Any] = request.submit()
        return answer
