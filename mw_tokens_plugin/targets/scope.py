"""Which wikis of a farm a campaign acts on, by the policy of the farm.

To have a right on a wiki is no licence to use it there: communities with administrators
of their own are left to these, unless the operator names them. What is said of such
wikis is here, too; skipping their targets is left to the actions.

https://www.mediawiki.org/wiki/API:Wikisets
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from functools import cached_property
from urllib.parse import quote

from mw_tokens_plugin.campaign.records import SkipReason, Target
from mw_tokens_plugin.exceptions import InvalidInput
from mw_tokens_plugin.messages import message
from mw_tokens_plugin.protocol.globalgroups import WikiSet
from mw_tokens_plugin.targets.pagenames import search_in, split
from mw_tokens_plugin.targets.wikis import Wikis

__all__ = ['LOCAL_MATTERS', 'Scope', 'for_local_administrators']

#: The set of the wikis of Wikimedia, where the operator names no other one.
_USUAL_SET = 'Opted-out of global sysop wikis'

#: Why targets are skipped that the administrators of their wiki can look after.
LOCAL_MATTERS = frozenset({SkipReason.OUT_OF_SCOPE, SkipReason.HOME_WIKI})

#: Pages of one wiki that are listed for its administrators.
_MAX_LISTED = 50


class Scope:
    """The wikis on which a campaign acts without being told so for each.

    They are read when the first wiki is asked about.

    .. version-added:: 0.1
    """

    def __init__(
        self, wikis: Wikis, wiki_set: str = '', named: Collection[str] = ()
    ) -> None:
        """Set what the operator has chosen.

        :param wikis: the wikis that can be reached
        :param wiki_set: the name of the wiki set; '' for the usual one, or the only one
        :param named: database names of wikis on which it acts in any case
        """
        self._wikis = wikis
        self._name = wiki_set
        self._named = frozenset(named)

    def reason(self, database: str) -> SkipReason | None:
        """Return why the campaign does not act on a wiki; None if it does.

        :raises InvalidInput: it is not clear which wiki set is meant
        """
        chosen = None if database in self._named else self._set
        if chosen is None:
            return None
        if chosen.opt_out:
            is_inside = database not in chosen.excluded
        else:
            is_inside = database in chosen.included
        if not is_inside:
            return SkipReason.OUT_OF_SCOPE
        is_home = database == self._wikis.account.home
        return SkipReason.HOME_WIKI if is_home else None

    @cached_property
    def _set(self) -> WikiSet | None:
        """The wiki set; None where the farm has none, so that there is no limit."""
        home = self._wikis.home
        has_sets = 'wikisets' in home.tokens.module_info.values('query', 'list')
        by_name = {each.name: each for each in (home.wiki_sets() if has_sets else ())}
        if not by_name and not self._name:
            return None
        known = ', '.join(map(repr, sorted(by_name))) or 'none'
        if self._name:
            if self._name in by_name:
                return by_name[self._name]
            raise InvalidInput(
                f'{home} has no wiki set {self._name!r}; it has {known}. Give '
                '-wikiset:NAME, or action_wiki_set in enable() in user-config.py.'
            )
        if len(by_name) == 1:
            return next(iter(by_name.values()))
        if _USUAL_SET in by_name:
            return by_name[_USUAL_SET]
        raise InvalidInput(
            f'{home} has several wiki sets: {known}. Name the one on whose wikis '
            "campaigns may act: -wikiset:NAME, or enable(action_wiki_set='NAME') in "
            'user-config.py; or name all wikis by -wikis:.'
        )


def for_local_administrators(wikis: Wikis, targets: Iterable[Target]) -> Iterator[str]:
    """Yield what the administrators of skipped wikis can be told, as wikitext.

    :param targets: those that are skipped, for whatever reason
    """
    # Several things may be skipped of one page.
    groups: dict[tuple[str, SkipReason], dict[str, None]] = {}
    for target in targets:
        skipped = target.decision.skipped
        if skipped in LOCAL_MATTERS and search_in(target.name) is None:
            assert skipped is not None
            database, title = split(target.name)
            groups.setdefault((database, skipped), {})[title] = None
    for (database, skipped), titles in groups.items():
        number, name = len(titles), skipped.name.lower().replace('_', '-')
        yield message(f'campaign-local-{name}', wiki=database, number=number)
        address = wikis.pages_at(database)
        for title in list(titles)[:_MAX_LISTED]:
            link = quote(title.replace(' ', '_'), safe='/:')
            yield f'* [[:{title}]] {address}{link}' if address else f'* [[:{title}]]'
        if number > _MAX_LISTED:
            yield message('campaign-local-more', number=number - _MAX_LISTED)
