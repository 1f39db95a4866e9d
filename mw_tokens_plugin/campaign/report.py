"""What the operator sees: the plan, the progress and the summary.

Tables and a moving bar on a terminal, plain lines elsewhere. Names of accounts that
are or will be hidden are shown in the plan on a terminal only.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from datetime import datetime
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

from mw_tokens_plugin.campaign.records import Held, Outcome, State, Target

#: Targets of each kind that the plan lists; the ledger has all of them.
LISTED_AT_MOST = 200


_HEADINGS = ('account', 'registered', 'home', 'edits', 'groups', 'why')


class Reporter:
    """Shows a campaign to the operator.

    .. version-added:: 0.1

    :ivar interactive: whether somebody looks at it, on a terminal
    """

    def __init__(self, console: Console) -> None:
        """Write to a console of rich."""
        self._console = console
        self.interactive = console.is_terminal
        self._progress: Progress | None = None

    def line(self, text: str) -> None:
        """Show one line as it is."""
        # A campaign goes on although nobody reads what it says any more.
        with suppress(OSError):
            if self.interactive:
                self._console.print(Text(text), soft_wrap=True)
            else:
                print(text, file=self._console.file, flush=True)

    def plan(
        self, verb: str, targets: Iterable[Target], held: Iterable[Target]
    ) -> None:
        """Show what will be done to whom, and who is held back and why.

        :param verb: what is done, such as ``lock``
        :param targets: those to be done
        :param held: those held back
        """
        self._list(f'To {verb}', targets)
        self._list('Held back', held)

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
            word = 'FAILED' if outcome.state is State.FAILED else 'done'
            self.line(f'{word}: {target.label}{_in_brackets(_said(target, outcome))}')
        if self._progress is not None:
            self._progress.advance(self._task)

    def summary(
        self,
        counts: Mapping[State, int],
        changed: int,
        held: Mapping[Held, int],
        failed: Iterable[Target],
        remarks: Iterable[str],
    ) -> None:
        """Show what the campaign came to.

        :param counts: targets in each state
        :param changed: how many it has changed itself
        :param held: targets held back, by reason
        :param failed: those that failed
        :param remarks: what else is to be said
        """
        others = counts[State.DONE] - changed
        self.line(f'Done:      {counts[State.DONE]}{_in_brackets(_others(others))}')
        for reason, count in held.items():
            self.line(f'Held back: {count} ({reason.value})')
        if counts[State.FAILED]:
            self.line(f'Failed:    {counts[State.FAILED]}')
        for target in islice(failed, LISTED_AT_MOST):
            outcome = Outcome(State.FAILED, detail=target.detail)
            self.line(f'  {target.label}: {_said(target, outcome)}')
        if left := counts[State.PLANNED] + counts[State.LEASED] + counts[State.LISTED]:
            self.line(f'Left:      {left}')
        for remark in remarks:
            self.line(remark)

    def _list(self, title: str, targets: Iterable[Target]) -> None:
        targets = iter(targets)
        shown = list(islice(targets, LISTED_AT_MOST))
        if not shown:
            return
        more = sum(1 for _ in targets)
        if self.interactive:
            table = Table(title=f'{title}: {len(shown) + more}', title_justify='left')
            rows = [(target.name, *_columns(target)) for target in shown]
            # A wiki does not tell everything of everybody: empty columns are left out.
            used = [n for n in range(len(_HEADINGS)) if any(row[n] for row in rows)]
            for number in used:
                table.add_column(_HEADINGS[number], overflow='fold')
            for row in rows:
                table.add_row(*(Text(row[number]) for number in used))
            self._console.print(table)
        else:
            self.line(f'{title}: {len(shown) + more}')
            for target in shown:
                words = '; '.join(filter(None, _labelled_columns(target)))
                self.line(f'  {target.label}{_in_brackets(words)}')
        if more:
            self.line(f'... and {more} more, which the ledger holds.')


def duration(seconds: float) -> str:
    """Say roughly how long something takes.

    :param seconds: how many seconds
    """
    if seconds < 90:
        return f'{seconds:.0f} s'
    if seconds < 5400:
        return f'{seconds / 60:.0f} min'
    return f'{seconds / 3600:.1f} h'


def _columns(target: Target) -> tuple[str, str, str, str, str]:
    facts = target.decision.facts
    groups = list(facts.get('groups') or ())
    groups += [
        f'{group} on {wiki}'
        for wiki, names in (facts.get('local_groups') or {}).items()
        for group in names
    ]
    held = target.decision.held
    why = held.value if held else ''
    if by := facts.get('changed_by'):
        why += f': {by}'
    edits = facts.get('edits')
    return (
        _date(facts.get('registration')),
        facts.get('home') or '',
        '' if edits is None else str(edits),
        ', '.join(groups),
        why,
    )


def _labelled_columns(target: Target) -> Iterator[str]:
    registered, home, edits, groups, why = _columns(target)
    if why:
        yield why
    if registered:
        yield f'registered {registered}'
    if home:
        yield f'home {home}'
    if edits:
        yield f'{edits} edits'
    if groups:
        yield groups


def _date(text: str | None) -> str:
    return datetime.fromisoformat(text).strftime('%Y-%m-%d') if text else ''


def _said(target: Target, outcome: Outcome) -> str:
    """Return the detail of an outcome without a name that must not be shown."""
    detail = outcome.detail or ''
    if target.decision.hidden:
        detail = detail.replace(target.name, target.label)
    return detail


def _others(count: int) -> str:
    return f'{count} of them by others' if count else ''


def _in_brackets(text: str) -> str:
    return f' ({text})' if text else ''
