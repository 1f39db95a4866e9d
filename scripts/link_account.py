#!/usr/bin/env python3
"""Link an account of a third-party provider to the account that is logged in.

The wiki asks for what the provider wants to know, which is asked at the terminal, or
taken from a file. Where the provider wants to see the user in a browser, the address is
shown, and the return is received here.

Without an option, an account is linked. Else:

-list             List what is linked and what can be, and stop.

-unlink:ID        Unlink an account, by the id that -list shows. All bot passwords of
                  one's account become invalid by that.

What the wiki is told:

-request:ID       Fill in this request only, by the id that -list shows. It can be given
                  several times.

-fields:FILE      Take fields from a file in UTF-8 that only you can read, each a line
                  "name = value"; "#" begins a comment. The environment variable
                  MW_TOKENS_FIELD_name goes before it. Options of a list are separated
                  by "|"; a checkbox or button is "yes" or "no". Without a terminal, all
                  fields that must be filled in have to be there.

When the provider sends the user back:

-listen:PORT      Receive the return on this port of loopback; 0 for any port.

-timeout:N        Wait N seconds for the return; default 300.

-open             Open the provider's page in a browser, too.

-returnurl:URL    Without -listen: where the user is sent back to, by default this wiki.
                  The address of that page is asked for, to be pasted here.

-state:FILE       Keep in this file where it stands, for as long as it lasts, which is
                  about five minutes; a run with the same file resumes it. It has to
                  use the same login.

-return:FILE      With -state: take the address that the user was sent back to from a
                  file that only you can read; "-" is standard input. Arguments can be
                  read by all users of a machine, and the address holds a secret.

Guards:

-always           Do not ask before unlinking. Without a terminal it is required.

-simulate         Show what would be asked, and send nothing.

Exit codes: 0 done; 1 the wiki or the provider refused; 2 usage; 3 not authorised, or
the session was lost: begin anew; 4 stopped by a guard; 70 internal error; 75 the return
is awaited, or try again later; 130 interrupted.

.. version-added:: 0.1
"""

from __future__ import annotations

import os
import re
import shlex
import sys
import webbrowser
from collections.abc import Callable, Iterable, Iterator, Mapping, MutableMapping
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from getpass import getpass
from html.parser import HTMLParser
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import urlsplit

import pywikibot
from pywikibot import config

from mw_tokens_plugin.campaign.exitcodes import exit_code_of
from mw_tokens_plugin.cli.arguments import check_arguments, options_in
from mw_tokens_plugin.cli.launch import ExitCode, handle_args, run_script
from mw_tokens_plugin.cli.login import check_account
from mw_tokens_plugin.exceptions import (
    ApiRefusal,
    FlowLost,
    InvalidInput,
    MustReauthenticate,
    SessionLost,
    StoppedByGuard,
)
from mw_tokens_plugin.messages import message
from mw_tokens_plugin.privatefiles import (
    check_replaceable,
    expanded,
    read_private,
    replacing,
)
from mw_tokens_plugin.protocol.authmanager import (
    Ask,
    AuthRequest,
    Done,
    Failed,
    Field,
    FieldType,
    Form,
    Message,
    Redirect,
    Required,
    State,
    Value,
)
from mw_tokens_plugin.protocol.display import displayable
from mw_tokens_plugin.site.accountlink import AccountLink
from mw_tokens_plugin.site.listener import ReturnListener

#: Steps after which a conversation is taken for an endless one.
MOST_STEPS = 50
#: Times that a question may be answered with what does not fit.
MOST_SLIPS = 3

Result = TypeVar('Result')

#: Environment variables that begin so are fields.
FIELD_VARIABLE = 'MW_TOKENS_FIELD_'

_WITH_VALUE = (
    *('-unlink', '-request', '-fields', '-listen', '-timeout'),
    *('-returnurl', '-state', '-return'),
)
_WORDS = {
    **dict.fromkeys(('yes', 'y', 'true', '1'), True),
    **dict.fromkeys(('no', 'n', 'false', '0', ''), False),
}
_TO_BE_ANSWERED = (State.START, State.ASKED, State.REDIRECTED)
_TICKED = (FieldType.CHECKBOX, FieldType.BUTTON)


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
        # The wiki means this account; others do not come after it.
        print(displayable(f'ERROR: {error}'), file=sys.stderr)
        return ExitCode.FAILED


def _act(arguments: list[str]) -> ExitCode:
    # Before anything is started that would inherit them.
    from_environment = _taken(os.environ)
    options = parse(handle_args(arguments))
    interactive = sys.stdin.isatty()
    site = pywikibot.Site()
    check_account(site)
    if options.listing:
        return _list(site)
    if options.unlink is not None:
        return _unlink(site, options.unlink, options.always, interactive)
    if options.returned is not None:
        options.returned = _address_in(options.returned)
    given = fields_given(options.fields, from_environment)
    if options.state is not None:
        with _keeping(options.state):
            check_replaceable(options.state)
    with ExitStack() as stack:
        link, listener = _begin(site, options, stack)
        return Conversation(link, options, given, listener, interactive).run()


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


def fields_given(files: Iterable[str], environment: dict[str, str]) -> dict[str, str]:
    """Return the fields that files and the environment hold.

    :param files: their paths
    :param environment: fields of the environment, by their names
    :raises InvalidInput: a file cannot be read
    """
    given: dict[str, str] = {}
    for file in files:
        for number, line in enumerate(_read('-fields', file).splitlines(), 1):
            name, equals, value = line.partition('=')
            if not line.strip() or line.lstrip().startswith('#'):
                continue
            if not equals or not name.strip():
                # The line may be a secret, so it is not shown.
                raise InvalidInput(f'{file}, line {number}: write "name = value".')
            given[name.strip()] = value.strip()
    return given | environment


def _taken(environment: MutableMapping[str, str]) -> dict[str, str]:
    """Remove the fields from the environment, and return them by their names.

    What is started later, such as a browser, does not get them.
    """
    names = [name for name in environment if name.startswith(FIELD_VARIABLE)]
    return {name.removeprefix(FIELD_VARIABLE): environment.pop(name) for name in names}


def _address_in(place: str) -> str:
    """Return the address that the user was sent back to.

    :param place: the file that holds it, or "-"
    :raises InvalidInput: it cannot be read
    """
    try:
        text = (
            sys.stdin.readline() if place == '-' else _read('-return', expanded(place))
        )
    except UnicodeDecodeError:
        text = ''
    if not text.strip():
        raise InvalidInput(f'-return:{place} holds no address.')
    return text.strip()


def _read(option: str, path: str) -> str:
    """Return the text of a file with secrets.

    :raises InvalidInput: it cannot be read, or others can read it
    """
    try:
        return read_private(path)
    except InvalidInput as error:
        raise InvalidInput(f'{option}: {error}') from None


class Conversation:
    """The linking of one account, as an operator sees it."""

    def __init__(
        self,
        link: AccountLink,
        options: Options,
        given: Mapping[str, str],
        listener: ReturnListener | None,
        interactive: bool,
        *,
        ask: Callable[[str], str] = pywikibot.input,
        ask_hidden: Callable[[str], str] = getpass,
        browse: Callable[[str], bool] = webbrowser.open,
    ) -> None:
        """Get everything that it needs.

        :param given: fields that need not be asked for
        :param interactive: whether there is somebody to be asked
        :param ask: asks the operator
        :param ask_hidden: does so without showing what is typed; its prompt is the
            whole of it
        :param browse: opens a page
        """
        self._link = link
        self._options = options
        self._given = given
        self._listener = listener
        self._interactive = interactive
        self._ask = ask
        self._ask_hidden = ask_hidden
        self._browse = browse
        #: The forms that were filled in with what is given, which helps only once.
        self._tried: list[Form] = []

    def run(self) -> ExitCode:
        """Ask, send and wait until it is over."""
        slips = 0
        for _ in range(MOST_STEPS):
            step = self._link.step
            if isinstance(step, Done):
                print(message('link_account-linked'))
                return ExitCode.DONE
            if isinstance(step, Failed):
                told = plain(step.message) or step.code
                reason = told or message('link_account-no-reason')
                print(
                    message('link_account-not-linked', reason=reason), file=sys.stderr
                )
                return ExitCode.FAILED
            try:
                code = self._go_on(step)
            except InvalidInput as error:
                slips += 1
                if slips == MOST_SLIPS or not self._can_ask_again():
                    raise
                print(message('link_account-once-more', error=error), file=sys.stderr)
                continue
            if code is not None:
                return code
            slips = 0
        raise StoppedByGuard(f'The wiki has asked {MOST_STEPS} times; giving up.')

    def _go_on(self, step: Ask | Redirect) -> ExitCode | None:
        """Do a step; an exit code ends it here.

        :raises InvalidInput: what was given or typed does not fit
        """
        if isinstance(step, Ask):
            self._say(step)
            values = self._filled_in(step.form)
            if config.simulate:
                names = ', '.join(values) or message('link_account-no-fields')
                return _simulated(self._link.submit, values, names)
            self._send(self._link.submit, values)
            return None
        if config.simulate and self._options.returned is None:
            print(message('link_account-would-wait', url=step.url))
            return ExitCode.DONE
        url = self._returned(step)
        if url is None:
            return ExitCode.TRY_AGAIN
        if config.simulate:
            named = message('link_account-the-return')
            return _simulated(self._link.returned, url, named)
        self._send(self._link.returned, url)
        return None

    def _can_ask_again(self) -> bool:
        """Tell whether what does not fit may be a slip of somebody who is there."""
        if self._listener is not None and isinstance(self._link.step, Redirect):
            return False
        return self._interactive and self._link.state in _TO_BE_ANSWERED

    def _send(self, send: Callable[[Any], object], what: object) -> None:
        try:
            try:
                send(what)
            finally:
                # Also where the answer was lost, so that nothing is sent twice.
                self._keep()
        except (FlowLost, MustReauthenticate, SessionLost) as error:
            # There is nothing left to go on with.
            self._forget()
            why = (
                'The login has become too old for it; beginning anew gives the '
                'password again.'
                if isinstance(error, MustReauthenticate)
                else error
            )
            state = self._options.state
            kept = '' if state is None else f' {shlex.quote(f"-state:{state}")}'
            raise FlowLost(
                f'{why} Run: pwb link_account{kept}, with the other options as '
                'before, but without -return.'
            ) from error

    def _say(self, step: Ask) -> None:
        if step.message is not None:
            print(plain(step.message))
        if step.restarted:
            print(message('link_account-restarted'))

    def _filled_in(self, form: Form) -> dict[str, Value]:
        """Return a form's fields, from what is given, else from the operator."""
        again = form in self._tried
        if again and not self._interactive:
            raise StoppedByGuard(
                'The wiki asks the same again, so it does not take what is given for '
                f'{", ".join(each.name for each in form.fields)}.'
            )
        self._tried.append(form)
        values: dict[str, Value] = {}
        for each in self._chosen(form):
            given = None if again else self._given.get(each.name)
            if given is not None:
                values[each.name] = value_of(each, given)
            elif self._interactive and each.type is not FieldType.HIDDEN:
                answer = self._answer(each)
                if answer is not None:
                    values[each.name] = answer
        return values

    def _chosen(self, form: Form) -> tuple[Field, ...]:
        """Return the fields that are to be filled in: those of one provider."""
        primary = [r for r in form.requests if r.required is Required.PRIMARY]
        if form.merged is not None or len(primary) < 2:
            return form.fields
        given = [r for r in primary if any(f.name in self._given for f in r.fields)]
        if len(given) != 1:
            ids = ', '.join(request.id for request in primary)
            if not self._interactive:
                raise InvalidInput(f'Name one with -request:ID; there are: {ids}.')
            for request in primary:
                print(described(request))
            wanted = self._ask(message('link_account-which')).strip()
            given = [request for request in primary if request.id == wanted]
            if not given:
                raise InvalidInput(f'There is no {wanted!r}; there are: {ids}.')
        others = [r.id for r in form.requests if r not in primary]
        return form.only([given[0].id, *others]).fields

    def _answer(self, asked: Field) -> Value | None:
        """Ask the operator for a field; None leaves it as it is."""
        label = plain(asked.label) or asked.name
        if asked.type is FieldType.NULL:
            print(label)
            return None
        help = plain(asked.help)
        if help and help != label:
            print(f'  {help}')
        for key, option in asked.options.items():
            print(f'  {clean(key)}: {plain(option)}')
        hint = f' {message("link_account-optional")}' if asked.optional else ''
        if asked.type in _TICKED:
            hint = ' [y/N]'
        elif asked.type is FieldType.MULTISELECT:
            hint = f' {message("link_account-several")}{hint}'
        elif asked.value:
            hint = f' [{clean(asked.value)}]'
        if asked.sensitive:
            text = self._ask_hidden(f'{label}{hint}: ')
        else:
            text = self._ask(f'{label}{hint}').strip()
        if not text and asked.type not in _TICKED:
            return None
        return value_of(asked, text)

    def _returned(self, step: Redirect) -> str | None:
        """Send the operator away, and return the address that they came back to."""
        if self._options.returned is not None:
            given, self._options.returned = self._options.returned, None
            return given
        print(f'{message("link_account-open")}\n{displayable(step.url)}')
        if self._options.open:
            self._browse(step.url)
        if self._listener is not None:
            url = self._listener.wait(step.expects, self._options.timeout)
            if url is None:
                print(message('link_account-nobody-came'), file=sys.stderr)
                self._say_how_to_go_on()
            return url
        if self._interactive:
            return self._ask(message('link_account-paste')).strip()
        self._say_how_to_go_on()
        return None

    def _say_how_to_go_on(self) -> None:
        if not self._options.state:
            text = message('link_account-begin-anew')
        elif self._listener is not None:
            port = urlsplit(self._listener.url).port
            text = message('link_account-listen-again', port=str(port))
        else:
            text = message('link_account-go-on')
        print(text, file=sys.stderr)

    def _keep(self) -> None:
        """Write down where it stands, for the owner's eyes only."""
        if isinstance(self._link.step, Done | Failed):
            self._forget()
        elif self._options.state is not None:
            try:
                with (
                    _keeping(self._options.state),
                    replacing(self._options.state) as file,
                ):
                    file.write(self._link.save())
            except InvalidInput as error:
                print(
                    message('link_account-only-this-run', error=error), file=sys.stderr
                )
                self._forget()
                self._options.state = None

    def _forget(self) -> None:
        if self._options.state is not None:
            with suppress(OSError):
                self._options.state.unlink()


def _simulated(send: Callable[[Any], object], what: object, named: str) -> ExitCode:
    """Say what would be sent, unless that would be refused here already."""
    with suppress(StoppedByGuard):
        send(what)
    print(message('link_account-would-send', what=named))
    return ExitCode.DONE


def value_of(asked: Field, text: str) -> Value:
    """Return what a text means for a field.

    :param asked: the field
    :param text: what was typed, or stands in the file
    :raises InvalidInput: it means nothing
    """
    if asked.type in _TICKED:
        if text.strip().lower() not in _WORDS:
            raise InvalidInput(f'The field {asked.name!r} takes "yes" or "no".')
        return _WORDS[text.strip().lower()]
    if asked.type is FieldType.MULTISELECT:
        return [each.strip() for each in text.split('|') if each.strip()]
    return text


def plain(message: Message | None) -> str:
    """Return a message, which came as HTML, as a text for a terminal."""
    if message is None:
        return ''
    reader = _Text()
    reader.feed(str(message))
    reader.close()
    return clean(' '.join(''.join(reader.parts).split()))


def clean(text: str) -> str:
    """Return a text without what a terminal would obey."""
    return re.sub(
        r'[\x00-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069]', '', text
    )


def described(request: AuthRequest) -> str:
    """Return a line about a request: its id, the provider, the account there."""
    about = [plain(request.provider), plain(request.account)]
    return f'{clean(request.id)}: {", ".join(filter(None, about))}'


@contextmanager
def _keeping(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        why = error.strerror or error
        raise InvalidInput(f'-state:{path} cannot be kept: {why}.') from None


class _Text(HTMLParser):
    """Collects the text of some HTML."""

    def __init__(self) -> None:
        """Start empty."""
        super().__init__()
        self.parts: list[str] = []

    def handle_data(self, data: str) -> None:
        """Keep it."""
        self.parts.append(data)


def _begin(
    site: Any, options: Options, stack: ExitStack
) -> tuple[AccountLink, ReturnListener | None]:
    """Begin, or go on where the state says; listen, if wanted."""
    saved = None
    if options.state is not None and options.state.exists():
        saved = _read('-state', str(options.state))
    if saved is not None:
        link = site.link_account(saved=saved)
        if options.listen is None or options.returned or config.simulate:
            return link, None
        return link, stack.enter_context(_listener(link.return_url))
    if options.listen is None or config.simulate:
        listener, back = None, options.return_url or site.base_url(site.path())
    else:
        listener = stack.enter_context(_listener(port=options.listen))
        back = listener.url
    link = recently_logged_in(
        site,
        lambda: site.link_account(
            return_url=back, requests=options.requests or None, message_format='html'
        ),
    )
    assert isinstance(link.step, Ask)
    for request in link.step.form.requests:
        print(described(request))
    return link, listener


def recently_logged_in(site: Any, act: Callable[[], Result]) -> Result:
    """Do something, after giving the password again if the wiki wants that.

    :param site: the wiki
    :param act: what is done; it must not have been carried out where it was refused
    """
    try:
        return act()
    except MustReauthenticate:
        print(message('link_account-recent-login', wiki=site))
        site.reauthenticate()
        return act()


def _listener(url: str | None = None, port: int = 0) -> ReturnListener:
    if url is not None and urlsplit(url).hostname != '127.0.0.1':
        raise InvalidInput(f'-listen: the user comes back to {url}, not to this host.')
    try:
        return ReturnListener(url, port)
    except OSError as error:
        if url is not None:
            raise InvalidInput(
                f'-listen: the user comes back to port {urlsplit(url).port}, which '
                f'cannot be listened on: {error.strerror}. If you have not taken it, '
                'somebody else may receive the return: delete the file of -state, and '
                'begin again.'
            ) from None
        raise InvalidInput(f'-listen: {error.strerror}. Name another port.') from None


def _list(site: Any) -> ExitCode:
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


def _unlink(site: Any, id: str, always: bool, interactive: bool) -> ExitCode:
    if config.simulate:
        print(message('link_account-would-unlink', id=id))
        return ExitCode.DONE
    if not always:
        if not interactive:
            raise InvalidInput('Without a terminal, give -always to unlink.')
        user = site.username()
        print(message('link_account-bot-passwords', user=user))
        question = message('link_account-unlink', id=id, user=user)
        answer = pywikibot.input(f'{question} [y/N]')
        if answer.strip().lower() not in ('y', 'yes'):
            raise StoppedByGuard('Not confirmed; nothing was sent.')
    recently_logged_in(site, lambda: site.unlink_account(id))
    print(message('link_account-unlinked', id=id))
    return ExitCode.DONE


def _number(name: str, value: str, most: int) -> int:
    if not value.isdecimal() or int(value) > most:
        raise InvalidInput(f'{name}:{value}: give a number up to {most}.')
    return int(value)


if __name__ == '__main__':
    sys.exit(main())
