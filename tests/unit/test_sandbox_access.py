"""The sandbox on a machine with other users, and beside a browser with other pages."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import requests

from centralauth_sandbox import Sandbox
from centralauth_sandbox.directories import NotOurs

NAME = 'Spambot 00001'
FILES = [
    'farm.toml',
    'sandbox-key',
    'sandbox_family.py',
    'user-config.py',
    'user-password.py',
]
COMMAND = {'command': 'lock', 'user': NAME}


@pytest.fixture(scope='module')
def sandbox() -> Iterator[Sandbox]:
    with Sandbox(wikis=2, accounts=5, hosts=['Proxy.example']) as sandbox:
        yield sandbox


def status(sandbox: Sandbox, path: str, **headers: str) -> int:
    """Return the status with which a GET is answered."""
    url = sandbox.wikis['aa'].server + path
    return requests.get(url, headers=headers, timeout=240).status_code


@pytest.mark.parametrize('path', ['/', '/journal', '/w/api.php', '/sandbox/summary'])
def test_a_page_that_has_pointed_its_name_to_loopback_is_refused(
    sandbox: Sandbox, path: str
) -> None:
    """The browser tells that name, whatever the page tries."""
    key = {'Sandbox-Key': sandbox.key}
    port = urlsplit(sandbox.wikis['aa'].server).port
    for host in (
        *('evil.example', f'evil.example:{port}', f'127.0.0.2.evil.example:{port}'),
        *(f'127.0.0.2@evil.example:{port}', '192.0.2.1', 'localhost.evil', '[', ''),
        *('127.0.0.2:x', 'sub.proxy.example'),
    ):
        assert status(sandbox, path, Host=host, **key) == 421, host
    for host in (
        *(f'127.0.0.2:{port}', f'127.0.0.1:{port}', '127.0.0.9:81', f'[::1]:{port}'),
        *('proxy.example', f'PROXY.example:{port}'),
    ):
        assert status(sandbox, path, Host=host, **key) == 200, host
    sandbox.hosts.add('another.example:81')
    assert status(sandbox, path, Host='another.example:81', **key) == 200
    assert status(sandbox, path, Host='another.example:82', **key) == 421


def test_commands_need_the_key_and_come_from_no_other_site(sandbox: Sandbox) -> None:
    server = sandbox.wikis['aa'].server
    key = {'Sandbox-Key': sandbox.key}
    for wanted, headers in (
        (401, {}),
        (401, {'Sandbox-Key': 'x'}),
        (401, {'Sandbox-Key': b'\xff'}),
        (401, {'Sandbox-Key': 'ü'.encode().decode('latin-1')}),
        (403, {**key, 'Origin': 'https://evil.example'}),
        (403, {**key, 'Origin': 'null'}),
    ):
        for method, path in (
            *(('GET', 'journal'), ('GET', 'summary'), ('GET', 'faults')),
            *(('DELETE', 'faults'), ('POST', 'faults'), ('POST', 'command')),
        ):
            url = f'{server}/sandbox/{path}'
            got = requests.request(
                method, url, json=COMMAND, headers=headers, timeout=30
            )
            assert (got.status_code, 'error' in got.json()) == (wanted, True), path
            assert sandbox.key not in got.text
    account = sandbox.call(lambda farm: farm.accounts[NAME])
    assert not account.locked
    for origin in server, sandbox.wikis['meta'].server, 'http://proxy.example':
        url = f'{server}/sandbox/command'
        headers = {**key, 'Origin': origin}
        requests.post(
            url, json=COMMAND, headers=headers, timeout=240
        ).raise_for_status()
    assert account.locked


def test_the_key_is_in_a_file_for_curl_and_python(
    sandbox: Sandbox, tmp_path: Path
) -> None:
    sandbox.write_configuration(tmp_path / 'new')
    name, key = (tmp_path / 'new' / 'sandbox-key').read_text('utf-8').split(': ')
    assert status(sandbox, '/sandbox/summary', **{name: key}) == 200
    files = {path.name: path.stat() for path in (tmp_path / 'new').iterdir()}
    assert sorted(files) == FILES
    assert {stat.S_IMODE(file.st_mode) for file in files.values()} == {0o600}
    assert stat.S_IMODE((tmp_path / 'new').stat().st_mode) == 0o700


@pytest.mark.parametrize('name', FILES)
@pytest.mark.parametrize('kind', ['link', 'dangling', 'pipe', 'folder'])
def test_the_configuration_goes_through_nothing_that_is_planted(
    sandbox: Sandbox, tmp_path: Path, name: str, kind: str
) -> None:
    victim, folder = tmp_path / 'victim', tmp_path / 'folder'
    folder.mkdir()
    if kind == 'link':
        victim.write_text('# Written by centralauth_sandbox.\nmine', 'utf-8')
    if kind == 'pipe':
        os.mkfifo(folder / name)
    elif kind == 'folder':
        (folder / name).mkdir()
    else:
        (folder / name).symlink_to(victim)
    with pytest.raises(NotOurs, match='not overwritten'):
        sandbox.write_configuration(folder)
    assert [path.name for path in folder.iterdir()] == [name]
    if kind == 'link':
        assert victim.read_text('utf-8').endswith('mine')
    else:
        assert not victim.exists()


def test_the_configuration_is_written_to_folders_of_ones_own(
    sandbox: Sandbox, tmp_path: Path
) -> None:
    """pywikibot runs it as code."""
    real, link, open_to_all = (tmp_path / name for name in ('real', 'link', 'open'))
    real.mkdir(mode=0o700)
    link.symlink_to(real)
    open_to_all.mkdir()
    open_to_all.chmod(0o1777)
    cases = {link: 'symbolic link', open_to_all: 'others can write'}
    if os.geteuid() == 0:
        theirs = tmp_path / 'theirs'
        theirs.mkdir(mode=0o700)
        os.chown(theirs, 12345, 12345)
        cases[theirs] = 'another user'
    for folder, why in cases.items():
        with pytest.raises(NotOurs, match=why):
            sandbox.write_configuration(folder)
        assert list(folder.iterdir()) == []
