"""The errors an API module can end with, and the sentences MediaWiki puts in them.

How an error is laid out in an answer is the business of :mod:`.api`.
"""

from __future__ import annotations

import re
from typing import Any

_BLANKS = re.compile(r'\s+')
_TAGS = re.compile('</?(em|strong)>')


class ApiError(Exception):
    """An error as the action API reports it.

    :param data: further members of the error.
    :param key: the message key, where it differs from the code.
    :param params: the message's parameters.
    :param module: path of the module that reports it; None for the current one, ''
        for none.
    :param headers: further response headers.
    """

    def __init__(
        self,
        code: str,
        info: str,
        *,
        data: dict[str, Any] | None = None,
        key: str = '',
        params: list[Any] | None = None,
        module: str | None = None,
        headers: dict[str, str] | None = None,
        status: int = 200,
    ) -> None:
        """Initializer."""
        super().__init__(code)
        self.code = code
        self.info = info
        self.data = data or {}
        self.key = key or f'apierror-{code}'
        self.params = params or []
        self.module = module
        self.headers = headers or {}
        self.status = status

    @property
    def summary(self) -> str:
        """The message without markup, in one line."""
        return _BLANKS.sub(' ', _TAGS.sub('', self.info)).strip()


class InternalError(ApiError):
    """An exception that nothing in the wiki caught."""

    def __init__(self, errorclass: str, message: str, request: str) -> None:
        """Initializer."""
        short = errorclass.removeprefix('Wikimedia\\Rdbms\\')
        super().__init__(
            f'internal_api_error_{short}',
            f'[{request}] Exception caught: {message}',
            data={'errorclass': errorclass},
            module='',
        )
        self.trace = f'{errorclass} at sandbox\n#0 {{main}}'


class StatusError(ApiError):
    """A failed Status: a list in a list, beside what the module tells.

    :param result: what the module tells.
    """

    def __init__(self, code: str, info: str, result: dict[str, Any]) -> None:
        """Initializer."""
        super().__init__(code, info, key=code)
        self.result = result


class HttpError(Exception):
    """An answer from before the API starts: a status and a body that is no JSON."""

    def __init__(
        self,
        status: int,
        body: str,
        content_type: str = 'text/html; charset=UTF-8',
        headers: dict[str, str] | None = None,
    ) -> None:
        """Initializer."""
        super().__init__(status)
        self.status = status
        self.body = body
        self.content_type = content_type
        self.headers = headers or {}


def missing(name: str, module: str | None = None) -> ApiError:
    """Return the error for an absent parameter."""
    return ApiError(
        'missingparam',
        f'The "{name}" parameter must be set.',
        params=[name],
        module=module,
    )


def one_of(names: list[str]) -> ApiError:
    """Return the error for none of several parameters."""
    return ApiError(
        'missingparam',
        f'One of the parameters {_listed(names)} is required.',
        key='apierror-missingparam-one-of',
        params=[names, len(names)],
    )


def at_least_one_of(names: list[str]) -> ApiError:
    """Return the error for none of several parameters that go together."""
    return ApiError(
        'missingparam',
        f'At least one of the parameters {_listed(names)} is required.',
        key='apierror-missingparam-at-least-one-of',
        params=[names, len(names)],
    )


def not_together(names: list[str]) -> ApiError:
    """Return the error for parameters that exclude each other."""
    return ApiError(
        'invalidparammix',
        f'The parameters {_listed(names)} can not be used together.',
        params=[names, len(names)],
    )


def one_value(name: str) -> ApiError:
    """Return the error for several values of a parameter that takes one."""
    return ApiError(
        'badvalue',
        f'Parameter "{name}" accepts only a single value. U+001F multi-value '
        'separation may only be used for multi-valued parameters.',
    )


def bad_value(name: str, value: str, module: str | None = None) -> ApiError:
    """Return the error for a value that is not in the list."""
    return ApiError(
        'badvalue',
        f'Unrecognized value for parameter "{name}": {value}.',
        key='apierror-unrecognizedvalue',
        params=[name, value],
        module=module,
    )


def no_generator(name: str) -> ApiError:
    """Return the error for a module that makes no pages."""
    return ApiError(
        'badgenerator',
        f'Module "{name}" cannot be used as a generator.',
        key='apierror-badgenerator-notgenerator',
        params=[name],
    )


def no_file(name: str) -> ApiError:
    """Return the error for a file that was sent as a plain value."""
    return ApiError(
        'badupload',
        f'File upload parameter "{name}" is not a file upload; be sure to use '
        'multipart/form-data for your POST and include a filename in the '
        'Content-Disposition header.',
        params=[name],
    )


def no_such_user(name: str) -> ApiError:
    """Return the error for an account that is not there."""
    return ApiError(
        'nosuchuser',
        f'There is no user by the name "{name}".\nCheck your spelling.',
        key='nosuchusershort',
        params=[name],
    )


def bad_token(module: str | None = None) -> ApiError:
    """Return the error for a dead csrf token."""
    return ApiError('badtoken', 'Invalid CSRF token.', module=module)


def dead_centralauthtoken() -> ApiError:
    """Return the error for a dead centralauthtoken."""
    return ApiError(
        'badtoken',
        'The centralauthtoken is not valid.',
        key='apierror-centralauth-badtoken',
        module='',
    )


def invalid_authorization(why: str) -> ApiError:
    """Return the error for OAuth credentials that are none."""
    return ApiError(
        'mwoauth-invalid-authorization',
        f'The authorization headers in your request are not valid: {why}',
        key='mwoauth-invalid-authorization',
        params=[why],
        module='',
    )


def refused_consumer(why: str, info: str) -> ApiError:
    """Return the error for OAuth credentials that are valid, and cannot be used."""
    code = f'mwoauth-invalid-authorization-{why}'
    return ApiError(code, info, key=code, module='')


def denied(what: str, key: str = '') -> ApiError:
    """Return the error for a missing right, named by what it allows."""
    return ApiError(
        'permissiondenied',
        f"You don't have permission to {what}.",
        key=key or 'apierror-permissiondenied',
        params=[what],
    )


def admins_only() -> ApiError:
    """Return the error for what only administrators may do."""
    group = '[[Project:Administrators|Administrators]]'
    return ApiError(
        'permissiondenied',
        f'The action you have requested is limited to users in the group: {group}.',
        key='badaccess-groups',
        params=[{'list': [group], 'type': 'comma'}, 1],
    )


def invalid_title(title: str) -> ApiError:
    """Return the error for a title that cannot be one."""
    return ApiError('invalidtitle', f'Bad title "{title}".', params=[title])


def missing_title() -> ApiError:
    """Return the error for a page that is not there."""
    return ApiError('missingtitle', "The page you specified doesn't exist.")


def rate_limited() -> ApiError:
    """Return the error for too many actions."""
    return ApiError(
        'ratelimited',
        "You've exceeded your rate limit. Please wait some time and try again.",
        key='apierror-ratelimited',
    )


def readonly(reason: str) -> ApiError:
    """Return the error for a wiki that is read-only."""
    return ApiError(
        'readonly',
        'The wiki is currently in read-only mode.',
        data={'readonlyreason': reason},
        module='main',
    )


def _listed(names: list[str]) -> str:
    quoted = [f'"{name}"' for name in names]
    if len(quoted) == 1:
        return quoted[0]
    return f'{", ".join(quoted[:-1])} and {quoted[-1]}'
