"""Queries that bring tokens or the server's time along with what they are for.

https://www.mediawiki.org/wiki/API:Tokens
https://www.mediawiki.org/wiki/API:Edit
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import pywikibot
from pywikibot.tools import MediaWikiVersion

from mw_tokens_plugin.exceptions import InvalidInput, UnexpectedAnswer
from mw_tokens_plugin.protocol.answers import expected_form
from mw_tokens_plugin.protocol.fields import as_timestamp, flag, timestamp
from mw_tokens_plugin.protocol.tokens import Token
from mw_tokens_plugin.site.inputs import words
from mw_tokens_plugin.site.pluginsite import SiteBase
from mw_tokens_plugin.site.refusals import refusals


@dataclass(frozen=True, slots=True)
class EditContext:
    """What an edit needs so that the wiki notices conflicts.

    .. version-added:: 0.1

    :ivar title: the page, in MediaWiki's form
    :ivar base_revision: number of its latest revision; None if there is no page
    :ivar base_timestamp: when that was saved
    :ivar start_timestamp: the server's time when it was read
    :ivar token: the csrf token
    :ivar compares_revisions: whether the wiki notices conflicts by the number of the
        revision
    :ivar text: its wikitext, if it was asked for
    """

    title: str
    base_revision: int | None
    base_timestamp: datetime | None
    start_timestamp: datetime
    token: Token
    compares_revisions: bool = True
    text: str | None = field(default=None, repr=False)

    def parameters(self) -> dict[str, Any]:
        """Return the parameters that ``action=edit`` takes from it.

        A page that does not exist is only created, not overwritten if somebody else
        creates it meanwhile. Any other edit since is a conflict if it is of the same
        lines, else the wiki merges both; up to MediaWiki 1.34, which goes by the time
        alone, an edit within the same second or of one's own is none.
        """
        found: dict[str, Any] = {
            'title': self.title,
            'starttimestamp': as_timestamp(self.start_timestamp),
            'token': self.token,
        }
        if self.base_timestamp is None:
            found['createonly'] = True
        elif self.compares_revisions:
            # With a timestamp beside it, MediaWiki lets conflicts pass that arise
            # within one second, or with edits of the same account.
            found['baserevid'] = self.base_revision
        else:
            found['basetimestamp'] = as_timestamp(self.base_timestamp)
        return found


class QueriesMixin(SiteBase):
    """Queries with tokens, on every site.

    .. version-added:: 0.1
    """

    def query_with_tokens(
        self, types: Iterable[str] | str, **query: Any
    ) -> dict[str, Any]:
        """Make a query, and let the tokens that are not held ride on it.

        :param types: token types that will be needed; a text is one type
        :param query: parameters of ``action=query``, any ``prop``, ``list`` or ``meta``
        :return: the wiki's answer
        :raises InvalidInput: they are no list of types, or the query itself asks for
            tokens
        :raises UnknownTokenType: the wiki has no such type
        :raises TokenUnavailable: the wiki has it, but not for this user
        :raises ApiRefusal: the wiki refused
        """
        meta = query.pop('meta', ())
        meta = set(meta.split('|') if isinstance(meta, str) else meta)
        if 'tokens' in meta or 'type' in query:
            raise InvalidInput('Name the token types in types=, not in the query.')
        wanted = self.tokens.missing(words(types, 'types'))
        if wanted and self.tokens.is_old:
            self.tokens.prefetch(*wanted)
            wanted = []
        if wanted:
            meta.add('tokens')
            query['type'] = wanted
        if meta:
            query['meta'] = sorted(meta)
        with refusals(self):
            answer: dict[str, Any] = self.simple_request(
                **{'action': 'query', 'formatversion': 2, **query}
            ).submit()
        if wanted:
            self.tokens.keep(wanted, answer)
        return answer

    def get_tokens(self, types: list[str]) -> dict[str, str]:
        """Return newly fetched tokens, by type, as the method of pywikibot does.

        It asks wikis of every age. Tokens that are kept and renewed are those of
        ``site.tokens``.

        :param types: token types; an empty list stands for all
        :return: those that the wiki has, and this user gets
        :raises ApiRefusal: the wiki refused
        """
        with refusals(self):
            found: dict[str, str] = self.tokens.values_of(words(types, 'types'))
        return found

    def server_time(self) -> pywikibot.Timestamp:
        """Return the server's present time, which is UTC.

        Like the one of pywikibot that it replaces, it names no zone; it asks for the
        time alone (``curtimestamp``), and not for all that the wiki says of itself.

        https://www.mediawiki.org/wiki/API:Main_module

        :raises ApiRefusal: the wiki refused
        """
        # Old wikis tell no time with their answers.
        meta = 'siteinfo' if self.tokens.is_old else ()
        moment = _curtimestamp(self.query_with_tokens((), meta=meta, curtimestamp=1))
        return pywikibot.Timestamp.fromISOformat(as_timestamp(moment))

    def edit_context(self, page: Any, *, text: bool = False) -> EditContext:
        """Read in one request all that an edit needs to notice conflicts.

        ::

            context = site.edit_context('Project:Sandbox')
            site.simple_request(
                action='edit', text='...', summary='...', **context.parameters()
            ).submit()

        :param page: a page of this wiki, or its title
        :param text: whether its wikitext is wanted too
        :raises InvalidInput: no page can have that title
        :raises ApiRefusal: the wiki refused
        """
        title = page
        if not isinstance(page, str):
            if not isinstance(page, pywikibot.page.BasePage):
                raise InvalidInput(f'{page!r} is neither a page nor a title.')
            if page.site != self:
                raise InvalidInput(f'{page!r} is a page of {page.site}, not of {self}.')
            title = page.title(with_section=False)
        if not title or '|' in title:
            raise InvalidInput(f'{title!r} is not the title of one page.')
        properties = ['ids', 'timestamp']
        if text:
            properties.append('content')
        known = self.siteinfo.is_cached('generator')
        answer = self.query_with_tokens(
            ('csrf',),
            meta=() if known and not self.tokens.is_old else 'siteinfo',
            prop='revisions',
            titles=title,
            rvprop=properties,
            rvslots='main',
            curtimestamp=1,
        )
        with expected_form(f'What {self} says of a page'):
            context = self._context_from(answer, title, known)
        return context

    def _context_from(
        self, answer: dict[str, Any], title: str, known: bool
    ) -> EditContext:
        """Read the answer to a query for one page.

        :param known: whether it is known already which release the wiki runs
        """
        pages = answer['query'].get('pages') or [{'invalid': True}]
        (found,) = pages.values() if isinstance(pages, dict) else pages
        if flag(found, 'invalid') or flag(found, 'special') or 'title' not in found:
            raise InvalidInput(f'{title!r} is not a page of {self} to be edited.')
        release = self.siteinfo if known else answer['query']['general']
        version = MediaWikiVersion.from_generator(release['generator'])
        revision = (found.get('revisions') or [{}])[0]
        return EditContext(
            title=found['title'],
            base_revision=revision.get('revid'),
            base_timestamp=timestamp(revision.get('timestamp')),
            start_timestamp=_curtimestamp(answer),
            token=self.tokens.csrf,
            compares_revisions=version >= '1.35',
            text=revision.get('slots', {})
            .get('main', revision)
            .get('content', revision.get('*')),
        )


def _curtimestamp(answer: dict[str, Any]) -> datetime:
    general = (answer.get('query') or {}).get('general') or {}
    moment = timestamp(answer.get('curtimestamp') or general.get('time'))
    if moment is None:
        raise UnexpectedAnswer('The wiki does not tell its time.')
    return moment
