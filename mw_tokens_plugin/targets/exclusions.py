"""Targets that are never to be touched: lists for one run, and standing lists.

Each entry of a list for one run must name a target, or an account or page that exists;
a standing list may name anything. The actions skip what is listed.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial

from mw_tokens_plugin.campaign.ledger import Ledger
from mw_tokens_plugin.campaign.records import Campaign
from mw_tokens_plugin.exceptions import InvalidInput
from mw_tokens_plugin.messages import message, quantity
from mw_tokens_plugin.protocol.addresses import WIDEST, NetworkSet, network_of
from mw_tokens_plugin.protocol.names import (
    AccountKind,
    Capital,
    first_letter,
    kind_of,
)
from mw_tokens_plugin.site.batches import batches
from mw_tokens_plugin.site.mixins import PluginMixin
from mw_tokens_plugin.targets.accounts import does_not_exist, read_accounts
from mw_tokens_plugin.targets.lists import (
    MAX_REFUSED,
    Entry,
    ListReader,
    Parse,
    valid_entries,
)

#: Returns which of some names exist on the wiki.
Exist = Callable[[Sequence[str]], Iterable[str]]

#: Returns which of some names contain any of others, or are inside one.
Covering = Callable[[Iterable[str], Iterable[str]], Iterable[str]]

#: Names that are looked up at a time.
_CHUNK = 500

#: Entries that one message names.
_MAX_LISTED = 5


@dataclass(frozen=True, slots=True)
class Exclusions:
    """The entries of all lists of targets that must be skipped.

    .. version-added:: 0.1

    :ivar run: those for this run, by file
    :ivar standing: those of standing lists, by file
    :ivar comments: how many lines of each file are comments
    :ivar other_names: further names that lines of each file may hold, by line number
    """

    run: dict[str, list[Entry]] = field(default_factory=dict)
    standing: dict[str, list[Entry]] = field(default_factory=dict)
    comments: dict[str, int] = field(default_factory=dict)
    other_names: dict[str, dict[int, list[str]]] = field(default_factory=dict)

    @classmethod
    def read(
        cls,
        run: Sequence[str],
        standing: Sequence[str],
        parse: Parse | None,
        *,
        capital: Capital = first_letter,
        hidden: bool = False,
        english: Callable[[str], str] = str,
    ) -> Exclusions:
        """Read the lists; a line that cannot be read is never skipped.

        :param run: files for this run
        :param standing: files of standing lists
        :param parse: reads one target, or several; without it they are accounts
        :param capital: writes the first letter of an account as the wiki does
        :param hidden: whether the text of bad lines must not be shown
        :param english: as for :class:`.targets.ListReader`
        :raises InvalidInput: a file or a line cannot be read
        """

        def entries(path: str) -> list[Entry]:
            reader = ListReader(parse, capital=capital, strict=True, english=english)
            read = list(valid_entries(reader.file(path), skip=False, hidden=hidden))
            comments[path] = reader.sources[0].comments
            other_names[path] = reader.sources[0].other_names
            return read

        comments: dict[str, int] = {}
        other_names: dict[str, dict[int, list[str]]] = {}
        return cls(
            {path: entries(path) for path in run},
            {path: entries(path) for path in standing},
            comments,
            other_names,
        )

    @property
    def names(self) -> list[str]:
        """All names in them, each once."""
        lists = [*self.run.values(), *self.standing.values()]
        return list(dict.fromkeys(e.name for entries in lists for e in entries))

    def check(
        self,
        ledger: Ledger,
        campaign: Campaign,
        exist: Exist | None,
        *,
        hidden: bool,
        covering: Covering | None = None,
    ) -> Iterator[str]:
        """Look for the entries among the targets, and yield messages about the result.

        :param exist: returns which of some names exist on the wiki; None if that is
            not known
        :param hidden: whether entries must not be shown
        :param covering: returns which names concern others that they contain, or that
            contain them
        :raises InvalidInput: an entry for this run is not a target and does not exist,
            or a line that is read otherwise may mean a target
        """
        useless = 0
        concerning = self._concerning(ledger, campaign, covering)
        for path, entries in self.run.items():
            targets = _among(ledger, campaign, [entry.name for entry in entries])
            targets |= concerning
            others = [entry for entry in entries if entry.name not in targets]
            names = [entry.name for entry in others]
            existing = set(_asked(exist, names)) if exist is not None else set()
            for entry in others:
                if entry.name in existing:
                    continue
                useless += 1
                about = {'source': entry.source, 'number': entry.number}
                name = message('campaign-this-name') if hidden else repr(entry.name)
                key = 'campaign-excludes-nothing'
                if exist is None:
                    key = 'campaign-excludes-unlisted'
                problem = message(key, name=name)
                line = message('campaign-bad-line', problem=problem, **about)
                print(line, file=sys.stderr)
            key = 'campaign-not-matched'
            if covering is not None:
                key = 'campaign-not-matched-range'
            yield message(
                key,
                source=path,
                number=len(entries),
                comments=self.comments[path],
                targets=len(entries) - len(others),
            )
            if covering is not None and others:
                names = [entry.name for entry in others]
                yield message('campaign-not-unmatched', names=_listed(names))
        if useless:
            raise InvalidInput(
                f'{quantity(useless, "line")} of -not would protect nobody; nothing '
                'was sent. Correct that, or give a standing list by -protect:FILE.'
            )
        self._check_words(ledger, campaign, covering)
        for path, entries in self.standing.items():
            names = [entry.name for entry in entries]
            targets = _among(ledger, campaign, names) | concerning
            key = 'campaign-protected'
            if covering is not None:
                key = 'campaign-protected-range'
            yield message(
                key,
                source=path,
                number=len(entries),
                comments=self.comments[path],
                targets=len(targets.intersection(names)),
            )

    def _concerning(
        self, ledger: Ledger, campaign: Campaign, covering: Covering | None
    ) -> set[str]:
        """Return the entries that concern targets without being one."""
        if covering is None or not self.names:
            return set()
        targets = (target.name for target in ledger.targets(campaign))
        return set(covering(self.names, targets))

    def _check_words(
        self, ledger: Ledger, campaign: Campaign, covering: Covering | None
    ) -> None:
        """Refuse lines that may mean a target which they would not exclude."""
        excluded = set(self.names)
        unprotected = 0
        for path, lines in self.other_names.items():
            names = {name for held in lines.values() for name in held} - excluded
            targets = _among(ledger, campaign, list(names))
            if covering is not None:
                # They are skipped for what contains them.
                targets -= set(covering(targets, excluded))
            for number, possible in lines.items():
                if targets.isdisjoint(possible):
                    continue
                unprotected += 1
                if unprotected > MAX_REFUSED:
                    continue
                # The target may be one whose name must not be shown.
                problem = message('campaign-excludes-no-target')
                about = {'source': path, 'number': number, 'problem': problem}
                print(message('campaign-bad-line', **about), file=sys.stderr)
        if unprotected:
            raise InvalidInput(
                f'{quantity(unprotected, "line")} of -not or -protect may mean a '
                'target that would not be skipped; nothing was sent. Correct that.'
            )


def existing_accounts(site: PluginMixin) -> Exist:
    """Return a function that returns which accounts exist.

    .. version-added:: 0.1

    :param site: the central wiki
    """

    def exist(names: Sequence[str]) -> Iterable[str]:
        asked = [name for name in names if kind_of(name) is not AccountKind.IP]
        return [
            name
            for name, found in read_accounts(site, asked, site.global_accounts)
            if (
                not does_not_exist(found)
                if isinstance(found, Exception)
                else found.exists
            )
        ]

    return exist


def existing_targets(site: PluginMixin) -> Exist:
    """Return a function that returns which names exist; addresses always do.

    A list of addresses that must not be blocked is a standing one.

    .. version-added:: 0.1

    :param site: the central wiki
    """
    accounts = existing_accounts(site)

    def exist(names: Sequence[str]) -> Iterable[str]:
        addresses = [name for name in names if kind_of(name) is AccountKind.IP]
        return [*addresses, *accounts(names)]

    return exist


def touching(listed: Iterable[str], names: Iterable[str]) -> set[str]:
    """Return which addresses of a list contain targets, or are in them.

    .. version-added:: 0.1

    :param listed: what is never to be touched
    :param names: the targets; ranges that no wiki lets anybody block do not count,
        since they are not skipped for what they contain
    """
    found = (network for network in map(network_of, names) if network is not None)
    networks = NetworkSet(n for n in found if n.prefixlen >= WIDEST[n.version])
    return {n for n in listed if (each := network_of(n)) and networks.touches(each)}


def _among(ledger: Ledger, campaign: Campaign, names: Sequence[str]) -> set[str]:
    """Return those of some names that are targets, of whatever step."""
    return set(_asked(partial(ledger.named, campaign, kind=None), names))


def _listed(names: Sequence[str]) -> str:
    """Return some names, and how many more there are."""
    shown, more = ', '.join(names[:_MAX_LISTED]), len(names) - _MAX_LISTED
    if more <= 0:
        return shown
    return message('campaign-and-more', list=shown, number=more)


def _asked(exist: Exist, names: Sequence[str]) -> Iterator[str]:
    for some in batches(dict.fromkeys(names), _CHUNK):
        yield from exist(some)
