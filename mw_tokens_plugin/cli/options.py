"""The options that all campaign scripts share, and what does not go together in them.

What they do is in :mod:`.run` and the modules below it. This module starts fast, so
that ``-help`` does: what it needs of others is imported late.
"""

from __future__ import annotations

import re
import sys
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from mw_tokens_plugin.cli.reasons import ReasonOptions, check_reason
from mw_tokens_plugin.cli.table import (
    When,
    given,
    listed,
    number,
    option,
    table,
)
from mw_tokens_plugin.exceptions import InvalidInput
from mw_tokens_plugin.privatefiles import (
    check_appendable,
    check_folder,
    check_replaceable,
    expanded,
)

if TYPE_CHECKING:
    from mw_tokens_plugin.campaign.guards import Threshold

#: Workers that an account has at most, unless the operator insists. Each one more is
#: one more write at the same time, on databases that everybody shares.
MAX_WORKERS = 3


def _threshold(text: str) -> Threshold:
    from mw_tokens_plugin.campaign.guards import Threshold

    return Threshold.parse(text)


def _workers(text: str) -> int:
    if not (value := number(text)):
        raise ValueError('nothing would be done.')
    return value


def _address(text: str) -> str:
    from mw_tokens_plugin.cli.notices import address

    return address(text)


def _campaign_name(text: str) -> str:
    if not re.fullmatch(r'[\w.-]{1,100}', text):
        raise ValueError('use letters, digits, "-", "_" and ".", up to 100.')
    return text


def names_in_files() -> Any:
    """Return the option for files that list names, as they are pasted from a wiki."""
    return option(
        'Names in a file in UTF-8, one a line, as they are or as pasted from a wiki: '
        'links, templates of request pages, lines of logs. "# " begins a comment.',
        value='FILE',
        read=expanded,
        repeat=True,
        names_targets=True,
    )


#: Options of all runs, by what they stand under in the help.
_guard = partial(option, group='Guards', when=When.ALWAYS)
_pace = partial(option, group='How many at a time', when=When.ALWAYS)
_record = partial(option, group='The record', when=When.ALWAYS)


@dataclass(frozen=True, kw_only=True)
class CampaignOptions(ReasonOptions):
    """What the command line of any campaign script asks for.

    :ivar arguments: the whole command line, in which a wiki may be named
    """

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
        f'Work on N targets in parallel. More than {MAX_WORKERS} in all runs of an '
        'account are refused without -insist.',
        1,
        value='N',
        read=_workers,
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
        'Make the plan of -campaign:NAME again, if nothing of it was confirmed.',
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
    ledger_is_private: bool = _record(
        'Nobody else can read the ledger, which is on a server: names that must not be '
        'known, as with -hide, may be written there.'
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
    health_file: str | None = _record(
        'Write the file again every few seconds while the run is alive.',
        value='FILE',
        read=expanded,
        resumed=True,
    )
    notify: str = _record(
        'Send a notice as JSON to this address when the run starts to write, is '
        'stopped, or ends; by default that of enable(notify=URL) in user-config.py. It '
        'has numbers and no names.',
        '',
        value='URL',
        read=_address,
        private=True,
    )
    report: str | None = _record(
        'Write a report of the campaign as JSON, CSV, wikitext and HTML.',
        value='DIR',
        read=expanded,
        resumed=True,
    )
    report_page: str | None = option(
        'Write a section about the campaign on this page of the central wiki when a '
        'run ends; -resume and -undo update it. It has numbers and no names.',
        value='TITLE',
        group='The record',
        stored='report_page',
        rights={'edit': 'editpage'},
    )
    report_names: bool = option(
        'Name accounts and pages in that section, which is confirmed at a terminal.',
        group='The record',
        stored='report_names',
        needs=('report_page',),
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
    def only_lists(self) -> bool:
        """Whether targets are listed, and nothing is planned or written."""
        return False

    @property
    def chosen_by_others(self) -> bool:
        """Whether others can add to the targets that the command line names."""
        return any(about.by_others for about in given(self))

    @property
    def hides_names(self) -> bool:
        """Whether the names of targets appear in the plan at a terminal alone."""
        return any(about.keeps_names_private for about in given(self))


def check_shared(options: CampaignOptions) -> None:
    """Refuse what does not go together in the options that all campaigns have.

    :raises InvalidInput: something does not
    :raises StoppedByGuard: too many workers
    :raises OSError: a file cannot be written
    """
    from pywikibot import config

    if (options.campaign or '').startswith('-') and not options.resume:
        # "pwb campaign show NAME" would take it for an option.
        raise InvalidInput(
            f'-campaign:{options.campaign}: a name must not begin with "-".'
        )
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
    check_reason(options)
    if options.report_page is not None and options.hides_names:
        raise InvalidInput(
            '-report-page is for everybody, and does not go together with options that '
            'hide accounts.'
        )
    if options.log_json is not None:
        check_appendable(options.log_json)
    if options.health_file is not None:
        check_replaceable(options.health_file)
    if options.report is not None:
        check_folder(options.report)
    nobody_looks = options.always or not options.is_interactive
    if options.report_names and nobody_looks and not config.simulate:
        raise InvalidInput(
            'Names on a page are confirmed at a terminal: leave -report-names or '
            '-always out.'
        )
    if options.chosen_by_others and nobody_looks and not config.simulate:
        rows = table(type(options)).values()
        sources = sorted(about.name for _, about in rows if about.by_others)
        raise InvalidInput(
            f'Others can add targets there, so {listed(sources)} never run on -always '
            'alone: give -simulate, look at the plan, and run it with -resume -always. '
            'At a terminal, leave -always out.'
        )
    nobody_looks = nobody_looks and not options.always
    if nobody_looks and not (config.simulate or options.only_lists):
        raise InvalidInput(
            'Nobody can be asked without a terminal: give -always, or -simulate to '
            'keep the plan.'
        )
