"""What a ledger has of a campaign's options is what its script could have stored."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timezone
from typing import Any

import pytest

from mw_tokens_plugin.campaign.records import Campaign
from mw_tokens_plugin.cli.declaration import Kind
from mw_tokens_plugin.cli.storedoptions import (
    check_options,
    inherited,
    to_store,
    with_defaults,
)
from mw_tokens_plugin.cli.table import Options, number, option, parse
from mw_tokens_plugin.exceptions import InvalidInput


@dataclass(frozen=True, kw_only=True)
class Limits(Options):
    """Options that are stored."""

    most: int = option('Most.', 50, value='N', read=number, stored='most')
    level: str | None = option('Level.', value='LEVEL', stored='level')
    groups: tuple[str, ...] = option(
        'Groups.', value='A,B', separated=True, stored='groups'
    )
    all: bool = option('All.', stored='all')


KIND = Kind({}, stored={'pages?': [str]})


def campaign(options: dict[str, Any]) -> Campaign:
    return Campaign(
        id=1,
        name='wave',
        action='lock',
        wiki='sandbox:meta',
        operator='x',
        reason='',
        options=options,
        created_at=datetime(2026, 11, 1, tzinfo=timezone.utc),
    )


@pytest.mark.parametrize(
    'words', [[], ['-most:3', '-level:x', '-groups:a,b', '-all'], ['-groups:a']]
)
def test_what_a_command_line_says_is_stored_and_read_again(words: list[str]) -> None:
    given = parse(Limits, words, 'pwb own')
    stored = to_store(given)
    check_options(KIND, Limits, campaign(stored))
    read = with_defaults(Limits, campaign(stored))
    assert read == {**stored, 'groups': list(given.groups)}
    # Another version may have had fewer options.
    assert with_defaults(Limits, campaign({}))['most'] == 50


@pytest.mark.parametrize(
    'stored',
    [
        {'most': None},
        {'most': '3'},
        {'most': True},
        {'level': 3},
        {'groups': 'a'},
        {'groups': [None]},
        {'all': None},
        {'all': 1},
        {'unheardof': 1},
        {'pages': [1]},
    ],
    ids=str,
)
def test_a_value_that_no_command_line_can_give_is_refused(stored: Any) -> None:
    (name,) = stored
    with pytest.raises(InvalidInput, match=name):
        check_options(KIND, Limits, campaign(stored))


def test_an_undo_has_the_options_of_what_it_undoes() -> None:
    """They say what is read and written; nobody gives them with -undo again."""
    given = parse(Limits, ['-most:3', '-groups:a,b'], 'pwb own')
    undone = campaign({**to_store(given), 'excluded': ['X']})
    was = inherited(Limits, undone)
    undo = campaign({'undone': 'wave', 'inherited': was})
    check_options(Kind({}), Limits, undo)
    read = with_defaults(Limits, undo)
    assert (read['most'], read['groups'], read['all']) == (3, ['a', 'b'], False)
    assert 'excluded' not in read
    # What others wrote there is not handed on; older versions stored none of it.
    assert inherited(Limits, campaign({'most': 'x', 'inherited': 3})) == {
        'level': None,
        'groups': [],
        'all': False,
    }
    check_options(Kind({}), Limits, campaign({'undone': 'wave'}))
    for wrong in ({'most': 'x'}, {'unheardof': 1}):
        with pytest.raises(InvalidInput, match=next(iter(wrong))):
            undo = campaign({'undone': 'wave', 'inherited': wrong})
            check_options(Kind({}), Limits, undo)
