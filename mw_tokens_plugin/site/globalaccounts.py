"""What every site object gains for global accounts: reading, locking, deleting them.

The methods validate, send one request and return frozen records; repeating a failed
write is left to the caller.

https://www.mediawiki.org/wiki/Extension:CentralAuth/API
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from itertools import islice
from typing import Any

import pywikibot
from pywikibot import config

from mw_tokens_plugin.exceptions import (
    InternalApiError,
    InvalidInput,
    InvalidName,
    NoSuchAccount,
    OutcomeUnknown,
    UnknownModule,
)
from mw_tokens_plugin.protocol.answers import items_of, part_of
from mw_tokens_plugin.protocol.globalaccounts import (
    AccountState,
    GlobalAccount,
    HiddenLevel,
    ListedAccount,
    LockLogEntry,
    StatusChange,
    from_globalallusers,
    from_globaluserinfo,
    from_globalusers,
    from_log_event,
    from_status_answer,
    statecheck,
)
from mw_tokens_plugin.protocol.names import (
    AccountKind,
    Capital,
    kind_of,
    normalise_name,
)
from mw_tokens_plugin.site.family import central_site
from mw_tokens_plugin.site.firstletters import FirstLettersMixin
from mw_tokens_plugin.site.inputs import (
    account_text,
    account_texts,
    number_of,
    reason_text,
    text_of,
)
from mw_tokens_plugin.site.inputs import central_ids as ids_of
from mw_tokens_plugin.site.localnames import LocalNamesMixin
from mw_tokens_plugin.site.refusals import proven, refusals
from mw_tokens_plugin.site.writes import send_once

#: What a wiki answers where an account is not in the state that is expected.
_CONFLICTS = frozenset({'editconflict', 'centralauth-state-mismatch'})

#: What a wiki answers that breaks down.
_BROKEN = frozenset({'internal_api_error_'})


class GlobalAccountsMixin(FirstLettersMixin, LocalNamesMixin):
    """Global accounts of CentralAuth, on any site of the farm.

    .. version-added:: 0.1
    """

    def central_site(self) -> Any:
        """Return the site on which this farm's global accounts are managed.

        CentralAuth logs a lock on the wiki that receives the request, so locks are
        made on the central one.

        :raises NotCentral: the family does not say which one it is
        """
        return central_site(self)

    def global_account(self, name: str | pywikibot.User) -> GlobalAccount:
        """Return what the wiki tells of one global account.

        The hidden level is :attr:`HiddenLevel.UNKNOWN` for hidden accounts where the
        wiki has no ``list=globalusers``. Where it breaks down over the databases of its
        wikis, ``attached`` and perhaps ``edit_count`` are None. Accounts that this user
        may not see do not exist for it.

        https://www.mediawiki.org/wiki/API:Globaluserinfo

        :param name: the account, in any spelling that MediaWiki accepts
        :raises InvalidName: no account can have that name
        :raises ApiRefusal: the wiki refused
        """
        name = normalise_name(account_text(name), capital=self.first_letter)
        account = self._read_account(name)
        if account.hidden is HiddenLevel.UNKNOWN and self.lists_global_users():
            for listed in self._globalusers(gususers=[account.name]):
                if listed.exists:
                    account = replace(account, hidden=listed.hidden)
        return account

    def global_accounts(
        self, names: Iterable[str | pywikibot.User] | str
    ) -> Iterator[GlobalAccount]:
        """Yield what the wiki tells of many global accounts, in their order.

        Where the wiki has ``list=globalusers``, 50 accounts (500 with the right
        ``apihighlimits``) cost one request, and home and attached wikis stay unknown;
        elsewhere each account costs one, and all is known.

        :param names: accounts, in MediaWiki's own form; a text is one name
        :raises InvalidInput: it is no list of names
        :raises ApiRefusal: the wiki refused
        """
        return self._global_accounts(account_texts(names))

    def _global_accounts(self, names: Iterator[str]) -> Iterator[GlobalAccount]:
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
        :raises InvalidInput: they are no numbers
        :raises ApiRefusal: the wiki refused
        """
        return self._global_accounts_by_id(ids_of(central_ids))

    def _global_accounts_by_id(
        self, central_ids: Iterator[int]
    ) -> Iterator[GlobalAccount]:
        if not self.lists_global_users():
            yield from map(self._read_account_by_id, central_ids)
            return
        while batch := list(islice(central_ids, self._batch_size())):
            found = {a.central_id: a for a in self._globalusers(guscentralids=batch)}
            for central_id in batch:
                yield found.get(central_id) or _no_account(central_id)

    def lists_global_users(self) -> bool:
        """Tell whether the wiki has ``list=globalusers``."""
        return 'globalusers' in self.tokens.module_info.values('query', 'list')

    def set_global_account_status(
        self,
        name: str | pywikibot.User,
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
        :raises OutcomeUnknown: the answer was lost, is not one of the API, or does
            not say that the state is the new one; read the state first
        """
        name = _account_name(name, self.first_letter)
        if locked is not None and not isinstance(locked, bool):
            raise InvalidInput(f'locked={locked!r}: give True, False or None.')
        wanted = None if hidden is None else _hidden_level(hidden)
        if locked is None and wanted is None:
            raise InvalidInput('Nothing to do: give locked= or hidden=.')
        parameters: dict[str, Any] = {'user': name, 'reason': reason_text(reason)}
        if locked is not None:
            parameters['locked'] = 'lock' if locked else 'unlock'
        if wanted is not None:
            parameters['hidden'] = wanted.value
        conflicts = frozenset[str]()
        if expected is not None:
            parameters['statecheck'] = self._statecheck(name, expected)
            # Whoever expects a state is told by an exception.
            conflicts = _CONFLICTS
        action = 'setglobalaccountstatus'
        answer = send_once(self, action, parameters, expected=conflicts)
        if config.simulate:
            return StatusChange(
                name, AccountState(bool(locked), wanted or HiddenLevel.NONE)
            )
        with proven(self):
            change = from_status_answer(answer)
        if (locked is not None and change.state.locked != locked) or (
            wanted is not None and change.state.hidden is not wanted
        ):
            raise OutcomeUnknown(
                f'{self} accepted the change, but answered that the account is now '
                f'{change.state}.'
            )
        return change

    def delete_global_account(self, name: str | pywikibot.User, *, reason: str) -> None:
        """Delete a global account; its local accounts survive, with its password.

        The name becomes free, so a locked account is unlocked by this. The right
        ``centralauth-unmerge`` is in no grant: a session of the main password is
        needed.

        https://www.mediawiki.org/wiki/Extension:CentralAuth/API

        :param name: the account, in any spelling that MediaWiki accepts
        :param reason: for the log; it must be given, though it may be empty
        :raises InvalidName: no account can have that name
        :raises NoSuchAccount: there is none; so it is after the deletion
        :raises PermissionDenied: the session lacks the right
        :raises OutcomeUnknown: the answer was lost; read the account first
        """
        name = _account_name(name, self.first_letter)
        parameters = {'user': name, 'reason': reason_text(reason)}
        send_once(self, 'deleteglobalaccount', parameters, proof='user')

    def create_local_account(self, name: str | pywikibot.User, *, reason: str) -> None:
        """Create the local account of a global one on this wiki.

        https://www.mediawiki.org/wiki/Extension:CentralAuth/API

        :param name: the account, in any spelling that MediaWiki accepts
        :param reason: for the log; it must be given, though it may be empty
        :raises InvalidName: no account can have that name
        :raises AlreadyExists: this wiki has the account
        :raises NoSuchAccount: there is no such global account
        :raises AccountSuppressed: the global account is suppressed
        :raises PermissionDenied: the session lacks the right
        :raises OutcomeUnknown: the answer was lost; read the account first
        """
        name = _account_name(name, self.first_letter)
        parameters = {'username': name, 'reason': reason_text(reason)}
        send_once(self, 'createlocalaccount', parameters, proof='username')

    def all_global_accounts(
        self,
        *,
        prefix: str | None = None,
        start: str | None = None,
        end: str | None = None,
        group: str | None = None,
        locked: bool | None = None,
    ) -> Iterator[ListedAccount]:
        """Yield the global accounts in the order of their names.

        Hidden accounts are left out by the wiki, for everybody.

        https://www.mediawiki.org/wiki/API:Globalallusers

        :param prefix: only names that begin so, in MediaWiki's form
        :param start: the first name
        :param end: the last name
        :param group: only members of this global group
        :param locked: only locked ones (True), or only others (False); the wiki
            cannot be asked for that, so all are read
        :raises InvalidInput: there is no such group. The wiki itself would list
            everybody then.
        :raises ApiRefusal: the wiki refused
        """
        limits = {'prefix': prefix, 'from': start, 'to': end, 'group': group}
        for key, value in limits.items():
            if value is not None:
                limits[key] = (
                    text_of(value, key) if key == 'group' else account_text(value)
                )
        return self._all_global_accounts(limits, group, locked)

    def _all_global_accounts(
        self, limits: Mapping[str, str | None], group: str | None, locked: bool | None
    ) -> Iterator[ListedAccount]:
        parameters: dict[str, Any] = {
            'action': 'query',
            'list': 'globalallusers',
            'aguprop': ['lockinfo', 'groups', 'existslocally'],
            'agulimit': 'max',
            'formatversion': 2,
        }
        parameters.update(
            {f'agu{key}': value for key, value in limits.items() if value is not None}
        )
        for answer in self._continued(parameters):
            if group is not None and 'globalallusers' in answer.get('warnings', {}):
                raise InvalidInput(f'{self} has no global group {group!r}.')
            for item in items_of(answer, 'query', 'globalallusers'):
                account = from_globalallusers(item)
                if locked in (None, account.locked):
                    yield account

    def lock_log(
        self,
        name: str | pywikibot.User | None = None,
        total: int | None = None,
        *,
        suppressed: bool = False,
    ) -> Iterator[LockLogEntry]:
        """Yield the log of locks, newest first.

        Entries of accounts that were hidden are in the suppression log instead.

        https://www.mediawiki.org/wiki/API:Logevents

        :param name: only this account, in MediaWiki's own form
        :param total: how many entries at most; None for all
        :param suppressed: read the suppression log, which is empty for those who lack
            the right ``suppressionlog``
        :raises InvalidInput: it is no name, or no number
        :raises ApiRefusal: the wiki refused
        """
        if name is not None:
            name = account_text(name)
        return self._lock_log(name, number_of(total, 'total'), suppressed)

    def _lock_log(
        self, name: str | None, total: int | None, suppressed: bool
    ) -> Iterator[LockLogEntry]:
        parameters: dict[str, Any] = {
            'action': 'query',
            'list': 'logevents',
            'letype': 'suppress' if suppressed else 'globalauth',
            'lelimit': 'max' if total is None else min(total, 500),
            'formatversion': 2,
        }
        if name is not None:
            parameters['letitle'] = f'User:{name}@global'
        events = (
            event
            for answer in self._continued(parameters)
            for event in items_of(answer, 'query', 'logevents')
        )
        # Entries whose details were hidden since have no title or time to be read.
        readable = (event for event in events if 'params' in event)
        yield from map(from_log_event, islice(readable, total))

    def _statecheck(self, name: str, expected: GlobalAccount | AccountState) -> str:
        if isinstance(expected, GlobalAccount):
            account, state = expected, expected.state
        elif isinstance(expected, AccountState):
            account, state = self.global_account(name), expected
        else:
            raise InvalidInput(
                f'expected={expected!r}: give a GlobalAccount or an AccountState.'
            )
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

    def _query_globaluserinfo(self, **whom: str | int) -> Mapping[str, Any]:
        """Ask about an account, and for less where the whole cannot be told.

        For ``merged`` the wiki reads the databases of all its wikis, and for an edit
        count that it does not know yet, too: where one of them is gone, it breaks down.
        """
        *parts, least = ('groups|merged|editcount', 'groups|editcount', 'groups')
        for properties in parts:
            try:
                return self._asked_globaluserinfo(properties, whom)
            except InternalApiError:
                continue
        return self._asked_globaluserinfo(least, whom)

    def _asked_globaluserinfo(
        self, properties: str, whom: Mapping[str, str | int]
    ) -> Mapping[str, Any]:
        request = self.simple_request(
            action='query',
            meta='globaluserinfo',
            guiprop=properties,
            formatversion=2,
            **whom,
        )
        # pywikibot would ask the same again for minutes.
        request.expected_errors = _BROKEN
        with refusals(self):
            answer = request.submit()
            if 'globaluserinfo' not in (answer.get('query') or ()):
                known = self.tokens.module_info.values('query', 'meta')
                if known and 'globaluserinfo' not in known:
                    raise UnknownModule(
                        f'{self} has no global accounts: its API has no '
                        'meta=globaluserinfo. The extension CentralAuth may not be '
                        'installed there.'
                    )
        return part_of(answer, 'query', 'globaluserinfo')

    def _globalusers(self, **whom: list[Any]) -> Iterator[GlobalAccount]:
        parameters: dict[str, Any] = {
            'action': 'query',
            'list': 'globalusers',
            'gusprop': ['locked', 'editcount', 'registration', 'groups'],
            'formatversion': 2,
            **whom,
        }
        for answer in self._continued(parameters):
            yield from map(from_globalusers, items_of(answer, 'query', 'globalusers'))

    def _continued(self, parameters: dict[str, Any]) -> Iterator[dict[str, Any]]:
        while True:
            with refusals(self):
                answer = self.simple_request(**parameters).submit()
            yield answer
            if 'continue' not in answer:
                return
            parameters = {**parameters, **part_of(answer, 'continue')}

    def _batch_size(self) -> int:
        return 500 if self.has_right('apihighlimits') else 50


def _account_name(given: Any, capital: Capital) -> str:
    name = normalise_name(account_text(given), capital=capital)
    if kind_of(name) is AccountKind.IP:
        raise InvalidName(
            f'{name} is an IP address, which has no global account: use a global block.'
        )
    return name


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
