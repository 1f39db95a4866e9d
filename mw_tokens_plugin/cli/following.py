"""Global blocks of what a campaign of locks leaves over, as a second campaign.

Addresses and temporary accounts cannot be locked. The campaign of locks keeps them in
its options, so that a run that resumes it makes their campaign, if an earlier one did
not. Each has a plan of its own, which is confirmed on its own.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import fields
from typing import TYPE_CHECKING, Any

from pywikibot import config

from mw_tokens_plugin.campaign.exitcodes import ExitCode
from mw_tokens_plugin.cli.accounts import check_end
from mw_tokens_plugin.cli.command import check_planned, run_campaign
from mw_tokens_plugin.cli.declaration import Listing
from mw_tokens_plugin.cli.hardness import check_said, usual_hardness
from mw_tokens_plugin.cli.kinds import script_for
from mw_tokens_plugin.cli.newcampaign import listed
from mw_tokens_plugin.cli.recorded import RECORDED
from mw_tokens_plugin.cli.requests import FOLLOWING, RequestOptions
from mw_tokens_plugin.cli.run import Run
from mw_tokens_plugin.exceptions import InvalidInput, StoppedByGuard
from mw_tokens_plugin.messages import message
from mw_tokens_plugin.protocol.names import AccountKind, kind_of
from mw_tokens_plugin.targets.exclusions import existing_targets

if TYPE_CHECKING:
    from mw_tokens_plugin.campaign.records import Campaign

#: What the ledger has of it, in the options of the campaign of locks.
STORED = {'name': str, 'names': [str], 'hard': (None, bool)}

_KIND = 'global_block'


def apart(names: Iterable[str]) -> tuple[list[str], list[str]]:
    """Return the accounts among some names, and what only a block reaches."""
    accounts: list[str] = []
    others: list[str] = []
    for name in dict.fromkeys(names):
        is_account = kind_of(name) is AccountKind.ACCOUNT
        (accounts if is_account else others).append(name)
    return accounts, others


def to_follow(
    run: Run[Any], name: str, others: list[str], hard: bool | None
) -> dict[str, Any] | None:
    """Return what a campaign of locks keeps of the blocks that follow it.

    :param name: that of the campaign of locks
    :param others: addresses and temporary accounts; without any, no campaign follows
    :param hard: whether blocks of addresses stop users with an account; None if the
        command line does not say
    :raises InvalidInput: that is not said, or there is such a campaign already
    """
    if not others:
        return None
    if hard is None:
        hard = usual_hardness()
    if AccountKind.IP in map(kind_of, others):
        check_said(hard, 'to block')
    name = f'{name}{FOLLOWING}'
    old = run.ledger.find(name)
    if old is not None and (not run.options.replace or old.confirmed_at is not None):
        raise InvalidInput(
            f'There is a campaign {name!r} already: give another -campaign:NAME.'
        )
    return {'name': name, 'names': others, 'hard': hard}


def blocks_left(run: Run[Any], campaign: Campaign) -> Campaign | None:
    """Return the campaign of blocks that follows another one, if it is not finished."""
    then = campaign.options.get('then')
    second = run.ledger.find(then['name']) if then else None
    is_left = second is not None and second.finished_at is None
    return second if is_left else None


def tell_of_blocks(run: Run[Any], campaign: Campaign) -> Campaign:
    """Tell what an undo of locks does not undo: the blocks that followed them."""
    ledger = run.ledger
    undone = ledger.find(campaign.options.get('undone', ''))
    if undone is None or not (then := undone.options.get('then')):
        return campaign
    name = then['name']
    second = ledger.find(name)
    if second is None or second.finished_at is None:
        run.reporter.say('global_lock-blocks-to-come', name=name)
    if second is not None and ledger.has_changed(second) and not _is_undone(run, name):
        line = run.lines.about('undo', second, '-reason:TEXT')
        run.reporter.say('global_lock-blocks-stay', name=name, line=line)
    return campaign


def _is_undone(run: Run[Any], name: str) -> bool:
    """Tell whether a campaign was undone already."""
    return any(
        other.options.get('undone') == name and other.finished_at is not None
        for other in run.ledger.campaigns(lambda error: None)
    )


def block_the_rest(run: Run[Any], campaign: Campaign) -> ExitCode | None:
    """Run the campaign of blocks that follows a campaign of locks, if that has ended.

    :return: how it has ended; None if there is nothing to do
    """
    then = campaign.options.get('then')
    now = run.ended(campaign)
    if not then or (now.finished_at is None and not config.simulate):
        return None
    # A new campaign replaces a plan of the same name, if -replace is given.
    # One that is finished is summed up again: what has failed there is not done.
    second = None if run.options.replace else run.ledger.find(then['name'])
    is_unseen = second is None and run.options.always and not config.simulate
    if is_unseen and now.options.get('untrusted'):
        raise StoppedByGuard(
            f'The blocks of {then["name"]!r} are not planned yet, and others could '
            'choose the targets, so nobody has looked at them: resume '
            f'{campaign.name!r} with -simulate first.'
        )
    stored = {
        key: value
        for key, value in campaign.options.items()
        if key in ('untrusted', 'excluded')
    }
    if page := campaign.options.get('page'):
        # The requests are marked when both campaigns are finished.
        stored['page'] = {**page, 'close': False}
    how = {'expiry': campaign.options['globalblock'], 'reason': campaign.reason}
    return block(run, then, stored, how, second, follows=True)


def block(
    run: Run[Any],
    then: Mapping[str, Any],
    stored: Mapping[str, Any],
    how: Mapping[str, Any],
    second: Campaign | None = None,
    *,
    follows: bool = False,
) -> ExitCode:
    """Make a campaign of blocks, or resume it, and run it.

    :param run: the run of the other script
    :param then: as :func:`to_follow` has returned it
    :param stored: what the ledger stores besides options
    :param how: expiry and reason
    :param second: the campaign, if there is one
    :param follows: whether it follows one of locks, which marks the requests
    """
    script = script_for(_KIND)
    assert script is not None
    check_end(run, then['name'], how['expiry'], second)
    run.reporter.line('')
    shared = {
        field.name: getattr(run.options, field.name) for field in fields(RequestOptions)
    }
    report = run.options.report
    sources = ('file', 'prefix', 'section', 'requester', *RECORDED)
    shared |= {
        **dict.fromkeys(('names', *sources), ()),
        'page': None,
        'close': False,
        'join': False,
        'undo': None,
        'campaign': then['name'],
        'resume': second is not None,
        'report': report and f'{report}/{then["name"]}',
        'given': run.options.given
        & {field.name for field in fields(RequestOptions)}
        - {'page', 'close', 'resume', 'since', *sources},
    }
    hardness = {'anononly': then['hard'] is False, 'hardblock': then['hard'] is True}
    make: Callable[..., Any] = script.options
    options = make(**{**shared, **how, **hardness})
    beside = Run(script.name, script.kinds, options, beside=run)
    if second is None:
        listing = Listing(
            then['names'],
            stored={**hardness, **stored},
            existing=existing_targets(run.site),
            counted=lambda number: message('global_block-names', number=number),
        )
        second = listed(beside, listing)
        assert second is not None
    else:
        check_planned(beside, second)
    kind = script.kinds[second.action]
    code = run_campaign(beside, second, kind)
    if not follows:
        kind.after(beside, second)
    return code
