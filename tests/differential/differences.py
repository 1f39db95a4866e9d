"""What the plugin does otherwise than plain pywikibot, on purpose.

Whatever is not here is the same: exit codes, output, requests, and the wiki afterwards.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator
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


_ERROR = re.compile(r'(ERROR|CRITICAL): .*')

#: The names are those of the table in docs/bots.md.
DIFFERENCES = {
    'asserted': Difference(parameters=r' assert(user)?=(\S+ (Operator|Sysop)|\S+)'),
    'tokens': Difference(requests=r' query .* meta=\S*\btokens\b| paraminfo '),
    'renewals': Difference(
        output=r'(Renewing the |WARNING: API error badtoken|Logging in to '
        r'|ERROR: Logged in as .* Forcing re-login)',
        requests=r' (client)?login | (badtoken|assertuserfailed) - action='
        r'| query .* meta=userinfo( |$)(?!.*(prop|list)=)',
    ),
    # How many there are is compared; what they are called and say is not.
    'errors': Difference(output=r'The above exception was|During handling of|\[help: '),
    'clock': Difference(requests=r' query .* (curtimestamp=1|siprop=general\S*) '),
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
    lines = _without_tracebacks(output)
    said = (_ERROR.sub(r'\1', line.strip()) for line in lines)
    return [line for line in said if line and not meant.match(line)]


def _without_tracebacks(output: Iterable[str]) -> Iterator[str]:
    """Leave out tracebacks, in which there are modules of the plugin."""
    within = False
    for line in output:
        before, found, _ = line.partition('Traceback (most recent call last)')
        if found:
            within = True
            yield before
        elif not within:
            yield line
        elif not line.startswith(' '):
            # It ends with the exception, which CRITICAL tells as well.
            within = False


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
