"""Names that a wiki has recorded: in its logs, and as authors of pages with links.

All of them were chosen by others, so a campaign has to show its plan to somebody. How
the sources are named on a command line is left to :mod:`mw_tokens_plugin.cli.recorded`.

https://www.mediawiki.org/wiki/Extension:AbuseFilter
https://www.mediawiki.org/wiki/API:Logevents
https://www.mediawiki.org/wiki/API:Exturlusage
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from mw_tokens_plugin.exceptions import InvalidInput
from mw_tokens_plugin.protocol.answers import items_of
from mw_tokens_plugin.protocol.fields import as_timestamp, timestamp
from mw_tokens_plugin.site.batches import continued
from mw_tokens_plugin.site.pluginsite import PluginSite
from mw_tokens_plugin.targets.deletionlog import ask

#: Entries of a log, or links, that are read at most.
MAX_ENTRIES = 50_000

_USERS = 2


@dataclass
class Recorded:
    """Reads what one wiki has recorded since a moment, the newest first.

    :ivar others: how many pages with links were skipped, since others have edited them
        or it is hidden who has
    """

    site: PluginSite
    since: datetime
    others: int = field(default=0, init=False)

    def in_abuse_log(self, filter_id: str) -> Iterator[str]:
        """Yield whose actions a filter has matched.

        :param filter_id: its number; of a global filter with ``global-`` before it
        :raises InvalidInput: the wiki has no such filter, or no filters
        :raises PermissionDenied: its log is private
        """
        what = {
            'list': 'abuselog',
            'aflfilter': filter_id,
            'afllimit': 'max',
            'aflprop': 'ids|user|timestamp',
            'aflend': as_timestamp(self.since),
        }
        for entry in self._entries('abuselog', what):
            # A filter that the wiki does not know limits nothing. Of private filters it
            # may not tell the number.
            if str(entry.get('filter_id') or filter_id) != filter_id:
                raise InvalidInput(
                    f'{self.site} has listed the hits of other filters than '
                    f'{filter_id}: is there such a filter?'
                )
            if user := entry.get('user'):
                yield str(user)

    def new_accounts(self, pattern: re.Pattern[str]) -> Iterator[str]:
        """Yield the accounts that were created there, by themselves or by others.

        :param pattern: matches a part of their names
        """
        what = {
            'list': 'logevents',
            'letype': 'newusers',
            'leprop': 'title|timestamp',
            'lelimit': 'max',
            'leend': as_timestamp(self.since),
        }
        for entry in self._entries('logevents', what):
            # Who has created an account for somebody else is the user of the entry.
            if entry.get('ns') != _USERS:
                continue
            name = str(entry.get('title', '')).partition(':')[2]
            if name and pattern.search(name):
                yield name

    def authors_of_links(self, domain: str) -> Iterator[str]:
        """Yield who has made pages with links to a domain or to parts of it.

        A page counts if it has one revision: who has added a link to a page of several
        is not known.
        """
        seen = set()
        for protocol in ('http', 'https'):
            what = {
                'generator': 'exturlusage',
                'geuprotocol': protocol,
                'geuquery': f'*.{domain}',
                'geulimit': 'max',
                'prop': 'revisions',
                'rvprop': 'ids|user|timestamp',
            }
            for page in self._entries('pages', what):
                if page.get('pageid') in seen:
                    continue
                seen.add(page.get('pageid'))
                for revision in page.get('revisions', ()):
                    made = timestamp(revision.get('timestamp'))
                    if made is None or made < self.since:
                        continue
                    if revision.get('parentid') or not revision.get('user'):
                        self.others += 1
                    else:
                        yield str(revision['user'])

    def _entries(
        self, key: str, what: Mapping[str, Any]
    ) -> Iterator[Mapping[str, Any]]:
        """Yield the items of a query that may be continued.

        :raises InvalidInput: there are too many, or the wiki does not know the list
        """
        number = 0
        for answer in continued(self.site, ask=ask, **what):
            if key not in answer['query']:
                if key == 'abuselog':
                    raise InvalidInput(f'{self.site} has no abuse log.')
                continue
            for item in items_of(answer, 'query', key):
                number += 1
                if number > MAX_ENTRIES:
                    raise InvalidInput(
                        f'{self.site} has recorded more than {MAX_ENTRIES:,} entries '
                        'of that: give a shorter time by -since.'
                    )
                yield item
