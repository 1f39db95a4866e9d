"""The operator's own key, with which plans are sealed: one private file.

What is sealed with it, and how that is judged, is in :mod:`.seals`.
"""

from __future__ import annotations

import hashlib
import hmac
import os
import secrets
from functools import cached_property
from pathlib import Path

from mw_tokens_plugin.exceptions import InvalidInput
from mw_tokens_plugin.privatefiles import (
    naming,
    open_private,
    read_private,
)

#: The name of the file, beside ``user-config.py``.
FILE = 'campaign-key'

_BYTES = 32


class Key:
    """A secret of this operator, in a file.

    .. version-added:: 0.1
    """

    def __init__(self, secret: bytes) -> None:
        """Keep the secret."""
        self._secret = secret

    def __repr__(self) -> str:
        """Return the number of the key, never the key."""
        return f'{type(self).__name__}({self.id})'

    @cached_property
    def id(self) -> str:
        """The number of the key, which tells nothing of it."""
        return hashlib.sha256(b'key id ' + self._secret).hexdigest()[:12]

    def seal(self, message: bytes) -> bytes:
        """Return what nobody without the key can make for a message."""
        return hmac.digest(self._secret, message, 'sha256')

    @classmethod
    def of(cls, folder: str | Path) -> Key:
        """Read the key of an operator; where there is none yet, make one.

        :param folder: where ``user-config.py`` is
        :raises InvalidInput: the file is not such a key, or others can read or write it
        :raises OSError: it cannot be made
        """
        path = Path(folder, FILE)
        if not os.path.lexists(path):
            _make(path)
        return cls(_read(path))


def _make(path: Path) -> None:
    """Write a new key; of several processes that do, the first one counts."""
    part = path.with_name(f'.{secrets.token_hex(8)}.part')
    try:
        with naming(path), open_private(part, 'new') as file:
            file.write(f'{secrets.token_hex(_BYTES)}\n')
            file.flush()
            os.fsync(file.fileno())
        try:
            os.link(part, path)
        except FileExistsError:
            pass
        except OSError:
            # A file system without hard links: the last one counts.
            part.replace(path)
    finally:
        part.unlink(missing_ok=True)


def _read(path: Path) -> bytes:
    try:
        secret = bytes.fromhex(read_private(path))
    except ValueError as error:
        if isinstance(error, InvalidInput):
            raise
        secret = b''
    if len(secret) != _BYTES:
        raise InvalidInput(
            f'{path} is not a key that plans are sealed with. Move it away: then a new '
            'one is made, and what is planned is shown again.'
        )
    return secret
