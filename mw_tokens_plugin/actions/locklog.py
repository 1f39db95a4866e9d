"""Reading the log of locks for many accounts at once.

What entries mean for a target is left to :mod:`.lockentries`.

https://www.mediawiki.org/wiki/API:Logevents
"""

from __future__ import annotations

import threading
from collections.abc import Collection, Iterable
from datetime import datetime, timedelta
from typing import Any

from mw_tokens_plugin.protocol.answers import items_of
from mw_tokens_plugin.protocol.fields import as_timestamp
from mw_tokens_plugin.protocol.globalaccounts import (
    GlobalAccount,
    LockLogEntry,
    from_log_event,
)
from mw_tokens_plugin.site.batches import continued
from mw_tokens_plugin.site.mixins import PluginMixin

#: How long an entry may be missing from the databases that answer reads.
_LAG = timedelta(minutes=1)


def lock_entries(
    site: PluginMixin, accounts: Iterable[GlobalAccount]
) -> dict[int, LockLogEntry]:
    """Return the entries of the present locks of accounts, by their central ids.

    Those of which the wiki does not name the entry are missing: hidden, or renamed
    since, or locked on another wiki; so are all on wikis that name none.
    """
    numbers = {
        account.lock_log_id: account.central_id
        for account in accounts
        if account.locked and account.lock_log_id and account.central_id
    }
    if not numbers or not site.tokens.module_info.has_parameter(
        'query+logevents', 'ids'
    ):
        return {}
    return {
        numbers[entry.log_id]: entry
        for entry in site.lock_log_entries(numbers)
        if entry.log_id in numbers
    }


class LockWatch:
    """What others have written to the log of locks since plans were made.

    Each part of the log is read once. Threads may share it.
    """

    def __init__(self, site: PluginMixin) -> None:
        """Read nothing yet.

        :param site: the central wiki
        """
        self._site = site
        self._since: datetime | None = None
        self._until: datetime | None = None
        self._newest: dict[str, LockLogEntry] = {}
        self._lock = threading.Lock()

    def newest(
        self, names: Collection[str], since: datetime
    ) -> dict[str, LockLogEntry]:
        """Return the newest entry about each account since a moment, if there is one.

        It costs one request, or few where much was locked since.

        :param names: in MediaWiki's form
        :param since: by the wiki's clock
        """
        with self._lock:
            begin = since
            if self._since is not None and self._since <= since and self._until:
                begin = max(since, self._until - _LAG)
            else:
                self._since = since
            now = self._site.tokens.session.clock.now()
            for entry in self._read(begin):
                known = self._newest.get(entry.name)
                if known is None or known.log_id < entry.log_id:
                    self._newest[entry.name] = entry
            self._until = now.replace(tzinfo=since.tzinfo)
            found = ((name, self._newest.get(name)) for name in names)
            return {n: e for n, e in found if e is not None and e.timestamp >= since}

    def _read(self, since: datetime) -> Iterable[LockLogEntry]:
        parameters: dict[str, Any] = {
            'list': 'logevents',
            'letype': 'globalauth',
            'leend': as_timestamp(since),
            'lelimit': 'max',
        }
        for answer in continued(self._site, **parameters):
            for event in items_of(answer, 'query', 'logevents'):
                # Entries whose details were hidden since cannot be read.
                if 'params' in event:
                    yield from_log_event(event)
