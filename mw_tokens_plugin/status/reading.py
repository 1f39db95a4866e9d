"""Reading what is known of many names, in as few requests as possible.

For 500 accounts three requests suffice with the right ``apihighlimits``: for the
accounts, for the log entries of the locks, and for the blocks. No right is needed for
what is public; what this user may not read is not guessed.

https://www.mediawiki.org/wiki/Extension:CentralAuth/API
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from mw_tokens_plugin.actions.blockreads import Blocks
from mw_tokens_plugin.campaign.parallel import in_parallel
from mw_tokens_plugin.exceptions import RangeTooWide, UnknownModule
from mw_tokens_plugin.protocol.addresses import network_of
from mw_tokens_plugin.protocol.answers import expected_form
from mw_tokens_plugin.protocol.blocksettings import expiry_of
from mw_tokens_plugin.protocol.globalaccounts import (
    GlobalAccount,
    HiddenLevel,
    LockLogEntry,
)
from mw_tokens_plugin.protocol.globalblocks import GlobalBlock
from mw_tokens_plugin.protocol.names import AccountKind, kind_of
from mw_tokens_plugin.site.mixins import TypedSite
from mw_tokens_plugin.site.redaction import redactor
from mw_tokens_plugin.status.records import (
    NOT_READABLE,
    Covering,
    Status,
    labels,
    moment,
)
from mw_tokens_plugin.targets.accounts import does_not_exist, read_accounts
from mw_tokens_plugin.targets.problems import FAILURES

__all__ = ['read']

#: Rights with which an account that is hidden exists for those who ask.
_SEES_HIDDEN = ('centralauth-suppress', 'centralauth-oversight')

#: Entries of one account's log that are looked through for its lock.
_MAX_ENTRIES = 50


def read(
    site: TypedSite, names: Sequence[str], *, details: bool = False
) -> list[Status]:
    """Return what is known of some names, in their order.

    :param site: the central wiki
    :param names: accounts, addresses and ranges in MediaWiki's form, each once
    :param details: read home wiki, edits and groups too, by a request for each account
    :raises TokensPluginError: the wiki does not work, or refuses
    """
    kinds = {name: _kind(name) for name in names}
    accounts = [n for n, kind in kinds.items() if kind in ('account', 'temporary')]
    found = dict(read_accounts(site, accounts, site.global_accounts))
    with expected_form(f'What {site} says of the account'):
        sees_hidden = any(map(site.has_right, _SEES_HIDDEN))
    status = {name: Status(name=name, kind=kind) for name, kind in kinds.items()}
    for name, account in found.items():
        status[name] = _with_account(status[name], account, sees_hidden=sees_hidden)
    # What is logged from here on knows which names must not be shown.
    with redactor.hiding(labels(status.values())):
        entries = _locks(site, found, details=details)
        for name in filter(lambda name: status[name].locked is True, found):
            status[name] = _with_lock(status[name], entries.get(name))
        for name, blocks in _blocks(site, names):
            status[name] = _with_blocks(status[name], blocks)
        if details:
            existing = [n for n in found if status[n].exists is True]
            for name, read in in_parallel(site.global_account, existing):
                status[name] = _with_details(status[name], read)
    return list(status.values())


def _kind(name: str) -> str:
    kind = kind_of(name)
    if kind is AccountKind.IP:
        return 'range' if '/' in name else 'address'
    return 'temporary' if kind is AccountKind.TEMPORARY else 'account'


def _with_account(
    status: Status, account: GlobalAccount | Exception, *, sees_hidden: bool
) -> Status:
    if isinstance(account, Exception) and not does_not_exist(account):
        unknown = _unreadable('exists', 'locked', 'hidden')
        return replace(status, **unknown, problem=_words(account))
    if isinstance(account, Exception) or not account.exists:
        # An account that is hidden is missing too, for others.
        return replace(status, exists=False if sees_hidden else NOT_READABLE)
    level = {HiddenLevel.NONE: 'no', HiddenLevel.UNKNOWN: 'yes'}.get(account.hidden)
    return replace(
        status,
        central_id=account.central_id,
        exists=True,
        locked=account.locked,
        hidden=level or account.hidden.value,
    )


def _locks(
    site: TypedSite, found: Mapping[str, GlobalAccount | Exception], *, details: bool
) -> Mapping[str, LockLogEntry]:
    """Return the entries of the log for locks, by the names of the accounts."""
    locked = {
        name: account
        for name, account in found.items()
        if isinstance(account, GlobalAccount) and account.locked
    }
    entries: dict[str, LockLogEntry] = {}
    by_id = {a.lock_log_id: name for name, a in locked.items() if a.lock_log_id}
    hidden = {n for n, a in locked.items() if a.is_hidden}
    one_by_one = [] if site.lists_global_users() else [*(locked.keys() - hidden)]
    try:
        for entry in site.lock_log_entries(by_id) if by_id else ():
            entries[by_id[entry.log_id]] = entry
    except UnknownModule:
        one_by_one = list(by_id.values())
    if details and site.has_right('suppressionlog'):
        one_by_one += hidden
    for name, found_there in in_parallel(
        lambda name: _lock(site, name, suppressed=name in hidden), one_by_one
    ):
        # Without an entry it is not readable, which is no failure.
        if isinstance(found_there, LockLogEntry):
            entries[name] = found_there
        elif found_there is not None and not isinstance(found_there, FAILURES):
            raise found_there
    return entries


def _lock(site: TypedSite, name: str, *, suppressed: bool) -> LockLogEntry | None:
    """Return the entry of the present lock of an account."""
    log = site.lock_log(name, _MAX_ENTRIES, suppressed=suppressed)
    return next((entry for entry in log if 'locked' in entry.added), None)


def _with_lock(status: Status, entry: LockLogEntry | None) -> Status:
    if entry is None:
        unknown = _unreadable('locked_since', 'locked_by', 'lock_reason')
        return replace(status, **unknown)
    return replace(
        status,
        locked_since=moment(entry.timestamp),
        locked_by=_or_unreadable(entry.by),
        lock_reason=_or_unreadable(entry.comment),
    )


def _blocks(
    site: TypedSite, names: Sequence[str]
) -> Iterator[tuple[str, Blocks | None]]:
    """Yield names with what has their blocks; None where there are no global blocks."""
    try:
        blocks = Blocks.read(site, names)
    except UnknownModule:
        yield from ((name, None) for name in names)
    except RangeTooWide:
        # No block can cover what is wider than what can be blocked.
        if len(names) == 1:
            yield names[0], Blocks.read(site, names, covering=False)
            return
        half = len(names) // 2
        yield from _blocks(site, names[:half])
        yield from _blocks(site, names[half:])
    else:
        yield from ((name, blocks) for name in names)


def _with_blocks(status: Status, blocks: Blocks | None) -> Status:
    if blocks is None:
        return replace(status, blocked=NOT_READABLE)
    network = network_of(status.name)
    around = () if network is None else blocks.covering(network)
    own = blocks.own.get(status.name)
    status = replace(
        status, blocked=own is not None, covered_by=tuple(map(_covering, around))
    )
    if own is None:
        return status
    return replace(
        status,
        blocked_since=moment(own.timestamp),
        block_expiry=expiry_of(own.expiry),
        blocked_by=_or_unreadable(own.by),
        block_reason=own.reason,
    )


def _covering(block: GlobalBlock) -> Covering:
    return Covering(
        range=block.target or '',
        expiry=expiry_of(block.expiry),
        anon_only=block.anon_only,
        by=_or_unreadable(block.by),
        reason=block.reason,
    )


def _with_details(status: Status, account: GlobalAccount | Exception) -> Status:
    if isinstance(account, Exception):
        if not isinstance(account, FAILURES):
            raise account
        unknown = _unreadable('home', 'edits')
        return replace(status, **unknown, problem=_words(account))
    attached = account.attached
    return replace(
        status,
        home=account.home or (NOT_READABLE if attached is None else None),
        edits=_or_unreadable(account.edit_count),
        groups=account.groups,
        edits_by_wiki=None
        if attached is None
        else {a.wiki: a.edit_count for a in attached if a.edit_count},
        local_groups=None if attached is None else account.local_groups,
    )


def _unreadable(*fields: str) -> dict[str, Any]:
    return dict.fromkeys(fields, NOT_READABLE)


def _or_unreadable(value: Any) -> Any:
    return NOT_READABLE if value is None else value


def _words(error: Exception) -> str:
    return ' '.join(str(error).split())
