"""The diagrams of the documentation are those that the tables draw."""

from __future__ import annotations

import re
import runpy
from collections import Counter

import pytest

from mw_tokens_plugin.protocol.authmanager import TRANSITIONS

from .blocks import ROOT
from .pictures import arrows_in, boxes_in, labels_in

DOCS = ROOT / 'docs'
PICTURES = runpy.run_path(str(DOCS / 'diagrams.py'))['PICTURES']


@pytest.mark.parametrize('name', PICTURES)
def test_the_diagram_is_current_and_shown(name: str) -> None:
    """`python docs/diagrams.py` draws it anew."""
    assert (DOCS / '_static' / name).read_text('utf-8') == PICTURES[name]()
    pages = [page.read_text('utf-8') for page in DOCS.glob('*.md')]
    assert any(f'(_static/{name})' in page for page in pages)


@pytest.mark.parametrize('name', [*PICTURES, 'demo.svg'])
def test_a_picture_holds_all_that_it_refers_to(name: str) -> None:
    text = (DOCS / '_static' / name).read_text('utf-8')
    targets = set(re.findall(r'url\((.*?)\)', text))
    assert targets
    assert {target.lstrip('#') for target in targets} <= set(
        re.findall(r'\bid="(.*?)"', text)
    )


def test_the_conversation_has_every_transition_and_no_other() -> None:
    picture = PICTURES['linking.svg']()
    moves: dict[tuple[str, str], list[str]] = {
        (state.value, target.value): []
        for state, events in TRANSITIONS.items()
        for target in events.values()
    }
    for state, events in TRANSITIONS.items():
        for event, target in events.items():
            moves[state.value, target.value].append(event.value)
    assert Counter(arrows_in(picture)) == Counter(moves.keys())
    assert Counter(labels_in(picture)) == Counter(map(', '.join, moves.values()))
    assert set(boxes_in(picture)) == {state.value for state in TRANSITIONS}
