#!/usr/bin/env python3
"""Show the state of global accounts, IP addresses and ranges: locks, blocks, hiding.

It reads the central wiki of the farm, whatever wiki is the default one, and changes
nothing. What is public needs no login. A session that is there is used; -login makes
one. What this user may not read is "not readable".

&options;

Exit codes: 0 everything was read; 1 some lines or names could not be read; 2 usage or
configuration; 3 not authorised; 70 internal error; 75 the wiki does not answer now, try
again later; 130 interrupted.

.. version-added:: 0.1
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from mw_tokens_plugin.cli.helptext import document, start_help
from mw_tokens_plugin.cli.options import names_in_files
from mw_tokens_plugin.cli.table import Options as Table
from mw_tokens_plugin.cli.table import check_names, check_together, option, parse
from mw_tokens_plugin.exceptions import InvalidInput

if TYPE_CHECKING:
    from mw_tokens_plugin.campaign.exitcodes import ExitCode
    from mw_tokens_plugin.site.mixins import TypedSite
    from mw_tokens_plugin.status.records import Status
    from mw_tokens_plugin.targets.lists import ListReader

#: Names that are read at most.
MAX_NAMES = 10_000
#: The longest pause between two readings, a day.
_MAX_MINUTES = 1440
_FORMATS = ('json', 'csv', 'wikitext')


def output_format(text: str) -> str:
    """Read how the output is written."""
    if text not in _FORMATS:
        raise ValueError(f'give one of {", ".join(_FORMATS)}.')
    return text


def minutes(text: str) -> int:
    """Read how often names are read again."""
    if not text.isascii() or not text.isdecimal() or not 0 < int(text) <= _MAX_MINUTES:
        raise ValueError(f'give a number of minutes from 1 to {_MAX_MINUTES}.')
    return int(text)


@dataclass(frozen=True, kw_only=True)
class Options(Table):
    """What the command line asks for."""

    file: tuple[str, ...] = names_in_files()  # it returns a field
    stdin: bool = option('The same from standard input.', name='-', names_targets=True)
    column: str = option(
        'The column with the names, by its heading or number, where a list has columns '
        'separated by commas, semicolons or tabs.',
        '',
        value='NAME',
        needs=('file', 'stdin'),
        group='Targets',
    )
    skip_bad_lines: bool = option(
        'Skip lines of lists that could not be read. Otherwise they are listed, and '
        'nothing is done.',
        group='Targets',
    )
    details: bool = option(
        'Also home wiki, edits by wiki and groups, by one request for each account; '
        'and the locks of hidden accounts, for those who may read that log.'
    )
    format: str | None = option(
        'Write "json", "csv" or "wikitext" instead of a table.',
        value='FORMAT',
        read=output_format,
    )
    login: bool = option(
        'Log in first: to see hidden accounts, or to need a tenth of the requests, '
        'with an account that has the rights for it.'
    )
    watch: int | None = option(
        'Read again every N minutes, and show what has changed. Ctrl-C ends it.',
        value='MINUTES',
        read=minutes,
        excludes=('format',),
        because='changes are shown as lines.',
    )


document(__name__, Options)


def main(*args: str) -> ExitCode:
    """Run the script.

    :param args: command line arguments; those of the process if none are given
    :return: the exit code
    """
    start_help(args, __name__)
    from mw_tokens_plugin.cli.launch import run_script

    return run_script(_run, args, script=__file__, name='global_status')


def _run(arguments: list[str]) -> ExitCode:
    from mw_tokens_plugin.campaign.exitcodes import ExitCode
    from mw_tokens_plugin.campaign.report.console import terminal
    from mw_tokens_plugin.cli.launch import default_site, handle_args
    from mw_tokens_plugin.cli.login import log_in
    from mw_tokens_plugin.cli.targetlists import lines_about
    from mw_tokens_plugin.cli.useragent import check_contact

    options = parse(Options, handle_args(arguments), 'pwb global_status')
    _check(options)
    site = default_site().central_site()
    check_contact(site)
    if options.login:
        log_in(site, {})
    reader = _reader(site, options)
    names = _named(reader, options)
    console = terminal()
    for line in lines_about(reader.sources, sys.stderr.isatty()):
        print(line, file=sys.stderr)
    found = read_status(site, names, options)
    # What is shown at a terminal is for the operator alone.
    shows_hidden = console.is_terminal and options.format is None
    _write(found, options, shows_hidden=shows_hidden)
    if options.watch is not None:
        _watch(site, names, found, options, shows_hidden=shows_hidden)
    refused = any(source.refused for source in reader.sources)
    failed = any(status.problem for status in found)
    return ExitCode.FAILED if refused or failed else ExitCode.DONE


def read_status(
    site: TypedSite, names: Sequence[str], options: Options
) -> list[Status]:
    """Read, and keep names that must not be shown out of logs and errors."""
    from mw_tokens_plugin.protocol.spellings import HiddenNames
    from mw_tokens_plugin.site.redaction import redactor
    from mw_tokens_plugin.status.reading import read
    from mw_tokens_plugin.status.records import labels

    found = read(site, names, details=options.details)
    redactor.hide_names = HiddenNames(labels(found)).replace
    return found


def _check(options: Options) -> None:
    """Refuse what does not go together, before anything is sent."""
    if not (options.names or options.file or options.stdin):
        raise InvalidInput(
            'No names were given: give names, -file:FILE, or - for standard input.'
        )
    check_names(options)
    check_together(options, new=True)


def _reader(site: TypedSite, options: Options) -> ListReader:
    from mw_tokens_plugin.targets.lists import ListReader

    return ListReader(
        capital=site.first_letter, english=site.in_english, column=options.column
    )


def _named(reader: ListReader, options: Options) -> list[str]:
    """Return the names, each once.

    :raises InvalidInput: lines cannot be read, or there are too many names
    """
    from mw_tokens_plugin.targets.lists import valid_names

    entries = reader.entries(options.names, options.file, stdin=options.stdin)
    found: dict[str, None] = {}
    for name in valid_names(entries, skip=options.skip_bad_lines):
        found[name] = None
        if len(found) > MAX_NAMES:
            raise InvalidInput(
                f'There are more than {MAX_NAMES:,} names: split the list.'
            )
    return list(found)


def _write(found: Sequence[Status], options: Options, *, shows_hidden: bool) -> None:
    from mw_tokens_plugin.campaign.report.console import terminal
    from mw_tokens_plugin.status.display import show
    from mw_tokens_plugin.status.formats import FORMATS
    from mw_tokens_plugin.status.records import hiding, labels

    if not shows_hidden:
        found = hiding(found, labels(found))
    if options.format is None:
        show(found, terminal(), details=options.details)
    else:
        FORMATS[options.format](found, sys.stdout, details=options.details)


def _watch(
    site: TypedSite,
    names: Sequence[str],
    found: Sequence[Status],
    options: Options,
    *,
    shows_hidden: bool,
) -> None:
    from mw_tokens_plugin.messages import message
    from mw_tokens_plugin.status.watching import watch

    assert options.watch is not None
    about = {'number': len(names), 'minutes': options.watch}
    print(message('global_status-watching', **about), flush=True)
    watch(
        found,
        lambda: read_status(site, names, options),
        lambda line: print(line, flush=True),
        minutes=options.watch,
        shows_hidden=shows_hidden,
    )


if __name__ == '__main__':
    sys.exit(main())
