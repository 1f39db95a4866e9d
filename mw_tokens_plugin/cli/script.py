"""Campaign scripts as values.

A script declares what it is: options, targets and kinds of campaigns. Parsing, checks,
help, login, plan, confirmation, run, report and exit code follow from that, and so do
what the doctor checks and what ``pwb campaign`` resumes and undoes. This module starts
fast, so that ``-help`` does; what happens after the command line was read is in
:mod:`.run`.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from contextlib import closing
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

from mw_tokens_plugin.cli.declaration import Kind, Listing
from mw_tokens_plugin.cli.helptext import EXIT_CODES, document, start_help
from mw_tokens_plugin.cli.options import CampaignOptions, check_shared
from mw_tokens_plugin.cli.table import (
    check_names,
    check_together,
    given,
    option,
    parse,
    table,
)
from mw_tokens_plugin.exceptions import InvalidInput

if TYPE_CHECKING:
    from mw_tokens_plugin.campaign.exitcodes import ExitCode

__all__ = ['CampaignScript', 'Kind', 'option']


class _Parts:
    """What a declaration is made of besides kinds; no fields of the dataclass below."""

    Options: TypeAlias = CampaignOptions
    Listing: TypeAlias = Listing


@dataclass(frozen=True)
class CampaignScript(_Parts):
    """A script that runs campaigns.

    Its functions get a :class:`mw_tokens_plugin.cli.run.Run`.

    .. version-added:: 0.1

    :cvar Options: what a script's own options extend
    :cvar Listing: what its function that lists the targets returns
    :ivar name: its name for ``pwb``; a path, if it is started by ``python PATH``
    :ivar options: a frozen dataclass that extends :attr:`Options`
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
        """Put the options into the docstring of the script, which begins its help."""
        without = () if self.undoes else ('-undo',)
        document(self.targets.__module__, self.options, EXIT_CODES, without)

    @property
    def title(self) -> str:
        """Its name, without a folder."""
        return Path(self.name).stem

    @property
    def kind(self) -> str:
        """The kind of its new campaigns."""
        return next(iter(self.kinds))

    @property
    def undoes(self) -> bool:
        """Whether it can undo any of its campaigns."""
        return any(kind.undo for kind in self.kinds.values())

    def main(self, *args: str) -> ExitCode:
        """Run the script.

        :param args: command line arguments; those of the process if none are given
        :return: the exit code
        """
        module = self.targets.__module__
        start_help(args, module)
        from mw_tokens_plugin.cli.launch import run_script
        from mw_tokens_plugin.cli.privatewords import logged_words

        return run_script(
            self._run,
            args,
            script=str(sys.modules[module].__file__),
            name=self.title,
            opposite=self.opposite,
            logged=partial(logged_words, self.options),
        )

    def check(self, options: CampaignOptions) -> None:
        """Refuse options that do not go together, before anything is sent.

        :raises InvalidInput: there are such options
        :raises StoppedByGuard: too many workers
        :raises OSError: a file cannot be written
        """
        new, undo = options.is_new, options.undo is not None
        if not (new or options.resume or undo):
            rows = table(self.options).values()
            forms = [a.form for _, a in rows if a.names_targets and a.value]
            ways = ', '.join([self.names, *forms])
            raise InvalidInput(
                f'No {self.noun}s were named: give {ways}, or - for standard input.'
            )
        if new + options.resume + undo > 1:
            raise InvalidInput(
                '-resume and -undo take their targets from the ledger: name no others, '
                'and give only one of the two.'
            )
        check_names(options)
        check_together(options, new=new)
        options.check()
        if undo and not self.undoes:
            raise InvalidInput('This script cannot undo what it does.')
        check_shared(options)

    def _run(self, arguments: list[str]) -> ExitCode:
        """Do what a command line asks for."""
        from mw_tokens_plugin.campaign.exitcodes import ExitCode
        from mw_tokens_plugin.campaign.report.console import Reporter, terminal
        from mw_tokens_plugin.cli.command import work
        from mw_tokens_plugin.cli.launch import default_site, handle_args
        from mw_tokens_plugin.cli.privatewords import check_names_are_private
        from mw_tokens_plugin.cli.run import Run

        check_names_are_private(self.options, arguments)
        options = parse(self.options, handle_args(arguments), f'pwb {self.title}')
        options = replace(options, arguments=tuple(arguments))
        for about in given(options):
            if about.instead is not None:
                reporter = Reporter(terminal(), quiet=options.quiet)
                about.instead(options, default_site().central_site(), reporter)
                return ExitCode.DONE
        self.check(options)
        with closing(Run(self.name, self.kinds, options)) as run:
            return work(run, self.targets)
