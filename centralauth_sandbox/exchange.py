"""One request to a wiki's API and its answer, as HTTP carries them.

The farm's server and the proxy read and send them in the same way.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

_LOOPBACK = '127.0.0.1'


@dataclass(slots=True)
class Request:
    """One HTTP request to a wiki's API.

    :param query: the parameters of the URL.
    :param form: the parameters of the body; they win.
    :param files: the files in the body.
    """

    method: str
    query: dict[str, str]
    form: dict[str, str]
    headers: Mapping[str, str]
    files: dict[str, bytes] = field(default_factory=dict)
    #: How many changes of accounts there had been when it arrived, if it had to wait.
    arrived: int | None = None
    given: dict[str, str] = field(init=False)

    @property
    def addresses(self) -> list[str]:
        """Where it came from, and then the addresses that it only came by.

        The web server is behind a proxy that can be trusted to name its client last.
        """
        named = self.headers.get('X-Forwarded-For', '').split(',')
        return [name.strip() for name in reversed(named) if name.strip()] or [_LOOPBACK]

    def __post_init__(self) -> None:
        """Join the parameters."""
        self.given = self.query | self.form if self.form else self.query


@dataclass(slots=True)
class Answer:
    """One HTTP answer, and what a journal wants to know of it."""

    status: int = 200
    content_type: str = 'application/json; charset=utf-8'
    headers: list[tuple[str, str]] = field(default_factory=list)
    body: bytes = b''
    wait: float = 0.0
    code: str = ''
    user: str = ''
    kind: str = 'anonymous'
    token: str = ''
    target: str = ''
    effect: str = ''


def http_answer(status: int, title: str) -> Answer:
    """Return the page of a web server that has no answer of the API."""
    page = (
        f'<html>\n<head><title>{status} {title}</title></head>\n<body>\n'
        f'<center><h1>{status} {title}</h1></center>\n</body>\n</html>\n'
    )
    return Answer(status, 'text/html', body=page.encode(), code=f'http-{status}')
