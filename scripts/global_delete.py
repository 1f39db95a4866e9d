#!/usr/bin/env python3
"""Delete global accounts, with a plan, guards and a record; there is no undo.

The local accounts survive, each with the password that the global one had, but no
longer belong together, and the global name is free for anybody to register. A locked
account is let loose by this: lock accounts of spammers (global_lock), do not delete
them.

The right that it takes, centralauth-unmerge, is in no grant: it needs a login with the
main password, of a member of a global group such as steward. Bot passwords and OAuth
cannot do it.

Names are given as arguments, or by:

-file:FILE        Names in a file in UTF-8, one a line, as they are or as pasted from a
                  wiki: links, templates of request pages, lines of logs. "# " begins a
                  comment.

-                 The same from standard input; -always or -simulate is required.

-prefix:TEXT      All global accounts whose names begin so. Others choose names, so it
                  never runs on -always alone: -simulate keeps the plan, somebody looks
                  at it, and -resume -always carries out exactly that.

Why:

-reason:TEXT      The reason for the log. It is required, though it may be empty;
                  -summary:TEXT is the same.

Guards:

-not:FILE         Names that are to be skipped in this run, in a file like that of
                  -file. Each must be a target or an account that exists.

-protect:FILE     The same as a standing list, which may name anybody. It can be set in
                  user-config.py for all runs, too.

-max-wikis:N      Hold back accounts attached to more than N wikis; default 5.

-max-edits:N      Hold back accounts with more than N global edits; default 50.

-ignore-groups:A,B
                  Groups on single wikis whose members are not held back for that, such
                  as "member" where everybody gets it.

-with-groups      Do not hold back members of global or local groups.

-with-locked      Do not hold back locked accounts, although this unlocks them.

-max:N            Refuse a plan with more than N accounts; default 10.

&campaign;

.. version-added:: 0.1
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from mw_tokens_plugin.actions.globaldelete import DeletionGuards, GlobalDelete
from mw_tokens_plugin.campaign.ledger import Ledger
from mw_tokens_plugin.campaign.records import Campaign
from mw_tokens_plugin.campaign.report.console import Reporter
from mw_tokens_plugin.cli.arguments import check_arguments, options_in
from mw_tokens_plugin.cli.launch import ExitCode, handle_args, run_script
from mw_tokens_plugin.cli.login import log_in
from mw_tokens_plugin.cli.options import (
    HELP,
    SharedOptions,
    not_understood,
    number,
)
from mw_tokens_plugin.exceptions import InvalidInput
from mw_tokens_plugin.protocol.names import normalise_prefix
from mw_tokens_plugin.targets.exclusions import existing_accounts

#: What pywikibot's -help puts into the docstring.
docuReplacements = {'&campaign;': HELP.strip('\n')}

_SCRIPT = 'global_delete'
_MAX = 10


@dataclass
class Options(SharedOptions):
    """What the command line asks for."""

    prefixes: list[str] = field(default_factory=list)
    guards: dict[str, int | bool] = field(default_factory=dict)
    ignored_groups: list[str] = field(default_factory=list)


def main(*args: str) -> ExitCode:
    """Run the script.

    :param args: command line arguments; those of the process if none are given
    :return: the exit code
    """
    return run_script(
        _run,
        args,
        script=__file__,
        name='global_delete',
    )


def _run(arguments: list[str]) -> ExitCode:
    options = parse(handle_args(arguments))
    options.arguments = arguments
    _check(options)
    reporter = options.reporter()
    site, ledger = options.open_all()
    try:
        log_in(
            site,
            ['centralauth-unmerge'],
            'No grant contains it: log in with the main password of an account that '
            'is in a global group such as steward.',
        )
        if options.resume:
            campaign = options.resumed(ledger, site, [GlobalDelete.kind])
            options.check_seen(ledger, campaign)
        else:
            campaign = _begin(ledger, site, options, reporter)
        return options.carry_out(
            _SCRIPT,
            ledger,
            campaign,
            _action(site, campaign, _standing(site, options)),
            site,
            reporter,
            longest=_MAX,
        )
    finally:
        ledger.close()


def parse(args: Iterable[str]) -> Options:
    """Read the command line.

    :param args: what pywikibot has left of it
    :raises InvalidInput: it cannot be understood
    """
    options = Options()
    args = list(args)
    known = {**options_in(__doc__), **options_in(HELP), '-undo': 'CAMPAIGN'}
    check_arguments(args, known, script=f'pwb {_SCRIPT}', repeatable=['-prefix'])
    for argument in args:
        name, colon, value = argument.partition(':')
        match name, bool(colon):
            case '-prefix', True:
                options.prefixes.append(value)
            case '-max-wikis', True:
                options.guards['max_wikis'] = number(name, value)
            case '-max-edits', True:
                options.guards['max_edits'] = number(name, value)
            case '-ignore-groups', True:
                options.ignored_groups += filter(None, value.split(','))
            case '-with-groups', False:
                options.guards['with_groups'] = True
            case '-with-locked', False:
                options.guards['with_locked'] = True
            case _ if not options.take(argument):
                raise not_understood(_SCRIPT, argument)
    return options


def _check(options: Options) -> None:
    """Refuse what does not go together, before anything is sent."""
    if options.undo is not None:
        raise InvalidInput(
            'A global account that was deleted cannot be restored. Its home wiki, '
            'attached wikis and groups are in the ledger; Special:MergeAccount makes a '
            'new one of the local accounts.'
        )
    new = bool(options.targets or options.files or options.stdin or options.prefixes)
    options.check(
        new=new,
        how='No accounts were named: give names, -file:FILE, -prefix:TEXT, or - for '
        'standard input.',
    )
    if (options.guards or options.ignored_groups) and not new:
        raise InvalidInput('-max-wikis and its like belong to a new plan.')
    options.check_reason()
    if options.prefixes:
        options.check_looked_at('-prefix')
    options.check_consent()


def _begin(ledger: Ledger, site: Any, options: Options, reporter: Reporter) -> Campaign:
    campaign, _number = options.begin(
        ledger,
        site,
        GlobalDelete.kind,
        _named(site, options),
        {
            **options.guards,
            'ignored_groups': options.ignored_groups,
            'excluded': options.excluded(
                capital=site.first_letter, english=site.in_english
            ),
            'untrusted': bool(options.prefixes),
        },
        reporter=reporter,
        exist=existing_accounts(site),
    )
    return campaign


def _named(site: Any, options: Options) -> Iterator[str]:
    yield from options.named(capital=site.first_letter, english=site.in_english)
    for prefix in options.prefixes:
        beginning = normalise_prefix(prefix, capital=site.first_letter)
        for account in site.all_global_accounts(prefix=beginning):
            yield account.name


def _standing(site: Any, options: Options) -> list[str]:
    """Return the names in the standing lists, if they may be newer than a plan."""
    return (
        options.excluded(capital=site.first_letter, english=site.in_english)
        if options.resume
        else []
    )


def _action(site: Any, campaign: Campaign, standing: Iterable[str]) -> GlobalDelete:
    """Return what a campaign does, as the ledger has it.

    :param standing: names that are left alone besides those of the plan
    """
    stored = {k: v for k, v in campaign.options.items() if k != 'untrusted'}
    stored['excluded'] = frozenset([*stored['excluded'], *standing])
    stored['ignored_groups'] = frozenset(stored.get('ignored_groups', ()))
    guards = DeletionGuards(operator=site.username() or '', **stored)
    return GlobalDelete(site, reason=campaign.reason, guards=guards)


if __name__ == '__main__':
    sys.exit(main())
