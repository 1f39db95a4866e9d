"""Global blocks: which accounts and addresses may write on no wiki of the farm.

It keeps them and finds the one that applies, as GlobalBlocking does; who may make them
and the errors that blocked users get are left to :mod:`.modules`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from .titles import Network, network_of, within, written_address

if TYPE_CHECKING:
    from .records import Account
    from .views import FarmView

DAY = 86400

#: The shortest prefixes that may be blocked.
WIDEST = {4: 16, 6: 19}

# How a block is preferred over others: the least comes first.
_OF_ACCOUNT, _OF_ADDRESS, _OF_RANGE, _AUTOMATIC = 1, 2, 3, 4


@dataclass(slots=True)
class GlobalBlock:
    """A block of an account, an address or a range on all wikis.

    :ivar target: as it was when it was blocked, and remains if the account is renamed
    :ivar account: the central id; 0 for addresses
    :ivar by: the central id of who made it, on the wiki `by_wiki`
    :ivar made: how many changes of accounts there had been when it was made
    :ivar parent: the number of the block of the account whose address this was, if it
        was made by itself
    """

    id: int
    target: str
    account: int
    by: int
    by_wiki: str
    reason: str
    timestamp: str
    expiry: str
    anononly: bool = False
    nocreate: bool = True
    autoblock: bool = False
    noemail: bool = False
    parent: int = 0
    made: int = 0

    @property
    def network(self) -> Network | None:
        """The addresses that it covers."""
        return None if self.account else network_of(self.target)

    @property
    def range(self) -> tuple[str, str] | None:
        """The first and the last of them."""
        network = self.network
        if network is None:
            return None
        return written_address(network[0]), written_address(network[-1])


@dataclass(frozen=True, slots=True)
class Applying:
    """The global block that applies to a request.

    :ivar proxy: it is one of an address that the request only came by
    """

    block: GlobalBlock
    proxy: bool = False


class GlobalBlocks:
    """All global blocks of the farm.

    `lost_races` is how many of the next blocks fail since somebody else was faster.
    """

    def __init__(self, farm: FarmView) -> None:
        """Initializer."""
        self.farm = farm
        self.lost_races = 0
        self._blocks: dict[int, GlobalBlock] = {}
        self._last_id = 0

    def __iter__(self) -> Iterator[GlobalBlock]:
        """Iterate over those that have not expired."""
        now = self.farm.timestamp()
        return (block for block in self._blocks.values() if block.expiry > now)

    def get(self, id: int) -> GlobalBlock | None:
        """Return the block of a number; expired ones are there until the next block."""
        return self._blocks.get(id)

    def find(self, target: str, account: int) -> GlobalBlock | None:
        """Return the block of just this account or address; automatic ones are hidden.

        :param account: the central id, or 0
        """
        for block in self:
            if block.account == account if account else _names(block, target):
                return block
        return None

    def next_id(self) -> int:
        """Return the number of the next block; failed ones use numbers up, too."""
        self._last_id += 1
        return self._last_id

    def skip_ids(self, count: int) -> None:
        """Let so many numbers be used up, or free again."""
        self._last_id += count

    def keep(self, block: GlobalBlock) -> None:
        """Add a block, or change the one of the same number.

        What it had blocked by itself follows it, or goes.
        """
        former = self._blocks.get(block.id)
        self.farm.changes += 1
        block.made = former.made if former else self.farm.changes
        self._blocks[block.id] = block
        for child in self._children(block):
            if block.autoblock:
                child.by, child.by_wiki = block.by, block.by_wiki
                child.nocreate = block.nocreate
                child.reason = self._reason(block)
                child.expiry = min(child.expiry, block.expiry)
            else:
                del self._blocks[child.id]

    def lift(self, block: GlobalBlock) -> None:
        """Remove a block, and what it had blocked by itself."""
        for child in self._children(block):
            del self._blocks[child.id]
        del self._blocks[block.id]

    def purge(self) -> None:
        """Forget those that have expired."""
        self._blocks = {block.id: block for block in self}

    def spread(self, block: GlobalBlock, address: str) -> None:
        """Block the address from which a blocked account tried to edit, for a day."""
        if not block.autoblock:
            return
        now = self.farm.timestamp()
        until = min(self.farm.timestamp(self.farm.clock() + DAY), block.expiry)
        there = [b for b in self._blocks.values() if b.target == address]
        for other in there:
            if other.parent and block.expiry > other.expiry:
                other.timestamp, other.expiry = now, until
        if not there:
            made = GlobalBlock(
                self.next_id(),
                address,
                0,
                block.by,
                block.by_wiki,
                self._reason(block),
                now,
                until,
                nocreate=block.nocreate,
                parent=block.id,
            )
            self._blocks[made.id] = made

    def covering(self, network: Network) -> list[GlobalBlock]:
        """Return the blocks of an address, or of ranges around it."""
        return [block for block in self if _covers(block, network)]

    def applying(
        self,
        address: str,
        proxies: Iterable[str],
        account: Account | None,
        *,
        exempt: bool,
        named: bool,
    ) -> Applying | None:
        """Return the block that applies to a request.

        :param proxies: the addresses that it only came by
        :param exempt: whether blocks of addresses do not count
        :param named: whether those that are for unregistered users only do not
        """

        def of(text: str) -> list[GlobalBlock]:
            network = None if exempt else network_of(text)
            found = self.covering(network) if network is not None else []
            return [block for block in found if not (named and block.anononly)]

        id = account.id if account else 0
        own = [block for block in self if id and block.account == id]
        if found := own + of(address):
            return Applying(min(found, key=_rank))
        if found := [block for proxy in proxies for block in of(proxy)]:
            return Applying(min(found, key=_rank), proxy=True)
        return None

    def _children(self, block: GlobalBlock) -> list[GlobalBlock]:
        return [child for child in self._blocks.values() if child.parent == block.id]

    def _reason(self, block: GlobalBlock) -> str:
        account = self.farm.account_ids.get(block.account)
        if account is None or account.hidden:
            return (
                'Globally autoblocked because your IP address has been recently used '
                f'by a user blocked by block ID #{block.id}.'
            )
        name = account.name
        return (
            'Globally autoblocked because your IP address has been recently used by '
            f'"[[User:{name}|{name}]]".\n'
            f'The reason given for {name}\'s block is "{block.reason}"'
        )


def too_wide(network: Network) -> bool:
    """Say whether a range is wider than any that may be blocked."""
    return network.prefixlen < WIDEST[network.version]


def range_of(text: str) -> str:
    """Return the target by which an address or a range is kept.

    One that covers a single address is kept as it was written.
    """
    network = network_of(text)
    if network is None or network.num_addresses == 1:
        return text
    return f'{written_address(network[0])}/{network.prefixlen}'


def _names(block: GlobalBlock, target: str) -> bool:
    return not block.account and not block.parent and block.target == target


def _covers(block: GlobalBlock, network: Network) -> bool:
    around = block.network
    return around is not None and within(network, around)


def _rank(block: GlobalBlock) -> float:
    network = block.network
    rank: float = _OF_ACCOUNT
    if block.parent:
        rank = _AUTOMATIC
    elif network is not None and '/' in block.target:
        size = network.max_prefixlen - network.prefixlen
        rank = _OF_RANGE - 1 + size / network.max_prefixlen
    elif network is not None:
        rank = _OF_ADDRESS
    # Those that let accounts be created come after all others.
    return rank if block.nocreate else rank + _AUTOMATIC
