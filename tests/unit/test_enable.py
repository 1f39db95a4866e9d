"""What ``enable()`` accepts."""

from __future__ import annotations

from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest

from mw_tokens_plugin import enable
from mw_tokens_plugin.site.settings import settings


@pytest.fixture(autouse=True)
def untouched(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv('MW_TOKENS_DISABLE', '1')
    for name, value in vars(settings).items():
        monkeypatch.setattr(settings, name, deepcopy(value))


@pytest.mark.parametrize(
    'name', ['protect', 'ledger', 'ledger_group', 'renewals', 'home']
)
@pytest.mark.parametrize('value', [5, -1, 2.5, True, b'x', [5], ['a', None], [b'x']])
def test_an_argument_of_the_wrong_kind_is_named_and_changes_nothing(
    name: str, value: Any
) -> None:
    if name == 'renewals' and value == 5:
        return
    before = deepcopy(settings)
    others = {'protect': 'mine.txt', 'ledger': 'l', 'ledger_group': 'g', 'renewals': 3}
    with pytest.raises(ValueError, match=rf'^enable\({name}=.*\): give '):
        enable(**{**others, name: value})
    assert settings == before


def test_files_may_be_given_in_any_way_that_names_them() -> None:
    for value in (None, (), '', 'a', Path('b'), ['a', Path('c')], iter(['d'])):
        enable(protect=value)  # type: ignore[arg-type]
    assert settings.protected[-4:] == ['a', 'b', 'c', 'd']


@pytest.mark.parametrize(
    ('given', 'words'),
    [
        (5, 'give names and reasons'),
        ({'a': 1}, 'give names and reasons'),
        ({'2': 'x'}, 'that are no numbers'),
        ({'a b': 'x'}, 'that are no numbers'),
        ({'a': ' '}, 'not empty'),
    ],
)
def test_names_for_reasons_cannot_be_taken_for_something_else(
    given: Any, words: str
) -> None:
    with pytest.raises(ValueError, match=words):
        enable(reasons=given)
    assert settings.reasons == {}
