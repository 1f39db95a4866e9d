#!/usr/bin/env python3
"""Link an account of a third-party provider to the account that is logged in.

The provider asks for some fields, which are asked for at the terminal or read from a
file. Where the provider needs to see the user in a browser, the address is shown, and
the return is received here.

Without an option, an account is linked. Otherwise:

&options;

Exit codes: 0 done; 1 the wiki or the provider refused; 2 usage; 3 not authorised, or
the session was lost: start again; 4 stopped by a guard; 70 internal error; 75 the
return is awaited, or try again later; 130 interrupted.

.. version-added:: 0.1
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, TypeVar

from pywikibot import config

from mw_tokens_plugin.cli.helptext import document, start_help
from mw_tokens_plugin.cli.table import Options as Table
from mw_tokens_plugin.cli.table import option
from mw_tokens_plugin.cli.table import parse as parsed
from mw_tokens_plugin.exceptions import (
    ApiRefusal,
    InvalidInput,
    MustReauthenticate,
    StoppedByGuard,
)
from mw_tokens_plugin.messages import message
from mw_tokens_plugin.privatefiles import expanded
from mw_tokens_plugin.protocol.display import displayable

if TYPE_CHECKING:
    from mw_tokens_plugin.campaign.exitcodes import ExitCode
    from mw_tokens_plugin.cli.asking import Terminal
    from mw_tokens_plugin.site.accountlink import AccountLink

Result = TypeVar('Result')


def up_to(maximum: int) -> Callable[[str], int]:
    """Return what reads a number that is not too large."""

    def read(text: str) -> int:
        if not text.isdecimal() or int(text) > maximum:
            raise ValueError(f'give a number up to {maximum}.')
        return int(text)

    return read


def place_of_return(text: str) -> str:
    """Read where the address is that the user was sent back to."""
    if '://' in text:
        raise ValueError(
            'the address holds a secret, and arguments can be read by all users of '
            'this machine: give -return:- and write the address to standard input, or '
            '-return:FILE with a file that only you can read.'
        )
    return text


@dataclass(frozen=True, kw_only=True)
class Options(Table):
    """What the command line asks for."""

    takes_names: ClassVar[bool] = False

    list_: bool = option('List what is linked and what can be, and stop.')
    unlink: str | None = option(
        'Unlink an account, by the id that -list shows. All bot passwords of your '
        'account become invalid by that.',
        value='ID',
    )
    request: tuple[str, ...] = option(
        'Fill in this request only, by the id that -list shows.',
        value='ID',
        repeat=True,
    )
    fields: tuple[str, ...] = option(
        'Read fields from a file in UTF-8 that only you can read, each a line "name = '
        'value"; "#" begins a comment. The environment variable MW_TOKENS_FIELD_name '
        'overrules it. Options of a list are separated by "|"; a checkbox or button is '
        '"yes" or "no". Without a terminal, all fields that must be filled in have to '
        'be there.',
        value='FILE',
        read=expanded,
        repeat=True,
    )
    listen: int | None = option(
        'Receive the return on this port of loopback; 0 for any port.',
        value='PORT',
        read=up_to(65535),
    )
    timeout: float = option(
        'Wait N seconds for the return; default 300.',
        300.0,
        value='N',
        read=up_to(86400),
    )
    open: bool = option("Open the provider's page in a browser, too.")
    returnurl: str | None = option(
        'Without -listen: where the user is sent back to, by default this wiki. The '
        'address of that page is asked for, to be pasted here.',
        value='URL',
    )
    state: str | None = option(
        'Keep the state of the linking in this file; a run with the same file and the '
        'same login resumes it. A state can be used for about five minutes.',
        value='FILE',
        read=expanded,
    )
    return_: str | None = option(
        'With -state: read the address that the user was sent back to from a file that '
        'only you can read; "-" is standard input. Arguments can be read by all users '
        'of a machine, and the address holds a secret.',
        value='FILE',
        read=place_of_return,
        private=True,
    )
    always: bool = option(
        'Do not ask before unlinking. Without a terminal it is required. With '
        '-simulate, what would be asked is shown, and nothing is sent.'
    )


document(__name__, Options)


def main(*args: str) -> ExitCode:
    """Run the script.

    :param args: command line arguments; those of the process if none are given
    :return: the exit code
    """
    start_help(args, __name__)
    from mw_tokens_plugin.cli.launch import run_script

    return run_script(
        _run,
        args,
        script=__file__,
        name='link_account',
        opposite='pwb link_account -unlink:ID',
    )


def _run(arguments: list[str]) -> ExitCode:
    from mw_tokens_plugin.campaign.errorcodes import exit_code_of
    from mw_tokens_plugin.campaign.exitcodes import ExitCode

    try:
        return _act(arguments)
    except ApiRefusal as error:
        if exit_code_of(error) is not ExitCode.INTERNAL:
            raise
        # The wiki refuses this account; there is no other target to continue with.
        print(displayable(f'ERROR: {error}'), file=sys.stderr)
        return ExitCode.FAILED


def _act(arguments: list[str]) -> ExitCode:
    from mw_tokens_plugin.cli.asking import Terminal
    from mw_tokens_plugin.cli.launch import default_site, handle_args
    from mw_tokens_plugin.cli.linkfiles import take_fields
    from mw_tokens_plugin.cli.login import check_account
    from mw_tokens_plugin.cli.useragent import check_contact

    # Before anything is started that would inherit them.
    from_environment = take_fields(os.environ)
    options = parse(handle_args(arguments))
    terminal = Terminal.of_process()
    site = default_site()
    check_account(site)
    check_contact(site)
    if options.list_:
        return _list(site)
    if options.unlink is not None:
        return _unlink(site, options.unlink, options.always, terminal)
    return _link(site, options, from_environment, terminal)


def parse(args: Iterable[str]) -> Options:
    """Read the command line.

    :param args: what pywikibot has left of it
    :raises InvalidInput: it cannot be understood
    """
    options = parsed(Options, args, 'pwb link_account')
    if options.listen is not None and options.returnurl:
        raise InvalidInput('-listen and -returnurl exclude each other.')
    if options.return_ and not (options.state and os.path.exists(options.state)):
        raise InvalidInput('-return goes with -state and the file of an earlier run.')
    return options


def _link(
    site: Any, options: Options, fields: Mapping[str, str], terminal: Terminal
) -> ExitCode:
    """Link an account.

    :param fields: those of the environment, which overrule those of files
    """
    from mw_tokens_plugin.cli.authfields import FormFiller
    from mw_tokens_plugin.cli.conversation import Conversation
    from mw_tokens_plugin.cli.linkfiles import StateFile, fields_in, return_in
    from mw_tokens_plugin.cli.linkreturn import ReturnWaiter, listen_again, listen_on

    returned = None if options.return_ is None else return_in(options.return_)
    given = {**fields_in(options.fields), **fields}
    state = StateFile(Path(options.state) if options.state else None)
    state.check()
    saved = state.read()
    listens = options.listen is not None and returned is None and not config.simulate
    listener = None
    with ExitStack() as stack:
        if saved is not None:
            link = site.link_account(saved=saved)
            if listens:
                listener = stack.enter_context(listen_again(link.return_url))
        else:
            if listens:
                listener = stack.enter_context(listen_on(options.listen or 0))
            back = options.returnurl or site.base_url(site.path())
            link = _started(site, listener.url if listener else back, options.request)
        waiter = ReturnWaiter(
            terminal,
            given=returned,
            listener=listener,
            timeout=options.timeout,
            browse=options.open,
        )
        filler = FormFiller(given, terminal)
        talk = Conversation(link, filler, waiter, state, attended=terminal.attended)
        return talk.run()


def _started(site: Any, return_url: str, requests: Sequence[str]) -> AccountLink:
    """Start a conversation, and list what the wiki offers."""
    from mw_tokens_plugin.cli.authfields import described
    from mw_tokens_plugin.protocol.authmanager import Ask

    link: AccountLink = recently_logged_in(
        site,
        lambda: site.link_account(
            return_url=return_url,
            requests=list(requests) or None,
            message_format='html',
        ),
    )
    assert isinstance(link.step, Ask)
    for request in link.step.form.requests:
        print(described(request))
    return link


def _list(site: Any) -> ExitCode:
    """Show what is linked, and what can be linked."""
    from mw_tokens_plugin.campaign.exitcodes import ExitCode
    from mw_tokens_plugin.cli.authfields import described

    linkable = site.linkable_accounts(message_format='html').requests
    linked = site.linked_accounts(message_format='html')
    for title, requests in (
        (message('link_account-list-linked'), linked),
        (message('link_account-list-linkable'), linkable),
    ):
        print(f'{title}: {"" if requests else message("link_account-nothing")}')
        for request in requests:
            print(f'  {described(request)}')
    return ExitCode.DONE


def _unlink(site: Any, id: str, always: bool, terminal: Terminal) -> ExitCode:
    """Unlink an account, after a confirmation."""
    from mw_tokens_plugin.campaign.exitcodes import ExitCode

    if config.simulate:
        print(message('link_account-would-unlink', id=id))
        return ExitCode.DONE
    if not always:
        if not terminal.attended:
            raise InvalidInput('Without a terminal, give -always to unlink.')
        user = site.username()
        print(message('link_account-bot-passwords', user=user))
        if not terminal.confirms(message('link_account-unlink', id=id, user=user)):
            raise StoppedByGuard('Not confirmed; nothing was sent.')
    recently_logged_in(site, lambda: site.unlink_account(id))
    print(message('link_account-unlinked', id=id))
    return ExitCode.DONE


def recently_logged_in(site: Any, act: Callable[[], Result]) -> Result:
    """Do something, after giving the password again if the wiki requires that.

    :param site: the wiki
    :param act: what is done; where it is refused, it must not have had any effect
    """
    try:
        return act()
    except MustReauthenticate as error:
        print(message('link_account-recent-login', wiki=site))
        site.reauthenticate(error.operation)
        return act()


if __name__ == '__main__':
    sys.exit(main())
