"""Single values of answers: what is read, and what is refused."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta, timezone
from itertools import product

import pytest

from mw_tokens_plugin.protocol import fields


def test_a_flag_is_true_or_an_empty_text_or_missing() -> None:
    item = {'new': True, 'old': '', 'off': False, 'none': None}
    found = {name: fields.flag(item, name) for name in (*item, 'missing')}
    assert found == {'new': 1, 'old': 1, 'off': 0, 'none': 0, 'missing': 0}


@pytest.mark.parametrize('value', [-(2**63), 2**63 - 1, 0, '7', '-7'])
def test_a_number_is_one_that_databases_hold(value: int | str) -> None:
    assert fields.number({'n': value}, 'n') == int(value)
    assert fields.optional_number({'n': value}, 'n') == int(value)


def test_a_number_may_be_missing_or_empty() -> None:
    for item in {}, {'n': None}, {'n': ''}:
        assert fields.optional_number(item, 'n') is None


@pytest.mark.parametrize(
    ('read', 'value'),
    [
        *product([fields.number], [2**63, -(2**63) - 1, True, 1.5, []]),
        *product([fields.flag], [1, []]),
        *product([fields.text], [1, None]),
        *product([fields.texts], ['x', [1], {'0': 1}, 7]),
    ],
)
def test_a_value_of_another_type_is_refused_by_its_name(
    read: Callable[[Mapping[str, object], str], object], value: object
) -> None:
    with pytest.raises(ValueError, match=r'^given is '):
        read({'given': value}, 'given')


def test_a_list_may_be_a_mapping_with_numbers() -> None:
    assert fields.texts({'l': {'0': 'a', '2': 'b'}}, 'l') == ('a', 'b')
    assert fields.texts({'l': ['a']}, 'l') == ('a',)
    assert fields.texts({}, 'l') == ()


def test_a_time_stamp_is_in_utc_or_says_otherwise() -> None:
    noon = datetime(2026, 11, 28, 12, tzinfo=timezone.utc)
    assert fields.timestamp('2026-11-28T12:00:00Z') == noon
    assert fields.timestamp('2026-11-28T12:00:00') == noon
    other = fields.timestamp('2026-11-28T13:00:00+01:00')
    assert other is not None and other == noon
    assert other.utcoffset() == timedelta(hours=1)
    assert fields.timestamp('never') is fields.timestamp(None) is None


def test_an_early_year_has_four_digits() -> None:
    moment = datetime(7, 1, 2, tzinfo=timezone.utc)
    assert fields.as_timestamp(moment) == '0007-01-02T00:00:00Z'
