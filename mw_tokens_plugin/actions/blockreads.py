"""Reading global blocks for a plan: those of targets, and those that cover them.

Several hundred targets cost a few requests: blocks are listed by exact targets, so all
ranges that could cover an address are asked for together. What follows from a block is
decided by the actions.

https://www.mediawiki.org/wiki/Extension:GlobalBlocking/API
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timezone
from typing import Any

from mw_tokens_plugin.campaign.records import Target, may_be_reason
from mw_tokens_plugin.exceptions import RangeTooWide
from mw_tokens_plugin.protocol.addresses import (
    WIDEST,
    Network,
    NetworkSet,
    network_of,
    parents,
    written,
)
from mw_tokens_plugin.protocol.blocksettings import BlockSettings, expiry_of
from mw_tokens_plugin.protocol.fields import as_timestamp
from mw_tokens_plugin.protocol.globalblocks import GlobalBlock
from mw_tokens_plugin.site.batches import max_values
from mw_tokens_plugin.site.mixins import PluginMixin
from mw_tokens_plugin.site.refusals import refusals

__all__ = [
    'Blocks',
    'block_facts',
    'is_account',
    'is_own_block',
    'number_in',
    'read_block',
    'targets_of_numbers',
]

#: It stands for those that the wiki does not show.
_AN_ADDRESS = '127.0.0.1'

#: All blocks are listed where that takes so many times fewer requests.
_FEWER = 8


@dataclass(frozen=True, slots=True)
class Blocks:
    """The global blocks of some targets.

    :ivar own: those of just a target, by the target's name
    """

    own: Mapping[str, GlobalBlock]
    _ranges: NetworkSet = field(default_factory=lambda: NetworkSet(()))
    _covering: Mapping[str, GlobalBlock] = field(default_factory=dict)

    @classmethod
    def read(
        cls, site: PluginMixin, names: Sequence[str], *, covering: bool = True
    ) -> Blocks:
        """Read the blocks of accounts, addresses and ranges, in as few requests as can.

        For each address of IPv4 there are 18 values to ask for, and for each of IPv6
        up to 111, of which many are the same for several targets. Where that takes
        more requests than targets, each address is asked for alone. Where many
        requests are needed, a few try to list all blocks first.

        :param site: the central wiki
        :param names: in MediaWiki's form; also numbers of blocks, as ``#41``
        :param covering: whether those of wider ranges are wanted, too
        """
        numbers = {number: name for name in names if (number := number_in(name))}
        networks = {n: net for n in names if (net := network_of(n)) is not None}
        accounts = list(filter(is_account, names))
        exact: list[str] = []
        alone: list[str] = []
        for version in (4, 6):
            of_version = [n for n, net in networks.items() if net.version == version]
            values = of_version
            if covering:
                around = (p for n in of_version for p in parents(networks[n]))
                values = list(dict.fromkeys(around))
            if len(values) > max_values(site) * len(of_version):
                alone += of_version
            else:
                exact += values
        needed = -(-len(exact) // max_values(site)) + len(alone)
        listed = site.all_global_blocks(needed // _FEWER) if needed >= _FEWER else None
        if listed is None:
            found = [*site.global_blocks([*accounts, *exact])]
            for name in alone:
                found += site.global_blocks(ip=name)
        else:
            found = [*site.global_blocks(accounts)]
            found += (b for b in listed if b.target and network_of(b.target))
        own: dict[str, GlobalBlock] = {}
        if numbers:
            blocks = site.global_blocks(ids=list(numbers))
            own.update((numbers[block.id], block) for block in blocks)
        by_target = {b.target: b for b in found if b.target is not None}
        own.update((n, by_target[n]) for n in networks if n in by_target)
        own.update(_of_accounts(site, accounts, found))
        ranges = {t: b for t, b in by_target.items() if network_of(t) is not None}
        return cls(own, NetworkSet(filter(None, map(network_of, ranges))), ranges)

    def covering(self, network: Network) -> Iterator[GlobalBlock]:
        """Yield the blocks of ranges that contain one, other than its own."""
        own = written(network)
        for around in self._ranges.covering(network):
            name = written(around)
            single = f'{name}/{around.max_prefixlen}'
            for target in (name, single) if '/' not in name else (name,):
                if target in self._covering and target != own:
                    yield self._covering[target]


def read_block(site: PluginMixin, name: str) -> GlobalBlock | None:
    """Return the block of just one target; None if there is none.

    :param site: the central wiki
    :param name: in MediaWiki's form, or the number of a block
    """
    number = number_in(name)
    found = site.global_blocks(ids=number) if number else site.global_blocks(name)
    return next((block for block in found), None)


def targets_of_numbers(site: PluginMixin, names: Iterable[str]) -> dict[str, str]:
    """Return whom the blocks are of that are named by their numbers, by these names.

    What the wiki blocks automatically is an address that it does not show.
    """
    numbers = {number: name for name in names if (number := number_in(name))}
    blocks = site.global_blocks(ids=list(numbers)) if numbers else ()
    return {numbers[block.id]: block.target or _AN_ADDRESS for block in blocks}


def too_wide(site: PluginMixin, networks: Iterable[Network]) -> dict[int, int]:
    """Return the longest prefix of ranges that a wiki does not let anybody block.

    It is asked for the widest ranges, until there is one for which it lists blocks.

    :param networks: what the campaign will block
    :return: by version of IP; nothing where all of them are narrow enough
    """
    found: dict[int, int] = {}
    by_length = {(n.version, n.prefixlen): n for n in networks if n.num_addresses > 1}
    for version in WIDEST:
        for each, length in sorted(key for key in by_length if key[0] == version):
            if not _is_too_wide(site, by_length[each, length]):
                break
            found[version] = length
    return found


def block_facts(block: GlobalBlock) -> dict[str, Any]:
    """Return what the ledger keeps of a block before it changes it."""
    return {
        **BlockSettings.of(block).facts(),
        'id': block.id,
        'target': block.target,
        'by': block.by,
        'timestamp': as_timestamp(block.timestamp.astimezone(timezone.utc)),
        'reason': block.reason,
    }


def number_in(name: str) -> int:
    """Return the number of a block that a name is, as ``#41``; 0 if it is none."""
    number = name.removeprefix('#')
    return int(number) if number != name and number.isdecimal() else 0


def is_account(name: str) -> bool:
    """Tell whether a target is an account, not an address or the number of a block."""
    return not number_in(name) and network_of(name) is None


def is_own_block(block: GlobalBlock, target: Target, reason: str) -> bool:
    """Tell whether a block is as a target's own last write has made it.

    :param reason: what was given for it
    """
    is_ours = target.may_have_written_at(block.timestamp, by=block.by)
    return is_ours and may_be_reason(block.reason, reason)


def reason_given(target: Target, reason: str) -> str:
    """Return the reason that the write of a target gives.

    :param reason: that of its campaign; if it is empty, the block's own is kept
    """
    now, then = target.decision.facts['now'], target.decision.facts['then']
    # What an undo puts back has its former reason, which blocked users read.
    former = then.get('reason') if then else None
    return former or reason or (str(now['reason']) if now else '')


def end_in_words(moment: datetime) -> str:
    """Return the end of a block as people read it."""
    return expiry_of(moment).replace('T', ' ').replace('Z', '')


def _is_too_wide(site: PluginMixin, network: Network) -> bool:
    request = site.simple_request(
        action='query', list='globalblocks', bgip=written(network), bglimit=1
    )
    # It is the answer to the question: pywikibot would warn of it.
    request.expected_errors = frozenset({'cidrtoobroad'})
    try:
        with refusals(site):
            request.submit()
    except RangeTooWide:
        return True
    return False


def _of_accounts(
    site: PluginMixin, names: Sequence[str], found: Iterable[GlobalBlock]
) -> dict[str, GlobalBlock]:
    """Return whose the blocks of some accounts are.

    The block of a renamed account has the old name, which another one may have now, of
    the same list as well. So it is asked which names find it.

    :param found: the blocks of all of them, and of others
    """
    left = {b.id: b for b in found if b.target and network_of(b.target) is None}
    if len(names) == 1:
        return dict.fromkeys(names, *left.values()) if left else {}
    own: dict[str, GlobalBlock] = {}
    # First it is tried whether those are blocked whose names are in the blocks.
    in_blocks = {block.target for block in left.values()}
    for tried in ([name for name in names if name in in_blocks], names):
        owners = _owners(site, tried, left) if left else {}
        own.update((name, left.pop(number)) for number, name in owners.items())
    return own


def _owners(
    site: PluginMixin, names: Sequence[str], blocks: Mapping[int, GlobalBlock]
) -> dict[int, str]:
    """Return by which of some names each block is found that is by one.

    The wiki does not say it of several names at a time. But where each is asked for
    with those that have the same binary digits, a few requests tell its place.
    """
    places = dict.fromkeys(blocks, 0)
    for digit in range(len(names).bit_length()):
        asked = [n for place, n in enumerate(names, 1) if place >> digit & 1]
        for block in site.global_blocks(asked):
            if block.id in places:
                places[block.id] |= 1 << digit
    found = {
        number: names[place - 1]
        for number, place in places.items()
        if 0 < place <= len(names)
    }
    # One that was changed meanwhile may have missed some of the requests.
    for number, name in list(found.items()):
        is_as_told = name == blocks[number].target
        if not is_as_told and number not in {b.id for b in site.global_blocks(name)}:
            del found[number]
    return found
