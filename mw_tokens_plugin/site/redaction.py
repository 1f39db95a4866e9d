"""Keeps secrets, and names that must not be shown, out of what is logged and raised.

Secrets are known by their value: the code that gets one registers it here, before
anything else is done with it. Patterns find secrets of other programs as well.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import Any

from mw_tokens_plugin.protocol.secretvalues import MASK, SecretValues
from mw_tokens_plugin.protocol.spellings import HiddenNames

#: MediaWiki's tokens end in a plus and a backslash, however often they were quoted.
_TOKEN = re.compile(r'\b[0-9a-f]{32,}(?:\+|%2B)(?:\\{1,4}|%5C)', re.IGNORECASE)

#: JSON Web Tokens: three parts in base64url, of which the first is a JSON object.
_JWT = re.compile(r'\beyJ[\w-]{8,}\.[\w-]+\.[\w-]*')

#: What follows the name of the scheme in a header.
_AUTHORIZATION = re.compile(
    r"""(?P<name>(?<![\w-])(?:proxy-)?authorization\b['"]?\s*[:=,]\s*\(?\[?b?['"]?
        (?:basic|bearer|digest|oauth)\b)
        (?P<value>[^\r\n'}\]]+)""",
    re.IGNORECASE | re.VERBOSE,
)
_SCHEME = re.compile(
    r'(?P<name>\b(?:Basic|Bearer)\s+)(?P<value>(?=\S*[\d=+/])[\w.~+/-]{16,}=*)'
)

#: Parameters and cookies with a secret: the end of their names.
_SECRET_NAMES = (
    r'\w*password|retype|\w*token|\w*session|'  # noqa: S105  # only names
    r'captchaword|(?:oauth_)?signature'
    r'|oauth_(?:nonce|consumer_key|verifier)|client_secret'
)
#: A password before the host of an address, such as that of a database.
_IN_ADDRESS = re.compile(r'(?P<name>://[^/?#\s:@]*:)(?P<value>[^/?#\s@]+)(?=@)')
#: What oauthlib says of how it signs.
_SIGNATURE = re.compile(r'(?P<name>\bSignature: )(?P<value>[\w+/]{16,}=*)')
#: In a query string, a header, or the representation of a mapping.
_PARAMETER = re.compile(
    rf"""(?P<name>\b(?:{_SECRET_NAMES})['"]?(?:=|:\s*\[?b?(?=['"]))(?!\*\*\*))
        (?P<value>'[^'\n]*'|"[^"\n]*"|[^&;\s'",\]}}]+)""",
    re.IGNORECASE | re.VERBOSE,
)

#: What pywikibot says of a secret that it cannot send.
_UNSENDABLE = re.compile(
    r"(?P<name>'\w*(?:password|retype|token|captchaword)' could not be encoded as )"
    r'(?P<value>.*)',
    re.IGNORECASE | re.DOTALL,
)

#: Each pattern, and texts in lower case without all of which it matches nothing.
_PATTERNS = (
    (_TOKEN, ('+\\', '+%5c', '%2b')),
    (_JWT, ('eyj',)),
    (_AUTHORIZATION, ('authorization',)),
    (_SCHEME, ('basic', 'bearer')),
    (_SIGNATURE, ('signature: ',)),
    (_IN_ADDRESS, ('://',)),
    (_UNSENDABLE, ('could not be encoded',)),
    (
        _PARAMETER,
        (
            *('password', 'retype', 'token', 'session', 'captchaword', 'signature'),
            *('oauth_', 'client_secret'),
        ),
    ),
)
#: The arguments of an error; some classes show a sentence under that name.
_ARGS: Any = vars(BaseException)['args']

#: Texts of errors that are not in what ``vars()`` returns.
_TEXTS: Mapping[type[Exception], tuple[str, ...]] = {
    OSError: ('filename', 'strerror'),
    SyntaxError: ('text',),
    UnicodeError: ('object',),
}


class Redactor:
    """Knows what must not be shown, and takes it out of texts.

    :ivar secrets: the secrets that are known by their value
    :ivar hide_names: replaces more names, from now on; None if there are none
    """

    def __init__(self) -> None:
        """Start with the patterns alone."""
        self.secrets = SecretValues()
        self.hide_names: Callable[[str], str] | None = None
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
        text = self.without_secrets(text)
        for names in self._hidden:
            text = names.replace(text)
        return text if self.hide_names is None else self.hide_names(text)

    def without_secrets(self, text: str) -> str:
        """Return the text without secrets, but with all names."""
        text = self.secrets.replace(text)
        lower = text.lower()
        for pattern, needed in _PATTERNS:
            if any(each in lower for each in needed):
                named = 'name' in pattern.groupindex
                text = pattern.sub(rf'\g<name>{MASK}' if named else MASK, text)
        return text

    def clean_error(self, error: BaseException) -> None:
        """Take what must not be shown out of an error, its causes, and theirs.

        :param error: the error, which is changed
        """
        seen: set[int] = set()
        waiting = [error]
        while waiting:
            each = waiting.pop()
            if id(each) in seen:
                continue
            seen.add(id(each))
            waiting += [e for e in (each.__cause__, each.__context__) if e is not None]
            own = _ARGS.__get__(each)
            waiting += _errors_in((own, vars(each)))
            _ARGS.__set__(each, self._cleaned(own))
            values: dict[str, Any] = dict(vars(each))
            for kind, names in _TEXTS.items():
                if isinstance(each, kind):
                    values |= {name: getattr(each, name, None) for name in names}
            for name, value in values.items():
                # Those of the HTTP library hold the whole request.
                whole = name in ('request', 'response') and not isinstance(value, str)
                cleaned = None if whole else self._cleaned(value)
                if cleaned is not value:
                    with suppress(AttributeError, TypeError):
                        setattr(each, name, cleaned)

    def _cleaned(self, value: Any, depth: int = 8) -> Any:
        """Return a value, cleaned; itself if there is nothing to clean."""
        if isinstance(value, str):
            cleaned = self.clean(value)
            return value if cleaned == value else cleaned
        if not depth:
            return value
        if type(value) in (list, tuple):
            items = [self._cleaned(each, depth - 1) for each in value]
            same = all(new is old for new, old in zip(items, value, strict=True))
            return value if same else type(value)(items)
        if type(value) is dict:
            pairs = {key: self._cleaned(each, depth - 1) for key, each in value.items()}
            same = all(pairs[key] is each for key, each in value.items())
            return value if same else pairs
        return value


def _errors_in(value: Any, depth: int = 4) -> Iterator[BaseException]:
    """Yield the errors that are parts of a value."""
    if isinstance(value, BaseException):
        yield value
    elif depth and isinstance(value, list | tuple | dict):
        for each in value.values() if isinstance(value, dict) else value:
            yield from _errors_in(each, depth - 1)


#: The one redactor of this process.
redactor = Redactor()
