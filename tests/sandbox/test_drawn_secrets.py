"""No secret is shown by a request that fails, whatever it is and however it fails."""

from __future__ import annotations

import re
from contextlib import closing
from pathlib import Path

import pytest

from .farms import Farm
from .hostile import hostile_server
from .night_secrets import Case, Night, found_in, readings, taken, written
from .night_seeds import ALL

#: All that there are, the part that is played if nothing is asked for, and shares.
_ALL, _PART, _SHARES = 2000, 200, 2

#: A centralauthtoken in a URL.
MINTED = re.compile('centralauthtoken=[0-9a-z]{8,}')


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Give each test its seeds."""
    if 'seeds' not in metafunc.fixturenames:
        return
    wanted = metafunc.config.getoption('seeds')
    size = _ALL // _SHARES
    shares = [range(start, start + size) for start in range(0, _ALL, size)]
    if wanted is None:
        shares = [share[: _PART // _SHARES] for share in shares]
    elif wanted != ALL:
        first, _, last = wanted.partition('-')
        shares = [range(int(first), int(last or first) + 1)]
    names = [f'{share.start}-{share.stop - 1}' for share in shares]
    metafunc.parametrize('seeds', shares, ids=names)


def test_no_log_file_or_error_shows_a_secret(
    farm: Farm, seeds: range, tmp_path: Path
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
