"""Blocks on one wiki, as wikis with and without several blocks of an account tell them.

The items are as MediaWiki 1.45 has answered.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from mw_tokens_plugin.exceptions import UnexpectedAnswer
from mw_tokens_plugin.protocol.blocksettings import BlockSettings
from mw_tokens_plugin.protocol.localblocks import WikiBlock, end_of

ITEM: dict[str, Any] = {
    'id': 7,
    'user': 'Spam 0403',
    'by': 'Stew',
    'timestamp': '2026-11-27T04:37:17Z',
    'expiry': '2126-12-04T04:37:17Z',
    'duration-l10n': '7 days',
    'reason': 'r',
    'automatic': False,
    'anononly': False,
    'nocreate': True,
    'noemail': True,
    'autoblock': True,
    'hidden': False,
    'allowusertalk': True,
    'partial': False,
    'restrictions': [],
}
WEEK = BlockSettings('1 week', autoblock=True)


@pytest.mark.parametrize(
    ('differs', 'suffices'),
    [
        ({}, True),
        ({'expiry': 'infinity'}, True),
        # Whoever may not even edit the own talk page can do less.
        ({'allowusertalk': False}, True),
        ({'partial': True}, False),
        ({'nocreate': False}, False),
        ({'autoblock': False}, False),
        ({'expiry': '2026-11-28T04:37:17Z'}, False),
    ],
)
def test_a_block_suffices_under_which_nobody_can_do_more(
    differs: dict[str, Any], suffices: bool
) -> None:
    block = WikiBlock.of({**ITEM, **differs})
    assert block.suffices(WEEK, block_talk=False) is suffices


@pytest.mark.parametrize('ends', ['2126-12-04T04:37:17Z', 'infinite'])
def test_a_block_is_as_written_with_just_these_settings_and_this_end(ends: str) -> None:
    written = replace(WEEK, expiry=end_of(ends), block_email=True)
    item = {**ITEM, 'expiry': 'infinity' if ends == 'infinite' else ends}
    assert WikiBlock.of(item).has(written, block_talk=False)
    for name in ('allowusertalk', 'nocreate', 'noemail', 'autoblock', 'partial'):
        changed = WikiBlock.of({**item, name: not item[name]})
        assert not changed.has(written, block_talk=False), name
    assert not WikiBlock.of(item).has(
        replace(written, expiry='2126-12-05T00:00:00Z'), block_talk=False
    )


@pytest.mark.parametrize('differs', [{'id': None}, {'expiry': 'no'}, {'timestamp': ''}])
def test_an_item_of_another_form_is_told_from_a_block(differs: dict[str, Any]) -> None:
    with pytest.raises(UnexpectedAnswer):
        WikiBlock.of({**ITEM, **differs})
