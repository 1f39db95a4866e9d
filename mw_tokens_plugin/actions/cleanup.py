"""Undoing all that an abuser did, as one campaign: what its steps need together.

Each step is an action of another module. Here are those that differ in a campaign of
all of them, the table of the plan, and what is handed to others: texts for the request
page and for the administrators of wikis on which the operator may not act.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from itertools import chain
from typing import Any, ClassVar
from urllib.parse import quote

from mw_tokens_plugin.actions.globallock import GlobalLock
from mw_tokens_plugin.actions.pagedelete import CrosswikiDelete
from mw_tokens_plugin.actions.requestedlock import RequestedBlock
from mw_tokens_plugin.actions.steps import Steps
from mw_tokens_plugin.campaign.action import Action
from mw_tokens_plugin.campaign.records import Decision, SkipReason, Target
from mw_tokens_plugin.campaign.report.bywiki import (
    OnWiki,
    by_wiki,
    heading,
    why_skipped,
)
from mw_tokens_plugin.exceptions import TokensPluginError
from mw_tokens_plugin.messages import message
from mw_tokens_plugin.site.mixins import PluginMixin
from mw_tokens_plugin.targets.contributions import Actor, Period
from mw_tokens_plugin.targets.pagenames import search_in, split
from mw_tokens_plugin.targets.scope import LOCAL_MATTERS
from mw_tokens_plugin.targets.wikis import Wikis

#: Why something is handed to others who can do it.
_HANDED = LOCAL_MATTERS | {
    SkipReason.NO_RIGHT,
    SkipReason.NO_ACCOUNT,
    SkipReason.WIKI_SET,
    SkipReason.PAGE_REFUSED,
}

#: Pages of one wiki that are listed for its administrators.
_MAX_LISTED = 50


class _WithRight(Action):
    """An action on the central wiki, for which the operator may lack the right."""

    site: PluginMixin
    #: The right that it needs.
    right: ClassVar[str]

    def plan(self, names: Sequence[str]) -> Iterator[Decision]:
        """Decide on some targets, all of which are read: some may be done already."""
        for decision in super().plan(names):  # type: ignore[safe-super]
            if decision.skipped is None and not self.site.has_right(self.right):
                yield replace(decision, skipped=SkipReason.NO_RIGHT)
            else:
                yield decision


class LockAbusers(_WithRight, GlobalLock):
    """Lock accounts, if the operator may.

    .. version-added:: 0.1
    """

    right = 'centralauth-lock'


class BlockAbusers(_WithRight, RequestedBlock):
    """Block globally what cannot be locked, if the operator may.

    .. version-added:: 0.1
    """

    right = 'globalblock'


class DeleteCreated(CrosswikiDelete):
    """Delete pages and files that an actor has created within a period.

    .. version-added:: 0.1
    """

    def __init__(self, actor: Actor, *, period: Period, **how: Any) -> None:
        """Set who has created them, and when.

        :param how: as for :class:`.CrosswikiDelete`
        """
        super().__init__(actor.wikis, **how)
        self._actor = actor
        self._period = period

    def plan(self, names: Sequence[str]) -> Iterator[Decision]:
        """Decide on some pages, which are read in batches, wiki by wiki."""
        for decision in super().plan(names):
            skipped = decision.skipped
            if skipped in LOCAL_MATTERS:
                # The administrators of other wikis are told of no others either.
                with suppress(TokensPluginError):
                    skipped = self._not_meant(decision.name) or skipped
            yield replace(decision, skipped=skipped)

    def _plan_wiki(self, database: str, names: Sequence[str]) -> Iterator[Decision]:
        others = {name: why for name in names if (why := self._not_meant(name))}
        for name, why in others.items():
            yield Decision(name, skipped=why, facts={'wiki': database})
        if rest := [name for name in names if name not in others]:
            yield from super()._plan_wiki(database, rest)

    def _not_meant(self, name: str) -> SkipReason | None:
        """Return why a page is not meant that they have created; None if it is."""
        database, title = split(name)
        page = self._actor.pages(database).get(title)
        if page is None:
            return None
        if page.edits[-1].time < self._period.since:
            return SkipReason.BEFORE_SINCE
        in_time = self._period.has(page.edits[0].time)
        return None if in_time else SkipReason.AFTER_UNTIL


class ByWiki(Steps):
    """Steps on many wikis, whose plan begins with a table of them.

    .. version-added:: 0.1
    """

    def __init__(self, actions: Mapping[str, Action], taken: Collection[str]) -> None:
        """Keep the actions.

        :param actions: by the name of the step
        :param taken: the steps that are taken; another one may stand for a wiki that
            could not be read
        """
        super().__init__(actions)
        self._taken = taken

    def describe(self) -> str:
        """Return what is done in all."""
        taken = [self.of(step) for step in self._actions if step in self._taken]
        return ', '.join(dict.fromkeys(action.describe() for action in taken))

    def overview(
        self, planned: Iterable[Target], skipped: Iterable[Target]
    ) -> Iterator[str]:
        """Yield how much of each step there is on each wiki, and what is skipped."""
        wikis = by_wiki(chain(planned, skipped))
        if wikis:
            yield from _lined_up(self._rows(wikis))

    def _rows(self, wikis: Mapping[str, OnWiki]) -> Iterator[list[str]]:
        steps = [
            step
            for step in self._actions
            if any(counts.steps[step] for counts in wikis.values())
        ]
        yield [
            message('campaign-table-wiki'),
            *map(heading, steps),
            message('campaign-table-skipped'),
        ]
        for wiki, counts in wikis.items():
            numbers = [str(counts.steps[step] or '') for step in steps]
            yield [
                wiki or message('campaign-table-all'),
                *numbers,
                why_skipped(counts),
            ]


@dataclass(frozen=True, slots=True)
class Handover:
    """What others need to know who can do what the operator may not.

    :ivar wikis: the wikis
    :ivar names: whom it is about, without those whose names must not be shown
    :ivar reason: why they are to be locked or blocked globally
    :ivar tag: why pages are to be deleted
    :ivar requested: returns the page for requests to stewards, and which of some names
        stand in an open request there
    """

    wikis: Wikis
    names: Sequence[str]
    reason: str
    tag: str
    requested: Callable[[Collection[str]], tuple[str, Collection[str]]]


class Cleanup(ByWiki):
    """All that is done about the deeds of an abuser.

    .. version-added:: 0.1
    """

    def __init__(
        self,
        actions: Mapping[str, Action],
        taken: Collection[str],
        handover: Handover,
    ) -> None:
        """Keep the actions.

        :param actions: by the name of the step
        :param taken: the steps that are taken
        :param handover: what others are told
        """
        super().__init__(actions, taken)
        self._handover = handover

    def remarks(self, targets: Iterable[Target]) -> Iterator[str]:
        """Yield the lines of each step, and what no step can undo."""
        yield from super().remarks(targets)
        yield message('campaign-cleanup-for-good')

    def remarks_on_skipped(self, targets: Iterable[Target]) -> Iterator[str]:
        """Yield texts to paste, for those who can do what the operator may not."""
        handed = [
            target
            for target in targets
            if target.decision.skipped in _HANDED and search_in(target.name) is None
        ]
        for kind in ('lock', 'globalblock'):
            named = [t for t in handed if t.kind == kind and not t.decision.hidden]
            yield from self._request(kind, [target.name for target in named])
        groups: dict[tuple[str, SkipReason], list[Target]] = {}
        for target in handed:
            database, skipped = target.decision.facts.get('wiki'), target.decision
            if database and skipped.skipped and not target.decision.hidden:
                groups.setdefault((database, skipped.skipped), []).append(target)
        for (database, why), theirs in groups.items():
            yield from self._for_wiki(database, why, theirs)

    def _request(self, kind: str, names: Sequence[str]) -> Iterator[str]:
        """Yield a section for the request page."""
        if not names:
            return
        title, known = self._handover.requested(names)
        if there := [name for name in names if name in known]:
            about = {'page': title, 'names': ', '.join(there)}
            yield message('campaign-cleanup-requested', **about)
        names = [name for name in names if name not in known]
        if not names:
            return
        yield message(f'campaign-cleanup-request-{kind}', page=title)
        what, template = {
            'lock': ('lock', 'LockHide'),
            'globalblock': ('block', 'Luxotool'),
        }[kind]
        more = f' and {len(names) - 1} more' if len(names) > 1 else ''
        yield f'=== Global {what} for {_plain(names[0])}{more} ==='
        yield '{{status}}'
        for name in names:
            yield f'* {{{{{template}|1={name}}}}}'
        yield f'{self._handover.reason} ~~~~'.strip()

    def _for_wiki(
        self, database: str, why: SkipReason, targets: Sequence[Target]
    ) -> Iterator[str]:
        """Yield what the administrators of a wiki can be told, as wikitext."""
        about = {'wiki': database, 'number': len(targets)}
        reason = message(f'campaign-skipped-{why.name.lower()}')
        yield message('campaign-cleanup-local', why=reason, **about)
        names = ', '.join(f'[[Special:Contributions/{n}|{n}]]' for n in self._names())
        if names:
            yield f"''{names}'':"
        address = self._handover.wikis.pages_at(database)
        for target in targets[:_MAX_LISTED]:
            yield from self._line(target, address)
        if len(targets) > _MAX_LISTED:
            yield message('campaign-local-more', number=len(targets) - _MAX_LISTED)

    def _line(self, target: Target, address: str) -> Iterator[str]:
        facts, title = target.decision.facts, split(target.name)[1]
        link = address + quote(title.replace(' ', '_'), safe='/:') if address else ''
        is_deleted = target.kind == 'delete' or facts.get('what') == 'delete'
        verb = self.of('delete' if is_deleted else target.kind).describe()
        parts = [f'* [[:{title}]]: {verb}']
        if is_deleted:
            parts.append(
                f'<code><nowiki>{{{{delete|1={self._tag()}}}}}</nowiki></code>'
            )
        elif target.kind == 'moves' and facts.get('origin'):
            parts.append(f'[[:{facts["origin"]}]]')
        elif target.kind == 'edits' and facts.get('restores'):
            parts.append(f'[[Special:Diff/{facts["restores"]}/{facts["latest"]}]]')
        yield ' '.join([*parts, link]).rstrip()

    def _names(self) -> Sequence[str]:
        return self._handover.names

    def _tag(self) -> str:
        return self._handover.tag.replace('</nowiki>', '')


def _plain(name: str) -> str:
    """Return a name for a heading."""
    return name.replace('=', '&#61;')


def _lined_up(rows: Iterable[Sequence[str]]) -> Iterator[str]:
    """Yield the rows of a table; all cells but the first and the last are numbers."""
    cells = list(rows)
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    for row in cells:
        first, *numbers, last = row
        middle = [n.rjust(w) for n, w in zip(numbers, widths[1:-1], strict=True)]
        yield '  '.join([first.ljust(widths[0]), *middle, last]).rstrip()
