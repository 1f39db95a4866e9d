"""What every site object gains for global groups, wiki sets and renames.

The methods validate, send one request and return frozen records.

https://www.mediawiki.org/wiki/Extension:CentralAuth/API
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import pywikibot
from pywikibot import config

from mw_tokens_plugin.exceptions import InvalidInput
from mw_tokens_plugin.protocol.answers import expected_form, items_of
from mw_tokens_plugin.protocol.globalgroups import (
    GlobalGroup,
    GlobalRename,
    GroupsChange,
    WikiSet,
    from_globalgroups,
    from_globalrenamestatus,
    from_globaluserrights,
    from_wikisets,
)
from mw_tokens_plugin.protocol.names import normalise_name
from mw_tokens_plugin.site.batches import continued, query
from mw_tokens_plugin.site.firstletters import FirstLettersMixin
from mw_tokens_plugin.site.inputs import account_text, reason_text, words
from mw_tokens_plugin.site.refusals import proven
from mw_tokens_plugin.site.writes import send_once


class GlobalGroupsMixin(FirstLettersMixin):
    """Global groups of CentralAuth, on any site of the farm.

    .. version-added:: 0.1
    """

    def global_groups(self) -> Iterator[GlobalGroup]:
        """Yield the global groups and their rights.

        https://www.mediawiki.org/wiki/API:Globalgroups

        :raises ApiRefusal: the wiki refused
        """
        answer = query(self, list='globalgroups', ggpprop='rights')
        yield from map(from_globalgroups, items_of(answer, 'query', 'globalgroups'))

    def wiki_sets(self) -> Iterator[WikiSet]:
        """Yield the sets of wikis in which global groups have their rights.

        https://www.mediawiki.org/wiki/API:Wikisets

        :raises ApiRefusal: the wiki refused
        """
        parameters: dict[str, Any] = {
            'list': 'wikisets',
            'wsprop': ['type', 'wikisincluded', 'wikisnotincluded'],
            'wslimit': 'max',
        }
        for answer in continued(self, **parameters):
            yield from map(from_wikisets, items_of(answer, 'query', 'wikisets'))

    def global_rename_status(
        self, name: str | pywikibot.User | None = None
    ) -> Iterator[GlobalRename]:
        """Yield renames of global accounts that are under way.

        https://www.mediawiki.org/wiki/API:Globalrenamestatus

        :param name: only the rename from or to this name
        :raises InvalidName: no account can have that name
        :raises ApiRefusal: the wiki refused
        """
        whom: dict[str, str] = {}
        if name is not None:
            text = account_text(name)
            whom['grsuser'] = normalise_name(text, capital=self.first_letter)
        answer = query(self, meta='globalrenamestatus', **whom)
        with expected_form('The answer of meta=globalrenamestatus'):
            found = list((answer['query'].get('globalrenamestatus') or {}).values())
        yield from map(from_globalrenamestatus, found)

    def set_global_groups(
        self,
        name: str | pywikibot.User,
        *,
        reason: str,
        add: Iterable[str] | str = (),
        remove: Iterable[str] | str = (),
        expiry: str | None = None,
    ) -> GroupsChange:
        """Put a global account into global groups, or take it out of them.

        The wiki ignores groups that it does not know with a warning; here they
        are refused before anything is sent. Adding a group that the account is in
        succeeds, and changes its expiry.

        https://www.mediawiki.org/wiki/Extension:CentralAuth/API

        :param name: the account, in any spelling that MediaWiki accepts
        :param reason: for the log
        :param add: global groups to be put into; a text is one group
        :param remove: global groups to be taken out of
        :param expiry: when the added ones end, such as ``1 week``; None for never
        :return: what has changed, from the wiki's own answer
        :raises InvalidInput: nothing to do, or no such group
        :raises InvalidName: no account can have that name
        :raises NoSuchAccount: there is none
        :raises PermissionDenied: the session lacks the right or the grant
        :raises AmbiguousWrite: the answer was lost; read the account first
        """
        name = normalise_name(account_text(name), capital=self.first_letter)
        added, removed = words(add, 'add'), words(remove, 'remove')
        if not added and not removed:
            raise InvalidInput('Nothing to do: give add= or remove=.')
        unknown = {*added, *removed} - {group.name for group in self.global_groups()}
        if unknown:
            raise InvalidInput(
                f'{self} has no global group {", ".join(sorted(unknown))}.'
            )
        parameters: dict[str, Any] = {'user': name, 'reason': reason_text(reason)}
        if added:
            parameters['add'] = added
        if removed:
            parameters['remove'] = removed
        if expiry is not None:
            parameters['expiry'] = expiry
        answer = send_once(self, 'globaluserrights', parameters)
        if config.simulate:
            return GroupsChange(name, 0, added, removed)
        with proven(self):
            return from_globaluserrights(answer)
