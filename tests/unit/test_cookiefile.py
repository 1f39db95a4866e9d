"""pywikibot's cookie file, which several processes share."""

from __future__ import annotations

import os
from http.cookiejar import Cookie
from pathlib import Path
from typing import Any

import pytest
from pywikibot.comms.http import PywikibotCookieJar

from mw_tokens_plugin.site import cookiefile


@pytest.fixture(autouse=True)
def installed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(PywikibotCookieJar, 'save', cookiefile.save)


def _jar(path: Path, *names: str) -> Any:
    jar = PywikibotCookieJar()
    jar.filename = str(path)
    for name in names:
        jar.set_cookie(
            Cookie(
                0, name, 'x', None, False, 'localhost', True, False, '/', True, False,
                None, False, None, None, {},
            )
        )  # fmt: skip
    return jar


def _names(path: Path) -> list[str]:
    """Return what another process would load now."""
    jar = PywikibotCookieJar()
    super(PywikibotCookieJar, jar).load(str(path), ignore_discard=True)
    return sorted(cookie.name for cookie in jar)


def test_another_process_never_sees_half_a_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / 'pywikibot.lwp'
    _jar(path, 'old').save(ignore_discard=True)
    seen = []
    written = PywikibotCookieJar.as_lwp_str

    def looked_at(self: Any, *args: Any) -> str:
        seen.append(_names(path))
        return str(written(self, *args))

    monkeypatch.setattr(PywikibotCookieJar, 'as_lwp_str', looked_at)
    _jar(path, 'new', 'newer').save(ignore_discard=True)
    assert seen == [['old']]
    assert _names(path) == ['new', 'newer']


def test_it_is_private_and_nothing_else_is_left(tmp_path: Path) -> None:
    path = tmp_path / 'pywikibot.lwp'
    path.touch(mode=0o644)
    _jar(path, 'a').save(ignore_discard=True)
    assert path.stat().st_mode & 0o777 == 0o600
    assert list(tmp_path.iterdir()) == [path]


def test_a_disk_that_is_full_leaves_the_old_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / 'pywikibot.lwp'
    _jar(path, 'old').save(ignore_discard=True)

    def full(self: Any, *args: Any) -> str:
        raise OSError(28, 'No space left on device')

    monkeypatch.setattr(PywikibotCookieJar, 'as_lwp_str', full)
    with pytest.raises(OSError, match='No space'):
        _jar(path, 'new').save(ignore_discard=True)
    assert _names(path) == ['old']
    assert list(tmp_path.iterdir()) == [path]


def test_a_link_stays_one(tmp_path: Path) -> None:
    real = tmp_path / 'elsewhere' / 'cookies'
    real.parent.mkdir()
    link = tmp_path / 'pywikibot.lwp'
    link.symlink_to(real)
    _jar(link, 'a').save(ignore_discard=True)
    assert link.is_symlink()
    assert _names(real) == ['a']


def test_where_it_cannot_be_replaced_it_is_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A file that is mounted into a container cannot be replaced."""
    path = tmp_path / 'pywikibot.lwp'
    _jar(path, 'old').save(ignore_discard=True)

    def busy(*args: Any) -> None:
        raise OSError(16, 'Device or resource busy')

    monkeypatch.setattr(os, 'replace', busy)
    _jar(path, 'new').save(ignore_discard=True)
    assert _names(path) == ['new']
    assert list(tmp_path.iterdir()) == [path]
