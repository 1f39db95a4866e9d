"""What every site object gains for global blocks: reading, making and lifting them.

All requests are sent to the central wiki of the farm, which is where the log of global
blocks is kept. A write is sent once. If its answer was lost, the caller has to read the
block and its log.

https://www.mediawiki.org/wiki/Extension:GlobalBlocking/API
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime, timezone
from itertools import islice
from typing import Any

import pywikibot
from pywikibot import config
from pywikibot.exceptions import APIError

from mw_tokens_plugin.exceptions import (
    ApiRefusal,
    InvalidInput,
    LocalBlockFailed,
    UnknownModule,
)
from mw_tokens_plugin.protocol.answers import items_of
from mw_tokens_plugin.protocol.fields import as_timestamp
from mw_tokens_plugin.protocol.globalblocks import (
    INFINITY,
    GlobalBlock,
    GlobalBlockChange,
    GlobalBlockLogEntry,
    LocalBlock,
    expiry_text,
    from_globalblock,
    from_globalblocks,
    from_log_event,
    parse_expiry,
)
from mw_tokens_plugin.protocol.names import normalise_name
from mw_tokens_plugin.site.batches import batches, continued, max_values
from mw_tokens_plugin.site.family import central_site
from mw_tokens_plugin.site.firstletters import FirstLettersMixin
from mw_tokens_plugin.site.inputs import (
    account_ids,
    account_text,
    account_texts,
    number_of,
    text_of,
)
from mw_tokens_plugin.site.pluginsite import PluginSite
from mw_tokens_plugin.site.refusals import proven
from mw_tokens_plugin.site.writes import send_once

#: What is read of a block.
_PROPERTIES = ('id', 'target', 'by', 'timestamp', 'expiry', 'reason')

#: How many items a wiki lists at a time to everybody.
_USUAL_LIMIT = 500

#: What a wiki refuses of single targets: an exception tells of it, so that pywikibot
#: does not need to warn. The last ones are those of local blocks.
_TOLD = frozenset(
    {
        'badexpiry',
        'badexpiry-past',
        'baduser',
        'cannot-modify-global-autoblock',
        'globalblocking-bigrange',
        'globalblocking-block-alreadyblocked',
        'globalblocking-block-anononly-on-account',
        'globalblocking-block-enable-autoblock-on-ip',
        'globalblocking-block-failure',
        'globalblocking-block-target-invalid',
        'globalblocking-notblocked',
        'globalblocking-notblocked-id',
        'badaccess-group0',
        'badaccess-groups',
        'ipb_',
        'ipbblocked',
    }
)

_MORE = (
    '{} has more global blocks of one second than it lists at a time: the others, and '
    'those made before that second, are missing from the list.'
)


class GlobalBlocksMixin(FirstLettersMixin):
    """Global blocks of GlobalBlocking, on any site of the farm.

    .. version-added:: 0.1
    """

    def global_blocks(
        self,
        targets: Iterable[str | pywikibot.User] | str | None = None,
        *,
        ids: Iterable[int] | int | None = None,
        ip: str | None = None,
        limit: int | None = None,
    ) -> Iterator[GlobalBlock]:
        """Yield global blocks, each once; at most one of the first three is given.

        What may surprise:

        - Targets are compared letter by letter, so only MediaWiki's own form is found,
          and only blocks of just that account, address or range. 50 of them (500 with
          the right ``apihighlimits``) cost one request, and so it is with ids; blocks
          come by request, the newest first, not in the order of the targets.
        - A renamed account is found by its new name, and its block has the old one.
        - Automatic blocks are found by their id, or where all are listed, only.
        - The wiki continues a list at a second, so it has no way to tell of more
          blocks made in one second than it lists at a time (500, or 5000 with
          ``apihighlimits``): the list ends there, with a warning.

        https://www.mediawiki.org/wiki/Extension:GlobalBlocking/API

        :param targets: accounts, addresses or ranges; a text is one target. None are
            found for an empty list.
        :param ids: the numbers of blocks
        :param ip: an address or a range: blocks of all of it are found
        :param limit: how many blocks at most; None for all
        :raises InvalidInput: more than one of the first three is given, or one is not
            of its type
        :raises UnknownModule: the wiki has no global blocks
        :raises NotCentral: the family does not say which wiki is the central one
        :raises ApiRefusal: the wiki refused
        """
        if sum(given is not None for given in (targets, ids, ip)) > 1:
            raise InvalidInput('Give one of targets=, ids= and ip=.')
        most = number_of(limit, 'limit')
        central = self._central()
        if targets is not None:
            names = map(_listed_target, account_texts(targets))
            whom = _in_batches(central, 'bgtargets', names)
        elif ids is not None:
            whom = _in_batches(central, 'bgids', account_ids(ids))
        else:
            whom = iter([{} if ip is None else {'bgip': text_of(ip, 'ip')}])
        return islice(_global_blocks(central, whom, most), most)

    def all_global_blocks(self, pages: int) -> list[GlobalBlock] | None:
        """Return all global blocks, if so many requests are enough to list them.

        https://www.mediawiki.org/wiki/Extension:GlobalBlocking/API

        :param pages: requests at most
        :return: None if there are more, or the wiki never ends the list
        :raises UnknownModule: the wiki has no global blocks
        :raises ApiRefusal: the wiki refused
        """
        central = self._central()
        found: dict[int, GlobalBlock] = {}
        answers = continued(
            central, list='globalblocks', bgprop=_PROPERTIES, bglimit='max'
        )
        for answer in islice(answers, pages):
            before = len(found)
            found.update((block.id, block) for block in _blocks_in(central, answer))
            if 'continue' not in answer:
                return list(found.values())
            if len(found) == before:
                break
        return None

    def global_block(
        self,
        target: str | int | pywikibot.User,
        *,
        expiry: str | datetime,
        reason: str,
        anon_only: bool = False,
        account_creation: bool = False,
        autoblock: bool = False,
        block_email: bool = False,
        modify: bool = False,
        local: LocalBlock | None = None,
    ) -> GlobalBlockChange:
        """Block an account, an address or a range where global blocks are applied.

        Wikis can be configured to apply none.

        What may surprise:

        - A change (``modify``) keeps nothing: give all settings, also those that stay.
          It blocks a target that is not blocked, and is logged even if nothing changes.
        - If the local block fails, the global one stands.
        - The log entry cannot be marked as that of a bot.
        - The request is never repeated when its answer was lost, as pywikibot would.

        https://www.mediawiki.org/wiki/Extension:GlobalBlocking/API

        :param target: an account in any spelling that MediaWiki accepts, an address or
            a range; or the number of a block to change
        :param expiry: when it ends: a moment with its time zone, ``INFINITY``, or a
            text such as ``1 week``
        :param reason: for the log; it must not be empty
        :param anon_only: users with an account may edit from the address all the same;
            temporary accounts may not
        :param account_creation: accounts can be created all the same
        :param autoblock: also block addresses from which the account tries to edit
        :param block_email: the account may not send emails through the wikis
        :param modify: change the settings of a block that is there
        :param local: also block on the central wiki itself, with these settings
        :return: what the wiki answers

        :raises InvalidInput: something that the API cannot do
        :raises InvalidName: it is neither an address nor a possible name
        :raises UnknownModule: the wiki has no global blocks
        :raises NoSuchAccount: there is no global account of that name
        :raises AlreadyBlocked: it is blocked, and no change was asked for
        :raises NotBlocked: there is no block of that number
        :raises RangeTooWide: the wiki blocks no ranges as wide as this
        :raises BadExpiry: the wiki cannot read the expiry, or it is in the past
        :raises LocalBlockFailed: the global block was made, the local one was not
        :raises PermissionDenied: the session lacks the right or the grant
        :raises ReadOnly: no writes are taken now
        :raises LostRace: somebody blocked it at the same moment; read it first
        :raises AmbiguousWrite: the answer was lost, or is not one of the API; read the
            block and its log first
        """
        central = self._central()
        parameters: dict[str, Any] = {
            **_named(central, target),
            'expiry': expiry_text(expiry),
            'reason': _reason(reason),
        }
        flags = {
            'anononly': anon_only,
            'allow-account-creation': account_creation,
            'enable-autoblock': autoblock,
            'block-email': block_email,
            'modify': modify,
        }
        if local is not None:
            if 'id' in parameters:
                raise InvalidInput(
                    'A local block cannot be made for the number of a global one: give '
                    'its target.'
                )
            flags |= {
                'alsolocal': True,
                'localanononly': local.anon_only,
                'local-allow-account-creation': local.account_creation,
                'localblockstalk': local.block_talk,
                'localblocksemail': local.block_email,
            }
        # Booleans count when they are present, whatever their value is.
        parameters |= {name: True for name, wanted in flags.items() if wanted}
        _check_parameters(central, parameters)
        try:
            answer = send_once(central, 'globalblock', parameters, expected=_TOLD)
        except ApiRefusal as error:
            if local is not None and _is_local(error):
                raise LocalBlockFailed(error.code, error.info, error.wiki) from error
            raise
        if config.simulate:
            return _simulated(parameters)
        with proven(central):
            return from_globalblock(answer)

    def global_unblock(
        self, target: str | int | pywikibot.User, *, reason: str
    ) -> None:
        """Lift the global block of an account, an address or a range.

        A block that was made on a wiki at the same time stays. Automatic blocks can be
        lifted by their number only; they end with the block that they were made for.

        https://www.mediawiki.org/wiki/Extension:GlobalBlocking/API

        :param target: an account in any spelling that MediaWiki accepts, an address or
            a range; or the number of the block. An account that was deleted is found
            by neither.
        :param reason: for the log; it must not be empty
        :raises InvalidName: it is neither an address nor a possible name
        :raises UnknownModule: the wiki has no global blocks
        :raises NoSuchAccount: there is no global account of that name
        :raises NotBlocked: there is no such block
        :raises PermissionDenied: the session lacks the right or the grant
        :raises ReadOnly: no writes are taken now
        :raises AmbiguousWrite: the answer was lost, or is not one of the API; read the
            block and its log first
        """
        central = self._central()
        parameters = {
            **_named(central, target),
            'unblock': True,
            'reason': _reason(reason),
        }
        send_once(central, 'globalblock', parameters, proof='user', expected=_TOLD)

    def global_block_log(
        self,
        target: str | int | pywikibot.User | None = None,
        *,
        by: str | None = None,
        since: datetime | None = None,
        total: int | None = None,
    ) -> Iterator[GlobalBlockLogEntry]:
        """Yield the central wiki's log of global blocks, newest first.

        Blocks that were made on another wiki are in the log of that wiki only. Entries
        bear the target as it was named: those of a renamed account have the old name,
        and what was done by the number of a block has just that number.

        https://www.mediawiki.org/wiki/API:Logevents

        :param target: only this account, address or range, as :meth:`global_block`
            takes it; or the number of a block, for which the entries of all targets
            are read
        :param by: only what this account did
        :param since: only entries of this moment or later, with its time zone
        :param total: how many entries at most; None for all
        :raises InvalidInput: the target or the number is not one
        :raises ApiRefusal: the wiki refused
        """
        most = number_of(total, 'total')
        central = self._central()
        parameters: dict[str, Any] = {
            'list': 'logevents',
            'letype': 'gblblock',
            'lelimit': 'max' if most is None else min(most, _USUAL_LIMIT),
        }
        wanted = None
        if target is not None:
            named = _named(central, target)
            if 'id' in named:
                # The title of such an entry is none that a wiki can be asked for.
                wanted = f'#{named["id"]}'
                parameters['lelimit'] = 'max'
            else:
                parameters['letitle'] = f'User:{named["target"]}'
        if by is not None:
            parameters['leuser'] = text_of(by, 'by')
        if since is not None:
            parameters['leend'] = _moment(since)
        return islice(_log(central, parameters, wanted), most)

    def _central(self) -> FirstLettersMixin:
        """Return the central wiki; this site itself if it is a site of that wiki."""
        central: FirstLettersMixin = central_site(self)
        return self if central == self else central


def _named(site: FirstLettersMixin, target: Any) -> dict[str, Any]:
    """Return the parameter that names what is blocked."""
    if isinstance(target, int) and not isinstance(target, bool):
        return {'id': target}
    text = account_text(target)
    return {'target': normalise_name(text, capital=site.first_letter)}


def _in_batches(
    site: PluginSite, name: str, values: Iterator[Any]
) -> Iterator[dict[str, Any]]:
    """Yield a parameter with as many values at a time as the wiki takes."""
    for batch in batches(values, max_values(site)):
        yield {name: batch}


def _global_blocks(
    site: PluginSite, whom: Iterator[dict[str, Any]], most: int | None
) -> Iterator[GlobalBlock]:
    """Yield blocks by several queries, until the wiki tells of no new one."""
    seen: set[int] = set()
    limit = most if most is not None and most <= _USUAL_LIMIT else 'max'
    for parameters in whom:
        answers = continued(
            site,
            list='globalblocks',
            bgprop=_PROPERTIES,
            bglimit=limit,
            **parameters,
        )
        for answer in answers:
            new = [b for b in _blocks_in(site, answer) if b.id not in seen]
            yield from new
            seen.update(block.id for block in new)
            if not new:
                if 'continue' in answer:
                    pywikibot.warning(_MORE.format(site))
                break


def _blocks_in(site: PluginSite, answer: dict[str, Any]) -> Iterator[GlobalBlock]:
    """Yield the blocks of one answer."""
    if 'globalblocks' not in answer.get('query', {}):
        _check_list(site)
    yield from map(from_globalblocks, items_of(answer, 'query', 'globalblocks'))


def _check_list(site: PluginSite) -> None:
    """Refuse to list blocks of a wiki that has none.

    :raises UnknownModule: it has no such list
    """
    known = site.tokens.module_info.values('query', 'list')
    if known and 'globalblocks' not in known:
        raise UnknownModule(
            f'{site} has no global blocks: its API has no list=globalblocks. The '
            'extension GlobalBlocking may not be installed there.'
        )


def _log(
    site: PluginSite, parameters: dict[str, Any], wanted: str | None
) -> Iterator[GlobalBlockLogEntry]:
    for answer in continued(site, **parameters):
        for event in items_of(answer, 'query', 'logevents'):
            # Entries whose details were hidden since have no title to be read.
            if 'params' not in event:
                continue
            entry = from_log_event(event)
            if wanted in (None, entry.target):
                yield entry


def _is_local(error: ApiRefusal) -> bool:
    """Tell whether only the local half of a block was refused.

    Both halves are reported under the module's name, unlike what is refused before the
    global one is made.
    """
    cause = error.__cause__
    return (
        isinstance(cause, APIError)
        and cause.other.get('nested_in') == 'globalblock'
        and not error.code.startswith('globalblocking-')
    )


def _check_parameters(site: PluginSite, parameters: dict[str, Any]) -> None:
    """Refuse what this wiki's release cannot do.

    :raises InvalidInput: it has no such parameter
    """
    info = site.tokens.module_info
    if info('globalblock') is None:
        # The request for its token will raise the error.
        return
    for name in parameters:
        if not info.has_parameter('globalblock', name):
            raise InvalidInput(
                f'{site} cannot do that: its action=globalblock has no parameter '
                f'{name!r}. Its release of GlobalBlocking is older.'
            )


def _listed_target(text: str) -> str:
    """Return a target that a wiki can be asked for; for an empty one it lists all."""
    if not text or set(text) & {'|', '\x1f'}:
        raise InvalidInput(f'{text!r} is neither an account nor an address.')
    return text


def _reason(reason: Any) -> str:
    text = text_of(reason, 'reason')
    if not text.strip():
        raise InvalidInput('A global block needs a reason, which must not be empty.')
    return text


def _moment(since: Any) -> str:
    if not isinstance(since, datetime) or since.tzinfo is None:
        raise InvalidInput(f'since={since!r}: give a datetime with its time zone.')
    return as_timestamp(since.astimezone(timezone.utc))


def _simulated(parameters: dict[str, Any]) -> GlobalBlockChange:
    """Return what would be answered; only the wiki can read relative expiries."""
    try:
        expiry = parse_expiry(parameters['expiry'])
    except ValueError:
        expiry = INFINITY
    target = parameters.get('target') or f'#{parameters["id"]}'
    return GlobalBlockChange(target, expiry, locally='alsolocal' in parameters)
