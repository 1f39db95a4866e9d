"""Making a campaign: from the targets that are named, or from one that is undone.

It is listed in the ledger, but not planned; without a valid target there is none.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import datetime

from pywikibot import config

from mw_tokens_plugin.campaign import workers
from mw_tokens_plugin.campaign.ledger import Ledger
from mw_tokens_plugin.campaign.records import Campaign, State, Step, Target, now
from mw_tokens_plugin.campaign.report.wording import colleagues_lines, compared_lines
from mw_tokens_plugin.campaign.undone import is_changed, record_of, undo_steps
from mw_tokens_plugin.cli.declaration import Listing
from mw_tokens_plugin.cli.ledgers import check_kind, found
from mw_tokens_plugin.cli.login import account_of
from mw_tokens_plugin.cli.options import CampaignOptions
from mw_tokens_plugin.cli.run import Run
from mw_tokens_plugin.cli.storedoptions import inherited, to_store
from mw_tokens_plugin.cli.whereabouts import api_of, check_address
from mw_tokens_plugin.exceptions import InvalidInput, StoppedByGuard


def listed(run: Run[CampaignOptions], listing: Listing) -> Campaign | None:
    """Make a campaign of what a script has listed; None if there is nothing to do.

    :raises InvalidInput: a list cannot be read
    """
    say = run.reporter.line
    for line in listing.lines:
        say(line)
    if listing.nothing and not listing.names:
        say(listing.nothing)
        return None
    stored = {
        **to_store(run.options),
        'excluded': run.lists.skipped(hidden=run.options.hides_names),
        'untrusted': run.options.chosen_by_others,
        **listing.stored,
    }
    campaign, number = begin(run, run.kind, replace(listing, stored=stored))
    if listing.counted is not None:
        say(listing.counted(number))
    return campaign


def undoing(run: Run[CampaignOptions], name: str) -> Campaign:
    """Make a campaign that undoes what another one has changed.

    :raises StoppedByGuard: what it has changed is not known yet
    """
    ledger, undone = run.ledger, found(run.ledger, name)
    check_kind(undone, run.kinds)
    kind = run.kinds[undone.action].undone_by(undone)
    if not kind and (other := undone.options.get('undone')):
        raise InvalidInput(
            f'The campaign {undone.name!r} has undone {other!r}, and cannot be undone '
            'itself: to do that again, begin a new campaign.'
        )
    if not kind:
        raise InvalidInput(
            f'The campaign {undone.name!r} has changed nothing that this script could '
            'undo.'
        )
    if ledger.counts(undone)[State.LEASED]:
        raise StoppedByGuard(
            f'Some targets of {undone.name!r} may have been sent, and were not read '
            'since, so not all of it would be undone: resume it first, or let it '
            'finish.'
        )
    check_address(undone, run.site)
    sealer = run.sealer(undone)
    steps: list[Step] = []
    own = True

    def recorded() -> Iterator[Target]:
        nonlocal own
        for target, is_own in sealer.judged():
            if is_changed(target):
                own = own and is_own
                steps.extend(undo_steps(undone, [target]))
                yield target

    record = record_of(undone, recorded())
    for line in compared_lines(compared := sealer.compared(), undone):
        run.reporter.line(line, urgent=True)
    for line in colleagues_lines(compared, undone):
        run.reporter.line(line)
    own = own and not compared.is_other
    if not own and run.options.always and not config.simulate:
        raise StoppedByGuard(
            f'What {undone.name!r} has done was not recorded with your key by this '
            'account, so -undo never runs on -always alone: give -simulate, look at '
            'the plan, and run it with -resume -always. At a terminal, leave -always '
            'out.'
        )
    if not steps:
        raise InvalidInput(_nothing_to_undo(run, undone))
    stored = {
        'undone': undone.name,
        'untrusted': not own,
        'record': record,
        'inherited': inherited(type(run.options), undone),
        **run.kinds[kind].of_undone(undone),
    }
    return begin(run, kind, Listing((), stored=stored), steps, undone)[0]


def _nothing_to_undo(run: Run[CampaignOptions], undone: Campaign) -> str:
    """Say so of a campaign, and which other one has changed something for it."""
    said = f'{undone.name!r} has changed nothing: there is nothing to undo.'
    following = run.ledger.find((undone.options.get('then') or {}).get('name', ''))
    if following is None or not run.ledger.has_changed(following):
        return said
    line = run.lines.about('undo', following, '-reason:TEXT')
    return f'{said} The blocks that followed it are those of {following.name!r}: {line}'


def begin(
    run: Run[CampaignOptions],
    kind: str,
    listing: Listing,
    undo_steps: Iterable[Step] = (),
    undone: Campaign | None = None,
) -> tuple[Campaign, int]:
    """Make a campaign with its targets.

    :param kind: what the ledger calls campaigns of this kind
    :param undone: the campaign that it undoes, by these steps
    :return: the campaign, and how many targets it has
    :raises InvalidInput: there is no target, or a campaign of that name
    """
    ledger, stages = run.ledger, run.kinds[kind].steps or ('',)
    targets = (
        undo_steps
        or listing.steps
        or (
            Step(name, step, stage)
            for name in listing.names
            for stage, step in enumerate(stages)
        )
    )
    name = listing.name or run.new_name(kind)
    if run.options.replace and (old := ledger.find(name)):
        try:
            # A list that cannot be read replaces nothing.
            targets = list(targets)
        except BaseException:
            run.lists.show(run.reporter)
            raise
        _forget_unconfirmed(ledger, old)
    reason, operator = run.options.reason, run.site.username() or ''
    campaign, started = None, now()
    try:
        campaign = ledger.create(
            name,
            action=kind,
            wiki=str(run.site),
            operator=operator,
            reason=(listing.reason if reason is None else reason) or '',
            options=dict(listing.stored),
            api=api_of(run.site),
            wikiid=undone.wikiid if undone else None,
            script=run.lines.title,
            # What is undone has its stages, in the opposite order.
            stages=undone.stages if undone else len(stages),
        )
        # From now on nobody else may delete it, or take it for left behind.
        run.active = workers.begin_work(ledger, campaign, account_of(run.site))
        sealer = run.sealer(campaign)
        sealer.begin()
        try:
            counted = run.reporter.counted(targets, 'campaign-listing')
            number = ledger.add(campaign, counted, sealer.listed)
            sealer.count(number)
        finally:
            run.lists.show(run.reporter)
        if not number:
            raise InvalidInput('Nothing was named: there is nothing to do.')
        for line in run.lists.check_skipped(ledger, campaign, listing):
            run.reporter.line(line)
    except BaseException as error:
        if campaign is None and not isinstance(error, Exception):
            # A signal can come when it is in the ledger, and not known here yet.
            campaign = _made_since(ledger, name, operator, started)
        if run.active is not None:
            run.active.end()
        if campaign is not None:
            ledger.forget(campaign)
        raise
    return ledger.mark(campaign, 'listed_at'), number


def _made_since(
    ledger: Ledger, name: str, operator: str, moment: datetime
) -> Campaign | None:
    """Return a campaign that was made just now, and of which nothing is listed yet."""
    campaign = ledger.find(name)
    if campaign is None or campaign.operator != operator:
        return None
    is_new = campaign.listed_at is None and campaign.created_at >= moment
    return campaign if is_new else None


def _forget_unconfirmed(ledger: Ledger, campaign: Campaign) -> None:
    """Make room for another plan of the same name.

    :raises InvalidInput: somebody has confirmed it, so that it is a record
    :raises CampaignBusy: another run is planning it
    """
    with workers.at_work(ledger, campaign, account=campaign.operator, workers=0):
        if ledger.is_record(found(ledger, campaign.name)):
            raise InvalidInput(
                f'The plan of {campaign.name!r} was confirmed, so it is kept: give '
                'another -campaign:NAME.'
            )
        ledger.forget(campaign)
