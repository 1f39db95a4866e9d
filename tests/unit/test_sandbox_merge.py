"""The sandbox merges late edits as diff3 does, which MediaWiki asks."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from centralauth_sandbox.merge import merge

LINES = st.lists(st.sampled_from(['', 'a', 'b', '== c ==', 'd', 'e']), max_size=7)


@pytest.mark.skipif(not shutil.which('diff3'), reason='there is no diff3')
@given(lines=st.lists(LINES, min_size=3, max_size=3), mine=LINES, yours=LINES)
@settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
def test_what_comes_out_is_what_diff3_makes(
    tmp_path: Path, lines: list[list[str]], mine: list[str], yours: list[str]
) -> None:
    """Of a text of which one changes the first part, the other the last."""
    first, common, last = ([*part, f'line {n}'] for n, part in enumerate(lines))
    texts = {
        'mine': [*mine, *common, *last],
        'old': [*first, *common, *last],
        'yours': [*first, *common, *yours],
    }
    paths = []
    for name, text in texts.items():
        paths.append(tmp_path / name)
        paths[-1].write_text('\n'.join(text).rstrip() + '\n', 'utf-8')
    command = ['diff3', '-a']
    overlap = subprocess.run(
        [*command, '--overlap-only', *paths], capture_output=True, text=True
    )
    merged = subprocess.run(
        [*command, '-e', '--merge', *paths], capture_output=True, text=True
    )
    made = merge(*('\n'.join(texts[name]) for name in ('old', 'mine', 'yours')))
    if overlap.stdout:
        assert made is None
    else:
        assert made is not None
        assert made.rstrip() == merged.stdout.rstrip()
