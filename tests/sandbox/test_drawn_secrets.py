"""No secret is shown by a request that fails, whatever it is and however it fails."""

from __future__ import annotations

import re
from contextlib import closing
from pathlib import Path

import pytest

from .farms import Farm
from .hostile import hostile_server
from .night_secrets import Case, Night, found_in, readings, taken, written
from .night_seeds import Seeds, parametrize

#: A centralauthtoken in a URL.
MINTED = re.compile('centralauthtoken=[0-9a-z]{8,}')


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Give each test its seeds."""
    shares = [(range(start, start + 1000),) for start in (0, 1000)]
    parametrize(metafunc, shares, few='200@tests')


def test_no_log_file_or_error_shows_a_secret(
    farm: Farm, seeds: Seeds, tmp_path: Path
) -> None:
    from pywikibot import config

    found: list[tuple[Case, str]] = []
    folders = [tmp_path, Path(config.base_dir)]
    cases = [Case.draw(seed) for seed in seeds]
    with hostile_server() as hostile, closing(Night(farm, hostile, tmp_path)) as night:
        for case in cases:
            said = night.play(case) + ''.join(map(taken, folders))
            # Those that were minted for other wikis are known to nobody here.
            found += [(case, each) for each in MINTED.findall(said)]
            shown = readings(said)
            for secret in (case.secret, case.name, *night.tokens):
                found += [(case, each) for each in found_in(shown, secret)]
        texts = [text for folder in folders for _, text in written(folder)]
    kept = readings('\n'.join(texts))
    for case in cases:
        found += [(case, each) for each in found_in(kept, case.secret)]
    # Played again by --seeds=N, which is the first number of each.
    assert found == []
