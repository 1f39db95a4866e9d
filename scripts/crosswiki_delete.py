#!/usr/bin/env python3
"""Delete pages on many wikis with one login, with a plan, guards and an undo.

The script logs in to the central wiki of the farm, and acts on all others through that
login. It shows a plan, asks for confirmation, and can be stopped or killed at any
moment and resumed: nothing is done twice.

Others can choose what -from-user, -same-title and page generators find, so these never
run on -always alone: -simulate keeps the plan, somebody looks at it, and -resume
-always runs exactly that.

On a farm with wiki sets, pages are skipped that are on wikis outside the set of
-wikiset, or on your home wiki, unless -wikis names the wiki; they are listed for its
own administrators. So are those where the right to delete does not come from your
global groups. A wiki that does not answer or is read-only is skipped by name, and the
others are done; "pwb campaign retry-failed" looks there again. A file is deleted with
its page, in all its versions; files that have hidden versions or no page are skipped.

&options;

.. version-added:: 0.1
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from mw_tokens_plugin.cli.hiddenactors import (
    STORED_HIDDEN,
    keep_hidden,
    store_hidden,
)
from mw_tokens_plugin.cli.script import CampaignScript, Kind, option
from mw_tokens_plugin.cli.table import number
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
from mw_tokens_plugin.privatefiles import expanded, naming, open_private
from mw_tokens_plugin.protocol.names import normalise_name

if TYPE_CHECKING:
    from mw_tokens_plugin.actions.pagedelete import CrosswikiDelete
    from mw_tokens_plugin.actions.pagerestore import UndoCrosswikiDelete
    from mw_tokens_plugin.campaign.records import Campaign
    from mw_tokens_plugin.cli.declaration import Listing
    from mw_tokens_plugin.cli.run import Run
    from mw_tokens_plugin.targets.pagelists import Searches
    from mw_tokens_plugin.targets.wikis import Wikis

_REASON = re.compile(r'-reason-([A-Za-z_-]+)')
#: The most that -undo could restore of a page.
_MAX_REVISIONS = 50


def user(text: str) -> str:
    """Read an account or a single address."""
    name = normalise_name(text)
    if '/' in name:
        raise ValueError('give single addresses, not a range.')
    return name


def regex(text: str) -> str:
    """Read a regular expression."""
    try:
        re.compile(text)
    except re.error as error:
        raise ValueError(f'this is no regular expression: {error}.') from None
    return text


def revisions(text: str) -> int:
    """Read how many revisions a page may have."""
    if (value := number(text)) > _MAX_REVISIONS:
        raise ValueError(f'{_MAX_REVISIONS} at most: -undo could not restore more.')
    return value


@dataclass(frozen=True, kw_only=True)
class Options(CampaignScript.Options):
    """What the command line asks for."""

    reason_list: ClassVar[str] = 'Deletereason-dropdown'

    file: tuple[str, ...] = option(
        'Pages in a file in UTF-8, one a line: wiki and title with a tab between them, '
        'database:Title, an interwiki link, or a URL. "# " begins a comment.',
        value='FILE',
        read=expanded,
        repeat=True,
        names_targets=True,
    )
    from_user: tuple[str, ...] = option(
        'Pages that this account has created, on all wikis where it is attached, or on '
        'those of -wikis. It may be an IP address or a temporary account.',
        value='NAME',
        read=user,
        also='-usercontribs',
        repeat=True,
        names_targets=True,
        by_others=True,
        stored='begun_by',
    )
    title_matches: str | None = option(
        'Of those only pages whose title matches this regular expression, as of '
        'Python; capitals matter.',
        value='REGEX',
        read=regex,
        group='Targets',
        needs=('from_user',),
        stored='title_matches',
    )
    talk: bool = option(
        'The talk pages of all these pages, too. They may have been created by others.',
        group='Targets',
        stored='talk',
    )
    to_revert: str | None = option(
        'Where to write the pages that the account has only edited or moved; by '
        'default beside the ledger of pywikibot.',
        value='FILE',
        read=expanded,
        group='Targets',
        needs=('from_user',),
    )
    same_title: tuple[str, ...] = option(
        'The page of this title on each of -wikis.',
        value='TITLE',
        repeat=True,
        needs=('wikis',),
        names_targets=True,
        by_others=True,
    )
    generators: tuple[str, ...] = option(
        'All page generators and filters of pywikibot (-prefixindex:, -search:, -ns:, '
        '...), and -linksearch:DOMAIN for pages with links to a domain or to parts of '
        'it, list the pages of each of -wikis.',
        name='page generators',
        repeat=True,
        names_targets=True,
        by_others=True,
        stored='generators',
    )
    wikis: tuple[str, ...] = option(
        'Wikis for -same-title and for page generators: database names or codes, or '
        '"all" on which you have an account. Pages of a list on other wikis are '
        'skipped.',
        value='A,B',
        group='Targets',
        separated=True,
    )
    not_wikis: tuple[str, ...] = not_wikis_option()
    wikiset: str = wiki_set_option()
    reasons: tuple[tuple[str, str], ...] = option(
        'The same for wikis in that language, such as -reason-de:TEXT.',
        name='-reason-CODE',
        value='TEXT',
        repeat=True,
    )
    tags: tuple[str, ...] = option(
        'Change tags for the log entries; each wiki must know them.',
        value='A,B',
        separated=True,
        stored='tags',
        rights={'applychangetags': 'editpage'},
    )
    only_author: bool = option(
        'Skip pages that anybody has edited but the accounts of -from-user, however '
        'many these are; instead of -max-authors.',
        group='Guards',
        needs=('from_user',),
        stored='only_author',
    )
    max_authors: int = option(
        'Skip pages with more than N authors, among whom are those who uploaded '
        'versions of a file.',
        1,
        value='N',
        read=number,
        group='Guards',
        stored='max_authors',
    )
    max_revisions: int = option(
        'Skip pages with more than N revisions, and files with more than N versions; '
        f'at most {_MAX_REVISIONS}.',
        10,
        value='N',
        read=revisions,
        group='Guards',
        stored='max_revisions',
    )

    @classmethod
    def rest(cls, argument: str, arguments: Sequence[str]) -> tuple[str, Any] | None:
        """Read reasons for languages, and the options of page generators."""
        from mw_tokens_plugin.cli.reasons import reason_text

        name, colon, text = argument.partition(':')
        if colon and (found := _REASON.fullmatch(name)):
            try:
                return 'reasons', (
                    found[1].lower().replace('_', '-'),
                    reason_text(text),
                )
            except ValueError as error:
                raise InvalidInput(f'{name}: {error}') from None
        from pywikibot.pagegenerators import parameterHelp

        more = {'-category', '-linksearch'}
        if name not in {*more, *re.findall(r'(?<!\S)-[a-z]+', parameterHelp)}:
            return None
        if not any(word.startswith('-wikis:') for word in arguments):
            raise InvalidInput(
                f'{name} lists pages of each of -wikis: give -wikis:A,B or -wikis:all.'
            )
        if name == '-linksearch':
            from mw_tokens_plugin.cli.recorded import domain

            try:
                place = domain(text)
            except ValueError as error:
                raise InvalidInput(f'{argument}: {error}') from None
            if place.wiki:
                raise InvalidInput(f'{argument}: -wikis says on which wikis.')
            argument = f'{name}:{place.what}'
        return 'generators', argument

    def check(self) -> None:
        """Refuse what does not go together."""
        codes = [code for code, _ in self.reasons]
        for code in codes:
            if codes.count(code) > 1:
                raise InvalidInput(f'-reason-{code} is given twice: give it once.')


def searches(run: Run[Options]) -> Searches:
    """Return what looks for pages, and tells where it cannot."""
    from mw_tokens_plugin.targets.pagelists import Searches
    from mw_tokens_plugin.targets.wikis import Wikis

    def tell(wiki: str, why: str) -> None:
        line = message('crosswiki_delete-unreachable', wiki=wiki, why=why)
        run.reporter.line(line, urgent=True)

    options = run.options
    return Searches(
        Wikis(run.site),
        options.generators,
        title_matches=options.title_matches or '',
        unreachable=tell,
    )


def targets(run: Run[Options]) -> Listing:
    """List the pages that the command line names, and searches to be made later."""
    from mw_tokens_plugin.targets.temporaryaccounts import lines_about_addresses

    options = run.options
    search = run.shared(searches)
    wikis = search.wikis
    name = run.new_name()
    scope = stored_scope(options, wikis)
    path = Path(options.to_revert or usual_path(name)) if options.from_user else None
    pages = run.named(search.page)

    def listed() -> Iterator[str]:
        with pages_to_revert(run, path, 'overwrite') as search.left:
            yield from pages
            named, skipped = scope['wikis'], scope['not_wikis']
            yield from found_by_search(run, search, named, skipped)

    def found() -> Iterator[str]:
        return search.with_talk_pages(listed()) if options.talk else listed()

    return CampaignScript.Listing(
        found(),
        name=name,
        stored={
            'reasons': dict(options.reasons),
            **scope,
            **store_hidden(run, options.from_user),
        },
        lines=lines_about_addresses(run.site, options.from_user),
        counted=lambda number: message(
            'crosswiki_delete-pages', number=number - len(search.problems)
        ),
        existing=lambda names: existing_pages(wikis, names),
    )


def found_by_search(
    run: Run[Options], search: Searches, named: list[str], skipped: list[str]
) -> Iterator[str]:
    """Yield what is found on wikis, and searches that cannot be made now.

    :param named: the wikis of ``-wikis``; empty for all on which there is an account
    :param skipped: those of ``-not-wikis``
    """
    from mw_tokens_plugin.targets.lists import valid_names

    options = run.options
    for name in options.from_user:
        # It may be attached where the operator is not.
        pages = search.created_by(name, named or None, without=skipped)
        yield from valid_names(pages, skip=False)
    if not (options.same_title or options.generators):
        return
    databases = [d for d in named or search.wikis if d not in skipped]
    for title in options.same_title:
        pages = search.of_title(databases, title)
        yield from valid_names(pages, skip=options.skip_bad_lines)
    if options.generators:
        yield from valid_names(search.generated(databases), skip=False)


def search_again(run: Run[Options], campaign: Campaign) -> Campaign:
    """List what is found by searches that could not be made before."""
    from mw_tokens_plugin.campaign.records import State
    from mw_tokens_plugin.targets.lists import valid_names
    from mw_tokens_plugin.targets.pagenames import search_in

    campaign = skip_wikis(run, campaign, run.shared(searches).wikis)
    campaign = keep_hidden(run, campaign, campaign.options.get('begun_by') or ())
    sealer, search = run.sealer(campaign), run.shared(searches)
    listed = run.ledger.targets(campaign, State.LISTED)
    names = [t.name for t in listed if search_in(t.name) and sealer.vouched(t)]
    if not names:
        return campaign
    sealer.begin()
    search.generators = campaign.options.get('generators', ())
    search.title_matches = campaign.options.get('title_matches') or ''
    # Where it is written is not stored: others may write the ledger.
    users = any(found[1] == 'from-user' for found in map(search_in, names) if found)
    path = usual_path(campaign.name) if users else None
    with pages_to_revert(run, path, 'append') as search.left:
        pages = valid_names(search.again(names), skip=True)
        if campaign.options.get('talk'):
            pages = search.with_talk_pages(pages)
        sealer.count(run.ledger.add(campaign, pages, sealer.listed))
    return campaign


def tell_unknown(run: Run[Options], campaign: Campaign) -> Campaign:
    """Tell of pages of which it is not known whether they were deleted."""
    undone, _ = run.undone(campaign)
    campaign = keep_hidden(run, campaign, undone.options.get('begun_by') or ())
    for target in run.ledger.targets(undone):
        if run.options.undo and target.decision.facts.get('unknown'):
            line = message('crosswiki_delete-unknown', page=target.name)
            run.reporter.line(line, urgent=True)
    return skip_wikis(run, campaign, run.shared(searches).wikis)


def existing_pages(wikis: Wikis, names: Iterable[str]) -> Iterator[str]:
    """Yield the pages that exist, and those of wikis that do not answer."""
    from mw_tokens_plugin.targets.pagenames import split
    from mw_tokens_plugin.targets.pages import read_pages

    groups: dict[str, list[str]] = {}
    for name in names:
        groups.setdefault(split(name)[0], []).append(name)

    def existing(database: str) -> list[str]:
        titles = [split(name)[1] for name in groups[database]]
        pages = read_pages(wikis.site(database), titles)
        found = zip(groups[database], pages, strict=True)
        return [name for name, page in found if page.exists]

    for database, result in wikis.search(groups, existing):
        yield from groups[database] if isinstance(result, Exception) else result


def usual_path(campaign: str) -> Path:
    """Return where the pages are written that accounts have only edited or moved."""
    from pywikibot import config

    return Path(config.datafilepath('campaigns', f'{campaign}.to-revert.txt'))


@contextmanager
def pages_to_revert(
    run: Run[Options], path: Path | None, mode: Literal['append', 'overwrite']
) -> Iterator[Any]:
    """Yield what writes down the pages that accounts have only edited or moved."""
    if path is None:
        yield lambda page: None
        return
    file = open_private(path, mode)

    def write(page: str) -> None:
        with naming(path):
            print(page.replace(':', '\t', 1), file=file)

    try:
        yield write
    finally:
        with naming(path):
            file.close()
        run.reporter.line(message('crosswiki_delete-to-revert', file=path))


def delete(run: Run[Options], campaign: Campaign) -> CrosswikiDelete:
    """Return what a campaign does."""
    from mw_tokens_plugin.actions.pagedelete import CrosswikiDelete, PageGuards

    stored, search = run.stored(campaign), run.shared(searches)
    again = run.is_started(campaign)
    # Older versions stored some of them in a place of their own.
    old = stored.get('guards', {})
    limits = {**stored, **old}
    not_wikis = {*stored.get('not_wikis', ()), *old.get('not_wikis', ())}
    guards = PageGuards(
        max_authors=limits['max_authors'],
        max_revisions=limits['max_revisions'],
        begun_by=frozenset(limits['begun_by']),
        only_author=limits['only_author'],
        talk=limits['talk'],
        wikis=frozenset(limits.get('wikis', ())),
        excluded=frozenset(limits.get('excluded', ())),
        not_wikis=frozenset(not_wikis),
    )
    return CrosswikiDelete(
        search.wikis,
        reason=campaign.reason,
        reasons=stored['reasons'],
        tags=stored['tags'],
        guards=guards,
        scope=scope_of(campaign, search.wikis),
        again=again,
        problems=search.problems,
        recorded=lambda names: run.ledger.named(campaign, names) if again else {},
    )


def undo_delete(run: Run[Options], campaign: Campaign) -> UndoCrosswikiDelete:
    """Return what a campaign does that undoes another one."""
    from mw_tokens_plugin.actions.pagerestore import UndoCrosswikiDelete

    _, recorded = run.undone(campaign)
    return UndoCrosswikiDelete(
        run.shared(searches).wikis,
        reason=campaign.reason,
        recorded=recorded,
        again=run.is_started(campaign),
        not_wikis=frozenset(campaign.options.get('not_wikis', ())),
    )


SCRIPT = CampaignScript(
    'crosswiki_delete',
    Options,
    targets,
    {
        'crosswiki_delete': Kind(
            delete,
            module='delete',
            rights={'delete': 'delete'},
            by_wiki=True,
            undo='undo_crosswiki_delete',
            before=search_again,
            skips_listed=True,
            stored={
                'reasons': {str: str},
                **STORED,
                **STORED_HIDDEN,
                'guards?': {
                    'max_authors?': int,
                    'max_revisions?': range(_MAX_REVISIONS + 1).__contains__,
                    'wikis?': [str],
                    'begun_by?': [str],
                    'excluded?': [str],
                    'not_wikis?': [str],
                },
            },
        ),
        'undo_crosswiki_delete': Kind(
            undo_delete,
            module='undelete',
            rights={'undelete': 'delete', 'deletedhistory': 'delete'},
            by_wiki=True,
            before=tell_unknown,
            stored={'not_wikis?': [str], **STORED_HIDDEN},
        ),
    },
    noun='page',
    names='interwiki links or URLs',
    opposite='pwb crosswiki_delete -undo:CAMPAIGN',
)
main = SCRIPT.main

if __name__ == '__main__':
    sys.exit(main())
