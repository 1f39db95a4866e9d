"""Writing lists of IP addresses and temporary accounts, which only a block reaches.

The files are in the form that Special:MassGlobalBlock reads; blocking is left to it.

https://www.mediawiki.org/wiki/Extension:GlobalBlocking
"""

from __future__ import annotations

import os
from collections.abc import Sequence

from mw_tokens_plugin.exceptions import InvalidInput
from mw_tokens_plugin.privatefiles import naming, open_private
from mw_tokens_plugin.site.batches import batches

#: Lines that Special:MassGlobalBlock takes at a time.
MAX_ADDRESSES = 200


def check_is_new(path: str) -> None:
    """Refuse to write over a file.

    :raises InvalidInput: there is one of that name
    """
    if os.path.lexists(path):
        raise InvalidInput(f'{path} exists already: name another file.')


def write_addresses(path: str, addresses: Sequence[str]) -> list[str]:
    """Write IP addresses and temporary accounts to new files, one a line.

    :param path: the first batch; the next ones are this name with ``.2``, ``.3``...
    :return: the files
    :raises InvalidInput: a file is there already
    :raises OSError: one cannot be written; none is left then
    """
    parts = {
        path if number == 1 else f'{path}.{number}': batch
        for number, batch in enumerate(batches(addresses, MAX_ADDRESSES), start=1)
    }
    for name in parts:
        check_is_new(name)
    written: list[str] = []
    try:
        for name, batch in parts.items():
            with naming(name), open_private(name, 'new') as file:
                written.append(name)
                file.writelines(f'{address}\n' for address in batch)
    except OSError:
        # The next run would refuse to write over them.
        for name in written:
            os.unlink(name)
        raise
    return written
