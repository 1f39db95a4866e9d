"""Nothing that a process says by itself shows a secret, whichever way it is said."""

from __future__ import annotations

import gc
import io
import logging
import logging.handlers
import pickle
import queue
import threading
import warnings
from collections.abc import Iterator

import pytest

from mw_tokens_plugin.protocol.secretvalues import SecretValues
from mw_tokens_plugin.site import cleanlogs
from mw_tokens_plugin.site.redaction import redactor

SECRET = 'correct horse, battery]; staple'


@pytest.fixture(autouse=True)
def known() -> Iterator[None]:
    """Let the secret be known as one."""
    cleanlogs.install_redaction()
    before, redactor.secrets = redactor.secrets, SecretValues()
    redactor.secrets.add(SECRET)
    yield
    redactor.secrets = before


def fail() -> None:
    raise ValueError(f'no {SECRET}') from KeyError(SECRET)


@pytest.mark.parametrize('name', ['', 'pywiki', 'urllib3.connectionpool', 'my.bot'])
def test_records_of_all_loggers_are_clean(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    said = io.StringIO()
    handler = logging.StreamHandler(said)
    logger = logging.getLogger(name)
    # Those of pywikibot take its own records alone.
    monkeypatch.setattr(logger, 'handlers', [handler])
    try:
        logger.error('given: %r', {'password': SECRET}, stack_info=True)
        try:
            fail()
        except ValueError:
            logger.exception('it failed')
    finally:
        logger.removeHandler(handler)
    assert said.getvalue().count('***') >= 3
    assert 'battery' not in said.getvalue()


def test_records_go_to_other_processes_clean() -> None:
    waiting: queue.Queue[logging.LogRecord] = queue.Queue()
    handler = logging.handlers.QueueHandler(waiting)
    record = logging.getLogRecordFactory()('a', 40, 'b', 1, SECRET, (), None)
    handler.emit(record)
    copy = pickle.loads(pickle.dumps(waiting.get()))
    assert copy.getMessage() == '***'


def test_records_of_a_factory_of_ones_own_are_clean() -> None:
    class Own(logging.LogRecord):
        pass

    before = logging.getLogRecordFactory()
    logging.setLogRecordFactory(Own)
    try:
        cleanlogs.install_redaction()
        record = logging.getLogRecordFactory()('a', 40, 'b', 1, SECRET, (), None)
    finally:
        logging.setLogRecordFactory(before)
    assert isinstance(record, Own)
    assert record.getMessage() == '***'


def test_warnings_and_tracebacks_of_any_thread_are_clean(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr('sys.excepthook', None)
    monkeypatch.setattr(threading, 'excepthook', None)
    monkeypatch.setattr('sys.unraisablehook', None)
    cleanlogs.clean_tracebacks()
    thread = threading.Thread(target=fail, name=f'the second {SECRET}')
    thread.start()
    thread.join()

    class Failing:
        def __del__(self) -> None:
            fail()

    Failing()
    gc.collect()
    try:
        fail()
    except ValueError as error:
        cleanlogs._show(ValueError, error, error.__traceback__)
    said = capsys.readouterr().err
    said += warnings.formatwarning(SECRET, UserWarning, 'a', 1, f'x = {SECRET!r}')
    assert said.count('ValueError: no ***') == 3
    assert 'the second' in said
    assert 'battery' not in said


def test_errors_are_cleaned_with_all_that_caused_them() -> None:
    class Told(Exception):
        def __init__(self, words: str) -> None:
            super().__init__(words, {'info': [words]})
            self.info, self.more = words, {'by': (words, OSError(5, words, words))}

    try:
        try:
            try:
                fail()
            except ValueError as error:
                raise Told(SECRET) from error
        except Told:
            raise RuntimeError(SECRET)  # noqa: B904 - the context is what is tested
    except RuntimeError as error:
        redactor.clean_error(error)
        told = error.__context__
        assert isinstance(told, Told)
        inner = told.more['by'][1]
        assert isinstance(inner, OSError)
        assert told.__cause__ is not None
        shown = repr(
            [
                *(error, told, vars(told), told.__cause__, told.__cause__.__cause__),
                *(inner.args, inner.filename, inner.strerror),
            ]
        )
    assert shown.count('***') >= 8
    assert 'battery' not in shown
