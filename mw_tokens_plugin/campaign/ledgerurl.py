"""Where a ledger is: its URL or path, read, checked, and shown without secrets.

Opening the database is left to :mod:`.database`.

https://docs.sqlalchemy.org/en/20/core/engines.html#database-urls
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote_plus

import sqlalchemy as sa

from mw_tokens_plugin.exceptions import InvalidInput
from mw_tokens_plugin.privatefiles import expanded
from mw_tokens_plugin.site.redaction import redactor

#: Parameters of database drivers that hold no secret; all others are masked.
_PUBLIC = frozenset(
    (
        *(
            'user',
            'username',
            'host',
            'port',
            'database',
            'db',
            'dbname',
            'unix_socket',
            'charset',
        ),
        *('read_default_file', 'read_default_group', 'default_file', 'default_group'),
        *('connect_timeout', 'read_timeout', 'write_timeout', 'timeout', 'collation'),
        *('ssl_ca', 'ssl_cert', 'ssl_capath', 'ssl_cipher', 'ssl_disabled'),
        *('ssl_verify_cert', 'ssl_verify_identity', 'ssl_check_hostname', 'ssl_mode'),
        *('sslmode', 'sslrootcert', 'sslcert', 'sslcrl', 'target_session_attrs'),
        *('application_name', 'client_encoding', 'use_unicode', 'local_infile'),
        *('check_same_thread', 'isolation_level', 'cached_statements', 'uri'),
    )
)
_MASK = '***'

#: File systems of one machine, on which SQLite's write-ahead log is safe. On others,
#: processes of several machines may not see each other's locks and shared memory.
#: https://www.sqlite.org/wal.html
_LOCAL = frozenset(
    (
        *('apfs', 'aufs', 'bcachefs', 'btrfs', 'exfat', 'ext2', 'ext3', 'ext4', 'f2fs'),
        *('hfs', 'hfsplus', 'jfs', 'msdos', 'nilfs2', 'ntfs', 'ntfs3', 'overlay'),
        *('overlayfs', 'ramfs', 'reiserfs', 'rootfs', 'tmpfs', 'ufs', 'vfat', 'xfs'),
        'zfs',
    )
)


@dataclass(frozen=True, slots=True)
class LedgerPlace:
    """Where a ledger is.

    :ivar url: how SQLAlchemy connects to it
    :ivar path: the SQLite file; empty if it is none
    :ivar shown: the same for people, without secrets
    """

    url: sa.URL
    path: str
    shown: str

    @classmethod
    def parse(cls, text: str) -> LedgerPlace:
        """Read an SQLAlchemy URL, or the path of an SQLite file.

        :raises InvalidInput: it is neither, or no ledger can be there
        """
        url = _parsed(text)
        if url.get_backend_name() != 'sqlite':
            if (url.database or '').endswith('_p'):
                raise InvalidInput(
                    f'Everybody can read the database {url.database} on Toolforge. '
                    'Name one that does not end in "_p".'
                )
            if url.password:
                redactor.secrets.add(str(url.password), 'password', lasting=True)
            return cls(url, '', without_secrets(text))
        path = url.database or ''
        if not path or 'uri' in url.query or path.startswith(('file:', ':')):
            raise InvalidInput(
                f'{without_secrets(text)!r} is not the path of a file, which a ledger '
                'of SQLite has to be.'
            )
        path = expanded(path)
        return cls(url.set(database=path), path, path)

    @property
    def is_on_network(self) -> bool:
        """Whether it is an SQLite file that other machines may have open, too."""
        try:
            mounts = Path('/proc/mounts').read_text('utf-8', 'surrogateescape')
        except OSError:
            return False
        return is_on_network(self.path, mounts)

    def cleaned(self, text: str) -> str:
        """Return what a driver says, without the secrets in the URL."""
        for secret in _secrets(self.url):
            text = text.replace(secret, _MASK)
        return text


def without_secrets(text: str) -> str:
    """Return a URL with everything masked that may be a secret; a path as it is.

    .. version-added:: 0.1
    """
    if not _is_url(text):
        return text
    try:
        _made(text)
    except InvalidInput:
        # What is no URL may have a password anywhere.
        return f'{_kind(text)}:{_MASK}'
    address, mark, query = text.partition('?')
    address = re.sub('(://[^:/@]*):[^@]*@', rf'\1:{_MASK}@', address)
    return address + mark + '&'.join(map(_public, query.split('&')))


def in_full(text: str, folder: str) -> str:
    """Return where a ledger is, so that it is the same from every folder.

    .. version-added:: 0.1

    :param text: an SQLAlchemy URL, or the path of an SQLite file
    :param folder: where a path begins that is not given in full
    """
    if not _is_url(text):
        return os.path.join(folder, expanded(text))
    url = _made(text)
    path = url.database or ''
    if url.get_backend_name() != 'sqlite' or path.startswith(('/', 'file:', ':')):
        return text
    url = url.set(database=os.path.join(folder, expanded(path)))
    return url.render_as_string(hide_password=False)


def holds_password(text: str) -> bool:
    """Tell whether a URL holds a password itself, rather than name a file with one.

    .. version-added:: 0.1
    """
    return _is_url(text) and bool(
        re.search('://[^/?]*:[^/?]+@|[?&](password|passwd|passwrd)=.', text)
    )


def is_on_network(path: str, mounts: str) -> bool:
    """Tell whether a file is on a file system that other machines may share.

    https://man7.org/linux/man-pages/man5/fstab.5.html

    :param path: the file, which may be reached by symbolic links
    :param mounts: what ``/proc/mounts`` says
    """
    folder = os.path.join(os.path.dirname(os.path.realpath(path)), '')
    best, kind = '', ''
    for line in mounts.splitlines():
        fields = line.split(' ')
        if len(fields) < 3:
            continue
        point = os.path.join(_unescaped(fields[1]), '')
        # The last of those at the same place lies over the others.
        if folder.startswith(point) and len(point) >= len(best):
            best, kind = point, fields[2]
    return bool(kind) and kind not in _LOCAL


def _public(parameter: str) -> str:
    """Return a parameter of a URL, its value masked if it may be a secret."""
    name, equals, _value = parameter.partition('=')
    if not equals or unquote_plus(name) in _PUBLIC:
        return parameter
    return f'{name}={_MASK}'


def _unescaped(field: str) -> str:
    """Return a field of ``/proc/mounts``, which writes some characters in octal."""
    return re.sub(r'\\([0-7]{3})', lambda found: chr(int(found[1], 8)), field)


def _is_url(text: str) -> bool:
    """Tell a URL from a path; what only looks like a URL may hold a password, too."""
    before_host, at, _host = text.partition('@')
    return (
        '://' in text
        or bool(re.match(r'[a-z]\w+(\+\w+)?:', text))
        or bool(at and ':' in before_host)
        or bool(re.search(r'(password|passwd|pass|pwd)\s?=', text, re.IGNORECASE))
    )


def _parsed(text: str) -> sa.URL:
    if _is_url(text):
        return _made(text)
    return sa.URL.create('sqlite', database=os.path.abspath(expanded(text)))


def _made(text: str) -> sa.URL:
    """Return a URL; SQLAlchemy's own error would show all of it.

    :raises InvalidInput: it is none
    """
    kind = _kind(text)
    try:
        url = sa.make_url(text)
        url.get_dialect()
    except (sa.exc.NoSuchModuleError, ImportError):
        raise InvalidInput(
            f'The ledger {kind}:{_MASK} cannot be opened: nothing is installed here '
            'for databases of that kind.'
        ) from None
    except (sa.exc.ArgumentError, ValueError):
        url = None
    if url is None or text.count('@') > 1 or '@' in text.partition('?')[2]:
        raise InvalidInput(
            f'"{kind}:{_MASK}" is neither a path nor a URL; it is not shown as it may '
            'hold a password. Write special characters in it as %XX, such as %40 for '
            '"@".'
        )
    return url


def _kind(text: str) -> str:
    """Return the scheme of a URL; empty if it has none."""
    found = re.match(r'[\w+]*(?=:)', text)
    return found[0] if found else ''


def _secrets(url: sa.URL) -> Iterable[str]:
    """Return what is masked in a URL."""
    if url.password:
        yield str(url.password)
    query: Mapping[str, str | tuple[str, ...]] = url.query
    for name, value in query.items():
        if name not in _PUBLIC:
            yield from (value,) if isinstance(value, str) else value
