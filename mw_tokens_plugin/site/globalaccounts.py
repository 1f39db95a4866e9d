"""What every site object gains for reading global accounts, and the log of locks.

The methods return frozen records; changing accounts is the work of
:mod:`.accountchanges`.

https://www.mediawiki.org/wiki/Extension:CentralAuth/API
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from itertools import islice
from typing import Any

import pywikibot

from mw_tokens_plugin.exceptions import (
    InternalApiError,
    InvalidInput,
    NoSuchAccount,
    UnknownModule,
)
from mw_tokens_plugin.protocol.answers import items_of, part_of
from mw_tokens_plugin.protocol.globalaccounts import (
    GlobalAccount,
    HiddenLevel,
    ListedAccount,
    LockLogEntry,
    from_globalallusers,
    from_globaluserinfo,
    from_globalusers,
    from_log_event,
)
from mw_tokens_plugin.protocol.names import (
    normalise_name,
)
from mw_tokens_plugin.site.batches import batches, continued, max_values
from mw_tokens_plugin.site.firstletters import FirstLettersMixin
from mw_tokens_plugin.site.inputs import (
    account_ids,
    account_text,
    account_texts,
    number_of,
    text_of,
)
from mw_tokens_plugin.site.localnames import LocalNamesMixin
from mw_tokens_plugin.site.refusals import refusals

#: What a wiki answers that breaks down.
_BROKEN = frozenset({'internal_api_error_'})


class GlobalAccountsMixin(FirstLettersMixin, LocalNamesMixin):
    """Global accounts of CentralAuth, on any site of the farm.

    .. version-added:: 0.1
    """

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
        for batch in batches(names, max_values(self)):
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
        return self._global_accounts_by_id(account_ids(central_ids))

    def _global_accounts_by_id(
        self, central_ids: Iterator[int]
    ) -> Iterator[GlobalAccount]:
        if not self.lists_global_users():
            yield from map(self._read_account_by_id, central_ids)
            return
        for batch in batches(central_ids, max_values(self)):
            found = {a.central_id: a for a in self._globalusers(guscentralids=batch)}
            for central_id in batch:
                yield found.get(central_id) or _no_account(central_id)

    def lists_global_users(self) -> bool:
        """Tell whether the wiki has ``list=globalusers``."""
        return 'globalusers' in self.tokens.module_info.values('query', 'list')

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
            'list': 'globalallusers',
            'aguprop': ['lockinfo', 'groups', 'existslocally'],
            'agulimit': 'max',
        }
        parameters.update(
            {f'agu{key}': value for key, value in limits.items() if value is not None}
        )
        for answer in continued(self, **parameters):
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
        :raises InvalidInput: it is not a name, or not a number
        :raises ApiRefusal: the wiki refused
        """
        if name is not None:
            name = account_text(name)
        return self._lock_log(name, number_of(total, 'total'), suppressed)

    def _lock_log(
        self, name: str | None, total: int | None, suppressed: bool
    ) -> Iterator[LockLogEntry]:
        parameters: dict[str, Any] = {
            'list': 'logevents',
            'letype': 'suppress' if suppressed else 'globalauth',
            'lelimit': 'max' if total is None else min(total, 500),
        }
        if name is not None:
            parameters['letitle'] = f'User:{name}@global'
        events = (
            event
            for answer in continued(self, **parameters)
            for event in items_of(answer, 'query', 'logevents')
        )
        # Entries whose details were hidden since have no title or time to be read.
        readable = (event for event in events if 'params' in event)
        yield from map(from_log_event, islice(readable, total))

    def lock_log_entries(self, log_ids: Iterable[int]) -> Iterator[LockLogEntry]:
        """Yield entries of the log of locks by their numbers, in no certain order.

        50 of them (500 with the right ``apihighlimits``) cost one request. Entries that
        this user may not read are left out.

        https://www.mediawiki.org/wiki/API:Logevents

        :param log_ids: such as ``lock_log_id`` of a :class:`GlobalAccount`, on the
            central wiki
        :raises InvalidInput: they are no numbers
        :raises UnknownModule: the wiki cannot be asked for single entries
        :raises ApiRefusal: the wiki refused
        """
        return self._lock_log_entries(account_ids(log_ids))

    def _lock_log_entries(self, log_ids: Iterator[int]) -> Iterator[LockLogEntry]:
        for batch in batches(log_ids, max_values(self)):
            # A wiki without the parameter would list the whole log.
            if not self.tokens.module_info.has_parameter('query+logevents', 'ids'):
                raise UnknownModule(
                    f'{self} cannot be asked for single entries of its log: its '
                    'list=logevents has no parameter leids.'
                )
            answers = continued(self, list='logevents', leids=batch, lelimit='max')
            for answer in answers:
                for event in items_of(answer, 'query', 'logevents'):
                    if 'params' in event:
                        yield from_log_event(event)

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
            'list': 'globalusers',
            'gusprop': ['locked', 'editcount', 'registration', 'groups'],
            **whom,
        }
        for answer in continued(self, **parameters):
            yield from map(from_globalusers, items_of(answer, 'query', 'globalusers'))


def _no_account(central_id: int) -> GlobalAccount:
    return GlobalAccount(name='', exists=False, central_id=central_id)
