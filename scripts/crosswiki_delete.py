#!/usr/bin/env python3
"""Delete pages on many wikis with one login, with a plan, guards and an undo.

The script logs in to the central wiki of the farm, and acts on all others through that
login. It shows a plan, asks for confirmation, and can be stopped or killed at any
moment and resumed: nothing is done twice.

Pages are given as arguments (interwiki links or URLs), or by:

-file:FILE        Pages in a file in UTF-8, one a line: wiki and title with a tabulator
                  between them, database:Title, an interwiki link, or a URL. "# " begins
                  a comment.

-                 The same from standard input; -always or -simulate is required.

-from-user:NAME   Pages that this account has begun, on all wikis where it is attached,
                  or on those of -wikis. It may be an IP address or a temporary account.

-to-revert:FILE   With -from-user: where to write the pages that the account has merely
                  edited or moved; by default beside the ledger of pywikibot.

-same-title:TITLE The page of this title on each of -wikis.

-wikis:A,B        Wikis for -same-title and for page generators: database names or
                  codes, or "all" on which you have an account. Pages of a list on other
                  wikis are held back.

-not-wikis:A,B    Leave these wikis out. With -resume, what is still to be done there is
                  skipped for good, such as pages of a wiki that is closed or gone.

All page generators and filters of pywikibot can be given too (-prefixindex:, -search:,
-ns:, ...), and list the pages of each of -wikis.

Others can choose what all of these but written lists find, so they never run on -always
alone: -simulate keeps the plan, somebody looks at it, and -resume -always carries out
exactly that.

What is done, and why:

-reason:TEXT      The reason for the log. It is required, though it may be empty;
                  -summary:TEXT is the same.

-reason-CODE:TEXT The same for wikis in that language, such as -reason-de:TEXT.

-tags:A,B         Change tags for the log entries; each wiki must know them.

-undo:CAMPAIGN    Restore the revisions and file versions that a campaign has deleted,
                  and only those.

Guards:

-not:FILE         Pages that are to be skipped in this run, in a file like that of
                  -file. Each must be a target or a page that exists.

-protect:FILE     The same as a standing list, which may name any pages.

-max-authors:N    Hold back pages with more than N authors, among whom are those who
                  uploaded versions of a file; default 1.

-max-revisions:N  Hold back pages with more than N revisions, and files with more than N
                  versions; default 10, at most 50.

-max:N            Refuse a plan with more than N pages. Without a terminal it is 100
                  unless given.

Where the right to delete is none of your global groups' on a wiki (it is outside their
wiki set), its pages are held back, unless -wikis names it. A wiki that does not answer
or is read-only is skipped by name, and the others are done; "pwb campaign retry-failed"
looks there again. A file goes with its page,
in all its versions; files that have hidden versions or no page are held back.

&campaign;

.. version-added:: 0.1
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from pywikibot import config
from pywikibot.pagegenerators import parameterHelp

from mw_tokens_plugin.actions.pagedelete import (
    MOST_REVISIONS,
    CrosswikiDelete,
    PageGuards,
    UndoCrosswikiDelete,
)
from mw_tokens_plugin.campaign.ledger import Ledger
from mw_tokens_plugin.campaign.records import (
    Campaign,
    Decision,
    SkipReason,
    State,
)
from mw_tokens_plugin.campaign.report.console import Reporter
from mw_tokens_plugin.campaign.undone import Undone
from mw_tokens_plugin.cli.arguments import check_arguments, options_in
from mw_tokens_plugin.cli.launch import ExitCode, handle_args, run_script
from mw_tokens_plugin.cli.login import log_in
from mw_tokens_plugin.cli.options import (
    HELP,
    SharedOptions,
    checked_reason,
    found,
    not_understood,
    number,
)
from mw_tokens_plugin.exceptions import InvalidInput
from mw_tokens_plugin.messages import message
from mw_tokens_plugin.privatefiles import expanded, naming, open_private
from mw_tokens_plugin.protocol.names import normalise_name
from mw_tokens_plugin.targets.lists import valid_names
from mw_tokens_plugin.targets.pagelists import Searches
from mw_tokens_plugin.targets.pages import read_pages
from mw_tokens_plugin.targets.wikis import Wikis, search_in, split

#: What pywikibot's -help puts into the docstring.
docuReplacements = {'&campaign;': HELP.strip('\n')}

_SCRIPT = 'crosswiki_delete'
_REASON = re.compile(r'-reason-([A-Za-z_-]+):')
#: Page generators and filters of pywikibot, by its help.
_GENERATORS = {'-category', *re.findall(r'(?<!\S)-[a-z]+', parameterHelp)}
_KINDS = (CrosswikiDelete.kind, UndoCrosswikiDelete.kind)


@dataclass
class Options(SharedOptions):
    """What the command line asks for."""

    users: list[str] = field(default_factory=list)
    to_revert: str | None = None
    titles: list[str] = field(default_factory=list)
    wikis: list[str] = field(default_factory=list)
    not_wikis: list[str] = field(default_factory=list)
    generators: list[str] = field(default_factory=list)
    reasons: dict[str, str] = field(default_factory=dict)
    tags: list[str] = field(default_factory=list)
    max_authors: int | None = None
    max_revisions: int | None = None

    @property
    def is_chosen_by_others(self) -> bool:
        """Whether others can add to the pages that it names."""
        return bool(self.users or self.titles or self.generators)

    @property
    def names_pages(self) -> bool:
        """Whether it names any pages."""
        return self.is_chosen_by_others or bool(
            self.targets or self.files or self.stdin
        )


def main(*args: str) -> ExitCode:
    """Run the script.

    :param args: command line arguments; those of the process if none are given
    :return: the exit code
    """
    return run_script(
        _run,
        args,
        script=__file__,
        name='crosswiki_delete',
        opposite='pwb crosswiki_delete -undo:CAMPAIGN',
    )


def _run(arguments: list[str]) -> ExitCode:
    options = parse(handle_args(arguments))
    options.arguments = arguments
    _check(options)
    reporter = options.reporter()
    site, ledger = options.open_all()
    try:
        log_in(site, (), '')
        wikis = Wikis(site)
        searches = _searches(wikis, options, reporter)
        if options.resume:
            campaign = options.resumed(ledger, site, _KINDS)
            options.check_seen(ledger, campaign)
            campaign = _leave_out(ledger, wikis, campaign, options)
            _search_again(ledger, campaign, searches, options, reporter)
        elif options.undo is not None:
            campaign = _begin_undo(ledger, wikis, options, reporter)
        else:
            campaign = _begin(ledger, searches, options, reporter)
        return options.carry_out(
            _SCRIPT,
            ledger,
            campaign,
            _action(ledger, searches, campaign),
            site,
            reporter,
            can_undo=campaign.action == CrosswikiDelete.kind,
            side_by_side=True,
        )
    finally:
        ledger.close()


def parse(args: Iterable[str]) -> Options:
    """Read the command line.

    :param args: what pywikibot has left of it
    :raises InvalidInput: it cannot be understood
    """
    options = Options()
    args = list(args)
    check_arguments(
        (argument for argument in args if not _REASON.match(argument)),
        options_in(__doc__) | options_in(HELP),
        script=f'pwb {_SCRIPT}',
        repeatable=['-from-user', '-same-title', '-wikis', '-not-wikis', '-tags'],
        others=_GENERATORS if any(a.startswith('-wikis:') for a in args) else (),
    )
    for argument in args:
        name, colon, value = argument.partition(':')
        language = _REASON.match(argument)
        match name, bool(colon):
            case '-from-user', True:
                options.users.append(_user(value))
            case '-to-revert', True:
                options.to_revert = expanded(value)
            case '-same-title', True:
                options.titles.append(value)
            case '-wikis', True:
                options.wikis += _separated(value)
            case '-not-wikis', True:
                options.not_wikis += _separated(value)
            case _, True if language:
                code = language[1].lower().replace('_', '-')
                if code in options.reasons:
                    raise InvalidInput(f'{name} is given twice: give it once.')
                options.reasons[code] = checked_reason(name, value)
            case '-tags', True:
                options.tags += _separated(value)
            case '-max-authors', True:
                options.max_authors = number(name, value)
            case '-max-revisions', True:
                options.max_revisions = number(name, value)
            case _ if not options.take(argument):
                options.generators.append(argument)
    return options


def _separated(value: str) -> list[str]:
    return [word for each in value.split(',') if (word := each.strip())]


def _user(value: str) -> str:
    name = normalise_name(value)
    if '/' in name:
        raise InvalidInput(f'-from-user:{value}: give single addresses, not a range.')
    return name


def _check(options: Options) -> None:
    """Refuse what does not go together, before anything is sent."""
    if options.generators and not options.wikis:
        raise not_understood(_SCRIPT, options.generators[0])
    options.check(
        new=options.names_pages,
        how='No pages were named: give interwiki links or URLs, -file:FILE, '
        '-from-user:NAME, -same-title:TITLE or a page generator with -wikis:, or - for '
        'standard input.',
    )
    given = (options.wikis, options.reasons, options.tags)
    limits = {options.max_authors, options.max_revisions}
    if not options.names_pages and (any(given) or limits != {None}):
        raise InvalidInput(
            '-wikis, -reason-CODE, -tags, -max-authors and -max-revisions belong to a '
            'new plan, not to -resume or -undo.'
        )
    if options.titles and not options.wikis:
        raise InvalidInput('-same-title needs -wikis:, or -wikis:all.')
    if options.to_revert is not None and not options.users:
        raise InvalidInput('-to-revert needs a -from-user:NAME.')
    if (options.max_revisions or 0) > MOST_REVISIONS:
        raise InvalidInput(
            f'-max-revisions is {MOST_REVISIONS} at most: -undo could not restore more.'
        )
    options.check_reason()
    if options.is_chosen_by_others:
        options.check_looked_at('-from-user, -same-title and page generators')
    options.check_consent()


def _searches(wikis: Wikis, options: Options, reporter: Reporter) -> Searches:
    """Return what looks for pages, and says so where it cannot."""
    return Searches(
        wikis,
        options.generators,
        unreachable=lambda wiki, why: reporter.line(
            message('crosswiki_delete-unreachable', wiki=wiki, why=why), urgent=True
        ),
    )


def _begin(
    ledger: Ledger, searches: Searches, options: Options, reporter: Reporter
) -> Campaign:
    wikis = searches.wikis
    name = options.new_name(CrosswikiDelete.kind)
    left_out = sorted(set(map(wikis.database, options.not_wikis)))
    named = [] if 'all' in options.wikis else list(map(wikis.database, options.wikis))
    guards = {
        key: value
        for key in ('max_authors', 'max_revisions')
        if (value := getattr(options, key)) is not None
    }
    path = _to_revert_path(options, name)
    with _to_revert(path, 'overwrite', reporter) as searches.left:
        campaign, count = options.begin(
            ledger,
            wikis.home,
            CrosswikiDelete.kind,
            _named(searches, options, named, left_out),
            {
                'reasons': options.reasons,
                'tags': options.tags,
                'guards': {
                    **guards,
                    'wikis': named,
                    'not_wikis': left_out,
                    'begun_by': options.users,
                    'excluded': options.excluded(wikis.page),
                },
                'generators': options.generators,
                'untrusted': options.is_chosen_by_others,
            },
            reporter=reporter,
            name=name,
            exist=lambda names: _existing(wikis, names),
        )
    pages = count - len(searches.problems)
    reporter.line(message('crosswiki_delete-pages', number=pages))
    return campaign


def _named(
    searches: Searches, options: Options, named: list[str], left_out: list[str]
) -> Iterator[str]:
    """Yield all pages that the command line names, and searches to be made later.

    :param named: the wikis of ``-wikis``; empty for all on which there is an account
    :param left_out: those of ``-not-wikis``
    """
    wikis = searches.wikis
    yield from options.named(searches.page)
    if not options.is_chosen_by_others:
        return
    for user in options.users:
        # It may be attached where the operator is not.
        pages = searches.begun_by(user, named or None, without=left_out)
        yield from valid_names(pages, skip=False)
    if not (options.titles or options.generators):
        return
    databases = [d for d in named or wikis if d not in left_out]
    for title in options.titles:
        pages = searches.of_title(databases, title)
        yield from valid_names(pages, skip=options.skip_bad_lines)
    if options.generators:
        yield from valid_names(searches.generated(databases), skip=False)


def _search_again(
    ledger: Ledger,
    campaign: Campaign,
    searches: Searches,
    options: Options,
    reporter: Reporter,
) -> None:
    """List what is found by searches that this operator could not make before."""
    sealer = options.sealer(ledger, campaign, searches.wikis.home)
    listed = ledger.targets(campaign, State.LISTED)
    names = [t.name for t in listed if search_in(t.name) and sealer.vouched(t)]
    if not names:
        return
    sealer.begin()
    searches.generators = campaign.options.get('generators', ())
    # Where it is said nowhere: the ledger may be written by others.
    users = any(search[1] == 'from-user' for search in map(search_in, names) if search)
    path = _usual_to_revert(campaign.name) if users else None
    with _to_revert(path, 'append', reporter) as searches.left:
        pages = valid_names(searches.again(names), skip=True)
        ledger.add(campaign, pages, sealer.listed)


def _leave_out(
    ledger: Ledger, wikis: Wikis, campaign: Campaign, options: Options
) -> Campaign:
    """Skip for good what is to be done on the wikis of ``-not-wikis``.

    :raises CampaignBusy: another run is at work on it
    """
    if not options.not_wikis:
        return campaign
    open_states = (State.LISTED, State.PLANNED, State.LEASED)
    to_do = [t for state in open_states for t in ledger.targets(campaign, state)]
    known = {split(target.name)[0] for target in to_do}
    chosen = {w if w in known else wikis.database(w) for w in options.not_wikis}
    with options.busy_with(ledger, campaign):
        for target in to_do:
            wiki = split(target.name)[0]
            # What may have been sent is read first, as ever.
            if wiki in chosen and target.state is not State.LEASED:
                facts = {**target.decision.facts, 'wiki': wiki}
                skipped = Decision(
                    target.name, skipped=SkipReason.LEFT_OUT, facts=facts
                )
                ledger.decide(campaign, [skipped])
        stored = campaign.options.get('not_wikis', [])
        left_out = sorted({*stored, *chosen})
        return options.keep(ledger, campaign, wikis.home, 'not_wikis', left_out)


def _existing(wikis: Wikis, names: Iterable[str]) -> Iterator[str]:
    """Yield the pages that exist, and those of wikis that do not answer."""
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


def _to_revert_path(options: Options, name: str) -> Path | None:
    """Return where the pages are written that accounts have edited or moved."""
    if not options.users:
        return None
    return Path(options.to_revert or _usual_to_revert(name))


def _usual_to_revert(name: str) -> Path:
    return Path(config.datafilepath('campaigns', f'{name}.to-revert.txt'))


@contextmanager
def _to_revert(
    path: Path | None,
    mode: Literal['append', 'overwrite'],
    reporter: Reporter,
) -> Iterator[Callable[[str], None]]:
    """Yield what writes down the pages that accounts have merely edited or moved."""
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
        reporter.line(message('crosswiki_delete-to-revert', file=path))


def _begin_undo(
    ledger: Ledger, wikis: Wikis, options: Options, reporter: Reporter
) -> Campaign:
    undone = found(ledger, options.undo or '')
    if undone.action != CrosswikiDelete.kind:
        raise InvalidInput(f'The campaign {undone.name!r} has deleted no pages.')
    for target in ledger.targets(undone):
        if target.decision.facts.get('unknown'):
            line = message('crosswiki_delete-unknown', page=target.name)
            reporter.line(line, urgent=True)
    kind = UndoCrosswikiDelete.kind
    campaign = options.begin_undo(ledger, wikis.home, kind, undone)
    return _leave_out(ledger, wikis, campaign, options)


def _action(
    ledger: Ledger, searches: Searches, campaign: Campaign
) -> CrosswikiDelete | UndoCrosswikiDelete:
    """Return what a campaign does, as the ledger has it."""
    stored = campaign.options
    counts = ledger.counts(campaign)
    again = any(counts[state] for state in State if state is not State.LISTED)
    left_out = frozenset(stored.get('not_wikis', ()))
    if campaign.action == UndoCrosswikiDelete.kind:
        undone = found(ledger, stored['undone'])
        return UndoCrosswikiDelete(
            searches.wikis,
            reason=campaign.reason,
            recorded=Undone(ledger, campaign, undone).named,
            again=again,
            not_wikis=left_out,
        )
    guards: dict[str, Any] = {
        key: frozenset(value) if isinstance(value, list) else value
        for key, value in stored['guards'].items()
    }
    guards['not_wikis'] = guards.get('not_wikis', frozenset()) | left_out
    return CrosswikiDelete(
        searches.wikis,
        reason=campaign.reason,
        reasons=stored['reasons'],
        tags=stored['tags'],
        guards=PageGuards(**guards),
        again=again,
        problems=searches.problems,
        recorded=lambda names: ledger.named(campaign, names) if again else {},
    )


if __name__ == '__main__':
    sys.exit(main())
