"""What ``-help`` and the page of the reference say of the options of a script.

What an option means is declared in :mod:`.table`, in English; translations of it are
messages, in the folder ``help``. This module starts fast, so that ``-help`` does: what
finds a translation is imported where one is asked for.
"""

from __future__ import annotations

import inspect
import re
import sys
import textwrap
from collections.abc import Callable, Container, Iterable, Iterator, Sequence
from dataclasses import Field, dataclass
from pathlib import Path
from typing import Any, TypeAlias

from mw_tokens_plugin.cli.table import GROUPS, Option, Options, When, table

#: Returns a text in some language: of its key, and what it says in English.
Worded: TypeAlias = Callable[[str, str], str]

#: How the help of every script that runs campaigns ends.
EXIT_CODES = """\
Exit codes: 0 everything done; 1 some targets failed or were skipped; 2 usage or
configuration; 3 not authorised; 4 stopped by a guard; 70 internal error; 75 try again
later; 130 interrupted."""


@dataclass(frozen=True)
class _Page:
    """The help of a script, before the options are put into it."""

    text: str
    options: type[Options]
    end: str
    without: Container[str]

    def written(self, name: str, worded: Worded) -> str:
        """Return the whole help.

        :param name: of the script
        """
        text = _without_version(self.text)
        return worded(f'help-{name}', text).replace('&options;', self.parts(worded))

    def parts(self, worded: Worded) -> str:
        """Return what stands in the place of ``&options;``."""
        end = (
            worded('help-exit_codes', self.end) if self.end == EXIT_CODES else self.end
        )
        options = help_text(self.options, self.without, worded)
        return '\n\n'.join(filter(None, [options, end]))


#: Each by the module that it is the docstring of.
_pages: dict[str, _Page] = {}


def _without_version(text: str) -> str:
    """Return a docstring without the directive that only the documentation shows."""
    return re.sub(r'\n+\.\. version-added::.*', '', text)


def in_english(key: str, text: str) -> str:
    """Return a text as it is declared."""
    return text


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
    page = sys.modules[module]
    if pywikibot.config.userinterface_lang == 'en':
        page.__doc__ = _without_version(page.__doc__ or '')
    else:
        page.__doc__ = translated(module)
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
    # Python may have been told to leave out docstrings.
    text = sys.modules[module].__doc__ or '&options;'
    if '&options;' not in text:
        text += '\n\n&options;\n'
    _pages[module] = page = _Page(text, cls, end, without)
    sys.modules[module].__doc__ = text.replace('&options;', page.parts(in_english))


def translated(module: str, missing: str = '') -> str:
    """Return the help of a script in the language of the operator.

    :param missing: stands for each text that nobody has translated; by default the
        English text does
    """
    from mw_tokens_plugin.messages import translation

    def worded(key: str, text: str) -> str:
        return translation(key) or missing or text

    return _pages[module].written(_stem(module), worded)


def help_text(
    cls: type[Options], without: Container[str] = (), worded: Worded = in_english
) -> str:
    """Return what ``-help`` says of the options of a class, but for some."""
    paragraphs = []
    for group, rows in _grouped(cls):
        heading = worded(group_key(group), group) if group else ''
        paragraphs += [f'{heading}:'] if heading else []
        for field, about in rows:
            if about.name in without:
                continue
            lines = textwrap.wrap(_meaning(cls, field, about, worded), 62)
            form = about.form + (f', {about.also}:{about.value}' if about.also else '')
            if len(form) < 18:
                lines[0] = f'{form:<18}{lines[0]}'
            else:
                lines.insert(0, form)
            paragraphs.append(f'\n{"":18}'.join(lines))
    return '\n\n'.join(paragraphs)


def texts(module: str) -> dict[str, str]:
    """Return all texts of the help of a script in English, by their keys."""
    found: dict[str, str] = {}

    def worded(key: str, text: str) -> str:
        return found.setdefault(key, text)

    _pages[module].written(_stem(module), worded)
    return found


def group_key(group: str) -> str:
    """Return the key of a heading."""
    return f'help-group-{group.lower().replace(" ", "_")}'


def _meaning(
    cls: type[Options], field: Field[Any], about: Option, worded: Worded
) -> str:
    """Return what an option means, whose key tells which file declares it."""
    declared: Option = field.metadata['option']
    base = next(b for b in cls.__mro__ if field.name in inspect.get_annotations(b))
    key = f'help-{_stem(base.__module__)}-{field.name.strip("_")}'
    text = worded(key, declared.help)
    if about.help != declared.help:
        default = worded('help-default', 'The default is %(default)s.')
        text += f' {default.replace("%(default)s", str(field.default))}'
    return text


def _stem(module: str) -> str:
    return Path(sys.modules[module].__file__ or module).stem


def reference(cls: type[Options], others: Iterable[str] = ()) -> str:
    """Return the options of a class as a page of the reference has them.

    :param others: options that are explained elsewhere
    """
    lines = []
    # What is no campaign has no other runs.
    has_runs = any(about.when is When.ALWAYS for _, about in table(cls).values())
    for group, rows in _grouped(cls):
        shown = [about for _, about in rows if about.name not in others]
        if not shown:
            continue
        lines += [f'{group}:', ''] if group else []
        lines += ['| option | meaning |' + ' runs |' * has_runs]
        lines += ['|---|---|' + '---|' * has_runs]
        for about in shown:
            also = f', `{about.also}:{about.value}`' if about.also else ''
            runs = f' {"new" if about.when is When.NEW else "all"} |' * has_runs
            more = ' It may be repeated.' if about.repeat or about.separated else ''
            lines.append(f'| `{about.form}`{also} | {about.help}{more} |{runs}')
        lines.append('')
    return '\n'.join(lines)


def _grouped(
    cls: type[Options],
) -> Iterator[tuple[str, list[tuple[Field[Any], Option]]]]:
    """Yield the headings of the help, each with the options under it.

    If there is only one, it is left out.
    """
    groups: dict[str, list[tuple[Field[Any], Option]]] = {g: [] for g in GROUPS}
    for field, about in table(cls).values():
        groups[about.group].append((field, about))
    used = {group: rows for group, rows in groups.items() if rows}
    for group, rows in used.items():
        yield group if len(used) > 1 else '', rows
