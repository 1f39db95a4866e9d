"""Where a wiki is, and what it is like for its whole life; made before the farm is.

A farm of equal wikis has no need of it: each is on a host of its own, under ``/w``.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Protocol, TypeVar

__all__ = ['Layout', 'address_of_nothing', 'addressed', 'hosts_of']

#: Where nothing listens.
_CLOSED_PORT = 1


@dataclass(frozen=True, slots=True)
class Layout:
    """What of a wiki is otherwise than usual.

    :param db: the name of its database; default: ``<code>wiki``.
    :param beside: the code of the wiki on whose host it is, with other paths.
    :param script_path: where its ``api.php`` is; '' for the root.
    :param article_path: where its pages are.
    :param language: ``en`` or ``de``, in which its namespaces are named.
    :param closed: why it is read-only for ever.
    :param private: nobody reads it without an account.
    :param deleted: all that it answers is HTTP 404, in HTML.
    :param gone: nothing listens at its address.
    :param release: of which age it is, if it is older than 1.43: one of
        :data:`.ages.AGES`.
    :param generator: what it says that it runs, if it does not say the truth.
    """

    db: str = ''
    beside: str = ''
    script_path: str = '/w'
    article_path: str = '/wiki/$1'
    language: str = 'en'
    closed: str = ''
    private: bool = False
    deleted: bool = False
    gone: bool = False
    release: str = ''
    generator: str = ''

    @property
    def article_root(self) -> str:
        """What comes before the title in the path of a page."""
        return self.article_path.partition('$1')[0]

    @property
    def script(self) -> str:
        """The path of index.php."""
        return f'{self.script_path}/index.php'


class Placed(Protocol):
    """A wiki, of which only the place matters."""

    code: str
    layout: Layout


Wiki = TypeVar('Wiki', bound=Placed)


def hosts_of(wikis: Iterable[Wiki]) -> list[list[Wiki]]:
    """Return which wikis share a host, the one that it is called after first."""
    hosts: dict[str, list[Wiki]] = {}
    for wiki in wikis:
        hosts.setdefault(wiki.layout.beside or wiki.code, []).append(wiki)
    return list(hosts.values())


def addressed(wikis: list[Wiki], path: str) -> Wiki:
    """Return which of the wikis of one host a path belongs to."""
    found = [w for w in wikis if path.startswith(f'{w.layout.script_path}/')]
    return max(found, key=lambda w: len(w.layout.script_path), default=wikis[0])


def address_of_nothing(host: str) -> str:
    """Return the address of a wiki that is gone."""
    return f'http://{host}:{_CLOSED_PORT}'
