"""Global blocks, and the log of them, as frozen records, in both formatversions.

It parses GlobalBlocking's answers, and writes expiries as it reads them. Requests are
left to :mod:`mw_tokens_plugin.site.globalblocks`.

https://www.mediawiki.org/wiki/Extension:GlobalBlocking/API
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timezone
from typing import Any

from mw_tokens_plugin.exceptions import InvalidInput
from mw_tokens_plugin.protocol.answers import expected_form
from mw_tokens_plugin.protocol.fields import (
    as_timestamp,
    flag,
    number,
    optional_text,
    text,
    texts,
    timestamp,
)

#: The end of blocks that never end; later than that of all others.
INFINITY = datetime(9999, 12, 31, 23, 59, 59, tzinfo=timezone.utc)

#: How MediaWiki writes that there is no end.
_INFINITE = frozenset({'infinity', 'infinite', 'indefinite', 'never'})

#: How the log writes other ends.
_DIGITS = re.compile(r'\d{14}', re.ASCII)


@dataclass(frozen=True, slots=True)
class GlobalBlock:
    """A global block of an account, an address or a range.

    .. version-added:: 0.1

    :ivar id: its number, which stays when its settings are changed
    :ivar target: the account, address or range in MediaWiki's form, as it was when it
        was blocked: a renamed account keeps its old name here. None for automatic
        blocks, whose address is not shown
    :ivar by: who made it, or changed it last; None if that account is hidden
    :ivar by_wiki: the database name of the wiki on which that was done, which has the
        log entry
    :ivar timestamp: when it was made or changed last
    :ivar expiry: when it ends, in UTC; :data:`INFINITY` if it never does
    :ivar anon_only: whether users with an account may edit from there all the same;
        temporary accounts may not
    :ivar account_creation: whether accounts can be created from there all the same
    :ivar autoblock: whether addresses from which the account tries to edit are blocked
    :ivar block_email: whether the account may not send emails through the wikis
    :ivar automatic: whether the wiki made it for the block of an account
    """

    id: int
    target: str | None
    by: str | None
    by_wiki: str | None
    timestamp: datetime
    expiry: datetime
    reason: str
    anon_only: bool = False
    account_creation: bool = False
    autoblock: bool = False
    block_email: bool = False
    automatic: bool = False

    @property
    def is_infinite(self) -> bool:
        """Whether it never ends."""
        return self.expiry == INFINITY


@dataclass(frozen=True, slots=True)
class LocalBlock:
    """The settings of a block on the central wiki that is made with a global one.

    It has the same target, expiry and reason, and always blocks addresses from which an
    account tries to edit.

    .. version-added:: 0.1

    :ivar anon_only: whether users with an account may edit from there all the same
    :ivar account_creation: whether accounts can be created from there all the same
    :ivar block_talk: whether the user may not edit the own talk page either
    :ivar block_email: whether the account may not send emails through the wiki
    """

    anon_only: bool = False
    account_creation: bool = False
    block_talk: bool = False
    block_email: bool = False


@dataclass(frozen=True, slots=True)
class GlobalBlockChange:
    """What the wiki answers to a global block.

    .. version-added:: 0.1

    :ivar target: as the log names it; ``#`` and a number if it was named by its id
    :ivar expiry: when it ends
    :ivar locally: whether it was blocked on the wiki that was asked, too
    """

    target: str
    expiry: datetime
    locally: bool = False


@dataclass(frozen=True, slots=True)
class GlobalBlockLogEntry:
    """An entry of the log of global blocks.

    .. version-added:: 0.1

    :ivar action: ``gblock``, ``modify`` or ``gunblock``
    :ivar target: as the request named it; ``#`` and a number where that was the id
    :ivar by: who did it; None if that is hidden
    :ivar comment: the reason; None if that is hidden
    :ivar expiry: when the block ends; None for unblocks and old entries
    :ivar flags: settings other than the usual ones, such as ``anon-only``,
        ``allow-account-creation``, ``enable-autoblock`` and ``block-email``
    """

    log_id: int
    action: str
    target: str
    by: str | None
    comment: str | None
    timestamp: datetime
    expiry: datetime | None = None
    flags: tuple[str, ...] = ()


def parse_expiry(value: object) -> datetime:
    """Return when a block ends, as the API and the log write it.

    .. version-added:: 0.1

    :param value: a time stamp with or without signs between its digits, or a word for
        infinity
    :raises ValueError: it is neither
    """
    if value in _INFINITE:
        return INFINITY
    if isinstance(value, str) and _DIGITS.fullmatch(value):
        return datetime.strptime(value, '%Y%m%d%H%M%S').replace(tzinfo=timezone.utc)
    moment = timestamp(value)
    if moment is None:
        raise ValueError(f'the expiry is {value!r}')
    return moment


def expiry_text(expiry: str | datetime) -> str:
    """Return an expiry as the API wants it.

    .. version-added:: 0.1

    :param expiry: a moment with its time zone, :data:`INFINITY`, or a text such as
        ``1 week``, which the wiki reads
    :raises InvalidInput: it is neither, or is empty
    """
    if isinstance(expiry, datetime) and expiry.tzinfo is not None:
        if expiry == INFINITY:
            return 'infinite'
        return as_timestamp(expiry.astimezone(timezone.utc))
    if isinstance(expiry, str) and expiry.strip():
        return 'infinite' if expiry.strip().lower() in _INFINITE else expiry.strip()
    raise InvalidInput(
        f'expiry={expiry!r}: give a text such as "1 week" or "infinite", or a datetime '
        'with its time zone.'
    )


@expected_form('An item of list=globalblocks')
def from_globalblocks(item: Mapping[str, Any]) -> GlobalBlock:
    """Read one item of ``list=globalblocks``.

    :param item: one of the items, with all but the range
    """
    automatic = flag(item, 'automatic')
    return GlobalBlock(
        id=number(item, 'id'),
        target=None if automatic else text(item, 'target'),
        by=optional_text(item, 'by') or None,
        by_wiki=optional_text(item, 'bywiki'),
        timestamp=_moment(item),
        expiry=parse_expiry(item['expiry']),
        reason=text(item, 'reason'),
        anon_only=flag(item, 'anononly'),
        account_creation=not flag(item, 'account-creation-disabled'),
        autoblock=flag(item, 'autoblocking-enabled'),
        block_email=flag(item, 'block-email'),
        automatic=automatic,
    )


@expected_form('The answer of globalblock')
def from_globalblock(answer: Mapping[str, Any]) -> GlobalBlockChange:
    """Read the answer of ``globalblock`` to a block.

    :param answer: the value of ``globalblock``
    """
    if 'blocked' not in answer:
        raise ValueError('it does not say that the target was blocked')
    return GlobalBlockChange(
        target=text(answer, 'user'),
        expiry=parse_expiry(answer['expiry']),
        locally=flag(answer, 'blockedlocally'),
    )


@expected_form('An item of list=logevents')
def from_log_event(event: Mapping[str, Any]) -> GlobalBlockLogEntry:
    """Read one entry of ``list=logevents`` with ``letype=gblblock``.

    :param event: one of the items
    """
    params = event.get('params')
    # Old entries have a list of texts, in the words of that time.
    details = params if isinstance(params, Mapping) else {}
    return GlobalBlockLogEntry(
        log_id=number(event, 'logid'),
        action=text(event, 'action'),
        target=text(event, 'title').partition(':')[2],
        by=optional_text(event, 'user'),
        comment=optional_text(event, 'comment'),
        timestamp=_moment(event),
        expiry=parse_expiry(details['expiry']) if 'expiry' in details else None,
        flags=texts(details, 'flags'),
    )


def _moment(item: Mapping[str, Any]) -> datetime:
    moment = timestamp(item['timestamp'])
    if moment is None:
        raise ValueError(f'the time stamp is {item["timestamp"]!r}')
    return moment
