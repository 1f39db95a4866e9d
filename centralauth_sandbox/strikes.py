"""What faults do to a farm, its accounts and its sessions, and what it has come to."""

from __future__ import annotations

from typing import Any

from .farm import Farm
from .faults import Fault


def strike(fault: Fault, farm: Farm, user: str, token: str = '') -> None:
    """Do to the farm what a fault of :data:`FARM_KINDS` does.

    :param user: the user who asks, where the fault names none.
    :param token: the centralauthtoken of the request. Of a fault on one wiki, it alone
        expires: the others may be on their way to other wikis.
    """
    name = fault.user or user
    account = farm.accounts.get(name)
    sessions = farm.sessions
    if fault.kind == 'expire-csrf':
        sessions.expire_csrf(name)
    elif fault.kind == 'expire-centralauthtokens' and fault.wiki and token:
        sessions.expire_centralauthtoken(token)
    elif fault.kind == 'expire-centralauthtokens':
        sessions.expire_centralauthtokens(account.id if account else None)
    elif fault.kind == 'lose-session' and account:
        sessions.end_account(account.id, remembered=fault.remembered)
        sessions.end_bots(name)
    elif fault.kind == 'demote' and account:
        demote(farm, name)
    elif fault.kind == 'lock-operator' and account:
        farm.set_status(
            account,
            locked=True,
            hidden=account.hidden,
            wiki=farm.central,
            operator='Sandbox Colleague',
            reason='a fault of the sandbox',
        )
    elif fault.kind == 'rename-operator' and account:
        farm.rename_account(name, f'{name} (renamed)')
    elif fault.kind == 'session-store-down':
        sessions.wipe()
        sessions.down = True
    elif fault.kind == 'autocreate-race':
        sessions.autocreate_race = fault.seconds or 0.1
    elif fault.kind == 'clock-jump':
        farm.advance(fault.seconds)
    elif fault.kind == 'stale-read' and fault.target in farm.accounts:
        until = farm.clock() + (fault.seconds or farm.stale)
        farm.accounts[fault.target].stale_until = until


def demote(farm: Farm, name: str) -> None:
    """Take all groups from an account, global and local."""
    account = farm.accounts[name]
    account.groups = frozenset()
    for local in account.attached.values():
        local.groups = frozenset()


def counted(farm: Farm) -> dict[str, Any]:
    """Count what the farm looks like now."""
    kinds = [entry.type for wiki in farm.wikis.values() for entry in wiki.log]
    return {
        'accounts': len(farm.accounts),
        'locked': sum(account.locked for account in farm.accounts.values()),
        'hidden': sum(bool(account.hidden) for account in farm.accounts.values()),
        'globalauth_log_entries': kinds.count('globalauth'),
        'globally_blocked': sum(not block.parent for block in farm.global_blocks),
        'gblblock_log_entries': kinds.count('gblblock'),
        'suppress_log_entries': kinds.count('suppress'),
    }
