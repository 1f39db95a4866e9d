#!/usr/bin/env python3
"""Tell what your login can do: tokens, other wikis, and which scripts would work.

It looks at the home wiki and at the central one of its farm, and changes nothing.

WIKI...           Look at these wikis too, as the scripts that act on other wikis would:
                  a code of the same family, family:code, a database name, or a URL.

-for:SCRIPT       Say by the exit code whether this script would be allowed to work: 0
                  if so, 3 if not.

-targets:N        Tell how long a campaign of N targets takes; default 100.

-json             Print what is found as JSON.

Exit codes: 0 all wikis were looked at; 1 some could not be; 2 usage; 3 the script named
by -for would not work; 75 try again later; 130 interrupted.

.. version-added:: 0.1
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass, field
from enum import Enum

import pywikibot
from rich.console import Console
from rich.table import Table
from rich.text import Text

from mw_tokens_plugin.campaign.launch import ExitCode, run_script
from mw_tokens_plugin.campaign.report import duration
from mw_tokens_plugin.doctor import (
    MOST_DIFFERENCE,
    SCRIPTS,
    Diagnosis,
    Findings,
    Missing,
    ScriptCheck,
    examine,
)
from mw_tokens_plugin.exceptions import InvalidInput


@dataclass
class Options:
    """What the command line asks for."""

    wikis: list[str] = field(default_factory=list)
    script: str | None = None
    targets: int = 100
    json: bool = False


@dataclass(frozen=True, slots=True)
class Line:
    """One finding, in words.

    :ivar good: None if it is neither good nor bad
    """

    what: str
    said: str
    good: bool | None = None


def main(*args: str) -> ExitCode:
    """Run the script.

    :param args: command line arguments; those of the process if none are given
    :return: the exit code
    """
    # An open password file is what it is there to find.
    return run_script(_run, args, tolerate_exposed_password=True)


def _run(arguments: list[str]) -> ExitCode:
    options = parse(pywikibot.handle_args(arguments))
    found = examine(pywikibot.Site(), options.wikis, targets=options.targets)
    if options.json:
        print(json.dumps(as_json(found), ensure_ascii=False, indent=2))
    else:
        show(found, Console(highlight=False))
    if options.script is not None:
        works = found.would_work(options.script)
        return ExitCode.DONE if works else ExitCode.NOT_AUTHORISED
    return ExitCode.FAILED if any(w.problem for w in found.wikis) else ExitCode.DONE


def parse(args: Iterable[str]) -> Options:
    """Read the command line.

    :param args: what pywikibot has left of it
    :raises InvalidInput: it cannot be understood
    """
    options = Options()
    for argument in args:
        name, colon, value = argument.partition(':')
        match name, bool(colon):
            case '-for', True:
                known = [script.name for script in SCRIPTS]
                if value not in known:
                    raise InvalidInput(f'-for:{value}: give one of {", ".join(known)}.')
                options.script = value
            case '-targets', True:
                if not value.isdecimal():
                    raise InvalidInput(f'-targets:{value}: give a number.')
                options.targets = int(value)
            case '-json', False:
                options.json = True
            case _ if argument.startswith('-'):
                raise InvalidInput(
                    f'{argument!r} is not understood. "pwb token_doctor -help" lists '
                    'all options; those with a value are written -name:value.'
                )
            case _:
                options.wikis.append(argument)
    return options


def as_json(found: Diagnosis) -> dict[str, object]:
    """Return a diagnosis in the types that JSON has."""
    plain = asdict(
        found,
        dict_factory=lambda items: {
            key: value.value if isinstance(value, Enum) else value
            for key, value in items
        },
    )
    plain['would_work'] = {s.name: found.would_work(s.name) for s in SCRIPTS}
    plain['advice'] = list(found.advice())
    return plain


def show(found: Diagnosis, console: Console) -> None:
    """Print a diagnosis: as tables on a terminal, else one finding a line."""
    _show_section('Login', _about_login(found), console)
    for wiki in found.wikis:
        lines = [Line('problem', wiki.problem, good=False)] if wiki.problem else []
        if wiki.findings is not None:
            lines += _about_wiki(wiki.findings, found.targets)
        _show_section(f'{wiki.wiki} ({", ".join(wiki.roles)})', lines, console)
    advice = [Line('', sentence) for sentence in found.advice()]
    _show_section('Advice', advice, console)


def _about_login(found: Diagnosis) -> Iterator[Line]:
    kind = found.login.value if found.login else f'none: {found.reason}'
    yield Line('made with', kind, good=found.login is not None)
    if found.login is not None:
        why = '' if found.centralauthtoken else f': {found.reason}'
        yes = 'yes' if found.centralauthtoken else 'no'
        yield Line('centralauthtoken', f'{yes}{why}', good=found.centralauthtoken)
        uses = found.foreign_site or 'nothing: it does not work with this login'
        yield Line('foreign_site uses', uses, good=found.foreign_site is not None)
    for file in found.secret_files:
        who = 'others can read it' if file.exposed else 'only you can read it'
        said = f'{file.path}, mode {file.mode}: {who}'
        yield Line('secrets in', said, good=not file.exposed)


def _about_wiki(found: Findings, targets: int) -> Iterator[Line]:
    yield Line('user', f'{found.user}, {found.through}')
    yield Line('MediaWiki', found.release)
    yield Line('tokens', ', '.join(found.tokens) or 'none', good=bool(found.tokens))
    if refused := [name for name in found.token_types if name not in found.tokens]:
        yield Line('not for you', ', '.join(refused))
    limits = [f'{r.hits} {r.action} in {r.seconds} s' for r in found.rate_limits]
    unlimited = 'none for you' if found.unlimited else 'none that the wiki tells'
    yield Line(
        'rate limits', unlimited if found.unlimited or not limits else '; '.join(limits)
    )
    shared = f', times {found.processes} processes' if found.processes > 1 else ''
    yield Line('put_throttle', f'{found.put_throttle:g} s{shared}')
    yield Line('User-Agent', found.user_agent, good=found.names_operator)
    yield Line(
        'clock',
        _difference(found.clock_difference),
        good=abs(found.clock_difference) <= MOST_DIFFERENCE,
    )
    for check in found.scripts:
        yield from _about_script(check, targets)


def _about_script(check: ScriptCheck, targets: int) -> Iterator[Line]:
    always = [missing for missing in check.missing if not missing.option]
    said = 'would work' if check.works else f'would not work: {_lacks(always)}'
    if check.works and check.seconds is not None:
        said += f'; {targets} targets take '
        # Without a pause it is up to the wiki.
        said += f'about {duration(check.seconds)}' if check.seconds else 'no pauses'
    yield Line(check.script, said, good=check.works)
    if check.works:
        for option in dict.fromkeys(m.option for m in check.missing):
            lacks = [m for m in check.missing if m.option == option]
            yield Line(f'  {option}', f'would not work: {_lacks(lacks)}', good=False)
    grants = check.least_grants
    least = 'none is enough: main password' if grants is None else ', '.join(grants)
    yield Line('  least grants', least)


def _lacks(missing: Iterable[Missing]) -> str:
    words = {
        'grant': 'the login lacks the grant {}',
        'right': 'the account lacks the right {}',
        'module': 'the wiki has no API module {}',
        'main password': 'it needs a login with the {}',
    }
    return '; '.join(words[each.what].format(each.name) for each in missing)


def _difference(seconds: float) -> str:
    if abs(seconds) < 2:
        return 'as here'
    return f'{duration(abs(seconds))} {"ahead of" if seconds > 0 else "behind"} here'


def _show_section(title: str, lines: Iterable[Line], console: Console) -> None:
    lines = list(lines)
    if not lines:
        return
    if not console.is_terminal:
        print(title)
        for line in lines:
            print(f'  {line.what}: {line.said}' if line.what else f'  {line.said}')
        return
    table = Table(title=title, title_justify='left', show_header=False)
    for line in lines:
        style = {True: 'green', False: 'red', None: ''}[line.good]
        said = Text(line.said, style=style)
        table.add_row(*([line.what] if any(each.what for each in lines) else []), said)
    console.print(table)


if __name__ == '__main__':
    sys.exit(main())
