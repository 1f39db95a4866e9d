"""Too many failures are told from few."""

from __future__ import annotations

import pytest

from mw_tokens_plugin.campaign.guards import Threshold
from mw_tokens_plugin.exceptions import InvalidInput


@pytest.mark.parametrize(
    ('text', 'failed', 'done', 'passed'),
    [
        ('3', 3, 0, False),
        ('3', 4, 100, True),
        ('10%', 5, 5, False),
        ('10%', 2, 18, False),
        ('10%', 3, 18, True),
    ],
)
def test_a_threshold_is_a_number_or_a_part(
    text: str, failed: int, done: int, passed: bool
) -> None:
    assert Threshold.parse(text).is_passed(failed, done) is passed


@pytest.mark.parametrize('text', ['', 'x', '-1', '101%', '5 %'])
def test_what_is_no_threshold_is_a_clear_error(text: str) -> None:
    with pytest.raises(InvalidInput, match='10 or 5%'):
        Threshold.parse(text)
