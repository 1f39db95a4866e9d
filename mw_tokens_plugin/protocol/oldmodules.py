"""What wikis before MediaWiki 1.25 say of their modules, in the form of later ones.

They know no paths: actions and submodules of queries are asked for apart, and the type
of a token is not told.

https://www.mediawiki.org/wiki/API:Parameter_information
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from mw_tokens_plugin.protocol.answers import expected_form, part_of
from mw_tokens_plugin.protocol.legacy import type_for_action

_QUERY = 'query+'


def question_of(paths: Iterable[str]) -> dict[str, Any]:
    """Return the parameters of a request about some modules.

    :param paths: such as ``delete``, ``query+info`` or ``main``
    """
    asked = list(paths)
    actions = [path for path in asked if '+' not in path and path != 'main']
    queries = [p.removeprefix(_QUERY) for p in asked if p.startswith(_QUERY)]
    return {
        'action': 'paraminfo',
        'modules': actions or None,
        'querymodules': queries or None,
        'mainmodule': 'main' in asked,
    }


@expected_form('What the wiki says of its modules')
def described(answer: Mapping[str, Any]) -> dict[str, Any]:
    """Return the answer to such a request as later wikis would give it.

    :param answer: the decoded body
    :raises UnexpectedAnswer: it has another form
    """
    return {'paraminfo': {'modules': list(_modules(part_of(answer, 'paraminfo')))}}


def has_no_paths(answer: Mapping[str, Any]) -> bool:
    """Tell whether an answer about modules is of a wiki that knows no paths.

    :param answer: the decoded body
    """
    found = answer.get('paraminfo')
    modules = found.get('modules') if isinstance(found, Mapping) else None
    return isinstance(modules, list) and any(
        isinstance(module, Mapping) and module.keys().isdisjoint({'path', 'missing'})
        for module in modules
    )


def _modules(found: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    for key, before in ('modules', ''), ('querymodules', _QUERY):
        for module in found.get(key) or ():
            if 'missing' not in module:
                yield _described(module, f'{before}{module["name"]}')
    if 'mainmodule' in found:
        yield _described(found['mainmodule'], 'main')


def _described(module: Mapping[str, Any], path: str) -> dict[str, Any]:
    parameters = [_parameter(each, path) for each in module.get('parameters') or ()]
    name = path.rpartition('+')[2]
    return {**module, 'name': name, 'path': path, 'parameters': parameters}


def _parameter(parameter: Mapping[str, Any], path: str) -> dict[str, Any]:
    found, name = dict(parameter), parameter.get('name')
    values = parameter.get('type')
    if path == 'main' and name == 'action' and isinstance(values, list):
        found['submodules'] = {value: value for value in values}
    elif path == 'query' and name in ('prop', 'list', 'meta', 'generator'):
        found['submodules'] = {value: _QUERY + value for value in values or ()}
    elif name == 'token' and '+' not in path:
        found.setdefault('tokentype', type_for_action(path))
    return found
