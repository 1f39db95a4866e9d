"""Global groups, wiki sets and renames as frozen records, in both formatversions.

It parses CentralAuth's answers. Requests are left to
:mod:`mw_tokens_plugin.site.globalgroups`.

https://www.mediawiki.org/wiki/Extension:CentralAuth/API
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from mw_tokens_plugin.protocol.answers import expected_form
from mw_tokens_plugin.protocol.fields import number, text, texts


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

    :ivar opt_out: whether new wikis belong to it until they are removed
    """

    id: int
    name: str
    opt_out: bool
    included: tuple[str, ...]
    excluded: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class GlobalRename:
    """A rename in progress.

    .. version-added:: 0.1

    :ivar status: by wiki, its state there, such as ``queued`` or ``inprogress``
    """

    old: str
    new: str
    status: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class GroupsChange:
    """A change of global groups by ``globaluserrights``.

    .. version-added:: 0.1
    """

    name: str
    central_id: int
    added: tuple[str, ...]
    removed: tuple[str, ...]


@expected_form('An item of list=globalgroups')
def from_globalgroups(item: Mapping[str, Any]) -> GlobalGroup:
    """Read one item of ``list=globalgroups``."""
    return GlobalGroup(name=text(item, 'name'), rights=texts(item, 'rights'))


@expected_form('An item of list=wikisets')
def from_wikisets(item: Mapping[str, Any]) -> WikiSet:
    """Read one item of ``list=wikisets``, whose lists may be mappings too."""
    return WikiSet(
        id=number(item, 'id'),
        name=text(item, 'name'),
        opt_out=item.get('type') == 'optout',
        included=texts(item, 'wikisincluded'),
        excluded=texts(item, 'wikisnotincluded'),
    )


@expected_form('An item of meta=globalrenamestatus')
def from_globalrenamestatus(item: Mapping[str, Any]) -> GlobalRename:
    """Read one value of ``meta=globalrenamestatus``."""
    status = item.get('status')
    return GlobalRename(
        old=text(item, 'from'),
        new=text(item, 'to'),
        status=dict(status) if isinstance(status, Mapping) else {},
    )


@expected_form('The answer of globaluserrights')
def from_globaluserrights(answer: Mapping[str, Any]) -> GroupsChange:
    """Read the answer of ``globaluserrights``."""
    return GroupsChange(
        name=text(answer, 'user'),
        central_id=number(answer, 'userid'),
        added=texts(answer, 'added'),
        removed=texts(answer, 'removed'),
    )
