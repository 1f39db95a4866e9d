"""What plans of global blocks show: settings, columns, and remarks on whom they hit.

What is planned is decided in :mod:`.blockplan`, :mod:`.liftblock` and
:mod:`.undoblock`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from mw_tokens_plugin.actions.accountfacts import account_columns
from mw_tokens_plugin.actions.blockreads import number_in
from mw_tokens_plugin.campaign.records import Target
from mw_tokens_plugin.messages import message
from mw_tokens_plugin.protocol.addresses import (
    SUBNET,
    Network,
    count_subnets,
    meant_address,
    network_of,
    written,
)
from mw_tokens_plugin.protocol.blocksettings import BlockSettings
from mw_tokens_plugin.protocol.globalblocks import GlobalBlock
from mw_tokens_plugin.protocol.names import AccountKind, kind_of

#: How long a temporary account lives (``$wgAutoCreateTempUser['expireAfterDays']``).
TEMPORARY_DAYS = 90


@dataclass(slots=True)
class Census:
    """Counts whom a plan hits."""

    targets: int = 0
    accounts: int = 0
    temporary: int = 0
    soft: int = 0
    hard: int = 0
    lifted: int = 0
    lone: list[Network] = field(default_factory=list)
    subnets: int = 0

    @property
    def addresses(self) -> int:
        """How many addresses and ranges there are."""
        return self.soft + self.hard + self.lifted

    def count(self, target: Target) -> None:
        """Count one target of the plan."""
        facts = target.decision.facts
        self.targets += 1
        name, then = target.name, facts.get('then')
        if number_in(name):
            name = (facts.get('now') or {}).get('target') or name
        network = network_of(name)
        if network is None:
            is_temporary = kind_of(name) is AccountKind.TEMPORARY
            self.temporary += is_temporary
            self.accounts += not number_in(name)
            return
        if then is None:
            self.lifted += 1
            return
        self.soft += then['anon_only']
        self.hard += not then['anon_only']
        if network.version == 6:
            self.subnets += count_subnets(network)
            if network.num_addresses == 1:
                self.lone.append(network)

    def remarks(self, outlives_temporary: bool) -> Iterator[str]:
        """Yield what is worth knowing, a sentence a line."""
        if not self.targets:
            yield message('global_block-nothing')
        if self.accounts and self.addresses:
            about = {'accounts': self.accounts, 'addresses': self.addresses}
            yield message('global_block-linked', **about)
        if self.soft:
            yield message('global_block-soft', number=self.soft)
        if self.hard:
            yield message('global_block-hard', number=self.hard)
        if self.subnets:
            yield message('global_block-subnets', number=self.subnets)
        if self.lone:
            subnet = written(self.lone[0].supernet(new_prefix=SUBNET))
            number = len(self.lone)
            yield message('global_block-lone', number=number, example=subnet)
        if self.temporary and outlives_temporary:
            about = {'number': self.temporary, 'days': TEMPORARY_DAYS}
            yield message('global_block-temporary', **about)


def block_columns(target: Target) -> dict[str, str]:
    """Return what the plan shows of a target and its block, by heading."""
    facts, columns = target.decision.facts, {}
    if target.decision.skipped is not None:
        # The reason says what there is.
        return account_columns(target)
    if 'now' in facts:
        now, then = facts['now'], facts['then']
        whom = facts.get('target')
        if now is not None and number_in(target.name):
            whom = now['target'] or message('global_block-automatic')
        # An undo blocks again what was named by its number, or is renamed since.
        if whom not in (None, target.name) and not target.decision.hidden:
            columns[message('global_block-column-target')] = whom
        if now is not None:
            about = {'settings': shown_settings(now), 'by': now['by'] or ''}
            # What is asked for is judged by who has made it, and why.
            is_undo = 'target' in facts
            words = message('global_block-by', **about) if is_undo else made_by(now)
            columns[message('global_block-column-now')] = words
        words = shown_settings(then) if then or now else ''
        if then and (reason := then.get('reason')):
            about = {'settings': words, 'reason': reason}
            words = message('global_block-former-reason', **about)
        columns[message('global_block-column-then')] = words
        if is_local_alone(facts):
            columns[message('global_block-column-then')] = message(
                'global_block-local-alone'
            )
    network = network_of(target.name)
    if network is not None and network.version == 6:
        subnets = count_subnets(network)
        columns[message('global_block-column-subnets')] = str(subnets)
    return {**columns, **account_columns(target)}


def is_local_alone(facts: Mapping[str, Any]) -> bool:
    """Tell whether an undo only lifts the block on the central wiki itself."""
    if facts.get('local') is None:
        return False
    return 'changed_by' in facts or (facts['now'] is None and facts['then'] is None)


def shown_settings(settings: Mapping[str, Any] | None) -> str:
    """Return the settings of a block in a few words, for a plan.

    :param settings: as the ledger has them; None where there is no block
    """
    if settings is None:
        return message('global_block-no-block')
    words = [_expiry_in_words(settings['expiry'])]
    words += [
        message(f'global_block-setting-{name}')
        for name in ('anon_only', 'account_creation', 'autoblock', 'block_email')
        if settings[name]
    ]
    return ', '.join(words)


def _expiry_in_words(expiry: str) -> str:
    if expiry[-1:] == 'Z':
        expiry = expiry[:-1].replace('T', ' ')
    return expiry


def block_in_words(block: GlobalBlock) -> str:
    settings = shown_settings(BlockSettings.of(block).facts())
    return f'{block.target}, {settings}'


def like_address(name: str) -> dict[str, str]:
    """Return the fact that the name of an account may be meant as an address."""
    address = meant_address(name)
    if address is None:
        return {}
    return {'problem': message('global_block-like-address', address=address)}


def made_by(block: Mapping[str, Any]) -> str:
    """Return who has made a block, when and why, and until when it lasts.

    :param block: as the ledger has it
    """
    return message(
        'global_block-since',
        settings=shown_settings(block),
        by=block['by'] or '',
        day=block['timestamp'][:10],
        reason=block['reason'],
    )
