"""What the operator sees: the plan, the progress and the summary.

Tables and a moving bar on a terminal, plain lines elsewhere. Names of accounts that
are or will be hidden are shown in the plan on a terminal only.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from itertools import islice

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TextColumn,
    TimeRemainingColumn,
)
from rich.table import Table
from rich.text import Text

from mw_tokens_plugin.campaign.records import Campaign, Held, Outcome, State, Target
from mw_tokens_plugin.messages import said

#: Targets of each kind that the plan lists; the ledger has all of them.
LISTED_AT_MOST = 200


class Reporter:
    """Shows a campaign to the operator.

    .. version-added:: 0.1

    :ivar interactive: whether somebody looks at it, on a terminal
    """

    def __init__(self, console: Console, *, quiet: bool = False) -> None:
        """Write to a console of rich.

        :param quiet: say only what is left undone, and why
        """
        self._console = console
        self._quiet = quiet
        #: Takes out names that must not be shown; a terminal is for the operator alone.
        self.veil: Callable[[str], str] = str
        self.interactive = console.is_terminal and not quiet
        self._progress: Progress | None = None

    def line(self, text: str, *, urgent: bool = False) -> None:
        """Show one line as it is.

        :param urgent: whether it is shown although the operator wants it quiet
        """
        if self._quiet and not urgent:
            return
        # A campaign goes on although nobody reads what it says any more.
        with suppress(OSError):
            if self.interactive:
                self._console.print(Text(text), soft_wrap=True)
            else:
                print(self.veil(text), file=self._console.file, flush=True)

    def plan(
        self,
        verb: str,
        noun: str,
        targets: Iterable[Target],
        held: Iterable[Target],
        columns: Callable[[Target], Mapping[str, str]],
    ) -> None:
        """Show what will be done to whom, and who is held back and why.

        :param verb: what is done, such as ``lock``
        :param noun: what a target is
        :param targets: those to be done
        :param held: those held back
        :param columns: returns what is to be shown of a target, by heading
        """
        if not self._quiet:
            self._list(said('campaign-to-do', verb=verb), noun, targets, columns)
            self._list(said('campaign-held-back'), noun, held, columns)

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
            key = 'campaign-one-failed' if failed else 'campaign-one-done'
            self.line(
                said(key, target=target.label) + _in_brackets(_detail(target, outcome)),
                urgent=failed,
            )
        if self._progress is not None:
            self._progress.advance(self._task)

    def summary(
        self,
        name: str,
        counts: Mapping[State, int],
        changed: int,
        held: Mapping[Held, int],
        setbacks: Mapping[str, int],
        failed: Iterable[Target],
        remarks: Iterable[str],
    ) -> None:
        """Show what the campaign came to.

        :param name: the campaign's name
        :param counts: targets in each state
        :param changed: how many it has changed itself
        :param held: targets held back, by reason
        :param setbacks: attempts that met an error that passes, by its class
        :param failed: those that failed
        :param remarks: what else is to be said
        """
        left = counts[State.PLANNED] + counts[State.LEASED] + counts[State.LISTED]
        undone = (
            left
            + counts[State.FAILED]
            + sum(count for reason, count in held.items() if not reason.is_satisfied)
        )

        def say(text: str) -> None:
            self.line(text, urgent=bool(undone))

        say('')
        say(said('campaign-name', name=name))
        others = counts[State.DONE] - changed
        done = said('campaign-done', number=counts[State.DONE])
        say(
            done
            + _in_brackets(said('campaign-by-others', number=others) if others else '')
        )
        for reason, count in held.items():
            say(said('campaign-held', number=count, reason=why_held(reason)))
        if counts[State.FAILED]:
            say(said('campaign-failed', number=counts[State.FAILED]))
        for target in islice(failed, LISTED_AT_MOST):
            outcome = Outcome(State.FAILED, detail=target.detail)
            say(f'  {target.label}: {_detail(target, outcome)}')
        if left:
            say(said('campaign-left', number=left))
        if setbacks:
            classes = ', '.join(f'{name} {setbacks[name]}' for name in sorted(setbacks))
            number = sum(setbacks.values())
            say(said('campaign-setbacks', number=number, classes=classes))
        for remark in remarks:
            say(remark)

    def _list(
        self,
        title: str,
        noun: str,
        targets: Iterable[Target],
        columns: Callable[[Target], Mapping[str, str]],
    ) -> None:
        targets = iter(targets)
        shown = list(islice(targets, LISTED_AT_MOST))
        if not shown:
            return
        more = sum(1 for _ in targets)
        rows = [{**columns(target), 'why': _why(target)} for target in shown]
        if self.interactive:
            table = Table(title=f'{title}: {len(shown) + more}', title_justify='left')
            # A wiki does not tell everything of everybody: empty columns are left out.
            used = [h for h in rows[0] if any(row.get(h) for row in rows)]
            for heading in (noun, *used):
                table.add_column(heading, overflow='fold')
            for target, row in zip(shown, rows, strict=True):
                cells = [target.name, *(row.get(heading, '') for heading in used)]
                table.add_row(*map(Text, cells))
            self._console.print(table)
        else:
            self.line(f'{title}: {len(shown) + more}')
            for target, row in zip(shown, rows, strict=True):
                why = row.pop('why')
                words = [why, *(f'{key} {text}' for key, text in row.items() if text)]
                about = _in_brackets('; '.join(filter(None, words)))
                self.line(f'  {target.label}{about}')
        if more:
            self.line(said('campaign-more', number=more))


def why_held(reason: Held) -> str:
    """Return why targets are held back, in the words of the operator's language."""
    return said(f'campaign-held-{reason.name.lower()}')


def reason_line(campaign: Campaign) -> str:
    """Return what was given as the reason of a campaign."""
    return said('campaign-reason', reason=campaign.reason or said('campaign-none'))


def duration(seconds: float) -> str:
    """Say roughly how long something takes.

    :param seconds: how many seconds
    """
    if seconds < 90:
        return f'{seconds:.0f} s'
    if seconds < 5400:
        return f'{seconds / 60:.0f} min'
    return f'{seconds / 3600:.1f} h'


def _why(target: Target) -> str:
    held = target.decision.held
    why = why_held(held) if held else ''
    if by := target.decision.facts.get('changed_by'):
        why += f': {by}'
    return why


def _detail(target: Target, outcome: Outcome) -> str:
    """Return the detail of an outcome without a name that must not be shown."""
    detail = outcome.detail or ''
    if target.decision.hidden:
        detail = detail.replace(target.name, target.label)
    return detail


def _in_brackets(text: str) -> str:
    return f' ({text})' if text else ''
