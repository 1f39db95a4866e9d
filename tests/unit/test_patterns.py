"""No regular expression takes much longer for a longer text than in proportion.

What they are run on comes from pages that anybody can edit, from lists and from wikis.
"""

from __future__ import annotations

import importlib
import pkgutil
import re
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import mw_tokens_plugin
from mw_tokens_plugin.exceptions import InvalidName
from mw_tokens_plugin.protocol.mentions import addresses, linked_user, users_in_urls
from mw_tokens_plugin.protocol.names import folded, kind_of, normalise_name
from mw_tokens_plugin.protocol.spellings import HiddenNames

#: Long enough that the square of it, in steps, takes minutes for all texts together.
SIZE = 30_000
UNITS = [
    *' \t\nab0f-=\'"[{<&;:/%\\|*#.,_+~@!?()',
    *(
        'a:',
        'a=',
        'a ',
        ' a',
        '%2',
        '&a',
        '&#',
        '[[',
        '[[a|',
        '{{',
        '<a ',
        '<!',
        '</',
        '1.',
    ),
    *(
        '::',
        '1:',
        'f:',
        '~2026-',
        '2026-',
        'user:',
        'user',
        'special:',
        'lock',
        'un',
        '(un)',
    ),
    *(
        'a.b',
        'a/b',
        '//',
        'http://',
        '?a=',
        '&a=',
        '\\x',
        '\\u',
        '%25',
        'a="',
        "a='",
        ' -',
        '- ',
    ),
    *(
        '12:00, ',
        '(a',
        'a)',
        '(',
        '[http:',
        '|-',
        '||',
        'password',
        'token',
        '\u200e',
        'é',
        '\ufffc',
    ),
]


#: How a pattern is run on each place of a text, not on its beginning alone.
_SEARCHED = r'\b{}\.(?:search|finditer|findall|subn?|split)\('


def patterns() -> dict[re.Pattern[str], bool]:
    """Return all patterns that modules keep, and whether they are searched for.

    Those of the sandbox, which meets nothing from outside, are left out.
    """
    found: dict[re.Pattern[str], bool] = {}
    for module in pkgutil.walk_packages(mw_tokens_plugin.__path__, 'mw_tokens_plugin.'):
        if '.sandbox' in module.name or module.name.endswith('__main__'):
            continue
        loaded = importlib.import_module(module.name)
        source = Path(loaded.__file__ or '').read_text('utf-8')
        for name, value in vars(loaded).items():
            values = value.values() if isinstance(value, dict) else [value]
            searched = re.search(_SEARCHED.format(name), source) is not None
            for each in values:
                if isinstance(each, re.Pattern) and isinstance(each.pattern, str):
                    # A module may import what another one searches for.
                    found[each] = found.get(each, False) or searched
    return found


def match_everything() -> None:
    """Run every pattern, and all that reads names, on every long text."""
    found = patterns()
    assert len(found) > 30, 'few patterns were found'
    for pattern, searched in found.items():
        for unit in UNITS:
            text = unit * (SIZE // len(unit))
            pattern.fullmatch(text)
            pattern.match(f'{text}\x00')
            if searched:
                for _ in pattern.finditer(f'{text}\x00'):
                    pass
    for unit in UNITS:
        text = unit * (SIZE // len(unit))
        for name in (f'q{text}', f'{text}!'):
            with suppress(InvalidName):
                normalise_name(name)
            kind_of(name)
            folded(name)
            linked_user(name)
            list(users_in_urls(name))
            list(addresses(name))
            HiddenNames({'Bad name': '#'}).replace(name)


def test_every_pattern_takes_time_in_proportion_to_the_text() -> None:
    """Another process runs them, since nothing could stop this one.

    It is ended by the time that it takes of a processor, whatever else that has to do.
    """
    code = (
        'import resource; resource.setrlimit(resource.RLIMIT_CPU, (60, 60))\n'
        'from tests.unit.test_patterns import match_everything; match_everything()'
    )
    root = Path(__file__).parents[2]
    subprocess.run([sys.executable, '-c', code], cwd=root, check=True)
