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
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from mw_tokens_plugin.cli.abusers import (
    STORED_ACTOR,
    STORED_UNDO,
    AbuserOptions,
    actor_in,
    limits,
    list_deeds,
    namespace_option,
    nobody,
    read_again,
    skip_in_undo,
    undo_limits,
)
from mw_tokens_plugin.cli.script import CampaignScript, Kind, option
from mw_tokens_plugin.messages import message

if TYPE_CHECKING:
    from mw_tokens_plugin.actions.filerevert import RevertFiles, UndoRevertFiles
    from mw_tokens_plugin.actions.hiderevisions import HideReverted, UndoHideReverted
    from mw_tokens_plugin.actions.moveback import MoveBack, UndoMoveBack
    from mw_tokens_plugin.actions.pagerevert import RevertEdits
    from mw_tokens_plugin.actions.undorevert import UndoRevertEdits
    from mw_tokens_plugin.campaign.records import Campaign, Step, Target
    from mw_tokens_plugin.cli.declaration import Listing
    from mw_tokens_plugin.cli.run import Run
    from mw_tokens_plugin.targets.contributions import Actor

#: The number of the namespace of files, on every wiki.
FILE_NAMESPACE = 6
#: What of a revision can be hidden.
_PARTS = ('content', 'comment', 'user')


def part(text: str) -> str:
    """Read what of a revision is hidden."""
    if text not in _PARTS:
        raise ValueError(f'give some of {", ".join(_PARTS)}.')
    return text


@dataclass(frozen=True, kw_only=True)
class Options(AbuserOptions):
    """What the command line asks for."""

    namespace: tuple[int, ...] = namespace_option()
    markbot: bool = option(
        'Hide the reverts, and the edits reverted, from recent changes. Without the '
        'right to do so the wiki ignores it.',
        stored='markbot',
    )
    revdel: tuple[str, ...] = option(
        'Then hide this of what was reverted from all but administrators: content, '
        'comment and user, or some of them. Nothing is suppressed.',
        value='A,B',
        read=part,
        separated=True,
        stored='revdel',
        rights={'deleterevision': 'delete'},
    )


def targets(run: Run[Options]) -> Listing:
    """List the pages that they have edited, on all wikis."""
    return list_deeds(
        run,
        partial(pages_on, hides=bool(run.options.revdel)),
        lambda number: message('crosswiki_rollback-pages', number=number),
    )


def search_again(run: Run[Options], campaign: Campaign) -> Campaign:
    """List what is found on wikis that could not be read before."""
    hides = bool(run.stored(campaign)['revdel'])
    return read_again(run, campaign, partial(pages_on, hides=hides))


def pages_on(actor: Actor, database: str, *, hides: bool) -> list[Step]:
    """Return the pages of a wiki that they have edited, overwritten and moved.

    :param hides: whether what is reverted is hidden afterwards
    """
    from mw_tokens_plugin.campaign.records import Step
    from mw_tokens_plugin.targets.pagenames import named

    moved = actor.moved(database)
    # What a move leaves behind is replaced when it is moved back.
    left = {page.origin for page in moved}
    pages = {
        title: page
        for title, page in actor.pages(database).items()
        if not (title in left and page.is_creation)
    }
    return [
        *(Step(named(database, title), 'edits', 0) for title in pages),
        *(
            Step(named(database, title), 'files', 1)
            for title, page in actor.pages(database).items()
            if page.edits[0].namespace == FILE_NAMESPACE
        ),
        *(Step(named(database, page.title), 'moves', 2) for page in moved),
        *(Step(named(database, title), 'revdel', 3) for title in pages if hides),
    ]


def revert(run: Run[Options], campaign: Campaign, step: str) -> RevertEdits:
    """Return what a campaign does to pages that were edited."""
    from mw_tokens_plugin.actions.pagerevert import RevertEdits

    return RevertEdits(
        actor_in(run, campaign),
        mark_bot=run.stored(campaign)['markbot'],
        hidden=campaign.options.get('hidden_actors') or (),
        **limits(run, campaign, step),
    )


def revert_files(run: Run[Options], campaign: Campaign, step: str) -> RevertFiles:
    """Return what a campaign does to files that were overwritten."""
    from mw_tokens_plugin.actions.filerevert import RevertFiles

    return RevertFiles(actor_in(run, campaign), **limits(run, campaign, step))


def move_back(run: Run[Options], campaign: Campaign, step: str) -> MoveBack:
    """Return what a campaign does to pages that were moved."""
    from mw_tokens_plugin.actions.moveback import MoveBack

    return MoveBack(actor_in(run, campaign), **limits(run, campaign, step))


def hide(run: Run[Options], campaign: Campaign, step: str) -> HideReverted:
    """Return what a campaign does to edits that it has reverted."""
    from mw_tokens_plugin.actions.hiderevisions import HideReverted

    def reverted(names: Sequence[str]) -> dict[str, Target]:
        return run.ledger.named(campaign, names, 'edits')

    return HideReverted(
        actor_in(run, campaign),
        what=run.stored(campaign)['revdel'],
        reverted=reverted,
        **limits(run, campaign, step),
    )


def undo_revert(run: Run[Options], campaign: Campaign, step: str) -> UndoRevertEdits:
    """Return what restores pages that a campaign has reverted."""
    from mw_tokens_plugin.actions.undorevert import UndoRevertEdits

    mark_bot = run.stored(campaign)['markbot']
    undone, _ = run.undone(campaign)

    def shown(names: Sequence[str]) -> dict[str, Target]:
        found = run.ledger.named(undone, names, 'revdel')
        return {name: target for name, target in found.items() if target.changed}

    return UndoRevertEdits(
        nobody(run),
        mark_bot=mark_bot,
        abusers=undone.options.get('actors') or (),
        shown=shown,
        **undo_limits(run, campaign, step),
    )


def undo_files(run: Run[Options], campaign: Campaign, step: str) -> UndoRevertFiles:
    """Return what gives files back the versions that a campaign has reverted."""
    from mw_tokens_plugin.actions.filerevert import UndoRevertFiles

    return UndoRevertFiles(nobody(run), **undo_limits(run, campaign, step))


def undo_move_back(run: Run[Options], campaign: Campaign, step: str) -> UndoMoveBack:
    """Return what moves pages again that a campaign has moved back."""
    from mw_tokens_plugin.actions.moveback import UndoMoveBack

    return UndoMoveBack(nobody(run), **undo_limits(run, campaign, step))


def show(run: Run[Options], campaign: Campaign, step: str) -> UndoHideReverted:
    """Return what shows edits that a campaign has hidden."""
    from mw_tokens_plugin.actions.hiderevisions import UndoHideReverted

    return UndoHideReverted(nobody(run), **undo_limits(run, campaign, step))


SCRIPT = CampaignScript(
    'crosswiki_rollback',
    Options,
    targets,
    {
        'crosswiki_rollback': Kind(
            {
                'edits': revert,
                'files': revert_files,
                'moves': move_back,
                'revdel': hide,
            },
            module='rollback',
            rights={'rollback': 'rollback'},
            by_wiki=True,
            skips_listed=True,
            undo='undo_crosswiki_rollback',
            before=search_again,
            stored=STORED_ACTOR,
        ),
        'undo_crosswiki_rollback': Kind(
            {
                'edits': undo_revert,
                'files': undo_files,
                'moves': undo_move_back,
                'revdel': show,
            },
            module='edit',
            rights={'edit': 'editpage'},
            by_wiki=True,
            before=skip_in_undo,
            stored=STORED_UNDO,
        ),
    },
    noun='account',
    opposite='pwb crosswiki_rollback -undo:CAMPAIGN',
)
main = SCRIPT.main

if __name__ == '__main__':
    sys.exit(main())
