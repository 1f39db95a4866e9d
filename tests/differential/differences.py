"""What the plugin does otherwise than plain pywikibot, on purpose.

Whatever is not here is the same: exit codes, output, requests, and the wiki afterwards.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from .stage import Done


@dataclass(frozen=True, slots=True)
class Difference:
    """One that is meant; what it matches is left out, on both sides.

    :ivar output: matches lines of output
    :ivar requests: matches requests
    :ivar parameters: matches parameters of requests
    """

    output: str = ''
    requests: str = ''
    parameters: str = ''


#: The names are those of the table in docs/bots.md.
DIFFERENCES = {
    'asserted': Difference(parameters=r' assert(user)?=(\S+ (Operator|Sysop)|\S+)'),
    'tokens': Difference(requests=r' query .* meta=\S*\btokens\b| paraminfo '),
    'renewals': Difference(
        output=r'(Renewing the |WARNING: API error badtoken|Logging in to '
        r'|ERROR: Logged in as .* Forcing re-login)',
        requests=r' (client)?login | query .* meta=userinfo( |$)(?!.*(prop|list)=)',
    ),
    'errors': Difference(),
}

#: Named in the docs, and not met by one script: tests/sandbox/test_unharmed.py has it.
ELSEWHERE = {'accounts'}


def unlike(plain: Done, plugin: Done) -> list[str]:
    """Return in which way two runs of a command differ that is not meant."""
    found = []
    if plain.code != plugin.code:
        found.append(f'exit code {plain.code}, with the plugin {plugin.code}')
    found += _more_and_less('line', _lines(plain.output), _lines(plugin.output))
    writes = (_bare(plain.writes), _bare(plugin.writes))
    if writes[0] != writes[1]:
        found += _more_and_less('write', *writes) or ['the writes have another order']
    found += _more_and_less('request', _asked(plain.requests), _asked(plugin.requests))
    return found


def _lines(output: Iterable[str]) -> list[str]:
    meant = re.compile('|'.join(d.output for d in DIFFERENCES.values() if d.output))
    return [line for line in output if line.strip() and not meant.match(line)]


def _asked(requests: Iterable[str]) -> list[str]:
    meant = re.compile('|'.join(d.requests for d in DIFFERENCES.values() if d.requests))
    return [request for request in _bare(requests) if not meant.search(request)]


def _bare(requests: Iterable[str]) -> list[str]:
    meant = '|'.join(d.parameters for d in DIFFERENCES.values() if d.parameters)
    return [re.sub(meant, '', request) for request in requests]


def _more_and_less(what: str, plain: list[str], plugin: list[str]) -> list[str]:
    """Return what only one of both has, in whatever order."""
    less, more = Counter(plain) - Counter(plugin), Counter(plugin) - Counter(plain)
    return [f'only without the plugin, a {what}: {each}' for each in less] + [
        f'only with the plugin, a {what}: {each}' for each in more
    ]
