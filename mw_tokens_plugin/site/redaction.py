"""Keeps secrets out of what pywikibot and the HTTP libraries log.

Log records of those libraries are cleaned when they are formatted, whichever handler
does it; other loggers are left alone.
"""

from __future__ import annotations

import logging
import re
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager

from mw_tokens_plugin.protocol.display import displayable
from mw_tokens_plugin.protocol.spellings import HiddenNames

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

#: What pywikibot says of a secret that it cannot send.
_UNSENDABLE = re.compile(
    r"(?P<name>'\w*(?:password|retype|token|captchaword)' could not be encoded as )"
    r'(?P<value>.*)',
    re.IGNORECASE | re.DOTALL,
)

_MASK = '***'


class Redactor:
    """Knows what must not be shown, and takes it out of texts.

    :ivar veil: takes out more names, from now on; None if there are none
    """

    def __init__(self) -> None:
        """Start with the patterns alone."""
        self.veil: Callable[[str], str] | None = None
        self._hidden: tuple[HiddenNames, ...] = ()
        self._lock = threading.Lock()

    @contextmanager
    def hiding(self, names: Mapping[str, str]) -> Iterator[None]:
        """Show none of some texts meanwhile, such as the names of hidden accounts.

        :param names: what must not be shown, and what is shown in its place
        """
        if not names:
            yield
            return
        entry = HiddenNames(names)
        with self._lock:
            self._hidden = (*self._hidden, entry)
        try:
            yield
        finally:
            with self._lock:
                self._hidden = tuple(e for e in self._hidden if e is not entry)

    def clean(self, text: str) -> str:
        """Return the text without anything that must not be shown."""
        for names in self._hidden:
            text = names.replace(text)
        if self.veil is not None:
            text = self.veil(text)
        text = _TOKEN.sub(_MASK, text)
        text = _UNSENDABLE.sub(rf'\g<name>{_MASK}', text)
        return _PARAMETER.sub(rf'\g<name>{_MASK}', text)


#: The one redactor of this process.
redactor = Redactor()


class _CleanRecord(logging.LogRecord):
    """A log record whose text is cleaned whenever it is formatted."""

    def getMessage(self) -> str:
        """Return the message without secrets."""
        return displayable(redactor.clean(super().getMessage()), lines=True)

    @property
    def exc_text(self) -> str | None:
        """The formatted traceback without secrets."""
        text = self.__dict__.get('exc_text')
        return text and displayable(redactor.clean(text), lines=True)

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
