"""The log of global blocks, by the accounts that its entries are about.

MediaWiki gives the entries about a renamed account its new name where it is attached on
the central wiki. Those about others keep the name of the time, which somebody else may
have now. So the log of renames is read as well, and each entry is followed from the
name that it had when it was written to the present one.

https://www.mediawiki.org/wiki/API:Logevents
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone

from mw_tokens_plugin.actions.blockreads import is_account
from mw_tokens_plugin.protocol.answers import items_of
from mw_tokens_plugin.protocol.fields import as_timestamp, number, text, timestamp
from mw_tokens_plugin.protocol.globalblocks import GlobalBlockLogEntry
from mw_tokens_plugin.site.batches import batches, continued, max_values, query
from mw_tokens_plugin.site.mixins import PluginMixin

#: How far the clocks of the wiki's servers may differ.
CLOCKS = timedelta(minutes=2)

_EVER = datetime.min.replace(tzinfo=timezone.utc)


@dataclass(frozen=True, slots=True)
class Rename:
    """An entry of the log of renames."""

    log_id: int
    moment: datetime
    old: str
    new: str


@dataclass(frozen=True, slots=True)
class Renames:
    """How accounts were renamed, the oldest first.

    :ivar attached: since when the accounts of present names are on the central wiki
    """

    entries: tuple[Rename, ...] = ()
    attached: Mapping[str, datetime] = field(default_factory=dict)

    def about(self, names: Iterable[str]) -> Renames:
        """Return those that may tell who has had some names."""
        known, size = set(names), 0
        found: list[Rename] = []
        while len(known) != size:
            size = len(known)
            found = [e for e in self.entries if not known.isdisjoint((e.old, e.new))]
            known.update(name for each in found for name in (each.old, each.new))
        return Renames(tuple(found), self.attached)

    def present(self, name: str, log_id: int) -> str:
        """Return the present name of whom a name meant at an entry of the logs."""
        for each in self.entries:
            if each.log_id > log_id and each.old == name:
                name = each.new
        return name

    def former(self, name: str) -> set[str]:
        """Return all names that the account of a present name has had."""
        names = {name}
        for each in reversed(self.entries):
            if each.new == name:
                name = each.old
                names.add(name)
        return names

    def owners(self, entry: GlobalBlockLogEntry) -> frozenset[str]:
        """Return the present names of whom an entry may be about.

        There are two where an account that is not on the central wiki had the name that
        one on it has got since.
        """
        found, name = set(), entry.target
        for each in reversed(self.entries):
            if each.log_id > entry.log_id and each.new == name and self._is_told(each):
                name = each.old
        if name != entry.target:
            found.add(self.present(name, entry.log_id))
        left = [e for e in self.entries if e.log_id > entry.log_id]
        left = [e for e in left if e.old == entry.target][:1]
        if not found or (left and not self._is_told(left[0])):
            found.add(self.present(entry.target, entry.log_id))
        return frozenset(found)

    def _is_told(self, rename: Rename) -> bool:
        """Tell whether a rename has changed the entries about its account."""
        since = self.attached.get(self.present(rename.new, rename.log_id))
        return since is not None and since <= rename.moment


def present_names(site: PluginMixin, former: Mapping[str, datetime]) -> dict[str, str]:
    """Return the present names of accounts that had other ones at some moments.

    Whether each is right is not known: renames can be hidden.

    :param site: the central wiki
    """
    since = min(former.values(), default=None)
    found = _renamed(site, since) if since is not None else ()
    entries = sorted(found, key=lambda entry: entry.log_id)
    return {
        name: Renames(tuple(e for e in entries if e.moment >= at)).present(name, 0)
        for name, at in former.items()
    }


class BlockLog:
    """What the logs have since a moment, of which only new entries are read again."""

    def __init__(self, site: PluginMixin, by: str | None = None) -> None:
        """Read nothing yet.

        :param site: the central wiki
        :param by: only what this account has done to blocks
        """
        self._site, self._by = site, by
        self._since: datetime | None = None
        self._entries: dict[int, GlobalBlockLogEntry] = {}
        self._all: dict[int, Rename] = {}
        self.renames = Renames()

    @property
    def newest(self) -> int | None:
        """The number of the newest entry that was read; None if there is none."""
        return max(self._entries, default=None)

    def read(
        self, names: Collection[str], since: datetime
    ) -> dict[str, list[GlobalBlockLogEntry]]:
        """Return the entries by the present names of accounts, the oldest first.

        Those of addresses, and of numbers as ``#41``, are by what they name.

        :param names: the present and former names of which the entries are wanted
        """
        begin = since
        if self._since is None or since < self._since:
            self._since, self._all = since, {}
        elif self._entries:
            begin = max(e.timestamp for e in self._entries.values()) - CLOCKS
        log = self._site.global_block_log(since=begin, by=self._by)
        self._entries.update((entry.log_id, entry) for entry in log)
        if any(map(is_account, names)):
            newest = max((e.moment - CLOCKS for e in self._all.values()), default=since)
            self._all.update(
                (each.log_id, each) for each in _renamed(self._site, newest)
            )
            entries = tuple(self._all[log_id] for log_id in sorted(self._all))
            found = Renames(entries).about(names)
            present = {found.present(e.new, e.log_id) for e in found.entries}
            self.renames = Renames(found.entries, self._attached(present))
        by_owner: dict[str, list[GlobalBlockLogEntry]] = {}
        for log_id in sorted(self._entries):
            entry = self._entries[log_id]
            for owner in self.renames.owners(entry):
                by_owner.setdefault(owner, []).append(entry)
        return by_owner

    def _attached(self, names: Iterable[str]) -> dict[str, datetime]:
        found = {}
        for batch in batches(sorted(names), max_values(self._site)):
            asked = {'list': 'users', 'usprop': ['registration', 'centralids']}
            answer = query(self._site, **asked, ususers=batch)
            for item in items_of(answer, 'query', 'users'):
                if item.get('attachedlocal', {}).get('CentralAuth'):
                    since = timestamp(item.get('registration'))
                    found[text(item, 'name')] = since or _EVER
        return found


def _renamed(site: PluginMixin, since: datetime) -> Iterator[Rename]:
    answers = continued(
        site,
        list='logevents',
        letype='gblrename',
        leend=as_timestamp(since),
        lelimit='max',
    )
    for answer in answers:
        for item in items_of(answer, 'query', 'logevents'):
            # Accounts are also merged, and details hidden.
            names = item.get('params') or {}
            moment = timestamp(item.get('timestamp'))
            if item.get('action') == 'rename' and 'newuser' in names and moment:
                old, new = text(names, 'olduser'), text(names, 'newuser')
                yield Rename(number(item, 'logid'), moment, old, new)
