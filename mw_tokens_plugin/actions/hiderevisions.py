"""Hiding what a campaign has reverted from the histories of pages, and showing it.

Only administrators see what is hidden; nothing is suppressed. The wiki calls each write
a success, even if it has failed for single revisions, so that their own errors are
read. A revision of which others have hidden a part already is left as it is, so that an
undo shows nothing that they have hidden.

https://www.mediawiki.org/wiki/API:Revisiondelete
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

from mw_tokens_plugin.actions.accountfacts import skipped_now
from mw_tokens_plugin.actions.crosswiki import outcome_of_block
from mw_tokens_plugin.actions.onwikis import UndoOnWikis
from mw_tokens_plugin.actions.pagerevert import Found, RevertEdits
from mw_tokens_plugin.actions.visibility import (
    Visibility,
    hidden_parts,
    visibility,
)
from mw_tokens_plugin.campaign.records import (
    Decision,
    Outcome,
    SkipReason,
    State,
    Target,
)
from mw_tokens_plugin.campaign.report.hiding import hiding
from mw_tokens_plugin.exceptions import AmbiguousWrite, Blocked
from mw_tokens_plugin.messages import message
from mw_tokens_plugin.protocol.answers import expected_form, items_of
from mw_tokens_plugin.site.pluginsite import PluginSite
from mw_tokens_plugin.site.refusals import proven
from mw_tokens_plugin.site.writes import send_once
from mw_tokens_plugin.targets.contributions import Actor
from mw_tokens_plugin.targets.deletionlog import about, entries
from mw_tokens_plugin.targets.pagenames import split

#: The right that it takes.
_RIGHT = 'deleterevision'

#: What a revision says that was like that before.
_NO_CHANGE = 'revdelete-no-change'


class HideReverted(RevertEdits):
    """Hide the edits that an earlier step has reverted.

    .. version-added:: 0.1
    """

    kind = 'crosswiki_revdel'
    wording = ''
    fixed = frozenset({'page_id', 'ids'})
    right = _RIGHT

    def __init__(
        self,
        actor: Actor,
        *,
        what: Sequence[str],
        reverted: Callable[[Sequence[str]], Mapping[str, Target]],
        **limits: Any,
    ) -> None:
        """Set what is hidden.

        :param what: some of :data:`.PARTS`
        :param reverted: returns the targets of the step that reverts, by their names
        :param limits: as for :class:`.RevertEdits`
        """
        super().__init__(actor, **limits)
        self._what = sorted(what)
        self._reverted = reverted

    def describe(self) -> str:
        """Return a word or two for what is done to a page."""
        return message('campaign-verb-hide-revisions')

    def columns(self, target: Target) -> Mapping[str, str]:
        """Return what the plan shows of a page, by heading."""
        facts = target.decision.facts
        ids = facts.get('ids')
        return {
            message('campaign-column-edits'): '' if ids is None else str(len(ids)),
            message('campaign-column-by'): ', '.join(facts.get('authors') or ()),
            message('campaign-column-hides'): ', '.join(facts.get('parts') or ()),
        }

    def remarks(self, targets: Iterable[Target]) -> Iterator[str]:
        """Say nothing: the step that reverts does."""
        return iter(())

    def remarks_on_skipped(self, targets: Iterable[Target]) -> Iterator[str]:
        """Say nothing: the step that reverts does."""
        return iter(())

    def apply(self, target: Target) -> Outcome:
        """Hide the edits on one page, if they were reverted.

        :raises TokensPluginError: the wiki refused, or its answer was lost
        """
        reverted = self._reverted([target.name]).get(target.name)
        # What others have reverted meanwhile is theirs to hide.
        if reverted is None or not reverted.changed:
            return Outcome(
                State.FAILED,
                detail='not reverted by this campaign, so nothing was hidden',
                reason_code=SkipReason.NOT_REVERTED.name,
            )
        facts, database = target.decision.facts, split(target.name)[0]
        with hiding([target]):
            hidden = hidden_parts(self._actor.reader, database, facts['ids'])
        ids = self._shown(facts['ids'], hidden)
        if not ids:
            return skipped_now(SkipReason.ALREADY)
        site = self.wikis.site(database)
        return _change(site, 'hide', {**facts, 'ids': ids}, self._reason)

    def _shown(
        self, ids: Sequence[int], hidden: Mapping[int, frozenset[str]]
    ) -> list[int]:
        """Return the revisions of which nobody has hidden any of the parts yet."""
        return [
            n for n in ids if n in hidden and not hidden[n].intersection(self._what)
        ]

    def _found(
        self, database: str, names: Sequence[str]
    ) -> Iterator[tuple[str, Found]]:
        """Yield what is to be hidden on a wiki, which is read as nobody."""
        found = dict(super()._found(database, names))
        asked = [
            number
            for each in found.values()
            if each.skipped is None
            for number in each.facts['ids']
        ]
        hidden = hidden_parts(self._actor.reader, database, asked)
        for name, each in found.items():
            if each.skipped is not None:
                yield name, Found(SkipReason.NOT_REVERTED, {})
                continue
            ids = self._shown(each.facts['ids'], hidden)
            facts = {**each.facts, 'ids': ids, 'parts': self._what, 'what': 'hide'}
            yield name, Found(None if ids else SkipReason.ALREADY, facts)

    def _plan_wiki(
        self, database: str, names: Sequence[str], outside: SkipReason | None
    ) -> Iterator[Decision]:
        if outside is None:
            yield from super()._plan_wiki(database, names, None)
            return
        for name in names:
            facts = {'wiki': database}
            yield Decision(name, skipped=SkipReason.NOT_REVERTED, facts=facts)

    def _details(self, ids: Sequence[int]) -> dict[str, Any]:
        return {'ids': list(ids)}

    def _reconcile(self, target: Target) -> Outcome | None:
        return _reconciled(self._actor, target, is_hidden=True)


class UndoHideReverted(UndoOnWikis):
    """Show what a campaign has hidden, where nobody has changed that.

    .. version-added:: 0.1
    """

    kind = 'undo_crosswiki_revdel'
    fixed = frozenset({'ids', 'parts'})

    def describe(self) -> str:
        """Return a word or two for what is done to a page."""
        return message('campaign-verb-show-revisions')

    def columns(self, target: Target) -> Mapping[str, str]:
        """Return what the plan shows of a page, by heading."""
        facts = target.decision.facts
        ids = facts.get('ids')
        return {message('campaign-column-edits'): '' if ids is None else str(len(ids))}

    def apply(self, target: Target) -> Outcome:
        """Show the edits on one page, if nobody has hidden or shown any since.

        :raises TokensPluginError: the wiki refused, or its answer was lost
        """
        facts, database = target.decision.facts, split(target.name)[0]
        with hiding([target]):
            found = self._look(database, facts['title'], facts['ids'])
        now = [found.changes.get(number) for number in facts['ids']]
        if [entry and entry.id for entry in now] != facts['log_entries']:
            by = _last_change(found, facts['ids'])
            detail = f'changed since the plan by {by or "others"}, and skipped'
            return self._reconcile(target) or Outcome(
                State.FAILED, detail=detail, reason_code=SkipReason.CHANGED_SINCE.name
            )
        return _change(self.wikis.site(database), 'show', facts, self._reason)

    def _look(self, database: str, title: str, ids: Sequence[int]) -> Visibility:
        return visibility(self._actor.reader, database, title, ids)

    def _plan_wiki(
        self, database: str, names: Sequence[str], outside: SkipReason | None
    ) -> Iterator[Decision]:
        found = [
            (name, *self._judge(database, target))
            for name, target in self._recorded(names).items()
        ]
        is_wanted = any(skipped is None for _, skipped, _ in found)
        refused, about_wiki = self._may_not(database, _RIGHT, is_wanted=is_wanted)
        for name, skipped, shown in found:
            yield Decision(
                name,
                skipped=skipped or refused,
                facts={**about_wiki, **shown},
                partition=database,
            )

    def _judge(
        self, database: str, target: Target
    ) -> tuple[SkipReason | None, dict[str, Any]]:
        """Return why a page is skipped, and what is shown of it.

        Somebody may have shown a revision and hidden it again, so that only the log
        tells whose decision it is that it is hidden.
        """
        facts = target.decision.facts
        wanted = frozenset(facts['parts'])
        with hiding([target]):
            found = self._look(database, facts['title'], facts.get('changed_ids', ()))
        hidden = {n: p for n, p in found.hidden.items() if p >= wanted}
        own = {
            number: entry.id
            for number, entry in found.changes.items()
            if number in hidden
            and number not in found.suppressed
            and target.may_have_written_at(entry.timestamp, by=entry.user)
        }
        shown = {
            'title': facts['title'],
            'ids': sorted(own),
            'parts': facts['parts'],
            'log_entries': [own[number] for number in sorted(own)],
        }
        if own:
            return None, shown
        if not found.hidden:
            return SkipReason.NO_PAGE, shown
        if not any(parts & wanted for parts in found.hidden.values()):
            return SkipReason.ALREADY, shown
        by = _last_change(found, found.hidden)
        return SkipReason.CHANGED_SINCE, {**shown, 'changed_by': by}

    def _reconcile(self, target: Target) -> Outcome | None:
        return _reconciled(self._actor, target, is_hidden=False)


def _change(
    site: PluginSite, how: str, facts: Mapping[str, Any], reason: str
) -> Outcome:
    """Hide or show parts of revisions, and read the result for each of them.

    :param how: ``hide`` or ``show``
    :raises AmbiguousWrite: the answer does not tell it
    """
    parameters = {
        'type': 'revision',
        'ids': facts['ids'],
        how: facts['parts'],
        'reason': reason,
    }
    try:
        answer = send_once(site, 'revisiondelete', parameters)
    except Blocked as error:
        return outcome_of_block(error)
    with proven(site):
        items = list(items_of({'revisiondelete': answer}, 'revisiondelete', 'items'))
        with expected_form(f'The answer of {site} to action=revisiondelete'):
            by_id = {item['id']: item for item in items}
            codes = {number: _error_of(item) for number, item in by_id.items()}
    if set(codes) != set(facts['ids']):
        raise AmbiguousWrite(f'{site} does not tell what became of some revisions.')
    changed = [n for n, item in by_id.items() if not codes[n] and not _is_same(item)]
    failed = [code for code in codes.values() if code]
    told = {'changed_ids': changed}
    if failed:
        detail = f'{len(failed)} of {len(codes)} revisions: {failed[0]}'
        return Outcome(
            State.FAILED,
            changed=bool(changed),
            detail=detail,
            facts=told,
            reason_code=failed[0],
        )
    return Outcome(State.DONE, changed=bool(changed), facts=told)


def _last_change(found: Visibility, ids: Iterable[int]) -> str | None:
    """Return who has hidden or shown any of some revisions last."""
    changes = [found.changes[number] for number in ids if number in found.changes]
    latest = max(changes, key=lambda entry: entry.id, default=None)
    return None if latest is None else latest.user


def _error_of(item: Mapping[str, Any]) -> str:
    """Return the code of what stands against a revision; '' if nothing does."""
    for error in item.get('errors') or ():
        return str(error.get('code') or error.get('message') or 'error')
    return '' if item.get('status') == 'Success' else 'revdelete-failed'


def _is_same(item: Mapping[str, Any]) -> bool:
    codes = {str(warning.get('code')) for warning in item.get('warnings') or ()}
    return _NO_CHANGE in codes


def _reconciled(actor: Actor, target: Target, *, is_hidden: bool) -> Outcome | None:
    """Read whether the operator has hidden revisions, or shown them."""
    facts, database = target.decision.facts, split(target.name)[0]
    parts = hidden_parts(actor.reader, database, facts['ids'])
    wanted = frozenset(facts['parts'])
    done = [n for n, hidden in parts.items() if (wanted <= hidden) is is_hidden]
    if not done:
        return None
    for answer in actor.reader.answers(database, **about(facts['title'], 'delete')):
        for entry in entries(answer):
            is_ours = target.may_have_written_at(entry.timestamp, by=entry.user)
            if entry.action == 'revision' and is_ours:
                state = State.DONE if len(done) == len(parts) else State.FAILED
                detail = f'log entry {entry.id}, found in the log'
                return Outcome(
                    state, changed=True, detail=detail, facts={'changed_ids': done}
                )
        break
    if len(done) < len(parts):
        return None
    return Outcome(State.DONE, detail='done meanwhile, by others')
