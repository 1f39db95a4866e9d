"""The methods that every site object gains: reading and locking global accounts.

They validate, send one request and return frozen records; repeating a failed write is
left to the caller.

https://www.mediawiki.org/wiki/Extension:CentralAuth/API
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from itertools import islice
from typing import TYPE_CHECKING, Any

from pywikibot import config

from mw_tokens_plugin.exceptions import (
    InvalidInput,
    InvalidName,
    NoSuchAccount,
    UnexpectedAnswer,
)
from mw_tokens_plugin.protocol.globalaccounts import (
    AccountState,
    GlobalAccount,
    HiddenLevel,
    LockLogEntry,
    StatusChange,
    from_globaluserinfo,
    from_globalusers,
    from_log_event,
    from_status_answer,
    statecheck,
)
from mw_tokens_plugin.protocol.names import AccountKind, kind_of, normalise_name
from mw_tokens_plugin.site.family import central_site
from mw_tokens_plugin.site.requests import SingleSendRequest, refusals

if TYPE_CHECKING:
    from mw_tokens_plugin.site.wallet import TypedTokenWallet


class GlobalAccountsMixin:
    """Global accounts of CentralAuth, on any site of the farm.

    .. version-added:: 0.1
    """

    if TYPE_CHECKING:
        tokens: TypedTokenWallet

        def __getattr__(self, name: str) -> Any: ...

    def central_site(self) -> Any:
        """Return the site on which this farm's global accounts are managed.

        CentralAuth logs a lock on the wiki that receives the request, so locks are
        made on the central one.

        :raises NotCentral: the family does not say which one it is
        """
        return central_site(self)

    def global_account(self, name: str) -> GlobalAccount:
        """Return what the wiki tells of one global account.

        The hidden level is :attr:`HiddenLevel.UNKNOWN` for hidden accounts where the
        wiki has no ``list=globalusers``. Accounts that this user may not see do not
        exist for it.

        https://www.mediawiki.org/wiki/API:Globaluserinfo

        :param name: the account, in any spelling that MediaWiki accepts
        :raises InvalidName: no account can have that name
        :raises ApiRefusal: the wiki refused
        """
        account = self._read_account(normalise_name(name))
        if account.hidden is HiddenLevel.UNKNOWN and self.lists_global_users():
            for listed in self._globalusers(gususers=[account.name]):
                if listed.exists:
                    account = replace(account, hidden=listed.hidden)
        return account

    def global_accounts(self, names: Iterable[str]) -> Iterator[GlobalAccount]:
        """Yield what the wiki tells of many global accounts, in their order.

        Where the wiki has ``list=globalusers``, 50 accounts (500 with the right
        ``apihighlimits``) cost one request, and home and attached wikis stay unknown;
        elsewhere each account costs one, and all is known.

        :param names: accounts, in MediaWiki's own form
        :raises ApiRefusal: the wiki refused
        """
        names = iter(names)
        if not self.lists_global_users():
            yield from map(self._read_account, names)
            return
        while batch := list(islice(names, self._batch_size())):
            found = {a.name: a for a in self._globalusers(gususers=batch)}
            for name in batch:
                yield found.get(name) or GlobalAccount(name=name, exists=False)

    def global_accounts_by_id(
        self, central_ids: Iterable[int]
    ) -> Iterator[GlobalAccount]:
        """Yield what the wiki tells of accounts, whatever their names are now.

        :param central_ids: their central ids; one that is not found yields an account
            that does not exist, with this id and no name
        :raises ApiRefusal: the wiki refused
        """
        central_ids = iter(central_ids)
        if not self.lists_global_users():
            yield from map(self._read_account_by_id, central_ids)
            return
        while batch := list(islice(central_ids, self._batch_size())):
            found = {a.central_id: a for a in self._globalusers(guscentralids=batch)}
            for central_id in batch:
                yield found.get(central_id) or _no_account(central_id)

    def global_account_names(self, prefix: str) -> Iterator[str]:
        """Yield the names of all global accounts that begin with a text.

        Hidden accounts are left out by the wiki, for everybody.

        https://www.mediawiki.org/wiki/API:Globalallusers

        :param prefix: how the names begin, in MediaWiki's form
        :raises ApiRefusal: the wiki refused
        """
        parameters: dict[str, Any] = {
            'action': 'query',
            'list': 'globalallusers',
            'aguprefix': prefix,
            'agulimit': 'max',
            'formatversion': 2,
        }
        for answer in self._continued(parameters):
            for item in answer['query']['globalallusers']:
                yield str(item['name'])

    def lists_global_users(self) -> bool:
        """Tell whether the wiki has ``list=globalusers``."""
        return 'globalusers' in self.tokens.module_info.values('query', 'list')

    def set_global_account_status(
        self,
        name: str,
        *,
        reason: str,
        locked: bool | None = None,
        hidden: HiddenLevel | str | None = None,
        expected: GlobalAccount | AccountState | None = None,
    ) -> StatusChange:
        """Lock, unlock or hide a global account.

        What may surprise:

        - The module compares names letter by letter. Underscores, a small initial,
          blanks around the name or ``User:`` before it are put right here first.
        - Locking a locked account, or unlocking one that is not locked, succeeds and
          does nothing: no log entry, and the reason is lost. Give ``expected`` to be
          told.
        - ``None`` leaves a state as it is. The API has no way to make a hidden
          account visible again (its ``hidden=''`` means "as it is" too), so
          :attr:`HiddenLevel.NONE` is refused; Special:CentralAuth can do it.
        - The reason must be given, though it may be empty: without one the wiki
          breaks down.
        - The log entry is made on the wiki that received the request; that of an
          account which is hidden afterwards, in the suppression log.
        - The request is never repeated when its answer was lost, as pywikibot would.

        https://www.mediawiki.org/wiki/Extension:CentralAuth/API

        :param name: the account, in any spelling that MediaWiki accepts
        :param reason: for the log
        :param locked: True locks, False unlocks, None leaves it as it is
        :param hidden: ``lists`` or ``suppressed``; None leaves it as it is
        :param expected: the state that the account must still have. With a
            :class:`GlobalAccount` nothing is read first; with an
            :class:`AccountState` its central id is.
        :return: the new state, from the wiki's own answer

        :raises InvalidInput: nothing to do, or something the API cannot do
        :raises InvalidName: no account can have that name
        :raises StateUnknown: how far the account is hidden is not known, so an
            expected state cannot be checked
        :raises NoSuchAccount: there is none, or this user may not see it
        :raises PermissionDenied: the session lacks the right or the grant
        :raises StateConflict: the account is not in the expected state
        :raises CannotHide: it has too many edits
        :raises CannotLock: it is one that the wiki never locks
        :raises ReadOnly: no writes are taken now
        :raises RateLimited: too many in too short a time
        :raises BadToken: the token was refused, and its renewal too
        :raises OutcomeUnknown: the answer was lost; read the state first
        :raises UnexpectedAnswer: the wiki says that the state is another one now
        """
        name = normalise_name(name)
        if kind_of(name) is AccountKind.IP:
            raise InvalidName(
                f'{name} is an IP address, which cannot be locked or hidden: use a '
                'global block.'
            )
        wanted = None if hidden is None else _hidden_level(hidden)
        if locked is None and wanted is None:
            raise InvalidInput('Nothing to do: give locked= or hidden=.')
        parameters = {
            'action': 'setglobalaccountstatus',
            'user': name,
            'reason': reason,
            'token': self.tokens.for_action('setglobalaccountstatus'),
            'formatversion': 2,
        }
        if locked is not None:
            parameters['locked'] = 'lock' if locked else 'unlock'
        if wanted is not None:
            parameters['hidden'] = wanted.value
        if expected is not None:
            parameters['statecheck'] = self._statecheck(name, expected)
        with refusals(self):
            answer = SingleSendRequest(site=self, parameters=parameters).submit()
        if config.simulate:
            return StatusChange(
                name, AccountState(bool(locked), wanted or HiddenLevel.NONE)
            )
        change = from_status_answer(answer.get('setglobalaccountstatus', {}))
        if (locked is not None and change.state.locked != locked) or (
            wanted is not None and change.state.hidden is not wanted
        ):
            raise UnexpectedAnswer(
                f'{self} accepted the change, but answered that the account is now '
                f'{change.state}.'
            )
        return change

    def lock_log(self, name: str, total: int = 1) -> tuple[LockLogEntry, ...]:
        """Return the latest entries of an account's log of locks, newest first.

        Entries of accounts that were hidden are in the suppression log instead.

        https://www.mediawiki.org/wiki/API:Logevents

        :param name: the account, in MediaWiki's own form
        :param total: how many entries
        """
        with refusals(self):
            answer = self.simple_request(
                action='query',
                list='logevents',
                letype='globalauth',
                letitle=f'User:{name}@global',
                lelimit=total,
                formatversion=2,
            ).submit()
        return tuple(map(from_log_event, answer['query']['logevents']))

    def _statecheck(self, name: str, expected: GlobalAccount | AccountState) -> str:
        if isinstance(expected, GlobalAccount):
            account, state = expected, expected.state
        else:
            account, state = self.global_account(name), expected
        if account.central_id is None:
            raise InvalidInput(f'There is no global account {name!r} to be expected.')
        return statecheck(account.central_id, account.name, state)

    def _read_account(self, name: str) -> GlobalAccount:
        return from_globaluserinfo(name, self._query_globaluserinfo(guiuser=name))

    def _read_account_by_id(self, central_id: int) -> GlobalAccount:
        try:
            info = self._query_globaluserinfo(guiid=central_id)
        except NoSuchAccount:
            return _no_account(central_id)
        account = from_globaluserinfo('', info)
        return account if account.exists else _no_account(central_id)

    def _query_globaluserinfo(self, **whom: str | int) -> dict[str, Any]:
        with refusals(self):
            answer = self.simple_request(
                action='query',
                meta='globaluserinfo',
                guiprop=['groups', 'merged', 'editcount'],
                formatversion=2,
                **whom,
            ).submit()
        info: dict[str, Any] = answer['query']['globaluserinfo']
        return info

    def _globalusers(self, **whom: list[Any]) -> Iterator[GlobalAccount]:
        parameters: dict[str, Any] = {
            'action': 'query',
            'list': 'globalusers',
            'gusprop': ['locked', 'editcount', 'registration', 'groups'],
            'formatversion': 2,
            **whom,
        }
        for answer in self._continued(parameters):
            yield from map(from_globalusers, answer['query']['globalusers'])

    def _continued(self, parameters: dict[str, Any]) -> Iterator[dict[str, Any]]:
        while True:
            with refusals(self):
                answer = self.simple_request(**parameters).submit()
            yield answer
            if 'continue' not in answer:
                return
            parameters = {**parameters, **answer['continue']}

    def _batch_size(self) -> int:
        return 500 if self.has_right('apihighlimits') else 50


def _no_account(central_id: int) -> GlobalAccount:
    return GlobalAccount(name='', exists=False, central_id=central_id)


def _hidden_level(hidden: HiddenLevel | str) -> HiddenLevel:
    try:
        level = HiddenLevel(hidden)
    except ValueError:
        level = HiddenLevel.UNKNOWN
    if level is HiddenLevel.NONE:
        raise InvalidInput(
            'The API cannot make a hidden account visible again: use '
            'Special:CentralAuth. Give None to leave it as it is.'
        )
    if level is HiddenLevel.UNKNOWN:
        raise InvalidInput(f'{hidden!r} is no hidden level: use lists or suppressed.')
    return level
