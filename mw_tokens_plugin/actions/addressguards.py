"""Which addresses and ranges are never blocked, whatever the wiki would allow.

It compares a range with what the operator has said; no wiki is asked. What the wiki
itself allows is left to :mod:`.globalblock`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from mw_tokens_plugin.campaign.records import SkipReason
from mw_tokens_plugin.protocol.addresses import (
    Network,
    NetworkSet,
    is_public,
    network_of,
)

#: The widest ranges that are blocked unless ``-max-range`` says otherwise.
MAX_RANGE: Mapping[int, int] = {4: 24, 6: 48}

#: Wider ranges than these are confirmed by typing.
TYPED: Mapping[int, int] = {4: 20, 6: 36}


@dataclass(frozen=True, slots=True)
class AddressGuards:
    """What a range must not contain, and how wide it may be.

    :ivar protected: what is listed in ``-not`` and ``-protect``
    :ivar max_range: the shortest prefix by the version of IP
    """

    protected: NetworkSet = field(default_factory=lambda: NetworkSet(()))
    max_range: Mapping[int, int] = field(default_factory=lambda: MAX_RANGE)

    @classmethod
    def of(cls, excluded: Iterable[str], max_range: Iterable[int]) -> AddressGuards:
        """Return the guards of a campaign.

        :param excluded: names that are skipped, of which some are addresses
        :param max_range: the shortest prefixes of IPv4 and IPv6; the usual ones if
            there are none
        """
        networks = (network_of(name) for name in excluded)
        listed = NetworkSet(network for network in networks if network is not None)
        return cls(listed, dict(zip((4, 6), max_range, strict=False)) or MAX_RANGE)

    def excluded(self, network: Network) -> SkipReason | None:
        """Return why a range is skipped for what is listed to be skipped."""
        if any(True for _ in self.protected.covering(network)):
            return SkipReason.EXCLUDED
        if self.protected.touches(network):
            return SkipReason.PROTECTED_INSIDE
        return None

    def never(self, network: Network) -> SkipReason | None:
        """Return why a range is skipped whatever the operator says."""
        return None if is_public(network) else SkipReason.NOT_PUBLIC

    def too_wide(self, network: Network) -> SkipReason | None:
        """Return why a range is skipped for its width."""
        is_wider = network.prefixlen < self.max_range[network.version]
        return SkipReason.MAX_RANGE if is_wider else None


def is_typed(network: Network) -> bool:
    """Tell whether a range is so wide that blocking it is confirmed by typing."""
    return network.prefixlen < TYPED[network.version]
