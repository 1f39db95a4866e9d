#!/usr/bin/env python3
"""Look after campaigns: list, show, report, resume, retry, undo and forget them.

pwb campaign list                 All campaigns in the ledger, the oldest first.

pwb campaign show NAME            What a campaign is, its plan, and the result so far,
                                  with all targets that failed or were skipped, and why.

pwb campaign stage NAME           How far it is, as one word for scripts: missing,
                                  incomplete, listed, planned, confirmed or finished.
                                  Exit code 0 alone proves nothing; these words do.

pwb campaign report NAME DIR      Write it to a folder as JSON, CSV, wikitext and HTML.

pwb campaign save NAME GROUP FILE
                                  Write a group of its targets to a new file, as a list
                                  for -file: all, listed, planned, skipped, done,
                                  failed, or those that were skipped for one reason.

pwb campaign resume NAME          Resume it, by the script that started it.

pwb campaign retry-failed NAME    Put the targets that have failed, or whose wiki did
                                  not answer, back into the plan, decide on them again,
                                  and resume it.

pwb campaign undo NAME -reason:TEXT
                                  Undo what it has done, where that is possible.

pwb campaign forget NAME          Delete all that the ledger knows of it. Then it
                                  can be neither undone nor resumed.

pwb campaign forget -older-than:90d
                                  The same for all that were finished before that time,
                                  or never confirmed.

pwb campaign upgrade              Upgrade the tables of a ledger on a database server to
                                  those of this version. No run may be active on it, and
                                  all who use it need this version then. A ledger in a
                                  file is upgraded when it is opened.

resume, retry-failed and undo take all options of the script that runs the campaign,
such as -always, -simulate and -workers:N. These are common to all of them; list, show,
report and forget read only -ledger and -always.

&options;

.. version-added:: 0.1
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from mw_tokens_plugin.cli.helptext import EXIT_CODES, document, start_help
from mw_tokens_plugin.cli.script import CampaignScript, option
from mw_tokens_plugin.cli.table import When

if TYPE_CHECKING:
    from mw_tokens_plugin.campaign.exitcodes import ExitCode


def span(text: str) -> timedelta:
    """Read how old campaigns have to be."""
    from mw_tokens_plugin.cli.forgetting import span

    return span(text)


@dataclass(frozen=True, kw_only=True)
class Options(CampaignScript.Options):
    """What the command line asks for.

    :ivar others: options of pywikibot, or of the script that runs the campaign
    """

    others: tuple[str, ...] = ()
    older_than: timedelta | None = option(
        'With forget, instead of a name: all campaigns that were finished before that '
        'time, or planned before and never confirmed. They are listed, and you are '
        'asked.',
        value='TIME',
        read=span,
        group='The record',
        when=When.ALWAYS,
    )

    @classmethod
    def rest(cls, argument: str, arguments: Sequence[str]) -> tuple[str, Any]:
        """Keep what the script reads that runs the campaign."""
        return 'others', argument


document(__name__, Options, EXIT_CODES)


def main(*args: str) -> ExitCode:
    """Run the script.

    :param args: command line arguments; those of the process if none are given
    :return: the exit code
    """
    start_help(args, __name__)
    from mw_tokens_plugin.cli.launch import run_script
    from mw_tokens_plugin.cli.management import manage

    def work(arguments: list[str]) -> ExitCode:
        return manage(Options, arguments)

    return run_script(work, args, script=__file__, name='campaign')


if __name__ == '__main__':
    sys.exit(main())
