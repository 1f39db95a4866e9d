"""Keeps secrets out of what pywikibot and the HTTP libraries log.

Log records of those libraries are cleaned when they are formatted, whichever handler
does it; other loggers are left alone.
"""

from __future__ import annotations

import logging
import re
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from urllib.parse import quote_plus

#: Loggers whose records may hold whole requests.
_LOGGERS = ('pywiki', 'py.warnings', 'urllib3', 'requests_oauthlib', 'oauthlib')

#: MediaWiki's tokens end in a plus and a backslash, however often they were quoted.
_TOKEN = re.compile(r'\b[0-9a-f]{32,}(?:\+|%2B)(?:\\{1,4}|%5C)', re.IGNORECASE)
#: Parameters and cookies with a secret, in a query string, a header, or the repr of a
#: mapping.
_PARAMETER = re.compile(
    r"""(?P<name>\b(?:\w*password|retype|\w*token|\w*session|oathtoken|captchaword)['"]?
        (?:=|:\s*\[?b?['"]))
        (?P<value>[^&;\s'",\]}]+)""",
    re.IGNORECASE | re.VERBOSE,
)

_MASK = '***'


class Redactor:
    """Knows what must not be shown, and takes it out of texts."""

    def __init__(self) -> None:
        """Start with the patterns alone."""
        self._hidden: dict[str, str] = {}
        self._lock = threading.Lock()

    @contextmanager
    def hiding(self, names: Mapping[str, str]) -> Iterator[None]:
        """Show none of some texts meanwhile, such as the names of hidden accounts.

        :param names: what must not be shown, and what is shown in its place
        """
        spellings = dict(names)
        for name, instead in names.items():
            spellings[name.replace(' ', '_')] = instead
            spellings[quote_plus(name)] = instead
        with self._lock:
            self._hidden = {**self._hidden, **spellings}
        try:
            yield
        finally:
            with self._lock:
                self._hidden = {
                    k: v for k, v in self._hidden.items() if k not in spellings
                }

    def clean(self, text: str) -> str:
        """Return the text without anything that must not be shown."""
        for hidden, instead in self._hidden.items():
            text = text.replace(hidden, instead)
        text = _TOKEN.sub(_MASK, text)
        return _PARAMETER.sub(rf'\g<name>{_MASK}', text)


#: The one redactor of this process.
redactor = Redactor()


class _CleanRecord(logging.LogRecord):
    """A log record whose text is cleaned whenever it is formatted."""

    def getMessage(self) -> str:
        """Return the message without secrets."""
        return redactor.clean(super().getMessage())

    @property
    def exc_text(self) -> str | None:
        """The formatted traceback without secrets."""
        text = self.__dict__.get('exc_text')
        return text and redactor.clean(text)

    @exc_text.setter
    def exc_text(self, text: str | None) -> None:
        self.__dict__['exc_text'] = text


def install_redaction() -> None:
    """Clean the records of pywikibot and the HTTP libraries from now on."""
    factory = logging.getLogRecordFactory()

    def clean_factory(*args: object, **kwargs: object) -> logging.LogRecord:
        record = factory(*args, **kwargs)
        if type(record) is logging.LogRecord and record.name.startswith(_LOGGERS):
            record.__class__ = _CleanRecord
        return record

    logging.setLogRecordFactory(clean_factory)
