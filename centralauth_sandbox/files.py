"""The files of a wiki: their versions, those that were deleted, and the stash.

Contents are kept and told apart by their first bytes; nobody looks further into them,
and there are no thumbnails.
"""

from __future__ import annotations

import hashlib
import secrets
from calendar import timegm
from collections.abc import Collection
from dataclasses import dataclass, field
from time import strptime
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, unquote

if TYPE_CHECKING:
    from .views import WikiView

#: What may be uploaded, by extension.
MIME_TYPES = {
    'png': 'image/png',
    'gif': 'image/gif',
    'jpg': 'image/jpeg',
    'jpeg': 'image/jpeg',
    'webp': 'image/webp',
}
LARGEST = 104857600
_ROOT = '/w/images/'


@dataclass(slots=True, eq=False)
class FileVersion:
    """One version of a file; `replaced` is when a newer one took its place.

    `id` is its number while it is deleted, and another one each time that it is;
    `hidden` is whether its content is only for those who may see deleted text; `lost`
    is whether the store has its content no more: it is not restored, and not kept.
    """

    content: bytes
    user: str
    user_id: int
    timestamp: str
    comment: str
    replaced: str = ''
    id: int = 0
    deleted: str = ''
    hidden: bool = False
    lost: bool = False
    sha1: str = field(init=False)
    mime: str = field(init=False)

    def __post_init__(self) -> None:
        """Work out what follows from the content."""
        self.sha1 = hashlib.sha1(self.content, usedforsecurity=False).hexdigest()
        self.mime = mime_type(self.content)

    @property
    def size(self) -> int:
        return len(self.content)

    @property
    def dimensions(self) -> tuple[int, int]:
        """Width and height of a PNG file; nothing else is measured."""
        if self.mime != 'image/png' or self.size < 24:
            return 0, 0
        header = self.content[16:24]
        return int.from_bytes(header[:4], 'big'), int.from_bytes(header[4:], 'big')


@dataclass(slots=True)
class Stashed:
    """What an account has sent, but not published; `progress` is what it may poll."""

    key: str
    user_id: int
    timestamp: str
    content: bytes
    progress: dict[str, Any] | None = None


class Files:
    """The files of one wiki, by name; the newest version is the last."""

    def __init__(self, wiki: WikiView) -> None:
        """Initializer."""
        self.wiki = wiki
        self.versions: dict[str, list[FileVersion]] = {}
        self.archive: dict[str, list[FileVersion]] = {}
        self.stash: dict[str, Stashed] = {}

    def latest(self, name: str) -> FileVersion | None:
        """Return the version of a file that is shown."""
        versions = self.versions.get(name)
        return versions[-1] if versions else None

    def add(
        self, name: str, content: bytes, *, user: str, user_id: int, comment: str
    ) -> FileVersion:
        """Store a version of a file."""
        farm = self.wiki.farm
        now = farm.timestamp()
        before = self.latest(name)
        if before is not None:
            # A time names a version, so that there is but one in a second.
            if before.timestamp >= now:
                last = timegm(strptime(before.timestamp, '%Y-%m-%dT%H:%M:%SZ'))
                now = farm.timestamp(last + 1)
            before.replaced = now
        version = FileVersion(content, user, user_id, now, comment)
        self.versions.setdefault(name, []).append(version)
        return version

    def delete(self, name: str) -> None:
        """Delete all versions of a file into the archive."""
        # The one that is shown goes first, and gets the lowest number.
        for version in reversed(self.versions.pop(name, [])):
            self._archive(name, version)

    def delete_old(self, name: str, archived: str) -> bool:
        """Delete one version that was replaced; say whether there is such a one."""
        for version in self.versions.get(name, [])[:-1]:
            if archive_name(name, version) == archived:
                self.versions[name].remove(version)
                self._archive(name, version)
                return True
        return False

    def restore(self, name: str, ids: Collection[int] = ()) -> int:
        """Restore versions of a file from the archive; return how many.

        The latest of them is shown again, unless there is such a file already.

        :param ids: those that are meant; none for all
        """
        archived = self.archive.pop(name, [])
        found = [version for version in archived if not ids or version.id in ids]
        if left := [version for version in archived if version not in found]:
            self.archive[name] = left
        found = [version for version in found if not version.lost]
        if not found:
            return 0
        shown = self.versions.get(name, [])[-1:]
        older = sorted(
            self.versions.get(name, [])[:-1] + found, key=lambda each: each.timestamp
        )
        if not shown:
            shown = [older.pop()]
            shown[0].replaced = ''
        for version in found:
            if version in older and not version.replaced:
                version.replaced = version.deleted
            version.id = 0
        self.versions[name] = older + shown
        return len(found)

    def move(self, name: str, target: str) -> None:
        """Rename a file."""
        if name in self.versions:
            self.versions[target] = self.versions.pop(name)

    def put_in_stash(self, content: bytes, user_id: int, extension: str) -> Stashed:
        """Keep what was sent under a new key."""
        words = secrets.token_hex(6), secrets.token_hex(3), str(user_id), extension
        stashed = Stashed('.'.join(words), user_id, self.wiki.farm.timestamp(), content)
        self.stash[stashed.key] = stashed
        return stashed

    def _archive(self, name: str, version: FileVersion) -> None:
        version.id = self.wiki.next_id('filearchive')
        version.deleted = self.wiki.farm.timestamp()
        self.archive.setdefault(name, []).append(version)

    def path(self, name: str, version: FileVersion) -> str:
        """Return the path of a version in its URL."""
        name = name.replace(' ', '_')
        digest = hashlib.md5(name.encode(), usedforsecurity=False).hexdigest()
        shards = f'{digest[0]}/{digest[:2]}/'
        if version.replaced:
            return f'{_ROOT}archive/{shards}{quote(archive_name(name, version))}'
        return f'{_ROOT}{shards}{quote(name)}'

    def at(self, path: str) -> FileVersion | None:
        """Return the version that is served at a path."""
        if not path.startswith(_ROOT):
            return None
        last = unquote(path.rpartition('/')[2])
        name = last.partition('!')[2] if path.startswith(f'{_ROOT}archive/') else last
        name = name.replace('_', ' ')
        return next(
            (
                version
                for version in self.versions.get(name, ())
                if unquote(self.path(name, version)) == unquote(path)
            ),
            None,
        )


def base36(sha1: str) -> str:
    """Return a hash as MediaWiki's log and database have it."""
    number, digits = int(sha1, 16), ''
    while number:
        number, digit = divmod(number, 36)
        digits = '0123456789abcdefghijklmnopqrstuvwxyz'[digit] + digits
    return digits.zfill(31)


def archive_name(name: str, version: FileVersion) -> str:
    """Return the name that a version has since it was replaced."""
    stamp = ''.join(filter(str.isdigit, version.replaced))
    return f'{stamp}!{name.replace(" ", "_")}'


def mime_type(content: bytes) -> str:
    """Return the type that the first bytes of a file give away."""
    if content.startswith(b'\x89PNG\r\n\x1a\n'):
        return 'image/png'
    if content.startswith((b'GIF87a', b'GIF89a')):
        return 'image/gif'
    if content.startswith(b'\xff\xd8\xff'):
        return 'image/jpeg'
    if content.startswith(b'RIFF') and content[8:12] == b'WEBP':
        return 'image/webp'
    return 'text/plain' if content.isascii() else 'unknown/unknown'
