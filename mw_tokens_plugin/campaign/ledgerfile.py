"""The file of a ledger on SQLite: created for its owner alone, and checked before use.

Anybody who can write to it can have accounts locked in the operator's name, so a file
or folder that others can write to is refused. Reading the file is left to
:mod:`.database`.
"""

from __future__ import annotations

import errno
import grp
import os
import pwd
import shlex
import shutil
import sqlite3
import stat
import tempfile
import time
from contextlib import closing
from pathlib import Path
from urllib.parse import quote

import pywikibot

from mw_tokens_plugin.exceptions import InvalidInput
from mw_tokens_plugin.messages import message
from mw_tokens_plugin.privatefiles import open_private

#: What SQLite puts beside a database, and believes when it is there.
#: https://www.sqlite.org/tempfiles.html
_BESIDE = ('-journal', '-wal', '-shm')


def prepare(path: str, team: str | None = None) -> None:
    """Make the file if it is not there, and refuse it if others can change it.

    Where others can merely read it, that is said.

    .. version-added:: 0.1

    :param path: the SQLite file, which may be reached by symbolic links of one's own
    :param team: the group of those who share the file, if any do
    :raises InvalidInput: others can write to it, or to its folder, or it is theirs
    :raises OSError: it cannot be opened
    """
    path = os.path.abspath(path)
    Path(path).parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    real = os.path.realpath(path)
    if os.path.islink(path):
        _check_owner(path, os.lstat(path), team)
    for folder in dict.fromkeys(map(os.path.dirname, (path, real))):
        found = os.stat(folder)
        _check_owner(folder, found, team)
        # In a folder like /tmp nobody replaces what is not theirs.
        if not found.st_mode & stat.S_ISVTX:
            _check_mode(folder, found, team)
    found = _touched(real)
    _check_owner(real, found, team)
    _check_mode(real, found, team)
    for beside in (real + suffix for suffix in _BESIDE):
        if os.path.lexists(beside):
            _check_owner(beside, os.lstat(beside), team)
    if _is_readable(found, os.stat(os.path.dirname(real)), team):
        command = f'chmod 600 {shlex.quote(real)}'
        pywikibot.warning(
            message('campaign-ledger-readable', path=real, command=command)
        )


def is_read_only(path: str) -> bool:
    """Tell whether a file, or its folder, cannot be written to by this user."""
    folder = os.path.dirname(os.path.realpath(path))
    return not (os.access(path, os.W_OK) and os.access(folder, os.W_OK))


def open_to_read(path: str) -> sqlite3.Connection:
    """Open a file that cannot be written to, as it is now.

    What a run has not moved from the log beside it into the file is read, too.

    :raises OSError: it cannot be read, or not be copied for that
    """
    open_at = os.path.realpath(path)
    log = f'{open_at}-wal'
    if os.path.exists(log) and os.path.getsize(log):
        # SQLite would make a file for the locks beside it.
        with tempfile.TemporaryDirectory() as folder:
            copy = os.path.join(folder, 'ledger')
            shutil.copyfile(open_at, copy)
            shutil.copyfile(log, f'{copy}-wal')
            found = sqlite3.connect(':memory:', check_same_thread=False)
            with closing(sqlite3.connect(copy)) as source:
                source.backup(found)
        return found
    place = f'file:{quote(open_at)}?mode=ro&immutable=1'
    return sqlite3.connect(place, uri=True, check_same_thread=False)


def keep_copy(path: str, version: int) -> None:
    """Keep a copy of a file whose tables are about to be upgraded, and name it.

    .. version-added:: 0.1

    :param version: that of its tables
    :raises OSError: it cannot be made
    """
    copy = f'{path}.version-{version}'
    if os.path.lexists(copy):
        copy += f'.{time.time():.0f}'
    open_private(copy, 'new').close()
    with (
        closing(sqlite3.connect(path)) as source,
        closing(sqlite3.connect(copy)) as target,
    ):
        source.backup(target)
    pywikibot.info(message('campaign-ledger-upgraded', path=path, copy=copy))


def _touched(path: str) -> os.stat_result:
    """Make a file if it is not there, and return what it is.

    :raises OSError: it cannot be opened, or is no file
    """
    flags = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_NOCTTY
    if os.path.exists(path) and not os.path.isfile(path):
        # SQLite would say of a device that its disk fails.
        raise OSError(errno.EINVAL, 'it is not a file', path)
    descriptor = os.open(path, flags, 0o600)
    try:
        return os.fstat(descriptor)
    finally:
        os.close(descriptor)


def _check_owner(path: str, found: os.stat_result, team: str | None) -> None:
    """Refuse what belongs to somebody else; root could do anything anyway."""
    if found.st_uid in (os.geteuid(), 0):
        return
    # In a folder with the set-group-ID bit the files of all users have its group.
    if _is_shared(found.st_gid, team) and _is_in(found.st_uid, found.st_gid):
        return
    raise InvalidInput(
        f'{path} belongs to another user of this machine, who could have anything done '
        'in your name. Name a ledger of your own by -ledger.'
    )


def _check_mode(path: str, found: os.stat_result, team: str | None) -> None:
    """Refuse what others can write to."""
    if found.st_mode & stat.S_IWOTH or (
        found.st_mode & stat.S_IWGRP and not _is_closed(found.st_gid, team)
    ):
        raise InvalidInput(
            f'other users of this machine can write to {path}, and so could have '
            f'anything done in your name. Run "chmod go-w {shlex.quote(path)}", look '
            'at "pwb campaign list" for what is not yours, and start again.'
        )


def _is_readable(
    found: os.stat_result, folder: os.stat_result, team: str | None
) -> bool:
    """Tell whether others can read a file in a folder."""
    if found.st_mode & stat.S_IROTH and folder.st_mode & stat.S_IXOTH:
        return True
    by_group = found.st_mode & stat.S_IRGRP and folder.st_mode & stat.S_IXGRP
    return bool(by_group) and not _is_closed(found.st_gid, team)


def _is_closed(group: int, team: str | None) -> bool:
    """Tell whether a group has no members but the operator, and those who may be."""
    return _is_shared(group, team) or _is_own(group)


def _is_shared(group: int, team: str | None) -> bool:
    try:
        return team is not None and grp.getgrgid(group).gr_name == team
    except KeyError:
        return False


def _is_in(user: int, group: int) -> bool:
    """Tell whether a user is in a group."""
    try:
        found = pwd.getpwuid(user)
    except KeyError:
        return False
    return group in os.getgrouplist(found.pw_name, found.pw_gid)


def _is_own(group: int) -> bool:
    """Tell whether a group is the private one that many systems make for each user."""
    try:
        name, found = pwd.getpwuid(os.geteuid()).pw_name, grp.getgrgid(group)
    except KeyError:
        return False
    return found.gr_name == name and {name}.issuperset(found.gr_mem)
