"""How every script starts and ends: deadlines, checks, one sentence, an exit code.

What a script does in between is its own business.
"""

from __future__ import annotations

import enum
import io
import shlex
import signal
import stat
import sys
import warnings
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from types import FrameType, SimpleNamespace
from typing import NoReturn

import pywikibot
from pywikibot import config
from pywikibot.comms import http
from pywikibot.exceptions import (
    ApiTimeoutError,
    NoUsernameError,
    ServerError,
    UserRightsError,
)
from pywikibot.exceptions import Error as PywikibotError
from pywikibot.login import LoginManager

from mw_tokens_plugin.exceptions import (
    BadToken,
    CampaignBusy,
    InvalidInput,
    LedgerFailure,
    OutcomeUnknown,
    PermissionDenied,
    RateLimited,
    ReadOnly,
    SessionError,
    StoppedByGuard,
    TokensPluginError,
    WikiUnreachable,
)
from mw_tokens_plugin.protocol.display import displayable
from mw_tokens_plugin.site.hook import enable
from mw_tokens_plugin.site.mixins import PluginMixin
from mw_tokens_plugin.site.requests import TokenRequest

#: Seconds without an answer after which the wiki counts as unreachable.
UNREACHABLE_AFTER = 15.0
#: Seconds that a wiki may take for one answer. What a write came to after that is
#: read from it.
LONGEST_SILENCE = 25.0


class ExitCode(enum.IntEnum):
    """The exit codes of all scripts.

    .. version-added:: 0.1
    """

    DONE = 0
    FAILED = 1
    USAGE = 2
    NOT_AUTHORISED = 3
    GUARD = 4
    TRY_AGAIN = 75
    INTERRUPTED = 130


def exit_code_of(error: BaseException) -> ExitCode:
    """Return the exit code for an error that ended a script."""
    if isinstance(error, KeyboardInterrupt | EOFError):
        return ExitCode.INTERRUPTED
    if isinstance(error, InvalidInput):
        return ExitCode.USAGE
    if isinstance(
        error,
        SessionError | PermissionDenied | BadToken | NoUsernameError | UserRightsError,
    ):
        return ExitCode.NOT_AUTHORISED
    if isinstance(error, StoppedByGuard):
        return ExitCode.GUARD
    if isinstance(
        error,
        CampaignBusy
        | LedgerFailure
        | OutcomeUnknown
        | ApiTimeoutError
        | RateLimited
        | ServerError
        | ReadOnly
        | WikiUnreachable,
    ):
        return ExitCode.TRY_AGAIN
    return ExitCode.FAILED


def run_script(
    work: Callable[[list[str]], ExitCode],
    args: Sequence[str],
    *,
    tolerate_exposed_password: bool = False,
) -> ExitCode:
    """Run a script, and turn what ends it into one sentence and an exit code.

    :param work: the script's work, which gets its command line
    :param args: the command line; that of the process if it is empty
    :param tolerate_exposed_password: run although others can read the password file
    """
    enable()
    # Before anything makes a site: pywikibot would try for some 20 minutes.
    TokenRequest.deadline = UNREACHABLE_AFTER
    config.socket_timeout = tuple(
        min(seconds, LONGEST_SILENCE) for seconds in config.socket_timeout
    )
    arguments = list(args) or sys.argv[1:]
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            # A name that the terminal cannot show must not end the campaign; and what
            # is said on both streams keeps its order in a log.
            stream.reconfigure(errors='backslashreplace', line_buffering=True)
    before = signal.signal(signal.SIGTERM, _interrupt)
    said = ''
    with _holding_back('-quiet' in arguments) as speak:
        try:
            _check_surroundings(arguments)
            if not tolerate_exposed_password:
                _check_password_file()
            code = work(arguments)
        except KeyboardInterrupt as error:
            code, said = exit_code_of(error), '\nInterrupted.'
        except EOFError as error:
            # Ctrl-D at a prompt.
            code = exit_code_of(error)
            said = '\nThe input ended before everything was answered.'
        except (TokensPluginError, PywikibotError, OSError) as error:
            code, said = exit_code_of(error), f'ERROR: {error}'
        finally:
            signal.signal(signal.SIGTERM, before)
        if code is not ExitCode.DONE:
            speak()
    if said:
        print(displayable(said, lines=True), file=sys.stderr)
    return code


@contextmanager
def _holding_back(quiet: bool) -> Iterator[Callable[[], None]]:
    """Hold back what pywikibot says, and yield what lets it be heard after all.

    :param quiet: whether it is to be held back at all
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


def _interrupt(number: int, frame: FrameType | None) -> NoReturn:
    """End in order when the system asks for it, as on Ctrl-C."""
    raise KeyboardInterrupt


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
    oauth = any(len(consumer) == 4 for consumer in config.authenticate.values())
    if oauth and isinstance(http.requests_oauthlib, ImportError):
        raise InvalidInput(
            'user-config.py has an OAuth consumer, and pywikibot lacks what it signs '
            'with: run "pip install requests-oauthlib".'
        )


def password_file() -> Path | None:
    """Return the file in which pywikibot looks for passwords; None if none is named.

    It may be missing.

    .. version-added:: 0.1
    """
    if not config.password_file:
        return None
    # Beside user-config.py, else in the present folder, as pywikibot looks for it.
    paths = [Path(folder, config.password_file) for folder in (config.base_dir, '')]
    return next((path for path in paths if _is_taken(path)), paths[0])


def password_problem() -> str | None:
    """Say why pywikibot cannot use its password file; None if it can, or needs none.

    .. version-added:: 0.1
    """
    path = password_file()
    if path is None:
        return None
    if not _is_taken(path):
        what = 'a symbolic link, which pywikibot does not follow'
        return (
            f'{path}, which password_file in user-config.py names, is '
            f'{what if path.is_symlink() else "not there"}. Write it, or leave that '
            'line out to be asked for the password.'
        )
    # pywikibot itself reads it, on behalf of nobody.
    nobody = SimpleNamespace(
        site=SimpleNamespace(code='', family=SimpleNamespace(name='')), username=None
    )
    try:
        with warnings.catch_warnings():
            # They show the line.
            warnings.simplefilter('ignore')
            LoginManager.readPassword(nobody)
    except (OSError, TypeError, ValueError) as error:
        why = getattr(error, 'strerror', None) or error
        return (
            f'The password file {path} cannot be used: {why}. Each of its lines is '
            "('Name', 'password') or ('Name', BotPassword('its name', 'its password'))."
        )
    return None


def others_can_read(path: Path) -> bool:
    """Tell whether anybody but its owner may read a file.

    .. version-added:: 0.1

    :param path: the file; one that is not there is read by nobody
    """
    with suppress(OSError):
        return bool(path.stat().st_mode & (stat.S_IRGRP | stat.S_IROTH))
    return False


def _check_password_file() -> None:
    """Refuse a password that others may know, and a file that holds none.

    pywikibot would narrow the mode, but only when it next reads the file, and by then
    nobody learns that it stood open.
    """
    path = password_file()
    if path is not None and others_can_read(path):
        raise InvalidInput(
            f'{path} can be read by others on this machine, and it holds a password: '
            f'run "chmod 600 {shlex.quote(str(path))}", and change the password if '
            'somebody may have read it. Nothing was sent.'
        )
    if problem := password_problem():
        raise InvalidInput(f'{problem} Nothing was sent.')


def _is_taken(path: Path) -> bool:
    """Tell whether pywikibot would take a file for its password file."""
    return path.is_file() and not path.is_symlink()
