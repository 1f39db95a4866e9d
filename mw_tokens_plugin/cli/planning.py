"""The plan of a campaign as an operator meets it: made, shown, and agreed to.

Sending what was agreed to is left to :mod:`.writing`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import pywikibot
from pywikibot import config

from mw_tokens_plugin.campaign.action import Action
from mw_tokens_plugin.campaign.plan import check_again, is_stale, make_plan, renew
from mw_tokens_plugin.campaign.records import Campaign, State, Target
from mw_tokens_plugin.campaign.report.hiding import NameFilter
from mw_tokens_plugin.campaign.report.wording import (
    confirm_few,
    confirm_many,
    duration,
    reason_line,
    to_do,
)
from mw_tokens_plugin.campaign.seals import Sealer
from mw_tokens_plugin.cli.comparing import Comparing
from mw_tokens_plugin.cli.declaration import Kind
from mw_tokens_plugin.cli.options import CampaignOptions
from mw_tokens_plugin.cli.planchanges import PlanChanges
from mw_tokens_plugin.cli.reportpage import lists_names
from mw_tokens_plugin.cli.run import Run
from mw_tokens_plugin.exceptions import InvalidInput, StoppedByGuard
from mw_tokens_plugin.messages import message

#: Plans up to this long are confirmed by "y", longer ones by typing their number.
FEW = 5

#: What is typed instead of the number to see the whole plan.
_LIST = 'list'

#: Characters of a reason that MediaWiki keeps (``COMMENT_CHARACTER_LIMIT``).
MAX_REASON = 500

#: Longest plan without a terminal, where the operator names no other.
MAX_UNATTENDED = 100


@dataclass
class Planning:
    """What one run plans of a campaign, and asks its operator about.

    :ivar sealer: judges what the operator has agreed to
    :ivar names: refreshed when the plan has found more names to hide
    :ivar comparing: tells what others have changed
    :ivar shown: how many targets the plan had that the operator was shown
    """

    run: Run[CampaignOptions]
    kind: Kind
    action: Action
    sealer: Sealer
    names: NameFilter
    comparing: Comparing
    shown: int = 0

    def is_confirmed(self, campaign: Campaign) -> bool:
        """Tell whether this operator has agreed to all that is left to do."""
        if campaign.confirmed_at is None or self.comparing.must_be_shown:
            return False
        if not self.run.ledger.to_do(campaign):
            return True
        return self.sealer.is_confirmed and not self.sealer.has_pending

    def plan(self, campaign: Campaign) -> Campaign:
        """Plan what this operator has not planned yet, and show it.

        :raises StoppedByGuard: the plan is too long
        """
        ledger, sealer = self.run.ledger, self.sealer
        before = ledger.counts(campaign)
        listed, planned = before[State.LISTED], before[State.PLANNED]
        is_new = campaign.planned_at is None or bool(listed)
        options = self.run.options
        looks_again = config.simulate and options.resume
        stale = not is_new and (looks_again or is_stale(campaign))
        foreign = sum(
            sealer.vouched(target) is None
            for state in ([State.LEASED] if stale else [State.PLANNED, State.LEASED])
            if before[state]
            for target in ledger.targets(campaign, state)
        )
        self.comparing.check_stages(campaign)
        was_confirmed = self.is_confirmed(campaign)
        if not (is_new or stale or foreign) and was_confirmed:
            return campaign
        if stale and not looks_again:
            self.run.reporter.say('campaign-stale')
        changes = PlanChanges(self.action, campaign)
        if is_new or stale:
            sealer.begin(confirmed=stale and was_confirmed)
        # Some actions look at what is listed in -not and -protect by themselves.
        listed_to_skip = campaign.options.get('excluded') or ()
        excluded = frozenset(() if self.kind.skips_listed else listed_to_skip)
        if is_new:
            watch = self.run.reporter.watch('campaign-planning', total=listed)
            campaign = make_plan(
                ledger, campaign, self.action, watch, sealer, excluded=excluded
            )
        if stale or foreign:
            total = foreign or planned
            watch = self.run.reporter.watch('campaign-planning', total=total)
            campaign = check_again(
                *(ledger, campaign, self.action, watch, sealer),
                only_unsealed=not stale,
                excluded=excluded,
                noted=changes.note,
                keeps_unread=looks_again,
            )
        if not was_confirmed:
            renew(ledger, campaign, sealer)
        self.comparing.tell_before(campaign)
        self._show(campaign)
        for line in changes.lines() if stale else ():
            self.run.reporter.line(line)
        most = self._max_targets()
        if most is not None and self.shown > most:
            line = self.run.lines.resume(campaign)
            raise StoppedByGuard(
                f'The plan has {self.shown} targets, and -max is {most}; nothing was '
                f'sent. To run it: {line} -max:{self.shown}'
            )
        return campaign

    def confirm(self, campaign: Campaign) -> None:
        """Have the operator agree to what was shown.

        :raises StoppedByGuard: they do not, or cannot
        """
        lines, always = self.run.lines, self.run.options.always
        self._agree_to_names(campaign)
        if not self.shown:
            if self.sealer.planned:
                raise StoppedByGuard(
                    f'What was planned for {campaign.name!r} is not in the ledger any '
                    'more: somebody else is changing it, or has done it. Nothing was '
                    f'sent. To look again: {lines.resume(campaign, asks=True)}'
                )
            return
        if (self.sealer.has_pending or self.comparing.must_be_shown) and always:
            line = lines.resume(campaign, asks=True)
            raise StoppedByGuard(
                f'{campaign.name!r} is not what you have agreed to, and -always does '
                'not agree to what others have put into the ledger: nothing was sent. '
                f'Look at it first, at a terminal or with -simulate: {line}'
            )
        typed = self.kind.confirm(campaign)
        key = 'campaign-confirm-twice' if typed else 'campaign-confirm-typed'
        typed = typed or self.action.typed(self._in_plan(campaign))
        if typed and not self.run.options.is_interactive:
            raise InvalidInput(
                f'The plan of {campaign.name!r} is confirmed by typing "{typed}": run '
                f'it at a terminal. {lines.resume(campaign, asks=True)}'
            )
        agreed = always or self._agrees(campaign)
        if agreed and typed:
            question = message(key, words=typed)
            agreed = _answer(question) == typed
        if not agreed:
            raise StoppedByGuard(
                'Not confirmed; nothing was sent. The plan is kept: '
                f'{lines.resume(campaign)}'
            )

    def _agree_to_names(self, campaign: Campaign) -> None:
        """Have the operator agree to names on the page of -report-page.

        :raises InvalidInput: nobody can be asked
        :raises StoppedByGuard: they do not agree
        """
        if not lists_names(self.run, campaign):
            return
        line = self.run.lines.resume(campaign, asks=True)
        if self.run.options.always or not self.run.options.is_interactive:
            raise InvalidInput(
                'The names that -report-names puts on a page are confirmed at a '
                f'terminal, without -always: {line}'
            )
        title = self.run.stored(campaign)['report_page']
        question = message('campaign-confirm-names', title=title)
        if _answer(question).lower() not in ('y', 'yes'):
            raise StoppedByGuard(
                'Not confirmed; nothing was sent. The plan is kept. To have no names '
                'on the page, make it again without -report-names, or ask again: '
                f'{line}'
            )

    def _agrees(self, campaign: Campaign) -> bool:
        """Ask the operator to agree to the plan."""
        number = self.shown
        if number <= FEW:
            answer = _answer(confirm_few(self.action, number))
            return answer.lower() in ('y', 'yes')
        while True:
            question = confirm_many(self.action, number)
            if (answer := _answer(question)) != _LIST:
                return answer == str(number)
            self._show_targets(campaign, everything=True)
            # Others may have resumed it meanwhile.
            number = sum(1 for _ in self._in_plan(campaign))

    def _max_targets(self) -> int | None:
        options, most = self.run.options, self.kind.max_targets
        if options.max is not None:
            return options.max
        return most if most is not None or options.is_interactive else MAX_UNATTENDED

    def _show(self, campaign: Campaign) -> None:
        """Show the plan, and what has to be known of it."""
        run, reporter, by = self.run, self.run.reporter, campaign.operator
        if self.sealer.has_pending:
            is_own = by == str(run.site.username())
            key = 'campaign-not-sealed' if is_own else 'campaign-of-colleague'
            reporter.say(key, urgent=True, operator=by)
        self.names.refresh()
        self.shown = sum(1 for _ in self._in_plan(campaign))
        wiki = f'{run.site} ({run.site.base_url("")})'
        reporter.say('campaign-heading', name=campaign.name, wiki=wiki)
        at_terminal = reporter.interactive
        shown = campaign if at_terminal else self.names.campaign(campaign)
        reporter.line(reason_line(shown), plan=at_terminal)
        for reason in (campaign.reason, *campaign.options.get('reasons', {}).values()):
            if len(reason) > MAX_REASON:
                number = len(reason)
                reporter.say('campaign-reason-long', number=number, most=MAX_REASON)
        skipped = run.ledger.targets(campaign, State.SKIPPED)
        for line in self.action.overview(self._in_plan(campaign), skipped):
            reporter.line(line)
        self._show_targets(campaign)
        for remark in self.action.remarks(self._in_plan(campaign)):
            reporter.line(remark)
        skipped = run.ledger.targets(campaign, State.SKIPPED)
        for remark in self.action.remarks_on_skipped(skipped):
            reporter.line(remark)
        self._show_duration(self.shown)

    def _show_targets(self, campaign: Campaign, *, everything: bool = False) -> None:
        self.run.reporter.plan(
            lambda number: to_do(self.action, number),
            self._in_plan(campaign),
            self.run.ledger.targets(campaign, State.SKIPPED),
            self.action.columns,
            more=self.run.lines.about('show', campaign),
            everything=everything,
        )

    def _show_duration(self, number: int) -> None:
        say, throttle = self.run.reporter.say, self.run.site.throttle
        delay = throttle.get_delay(write=True)
        if number < 2 or delay < 0.01:
            return
        others = throttle.process_multiplicity
        parallel = self.run.options.workers if self.kind.by_wiki else 1
        time = duration(number * delay / parallel)
        say('campaign-duration', time=time, throttle=config.put_throttle)
        if others > 1:
            file = throttle.ctrlfilename
            say('campaign-processes', number=others, file=file)
        if config.put_throttle > 1:
            time = duration(number * others / parallel)
            say('campaign-duration-faster', time=time)

    def _in_plan(self, campaign: Campaign) -> Iterator[Target]:
        """Yield what this operator is asked to agree to, or has agreed to before.

        That includes what another run has leased, which may be killed, or was; and what
        is about to be agreed to and is not there at the moment: it may have been done
        meanwhile, or somebody has taken it out of sight to put it back later.
        """
        missing = dict(self.sealer.pending)
        for state in (State.PLANNED, State.LEASED):
            for target in self.run.ledger.targets(campaign, state):
                if self.sealer.vouched(target) is not None:
                    missing.pop((target.name, target.kind), None)
                    yield target
        for decision in missing.values():
            yield Target(0, decision, State.PLANNED)


def _answer(question: str) -> str:
    try:
        return str(pywikibot.input(question)).strip()
    except EOFError:
        return ''
