"""Sending the person at the terminal to a page that a login redirects to, and back.

A browser on the same machine comes back to a listener; the address of one elsewhere is
pasted. What the address means is left to :mod:`mw_tokens_plugin.protocol.authmanager`.
"""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable
from contextlib import suppress

import pywikibot

from mw_tokens_plugin.exceptions import LoginRefused
from mw_tokens_plugin.protocol.authmanager import Redirect
from mw_tokens_plugin.protocol.display import displayable
from mw_tokens_plugin.site.listener import ReturnListener

#: Seconds that the listener waits.
PATIENCE = 1800.0
#: Seconds for which the browser is waited for after Enter was pressed.
_AFTER_ENTER = 60.0
#: How often the person is asked whether the browser has come back.
_MAX_QUESTIONS = 20

#: Where nobody is there who could come back; the wiki wants an address all the same.
NOWHERE = 'https://example.com'


class LoginReturn:
    """The address that a login sends a browser back to.

    It exists before the login begins, since the wiki is told it with the first step.
    """

    def __init__(self, *, attended: bool) -> None:
        """Open a port of this machine, if there is somebody with a browser."""
        self._listener: ReturnListener | None = None
        if attended:
            try:
                self._listener = ReturnListener()
            except OSError as error:
                pywikibot.log(f'No port for the return of a browser: {error}')

    @property
    def url(self) -> str:
        """The address."""
        return NOWHERE if self._listener is None else self._listener.url

    def close(self) -> None:
        """Close the port."""
        if self._listener is not None:
            self._listener.__exit__(None, None, None)

    def wait(self, step: Redirect, ask: Callable[[str], str]) -> str:
        """Return the address that the person has come back to.

        :param step: where they are sent
        :param ask: asks a question, and returns the answer
        :raises LoginRefused: nobody came back
        """
        came: queue.Queue[str] = queue.Queue()
        if self._listener is not None:
            threading.Thread(
                target=_receive, args=(self._listener, step, came), daemon=True
            ).start()
        pywikibot.info(f'Open this page in a browser:\n{displayable(step.url)}')
        for _ in range(_MAX_QUESTIONS):
            pasted = ask(
                'Press Enter when the browser says that you can close the page, or '
                'paste the address that it cannot open'
            ).strip()
            if pasted:
                return pasted
            if self._listener is not None:
                with suppress(queue.Empty):
                    return came.get(timeout=_AFTER_ENTER)
            pywikibot.info('Nobody has come back yet.')
        raise LoginRefused('Nobody came back from the browser. Log in again.')


def _receive(listener: ReturnListener, step: Redirect, came: queue.Queue[str]) -> None:
    url = listener.wait(step.expects, PATIENCE)
    if url is not None:
        came.put(url)
