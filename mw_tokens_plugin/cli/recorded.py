"""Options for targets that wikis have recorded, in their logs or as links.

All scripts that act on accounts and addresses have them. How the wikis are read is left
to :mod:`mw_tokens_plugin.targets.recorded`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from functools import partial
from typing import TYPE_CHECKING, Any

from mw_tokens_plugin.cli.options import CampaignOptions
from mw_tokens_plugin.cli.table import option

if TYPE_CHECKING:
    from mw_tokens_plugin.cli.run import Run
    from mw_tokens_plugin.targets.recorded import Recorded
    from mw_tokens_plugin.targets.wikis import Wikis

#: The fields of the options.
RECORDED = ('abuselog', 'newusers', 'linksearch')
#: How far back wikis are read, where the operator says nothing.
USUAL_TIME = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class Place:
    """What is looked for, and where.

    :ivar what: a filter, a pattern or a domain
    :ivar wiki: a wiki as the operator names it; empty for the central one
    """

    what: str
    wiki: str = ''

    def __str__(self) -> str:
        """Return it as it was given."""
        return f'{self.what}@{self.wiki}' if self.wiki else self.what


def _place(text: str) -> Place:
    # None of the three has this character: neither have names of accounts.
    what, at, wiki = text.strip().rpartition('@')
    if at and not (what and wiki):
        raise ValueError('"@" stands between what is looked for and a wiki.')
    return Place(what, wiki) if at else Place(wiki)


def abuse_filter(text: str) -> Place:
    """Read which filter is meant, and on which wiki."""
    place = _place(text)
    if not re.fullmatch(r'(?:global-)?\d{1,9}', place.what, re.ASCII):
        raise ValueError('give the number of a filter, such as 12 or global-12.')
    return place


def pattern(text: str) -> Place:
    """Read a pattern for names, and on which wiki they are."""
    place = _place(text)
    try:
        re.compile(place.what)
    except re.error as error:
        raise ValueError(
            f'this is no regular expression: {error}. See '
            'https://docs.python.org/3/library/re.html#regular-expression-syntax.'
        ) from None
    return place


def domain(text: str) -> Place:
    """Read the domain of links, and on which wiki they are."""
    place = _place(text.strip().removeprefix('*.'))
    if not re.fullmatch(r'[\w-]+(?:\.[\w-]+)+', place.what):
        raise ValueError('give a domain, such as example.org.')
    return Place(place.what.lower(), place.wiki)


def moment(text: str) -> timedelta | datetime:
    """Read how long ago it was, or when."""
    from mw_tokens_plugin.protocol.expiries import length_of
    from mw_tokens_plugin.protocol.fields import timestamp

    found = length_of(text) or timestamp(text.strip())
    if found is None:
        raise ValueError(
            'give how long ago it was, such as 12h, 7d or 2 weeks, or a moment in UTC, '
            'such as 2026-11-20 or 2026-11-20T08:00:00Z.'
        )
    return found


_source = partial(
    option, repeat=True, names_targets=True, by_others=True, group='Targets'
)


@dataclass(frozen=True, kw_only=True)
class RecordedOptions(CampaignOptions):
    """What a command line asks for of what wikis have recorded."""

    abuselog: tuple[Place, ...] = _source(  # it returns a field
        'Whoever an abuse filter has matched since -since, on the central wiki or on '
        'another one: 12, global-12, 12@dewiki.',
        value='FILTER',
        read=abuse_filter,
    )
    newusers: tuple[Place, ...] = _source(
        'Accounts that were created since -since, by the log of the central wiki or of '
        'another one (REGEX@dewiki), whose names match a regular expression.',
        value='REGEX',
        read=pattern,
    )
    linksearch: tuple[Place, ...] = _source(
        'Whoever has made pages since -since that link to a domain or to parts of it, '
        'on the central wiki or on another one (example.org@dewiki). Pages with more '
        'than one revision are only counted.',
        value='DOMAIN',
        read=domain,
    )
    since: timedelta | datetime | None = option(
        'How long ago, or since when, it was recorded. By default it is 7d.',
        value='TIME',
        read=moment,
        group='Targets',
        needs=RECORDED,
    )


def wikis_of(run: Run[Any]) -> Wikis:
    """Return the wikis that can be reached."""
    from mw_tokens_plugin.targets.wikis import Wikis

    return Wikis(run.site)


def recorded_names(run: Run[RecordedOptions]) -> Iterator[str]:
    """Yield the names that wikis have recorded, and tell how many there were.

    :raises InvalidInput: a wiki does not exist, or has not recorded that
    """
    options = run.options
    sources: list[tuple[Place, Callable[[Recorded, str], Iterator[str]], str]] = [
        *((p, _matched, 'campaign-recorded-abuselog') for p in options.abuselog),
        *((p, _created, 'campaign-recorded-newusers') for p in options.newusers),
        *((p, _linked, 'campaign-recorded-linksearch') for p in options.linksearch),
    ]
    if not sources:
        return
    from mw_tokens_plugin.targets.recorded import Recorded

    run.site.login()
    since = options.since or USUAL_TIME
    if isinstance(since, timedelta):
        since = run.site.tokens.session.clock.now() - since
    # The clock has no zone.
    since = since.replace(tzinfo=since.tzinfo or timezone.utc).astimezone(timezone.utc)
    for place, read, key in sources:
        wiki: Any = run.site
        if place.wiki:
            wikis = run.shared(wikis_of)
            wiki = wikis.site(wikis.database(place.wiki))
        recorded = Recorded(wiki, since)
        names = dict.fromkeys(read(recorded, place.what))
        run.reporter.say(
            key,
            number=len(names),
            what=place.what,
            wiki=str(wiki),
            since=f'{since:%Y-%m-%d %H:%M}',
            others=recorded.others,
        )
        yield from names


def _matched(recorded: Recorded, what: str) -> Iterator[str]:
    return recorded.in_abuse_log(what)


def _created(recorded: Recorded, what: str) -> Iterator[str]:
    return recorded.new_accounts(re.compile(what))


def _linked(recorded: Recorded, what: str) -> Iterator[str]:
    return recorded.authors_of_links(what)
