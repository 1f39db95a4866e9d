"""Queries in parts: a few values at a time, and answers that are continued.

What a query asks, and what its answer means, is left to the callers.

https://www.mediawiki.org/wiki/API:Continue
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import islice
from typing import Any, TypeVar

from mw_tokens_plugin.protocol.answers import part_of
from mw_tokens_plugin.site.base import WikiSite
from mw_tokens_plugin.site.refusals import refusals

__all__ = ['Item', 'batches', 'continued', 'max_values', 'query']

Item = TypeVar('Item')


def batches(items: Iterable[Item], size: int) -> Iterator[list[Item]]:
    """Yield items in lists of one size, of which the last may be shorter.

    .. version-added:: 0.1

    :param items: they are taken as they are needed
    :param size: how many are in a list
    """
    rest = iter(items)
    while batch := list(islice(rest, size)):
        yield batch


def max_values(site: WikiSite) -> int:
    """Return how many values one parameter of a query may have.

    .. version-added:: 0.1
    """
    return 500 if site.has_right('apihighlimits') else 50


def query(site: WikiSite, **parameters: Any) -> dict[str, Any]:
    """Make one query, and return the whole answer.

    .. version-added:: 0.1

    :param parameters: those of ``action=query``
    :raises ApiRefusal: the wiki refused
    """
    with refusals(site):
        answer: dict[str, Any] = site.simple_request(
            action='query', formatversion=2, **parameters
        ).submit()
    return answer


def continued(
    site: WikiSite, *, ask: Callable[..., dict[str, Any]] = query, **parameters: Any
) -> Iterator[dict[str, Any]]:
    """Yield the answers to a query, which is continued as long as there is more.

    .. version-added:: 0.1

    :param ask: makes one query of a site
    :param parameters: those of the first query
    :raises UnexpectedAnswer: the wiki does not say how to continue
    """
    more: Mapping[str, Any] = {}
    while True:
        answer = ask(site, **{**parameters, **more})
        yield answer
        if 'continue' not in answer:
            return
        more = part_of(answer, 'continue')
