"""What the wiki says of its modules: paraminfo and help."""

from __future__ import annotations

from ..call import Call, Json, Values, action
from ..errors import HttpError
from ..formats import help_page


@action('paraminfo')
def paraminfo(call: Call, values: Values) -> None:
    """Describe modules."""
    result: Json = {'helpformat': 'none'}
    call.result['paraminfo'] = result
    if call.wiki.age is not None:
        _describe_of_old(call, values, result)
        return
    modules = []
    for path in values['modules'] or ():
        parent, _, name = path.rpartition('+')
        if call.declarations.known(path):
            modules.append(_describe(call, path))
        else:
            call.warn(
                'badmodule',
                f'The module "{parent or "main"}" does not have a submodule "{name}".',
            )
    if modules:
        result['modules'] = modules
    if values['querymodules']:
        result['querymodules'] = [
            _describe(call, f'query+{name}')
            | {'querytype': call.declarations.modules[f'query+{name}'].group}
            for name in values['querymodules']
            if f'query+{name}' in call.declarations.modules
        ]
    if values['mainmodule'] is not None:
        result['mainmodule'] = _describe(call, 'main')


def _describe_of_old(call: Call, values: Values, result: Json) -> None:
    """Describe modules as before MediaWiki 1.25, which knew no paths."""
    del result['helpformat']
    for parameter, before in ('modules', ''), ('querymodules', 'query+'):
        if values[parameter] is None:
            continue
        known = [n for n in values[parameter] if call.declarations.known(before + n)]
        unknown = [n for n in values[parameter] if n not in known or n == 'main']
        if unknown:
            call.warn(
                'unrecognizedvalues',
                f'Unrecognized value{"s" if len(unknown) > 1 else ""} for parameter '
                f'"{parameter}": {", ".join(unknown)}',
            )
        result[parameter] = [
            _describe(call, before + n) for n in known if n not in unknown
        ]
    if values['mainmodule'] is not None:
        result['mainmodule'] = _describe(call, 'main')


@action('help')
def show_help(call: Call, values: Values) -> None:
    """Show the help page."""
    raise HttpError(200, help_page(call.wiki), 'text/html; charset=utf-8')


def _describe(call: Call, path: str) -> Json:
    return call.declarations.describe(path, call.wiki.server, call.version, call.high)
