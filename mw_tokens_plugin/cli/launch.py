"""How every script starts and ends: deadlines, checks, one sentence, an exit code.

What a script does in between is left to the script.
"""

from __future__ import annotations

import errno
import os
import re
import signal
import sys
import warnings
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from types import FrameType
from typing import NoReturn

import pywikibot
from pywikibot import config
from pywikibot.comms import http
from pywikibot.exceptions import UnknownFamilyError, UnknownSiteError

from mw_tokens_plugin.campaign.errorcodes import exit_code_of
from mw_tokens_plugin.campaign.exitcodes import ExitCode
from mw_tokens_plugin.campaign.ledgerurl import without_secrets
from mw_tokens_plugin.cli.configuration import check_configuration
from mw_tokens_plugin.cli.passwords import check_password_file
from mw_tokens_plugin.cli.privatewords import replace_logged
from mw_tokens_plugin.cli.pywikibotfiles import check_files, explained
from mw_tokens_plugin.cli.scriptname import check_name
from mw_tokens_plugin.cli.streams import leave_terminal, prepared_streams, say
from mw_tokens_plugin.cli.tracebacks import internal_error
from mw_tokens_plugin.exceptions import InvalidInput
from mw_tokens_plugin.messages import message
from mw_tokens_plugin.protocol.display import displayable
from mw_tokens_plugin.site.bearer import check_bearers
from mw_tokens_plugin.site.cleanlogs import clean_tracebacks, indent_warnings
from mw_tokens_plugin.site.hook import enable
from mw_tokens_plugin.site.mixins import PluginMixin, TypedSite, typed
from mw_tokens_plugin.site.redaction import redactor
from mw_tokens_plugin.site.requests import TokenRequest

#: What the system says where there is no room for what is written.
_FULL = (errno.ENOSPC, errno.EDQUOT)
#: Seconds without an answer after which the wiki counts as unreachable.
UNREACHABLE_AFTER = 15.0
#: Seconds that a wiki may take for one answer. After that, the result of a write is
#: read from it.
MAX_SILENCE = 25.0


def run_script(
    work: Callable[[list[str]], ExitCode],
    args: Sequence[str],
    *,
    script: str,
    name: str,
    opposite: str = '',
    tolerate_exposed_password: bool = False,
    logged: Callable[[Sequence[str]], list[str]] = list,
) -> ExitCode:
    """Run a script, and turn what ends it into one sentence and an exit code.

    :param work: the script's work, which gets its command line
    :param args: the command line; that of the process if it is empty
    :param script: the file of the script
    :param name: the name of the script
    :param opposite: the command for the opposite of what it does; empty if none is
    :param tolerate_exposed_password: run although others can read the password file
    :param logged: returns what of a command line may be logged, besides secrets
    """
    arguments = list(args) or sys.argv[1:]
    # A ledger that is opened brings its own.
    redactor.hide_names = None
    clean_tracebacks()
    indent_warnings()
    said = ''
    with (
        _settings_restored(),
        prepared_streams(),
        _private_files(),
        # When the system asks for it, it ends in order, as on Ctrl-C.
        handled(_interrupt, *stop_signals()),
        _holding_back('-quiet' in arguments) as speak,
    ):
        try:
            check_name(script, name, opposite)
            replace_logged(arguments, list(map(_without_secrets, logged(arguments))))
            check_configuration()
            check_files()
            _prepare_pywikibot()
            _check_surroundings(arguments)
            if not tolerate_exposed_password:
                check_password_file()
            code = work(arguments)
        except KeyboardInterrupt as error:
            code = exit_code_of(error)
            said = f'\n{message("campaign-run-interrupted")}'
        except EOFError as error:
            # Ctrl-D at a prompt.
            code = exit_code_of(error)
            said = f'\n{message("campaign-input-ended")}'
        except Exception as error:  # noqa: BLE001  # the last resort of a script
            cause = explained(error)
            code = exit_code_of(cause)
            said = f'ERROR: {_sentence(cause, code)}'
            if not isinstance(cause, InvalidInput):
                # What a wiki says must not look like another line of this.
                said = displayable(said)
        if code is not ExitCode.DONE:
            speak()
        if said:
            say(displayable(said, lines=True))
    return code


def handle_args(arguments: Iterable[str]) -> list[str]:
    """Let pywikibot read its options, and return the other arguments.

    Nothing is asked of any wiki, so that a misspelt option is refused although none
    answers; :func:`default_site` opens one.

    .. version-added:: 0.1

    :raises InvalidInput: pywikibot cannot use one of them, or its configuration
    """
    try:
        with warnings.catch_warnings(), _no_site():
            # pwb makes a site when it is given options before the script's name.
            warnings.filterwarnings('ignore', 'Site objects have been created before')
            return list(pywikibot.handle_args(list(arguments)))
    except ValueError as error:
        if type(error) is not ValueError:
            raise
        raise InvalidInput(
            f'An option of pywikibot has a value that it cannot use: {error}. "pwb '
            '-help" explains them.'
        ) from None


def default_site() -> TypedSite:
    """Return the wiki that the command line or ``user-config.py`` names.

    It is asked who is logged in.

    :raises InvalidInput: pywikibot does not know it
    """
    try:
        return typed(pywikibot.Site())
    except (UnknownFamilyError, UnknownSiteError) as error:
        raise InvalidInput(
            f'There is no wiki {config.family}:{config.mylang} ({error}). Correct '
            'family and mylang in user-config.py, or -family: and -lang:. Nothing was '
            'sent.'
        ) from None


def names_wiki(arguments: Iterable[str]) -> bool:
    """Tell whether the operator has said on the command line which wiki is meant.

    .. version-added:: 0.1

    :param arguments: those of a script; what pwb was given before its name counts, too
    """
    return any(_WIKI.match(word) for word in (*arguments, *sys.orig_argv[1:]))


#: A password before the host of an address.
_PASSWORD = re.compile('://[^/?]*:[^/?]*@')
#: The options of pywikibot that choose a wiki.
_WIKI = re.compile(r'-(family|lang|code|site):')


def stop_signals() -> tuple[signal.Signals, ...]:
    """Return the signals besides Ctrl-C on which a script ends in order.

    .. version-added:: 0.1
    """
    found = [signal.SIGTERM]
    hangup = getattr(signal, 'SIGHUP', None)
    # nohup has it ignored.
    if hangup is not None and signal.getsignal(hangup) is not signal.SIG_IGN:
        found.append(hangup)
    return tuple(found)


def _without_secrets(argument: str) -> str:
    """Return an argument as it may be written to a log.

    The address that a user came back to holds a code, and a password may stand before
    the host of any address, also after an option that is misspelt.
    """
    name, colon, value = argument.partition(':')
    if name == '-ledger':
        return f'{name}:{redactor.clean(without_secrets(value))}'
    if name in ('-return', '-notify'):
        return f'{name}{colon}***'
    if not _PASSWORD.search(argument):
        return argument
    return f'{name}{colon}***' if name.startswith('-') else '***'


def _sentence(error: Exception, code: ExitCode) -> str:
    """Return what an operator needs to know of an error."""
    if code is ExitCode.INTERNAL:
        return internal_error(error)
    if isinstance(error, OSError) and error.errno in _FULL and not error.filename:
        # pywikibot does not say which of its files it was.
        error.filename = f'A file in {config.base_dir}'
    if isinstance(error, OSError) and error.filename and error.strerror:
        ask = (
            'Correct that'
            if code is ExitCode.USAGE
            else 'Make room, or wait until it works again'
        )
        return (
            f'{error.filename} cannot be used: {error.strerror}. {ask}, and start '
            'again.'
        )
    return redactor.clean(str(error))


def _prepare_pywikibot() -> None:
    # Cookies that cannot be read cost a login and are written again; Python would show
    # a traceback.
    warnings.filterwarnings('ignore', 'http.cookiejar bug!')
    enable()
    # Before anything makes a site: pywikibot would try for some 20 minutes.
    TokenRequest.deadline = UNREACHABLE_AFTER
    given = config.socket_timeout
    # One number is for both, connecting and answering.
    config.socket_timeout = tuple(
        min(seconds, MAX_SILENCE)
        for seconds in (given if isinstance(given, tuple) else (given, given))
    )


@contextmanager
def _settings_restored() -> Iterator[None]:
    """Give the caller back the settings of pywikibot and of the plugin.

    What an option has set would hold for what the caller does next: ``-simulate``
    would keep it from writing, and ``-user`` would have somebody else write.
    """
    settings, deadline = dict(vars(config)), TokenRequest.deadline
    override = getattr(pywikibot.bot, '_user_override', None)
    users = {family: dict(names) for family, names in config.usernames.items()}
    logged, debugged = list(config.log), list(config.debug_log)
    try:
        yield
    finally:
        # Only names are bound again, and what options change in place is copied back: a
        # family is loaded once, and what it has changed stays.
        vars(config).update(settings)
        config.log[:], config.debug_log[:] = logged, debugged
        config.usernames.clear()
        config.usernames.update(users)
        pywikibot.bot._user_override = override
        TokenRequest.deadline = deadline


@contextmanager
def _no_site() -> Iterator[None]:
    """Keep pywikibot from making a site object, which would ask its wiki who we are."""
    usual = vars(pywikibot)['Site']
    vars(pywikibot)['Site'] = lambda: None
    try:
        yield
    finally:
        vars(pywikibot)['Site'] = usual


@contextmanager
def _private_files() -> Iterator[None]:
    """Let all new files be for their owner only, those of pywikibot and drivers too."""
    previous = os.umask(0o077)
    try:
        yield
    finally:
        os.umask(previous)


@contextmanager
def handled(
    handler: Callable[[int, FrameType | None], object], *numbers: signal.Signals
) -> Iterator[None]:
    """Let a function handle signals."""
    previous = {number: signal.signal(number, handler) for number in numbers}
    try:
        yield
    finally:
        for number, before in previous.items():
            signal.signal(number, before)


def _interrupt(number: int, frame: FrameType | None) -> NoReturn:
    leave_terminal()
    raise KeyboardInterrupt


@contextmanager
def _holding_back(quiet: bool) -> Iterator[Callable[[], None]]:
    """Hide what pywikibot prints, and yield a function that shows it after all.

    :param quiet: whether it is hidden at all
    """
    if not quiet:
        yield lambda: None
        return
    ui = pywikibot.bot.ui
    held: list[tuple[str, object]] = []

    def hold(text: str, targetStream: object = None) -> None:
        held.append((text, targetStream))

    def speak() -> None:
        ui.__dict__.pop('output', None)
        for text, stream in held:
            ui.output(text, targetStream=stream)

    ui.output = hold
    try:
        yield speak
    except BaseException:
        speak()
        raise
    finally:
        ui.__dict__.pop('output', None)


def _check_surroundings(arguments: Iterable[str]) -> None:
    for argument in arguments:
        try:
            argument.encode()
        except UnicodeEncodeError:
            raise InvalidInput(
                f'{argument!r} is not in the encoding of this terminal: set it to '
                'UTF-8, or give names by -file:.'
            ) from None
    if not issubclass(pywikibot.site.APISite, PluginMixin):
        raise InvalidInput(
            'The plugin is switched off (MW_TOKENS_DISABLE=1), or does not know its '
            'way around in this pywikibot: this script cannot work without it.'
        )
    check_bearers()
    oauth = any(len(consumer) == 4 for consumer in config.authenticate.values())
    if oauth and isinstance(http.requests_oauthlib, ImportError):
        raise InvalidInput(
            'user-config.py has an OAuth consumer, and pywikibot lacks what it signs '
            'with: run "pip install requests-oauthlib".'
        )
