"""Where a ledger is: shown without secrets, and safe for SQLite."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from mw_tokens_plugin.campaign.database import Database
from mw_tokens_plugin.campaign.ledgerurl import (
    LedgerPlace,
    holds_password,
    is_on_network,
    without_secrets,
)
from mw_tokens_plugin.exceptions import InvalidInput, LedgerFailure

SECRET = 'TopSecret'

MOUNTS = r"""/dev/sda1 / ext4 rw 0 0
server:/srv /srv nfs4 rw 0 0
tmpfs /srv/tmp tmpfs rw 0 0
server:/team /mnt/our\040team nfs rw 0 0
host:/x /mnt/sshfs fuse.sshfs rw 0 0
share /mnt/new somethingnew rw 0 0
server:/under /mnt/twice nfs4 rw 0 0
/dev/sdb1 /mnt/twice xfs rw 0 0
"""


@pytest.mark.parametrize(
    ('url', 'shown'),
    [
        ('folder/ledger.sqlite3', 'folder/ledger.sqlite3'),
        ('mysql+pymysql://user:TopSecret@host/db', 'mysql+pymysql://user:***@host/db'),
        (
            'mysql+pymysql://host/db?user=u&password=TopSecret&charset=utf8mb4',
            'mysql+pymysql://host/db?user=u&password=***&charset=utf8mb4',
        ),
        (
            'mysql+pymysql://host/db?read_default_file=~/replica.my.cnf',
            'mysql+pymysql://host/db?read_default_file=~/replica.my.cnf',
        ),
        (
            'postgresql://u@h/db?passfile=/x&sslpassword=TopSecret&options=TopSecret',
            'postgresql://u@h/db?passfile=***&sslpassword=***&options=***',
        ),
        ('mysql://u:TopSecret@TopSecret@host/db', 'mysql:***'),
        ('mysql://u:12@TopSecret/x@host/db', 'mysql:***'),
        ('mysql://u:x@host:TopSecret/db', 'mysql:***'),
        ('mysql:/u:TopSecret@host/db', 'mysql:***'),
        ('nosuch://u:TopSecret@host/db', 'nosuch:***'),
        ('mysql://host/db?user=u:TopSecret@host', 'mysql:***'),
        # Mistakes that leave something like a path.
        ('mysql+pymysql//u:TopSecret@host/db', ':***'),
        ('u:TopSecret@host/db', 'u:***'),
        ('user=u password=TopSecret host=h', ':***'),
        ('host=h;PWD = TopSecret', ':***'),
        ('b@c:d', 'b@c:d'),
    ],
)
def test_a_secret_is_masked_wherever_it_can_be(url: str, shown: str) -> None:
    assert without_secrets(url) == shown
    assert SECRET not in shown


@pytest.mark.parametrize(
    'url',
    [
        'mysql://u:TopSecret@TopSecret@host/db',
        'mysql://u:x@host:TopSecret/db',
        'mysql:/u:TopSecret@host/db',
        'nosuch://u:TopSecret@host/db',
        'u:TopSecret@host/db',
        'user=u password=TopSecret host=h',
        'postgresql://u:TopSecret@h/x',
        'mysql+pymysql://127.0.0.1:1/x?user=u&password=TopSecret&nonsense=TopSecret',
        'mysql+pymysql://127.0.0.1:1/x?user=u&password=TopSecret&ssl=TopSecret',
        'mysql+pymysql://u:TopSecret@127.0.0.1:1/x',
    ],
)
def test_no_error_about_a_ledger_shows_a_secret(url: str) -> None:
    with pytest.raises((InvalidInput, LedgerFailure)) as caught:
        Database(url)
    assert SECRET not in str(caught.value)


@pytest.mark.parametrize(
    'url',
    [
        'sqlite://',
        'sqlite:///:memory:',
        'sqlite:///file:ledger?uri=true',
        'sqlite:///file:ledger',
        'sqlite:///ledger?uri=true',
    ],
)
def test_a_form_of_sqlite_that_is_no_file_is_refused(
    url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(InvalidInput, match='not the path of a file'):
        Database(url)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ('content', 'words'),
    [
        (None, 'No such file'),
        (b'TopSecret\n[client]\n', 'has a line'),
        (b'[client]\n=TopSecret\n', 'has a line'),
        (b'[client]\nuser=TopSecret\nuser=TopSecret\n', 'one twice'),
        (b'\xef\xbb\xbf[client]\npassword=TopSecret\n', 'has a line'),
        (b'[client]\npassword=TopSecret\xff\n', 'has a line'),
        (b'[mysql]\npassword=TopSecret\n', r'no section "\[client\]"'),
    ],
)
def test_a_file_with_a_password_is_judged_and_not_shown(
    content: bytes | None, words: str, tmp_path: Path
) -> None:
    path = tmp_path / 'replica.my.cnf'
    if content is not None:
        path.touch(mode=0o600)
        path.write_bytes(content)
    with pytest.raises(InvalidInput, match=words) as caught:
        Database(f'mysql+pymysql://127.0.0.1:1/x?read_default_file={path}')
    assert SECRET not in str(caught.value)
    if content is not None:
        path.chmod(0o640)
        with pytest.raises(InvalidInput, match='read by others'):
            Database(f'mysql+pymysql://127.0.0.1:1/x?read_default_file={path}')


@pytest.mark.parametrize('path', ['/dev/null', '/dev/full', '{}/pipe', '{}'])
def test_what_is_no_file_has_to_be_corrected(path: str, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / 'pipe')
    with pytest.raises(InvalidInput, match=r'not a file|Is a directory'):
        Database(path.format(tmp_path))


@pytest.mark.parametrize('prefix', ['', 'sqlite:///'])
def test_a_tilde_is_the_home_directory(
    prefix: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv('HOME', str(tmp_path))
    place = LedgerPlace.parse(f'{prefix}~/ledger')
    assert place.path == place.shown == f'{tmp_path}/ledger'
    with pytest.raises(InvalidInput, match='home directory'):
        LedgerPlace.parse('~no-such-user/ledger')


@pytest.mark.parametrize(
    ('path', 'shared'),
    [
        ('/var/ledger', False),
        ('/srv/me/ledger', True),
        ('/srv2/me/ledger', False),
        ('/srv/tmp/ledger', False),
        ('/mnt/our team/ledger', True),
        ('/mnt/sshfs/ledger', True),
        ('/mnt/new/ledger', True),
        ('/mnt/twice/ledger', False),
    ],
)
def test_file_systems_of_several_machines_are_known(path: str, shared: bool) -> None:
    assert is_on_network(path, MOUNTS) is shared


def test_a_symbolic_link_is_followed_first(tmp_path: Path) -> None:
    (tmp_path / 'target').mkdir()
    (tmp_path / 'link').symlink_to('target')
    mounts = f'/dev/sda1 / ext4 rw 0 0\nserver:/x {tmp_path}/target nfs4 rw 0 0\n'
    assert is_on_network(str(tmp_path / 'link' / 'ledger'), mounts)


@pytest.mark.parametrize(
    ('url', 'holds'),
    [
        ('mysql+pymysql://u:secret@h/x', True),
        ('postgresql://h/x?user=u&password=secret', True),
        ('mysql+pymysql://h/x?read_default_file=~/my.cnf', False),
        ('postgresql://u@h:5432/x', False),
        ('sqlite:////tmp/a:b@c', False),
        ('/tmp/ledger', False),
    ],
)
def test_a_password_in_a_url_is_found(url: str, holds: bool) -> None:
    assert holds_password(url) is holds
