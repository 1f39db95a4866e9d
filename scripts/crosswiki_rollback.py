#!/usr/bin/env python3
"""Revert the latest edits of abusers on many wikis, with a plan and an undo.

All accounts and addresses that are named count as one: each page gets back its last
revision by none of them. A page that somebody else has edited since is shown and
skipped; a page that they have created is for deletion, by crosswiki_delete. Then
files that they have overwritten are reverted, and pages that they have moved are moved
back.

The script logs in to the central wiki of the farm, and acts on all others through that
login. Wikis are read without a login where they are public.

On a farm with wiki sets, wikis outside the set of -wikiset and your home wiki are
skipped, unless -wikis names them; what is to be done there is listed for their own
administrators.

&options;

.. version-added:: 0.1
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING, Any

from mw_tokens_plugin.cli.options import names_in_files
from mw_tokens_plugin.cli.script import CampaignScript, Kind, option
from mw_tokens_plugin.cli.table import number
from mw_tokens_plugin.cli.wikiscope import (
    STORED,
    not_wikis_option,
    scope_of,
    skip_wikis,
    stored_scope,
    wiki_set_option,
)
from mw_tokens_plugin.exceptions import InvalidInput
from mw_tokens_plugin.messages import message

if TYPE_CHECKING:
    from mw_tokens_plugin.actions.filerevert import RevertFiles, UndoRevertFiles
    from mw_tokens_plugin.actions.moveback import MoveBack, UndoMoveBack
    from mw_tokens_plugin.actions.pagerevert import RevertEdits
    from mw_tokens_plugin.actions.undorevert import UndoRevertEdits
    from mw_tokens_plugin.campaign.records import Campaign, Step, Target
    from mw_tokens_plugin.cli.declaration import Listing
    from mw_tokens_plugin.cli.run import Run
    from mw_tokens_plugin.protocol.globalaccounts import GlobalAccount
    from mw_tokens_plugin.targets.contributions import Actor
    from mw_tokens_plugin.targets.problems import WikiProblem
    from mw_tokens_plugin.targets.wikis import Wikis

#: The number of the namespace of files, on every wiki.
FILE_NAMESPACE = 6
#: How far back edits are reverted, where the operator says nothing.
_USUAL = timedelta(days=7)
#: Accounts that are older are hardly throwaway accounts.
_NEW_ACCOUNT = timedelta(days=30)
#: Accounts and addresses that one request asks for.
_MAX_NAMES = 50


def moment(text: str) -> timedelta | datetime:
    """Read how long ago it was, or when."""
    from mw_tokens_plugin.protocol.expiries import length_of
    from mw_tokens_plugin.protocol.fields import timestamp

    found = length_of(text) or timestamp(text.strip())
    if found is None:
        raise ValueError(
            'give how long ago it was, such as 12h, 7d or 2 weeks, or a moment in UTC, '
            'such as 2026-11-20 or 2026-11-20T08:00:00Z.'
        )
    return found


@dataclass(frozen=True, kw_only=True)
class Options(CampaignScript.Options):
    """What the command line asks for."""

    file: tuple[str, ...] = names_in_files()
    since: timedelta | datetime | None = option(
        'Revert only pages that they have edited since then: how long ago, or when. By '
        'default it is 7d, but for accounts over -max-edits, accounts older than 30 '
        'days and members of groups it has to be given.',
        value='TIME',
        read=moment,
        group='Targets',
    )
    until: timedelta | datetime | None = option(
        'Skip pages that they have edited later.',
        value='TIME',
        read=moment,
        group='Targets',
    )
    namespace: tuple[int, ...] = option(
        'Only pages of these namespaces, by their numbers.',
        value='A,B',
        read=number,
        separated=True,
        group='Targets',
    )
    wikis: tuple[str, ...] = option(
        'Only on these wikis: database names or codes. "all" is the same as leaving it '
        'out.',
        value='A,B',
        group='Targets',
        separated=True,
    )
    not_wikis: tuple[str, ...] = not_wikis_option()
    wikiset: str = wiki_set_option()
    markbot: bool = option(
        'Hide the reverts, and the edits reverted, from recent changes. Without the '
        'right to do so the wiki ignores it.',
        stored='markbot',
    )
    max_edits: int = option(
        'Require -since for accounts with more than N edits.',
        1000,
        value='N',
        read=number,
        group='Guards',
    )

    def check(self) -> None:
        """Refuse what does not go together."""
        if 'all' in self.wikis and len(self.wikis) > 1:
            raise InvalidInput('-wikis:all names all wikis: name no others with it.')


def wikis_of(run: Run[Options]) -> Wikis:
    """Return the wikis that can be reached."""
    from mw_tokens_plugin.targets.wikis import Wikis

    return Wikis(run.site)


def problems_of(run: Run[Options]) -> dict[str, WikiProblem | None]:
    """Return why wikis could not be read, by the targets that stand for them."""
    return {}


def actors(run: Run[Options]) -> dict[tuple[str, ...], Actor]:
    """Return who was read, so that listing and plan read each wiki once."""
    return {}


def actor_of(
    run: Run[Options], names: list[str], namespaces: list[int], since: str
) -> Actor:
    """Return who has made the edits."""
    from mw_tokens_plugin.targets.contributions import Actor

    known = run.shared(actors)
    key = tuple(names)
    if key not in known:
        known[key] = Actor(run.shared(wikis_of), names, namespaces, since)
    return known[key]


def named(run: Run[Options]) -> tuple[list[str], list[str]]:
    """Return the accounts and addresses that are named, and those that are protected.

    :raises InvalidInput: there are none, or too many
    """
    found = list(run.named())
    protected = set(run.lists.skipped(hidden=False))
    names = [name for name in found if name not in protected]
    if not names:
        raise InvalidInput('Nobody was named whose edits could be reverted.')
    if len(names) > _MAX_NAMES:
        raise InvalidInput(
            f'{len(names)} accounts and addresses were named; {_MAX_NAMES} at most are '
            'taken for one actor. Split the list.'
        )
    if ranges := [name for name in names if '/' in name and is_range(name)]:
        raise InvalidInput(f'{ranges[0]} is a range: give single addresses.')
    return names, [name for name in found if name in protected]


def is_range(name: str) -> bool:
    """Tell whether a name is a range of addresses."""
    from mw_tokens_plugin.protocol.names import AccountKind, kind_of

    return kind_of(name) is AccountKind.IP


def check_accounts(
    options: Options, accounts: list[GlobalAccount], now: datetime
) -> None:
    """Refuse accounts that may be those of regular users, unless -since is given.

    :raises InvalidInput: there is one
    """
    if options.since is not None:
        return
    for account in accounts:
        edits, begun = account.edit_count or 0, account.registration
        why = ''
        if edits > options.max_edits:
            why = f'has {edits:,} edits'
        elif account.groups or account.local_groups:
            why = 'is a member of groups'
        elif begun and now - begun.replace(tzinfo=None) > _NEW_ACCOUNT:
            why = f'was created on {begun:%Y-%m-%d}'
        if why:
            raise InvalidInput(
                f'{account.name} {why}: say how far back its edits are reverted, such '
                'as -since:7d.'
            )


def targets(run: Run[Options]) -> Listing:
    """List the pages that they have edited, on all wikis."""
    from mw_tokens_plugin.protocol.fields import as_timestamp

    options, wikis = run.options, run.shared(wikis_of)
    names, protected = named(run)
    scope = stored_scope(options, wikis)
    run.site.login()
    now = run.site.tokens.session.clock.now()

    def when(given: timedelta | datetime | None) -> str:
        if given is None:
            return ''
        return as_timestamp(now - given if isinstance(given, timedelta) else given)

    since, until = when(options.since or _USUAL), when(options.until)
    namespaces = list(options.namespace)
    # Otherwise pages that are left out for their age are shown.
    read_since = since if options.since is not None else ''
    actor = actor_of(run, names, namespaces, read_since)
    accounts = list(actor.accounts())
    check_accounts(options, accounts, now)

    def found() -> Iterator[Step]:
        where = [
            database
            for database in actor.edited_on(accounts)
            if database not in scope['not_wikis']
            and (not scope['wikis'] or database in scope['wikis'])
        ]
        yield from pages_on(run, actor, where)

    return CampaignScript.Listing(
        steps=found(),
        stored={
            'actors': names,
            'since': since,
            'until': until,
            'read_since': read_since,
            'namespaces': namespaces,
            **scope,
        },
        lines=[message('crosswiki_rollback-protected', name=n) for n in protected],
        counted=lambda number: message('crosswiki_rollback-pages', number=number),
        existing=lambda names: names,
    )


def pages_on(run: Run[Options], actor: Actor, databases: list[str]) -> Iterator[Step]:
    """Yield the pages that they have edited and moved, and wikis to be read later."""
    from mw_tokens_plugin.campaign.records import Step
    from mw_tokens_plugin.targets.pagenames import named, search_name
    from mw_tokens_plugin.targets.problems import problem_of

    problems = run.shared(problems_of)

    def read(database: str) -> list[Step]:
        moved = actor.moved(database)
        # What a move leaves behind is replaced when it is moved back.
        left = {page.origin for page in moved}
        pages = [
            title
            for title, page in actor.pages(database).items()
            if not (title in left and page.is_creation)
        ]
        return [
            *(Step(named(database, title), 'edits', 0) for title in pages),
            *(
                Step(named(database, title), 'files', 1)
                for title, page in actor.pages(database).items()
                if page.edits[0].namespace == FILE_NAMESPACE
            ),
            *(Step(named(database, page.title), 'moves', 2) for page in moved),
        ]

    for database, result in run.shared(wikis_of).search(databases, read):
        if isinstance(result, Exception):
            name = search_name(database, 'contributions', '')
            problem = problems[name] = problem_of(result)
            why = {'wiki': database, 'why': problem.words}
            line = message('crosswiki_rollback-unreachable', **why)
            run.reporter.line(line, urgent=True)
            yield Step(name, 'edits', 0)
            continue
        yield from result


def read_again(run: Run[Options], campaign: Campaign) -> Campaign:
    """List what is found on wikis that could not be read before."""
    from mw_tokens_plugin.campaign.records import State
    from mw_tokens_plugin.targets.pagenames import search_in, split

    campaign = skip_wikis(run, campaign, run.shared(wikis_of))
    sealer, problems = run.sealer(campaign), run.shared(problems_of)
    listed = run.ledger.targets(campaign, State.LISTED)
    names = [t.name for t in listed if search_in(t.name) and sealer.vouched(t)]
    if not names:
        return campaign
    sealer.begin()
    problems.update(dict.fromkeys(names))
    pages = pages_on(run, actor_in(run, campaign), [split(n)[0] for n in names])
    # Those that still cannot be read are listed already.
    new = (step for step in pages if step.name not in names)
    sealer.count(run.ledger.add(campaign, new, sealer.listed))
    return campaign


def actor_in(run: Run[Options], campaign: Campaign) -> Actor:
    """Return whose edits a campaign reverts."""
    stored = campaign.options
    return actor_of(run, stored['actors'], stored['namespaces'], stored['read_since'])


def _limits(run: Run[Options], campaign: Campaign) -> dict[str, Any]:
    """Return what the three steps are told alike: why, since when, and where."""
    from mw_tokens_plugin.targets.contributions import Period

    stored = run.stored(campaign)
    return {
        'reason': campaign.reason,
        'period': Period(stored['since'], stored['until']),
        'scope': scope_of(campaign, run.shared(wikis_of)),
        'named': frozenset(stored['wikis']),
        'not_wikis': frozenset(stored['not_wikis']),
        'again': run.is_started(campaign),
    }


def revert(run: Run[Options], campaign: Campaign, step: str) -> RevertEdits:
    """Return what a campaign does to pages that were edited."""
    from mw_tokens_plugin.actions.pagerevert import RevertEdits

    again = run.is_started(campaign)

    def recorded(names: Sequence[str]) -> dict[str, Target]:
        return run.ledger.named(campaign, names, step) if again else {}

    return RevertEdits(
        actor_in(run, campaign),
        mark_bot=run.stored(campaign)['markbot'],
        problems=run.shared(problems_of),
        recorded=recorded,
        **_limits(run, campaign),
    )


def revert_files(run: Run[Options], campaign: Campaign, step: str) -> RevertFiles:
    """Return what a campaign does to files that were overwritten."""
    from mw_tokens_plugin.actions.filerevert import RevertFiles

    return RevertFiles(actor_in(run, campaign), **_limits(run, campaign))


def move_back(run: Run[Options], campaign: Campaign, step: str) -> MoveBack:
    """Return what a campaign does to pages that were moved."""
    from mw_tokens_plugin.actions.moveback import MoveBack

    return MoveBack(actor_in(run, campaign), **_limits(run, campaign))


def _undone(run: Run[Options], campaign: Campaign, step: str) -> dict[str, Any]:
    """Return what the undos of the three steps are told alike."""
    _, recorded = run.undone(campaign)
    return {
        'reason': campaign.reason,
        'recorded': partial(recorded, kind=step),
        'again': run.is_started(campaign),
        'not_wikis': frozenset(campaign.options.get('not_wikis', ())),
    }


def undo_revert(run: Run[Options], campaign: Campaign, step: str) -> UndoRevertEdits:
    """Return what restores pages that a campaign has reverted."""
    from mw_tokens_plugin.actions.undorevert import UndoRevertEdits

    return UndoRevertEdits(
        actor_of(run, [], [], ''),
        mark_bot=run.stored(campaign)['markbot'],
        **_undone(run, campaign, step),
    )


def undo_files(run: Run[Options], campaign: Campaign, step: str) -> UndoRevertFiles:
    """Return what gives files back the versions that a campaign has reverted."""
    from mw_tokens_plugin.actions.filerevert import UndoRevertFiles

    return UndoRevertFiles(actor_of(run, [], [], ''), **_undone(run, campaign, step))


def undo_move_back(run: Run[Options], campaign: Campaign, step: str) -> UndoMoveBack:
    """Return what moves pages again that a campaign has moved back."""
    from mw_tokens_plugin.actions.moveback import UndoMoveBack

    return UndoMoveBack(actor_of(run, [], [], ''), **_undone(run, campaign, step))


def skip_in_undo(run: Run[Options], campaign: Campaign) -> Campaign:
    """Skip for good what is still to do on the wikis of ``-not-wikis``."""
    return skip_wikis(run, campaign, run.shared(wikis_of))


SCRIPT = CampaignScript(
    'crosswiki_rollback',
    Options,
    targets,
    {
        'crosswiki_rollback': Kind(
            {'edits': revert, 'files': revert_files, 'moves': move_back},
            module='rollback',
            rights={'rollback': 'rollback'},
            by_wiki=True,
            skips_listed=True,
            undo='undo_crosswiki_rollback',
            before=read_again,
            stored={
                'actors': [str],
                'since': str,
                'until': str,
                'read_since': str,
                'namespaces': [int],
                **STORED,
            },
        ),
        'undo_crosswiki_rollback': Kind(
            {'edits': undo_revert, 'files': undo_files, 'moves': undo_move_back},
            module='edit',
            rights={'edit': 'editpage'},
            by_wiki=True,
            before=skip_in_undo,
            stored={'not_wikis?': [str]},
        ),
    },
    noun='account',
    opposite='pwb crosswiki_rollback -undo:CAMPAIGN',
)
main = SCRIPT.main

if __name__ == '__main__':
    sys.exit(main())
