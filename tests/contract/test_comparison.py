"""The comparison overlooks what differs between any two farms, and nothing else."""

from __future__ import annotations

from typing import Any

import pytest

from .comparison import CUT, differences

TOKEN = 'c20640964f334a9ce74bbce814e41a266b026d7d+\\'
OTHER_TOKEN = '8c7506f839c3d253b8863c382371c35a6b026d80+\\'


@pytest.mark.parametrize(
    ('recorded', 'live'),
    [
        ({'csrftoken': TOKEN}, {'csrftoken': OTHER_TOKEN}),
        ({'t': 'a' * 32 + '2b6'}, {'t': 'b' * 32 + '2b6'}),
        ({'timestamp': '2026-11-22T04:01:17Z'}, {'timestamp': '2030-01-01T00:00:00Z'}),
        ({'logid': 227}, {'logid': 1}),
        ({'rights': ['block', 'delete']}, {'rights': ['delete', 'block']}),
        ({'trace': CUT}, {'trace': '#0 {main}'}),
    ],
)
def test_what_depends_on_the_farm_is_no_difference(recorded: Any, live: Any) -> None:
    """Other tokens, times, counters and stack traces are as good."""
    assert list(differences(recorded, live)) == []


@pytest.mark.parametrize(
    ('recorded', 'live', 'where'),
    [
        ({'csrftoken': TOKEN}, {'csrftoken': '+\\'}, '/csrftoken'),
        ({'t': 'a' * 32 + '2b6'}, {'t': 'a' * 32 + '2b7'}, '/t'),
        ({'user': {'locked': ''}}, {'user': {}}, '/user/locked'),
        ({'user': {}}, {'user': {'locked': ''}}, '/user/locked'),
        ({'locked': True}, {'locked': 1}, '/locked'),
        ({'locked': ''}, {'locked': True}, '/locked'),
        ({'logid': 227}, {'logid': '227'}, '/logid'),
        ({'info': 'Invalid CSRF token.'}, {'info': 'Invalid token.'}, '/info'),
        ({'rights': ['block', 'delete']}, {'rights': ['block']}, '/rights'),
        ({'users': [{'id': 1}, {'id': 2}]}, {'users': [{'id': 1}]}, '/users'),
        ({'users': [{'id': 1}]}, {'users': [{'id': 2}]}, '/users/0/id'),
        ({'pages': []}, {'pages': {}}, '/pages'),
    ],
)
def test_whatever_else_differs_is_found(recorded: Any, live: Any, where: str) -> None:
    """Missing and new keys, types, wording, numbers of items, ids of accounts."""
    (difference,) = differences(recorded, live)
    assert difference.startswith(f'{where}: ')
