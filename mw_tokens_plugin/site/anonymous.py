"""Reads that can be sent without a login, and the limits that apply then.

Which requests are sent so is decided in :mod:`mw_tokens_plugin.site.foreign`.

https://www.mediawiki.org/wiki/API:Query
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

#: Modules whose answers may be the same for everybody.
_ACTIONS = frozenset({'query', 'paraminfo', 'parse', 'expandtemplates'})

#: Parameters that name modules of ``action=query``.
_KINDS = ('meta', 'list', 'prop', 'generator')

#: Query modules whose answers depend on who asks.
_PERSONAL = frozenset(
    'tokens userinfo deletedrevisions alldeletedrevisions deletedrevs watchlist '
    'watchlistraw notifications checkuser checkuserlog globalrenamestatus '
    'authmanagerinfo mystashedfiles stashimageinfo filearchive'.split()
)

#: Parameters that ask what the one who asks may do.
_PERSONAL_PARAMETERS = frozenset({'intestactions', 'gintestactions'})

#: Values of parameters for which a right is needed, or a name.
_PERSONAL_VALUES = frozenset(
    'patrolled !patrolled unpatrolled autopatrolled !autopatrolled suppress watched '
    'watchers visitingwatchers notificationtimestamp'.split()
)

#: Values of one parameter that everybody may give at a time.
MAX_VALUES = 50

#: Rows that everybody gets at a time where the wiki reads their text for it.
MAX_TEXTS = 50

#: Parameters of lists of revisions, without the prefix, that make the wiki read texts.
_TEXTS = ('diffto', 'difftotext', 'parse', 'expandtemplates', 'generatexml')


def asks_anybody(
    action: str, parameters: Mapping[str, Any], besides: frozenset[str] = frozenset()
) -> bool:
    """Tell whether everybody gets the same answer to a read.

    :param action: its module
    :param parameters: its parameters, each a list of values
    :param besides: query modules that do not count
    """
    if action not in _ACTIONS or not _PERSONAL_PARAMETERS.isdisjoint(parameters):
        return False
    modules = {name for kind in _KINDS for name in parameters.get(kind, ())}
    if not modules.isdisjoint(_PERSONAL - besides):
        return False
    given = [list(values) for values in parameters.values()]
    return all(len(values) <= MAX_VALUES for values in given) and not any(
        str(value) in _PERSONAL_VALUES
        for name, values in parameters.items()
        if name not in ('titles', 'pageids', 'revids')
        for value in values
    )


def lowered_limits(
    parameters: Mapping[str, Any], paraminfo: Any
) -> Iterator[tuple[str, int]]:
    """Yield the limits of a query that nobody may ask for, and the highest instead.

    :param parameters: its parameters, each a list of values
    :param paraminfo: what pywikibot knows of the wiki's modules
    """
    high = [
        name
        for name, values in parameters.items()
        if name.endswith('limit') and _number(values) > min(MAX_VALUES, MAX_TEXTS)
    ]
    if not high:
        return
    paths = {
        f'query+{name}': 'g' if kind == 'generator' else ''
        for kind in _KINDS
        for name in parameters.get(kind, ())
    }
    paraminfo.fetch(list(paths))
    for path, before in paths.items():
        if path not in paraminfo:
            continue
        module = paraminfo[path]
        prefix = before + module.get('prefix', '')
        for parameter in module.get('parameters', ()):
            name = prefix + parameter['name']
            if name not in high or 'max' not in parameter:
                continue
            most = int(parameter['max'])
            if _reads_texts(parameters, prefix):
                most = min(most, MAX_TEXTS)
            elif f'{prefix}redirect' in parameters:
                # Of pages that link through redirects too.
                most //= 2
            if _number(parameters[name]) > most:
                yield name, most


def _reads_texts(parameters: Mapping[str, Any], prefix: str) -> bool:
    properties = {str(value) for value in parameters.get(f'{prefix}prop', ())}
    return not properties.isdisjoint({'content', 'parsetree'}) or any(
        prefix + name in parameters for name in _TEXTS
    )


def _number(values: Any) -> int:
    """Return the single number that was given; 0 for anything else."""
    (text, *rest) = [str(value) for value in values] or ['']
    return int(text) if text.isdecimal() and not rest else 0
