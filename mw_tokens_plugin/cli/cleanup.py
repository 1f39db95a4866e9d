"""Undoing all that abusers did, as one campaign: its targets, and its steps as actions.

It puts together what the scripts for single steps do. What a step does is left to its
action, and the options are in the script.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from itertools import chain
from typing import TYPE_CHECKING, Any

from mw_tokens_plugin.cli.abusers import (
    actor_in,
    limits,
    list_deeds,
    named,
    read_again,
    reason_of,
    undo_limits,
)
from mw_tokens_plugin.cli.abusersteps import (
    block,
    files_among,
    hide,
    move_back,
    revert,
    revert_files,
    show,
    unblock,
    undo_files,
    undo_move_back,
    undo_revert,
    users_on,
    without_redirects,
)
from mw_tokens_plugin.cli.hardness import check_said, how_hard
from mw_tokens_plugin.cli.recorded import wikis_of
from mw_tokens_plugin.exceptions import InvalidInput, StoppedByGuard
from mw_tokens_plugin.messages import message
from mw_tokens_plugin.protocol.names import AccountKind, kind_of

if TYPE_CHECKING:
    from mw_tokens_plugin.actions.cleanup import (
        BlockAbusers,
        ByWiki,
        Cleanup,
        DeleteCreated,
        LockAbusers,
    )
    from mw_tokens_plugin.actions.pagerestore import UndoCrosswikiDelete
    from mw_tokens_plugin.actions.undoblock import UndoGlobalBlock
    from mw_tokens_plugin.actions.undolock import UndoGlobalLock
    from mw_tokens_plugin.campaign.action import Action
    from mw_tokens_plugin.campaign.records import Campaign, Step
    from mw_tokens_plugin.cli.declaration import Listing
    from mw_tokens_plugin.cli.run import Run
    from mw_tokens_plugin.targets.contributions import Actor, EditedPage, MovedPage

#: The kinds of targets for each step of ``-steps``.
STEPS = {
    'lock': ('lock',),
    'block': ('globalblock',),
    'localblock': ('localblock',),
    'rollback': ('edits', 'files', 'moves'),
    'delete': ('delete',),
    'revdel': ('revdel',),
}
#: What is done where nothing else is asked for.
USUAL_STEPS = ('lock', 'rollback', 'delete')
#: The kinds of targets in the order in which they are written.
KINDS = tuple(kind for kinds in STEPS.values() for kind in kinds)
#: Those of single wikis, for which contributions are read.
_ON_WIKIS = KINDS[2:]
#: The most that an undo could restore of a page.
_MAX_REVISIONS = 50
#: Where requests to stewards are made, by default.
REQUEST_PAGE = 'Steward requests/Global'


def step_name(text: str) -> str:
    """Read what is done."""
    if text not in STEPS:
        raise ValueError(f'give some of {", ".join(STEPS)}.')
    return text


def targets(run: Run[Any]) -> Listing:
    """List what the accounts and addresses are stopped by, and what they have done."""
    if run.options.again is not None:
        again(run)
    run.options.check_steps()
    options = run.options
    names, _ = run.shared(named)
    kinds = _kinds(chosen(options))
    stopped = list(_stops(run, names, kinds))
    listing = list_deeds(
        run,
        partial(steps_on, kinds=kinds),
        lambda number: message('crosswiki_cleanup-steps', number=number),
    )
    deeds = listing.steps if kinds.intersection(_ON_WIKIS) else ()
    stored = {
        **listing.stored,
        'step_reasons': {
            kind: text for step, text in options.reasons for kind in STEPS[step]
        },
        'hardblock': bool(how_hard(options)),
        'anononly': not how_hard(options),
    }
    if options.again is not None:
        stored['untrusted'] = run.shared(_is_foreign)
    return replace(listing, steps=chain(stopped, deeds), stored=stored)


def chosen(options: Any) -> Sequence[str]:
    """Return the steps that are taken."""
    return options.steps or USUAL_STEPS


def _kinds(steps: Iterable[str]) -> set[str]:
    """Return the kinds of targets that steps have."""
    return {kind for step in steps for kind in STEPS[step]}


def again(run: Run[Any]) -> None:
    """Take over what an earlier campaign was about, where no option says otherwise.

    :raises InvalidInput: it is not there, or was none of this kind
    :raises StoppedByGuard: others may have changed it, and nobody would look
    """
    from pywikibot import config

    from mw_tokens_plugin.cli.ledgers import found
    from mw_tokens_plugin.cli.storedoptions import check_options
    from mw_tokens_plugin.cli.table import table
    from mw_tokens_plugin.protocol.fields import timestamp

    options = run.options
    earlier = found(run.ledger, options.again)
    if earlier.action != run.kind:
        raise InvalidInput(
            f'-again:{earlier.name}: this is a campaign of {earlier.action}; give one '
            f'of {run.kind}.'
        )
    check_options(run.kinds[run.kind], type(options), earlier)
    if run.shared(_is_foreign) and options.always and not config.simulate:
        raise StoppedByGuard(
            f'{earlier.name!r} was not recorded with your key by this account, so '
            '-again never runs on -always alone: give -simulate, look at the plan, and '
            'run it with -resume -always. At a terminal, leave -always out.'
        )
    stored, given = run.stored(earlier), options.given
    values: dict[str, Any] = {
        field.name: stored[about.stored]
        for field, about in table(type(options)).values()
        if about.stored in stored
    }
    values |= {
        'wikis': stored['wikis'],
        'not_wikis': stored['not_wikis'],
        'wikiset': stored['wiki_set'],
        'namespace': stored['namespaces'],
        'since': timestamp(stored['since']),
        'reason': earlier.reason,
    }
    values = {
        name: tuple(value) if isinstance(value, list) else value
        for name, value in values.items()
        if name not in given
    }
    reasons = dict(options.reasons)
    for step, kinds in STEPS.items():
        if step not in reasons and kinds[0] in stored['step_reasons']:
            reasons[step] = stored['step_reasons'][kinds[0]]
    before = dict.fromkeys([*_present(run, earlier), *options.usercontribs])
    values |= {'usercontribs': tuple(before), 'reasons': tuple(reasons.items())}
    run.options = replace(options, **values)


def _present(run: Run[Any], earlier: Campaign) -> list[str]:
    """Return what the accounts and addresses of a campaign are called now.

    What is gone is counted, not named: it may be hidden.
    """
    from mw_tokens_plugin.targets.accounts import read_accounts

    actors = earlier.options['actors']
    asked = [name for name in actors if kind_of(name) is AccountKind.ACCOUNT]
    site, locked = run.site, run.ledger.named(earlier, asked, 'lock')
    names = [name for name in actors if name not in asked]
    gone: list[int] = []
    number = 0
    for name, account in read_accounts(site, asked, site.global_accounts):
        if isinstance(account, Exception) or account.exists:
            names.append(name)
        elif name in locked and (central_id := locked[name].decision.central_id):
            gone.append(central_id)
        else:
            number += 1
    for _, account in read_accounts(site, gone, site.global_accounts_by_id):
        if isinstance(account, Exception) or not account.exists:
            number += 1
        else:
            names.append(account.name)
    if number:
        run.reporter.say('crosswiki_cleanup-gone', number=number, name=earlier.name)
    return names


def _is_foreign(run: Run[Any]) -> bool:
    """Tell whether others may have written the campaign that is taken up again."""
    from mw_tokens_plugin.cli.ledgers import found

    sealer = run.sealer(found(run.ledger, run.options.again))
    # All are read: only then it is known what is compared.
    foreign = [target for target, is_own in sealer.judged() if not is_own]
    return bool(foreign) or sealer.compared().is_other


def _stops(run: Run[Any], names: Sequence[str], kinds: set[str]) -> Iterator[Step]:
    """Yield by what accounts and addresses are stopped on all wikis.

    :param kinds: the kinds of targets that are wanted
    :raises InvalidInput: it is not said how to block those that cannot be locked
    """
    from mw_tokens_plugin.campaign.records import Step

    options = run.options
    kind_by_name = {name: kind_of(name) for name in names}
    temporary = AccountKind.TEMPORARY in kind_by_name.values()
    has_addresses = AccountKind.IP in kind_by_name.values()
    if temporary and 'lock' in kinds and options.expiry is None:
        raise InvalidInput(
            'Temporary accounts cannot be locked: give -expiry:TIME to block them '
            'globally, or -steps: without lock.'
        )
    if has_addresses and kinds & {'globalblock', 'localblock'}:
        check_said(how_hard(options), 'among the names')
    blocks = 'globalblock' in kinds
    for name, kind in kind_by_name.items():
        if kind is AccountKind.ACCOUNT:
            if 'lock' in kinds:
                yield Step(name, 'lock', KINDS.index('lock'))
        elif blocks or (kind is AccountKind.TEMPORARY and 'lock' in kinds):
            yield Step(name, 'globalblock', KINDS.index('globalblock'))


def steps_on(actor: Actor, database: str, *, kinds: Collection[str]) -> list[Step]:
    """Return what is done on one wiki about what they have done there.

    What they have created is deleted, and all else is given back what it was.
    """
    from mw_tokens_plugin.campaign.records import Step
    from mw_tokens_plugin.targets.pagenames import named

    pages = actor.pages(database)
    created, edited, moved = _sorted_out(pages, actor.moved(database))
    found = {
        'edits': list(edited),
        'files': files_among(edited),
        'moves': [page.title for page in moved],
        'delete': list(created),
        'revdel': list(edited),
    }
    steps = [
        Step(named(database, title), kind, KINDS.index(kind))
        for kind, titles in found.items()
        if kind in kinds
        for title in titles
    ]
    if 'localblock' in kinds:
        stage = KINDS.index('localblock')
        users = users_on(actor, database)
        steps += [Step(each.name, 'localblock', stage) for each in users]
    return steps


def _sorted_out(
    pages: Mapping[str, EditedPage], moved: Sequence[MovedPage]
) -> tuple[dict[str, EditedPage], dict[str, EditedPage], list[MovedPage]]:
    """Return the pages that they have created, have only edited, and have moved.

    A redirect that a move has left is replaced when the page is moved back.
    """
    created = {
        title: page for title, page in pages.items() if not page.latest_run()[-1].parent
    }
    ids = {page.page_id for page in created.values()}
    back = [page for page in moved if page.page_id not in ids]
    pages = without_redirects(pages, back)
    created = {title: page for title, page in created.items() if title in pages}
    edited = {title: page for title, page in pages.items() if title not in created}
    return created, edited, back


def search_again(run: Run[Any], campaign: Campaign) -> Campaign:
    """List what is found on wikis that could not be read before."""
    kinds = _kinds(run.stored(campaign)['steps'] or USUAL_STEPS)
    return read_again(run, campaign, partial(steps_on, kinds=kinds))


def lock(run: Run[Any], campaign: Campaign, step: str) -> LockAbusers:
    """Return what a campaign does to accounts."""
    from mw_tokens_plugin.actions.cleanup import LockAbusers

    reason = reason_of(campaign, step)
    return LockAbusers(run.site, reason=reason, guards=_guards(run, campaign))


def _guards(run: Run[Any], campaign: Campaign) -> Any:
    from mw_tokens_plugin.actions.globallock import Guards
    from mw_tokens_plugin.cli.accounts import account_guards

    return Guards(**account_guards(run, campaign))


def block_globally(run: Run[Any], campaign: Campaign, step: str) -> BlockAbusers:
    """Return what a campaign does to temporary accounts and addresses."""
    from mw_tokens_plugin.actions.addressguards import AddressGuards
    from mw_tokens_plugin.actions.blockplan import Wanted
    from mw_tokens_plugin.actions.cleanup import BlockAbusers

    stored, guards = run.stored(campaign), _guards(run, campaign)
    return BlockAbusers(
        run.site,
        reason=reason_of(campaign, step),
        wanted=Wanted(stored['expiry'], anon_only=not stored['hardblock']),
        guards=guards,
        addresses=AddressGuards.of(guards.excluded, ()),
        hidden_names=campaign.options.get('hidden_actors') or (),
    )


def delete(run: Run[Any], campaign: Campaign, step: str) -> DeleteCreated:
    """Return what a campaign does to pages that they have created."""
    from mw_tokens_plugin.actions.cleanup import DeleteCreated
    from mw_tokens_plugin.actions.pagedelete import PageGuards

    shared, actor = limits(run, campaign, step), actor_in(run, campaign)
    guards = PageGuards(
        max_authors=len(actor.names),
        max_revisions=_MAX_REVISIONS,
        begun_by=frozenset(actor.names),
        only_author=True,
        wikis=shared['named'],
        not_wikis=shared['not_wikis'],
    )
    return DeleteCreated(
        actor,
        period=shared['period'],
        reason=shared['reason'],
        guards=guards,
        scope=shared['scope'],
        again=shared['again'],
        recorded=shared['earlier'],
    )


def undo_lock(run: Run[Any], campaign: Campaign, step: str) -> UndoGlobalLock:
    """Return what unlocks accounts that a campaign has locked."""
    from mw_tokens_plugin.actions.undolock import UndoGlobalLock

    undone, recorded = run.undone(campaign)
    return UndoGlobalLock(
        run.site,
        reason=campaign.reason,
        operator=run.site.username() or '',
        undone=replace(undone, reason=reason_of(undone, step)),
        recorded=partial(recorded, kind=step),
    )


def unblock_globally(run: Run[Any], campaign: Campaign, step: str) -> UndoGlobalBlock:
    """Return what lifts the global blocks that a campaign has made."""
    from mw_tokens_plugin.actions.undoblock import UndoGlobalBlock

    undone, recorded = run.undone(campaign)
    return UndoGlobalBlock(
        run.site,
        reason=campaign.reason,
        undone=replace(undone, reason=reason_of(undone, step)),
        recorded=partial(recorded, kind=step),
    )


def restore(run: Run[Any], campaign: Campaign, step: str) -> UndoCrosswikiDelete:
    """Return what restores pages that a campaign has deleted."""
    from mw_tokens_plugin.actions.pagerestore import UndoCrosswikiDelete

    return UndoCrosswikiDelete(run.shared(wikis_of), **undo_limits(run, campaign, step))


def composed(
    run: Run[Any], campaign: Campaign, actions: Mapping[str, Action]
) -> Cleanup:
    """Return what a campaign does in all."""
    from mw_tokens_plugin.actions.cleanup import Cleanup, Handover

    stored = run.stored(campaign)
    hidden = stored.get('hidden_actors') or ()
    return Cleanup(
        actions,
        _taken(stored),
        Handover(
            run.shared(wikis_of),
            [name for name in stored['actors'] if name not in hidden],
            reason_of(campaign, 'lock'),
            reason_of(campaign, 'delete'),
            partial(_requested, run, stored['request_page']),
        ),
    )


def composed_undo(
    run: Run[Any], campaign: Campaign, actions: Mapping[str, Action]
) -> ByWiki:
    """Return what an undo does in all."""
    from mw_tokens_plugin.actions.cleanup import ByWiki

    undone, _ = run.undone(campaign)
    return ByWiki(actions, _taken(run.stored(undone)))


def _taken(stored: Mapping[str, Any]) -> set[str]:
    """Return the kinds of targets of the steps that a campaign takes."""
    kinds = _kinds(stored['steps'] or USUAL_STEPS)
    return kinds | ({'globalblock'} if stored['expiry'] and 'lock' in kinds else set())


def _requested(
    run: Run[Any], title: str, names: Collection[str]
) -> tuple[str, set[str]]:
    """Return the title of a page, and which names stand in open requests there."""
    from mw_tokens_plugin.targets.requests import read_page

    text = run.site.edit_context(title, text=True).text
    if text is None:
        return title, set()
    page = read_page(run.site, text)
    open_names = {n for r in page.requests if not r.is_closed for n in r.names}
    return title, open_names.intersection(names)


#: The makers of the actions, by the kinds of targets.
ACTIONS: dict[str, Callable[..., Action]] = {
    'lock': lock,
    'globalblock': block_globally,
    'localblock': block,
    'edits': revert,
    'files': revert_files,
    'moves': move_back,
    'delete': delete,
    'revdel': hide,
}
UNDO_ACTIONS: dict[str, Callable[..., Action]] = {
    'lock': undo_lock,
    'globalblock': unblock_globally,
    'localblock': unblock,
    'edits': undo_revert,
    'files': undo_files,
    'moves': undo_move_back,
    'delete': restore,
    'revdel': show,
}
