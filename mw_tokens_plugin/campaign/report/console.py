"""What the operator sees: the plan, the progress and the summary.

Tables and a moving bar on a terminal, plain lines elsewhere. Names of accounts that
are or will be hidden are shown in the plan on a terminal only.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext, suppress
from itertools import chain, islice
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

from mw_tokens_plugin.campaign.records import Outcome, State, Target
from mw_tokens_plugin.campaign.report.hiding import without_own_name
from mw_tokens_plugin.campaign.report.summary import Summary
from mw_tokens_plugin.campaign.report.wording import not_to_do, why_skipped
from mw_tokens_plugin.messages import message
from mw_tokens_plugin.protocol.display import displayable
from mw_tokens_plugin.protocol.lookalikes import marked
from mw_tokens_plugin.site.questions import shown

#: Targets of each kind that a plan lists unless all are asked for.
MAX_LISTED = 200

#: Seconds between two lines that show progress.
_PROGRESS_EVERY = 5.0

Item = TypeVar('Item')

#: Columns of a terminal that does not report its width.
_DEFAULT_WIDTH = 80

#: Columns in which every table fits.
_UNLIMITED = 100_000


def terminal() -> Console:
    """Return the console that scripts write to.

    A terminal that reports no columns, as under some job runners, would show nothing.
    """
    console = Console(highlight=False)
    return (
        console if console.width > 0 else Console(highlight=False, width=_DEFAULT_WIDTH)
    )


class Reporter:
    """Shows a campaign to the operator.

    .. version-added:: 0.1

    :ivar interactive: whether it writes to a terminal
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

        :param quiet: show only what remains undone, and why
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

        :param urgent: whether it is shown even with ``-quiet``
        :param plan: whether it is part of a plan, which shows all names at a terminal
        """
        if self._quiet and not urgent:
            return
        if not (plan and self.shows_hidden):
            text = self.hide_names(text)
        # A message of a wiki must not look like another line.
        text = displayable(text)
        # A campaign continues even if its output is closed.
        with suppress(OSError):
            if self.interactive:
                self._console.print(Text(text), soft_wrap=True)
            else:
                print(text, file=self._console.file, flush=True)

    def say(self, key: str, *, urgent: bool = False, **parameters: object) -> None:
        """Print a message.

        :param key: that of the message, about which the parameters tell
        :param urgent: also with ``-quiet``
        """
        self.line(message(key, **parameters), urgent=urgent)

    def watch(self, key: str, **parameters: int) -> Callable[[], None]:
        """Return a function to call at each step, which shows progress now and then.

        :param key: the message, which gets the number of steps
        :param parameters: its other parameters
        """
        number, last = 0, self._clock()

        def step() -> None:
            nonlocal number, last
            number += 1
            if self._clock() - last >= _PROGRESS_EVERY:
                last = self._clock()
                self.line(message(key, number=number, **parameters))

        return step

    def counted(self, items: Iterable[Item], key: str) -> Iterator[Item]:
        """Yield some items, and show now and then how many it has been.

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
        :param columns: returns what a plan shows of a target, by heading
        :param more: the command that shows what is too long to be listed here
        :param everything: list all of them, a screen at a time on a terminal
        """
        if self._quiet:
            return
        most = None if everything else MAX_LISTED
        paged = everything and self.interactive
        with self._console.pager() if paged else nullcontext():
            self._list(heading, targets, columns, most, more)
            self._list(not_to_do, skipped, columns, most, more)

    @contextmanager
    def progress(self, verb: str, total: int) -> Iterator[None]:
        """Show progress while the block runs.

        :param verb: what is done
        :param total: how many targets will be done
        """
        if not self.interactive:
            yield
            return
        progress = Progress(
            TextColumn('{task.description}'),
            BarColumn(),
            MofNCompleteColumn(),
            TimeRemainingColumn(),
            console=self._console,
            transient=True,
        )
        # A login that asks for a code in the middle of it is seen.
        with progress as self._progress, shown(progress.stop, progress.start):
            self._task = progress.add_task(verb, total=total)
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
        summary: Summary,
        remarks: Iterable[str],
        *,
        more: str = '',
        link: Callable[[Target], str] = lambda target: '',
    ) -> None:
        """Show what a campaign came to.

        :param remarks: further lines
        :param link: returns an address to look at for a target that remains undone
        :param more: the command that shows all targets that remain undone; empty to
            name all of them here
        """
        urgent = not summary.is_complete
        for line in chain([''], summary.lines(more, link), remarks):
            self.line(line, urgent=urgent)

    def _list(
        self,
        heading: Callable[[int], str],
        targets: Iterable[Target],
        columns: Callable[[Target], Mapping[str, str]],
        most: int | None,
        more: str,
    ) -> None:
        targets = iter(targets)
        listed = list(islice(targets, most))
        if not listed:
            return
        unshown = sum(1 for _ in targets)
        why = message('campaign-column-why')
        rows = [{**columns(target), why: why_skipped(target)} for target in listed]
        title = heading(len(listed) + unshown)
        if table := self._table(listed, rows):
            table.title = title
            self._console.print(table)
        else:
            self.line(title)
            for target, row in zip(listed, rows, strict=True):
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
        """Return a table of targets; None if it does not fit, or without a terminal."""
        if not self.interactive:
            return None
        table = Table(title_justify='left')
        # Wikis do not report everything of every target: omit empty columns.
        used = [h for h in _headings(rows) if any(row.get(h) for row in rows)]
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
        return self._console.options.update(width=_UNLIMITED)

    def _name(self, target: Target) -> str:
        """Return the name at a terminal, elsewhere what may be shown."""
        return marked(target.name if self.shows_hidden else target.label)


def _headings(rows: Sequence[Mapping[str, str]]) -> list[str]:
    """Return the headings of all rows, in the order in which each row has its own."""
    headings: list[str] = []
    for row in rows:
        place = 0
        for heading in row:
            if heading not in headings:
                headings.insert(place, heading)
            place = headings.index(heading) + 1
    return headings


def _ended(target: Target, outcome: Outcome, *, failed: bool) -> str:
    name, why = marked(target.label), without_own_name(target, outcome.detail)
    if why:
        key = 'campaign-one-failed-why' if failed else 'campaign-one-done-why'
        return message(key, target=name, why=why)
    return message(
        'campaign-one-failed' if failed else 'campaign-one-done', target=name
    )


def _in_brackets(text: str) -> str:
    return f' ({text})' if text else ''
