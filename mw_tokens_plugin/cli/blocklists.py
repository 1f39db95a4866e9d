"""The targets of a campaign of global blocks: from lists, requests, and what ends soon.

Which of them are blocked is decided by the plan, in :mod:`mw_tokens_plugin.actions`.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from mw_tokens_plugin.actions.blockreads import (
    is_account,
    number_in,
    targets_of_numbers,
)
from mw_tokens_plugin.campaign.records import SkipReason, State
from mw_tokens_plugin.cli.accounts import named_accounts
from mw_tokens_plugin.cli.declaration import Listing
from mw_tokens_plugin.cli.hardness import check_said, how_hard
from mw_tokens_plugin.cli.requests import select_requests
from mw_tokens_plugin.exceptions import InvalidInput
from mw_tokens_plugin.messages import message
from mw_tokens_plugin.protocol.addresses import network_of
from mw_tokens_plugin.protocol.expiries import length_of
from mw_tokens_plugin.requestpages import RequestKind
from mw_tokens_plugin.targets.endingblocks import (
    ending_blocks,
    lines_about,
    unknown_targets,
)
from mw_tokens_plugin.targets.exclusions import existing_targets, touching

if TYPE_CHECKING:
    from mw_tokens_plugin.campaign.records import Campaign
    from mw_tokens_plugin.cli.run import Run
    from mw_tokens_plugin.protocol.globalblocks import GlobalBlock

#: The values of -only.
ONLY = ('accounts', 'addresses')


def targets(run: Run[Any]) -> Listing:
    """List whom the command line names."""
    options = run.options
    if options.only_lists:
        blocks, hidden = near_their_end(run)
        blocks = [block for block in blocks if is_of_kind(options, block.target or '')]
        return Listing(
            (),
            lines=list(lines_about(blocks, hidden)),
            nothing=(
                message('global_block-expiring', number=len(blocks))
                if blocks
                else message('global_block-none-expiring')
            ),
        )
    left_out: list[str] = []
    if options.page is not None:
        return requested(run, left_out)
    listed = named_accounts(run, numbers=options.unblock)
    names: Iterable[str]
    nothing, lines = '', []
    if options.expiring is None:
        names = some(run, taken(run, listed, left_out), left_out)
    else:
        nothing = message('global_block-none-expiring')
        blocks, hidden = near_their_end(run)
        near = [b.target for b in blocks if b.target and b.target not in hidden]
        names = list(taken(run, [*listed, *near], left_out))
        if left_out and not names:
            nothing = counted(0, len(left_out))
        lines = list(lines_about([b for b in blocks if b.target in hidden], hidden))
        if lines:
            lines.append(message('global_block-unknown', number=len(lines)))
    return Listing(
        names,
        nothing=nothing,
        lines=lines,
        counted=lambda number: counted(number, len(left_out)),
        existing=existing_targets(run.site),
        stored=stored_hardness(options),
        covering=lambda listed, names: concerned(run, listed, names),
    )


def concerned(run: Run[Any], listed: Iterable[str], names: Iterable[str]) -> set[str]:
    """Return which entries of a list concern targets, also those named by numbers."""
    if not run.options.unblock:
        return touching(listed, names)
    names, entries = list(names), set(listed)
    numbered = set(targets_of_numbers(run.site, names).values())
    return touching(entries, [*names, *numbered]) | numbered & entries


def requested(run: Run[Any], left_out: list[str]) -> Listing:
    """List whom the requests of a page name."""
    options = run.options
    kind = RequestKind.UNBLOCK if options.unblock else RequestKind.BLOCK
    selection = select_requests(run, kind, with_text=True)
    if options.unblock and len(selection.selected) > 1:
        raise InvalidInput(
            f'-section names {len(selection.selected)} requests, and requests to '
            'unblock are judged one by one: give the heading of one.'
        )
    names = list(taken(run, selection.names, left_out))
    page = {**selection.stored(), 'close': options.close}
    return Listing(
        names,
        reason=selection.reason,
        stored={**stored_hardness(options), 'page': page},
        lines=selection.lines(),
        nothing=(
            counted(0, len(left_out)) if left_out else message('global_lock-no-request')
        ),
        counted=lambda number: counted(number, len(left_out)),
        existing=existing_targets(run.site),
        covering=lambda listed, names: concerned(run, listed, names),
    )


def counted(number: int, others: int) -> str:
    """Say how many targets were listed, and how many were left out."""
    if others:
        return message('global_block-only', number=number, others=others)
    return message('global_block-names', number=number)


def taken(run: Run[Any], names: Iterable[str], left_out: list[str]) -> Iterator[str]:
    """Yield the targets that are taken.

    :raises InvalidInput: there is an address, and it is not said who is blocked there
    """
    options = run.options
    needs_hardness = not (options.unblock or options.modify)
    numbered: dict[str, str] = {}
    if options.only is not None and options.unblock:
        names = list(names)
        numbered = targets_of_numbers(run.site, names)
    for name in names:
        is_address = network_of(name) is not None
        if not is_of_kind(options, numbered.get(name, name)):
            left_out.append(name)
            continue
        if is_address and needs_hardness:
            check_said(how_hard(options), 'in the list')
        yield name


def is_of_kind(options: Any, name: str) -> bool:
    """Tell whether -only takes a target; it takes numbers of blocks that are gone."""
    return bool(number_in(name)) or options.only in (None, ONLY[not is_account(name)])


def some(
    run: Run[Any], names: Iterable[str], left_out: Collection[str]
) -> Iterator[str]:
    """Yield targets.

    :raises InvalidInput: -only leaves out all of them
    """
    is_none = True
    for name in names:
        is_none = False
        yield name
    if left_out and is_none:
        raise InvalidInput(
            f'-only:{run.options.only} leaves out all that was named '
            f'({len(left_out)}): there is nothing to do.'
        )


def stored_hardness(options: Any) -> dict[str, bool]:
    """Return what the ledger has of -anononly and -hardblock.

    What user-config.py says is for new blocks: a change keeps what was not named.
    """
    hard = how_hard(options)
    if options.modify and not (options.anononly or options.hardblock):
        hard = None
    return {'anononly': hard is False, 'hardblock': hard is True}


def near_their_end(run: Run[Any]) -> tuple[list[GlobalBlock], set[str]]:
    """Return blocks that are about to end, and which of their targets are not known."""
    options = run.options
    length = length_of(options.expiring or '') or timedelta()
    blocks = [*ending_blocks(run.site, length, options.reason_matches or '')]
    return blocks, unknown_targets(run.site, blocks)


def ranges_of(run: Run[Any], campaign: Campaign) -> Iterator[str]:
    """Yield the ranges among the targets of a campaign."""
    for target in run.ledger.targets(campaign):
        if '/' in target.name and network_of(target.name) is not None:
            yield target.name


def tell_uncovered(run: Run[Any], campaign: Campaign) -> None:
    """Say which targets are not blocked since the range has failed that covers them."""
    failed = {target.name for target in run.ledger.targets(campaign, State.FAILED)}
    left = [
        around
        for target in (run.ledger.targets(campaign, State.SKIPPED) if failed else ())
        if target.decision.skipped is SkipReason.COVERED
        and (around := target.decision.facts.get('problem')) in failed
    ]
    if left:
        line = run.lines.about('retry-failed', campaign)
        about = {'number': len(left), 'example': left[0], 'line': line}
        run.reporter.say('global_block-uncovered', urgent=True, **about)
