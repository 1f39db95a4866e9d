"""The options of a campaign as a ledger has them: known names, types and ranges only.

The ledger may have been written by others, or by another version. What an option means
is left to the script that runs the campaign.
"""

from __future__ import annotations

import enum
from collections.abc import Mapping
from dataclasses import MISSING, Field
from typing import Any

from mw_tokens_plugin.campaign.records import Campaign
from mw_tokens_plugin.cli.declaration import Kind
from mw_tokens_plugin.cli.table import Option, Options, table
from mw_tokens_plugin.exceptions import InvalidInput

#: What the ledger stores of every campaign, and of one that undoes another.
_USUAL = {'untrusted?': bool, 'stop_page?': (None, {'title': str, 'revision': int})}
_UNDO = {'undone': str, 'record?': str}


def plain(value: Any) -> Any:
    """Return the value of an option as JSON has it."""
    if isinstance(value, enum.Enum):
        return value.value
    return list(map(plain, value)) if isinstance(value, tuple) else value


def to_store(options: Options) -> dict[str, Any]:
    """Return what the ledger stores of a command line."""
    return {
        about.stored: plain(getattr(options, field.name))
        for field, about in table(type(options)).values()
        if about.stored
    }


def inherited(cls: type[Options], undone: Campaign) -> dict[str, Any]:
    """Return what the ledger stores of the options of a campaign that is undone.

    They say what its targets and their states are; nobody gives them again.

    :param cls: the options of its script
    """
    known = with_defaults(cls, undone)
    return {
        name: known[name]
        for name, (field, about) in _stored(cls).items()
        if name in known and _is_possible(field, about, known[name])
    }


def with_defaults(cls: type[Options], campaign: Campaign) -> dict[str, Any]:
    """Return the options that a campaign has, or would have had by default.

    One that undoes another one has those of that.

    :param cls: the options of its script
    """
    return {
        **{
            about.stored: plain(field.default)
            for field, about in table(cls).values()
            if about.stored and field.default is not MISSING
        },
        **_inherited(campaign),
        **campaign.options,
    }


def check_options(kind: Kind, cls: type[Options], campaign: Campaign) -> None:
    """Refuse a campaign with options that its script could not have stored.

    :param kind: that of the campaign
    :param cls: the options of its script
    :raises InvalidInput: it has such options
    """
    shape: dict[str, Any] = {**_USUAL, **kind.stored}
    if 'excluded' not in shape:
        shape['excluded?'] = [str]
    options = _stored(cls)
    given = campaign.options
    if 'undone' in given:
        shape.update(_UNDO)
        rest = {name: each for name, each in given.items() if name != 'inherited'}
        given = _inherited(campaign)
        problem = _problem(
            {n: each for n, each in given.items() if n not in options}, {}
        )
    else:
        rest = {name: each for name, each in given.items() if name not in options}
        missing = [
            name
            for name, (_, about) in options.items()
            if about.required and name not in given
        ]
        problem = f'{missing[0]} is missing' if missing else ''
    for name, value in given.items():
        if name in options and not _is_possible(*options[name], value):
            problem = f'{name} has a value that it cannot have'
    if kind.steps and campaign.stages != len(kind.steps):
        problem = f'{campaign.stages} stages, and there are {len(kind.steps)}'
    problem = problem or _problem(rest, shape)
    if problem:
        raise InvalidInput(
            f'The campaign {campaign.name!r} has options that this script does not '
            f'understand ({problem}): another version wrote them into the ledger, or '
            'somebody by hand. Nothing was sent.'
        )


def _inherited(campaign: Campaign) -> Mapping[str, Any]:
    found = campaign.options.get('inherited')
    return found if isinstance(found, Mapping) else {}


def _stored(cls: type[Options]) -> dict[str, tuple[Field[Any], Option]]:
    """Return the options that the ledger stores, by what it calls them."""
    return {row[1].stored: row for row in table(cls).values() if row[1].stored}


def _is_possible(field: Field[Any], about: Option, value: Any) -> bool:
    """Tell whether a value can be stored of an option, given or not."""
    if value is None and field.default is None and not about.required:
        return True
    return _is_read_back(about, value)


def _is_read_back(about: Option, value: Any) -> bool:
    """Tell whether a stored value is one that the command line could have given."""
    if about.repeat or about.separated:
        one = Option(help='', value='TEXT', read=about.read)
        return isinstance(value, list) and all(
            _is_read_back(one, item) for item in value
        )
    if not about.value:
        return isinstance(value, bool)
    if not isinstance(value, str | int) or isinstance(value, bool):
        return False
    try:
        read = plain(about.read(str(value)))
    except ValueError:
        return False
    return bool(read == value and type(read) is type(value))


def _problem(values: Mapping[str, Any], shape: Mapping[str, Any]) -> str:
    """Return what is wrong with some options; empty if nothing is."""
    known = {name.removesuffix('?'): kind for name, kind in shape.items()}
    for name in shape:
        if not name.endswith('?') and name not in values:
            return f'{name} is missing'
    for name, value in values.items():
        if name not in known:
            return f'{name!r} is unknown'
        if not _fits(value, known[name]):
            return f'{name} has a value that it cannot have'
    return ''


def _fits(value: Any, kind: Any) -> bool:
    """Tell whether a value is of a type, as :attr:`.Kind.stored` writes them."""
    if isinstance(kind, tuple):
        return any(_fits(value, each) for each in kind)
    if isinstance(kind, list):
        return isinstance(value, list) and all(_fits(item, kind[0]) for item in value)
    if isinstance(kind, Mapping):
        if not isinstance(value, Mapping):
            return False
        if set(kind) == {str}:
            return all(_fits(each, kind[str]) for each in value.values())
        return not _problem(value, kind)
    if kind is int:
        return type(value) is int and value >= 0
    if isinstance(kind, type):
        return type(value) is kind
    if callable(kind):
        return bool(kind(value))
    return value is kind
