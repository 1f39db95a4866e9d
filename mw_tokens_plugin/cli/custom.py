"""Running an action of one's own as a script, with all the options that campaigns have.

The scripts of this package do more by themselves; this is for those of others.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import Any

from mw_tokens_plugin.campaign.action import Action
from mw_tokens_plugin.campaign.records import Campaign
from mw_tokens_plugin.cli.arguments import check_arguments, options_in
from mw_tokens_plugin.cli.launch import ExitCode, handle_args, run_script
from mw_tokens_plugin.cli.login import log_in
from mw_tokens_plugin.cli.options import HELP, SharedOptions
from mw_tokens_plugin.exceptions import InvalidInput
from mw_tokens_plugin.targets.lists import Parse

__all__ = ['Read', 'run_action']

#: Options that every script explains in its own words.
_SHARED = {
    **dict.fromkeys(('-file', '-not', '-protect'), 'FILE'),
    **dict.fromkeys(('-reason', '-summary'), 'TEXT'),
    '-max': 'N',
    '-undo': 'CAMPAIGN',
}

#: Reads the value of an option; raises InvalidInput where it makes no sense.
Read = Callable[[str], str]


def run_action(
    make: Callable[[Any, Campaign], Action],
    args: Sequence[str],
    *,
    script: str,
    kind: str,
    parse: Callable[[Any], Parse],
    own: Mapping[str, Read] | None = None,
    side_by_side: bool = False,
) -> ExitCode:
    """Run a script that carries out campaigns of one kind.

    Targets are its arguments, the lines of ``-file:FILE`` and, for ``-``, those of the
    standard input.

    .. version-added:: 0.1

    :param make: returns the action, from the central wiki and the campaign; the options
        of its own are in ``campaign.options``
    :param args: the command line; that of the process if it is empty
    :param script: the file of the script, for the command that goes on with it
    :param kind: what the ledger calls its campaigns
    :param parse: returns how a target is read, from the central wiki
    :param own: the options that a new campaign needs besides, without their hyphen
    :param side_by_side: whether each worker writes to a wiki of its own
    :return: the exit code
    """
    work = partial(_run, make, script, kind, parse, own or {}, side_by_side)
    return run_script(work, args, script=script, name=Path(script).stem)


def _run(
    make: Callable[[Any, Campaign], Action],
    script: str,
    kind: str,
    parse: Callable[[Any], Parse],
    own: Mapping[str, Read],
    side_by_side: bool,
    arguments: list[str],
) -> ExitCode:
    options, given = SharedOptions(), dict[str, str]()
    left = handle_args(arguments)
    known = {**_SHARED, **options_in(HELP), **{f'-{n}': n.upper() for n in own}}
    check_arguments(left, known, script=options.line(script))
    for argument in left:
        name, colon, value = argument.removeprefix('-').partition(':')
        if argument.startswith('-') and colon and name in own:
            given[name] = own[name](value)
        elif not options.take(argument):
            raise InvalidInput(f'{argument!r} is not understood; there are:\n{HELP}')
    _check(options, given, own)
    options.arguments = arguments
    site, opened = options.open_all()
    with closing(opened) as ledger:
        log_in(site, (), '')
        reporter = options.reporter()
        if options.resume:
            campaign = options.resumed(ledger, site, [kind], own)
        else:
            campaign, _number = options.begin(
                ledger,
                site,
                kind,
                options.named(parse(site)),
                given,
                reporter=reporter,
            )
        return options.carry_out(
            script,
            ledger,
            campaign,
            make(site, campaign),
            site,
            reporter,
            side_by_side=side_by_side,
        )


def _check(
    options: SharedOptions, given: Mapping[str, str], own: Mapping[str, Read]
) -> None:
    """Refuse what does not go together, before anything is sent."""
    if options.undo is not None:
        raise InvalidInput('This script cannot undo what it does.')
    new = bool(options.targets or options.files or options.stdin)
    words = ''.join(f'-{name}:, ' for name in own)
    options.check(
        new=new,
        how=f'Nothing was named: give {words}-reason:TEXT and targets, as arguments '
        'or by -file:FILE.',
    )
    if new and (missing := own.keys() - given.keys()):
        raise InvalidInput(f'A new campaign needs -{min(missing)}:.')
    if given and not new:
        raise InvalidInput(f'-{min(given)} belongs to a new campaign.')
    if options.exclude or options.protect:
        raise InvalidInput(
            '-not and -protect are not understood here: leave those targets out.'
        )
    options.check_reason()
    options.check_consent()
