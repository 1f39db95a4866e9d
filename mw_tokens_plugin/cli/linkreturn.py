"""Sending the operator to a provider, and getting the address that they come back to.

The address is given, received on loopback, or pasted. What it means is left to
:mod:`mw_tokens_plugin.protocol.authmanager`.
"""

from __future__ import annotations

import sys
from urllib.parse import urlsplit

from mw_tokens_plugin.cli.asking import Terminal
from mw_tokens_plugin.exceptions import InvalidInput
from mw_tokens_plugin.messages import message
from mw_tokens_plugin.protocol.authmanager import Redirect
from mw_tokens_plugin.protocol.display import displayable
from mw_tokens_plugin.site.listener import ReturnListener


class ReturnWaiter:
    """Waits for the return of the operator.

    .. version-added:: 0.1
    """

    def __init__(
        self,
        terminal: Terminal,
        *,
        given: str | None = None,
        listener: ReturnListener | None = None,
        timeout: float = 300.0,
        browse: bool = False,
    ) -> None:
        """Prepare to wait.

        :param terminal: where the address can be pasted
        :param given: the address, if it is known already
        :param listener: receives the return; otherwise it is pasted
        :param timeout: seconds that the listener waits
        :param browse: whether to open the provider's page
        """
        self._terminal = terminal
        self._given = given
        self._listener = listener
        self._timeout = timeout
        self._browse = browse

    @property
    def is_given(self) -> bool:
        """Whether the address is known already."""
        return self._given is not None

    @property
    def can_repeat(self) -> bool:
        """Whether another address can be pasted after a wrong one."""
        return self._terminal.attended and self._listener is None

    def wait(self, step: Redirect) -> str | None:
        """Return the address that the operator came back to; None if it is to come.

        :param step: where they are sent
        """
        if self._given is not None:
            given, self._given = self._given, None
            return given
        print(f'{message("link_account-open")}\n{displayable(step.url)}')
        if self._browse:
            self._terminal.browse(step.url)
        if self._listener is not None:
            url = self._listener.wait(step.expects, self._timeout)
            if url is None:
                print(message('link_account-nobody-came'), file=sys.stderr)
            return url
        if self._terminal.attended:
            return self._terminal.ask(message('link_account-paste')).strip()
        return None

    def how_to_resume(self) -> str:
        """Return a sentence on how another run can wait for the return."""
        if self._listener is None:
            return message('link_account-resume')
        port = str(urlsplit(self._listener.url).port)
        return message('link_account-listen-again', port=port)


def listen_on(port: int) -> ReturnListener:
    """Return a listener with an address of its own.

    .. version-added:: 0.1

    :param port: 0 for any port
    :raises InvalidInput: the port cannot be listened on
    """
    try:
        return ReturnListener(port=port)
    except OSError as error:
        raise InvalidInput(f'-listen: {error.strerror}. Name another port.') from None


def listen_again(url: str) -> ReturnListener:
    """Return a listener with the address of an earlier run.

    .. version-added:: 0.1

    :param url: the address that the provider sends the user back to
    :raises InvalidInput: it is not on this host, or its port cannot be listened on
    """
    if urlsplit(url).hostname != '127.0.0.1':
        raise InvalidInput(f'-listen: the user comes back to {url}, not to this host.')
    try:
        return ReturnListener(url)
    except OSError as error:
        raise InvalidInput(
            f'-listen: the user comes back to port {urlsplit(url).port}, which cannot '
            f'be listened on: {error.strerror}. If you have not taken it, somebody '
            'else may receive the return: delete the file of -state, and start again.'
        ) from None
