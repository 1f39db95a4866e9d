"""What is done about the deeds of abusers: the actions of campaigns on many wikis.

Each function makes one action of what the ledger has of a campaign, or lists its
targets on one wiki. Scripts put them together, alone or as steps; the options that they
share are in :mod:`.abusers`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from mw_tokens_plugin.cli.abusers import (
    actor_in,
    limits,
    nobody,
    reason_of,
    undo_limits,
)

if TYPE_CHECKING:
    from mw_tokens_plugin.actions.filerevert import RevertFiles, UndoRevertFiles
    from mw_tokens_plugin.actions.hiderevisions import HideReverted, UndoHideReverted
    from mw_tokens_plugin.actions.moveback import MoveBack, UndoMoveBack
    from mw_tokens_plugin.actions.pagerevert import RevertEdits
    from mw_tokens_plugin.actions.undorevert import UndoRevertEdits
    from mw_tokens_plugin.actions.wikiblock import (
        BlockOnWikis,
        ReadAccounts,
        UndoBlockOnWikis,
    )
    from mw_tokens_plugin.campaign.records import Campaign, Step, Target
    from mw_tokens_plugin.cli.run import Run
    from mw_tokens_plugin.targets.contributions import Actor, EditedPage, MovedPage

#: The number of the namespace of files, on every wiki.
_FILE_NAMESPACE = 6
#: What of a revision can be hidden.
_PARTS = ('content', 'comment', 'user')


def part(text: str) -> str:
    """Read what of a revision is hidden."""
    if text not in _PARTS:
        raise ValueError(f'give some of {", ".join(_PARTS)}.')
    return text


def pages_on(actor: Actor, database: str, *, hides: bool) -> list[Step]:
    """Return the pages of a wiki that they have edited, overwritten and moved.

    :param hides: whether what is reverted is hidden afterwards
    """
    from mw_tokens_plugin.campaign.records import Step
    from mw_tokens_plugin.targets.pagenames import named

    moved = actor.moved(database)
    pages = without_redirects(actor.pages(database), moved)
    return [
        *(Step(named(database, title), 'edits', 0) for title in pages),
        *(
            Step(named(database, title), 'files', 1)
            for title in files_among(actor.pages(database))
        ),
        *(Step(named(database, page.title), 'moves', 2) for page in moved),
        *(Step(named(database, title), 'revdel', 3) for title in pages if hides),
    ]


def without_redirects(
    pages: Mapping[str, EditedPage], moved: Iterable[MovedPage]
) -> dict[str, EditedPage]:
    """Return pages without what moves have left behind.

    That is replaced when the pages are moved back.
    """
    left = {page.origin for page in moved}
    return {
        title: page
        for title, page in pages.items()
        if not (title in left and page.is_creation)
    }


def files_among(pages: Mapping[str, EditedPage]) -> list[str]:
    """Return the titles of files among pages."""
    return [
        title
        for title, page in pages.items()
        if page.edits[0].namespace == _FILE_NAMESPACE
    ]


def revert(run: Run[Any], campaign: Campaign, step: str) -> RevertEdits:
    """Return what a campaign does to pages that were edited."""
    from mw_tokens_plugin.actions.pagerevert import RevertEdits

    return RevertEdits(
        actor_in(run, campaign),
        mark_bot=run.stored(campaign)['markbot'],
        hidden=campaign.options.get('hidden_actors') or (),
        **limits(run, campaign, step),
    )


def revert_files(run: Run[Any], campaign: Campaign, step: str) -> RevertFiles:
    """Return what a campaign does to files that were overwritten."""
    from mw_tokens_plugin.actions.filerevert import RevertFiles

    return RevertFiles(actor_in(run, campaign), **limits(run, campaign, step))


def move_back(run: Run[Any], campaign: Campaign, step: str) -> MoveBack:
    """Return what a campaign does to pages that were moved."""
    from mw_tokens_plugin.actions.moveback import MoveBack

    return MoveBack(actor_in(run, campaign), **limits(run, campaign, step))


def hide(run: Run[Any], campaign: Campaign, step: str) -> HideReverted:
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


def undo_revert(run: Run[Any], campaign: Campaign, step: str) -> UndoRevertEdits:
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


def undo_files(run: Run[Any], campaign: Campaign, step: str) -> UndoRevertFiles:
    """Return what gives files back the versions that a campaign has reverted."""
    from mw_tokens_plugin.actions.filerevert import UndoRevertFiles

    return UndoRevertFiles(nobody(run), **undo_limits(run, campaign, step))


def undo_move_back(run: Run[Any], campaign: Campaign, step: str) -> UndoMoveBack:
    """Return what moves pages again that a campaign has moved back."""
    from mw_tokens_plugin.actions.moveback import UndoMoveBack

    return UndoMoveBack(nobody(run), **undo_limits(run, campaign, step))


def show(run: Run[Any], campaign: Campaign, step: str) -> UndoHideReverted:
    """Return what shows edits that a campaign has hidden."""
    from mw_tokens_plugin.actions.hiderevisions import UndoHideReverted

    return UndoHideReverted(nobody(run), **undo_limits(run, campaign, step))


def users_on(actor: Actor, database: str) -> list[Step]:
    """Return who of them has edited a wiki."""
    from mw_tokens_plugin.actions.wikiblock import USER
    from mw_tokens_plugin.campaign.records import Step
    from mw_tokens_plugin.targets.pagenames import named

    pages = actor.pages(database).values()
    users = {edit.user for page in pages for edit in page.edits}
    return [Step(named(database, f'{USER}{user}')) for user in sorted(users)]


def block(run: Run[Any], campaign: Campaign, step: str = '') -> BlockOnWikis:
    """Return what a campaign does."""
    from mw_tokens_plugin.actions.addressguards import AddressGuards
    from mw_tokens_plugin.actions.wikiblock import BlockOnWikis, WantedBlock

    stored = run.stored(campaign)
    excluded = [*(stored.get('excluded') or ()), *run.standing()]
    wanted = WantedBlock(
        stored['expiry'],
        anon_only=not stored['hardblock'],
        block_talk=stored['no_talk'],
        beside=bool(stored.get('newblock')),
        ignored_groups=frozenset(stored['ignored_groups']),
        addresses=AddressGuards.of(excluded, ()),
    )
    return BlockOnWikis(
        actor_in(run, campaign),
        wanted=wanted,
        accounts=account_reader(run),
        hidden=campaign.options.get('hidden_actors') or (),
        **limits(run, campaign, step),
    )


def account_reader(run: Run[Any]) -> ReadAccounts:
    """Return what reads global accounts by their names."""
    from mw_tokens_plugin.targets.accounts import read_accounts

    return lambda names: read_accounts(run.site, names, run.site.global_accounts)


def unblock(run: Run[Any], campaign: Campaign, step: str = '') -> UndoBlockOnWikis:
    """Return what lifts the blocks that a campaign has made."""
    from mw_tokens_plugin.actions.wikiblock import UndoBlockOnWikis

    undone, _ = run.undone(campaign)
    return UndoBlockOnWikis(
        nobody(run),
        accounts=account_reader(run),
        hidden=campaign.options.get('hidden_actors') or (),
        undone=replace(undone, reason=reason_of(undone, step)),
        block_talk=run.stored(undone)['no_talk'],
        **undo_limits(run, campaign, step),
    )
