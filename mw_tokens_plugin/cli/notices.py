"""Telling another program how a campaign goes, by HTTP: started, stopped, finished.

A notice has numbers and no names of targets. One that cannot be delivered is said, and
changes nothing. When notices are due is left to :mod:`.command`.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from mw_tokens_plugin.campaign.exitcodes import ExitCode
from mw_tokens_plugin.campaign.ledger import Ledger
from mw_tokens_plugin.campaign.records import Campaign, now
from mw_tokens_plugin.campaign.report.hiding import NameFilter
from mw_tokens_plugin.protocol.fields import as_timestamp

#: Seconds for connecting, and for an answer.
_TIMEOUT = 5


class _Redirected(Exception):
    """The address answers that another one is to be asked."""


class Notices:
    """Sends notices about one campaign to an address."""

    def __init__(
        self,
        url: str,
        ledger: Ledger,
        names: NameFilter,
        failed: Callable[[str], object],
    ) -> None:
        """Send nothing yet.

        :param url: where they are sent; empty for nowhere
        :param names: takes names that must not be shown out of the campaign's own name
        :param failed: called with the kind of error, or with what was answered, if
            one cannot be delivered
        """
        self._url = url
        self._ledger = ledger
        self._names = names
        self._failed = failed

    def started(self, campaign: Campaign) -> None:
        """Tell that the first write is about to be sent."""
        self._send('started', campaign, {})

    def ended(self, campaign: Campaign, code: ExitCode, error: str = '') -> None:
        """Tell how a run has ended.

        :param error: the class of the error with which it has
        """
        is_over = code in (ExitCode.DONE, ExitCode.FAILED)
        about = {'code': int(code), 'error': error}
        self._send('finished' if is_over else 'stopped', campaign, about)

    def _send(self, event: str, campaign: Campaign, more: dict[str, Any]) -> None:
        if not self._url:
            return
        try:
            self._post(self._content(event, campaign, more))
        except _Redirected as error:
            self._failed(str(error))
        except Exception as error:  # noqa: BLE001  # a campaign does not depend on it
            self._failed(type(error).__name__)

    def _content(
        self, event: str, campaign: Campaign, more: dict[str, Any]
    ) -> dict[str, Any]:
        counts = self._ledger.counts(campaign)
        return {
            'event': event,
            'campaign': self._names.campaign(campaign).name,
            'action': campaign.action,
            'wiki': campaign.wiki,
            'time': as_timestamp(now()),
            'targets': {state.name.lower(): n for state, n in counts.items()},
            **more,
        }

    def _post(self, content: dict[str, Any]) -> None:
        import requests

        with requests.Session() as session:
            # What ~/.netrc has for that host is not for a notice.
            session.auth = lambda request: request
            answer = session.post(
                self._url, json=content, timeout=_TIMEOUT, allow_redirects=False
            )
        answer.raise_for_status()
        if answer.status_code >= 300:
            # Elsewhere its content might be read by others.
            code = answer.status_code
            raise _Redirected(f'HTTP {code}: a redirect, which is not followed')


def address(text: str) -> str:
    """Read where notices are sent.

    :raises ValueError: it is no address of the web
    """
    if not re.fullmatch(r'https?://[^\s/]+(/\S*)?', text):
        raise ValueError('give an address that begins with https:// or http://.')
    return text
