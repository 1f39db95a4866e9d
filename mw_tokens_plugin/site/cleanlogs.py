"""Log records and warnings of this process without what must not be shown.

They are cleaned when they are formatted, whichever handler does it. What is a secret is
left to :mod:`.redaction`.
"""

from __future__ import annotations

import logging
import sys
import threading
import traceback
import warnings
from contextlib import suppress
from functools import cache
from types import TracebackType
from typing import Any

from mw_tokens_plugin.protocol.display import displayable
from mw_tokens_plugin.site.redaction import redactor

#: Loggers of which the records are made displayable, too: they quote what comes from
#: wikis.
LOGGERS = ('pywiki', 'py.warnings', 'urllib3', 'requests_oauthlib', 'oauthlib')


class _Layout:
    """How messages are laid out.

    :ivar is_indented: whether further lines of warnings are moved to the right
    """

    is_indented = False


_layout = _Layout()


class _CleanRecord:
    """The part of a log record that cleans its text whenever it is formatted."""

    name: str
    levelno: int

    def getMessage(self) -> str:
        """Return the message without secrets."""
        message: str = super().getMessage()  # type: ignore[misc]
        message = _cleaned(self.name, message)
        is_warning = self.levelno >= logging.WARNING and self.name.startswith(LOGGERS)
        if is_warning and _layout.is_indented:
            message = message.replace('\n', '\n    ')
        return message

    @property
    def exc_text(self) -> str | None:
        """The formatted traceback without secrets."""
        text = self.__dict__.get('exc_text')
        return _cleaned(self.name, text) if text else text

    @exc_text.setter
    def exc_text(self, text: str | None) -> None:
        self.__dict__['exc_text'] = text

    @property
    def stack_info(self) -> str | None:
        """The formatted stack without secrets, which may be in lines of code."""
        text = self.__dict__.get('stack_info')
        return _cleaned(self.name, text) if text else text

    @stack_info.setter
    def stack_info(self, text: str | None) -> None:
        self.__dict__['stack_info'] = text


def _cleaned(logger: str, text: str) -> str:
    text = redactor.clean(text)
    return displayable(text, lines=True) if logger.startswith(LOGGERS) else text


class _CleanLogRecord(_CleanRecord, logging.LogRecord):
    """A clean record of the usual kind, which can be pickled."""


@cache
def _clean_class(kind: Any) -> type[logging.LogRecord]:
    """Return the class of records like others, but clean."""
    if kind is logging.LogRecord:
        return _CleanLogRecord
    return type(kind.__name__, (_CleanRecord, kind), {})


def install_redaction() -> None:
    """Clean all log records and warnings from now on."""
    factory = logging.getLogRecordFactory()
    format_warning = warnings.formatwarning

    def clean_factory(*args: object, **kwargs: object) -> logging.LogRecord:
        record = factory(*args, **kwargs)
        if not isinstance(record, _CleanRecord):
            kind: Any = type(record)
            # One of a factory of others may have no room for that.
            with suppress(TypeError):
                record.__class__ = _clean_class(kind)
        return record

    def clean_warning(*args: Any, **kwargs: Any) -> str:
        return redactor.clean(format_warning(*args, **kwargs))

    logging.setLogRecordFactory(clean_factory)
    warnings.formatwarning = clean_warning


def indent_warnings() -> None:
    """Let nothing that a wiki says in a warning look like a line of a script's own.

    Other programs than the plugin's scripts are left their own layout.
    """
    _layout.is_indented = True


def clean_tracebacks() -> None:
    """Show no secret in the tracebacks of errors that nobody handles, in any thread."""
    if sys.excepthook is not _show:
        sys.excepthook = _show
        threading.excepthook = _show_of_thread
        sys.unraisablehook = _show_unraisable


def _show(
    kind: type[BaseException], error: BaseException, trace: TracebackType | None
) -> None:
    text = ''.join(traceback.format_exception(kind, error, trace))
    print(redactor.clean(text), end='', file=sys.stderr)


def _show_of_thread(args: threading.ExceptHookArgs) -> None:
    if issubclass(args.exc_type, SystemExit):
        return
    name = args.thread.name if args.thread is not None else 'unknown'
    print(redactor.clean(f'Exception in thread {name}:'), file=sys.stderr)
    error = args.exc_value if args.exc_value is not None else args.exc_type()
    _show(args.exc_type, error, args.exc_traceback)


def _show_unraisable(args: sys.UnraisableHookArgs) -> None:
    """Show what failed where nobody can catch it, as while an object is deleted."""
    about = args.err_msg or 'Exception ignored in'
    print(redactor.clean(f'{about}: {args.object!r}'), file=sys.stderr)
    error = args.exc_value if args.exc_value is not None else args.exc_type()
    _show(args.exc_type, error, args.exc_traceback)
