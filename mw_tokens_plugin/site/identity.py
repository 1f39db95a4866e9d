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

from mw_tokens_plugin.exceptions import WrongWiki
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
