"""What the operator sees: the plan, the progress and the summary.

Tables and a moving bar on a terminal, plain lines elsewhere. Names of accounts that
are or will be hidden are shown in the plan on a terminal only.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext, suppress
from itertools import islice
from typing import TypeVar

from rich.console import Console, ConsoleOptions
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TextColumn,
    TimeRemainingColumn,
)
from rich.table import Table
from rich.text import Text

from mw_tokens_plugin.campaign.records import (
    Campaign,
    Outcome,
    SkipReason,
    State,
    Target,
)
from mw_tokens_plugin.campaign.report.hiding import without_own_name
from mw_tokens_plugin.messages import message
from mw_tokens_plugin.protocol.display import displayable
from mw_tokens_plugin.protocol.lookalikes import marked

#: Targets of each kind that a plan lists unless all are asked for.
LISTED_AT_MOST = 200

#: Failed and skipped targets that the summary of a run names.
SUMMED_UP_AT_MOST = 20

#: Seconds between two signs of life.
_SIGN_EVERY = 5.0

Item = TypeVar('Item')

#: Columns of a terminal that does not say how wide it is.
_USUAL_WIDTH = 80

#: Columns in which every table fits.
_WIDEST = 100_000


def terminal() -> Console:
    """Return the console that scripts write to.

    A terminal that claims to have no columns, as under some job runners, would show
    nothing at all.
    """
    console = Console(highlight=False)
    return (
        console if console.width > 0 else Console(highlight=False, width=_USUAL_WIDTH)
    )


class Reporter:
    """Shows a campaign to the operator.

    .. version-added:: 0.1

    :ivar interactive: whether somebody looks at it, on a terminal
    :ivar shows_hidden: whether plans show names that must be shown nowhere else
    """

    def __init__(
        self,
        console: Console,
        *,
        quiet: bool = False,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Write to a console of rich.

        :param quiet: say only what is left undone, and why
        :param clock: seconds
        """
        self._clock = clock
        self._console = console
        self._quiet = quiet
        #: Replaces names that must not be shown, in all but the plan at a terminal.
        self.hide_names: Callable[[str], str] = str
        self.interactive = console.is_terminal and not quiet
        self.shows_hidden = self.interactive
        self._progress: Progress | None = None

    def line(self, text: str, *, urgent: bool = False, plan: bool = False) -> None:
        """Show one line as it is.

        :param urgent: whether it is shown although the operator wants it quiet
        :param plan: whether it is part of a plan, which shows all names at a terminal
        """
        if self._quiet and not urgent:
            return
        if not (plan and self.shows_hidden):
            text = self.hide_names(text)
        # What a wiki says must not look like another line of this.
        text = displayable(text)
        # A campaign goes on although nobody reads what it says any more.
        with suppress(OSError):
            if self.interactive:
                self._console.print(Text(text), soft_wrap=True)
            else:
                print(text, file=self._console.file, flush=True)

    def watch(self, key: str, **parameters: int) -> Callable[[], None]:
        """Return what is to be called at each step of something long.

        It says every few seconds how far it is.

        :param key: the message, which gets the number of steps
        :param parameters: what else it speaks of
        """
        number, last = 0, self._clock()

        def step() -> None:
            nonlocal number, last
            number += 1
            if self._clock() - last >= _SIGN_EVERY:
                last = self._clock()
                self.line(message(key, number=number, **parameters))

        return step

    def counted(self, items: Iterable[Item], key: str) -> Iterator[Item]:
        """Yield some items, and say every few seconds how many it has been.

        :param key: the message, which gets their number
        """
        step = self.watch(key)
        for item in items:
            step()
            yield item

    def plan(
        self,
        heading: Callable[[int], str],
        targets: Iterable[Target],
        skipped: Iterable[Target],
        columns: Callable[[Target], Mapping[str, str]],
        *,
        more: str = '',
        everything: bool = False,
    ) -> None:
        """Show what will be done to whom, and who is skipped and why.

        :param heading: returns the heading of those to be done, given their number
        :param targets: those to be done
        :param skipped: those skipped
        :param columns: returns what is to be shown of a target, by heading
        :param more: the command that shows what is too long to be listed here
        :param everything: list all of them, a screen at a time on a terminal
        """
        if self._quiet:
            return
        most = None if everything else LISTED_AT_MOST
        paged = everything and self.interactive
        with self._console.pager() if paged else nullcontext():
            self._list(heading, targets, columns, most, more)
            self._list(_not_to_do, skipped, columns, most, more)

    @contextmanager
    def progress(self, verb: str, total: int) -> Iterator[None]:
        """Show how far it is, as long as it lasts.

        :param verb: what is done
        :param total: how many targets are to be done
        """
        if not self.interactive:
            yield
            return
        with Progress(
            TextColumn('{task.description}'),
            BarColumn(),
            MofNCompleteColumn(),
            TimeRemainingColumn(),
            console=self._console,
            transient=True,
        ) as self._progress:
            self._task = self._progress.add_task(verb, total=total)
            yield
        self._progress = None

    def outcome(self, target: Target, outcome: Outcome) -> None:
        """Show how one target ended."""
        if outcome.state is State.FAILED or not self.interactive:
            failed = outcome.state is State.FAILED
            self.line(_ended(target, outcome, failed=failed), urgent=failed)
        if self._progress is not None:
            self._progress.advance(self._task)

    def summary(
        self,
        name: str,
        counts: Mapping[State, int],
        changed: int,
        skip_counts: Mapping[SkipReason, int],
        retries: Mapping[str, int],
        failed: Iterable[Target],
        skipped: Iterable[Target],
        remarks: Iterable[str],
        *,
        more: str = '',
    ) -> None:
        """Show what the campaign came to, with those that it left undone by name.

        :param name: the campaign's name
        :param counts: targets in each state
        :param changed: how many it has changed itself
        :param skip_counts: targets skipped, by reason
        :param retries: attempts that met a transient error, by its class
        :param failed: those that failed
        :param skipped: those skipped, satisfied or not
        :param remarks: what else is to be said
        :param more: the command that shows all of them; empty to name all here
        """
        left = counts[State.PLANNED] + counts[State.LEASED] + counts[State.LISTED]
        undone = (
            left
            + counts[State.FAILED]
            + sum(
                count
                for reason, count in skip_counts.items()
                if not reason.is_satisfied
            )
        )

        def say(text: str) -> None:
            self.line(text, urgent=bool(undone))

        say('')
        say(message('campaign-name', name=name))
        done = counts[State.DONE]
        if others := done - changed:
            say(message('campaign-done-others', number=done, others=others))
        else:
            say(message('campaign-done', number=done))
        for reason, count in skip_counts.items():
            say(message('campaign-skipped', number=count, reason=why_skipped(reason)))
        unsatisfied = sum(
            n for reason, n in skip_counts.items() if not reason.is_satisfied
        )
        if more:
            skipped = (t for t in skipped if not _is_satisfied(t))
            # The rest of a long ledger is not read.
            skipped = islice(skipped, min(unsatisfied, SUMMED_UP_AT_MOST))
        for target in skipped:
            say(f'  {marked(target.label)}: {_why(target)}')
        if (unnamed := unsatisfied - SUMMED_UP_AT_MOST) > 0 and more:
            say(message('campaign-more', number=unnamed, line=more))
        if counts[State.FAILED]:
            say(message('campaign-failed', number=counts[State.FAILED]))
        for target in islice(failed, SUMMED_UP_AT_MOST if more else None):
            outcome = Outcome(State.FAILED, detail=target.detail)
            say(f'  {marked(target.label)}: {_detail(target, outcome)}')
        if (unnamed := counts[State.FAILED] - SUMMED_UP_AT_MOST) > 0 and more:
            say(message('campaign-more', number=unnamed, line=more))
        if left:
            say(message('campaign-remaining', number=left))
        if retries:
            classes = ', '.join(f'{name} {retries[name]}' for name in sorted(retries))
            number = sum(retries.values())
            say(message('campaign-retries', number=number, classes=classes))
        for remark in remarks:
            say(remark)

    def _list(
        self,
        heading: Callable[[int], str],
        targets: Iterable[Target],
        columns: Callable[[Target], Mapping[str, str]],
        most: int | None,
        more: str,
    ) -> None:
        targets = iter(targets)
        shown = list(islice(targets, most))
        if not shown:
            return
        unshown = sum(1 for _ in targets)
        why = message('campaign-column-why')
        rows = [{**columns(target), why: _why(target)} for target in shown]
        title = heading(len(shown) + unshown)
        if table := self._table(shown, rows):
            table.title = title
            self._console.print(table)
        else:
            self.line(title)
            for target, row in zip(shown, rows, strict=True):
                words = [
                    row.pop(why),
                    *(f'{key} {text}' for key, text in row.items() if text),
                ]
                about = _in_brackets('; '.join(filter(None, words)))
                self.line(f'  {self._name(target)}{about}', plan=True)
        if unshown:
            self.line(message('campaign-more', number=unshown, line=more))

    def _table(
        self, targets: Sequence[Target], rows: Sequence[Mapping[str, str]]
    ) -> Table | None:
        """Return a table of targets; None where it has no room, or nobody looks."""
        if not self.interactive:
            return None
        table = Table(title_justify='left')
        # A wiki does not tell everything of everybody: empty columns are left out.
        used = [h for h in rows[0] if any(row.get(h) for row in rows)]
        for heading in (message('campaign-target'), *used):
            table.add_column(heading, overflow='fold')
        for target, row in zip(targets, rows, strict=True):
            cells = [self._name(target), *(row.get(heading, '') for heading in used)]
            if not self.shows_hidden:
                cells = list(map(self.hide_names, cells))
            table.add_row(*map(Text, map(displayable, cells)))
        wanted = self._console.measure(table, options=self._unlimited).maximum
        return table if wanted <= self._console.width else None

    @property
    def _unlimited(self) -> ConsoleOptions:
        return self._console.options.update(width=_WIDEST)

    def _name(self, target: Target) -> str:
        """Return the name where somebody looks at a plan, else what may be shown."""
        return marked(target.name if self.shows_hidden else target.label)


def _ended(target: Target, outcome: Outcome, *, failed: bool) -> str:
    name, why = marked(target.label), _detail(target, outcome)
    if why:
        key = 'campaign-one-failed-why' if failed else 'campaign-one-done-why'
        return message(key, target=name, why=why)
    return message(
        'campaign-one-failed' if failed else 'campaign-one-done', target=name
    )


def _not_to_do(number: int) -> str:
    return message('campaign-not-to-do', number=number)


def why_skipped(reason: SkipReason) -> str:
    """Return why targets are skipped, in the words of the operator's language."""
    return message(f'campaign-skipped-{reason.name.lower()}')


def reason_line(campaign: Campaign) -> str:
    """Return what was given as the reason of a campaign."""
    return message(
        'campaign-reason', reason=campaign.reason or message('campaign-none')
    )


def duration(seconds: float) -> str:
    """Say roughly how long something takes.

    :param seconds: how many seconds
    """
    if seconds < 90:
        return message('campaign-seconds', number=f'{seconds:.0f}')
    if seconds < 5400:
        return message('campaign-minutes', number=f'{seconds / 60:.0f}')
    return message('campaign-hours', number=f'{seconds / 3600:.1f}')


def _is_satisfied(target: Target) -> bool:
    skipped = target.decision.skipped
    return skipped is None or skipped.is_satisfied


def _why(target: Target) -> str:
    skipped = target.decision.skipped
    if skipped is None:
        return ''
    remark = target.remark
    return without_own_name(
        target, why_skipped(skipped) + (f': {remark}' if remark else '')
    )


def _detail(target: Target, outcome: Outcome) -> str:
    """Return the detail of an outcome without a name that must not be shown."""
    return without_own_name(target, outcome.detail)


def _in_brackets(text: str) -> str:
    return f' ({text})' if text else ''
