"""What ``-help`` and the page of the reference say of the options of a script.

What an option means is declared in :mod:`.table`. This module starts fast, so that
``-help`` does.
"""

from __future__ import annotations

import re
import sys
import textwrap
from collections.abc import Container, Iterable, Iterator, Sequence

from mw_tokens_plugin.cli.table import GROUPS, Option, Options, When, table

#: How the help of every script that runs campaigns ends.
EXIT_CODES = """\
Exit codes: 0 everything done; 1 some targets failed or were skipped; 2 usage or
configuration; 3 not authorised; 4 stopped by a guard; 70 internal error; 75 try again
later; 130 interrupted."""


def start_help(args: Sequence[str], module: str) -> None:
    """Print the help and end, if the command line asks for that alone.

    Nothing else is imported for it, so that it starts fast.

    :param args: the command line; that of the process if it is empty
    :param module: the module whose docstring is the help
    """
    arguments = list(args) or sys.argv[1:]
    words = [word for word in arguments if re.fullmatch('-help(:.*)?', word)]
    if not words:
        return
    import pywikibot

    from mw_tokens_plugin.cli.streams import prepared_streams

    # pywikibot imports a module that is named like the file, as if its folder were on
    # the path, which it is not with "python -m".
    sys.modules.setdefault(pywikibot.bot.calledModuleName(), sys.modules[module])
    with prepared_streams():
        # What else is there may hold a password, or names that must not be shown.
        pywikibot.handle_args(['-nolog', *words])


def document(
    module: str, cls: type[Options], end: str = '', without: Container[str] = ()
) -> None:
    """Put the options of a class into a script's docstring, for ``&options;``.

    :param end: a paragraph below them
    :param without: options that do not work in this script
    """
    page = sys.modules[module]
    # Python may have been told to leave out docstrings.
    text = page.__doc__ or '&options;'
    if '&options;' not in text:
        text += '\n\n&options;\n'
    options = '\n\n'.join(filter(None, [help_text(cls, without), end]))
    page.__doc__ = text.replace('&options;', options)


def help_text(cls: type[Options], without: Container[str] = ()) -> str:
    """Return what ``-help`` says of the options of a class, but for some."""
    paragraphs = []
    for group, rows in _grouped(cls):
        paragraphs += [f'{group}:'] if group else []
        for about in rows:
            if about.name in without:
                continue
            lines = textwrap.wrap(about.help, 62)
            form = about.form + (f', {about.also}:{about.value}' if about.also else '')
            if len(form) < 18:
                lines[0] = f'{form:<18}{lines[0]}'
            else:
                lines.insert(0, form)
            paragraphs.append(f'\n{"":18}'.join(lines))
    return '\n\n'.join(paragraphs)


def reference(cls: type[Options], others: Iterable[str] = ()) -> str:
    """Return the options of a class as a page of the reference has them.

    :param others: options that are explained elsewhere
    """
    lines = []
    # What is no campaign has no other runs.
    has_runs = any(about.when is When.ALWAYS for _, about in table(cls).values())
    for group, rows in _grouped(cls):
        rows = [about for about in rows if about.name not in others]
        if not rows:
            continue
        lines += [f'{group}:', ''] if group else []
        lines += ['| option | meaning |' + ' runs |' * has_runs]
        lines += ['|---|---|' + '---|' * has_runs]
        for about in rows:
            also = f', `{about.also}:{about.value}`' if about.also else ''
            runs = f' {"new" if about.when is When.NEW else "all"} |' * has_runs
            more = ' It may be repeated.' if about.repeat or about.separated else ''
            lines.append(f'| `{about.form}`{also} | {about.help}{more} |{runs}')
        lines.append('')
    return '\n'.join(lines)


def _grouped(cls: type[Options]) -> Iterator[tuple[str, list[Option]]]:
    """Yield the headings of the help, each with the options under it.

    If there is only one, it is left out.
    """
    groups: dict[str, list[Option]] = {group: [] for group in GROUPS}
    for _, about in table(cls).values():
        groups[about.group].append(about)
    used = {group: rows for group, rows in groups.items() if rows}
    for group, rows in used.items():
        yield group if len(used) > 1 else '', rows
