"""The linking of one account, as an operator sees it: ask, send and wait until it ends.

Each step is sent once, and its state is saved right away, so that an interrupted run
can be resumed. Filling in forms is left to :mod:`.authfields`, and the return to
:mod:`.linkreturn`.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from pywikibot import config

from mw_tokens_plugin.campaign.exitcodes import ExitCode
from mw_tokens_plugin.cli.authfields import FormFiller
from mw_tokens_plugin.cli.linkfiles import StateFile
from mw_tokens_plugin.cli.linkreturn import ReturnWaiter
from mw_tokens_plugin.exceptions import (
    FlowLost,
    InvalidInput,
    MustReauthenticate,
    SessionLost,
    StoppedByGuard,
)
from mw_tokens_plugin.messages import message
from mw_tokens_plugin.protocol.authmanager import Ask, Done, Failed, Redirect, State
from mw_tokens_plugin.protocol.authmanager.typed import plain
from mw_tokens_plugin.site.accountlink import AccountLink

#: Steps after which the conversation is stopped, since the wiki may ask for ever.
MAX_STEPS = 50
#: Invalid answers of the operator in a row.
MAX_INVALID_ANSWERS = 3

#: States in which nothing is on its way to the wiki.
_OUR_TURN = (State.START, State.ASKED, State.REDIRECTED)


class Conversation:
    """The linking of one account, as an operator sees it.

    .. version-added:: 0.1
    """

    def __init__(
        self,
        link: AccountLink,
        filler: FormFiller,
        waiter: ReturnWaiter,
        state: StateFile,
        *,
        attended: bool,
    ) -> None:
        """Keep what the conversation needs.

        :param link: the conversation with the wiki
        :param filler: fills in its forms
        :param waiter: waits for the return of the operator
        :param state: keeps the conversation for another run
        :param attended: whether there is somebody who can correct an answer
        """
        self._link = link
        self._filler = filler
        self._waiter = waiter
        self._state = state
        self._attended = attended

    def run(self) -> ExitCode:
        """Ask, send and wait until the conversation ends, or waits for the return.

        :raises InvalidInput: too many answers were invalid, or nobody can correct them
        :raises FlowLost: the conversation cannot be resumed
        :raises StoppedByGuard: the wiki asks for ever
        """
        invalid = 0
        for _ in range(MAX_STEPS):
            step = self._link.step
            if isinstance(step, Done | Failed):
                return _ended(step)
            try:
                code = self._ask(step) if isinstance(step, Ask) else self._wait(step)
            except InvalidInput as error:
                invalid += 1
                if invalid == MAX_INVALID_ANSWERS or not self._can_ask_again():
                    raise
                print(message('link_account-once-more', error=error), file=sys.stderr)
                continue
            if code is not None:
                return code
            invalid = 0
        raise StoppedByGuard(f'The wiki has asked {MAX_STEPS} times; giving up.')

    def _ask(self, step: Ask) -> ExitCode | None:
        """Fill in a form and send it; return an exit code to end the run.

        :raises InvalidInput: a value is invalid
        """
        if step.message is not None:
            print(plain(step.message))
        if step.restarted:
            print(message('link_account-restarted'))
        values = self._filler.fill_in(step.form)
        if config.simulate:
            names = ', '.join(values) or message('link_account-no-fields')
            return _simulated(self._link.submit, values, names)
        self._send(self._link.submit, values)
        return None

    def _wait(self, step: Redirect) -> ExitCode | None:
        """Wait for the return and send it; return an exit code to end the run.

        :raises InvalidInput: the address is another one
        """
        if config.simulate and not self._waiter.is_given:
            print(message('link_account-would-wait', url=step.url))
            return ExitCode.DONE
        url = self._waiter.wait(step)
        if url is None:
            kept = self._state.path is not None
            hint = message('link_account-start-again')
            print(self._waiter.how_to_resume() if kept else hint, file=sys.stderr)
            return ExitCode.TRY_AGAIN
        if config.simulate:
            what = message('link_account-the-return')
            return _simulated(self._link.returned, url, what)
        self._send(self._link.returned, url)
        return None

    def _can_ask_again(self) -> bool:
        """Return whether an invalid answer can be corrected by somebody."""
        if isinstance(self._link.step, Redirect) and not self._waiter.can_repeat:
            return False
        return self._attended and self._link.state in _OUR_TURN

    def _send(self, send: Callable[[Any], object], content: object) -> None:
        try:
            try:
                send(content)
            finally:
                # Also after a lost answer, so that nothing is sent twice.
                self._keep()
        except (FlowLost, MustReauthenticate, SessionLost) as error:
            self._state.remove()
            command = f'pwb link_account {self._state.option}'.rstrip()
            why = (
                'The login has become too old for it; starting again gives the '
                'password again.'
                if isinstance(error, MustReauthenticate)
                else error
            )
            raise FlowLost(
                f'{why} Run: {command}, with the other options as before, but without '
                '-return.'
            ) from error

    def _keep(self) -> None:
        """Write down the state, or remove it after the end."""
        if isinstance(self._link.step, Done | Failed):
            self._state.remove()
            return
        if self._state.path is None:
            return
        try:
            self._state.write(self._link.save())
        except InvalidInput as error:
            print(message('link_account-only-this-run', error=error), file=sys.stderr)
            self._state.remove()
            self._state = StateFile(None)


def _ended(step: Done | Failed) -> ExitCode:
    if isinstance(step, Done):
        print(message('link_account-linked'))
        return ExitCode.DONE
    reason = plain(step.message) or step.code or message('link_account-no-reason')
    print(message('link_account-not-linked', reason=reason), file=sys.stderr)
    return ExitCode.FAILED


def _simulated(send: Callable[[Any], object], content: object, named: str) -> ExitCode:
    """Show what would be sent.

    :raises InvalidInput: it would be refused before it is sent
    """
    with suppress(StoppedByGuard):
        send(content)
    print(message('link_account-would-send', what=named))
    return ExitCode.DONE
