"""What every site object gains for changing global accounts: locks, deletions and more.

The methods validate, send one request and return what the wiki's answer says has
changed; repeating a failed write is left to the caller, and reading accounts to
:mod:`~mw_tokens_plugin.site.globalaccounts`.

https://www.mediawiki.org/wiki/Extension:CentralAuth/API
"""

from __future__ import annotations

from typing import Any

import pywikibot
from pywikibot import config

from mw_tokens_plugin.exceptions import AmbiguousWrite, InvalidInput, InvalidName
from mw_tokens_plugin.protocol.globalaccounts import (
    AccountState,
    GlobalAccount,
    HiddenLevel,
    StatusChange,
    from_status_answer,
    statecheck,
)
from mw_tokens_plugin.protocol.names import (
    AccountKind,
    Capital,
    kind_of,
    normalise_name,
)
from mw_tokens_plugin.site.firstletters import FirstLettersMixin
from mw_tokens_plugin.site.inputs import account_text, reason_text
from mw_tokens_plugin.site.refusals import proven
from mw_tokens_plugin.site.writes import send_once

#: What a wiki answers where an account is not in the state that is expected.
_CONFLICTS = frozenset({'editconflict', 'centralauth-state-mismatch'})


class AccountChangesMixin(FirstLettersMixin):
    """Changes of global accounts of CentralAuth, on any site of the farm.

    .. version-added:: 0.1
    """

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
        :raises AmbiguousWrite: the answer was lost, is not one of the API, or does
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
            # Callers that expect a state get an exception.
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
            raise AmbiguousWrite(
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
        :raises AmbiguousWrite: the answer was lost; read the account first
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
        :raises AmbiguousWrite: the answer was lost; read the account first
        """
        name = _account_name(name, self.first_letter)
        parameters = {'username': name, 'reason': reason_text(reason)}
        send_once(self, 'createlocalaccount', parameters, proof='username')

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


def _account_name(given: Any, capital: Capital) -> str:
    name = normalise_name(account_text(given), capital=capital)
    if kind_of(name) is AccountKind.IP:
        raise InvalidName(
            f'{name} is an IP address, which has no global account: use a global block.'
        )
    return name


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
