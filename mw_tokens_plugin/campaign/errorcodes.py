"""Which error ends a script with which exit code.

It only sorts errors by what helps: an action of the operator, time, or a developer.
"""

from __future__ import annotations

import errno
import socket
import ssl
from http.cookiejar import LoadError

import requests
import sqlalchemy as sa
from pywikibot.exceptions import (
    APIError,
    ApiNotAvailableError,
    ApiTimeoutError,
    CaptchaError,
    EditConflictError,
    FatalServerError,
    InvalidTitleError,
    NoUsernameError,
    OtherPageSaveError,
    PageSaveRelatedError,
    ServerError,
    SiteDefinitionError,
    UnknownExtensionError,
    UserRightsError,
    VersionParseError,
)

from mw_tokens_plugin.campaign.exitcodes import ExitCode
from mw_tokens_plugin.exceptions import (
    AmbiguousWrite,
    ApiRefusal,
    BadToken,
    BadUsername,
    CampaignBusy,
    ContentRefused,
    HttpRefusal,
    InternalApiError,
    InvalidInput,
    LedgerFailure,
    PermissionDenied,
    RateLimited,
    ReadOnly,
    RenameInProgress,
    SessionError,
    StoppedByGuard,
    TokenUnavailable,
    UnexpectedAnswer,
    UnknownModule,
    UnknownTokenType,
    WikiUnreachable,
)
from mw_tokens_plugin.protocol.responses import refusal

#: Classes of errors by the code that they end a script with; the first match counts.
_CLASSES: tuple[tuple[ExitCode, tuple[type[BaseException], ...]], ...] = (
    (ExitCode.INTERRUPTED, (KeyboardInterrupt, EOFError)),
    (
        ExitCode.NOT_AUTHORISED,
        (
            SessionError,
            PermissionDenied,
            BadToken,
            BadUsername,
            TokenUnavailable,
            CaptchaError,
            NoUsernameError,
            UserRightsError,
        ),
    ),
    (
        ExitCode.USAGE,
        (
            InvalidInput,
            UnknownModule,
            UnknownTokenType,
            ApiNotAvailableError,
            FatalServerError,
            InvalidTitleError,
            SiteDefinitionError,
            UnknownExtensionError,
            VersionParseError,
            LoadError,
            ssl.SSLCertVerificationError,
            requests.exceptions.SSLError,
        ),
    ),
    (ExitCode.GUARD, (StoppedByGuard,)),
    (
        ExitCode.TRY_AGAIN,
        (
            CampaignBusy,
            InternalApiError,
            AmbiguousWrite,
            RateLimited,
            ReadOnly,
            RenameInProgress,
            UnexpectedAnswer,
            WikiUnreachable,
            ApiTimeoutError,
            EditConflictError,
            ServerError,
            socket.gaierror,
        ),
    ),
    # A page cannot be saved: it is protected, or a filter is against it.
    (ExitCode.NOT_AUTHORISED, (PageSaveRelatedError, ContentRefused)),
)

#: Errors of the system that somebody has to correct; others go away with time.
_CONFIGURATION = frozenset(
    (
        errno.EACCES,
        errno.EEXIST,
        errno.EINVAL,
        errno.EISDIR,
        errno.ELOOP,
        errno.ENAMETOOLONG,
        errno.ENODEV,
        errno.ENOENT,
        errno.ENOTDIR,
        errno.ENXIO,
        errno.EPERM,
        errno.EROFS,
    )
)

#: What a database reports that works again later; its other errors are for good.
_DATABASE_IS_BUSY = (
    sa.exc.OperationalError,
    sa.exc.InterfaceError,
    sa.exc.InternalError,
    sa.exc.TimeoutError,
)

#: What MariaDB says to a wrong account, password or name of a database.
#: https://mariadb.com/kb/en/mariadb-error-code-reference/
_DATABASE_REFUSES = frozenset(
    (1044, 1045, 1049, 1102, 1142, 1227, 1698, 2054, 2059, 4151)
)

#: What PostgreSQL says to an account that lacks a right on a table.
_LACKS_RIGHT = '42501'

#: What MariaDB and PostgreSQL call an error that a trigger has raised.
_RAISED_BY_TRIGGER = (1644, 'P0001')

#: Error codes of the API, by their beginning.
#: https://www.mediawiki.org/wiki/API:Errors_and_warnings
_API_CODES = (
    ('assert', ExitCode.NOT_AUTHORISED),
    ('badtoken', ExitCode.NOT_AUTHORISED),
    ('mwoauth-', ExitCode.NOT_AUTHORISED),
    ('notloggedin', ExitCode.NOT_AUTHORISED),
    ('readapidenied', ExitCode.NOT_AUTHORISED),
    ('writeapidenied', ExitCode.NOT_AUTHORISED),
    ('badvalue', ExitCode.USAGE),
    ('unknown_', ExitCode.USAGE),
    ('maxlag', ExitCode.TRY_AGAIN),
    ('noapiwrite', ExitCode.TRY_AGAIN),
)


def exit_code_of(error: BaseException) -> ExitCode:
    """Return the exit code for an error that ended a script.

    It is never 1, which says that the campaign has come to its end.
    """
    if isinstance(error, OtherPageSaveError) and isinstance(error.reason, Exception):
        return exit_code_of(error.reason)
    if isinstance(error, HttpRefusal):
        denied = error.status in (401, 403, 407)
        return ExitCode.NOT_AUTHORISED if denied else ExitCode.USAGE
    for code, classes in _CLASSES:
        if isinstance(error, classes):
            return code
    if isinstance(error, LedgerFailure):
        cause = error.__cause__
        if is_refusal(getattr(cause, 'orig', None)):
            return ExitCode.USAGE
        transient = cause is None or isinstance(cause, _DATABASE_IS_BUSY)
        transient |= is_veto(cause)
        return ExitCode.TRY_AGAIN if transient else ExitCode.INTERNAL
    if isinstance(error, ApiRefusal | APIError):
        return _code_of_refusal(error)
    if isinstance(error, OSError):
        return _code_of_system_error(error)
    return ExitCode.INTERNAL


def is_refusal(error: BaseException | None) -> bool:
    """Tell whether a database refuses the account, until somebody corrects that.

    .. version-added:: 0.1

    :param error: what its driver says
    """
    if _state_of(error) == _LACKS_RIGHT:
        return True
    return bool(error and error.args and error.args[0] in _DATABASE_REFUSES)


def is_veto(error: BaseException | None) -> bool:
    """Tell whether rules or triggers that a table was given refuse what is written.

    .. version-added:: 0.1

    :param error: as SQLAlchemy has raised it
    """
    if isinstance(error, sa.exc.IntegrityError):
        return True
    original = getattr(error, 'orig', None)
    number = original.args[0] if original is not None and original.args else None
    return not {number, _state_of(original)}.isdisjoint(_RAISED_BY_TRIGGER)


def _state_of(error: BaseException | None) -> str | None:
    """Return the SQLSTATE of an error of PostgreSQL."""
    state = getattr(error, 'sqlstate', None) or getattr(error, 'pgcode', None)
    return state if isinstance(state, str) else None


def _code_of_refusal(error: ApiRefusal | APIError) -> ExitCode:
    """Return the exit code for what a wiki has refused."""
    if not isinstance(error, ApiRefusal):
        known = refusal(error.code, error.info, '')
        if type(known) is not ApiRefusal:
            return exit_code_of(known)
    for start, code in _API_CODES:
        if str(error.code).startswith(start):
            return code
    return ExitCode.INTERNAL


def _code_of_system_error(error: OSError) -> ExitCode:
    if isinstance(error, requests.RequestException):
        # What is wrong with an address is a ValueError as well.
        wrong = isinstance(error, ValueError)
        wrong &= not isinstance(error, requests.exceptions.JSONDecodeError)
        return ExitCode.USAGE if wrong else ExitCode.TRY_AGAIN
    if error.errno is None:
        return ExitCode.INTERNAL
    configuration = error.errno in _CONFIGURATION
    return ExitCode.USAGE if configuration else ExitCode.TRY_AGAIN
