#!/usr/bin/env python3
"""Link an account of a third-party provider to the account that is logged in.

The provider asks for some fields, which are asked for at the terminal or read from a
file. Where the provider needs to see the user in a browser, the address is shown, and
the return is received here.

Without an option, an account is linked. Otherwise:

-list             List what is linked and what can be, and stop.

-unlink:ID        Unlink an account, by the id that -list shows. All bot passwords of
                  one's account become invalid by that.

Fields:

-request:ID       Fill in this request only, by the id that -list shows. It can be given
                  several times.

-fields:FILE      Read fields from a file in UTF-8 that only you can read, each a line
                  "name = value"; "#" begins a comment. The environment variable
                  MW_TOKENS_FIELD_name overrules it. Options of a list are separated
                  by "|"; a checkbox or button is "yes" or "no". Without a terminal, all
                  fields that must be filled in have to be there.

When the provider sends the user back:

-listen:PORT      Receive the return on this port of loopback; 0 for any port.

-timeout:N        Wait N seconds for the return; default 300.

-open             Open the provider's page in a browser, too.

-returnurl:URL    Without -listen: where the user is sent back to, by default this wiki.
                  The address of that page is asked for, to be pasted here.

-state:FILE       Keep the state of the linking in this file; a run with the same file
                  and the same login resumes it. A state can be used for about five
                  minutes.

-return:FILE      With -state: read the address that the user was sent back to from a
                  file that only you can read; "-" is standard input. Arguments can be
                  read by all users of a machine, and the address holds a secret.

Guards:

-always           Do not ask before unlinking. Without a terminal it is required.

-simulate         Show what would be asked, and send nothing.

Exit codes: 0 done; 1 the wiki or the provider refused; 2 usage; 3 not authorised, or
the session was lost: start again; 4 stopped by a guard; 70 internal error; 75 the
return is awaited, or try again later; 130 interrupted.

.. version-added:: 0.1
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import pywikibot
from pywikibot import config

from mw_tokens_plugin.campaign.exitcodes import exit_code_of
from mw_tokens_plugin.cli.arguments import check_arguments, options_in
from mw_tokens_plugin.cli.asking import Terminal
from mw_tokens_plugin.cli.authfields import FormFiller, described
from mw_tokens_plugin.cli.conversation import Conversation
from mw_tokens_plugin.cli.launch import ExitCode, handle_args, run_script
from mw_tokens_plugin.cli.linkfiles import (
    StateFile,
    fields_in,
    return_in,
    take_fields,
)
from mw_tokens_plugin.cli.linkreturn import ReturnWaiter, listen_again, listen_on
from mw_tokens_plugin.cli.login import check_account
from mw_tokens_plugin.exceptions import (
    ApiRefusal,
    InvalidInput,
    MustReauthenticate,
    StoppedByGuard,
)
from mw_tokens_plugin.messages import message
from mw_tokens_plugin.privatefiles import expanded
from mw_tokens_plugin.protocol.authmanager import Ask
from mw_tokens_plugin.protocol.display import displayable
from mw_tokens_plugin.site.accountlink import AccountLink

Result = TypeVar('Result')

_WITH_VALUE = (
    *('-unlink', '-request', '-fields', '-listen', '-timeout'),
    *('-returnurl', '-state', '-return'),
)


@dataclass
class Options:
    """What the command line asks for."""

    listing: bool = False
    unlink: str | None = None
    requests: list[str] = field(default_factory=list)
    fields: list[str] = field(default_factory=list)
    listen: int | None = None
    timeout: float = 300.0
    open: bool = False
    return_url: str | None = None
    state: Path | None = None
    returned: str | None = None
    always: bool = False


def main(*args: str) -> ExitCode:
    """Run the script.

    :param args: command line arguments; those of the process if none are given
    :return: the exit code
    """
    return run_script(
        _run,
        args,
        script=__file__,
        name='link_account',
        opposite='pwb link_account -unlink:ID',
    )


def _run(arguments: list[str]) -> ExitCode:
    try:
        return _act(arguments)
    except ApiRefusal as error:
        if exit_code_of(error) is not ExitCode.INTERNAL:
            raise
        # The wiki refuses this account; there is no other target to continue with.
        print(displayable(f'ERROR: {error}'), file=sys.stderr)
        return ExitCode.FAILED


def _act(arguments: list[str]) -> ExitCode:
    # Before anything is started that would inherit them.
    from_environment = take_fields(os.environ)
    options = parse(handle_args(arguments))
    terminal = Terminal.of_process()
    site = pywikibot.Site()
    check_account(site)
    if options.listing:
        return _list(site)
    if options.unlink is not None:
        return _unlink(site, options.unlink, options.always, terminal)
    return _link(site, options, from_environment, terminal)


def parse(args: Iterable[str]) -> Options:
    """Read the command line.

    :param args: what pywikibot has left of it
    :raises InvalidInput: it cannot be understood
    """
    options = Options()
    args = list(args)
    check_arguments(
        args,
        options_in(__doc__),
        script='pwb link_account',
        repeatable=['-request', '-fields'],
    )
    for argument in args:
        name, colon, value = argument.partition(':')
        match name, bool(colon and value):
            case '-list', False:
                options.listing = True
            case '-unlink', True:
                options.unlink = value
            case '-request', True:
                options.requests.append(value)
            case '-fields', True:
                options.fields.append(expanded(value))
            case '-listen', True:
                options.listen = _number(name, value, 65535)
            case '-timeout', True:
                options.timeout = _number(name, value, 86400)
            case '-open', False:
                options.open = True
            case '-returnurl', True:
                options.return_url = value
            case '-state', True:
                options.state = Path(expanded(value))
            case '-return', True:
                if '://' in value:
                    raise InvalidInput(
                        '-return: the address holds a secret, and arguments can be '
                        'read by all users of this machine: give -return:- and write '
                        'the address to standard input, or -return:FILE with a file '
                        'that only you can read.'
                    )
                options.returned = value
            case '-always', False:
                options.always = True
            case _, False if name in _WITH_VALUE:
                raise InvalidInput(f'{name} needs a value: {name}:VALUE.')
            case _:
                raise InvalidInput(
                    f'{argument}: there is no such option. "pwb link_account -help" '
                    'lists them.'
                )
    if options.listen is not None and options.return_url:
        raise InvalidInput('-listen and -returnurl exclude each other.')
    if options.returned and not (options.state and os.path.exists(options.state)):
        raise InvalidInput('-return goes with -state and the file of an earlier run.')
    return options


def _link(
    site: Any, options: Options, fields: Mapping[str, str], terminal: Terminal
) -> ExitCode:
    """Link an account.

    :param fields: those of the environment, which overrule those of files
    """
    returned = None if options.returned is None else return_in(options.returned)
    given = {**fields_in(options.fields), **fields}
    state = StateFile(options.state)
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
            back = options.return_url or site.base_url(site.path())
            link = _started(site, listener.url if listener else back, options.requests)
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


def _started(site: Any, return_url: str, requests: list[str]) -> AccountLink:
    """Start a conversation, and list what the wiki offers."""
    link: AccountLink = recently_logged_in(
        site,
        lambda: site.link_account(
            return_url=return_url, requests=requests or None, message_format='html'
        ),
    )
    assert isinstance(link.step, Ask)
    for request in link.step.form.requests:
        print(described(request))
    return link


def _list(site: Any) -> ExitCode:
    """Show what is linked, and what can be linked."""
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
    except MustReauthenticate:
        print(message('link_account-recent-login', wiki=site))
        site.reauthenticate()
        return act()


def _number(name: str, value: str, maximum: int) -> int:
    if not value.isdecimal() or int(value) > maximum:
        raise InvalidInput(f'{name}:{value}: give a number up to {maximum}.')
    return int(value)


if __name__ == '__main__':
    sys.exit(main())
