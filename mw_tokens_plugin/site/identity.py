"""Which wiki it is that answers, held against the one that is meant.

A host may have several wikis, and a family file may be wrong; what a wiki says of
itself comes along with its first tokens, so that it costs no request and precedes every
write.

https://www.mediawiki.org/wiki/API:Siteinfo
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from mw_tokens_plugin.exceptions import UnexpectedAnswer, WrongWiki
from mw_tokens_plugin.protocol.answers import expected_form
from mw_tokens_plugin.site.base import WikiSite


@dataclass(frozen=True, slots=True)
class Identity:
    """What a wiki says that it is.

    .. version-added:: 0.1

    :ivar database: the name of its database, as lists of wikis name it; '' if it is so
        old that it does not tell
    :ivar server: its address, which may begin with ``//``
    :ivar script_path: where below that its ``api.php`` is
    """

    database: str
    server: str
    script_path: str

    def __str__(self) -> str:
        """Return it as a person would tell it."""
        return f'{self.database or "a wiki"} at {self.server}{self.script_path}'


class KnownWiki:
    """Which wiki a site is, by what its answers say, and which one is meant.

    .. version-added:: 0.1

    :ivar identity: what the wiki says that it is; None until an answer tells, such as
        the one with its first tokens
    :ivar general: all that it says of itself
    """

    def __init__(self, site: WikiSite) -> None:
        """Know nothing yet."""
        self.identity: Identity | None = None
        self.general: Mapping[str, Any] = {}
        self._site = site
        self._meant: frozenset[str] = frozenset()

    def expect(self, databases: Iterable[str]) -> None:
        """Say which wiki this is meant to be: no token of another is handed out.

        :param databases: database names, of which it must have one; none if that is
            not known
        :raises WrongWiki: it is known already that it has another
        """
        names = frozenset(databases)
        if names:
            self._meant = names
        if self.identity is not None:
            check_identity(self._site, self.identity, self._meant)

    def learn(self, answer: Mapping[str, Any]) -> None:
        """Remember what the wiki says that it is, if an answer tells.

        :raises WrongWiki: it is not the one that is meant
        """
        identity = identity_in(answer)
        if identity is not None:
            check_identity(self._site, identity, self._meant)
            self.identity, self.general = identity, answer['query']['general']

    def check(self) -> None:
        """Ask the wiki which it is, if one is meant and no answer has told.

        :raises WrongWiki: it is not the one that is meant
        :raises UnexpectedAnswer: it does not say
        """
        if self._meant:
            self.identify()

    def identify(self) -> Identity:
        """Return which wiki this is, as it says itself in this run.

        Nothing is asked where an answer has told, and no cache on disk is.

        :raises WrongWiki: it is not the one that is meant
        :raises UnexpectedAnswer: it does not say
        """
        if self.identity is None:
            answer = self._site.simple_request(
                action='query', meta='siteinfo', siprop='general', formatversion=2
            ).submit()
            self.learn(answer)
        if self.identity is None:
            raise UnexpectedAnswer(f'{self._site} does not say which wiki it is.')
        return self.identity


def identity_in(answer: Mapping[str, Any]) -> Identity | None:
    """Return which wiki an answer to ``meta=siteinfo`` is of; None if it has none.

    :param answer: the whole answer
    """
    query = answer.get('query')
    general = query.get('general') if isinstance(query, Mapping) else None
    if not isinstance(general, Mapping):
        return None
    with expected_form('What the wiki says of itself'):
        return Identity(
            str(general.get('wikiid', '')),
            str(general.get('server', '')),
            str(general.get('scriptpath', '')),
        )


def check_identity(site: WikiSite, identity: Identity, meant: Iterable[str]) -> None:
    """Refuse a wiki that is not the one that is meant.

    :param site: the site, for the error
    :param identity: what it says of itself
    :param meant: database names, of which it must have one; none if that is not known
    :raises WrongWiki: it has another
    """
    names = sorted(meant)
    # One that is too old to tell its database tells where it is.
    fits = (
        identity.database in names
        if identity.database
        else identity.script_path == site.scriptpath()
    )
    if names and not fits:
        raise WrongWiki(
            f'{site} is meant to be {" or ".join(names)}, but the wiki that answers '
            f'says that it is {identity}. Nothing was written; correct its address in '
            'the family file, or give each wiki its database name there (dbName).'
        )
