"""The options and targets of campaigns on global accounts."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from mw_tokens_plugin.cli.options import names_in_files
from mw_tokens_plugin.cli.recorded import RecordedOptions, recorded_names
from mw_tokens_plugin.cli.table import number, option

if TYPE_CHECKING:
    from mw_tokens_plugin.campaign.records import Campaign, Target
    from mw_tokens_plugin.cli.run import Run


def ignore_groups_option() -> Any:
    """Return the option for groups whose members are not skipped for that."""
    return option(
        'Groups on single wikis whose members are not skipped for that, such as '
        '"member" where everybody gets it.',
        value='A,B',
        separated=True,
        group='Guards',
        stored='ignored_groups',
    )


@dataclass(frozen=True, kw_only=True)
class AccountOptions(RecordedOptions):
    """What the command lines of campaigns on global accounts ask for."""

    file: tuple[str, ...] = names_in_files()  # it returns a field
    prefix: tuple[str, ...] = option(
        'All global accounts whose names begin so. Others can choose names, so it '
        'never runs on -always alone: -simulate keeps the plan, somebody looks at it, '
        'and -resume -always runs exactly that.',
        value='TEXT',
        repeat=True,
        names_targets=True,
        by_others=True,
    )
    max_edits: int = option(
        'Skip accounts with more than N global edits.',
        50,
        value='N',
        read=number,
        group='Guards',
        stored='max_edits',
    )
    ignore_groups: tuple[str, ...] = ignore_groups_option()


def named_accounts(run: Run[AccountOptions], *, numbers: bool = False) -> Iterator[str]:
    """Return the accounts that a command line names, also by what they have in common.

    :param numbers: whether numbers of blocks are targets, as ``#41``
    """
    from mw_tokens_plugin.protocol.names import normalise_prefix

    names = run.named(numbers=numbers)

    def with_prefix() -> Iterator[str]:
        yield from names
        for prefix in run.options.prefix:
            start = normalise_prefix(prefix, capital=run.site.first_letter)
            for account in run.site.all_global_accounts(prefix=start):
                yield account.name
        yield from recorded_names(run)

    return with_prefix()


def account_guards(
    run: Run[Any], campaign: Campaign, *, hidden: bool = False
) -> dict[str, Any]:
    """Return which accounts a campaign skips, by the fields of the actions' guards.

    :param hidden: whether bad lines of lists are not shown
    """
    stored = run.stored(campaign)
    return {
        'operator': run.site.username() or '',
        'max_edits': stored['max_edits'],
        'ignored_groups': frozenset(stored['ignored_groups']),
        'excluded': frozenset([*stored['excluded'], *run.standing(hidden=hidden)]),
    }


def account_columns(target: Target) -> Mapping[str, str]:
    """Return what a kept plan shows of an account, by heading."""
    from mw_tokens_plugin.actions import accountfacts

    return accountfacts.account_columns(target)


def account_log(target: Target) -> Mapping[str, str]:
    """Return the page of the log of a global account."""
    from mw_tokens_plugin.actions.accountfacts import present_name

    page = f'User:{present_name(target)}@global'
    return {'title': 'Special:Log', 'type': 'globalauth', 'page': page}


def block_log(target: Target) -> Mapping[str, str]:
    """Return the page of the log of a global block; that of a number has none."""
    if target.name.startswith('#'):
        return {}
    page = f'User:{target.name}'
    return {'title': 'Special:Log', 'type': 'gblblock', 'page': page}


def block_expiry(text: str) -> str:
    """Read when blocks end, which may be a name that user-config.py explains."""
    from datetime import datetime, timezone

    from mw_tokens_plugin.protocol.expiries import ends_at
    from mw_tokens_plugin.protocol.globalblocks import INFINITY
    from mw_tokens_plugin.site.settings import settings

    if text.startswith('@'):
        known = ', '.join(f'@{name}' for name in settings.expiries) or 'none'
        if text[1:] not in settings.expiries:
            raise ValueError(f'enable(expiries=...) has these names: {known}.')
        text = settings.expiries[text[1:]]
    end = ends_at(text, datetime.now(timezone.utc))
    if end is None:
        raise ValueError(
            'give a span such as "31 hours", "2 weeks" or "6 months", a date such as '
            '2027-01-31 or 2027-01-31T12:00:00Z, or "infinite".'
        )
    # A plan that says "then never" could be read as its opposite.
    return 'infinite' if end == INFINITY else text.strip()


def has_passed(expiry: str | None) -> bool:
    """Tell whether blocks that are made now would have ended."""
    from datetime import datetime, timezone

    from mw_tokens_plugin.protocol.expiries import ends_at

    now = datetime.now(timezone.utc)
    end = ends_at(expiry, now) if expiry else None
    return end is not None and end <= now


def check_not_past(option: str, expiry: str | None) -> None:
    """Refuse blocks that would have ended.

    :param option: what says when they end
    :raises InvalidInput: they would
    """
    from mw_tokens_plugin.exceptions import InvalidInput

    if has_passed(expiry):
        raise InvalidInput(f'{option}:{expiry}: this is in the past.')


def check_block(expiry: str, reason: str) -> None:
    """Refuse blocks that would have ended, or that have no reason.

    :raises InvalidInput: they would, or have none
    """
    from mw_tokens_plugin.exceptions import InvalidInput

    check_not_past('-expiry', expiry)
    if not reason.strip():
        raise InvalidInput('Blocks need a reason that is not empty: -reason:TEXT.')


def check_end(
    run: Run[Any], name: str, expiry: str | None, campaign: Campaign | None
) -> None:
    """Refuse to begin with blocks that would have ended by now.

    :param name: that of their campaign
    :param campaign: what there is of it
    :raises InvalidInput: nothing of it may have been sent, and it is too late
    """
    from mw_tokens_plugin.campaign.records import State
    from mw_tokens_plugin.exceptions import InvalidInput

    if not has_passed(expiry):
        return
    if campaign is not None:
        counts = run.ledger.counts(campaign)
        is_left = counts[State.LISTED] or counts[State.PLANNED]
        if not is_left or counts[State.LEASED]:
            return
    raise InvalidInput(
        f'The blocks of {name!r} would end at {expiry}, which is in the past now: '
        'none of them was sent. Make a new plan with pwb global_block, and another '
        '-expiry.'
    )
