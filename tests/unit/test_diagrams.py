"""The diagrams of the documentation are those that the tables draw."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from types import ModuleType

import pytest

from mw_tokens_plugin.protocol.authmanager import TRANSITIONS

DOCS = Path(__file__).parents[2] / 'docs'


@pytest.fixture(scope='module')
def diagrams() -> ModuleType:
    spec = importlib.util.spec_from_file_location('diagrams', DOCS / 'diagrams.py')
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_diagram_is_current(diagrams: ModuleType) -> None:
    """`python docs/diagrams.py` draws it anew."""
    page = diagrams.PAGE.read_text('utf-8')
    assert diagrams.drawn(page) == page
    assert diagrams.conversation() in page


def test_the_diagram_has_every_transition(diagrams: ModuleType) -> None:
    lines = diagrams.conversation().splitlines()
    for state, events in TRANSITIONS.items():
        for event, target in events.items():
            way = f'    {state.value} --> {target.value}: '
            (line,) = [line for line in lines if line.startswith(way)]
            assert event.value in line.removeprefix(way).split(', ')
