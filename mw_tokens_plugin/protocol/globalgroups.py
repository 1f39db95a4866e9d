"""Global groups, wiki sets and renames as frozen records, in both formatversions.

It parses what CentralAuth answers; no request is made here.

https://www.mediawiki.org/wiki/Extension:CentralAuth/API
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class GlobalGroup:
    """A global group and its rights.

    .. version-added:: 0.1
    """

    name: str
    rights: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class WikiSet:
    """A set of wikis in which a global group has its rights.

    .. version-added:: 0.1

    :ivar opt_out: whether new wikis belong to it until they are taken out
    """

    id: int
    name: str
    opt_out: bool
    included: tuple[str, ...]
    excluded: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class GlobalRename:
    """A rename that is under way.

    .. version-added:: 0.1

    :ivar status: wiki and how far it is there, such as ``queued`` or ``inprogress``
    """

    old: str
    new: str
    status: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class GroupsChange:
    """What ``globaluserrights`` has changed.

    .. version-added:: 0.1
    """

    name: str
    central_id: int
    added: tuple[str, ...]
    removed: tuple[str, ...]


def from_globalgroups(item: Mapping[str, Any]) -> GlobalGroup:
    """Read one item of ``list=globalgroups``."""
    return GlobalGroup(name=str(item['name']), rights=_names(item.get('rights')))


def from_wikisets(item: Mapping[str, Any]) -> WikiSet:
    """Read one item of ``list=wikisets``, whose lists may be mappings too."""
    return WikiSet(
        id=int(item['id']),
        name=str(item['name']),
        opt_out=item.get('type') == 'optout',
        included=_names(item.get('wikisincluded')),
        excluded=_names(item.get('wikisnotincluded')),
    )


def from_globalrenamestatus(item: Mapping[str, Any]) -> GlobalRename:
    """Read one value of ``meta=globalrenamestatus``."""
    status = item.get('status')
    return GlobalRename(
        old=str(item['from']),
        new=str(item['to']),
        status=dict(status) if isinstance(status, Mapping) else {},
    )


def from_globaluserrights(answer: Mapping[str, Any]) -> GroupsChange:
    """Read the answer of ``globaluserrights``."""
    return GroupsChange(
        name=str(answer['user']),
        central_id=int(answer['userid']),
        added=_names(answer.get('added')),
        removed=_names(answer.get('removed')),
    )


def _names(value: object) -> tuple[str, ...]:
    """Read a list, which PHP sends as a mapping where its keys have gaps."""
    if isinstance(value, Mapping):
        value = list(value.values())
    return tuple(map(str, value)) if isinstance(value, list) else ()
