"""A client of an imitated wiki of some age, without a server."""

from __future__ import annotations

import json
from typing import Any

from centralauth_sandbox import Farm
from centralauth_sandbox.api import Api
from centralauth_sandbox.exchange import Request
from centralauth_sandbox.layout import Layout
from centralauth_sandbox.seeds import OPERATOR, Credentials, seeder

CREDENTIALS = Credentials.generate('secret')
AGES = ('1.19', '1.22', '1.23')
WITH_ACTION = ('1.22', '1.23')


class Client:
    """Keeps the cookies of one wiki."""

    def __init__(self, release: str) -> None:
        """Start logged out."""
        layouts = {'meta': Layout(release='' if release == '1.43' else release)}
        self.farm = Farm(
            ['meta'], seeder(CREDENTIALS, 5), current=False, layouts=layouts
        )
        self._api = Api(self.farm)
        self._cookies: dict[str, str] = {}
        #: The parameters of all requests.
        self.asked: list[dict[str, str]] = []

    def ask(self, **params: str) -> dict[str, Any]:
        """Send a request and return the decoded answer."""
        self.asked.append(params)
        headers = {'Cookie': '; '.join(f'{k}={v}' for k, v in self._cookies.items())}
        request = Request('POST', {}, {'format': 'json'} | params, headers)
        answer = self._api.handle(self.farm.wikis['meta'], request)
        for name, value in answer.headers:
            if name == 'Set-Cookie':
                key, _, rest = value.partition('=')
                self._cookies[key] = rest.partition(';')[0]
        decoded: dict[str, Any] = json.loads(answer.body)
        return decoded

    def log_in(self) -> dict[str, Any]:
        """Log the operator in, in the two steps of that time."""
        needed = self.ask(action='login', lgname=OPERATOR)['login']
        assert needed['result'] == 'NeedToken'
        answer = self.ask(
            action='login',
            lgname=OPERATOR,
            lgpassword=CREDENTIALS.operator,
            lgtoken=needed['token'],
        )
        assert answer['login']['result'] == 'Success'
        return answer
