"""Exit codes tell who has to act: the operator, nobody but time, or a developer."""

from __future__ import annotations

import errno
import socket

import pytest
import requests
import sqlalchemy as sa
from pywikibot import exceptions as pwb

from mw_tokens_plugin import exceptions
from mw_tokens_plugin.campaign.errorcodes import exit_code_of
from mw_tokens_plugin.campaign.exitcodes import ExitCode


class _Page:
    """As much of a page as pywikibot's errors want."""

    site = 'meta'

    def title(self, **_: object) -> str:
        return 'Page'


class _Postgres(Exception):
    """As much of an error of psycopg as counts."""

    def __init__(self, state: str) -> None:
        super().__init__('what it says')
        self.sqlstate = state


def _failure(cause: Exception) -> Exception:
    error = exceptions.LedgerFailure('it failed')
    error.__cause__ = cause
    return error


@pytest.mark.parametrize(
    ('error', 'code'),
    [
        (KeyError('unforeseen'), 70),
        (RecursionError(), 70),
        (exceptions.NoTokenNeeded(), 70),
        (exceptions.ApiRefusal('never-heard-of', 'No.'), 70),
        (pwb.APIError('never-heard-of', 'No.'), 70),
        (pwb.UnexpectedAPIDataError('what?'), 70),
        (OSError('no number'), 70),
        (_failure(sa.exc.ProgrammingError('', {}, Exception())), 70),
        (_failure(sa.exc.DatabaseError('', {}, Exception('malformed'))), 70),
        (exceptions.InvalidName('wrong'), 2),
        (exceptions.UnknownModule('not there'), 2),
        (pwb.UnknownSiteError('no such wiki'), 2),
        (pwb.UnknownFamilyError('no such family'), 2),
        (pwb.FatalServerError('certificate'), 2),
        (requests.exceptions.MissingSchema('address'), 2),
        (requests.exceptions.SSLError('certificate'), 2),
        (OSError(errno.EROFS, 'read-only'), 2),
        (PermissionError(errno.EACCES, 'denied'), 2),
        (FileNotFoundError(errno.ENOENT, 'missing'), 2),
        (exceptions.LoginNeedsInput('who?'), 3),
        (exceptions.Blocked('blocked', ''), 3),
        (exceptions.TokenUnavailable('none'), 3),
        (pwb.APIError('assertuserfailed', ''), 3),
        (pwb.APIError('readapidenied', ''), 3),
        (pwb.APIError('mwoauth-invalid-authorization', ''), 3),
        (pwb.NoUsernameError('wrong password'), 3),
        (pwb.LockedPageError(_Page()), 3),
        (pwb.OtherPageSaveError(_Page(), pwb.APIError('blocked', '')), 3),
        (exceptions.HttpRefusal('Please set a user-agent', 403), 3),
        (exceptions.HttpRefusal('no api.php', 404), 2),
        (exceptions.StoppedByGuard('too long'), 4),
        (exceptions.LedgerFailure('at its start'), 75),
        (_failure(sa.exc.OperationalError('', {}, Exception('locked'))), 75),
        (_failure(sa.exc.IntegrityError('', {}, Exception('by a trigger'))), 75),
        (_failure(sa.exc.OperationalError('', {}, Exception(1142, 'denied'))), 2),
        (_failure(sa.exc.ProgrammingError('', {}, _Postgres('42501'))), 2),
        (_failure(sa.exc.ProgrammingError('', {}, _Postgres('P0001'))), 75),
        (_failure(sa.exc.ProgrammingError('', {}, _Postgres('42703'))), 70),
        (exceptions.UnexpectedAnswer('a proxy'), 75),
        (exceptions.InternalApiError('internal_api_error_X', ''), 75),
        (pwb.APIError('readonly', ''), 75),
        (pwb.APIMWError('DBQueryError', ''), 75),
        (pwb.OtherPageSaveError(_Page(), pwb.APIError('readonly', '')), 75),
        (pwb.EditConflictError(_Page()), 75),
        (pwb.MaxlagTimeoutError('lag'), 75),
        (pwb.ServerError('502'), 75),
        (requests.ConnectionError('reset'), 75),
        (requests.exceptions.JSONDecodeError('x', 'y', 0), 75),
        (socket.gaierror(socket.EAI_AGAIN, 'DNS'), 75),
        (OSError(errno.ENOSPC, 'full'), 75),
        (OSError(errno.EDQUOT, 'full'), 75),
        (ConnectionResetError(errno.ECONNRESET, 'reset'), 75),
        (KeyboardInterrupt(), 130),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, Exception) else None,
)
def test_an_error_says_who_has_to_act(error: BaseException, code: int) -> None:
    assert exit_code_of(error) == code


def test_no_error_says_that_a_campaign_has_ended() -> None:
    """1 is for targets that failed, so cron may forget the list of the targets."""
    errors = [
        cls('code', 'info') if issubclass(cls, exceptions.ApiRefusal) else cls('text')
        for name in exceptions.__all__
        if (cls := getattr(exceptions, name))
    ]
    assert ExitCode.FAILED not in map(exit_code_of, errors)
