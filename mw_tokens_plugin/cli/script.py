"""Campaign scripts as values.

A script declares what it is: options, targets and kinds of campaigns. Parsing, checks,
help, login, plan, confirmation, run, report and exit code follow from that, and so do
what the doctor checks and what ``pwb campaign`` resumes and undoes.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING, TypeAlias

from mw_tokens_plugin.cli.declaration import (
    CampaignOptions,
    Declaration,
    Kind,
    Listing,
)
from mw_tokens_plugin.cli.table import option, wants_help

if TYPE_CHECKING:
    from mw_tokens_plugin.campaign.exitcodes import ExitCode

__all__ = ['CampaignScript', 'Kind', 'option', 'start_help']


class CampaignScript(Declaration):
    """A script that runs campaigns.

    .. version-added:: 0.1

    :cvar Options: what a script's own options extend
    :cvar Listing: what its function that lists the targets returns
    """

    Options: TypeAlias = CampaignOptions
    Listing: TypeAlias = Listing

    def main(self, *args: str) -> ExitCode:
        """Run the script.

        :param args: command line arguments; those of the process if none are given
        :return: the exit code
        """
        start_help(args)
        from mw_tokens_plugin.cli.launch import run_script
        from mw_tokens_plugin.cli.privatewords import logged_words
        from mw_tokens_plugin.cli.run import run_campaign

        return run_script(
            partial(run_campaign, self),
            args,
            script=str(sys.modules[self.module].__file__),
            name=self.title,
            opposite=self.opposite,
            logged=partial(logged_words, self.options),
        )


def start_help(args: Sequence[str]) -> None:
    """Print the help and end, if the command line asks for that alone.

    Nothing else is imported for it, so that it starts fast.
    """
    arguments = list(args) or sys.argv[1:]
    if wants_help(arguments):
        import pywikibot

        from mw_tokens_plugin.cli.streams import prepared_streams

        with prepared_streams():
            pywikibot.handle_args(arguments)
