#!/usr/bin/env python3
"""Tell what your login can do: tokens, other wikis, and which scripts would work.

It looks at the home wiki and at the central one of its farm, and changes nothing there.
pywikibot, when it logs in, takes a password file that others can read away from them.

&options;

Exit codes: 0 all wikis were examined; 1 some could not be; 2 usage or configuration; 3
not logged in, or the script named by -for would not work; 70 internal error; 75 a wiki
does not answer now, try again later; 130 interrupted.

.. version-added:: 0.1
"""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING

from mw_tokens_plugin.cli.helptext import document, start_help
from mw_tokens_plugin.cli.table import Options as Table
from mw_tokens_plugin.cli.table import number, option, parse

if TYPE_CHECKING:
    from mw_tokens_plugin.campaign.exitcodes import ExitCode


def script(text: str) -> str:
    """Read the name of a script."""
    from mw_tokens_plugin.doctor import SCRIPTS

    known = [script.name for script in SCRIPTS]
    if text not in known:
        raise ValueError(f'give one of {", ".join(known)}.')
    return text


@dataclass(frozen=True, kw_only=True)
class Options(Table):
    """What the command line asks for; its names are wikis."""

    for_: str | None = option(
        'Say by the exit code whether this script would be allowed to work: 0 if so, '
        '75 if only wikis stop it that are read-only or do not answer now, 3 if not.',
        value='SCRIPT',
        read=script,
    )
    targets: int = option(
        'Tell how long a campaign of N targets takes.',
        100,
        value='N',
        read=number,
    )
    json: bool = option('Print what is found as JSON.')


document(__name__, Options)


def main(*args: str) -> ExitCode:
    """Run the script.

    :param args: command line arguments; those of the process if none are given
    :return: the exit code
    """
    start_help(args, __name__)
    from mw_tokens_plugin.cli.launch import run_script

    # An open password file is what it is there to find.
    return run_script(
        _run, args, script=__file__, name='token_doctor', tolerate_exposed_password=True
    )


def _run(arguments: list[str]) -> ExitCode:
    from mw_tokens_plugin.campaign.errorcodes import exit_code_of
    from mw_tokens_plugin.campaign.report.console import terminal
    from mw_tokens_plugin.cli.launch import default_site, handle_args
    from mw_tokens_plugin.doctor import (
        EXPECTED,
        display,
        examine,
        verdict,
        without_home,
    )

    options = parse(Options, handle_args(arguments), 'pwb token_doctor')
    try:
        home = default_site()
    except EXPECTED as error:
        found = without_home(error, targets=options.targets)
        code = exit_code_of(error)
    else:
        found = examine(home, options.names, targets=options.targets)
        code = verdict.exit_code_of_wikis(found)
    if options.json:
        print(json.dumps(display.as_json(found), ensure_ascii=False, indent=2))
    else:
        display.show(found, terminal())
    if options.for_ is None:
        return code
    return verdict.exit_code_for(found, options.for_)


if __name__ == '__main__':
    sys.exit(main())
