"""Giving files back the version that was there before an actor overwrote it.

No version is deleted. What is reverted can be restored in the same way. Which files
were overwritten is found out by :mod:`mw_tokens_plugin.targets.contributions`.

https://www.mediawiki.org/wiki/API:Filerevert
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from mw_tokens_plugin.actions.crosswiki import outcome_of_block
from mw_tokens_plugin.actions.onwikis import OnWikis, UndoOnWikis
from mw_tokens_plugin.campaign.records import (
    Decision,
    Outcome,
    SkipReason,
    State,
    Target,
)
from mw_tokens_plugin.exceptions import AmbiguousWrite, ApiRefusal, Blocked
from mw_tokens_plugin.messages import message
from mw_tokens_plugin.protocol.fields import timestamp
from mw_tokens_plugin.site.writes import send_once
from mw_tokens_plugin.targets.contributions import FileFacts
from mw_tokens_plugin.targets.pagenames import split


class _Revert(OnWikis):
    """Give files an older version, where the newest is the one that is meant."""

    fixed = frozenset({'title', 'version', 'restores_version'})

    @abstractmethod
    def _decide(
        self, database: str, names: Sequence[str]
    ) -> Iterator[tuple[str, SkipReason | None, dict[str, Any]]]:
        """Yield why targets are skipped, and what is known of them."""

    def columns(self, target: Target) -> Mapping[str, str]:
        """Return what the plan shows of a file, by heading."""
        facts = target.decision.facts
        return {
            message('campaign-column-by'): ', '.join(facts.get('authors') or ()),
            message('campaign-column-restores'): ' '.join(
                filter(None, [facts.get('restores_time'), facts.get('restores_user')])
            ),
        }

    def apply(self, target: Target) -> Outcome:
        """Give one file its older version, if nobody has uploaded another since.

        :raises TokensPluginError: the wiki refused, or its answer was lost
        """
        facts = target.decision.facts
        database = split(target.name)[0]
        # The API has no parameter for the version that is expected to be the newest.
        versions = self._actor.versions(database, facts['title'])
        if not versions or list(versions[0].key) != facts['version']:
            return self._reconcile(target) or Outcome(
                State.FAILED,
                detail='changed since the plan, and skipped',
                reason_code=SkipReason.CHANGED_SINCE.name,
            )
        older = [v for v in versions if list(v.key) == facts['restores_version']]
        if not older or not older[0].archive_name:
            return Outcome(
                State.FAILED,
                detail='changed since the plan, and skipped: that version is gone',
                reason_code=SkipReason.CHANGED_SINCE.name,
            )
        site = self.wikis.site(database)
        parameters: dict[str, Any] = {
            'filename': facts['title'].partition(':')[2],
            'archivename': older[0].archive_name,
        }
        if self._reason:
            parameters['comment'] = self._reason
        try:
            answer = send_once(site, 'filerevert', parameters)
        except Blocked as error:
            return outcome_of_block(error)
        result = answer.get('result') if isinstance(answer, Mapping) else None
        if result == 'Failure':
            raise ApiRefusal('filerevert-failure', str(answer), str(site))
        if result != 'Success':
            raise AmbiguousWrite(f'{site} answered action=filerevert without a result.')
        return Outcome(State.DONE, changed=True)

    def _plan_wiki(
        self, database: str, names: Sequence[str], outside: SkipReason | None
    ) -> Iterator[Decision]:
        found = list(self._decide(database, names))
        is_wanted = outside is None and any(why is None for _, why, _ in found)
        refused, about = self._may_not(database, 'reupload', is_wanted=is_wanted)
        for name, skipped, facts in found:
            why = skipped or outside or refused
            yield Decision(
                name, skipped=why, facts={**about, **facts}, partition=database
            )

    def _reconcile(self, target: Target) -> Outcome | None:
        """Read whether the operator has given a file its older version."""
        facts = target.decision.facts
        wanted = facts['restores_version'][1]
        for version in self._actor.versions(split(target.name)[0], facts['title']):
            if list(version.key) == facts['version']:
                break
            moment = timestamp(version.time)
            if moment is None or version.sha1 != wanted:
                continue
            if target.may_have_written_at(moment, by=version.user):
                detail = f'version of {version.time}, found in the history'
                return Outcome(State.DONE, changed=True, detail=detail)
        return None


class RevertFiles(_Revert):
    """Give files back the last version that is not by the actor.

    .. version-added:: 0.1
    """

    kind = 'crosswiki_filerevert'

    def describe(self) -> str:
        """Return a word or two for what is done to a file."""
        return message('campaign-verb-revert-file')

    def _decide(
        self, database: str, names: Sequence[str]
    ) -> Iterator[tuple[str, SkipReason | None, dict[str, Any]]]:
        for name in names:
            title = split(name)[1]
            skipped, facts = self._judge(self._actor.versions(database, title))
            yield name, skipped, {'title': title, **facts}

    def _judge(
        self, versions: Sequence[FileFacts]
    ) -> tuple[SkipReason | None, dict[str, Any]]:
        names = self._actor.names
        theirs = [version for version in versions if version.user in names]
        # The page of the file was edited, or the file is not of this wiki.
        if not theirs:
            return SkipReason.ALREADY, {}
        newest = versions[0]
        facts: dict[str, Any] = {
            'authors': list(dict.fromkeys(str(version.user) for version in theirs)),
            'what': 'revert',
        }
        if newest.user not in names:
            return SkipReason.EDITED_SINCE, {**facts, 'changed_by': newest.user}
        if newest.time < self._period.since:
            return SkipReason.BEFORE_SINCE, facts
        if not self._period.has(newest.time):
            return SkipReason.AFTER_UNTIL, facts
        older = next((each for each in versions if each.user not in names), None)
        if older is None:
            return SkipReason.FOR_DELETION, {**facts, 'what': 'delete'}
        facts |= {
            'version': list(newest.key),
            'restores_version': list(older.key),
            'restores_time': older.time,
            'restores_user': older.user,
        }
        if older.sha1 is None:
            return SkipReason.TEXT_HIDDEN, facts
        return SkipReason.ALREADY if older.sha1 == newest.sha1 else None, facts


class UndoRevertFiles(UndoOnWikis, _Revert):
    """Give files back the versions that a campaign has reverted.

    .. version-added:: 0.1
    """

    kind = 'undo_crosswiki_filerevert'

    def describe(self) -> str:
        """Return a word or two for what is done to a file."""
        return message('campaign-verb-unrevert-page')

    def _decide(
        self, database: str, names: Sequence[str]
    ) -> Iterator[tuple[str, SkipReason | None, dict[str, Any]]]:
        for name, target in self._recorded(names).items():
            known = target.decision.facts
            versions = self._actor.versions(database, known['title'])
            facts = {**known, 'restores_version': known['version']}
            if not versions:
                yield name, SkipReason.NO_PAGE, facts
                continue
            newest = versions[0]
            facts['version'] = list(newest.key)
            if newest.sha1 == known['version'][1]:
                yield name, SkipReason.ALREADY, facts
            elif newest.sha1 != known['restores_version'][1]:
                facts['changed_by'] = newest.user
                yield name, SkipReason.CHANGED_SINCE, facts
            else:
                yield name, None, facts
