"""The page on the doctor says what each script needs."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from mw_tokens_plugin.doctor import SCRIPTS

PAGE = Path(__file__).parents[2] / 'docs' / 'token_doctor.md'

#: A script, an option or nothing, the rights, and the grants that they need more.
Row = tuple[str, str, tuple[str, ...], tuple[str, ...]]


def test_the_page_shows_the_rights_and_grants_of_each_script_and_option() -> None:
    """Whoever makes a bot password by it has all that the script will ask for."""
    assert sorted(shown()) == sorted(needed())


def shown() -> Iterator[Row]:
    """Yield the rows of the table."""
    section = PAGE.read_text('utf-8').partition('## The least set of grants\n')[2]
    script = ''
    for line in section.partition('\n## ')[0].splitlines():
        if not line.startswith('| ') or line.startswith('| script '):
            continue
        what, rights, grants = line.strip('|').split('|')
        option = ''
        if what.strip().startswith('with '):
            (option,) = re.findall('`([^`]+)`', what)
        else:
            (script,) = re.findall('`([^`]+)`', what)
        if 'main password' not in grants:
            yield script, option, quoted(rights), quoted(grants)


def quoted(cell: str) -> tuple[str, ...]:
    return tuple(sorted(re.findall('`([^`]+)`', cell)))


def needed() -> Iterator[Row]:
    """Yield the same by the declarations of the scripts."""
    for script in SCRIPTS:
        least = script.grants()
        if least is None:
            continue
        for option in dict.fromkeys(('', *(need.option for need in script.needs))):
            rights = [need.right for need in script.needs if need.option == option]
            grants = script.grants(option) or ()
            if option:
                grants = tuple(grant for grant in grants if grant not in least)
            yield script.name, option, tuple(sorted(rights)), tuple(sorted(grants))
