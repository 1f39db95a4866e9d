"""What the scripts against abusers on many wikis have in common.

All accounts and addresses that are named count as one actor. This has the options that
say which of its deeds are meant, lists them wiki by wiki, and stores what a campaign
that is resumed needs to know. What is done about them is left to the scripts, and
reading the wikis to :mod:`mw_tokens_plugin.targets.contributions`.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING, Any

from mw_tokens_plugin.cli.hiddenactors import (
    STORED_HIDDEN,
    keep_hidden,
    store_hidden,
)
from mw_tokens_plugin.cli.options import names_in_files
from mw_tokens_plugin.cli.recorded import (
    USUAL_TIME,
    RecordedOptions,
    moment,
    recorded_names,
    wikis_of,
)
from mw_tokens_plugin.cli.table import number, option
from mw_tokens_plugin.cli.wikiscope import (
    STORED,
    not_wikis_option,
    scope_of,
    skip_wikis,
    stored_scope,
    wiki_set_option,
)
from mw_tokens_plugin.exceptions import InvalidInput
from mw_tokens_plugin.messages import message
from mw_tokens_plugin.protocol.names import normalise_name

if TYPE_CHECKING:
    from mw_tokens_plugin.campaign.records import Campaign, Step, Target
    from mw_tokens_plugin.cli.declaration import Listing
    from mw_tokens_plugin.cli.run import Run
    from mw_tokens_plugin.protocol.globalaccounts import GlobalAccount
    from mw_tokens_plugin.targets.contributions import Actor
    from mw_tokens_plugin.targets.problems import WikiProblem

__all__ = [
    'STORED_ACTOR',
    'STORED_UNDO',
    'AbuserOptions',
    'actor_in',
    'actor_of',
    'limits',
    'list_deeds',
    'named',
    'namespace_option',
    'nobody',
    'read_again',
    'reason_of',
    'skip_in_undo',
    'undo_limits',
]

#: What the ledger stores of the actor and the wikis, as types.
STORED_ACTOR = {
    'actors': [str],
    'since': str,
    'until': str,
    'read_since': str,
    'namespaces': [int],
    **STORED,
    **STORED_HIDDEN,
}
#: What it stores of an undo.
STORED_UNDO = {'not_wikis?': [str], **STORED_HIDDEN}
#: Accounts that are older are hardly throwaway accounts.
_NEW_ACCOUNT = timedelta(days=30)
#: Accounts and addresses that one request asks for.
_MAX_NAMES = 50


@dataclass(frozen=True, kw_only=True)
class AbuserOptions(RecordedOptions):
    """What the command lines of campaigns against abusers ask for."""

    file: tuple[str, ...] = names_in_files()
    since: timedelta | datetime | None = option(
        'Only what they have edited, or what was recorded, since then: how long ago, '
        'or when. By default it is 7d, but for accounts over -max-edits, accounts '
        'older than 30 days and members of groups it has to be given.',
        value='TIME',
        read=moment,
        group='Targets',
    )
    usercontribs: tuple[str, ...] = option(
        'The same as naming an account or an address, in the words of pywikibot.',
        value='NAME',
        read=normalise_name,
        also='-from-user',
        repeat=True,
        names_targets=True,
    )
    until: timedelta | datetime | None = option(
        'Skip what they have edited later.',
        value='TIME',
        read=moment,
        group='Targets',
    )
    wikis: tuple[str, ...] = option(
        'Only on these wikis: database names or codes. "all" is the same as leaving it '
        'out.',
        value='A,B',
        group='Targets',
        separated=True,
    )
    not_wikis: tuple[str, ...] = not_wikis_option()
    wikiset: str = wiki_set_option()
    max_edits: int = option(
        'Require -since for accounts with more than N edits.',
        1000,
        value='N',
        read=number,
        group='Guards',
    )

    def check(self) -> None:
        """Refuse what does not go together."""
        if 'all' in self.wikis and len(self.wikis) > 1:
            raise InvalidInput('-wikis:all names all wikis: name no others with it.')


def namespace_option() -> Any:
    """Return the option for the namespaces of the pages that are meant."""
    return option(
        'Only pages of these namespaces, by their numbers.',
        value='A,B',
        read=number,
        separated=True,
        group='Targets',
    )


def problems_of(run: Run[Any]) -> dict[str, WikiProblem | None]:
    """Return why wikis could not be read, by the targets that stand for them."""
    return {}


def actors(run: Run[Any]) -> dict[tuple[str, ...], Actor]:
    """Return who was read, so that listing and plan read each wiki once."""
    return {}


def actor_of(
    run: Run[Any], names: list[str], namespaces: list[int], since: str
) -> Actor:
    """Return who has made the edits."""
    from mw_tokens_plugin.targets.contributions import Actor

    known = run.shared(actors)
    key = tuple(names)
    if key not in known:
        known[key] = Actor(run.shared(wikis_of), names, namespaces, since)
    return known[key]


def named(run: Run[Any]) -> tuple[list[str], list[str]]:
    """Return the accounts and addresses that are named, and those that are protected.

    :raises InvalidInput: there are none, or too many
    """
    from mw_tokens_plugin.actions.addressguards import AddressGuards
    from mw_tokens_plugin.protocol.addresses import network_of

    chosen, recorded = run.shared(_sources)
    # A filter matches those who work against abusers, too.
    found = [*chosen, *(name for name in recorded if name != run.site.username())]
    excluded = run.lists.skipped(hidden=False)
    guards = AddressGuards.of(excluded, ())
    protected = set(excluded)
    for name in found:
        network = network_of(name)
        if network is not None and guards.excluded(network) is not None:
            protected.add(name)
    names = [name for name in found if name not in protected]
    if not names:
        raise InvalidInput('Nobody was named about whom anything could be done.')
    if len(names) > _MAX_NAMES:
        raise InvalidInput(
            f'{len(names)} accounts and addresses were named; {_MAX_NAMES} at most are '
            'taken for one actor. Split the list.'
        )
    if ranges := [name for name in names if '/' in name and is_range(name)]:
        raise InvalidInput(f'{ranges[0]} is a range: give single addresses.')
    return names, [name for name in found if name in protected]


def _sources(run: Run[Any]) -> tuple[list[str], list[str]]:
    """Return those whom the operator has named, and others whom wikis have recorded."""
    chosen = dict.fromkeys([*run.named(), *run.options.usercontribs])
    recorded = dict.fromkeys(recorded_names(run))
    return [*chosen], [name for name in recorded if name not in chosen]


def is_range(name: str) -> bool:
    """Tell whether a name is a range of addresses."""
    from mw_tokens_plugin.protocol.names import AccountKind, kind_of

    return kind_of(name) is AccountKind.IP


def check_accounts(
    options: AbuserOptions,
    accounts: list[GlobalAccount],
    recorded: Collection[str],
    now: datetime,
) -> None:
    """Refuse accounts that may be those of regular users, unless -since is given.

    :param recorded: accounts that nobody has named, of which -since says nothing
    :raises InvalidInput: there is one
    """
    for account in accounts:
        if options.since is not None and account.name not in recorded:
            continue
        edits, begun = account.edit_count or 0, account.registration
        why = ''
        if edits > options.max_edits:
            why = f'has {edits:,} edits'
        elif account.groups or account.local_groups:
            why = 'is a member of groups'
        elif begun and now - begun.replace(tzinfo=None) > _NEW_ACCOUNT:
            why = f'was created on {begun:%Y-%m-%d}'
        if why and account.name in recorded:
            raise InvalidInput(
                f'{account.name}, whom a wiki has recorded, {why}: leave it out with '
                '-not, or name it and say how far back its edits are meant.'
            )
        if why:
            raise InvalidInput(
                f'{account.name} {why}: say how far back its edits are meant, such as '
                '-since:7d.'
            )


def list_deeds(
    run: Run[Any],
    steps_on: Callable[[Actor, str], list[Step]],
    counted: Callable[[int], str],
    *,
    shows_older: bool = True,
) -> Listing:
    """List what is done about the deeds of the actor, on all wikis.

    :param steps_on: returns the targets on one wiki, which it reads
    :param counted: says how many targets were listed
    :param shows_older: whether deeds before the usual period are listed, too, to be
        skipped
    """
    from mw_tokens_plugin.cli.declaration import Listing
    from mw_tokens_plugin.protocol.fields import as_timestamp
    from mw_tokens_plugin.targets.temporaryaccounts import lines_about_addresses

    options, wikis = run.options, run.shared(wikis_of)
    names, protected = run.shared(named)
    scope = stored_scope(options, wikis)
    run.site.login()
    own = run.site.username()
    now = run.site.tokens.session.clock.now()

    def when(given: timedelta | datetime | None) -> str:
        if given is None:
            return ''
        return as_timestamp(now - given if isinstance(given, timedelta) else given)

    since, until = when(options.since or USUAL_TIME), when(options.until)
    namespaces = list(getattr(options, 'namespace', ()))
    # Otherwise what is left out for its age is shown.
    read_since = '' if shows_older and options.since is None else since
    actor = actor_of(run, names, namespaces, read_since)
    accounts = list(actor.accounts())
    recorded = run.shared(_sources)[1]
    check_accounts(options, accounts, recorded, now)

    def found() -> Iterator[Step]:
        where = [
            database
            for database in actor.edited_on(accounts)
            if database not in scope['not_wikis']
            and (not scope['wikis'] or database in scope['wikis'])
        ]
        yield from deeds_on(run, actor, where, steps_on)

    return Listing(
        steps=found(),
        stored={
            'actors': names,
            'since': since,
            'until': until,
            'read_since': read_since,
            'namespaces': namespaces,
            **scope,
            **store_hidden(run, names),
        },
        lines=[
            *(message('campaign-actor-protected', name=n) for n in protected),
            *(message('campaign-actor-own', name=n) for n in recorded if n == own),
            *lines_about_addresses(run.site, names),
        ],
        counted=counted,
        existing=lambda names: names,
    )


def deeds_on(
    run: Run[Any],
    actor: Actor,
    databases: list[str],
    steps_on: Callable[[Actor, str], list[Step]],
) -> Iterator[Step]:
    """Yield targets on some wikis, and wikis that are to be read later.

    :param steps_on: returns the targets on one wiki, which it reads
    """
    from mw_tokens_plugin.campaign.records import Step
    from mw_tokens_plugin.targets.pagenames import search_name
    from mw_tokens_plugin.targets.problems import problem_of

    problems = run.shared(problems_of)
    # A campaign may begin with what is not done on single wikis.
    steps = run.kinds[run.kind].steps
    first = 'edits' if 'edits' in steps else next(iter(steps), '')
    stage = steps.index(first) if steps else 0
    found = run.shared(wikis_of).search(databases, partial(steps_on, actor))
    for database, result in found:
        if isinstance(result, Exception):
            name = search_name(database, 'contributions', '')
            problem = problems[name] = problem_of(result)
            why = {'wiki': database, 'why': problem.words}
            line = message('campaign-actor-unreachable', **why)
            run.reporter.line(line, urgent=True)
            yield Step(name, first, stage)
            continue
        yield from result


def read_again(
    run: Run[Any], campaign: Campaign, steps_on: Callable[[Actor, str], list[Step]]
) -> Campaign:
    """List what is found on wikis that could not be read before.

    :param steps_on: returns the targets on one wiki, which it reads
    """
    from mw_tokens_plugin.campaign.records import State
    from mw_tokens_plugin.targets.pagenames import search_in, split

    campaign = skip_wikis(run, campaign, run.shared(wikis_of))
    campaign = keep_hidden(run, campaign, campaign.options['actors'])
    sealer, problems = run.sealer(campaign), run.shared(problems_of)
    listed = run.ledger.targets(campaign, State.LISTED)
    names = [t.name for t in listed if search_in(t.name) and sealer.vouched(t)]
    if not names:
        return campaign
    sealer.begin()
    problems.update(dict.fromkeys(names))
    where = [split(name)[0] for name in names]
    pages = deeds_on(run, actor_in(run, campaign), where, steps_on)
    # Those that still cannot be read are listed already.
    new = (step for step in pages if step.name not in names)
    sealer.count(run.ledger.add(campaign, new, sealer.listed))
    return campaign


def actor_in(run: Run[Any], campaign: Campaign) -> Actor:
    """Return whose deeds a campaign is about."""
    stored = campaign.options
    return actor_of(run, stored['actors'], stored['namespaces'], stored['read_since'])


def reason_of(campaign: Campaign, step: str) -> str:
    """Return the reason for what a step does, which may have one of its own."""
    return str((campaign.options.get('step_reasons') or {}).get(step, campaign.reason))


def limits(run: Run[Any], campaign: Campaign, step: str = '') -> dict[str, Any]:
    """Return what all actions of a campaign are told alike, see :class:`.OnWikis`.

    :param step: which one it is, in a campaign of several steps
    """
    from mw_tokens_plugin.targets.contributions import Period

    stored = run.stored(campaign)
    again = run.is_started(campaign)

    def earlier(names: Sequence[str]) -> dict[str, Target]:
        return run.ledger.named(campaign, names, step) if again else {}

    return {
        'reason': reason_of(campaign, step),
        'period': Period(stored['since'], stored['until']),
        'scope': scope_of(campaign, run.shared(wikis_of)),
        'named': frozenset(stored['wikis']),
        'not_wikis': frozenset(stored['not_wikis']),
        'again': again,
        'problems': run.shared(problems_of),
        'earlier': earlier,
    }


def undo_limits(run: Run[Any], campaign: Campaign, step: str = '') -> dict[str, Any]:
    """Return what all actions of an undo are told alike, see :class:`.UndoOnWikis`.

    :param step: which one it is, in a campaign of several steps
    """
    _, recorded = run.undone(campaign)
    return {
        'reason': campaign.reason,
        'recorded': partial(recorded, kind=step),
        'again': run.is_started(campaign),
        'not_wikis': frozenset(campaign.options.get('not_wikis', ())),
    }


def nobody(run: Run[Any]) -> Actor:
    """Return what reads the wikis where nobody's deeds are looked for."""
    return actor_of(run, [], [], '')


def skip_in_undo(run: Run[Any], campaign: Campaign) -> Campaign:
    """Skip for good what is still to do on the wikis of ``-not-wikis``.

    And find out whose names must not be shown any more.
    """
    undone, _ = run.undone(campaign)
    campaign = keep_hidden(run, campaign, undone.options.get('actors') or ())
    return skip_wikis(run, campaign, run.shared(wikis_of))
