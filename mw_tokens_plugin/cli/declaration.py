"""What a campaign script declares: its options, its targets, its kinds of campaigns.

It checks the options that all campaigns have. How a declaration is started is in
:mod:`.script`, and what happens then in :mod:`.run`. This module starts fast, so that
``-help`` does: what it needs of others is imported late.
"""

from __future__ import annotations

import re
import sys
import unicodedata
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from mw_tokens_plugin.cli.table import (
    Options,
    When,
    check_together,
    document,
    given,
    listed,
    number,
    option,
    table,
)
from mw_tokens_plugin.exceptions import InvalidInput
from mw_tokens_plugin.privatefiles import check_appendable, check_folder, expanded
from mw_tokens_plugin.protocol.display import find_control

if TYPE_CHECKING:
    from mw_tokens_plugin.campaign.action import Action
    from mw_tokens_plugin.campaign.guards import Threshold
    from mw_tokens_plugin.campaign.records import Campaign, Target

#: Workers that an account has at most, unless the operator insists. Each one more is
#: one more write at the same time, on databases that everybody shares.
MAX_WORKERS = 3


#: How the help of every script that runs campaigns ends.
EXIT_CODES = """\
Exit codes: 0 everything done; 1 some targets failed or were skipped; 2 usage or
configuration; 3 not authorised; 4 stopped by a guard; 70 internal error; 75 try again
later; 130 interrupted."""


def _threshold(text: str) -> Threshold:
    from mw_tokens_plugin.campaign.guards import Threshold

    return Threshold.parse(text)


def _campaign_name(text: str) -> str:
    if not re.fullmatch(r'[\w.-]{1,100}', text):
        raise ValueError('use letters, digits, "-", "_" and ".", up to 100.')
    return text


def reason(text: str) -> str:
    """Read a reason as a wiki keeps it, whatever its length.

    :raises ValueError: it holds a line break or another control character
    """
    plain = unicodedata.normalize('NFC', text).strip()
    if control := find_control(plain):
        raise ValueError(
            f'the reason holds the control character {control}: a log shows one line '
            'of plain text.'
        )
    return plain


#: Options of all runs, by what they stand under in the help.
_guard = partial(option, group='Guards', when=When.ALWAYS)
_pace = partial(option, group='How many at a time', when=When.ALWAYS)
_record = partial(option, group='The record', when=When.ALWAYS)


@dataclass(frozen=True, kw_only=True)
class CampaignOptions(Options):
    """What the command line of any campaign script asks for.

    :ivar arguments: the whole command line, in which a wiki may be named
    """

    #: Where reasons are found, as a sentence; for those who forgot one.
    reason_hint: ClassVar[str] = ''

    arguments: tuple[str, ...] = ()
    file: tuple[str, ...] = option(
        'Targets in a file in UTF-8, one a line. "# " begins a comment.',
        value='FILE',
        read=expanded,
        repeat=True,
        names_targets=True,
    )
    stdin: bool = option(
        'The same from standard input; -always or -simulate is required.',
        name='-',
        names_targets=True,
    )
    column: str = option(
        'The column with the targets, by its heading or number, where a list has '
        'columns separated by commas, semicolons or tabs.',
        '',
        value='NAME',
        needs=('file', 'stdin'),
        group='Targets',
    )
    skip_bad_lines: bool = option(
        'Skip lines of lists that could not be read. Otherwise they are listed, and '
        'nothing is done.',
        when=When.ALWAYS,
        group='Targets',
    )
    not_: tuple[str, ...] = option(
        'Targets that are skipped in this run, in a file like that of -file. Each must '
        'be a target, or exist on the wiki.',
        value='FILE',
        read=expanded,
        repeat=True,
        group='Guards',
    )
    protect: tuple[str, ...] = option(
        'The same as a standing list, which may name anybody or anything.',
        value='FILE',
        read=expanded,
        repeat=True,
        group='Guards',
    )
    reason: str | None = option(
        'The reason for the log. It is required, though it may be empty.',
        value='TEXT',
        read=reason,
        also='-summary',
        empty=True,
        when=When.ALWAYS,
    )
    undo: str | None = option(
        'Undo what a campaign has changed, if it was not changed since.',
        value='CAMPAIGN',
        when=When.ALWAYS,
    )
    max: int | None = _guard(
        'Refuse a plan with more than N targets. Without a terminal it is 100 unless '
        'given.',
        value='N',
        read=number,
    )
    max_failures: Threshold | None = _guard(  # noqa: RUF009  # it returns a field
        'Stop when more than N targets have failed; 5% is possible, too.',
        value='N',
        read=_threshold,
        resumed=True,
    )
    stop_page: str | None = _guard(
        'Stop when anybody changes this page of the central wiki, in this run and in '
        'all that resume it, until it is named again.',
        value='TITLE',
    )
    always: bool = _guard(
        'Do not ask for confirmation. Without a terminal it is required.', resumed=True
    )
    workers: int = _pace(
        f'Work on N targets in parallel; 1 unless given. More than {MAX_WORKERS} in '
        'all runs of an account are refused without -insist.',
        1,
        value='N',
        read=number,
        resumed=True,
    )
    insist: bool = _pace('Have more workers than is polite.', resumed=True)
    join: bool = _pace(
        'With -resume: help a run that is active, instead of leaving the work to it.',
        needs=('resume',),
    )
    campaign: str | None = _record(
        'The name of the campaign; by default kind, date and time.',
        value='NAME',
        read=_campaign_name,
    )
    replace: bool = _record(
        'Make the plan of -campaign:NAME again, if it was not confirmed.',
        needs=('campaign',),
        excludes=('resume',),
    )
    resume: bool = _record('Resume -campaign:NAME, or the only one that is unfinished.')
    ledger: str | None = _record(
        'The database of all campaigns, an SQLAlchemy URL or the path of an SQLite '
        'file; by default that of enable(ledger=URL) in user-config.py, or one in '
        "pywikibot's data directory.",
        value='URL',
    )
    quiet: bool = _record(
        'Print nothing unless something is left undone.', resumed=True
    )
    log_json: str | None = _record(
        'Append a line of JSON to the file for every target that is done.',
        value='FILE',
        read=expanded,
        resumed=True,
    )
    report: str | None = _record(
        'Write a report of the campaign as JSON, CSV, wikitext and HTML.',
        value='DIR',
        read=expanded,
        resumed=True,
    )

    def check(self) -> None:
        """Refuse what does not go together; for the options of each script.

        :raises InvalidInput: something does not
        """

    @property
    def is_new(self) -> bool:
        """Whether the command line names any targets, and so makes a new campaign."""
        return bool(self.names) or any(about.names_targets for about in given(self))

    @property
    def is_interactive(self) -> bool:
        """Whether somebody can be asked."""
        return sys.stdin.isatty() and not self.stdin

    @property
    def chosen_by_others(self) -> bool:
        """Whether others can add to the targets that the command line names."""
        return any(about.by_others for about in given(self))

    @property
    def hides_names(self) -> bool:
        """Whether the names of targets appear in the plan at a terminal alone."""
        return any(about.keeps_names_private for about in given(self))


@dataclass(frozen=True)
class Listing:
    """The targets of a new campaign, and what the ledger keeps of where they are from.

    :ivar names: the targets; what iterating raises leaves no campaign behind
    :ivar reason: the reason, where ``-reason`` is not given
    :ivar stored: what the ledger stores besides options; see :attr:`Kind.stored`
    :ivar lines: what the operator reads before the targets are listed
    :ivar nothing: what the operator reads if there is no target, which is not an error
        then
    :ivar counted: what the operator reads after their number is known
    :ivar existing: returns which names exist on the wiki, of those that ``-not`` lists
        without being targets; by default all must be targets
    :ivar covering: returns which names of ``-not`` and ``-protect`` concern targets
        without being targets, such as a range around an address
    :ivar name: the name of the campaign, where something was named after it
    """

    names: Iterable[str]
    reason: str | None = None
    stored: Mapping[str, Any] = field(default_factory=dict)
    lines: Iterable[str] = ()
    nothing: str = ''
    counted: Callable[[int], str] | None = None
    existing: Callable[[Sequence[str]], Iterable[str]] | None = None
    covering: Callable[[Iterable[str], Iterable[str]], Iterable[str]] | None = None
    name: str | None = None


@dataclass(frozen=True)
class Kind:
    """One kind of campaign that a script runs.

    .. version-added:: 0.1

    :ivar action: makes the action, of what the ledger has alone: a campaign that is
        resumed does what it would have done at first. In a campaign of several steps,
        one for each by its name: all targets take a step before any takes the next
    :ivar module: the API module that it writes with
    :ivar rights: the rights that it needs, each with the smallest grant for it
    :ivar by_wiki: whether it writes to many wikis, each worker to one at a time
    :ivar skips_listed: whether the action itself skips what ``-not`` lists
    :ivar max_targets: the longest plan, where ``-max`` is not given
    :ivar confirm: what has to be typed besides; empty if nothing
    :ivar undo: the kind that undoes a campaign of this one; empty if there is none
    :ivar before: called before the plan of a campaign that is resumed, or that undoes
        another one; returns the campaign as it is then
    :ivar after: called when the run has ended, with the campaign as it was before it
    :ivar stored: what else the ledger stores, as types: a type, a list with one for all
        items, a mapping of names to types, or a tuple of alternatives; a name with
        ``?`` may be missing
    :ivar columns: what ``pwb campaign show`` shows of a target of the plan, by heading
    """

    action: Callable[[Any, Campaign], Action] | Mapping[str, Callable[..., Action]]
    module: str = ''
    rights: Mapping[str, str | None] = field(default_factory=dict)
    by_wiki: bool = False
    skips_listed: bool = False
    max_targets: int | None = None
    confirm: Callable[[Campaign], str] = lambda campaign: ''
    undo: Callable[[Campaign], str] | str = ''
    before: Callable[[Any, Campaign], Campaign] = lambda run, campaign: campaign
    after: Callable[[Any, Campaign], None] = lambda run, campaign: None
    stored: Mapping[str, Any] = field(default_factory=dict)
    columns: Callable[[Target], Mapping[str, str]] = lambda target: {}

    @property
    def steps(self) -> tuple[str, ...]:
        """The names of its steps; empty if there is only one."""
        return () if callable(self.action) else tuple(self.action)

    def make(self, run: Any, campaign: Campaign) -> Action:
        """Return the action of a campaign."""
        if callable(self.action):
            return self.action(run, campaign)
        from mw_tokens_plugin.actions.steps import Steps

        make = self.action.items()
        return Steps({step: one(run, campaign, step) for step, one in make})

    def undone_by(self, campaign: Campaign) -> str:
        """Return the kind that undoes a campaign; empty if there is none."""
        return self.undo if isinstance(self.undo, str) else self.undo(campaign)


@dataclass(frozen=True)
class Declaration:
    """What a script that runs campaigns declares.

    Its functions get a :class:`mw_tokens_plugin.cli.run.Run`.

    :ivar name: its name for ``pwb``; a path, if it is started by ``python PATH``
    :ivar options: a frozen dataclass that extends :class:`CampaignOptions`
    :ivar targets: lists the targets of a new campaign; a function of its module
    :ivar kinds: what it runs, by the name in the ledger; new ones are of the first kind
    :ivar noun: what a target is
    :ivar names: how targets are named as arguments
    :ivar opposite: the command for the opposite of what it does
    """

    name: str
    options: type[CampaignOptions]
    targets: Callable[[Any], Listing]
    kinds: Mapping[str, Kind]
    noun: str = 'target'
    names: str = 'names'
    opposite: str = ''

    def __post_init__(self) -> None:
        """Put the options into the docstring of the script."""
        undoes = any(kind.undo for kind in self.kinds.values())
        without = () if undoes else ('-undo',)
        document(self.module, self.options, EXIT_CODES, without)

    @property
    def module(self) -> str:
        """The module of the script, whose docstring begins its help."""
        return self.targets.__module__

    @property
    def title(self) -> str:
        """Its name, without a folder."""
        return Path(self.name).stem

    @property
    def command(self) -> str:
        """How it is started."""
        return f'{"python" if self.name.endswith(".py") else "pwb"} {self.name}'

    @property
    def kind(self) -> str:
        """The kind of its new campaigns."""
        return next(iter(self.kinds))

    def check(self, options: CampaignOptions) -> None:
        """Refuse options that do not go together, before anything is sent.

        :raises InvalidInput: there are such options
        :raises StoppedByGuard: too many workers
        :raises OSError: a file cannot be written
        """
        new, undo = options.is_new, options.undo is not None
        if not (new or options.resume or undo):
            raise InvalidInput(self._how())
        if new + options.resume + undo > 1:
            raise InvalidInput(
                '-resume and -undo take their targets from the ledger: name no others, '
                'and give only one of the two.'
            )
        check_together(options, new=new)
        options.check()
        if undo and not any(kind.undo for kind in self.kinds.values()):
            raise InvalidInput('This script cannot undo what it does.')
        _check_shared(options)
        self._check_asking(options)

    def _check_asking(self, options: CampaignOptions) -> None:
        from pywikibot import config

        interactive = options.is_interactive
        nobody_looks = options.always or not interactive
        if options.chosen_by_others and nobody_looks and not config.simulate:
            rows = table(self.options).values()
            sources = sorted(about.name for _, about in rows if about.by_others)
            raise InvalidInput(
                f'Others can add targets there, so {listed(sources)} never run on '
                '-always alone: give -simulate, look at the plan, and run it with '
                '-resume -always. At a terminal, leave -always out.'
            )
        if not (interactive or options.always or config.simulate):
            raise InvalidInput(
                'Nobody can be asked without a terminal: give -always, or -simulate to '
                'keep the plan.'
            )

    def _how(self) -> str:
        """Say how targets are named."""
        rows = table(self.options).values()
        ways = [self.names, *(a.form for _, a in rows if a.names_targets and a.value)]
        return (
            f'No {self.noun}s were named: give {", ".join(ways)}, or - for standard '
            'input.'
        )


def _check_shared(options: CampaignOptions) -> None:
    from pywikibot import config

    if options.resume and options.reason is not None:
        raise InvalidInput(
            '-resume keeps the reason of its campaign: leave -reason out.'
        )
    if (options.campaign or '').startswith('-') and not options.resume:
        # "pwb campaign show NAME" would take it for an option.
        raise InvalidInput(
            f'-campaign:{options.campaign}: a name must not begin with "-".'
        )
    if not options.workers:
        raise InvalidInput('-workers:0: nothing would be done.')
    if options.workers > MAX_WORKERS and not options.insist:
        from mw_tokens_plugin.campaign.workers import too_many_workers

        raise too_many_workers('This run', options.workers, MAX_WORKERS)
    if options.quiet and not options.always and not config.simulate:
        raise InvalidInput(
            '-quiet shows no plan that could be confirmed: give -always too.'
        )
    gives_reason = any(about.gives_reason for about in given(options))
    if options.reason is None and not options.resume and not gives_reason:
        raise InvalidInput(
            f'A reason is required: -reason:TEXT. {options.reason_hint}-reason: alone '
            'leaves it empty.'
        )
    if options.log_json is not None:
        check_appendable(options.log_json)
    if options.report is not None:
        check_folder(options.report)
