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
                  codes, or "all" on which you have an account.

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
wiki set), its pages are held back, unless -wikis names it. A file goes with its page,
in all its versions; files that have hidden versions or no page are held back.

&campaign;

.. version-added:: 0.1
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TextIO

import pywikibot
from pywikibot import config
from pywikibot.pagegenerators import parameterHelp

from mw_tokens_plugin.campaign.arguments import check_arguments, options_in
from mw_tokens_plugin.campaign.crosswiki import (
    MOST_REVISIONS,
    CrosswikiDelete,
    PageGuards,
    UndoCrosswikiDelete,
)
from mw_tokens_plugin.campaign.launch import ExitCode, handle_args, run_script
from mw_tokens_plugin.campaign.ledger import Ledger
from mw_tokens_plugin.campaign.login import log_in
from mw_tokens_plugin.campaign.options import (
    HELP,
    SharedOptions,
    checked_reason,
    found,
    not_understood,
    number,
)
from mw_tokens_plugin.campaign.pagelists import (
    begun_by,
    generated,
    of_title,
)
from mw_tokens_plugin.campaign.pages import read_pages
from mw_tokens_plugin.campaign.privatefiles import expanded, open_private
from mw_tokens_plugin.campaign.records import Campaign
from mw_tokens_plugin.campaign.report import Reporter
from mw_tokens_plugin.campaign.targets import valid_names
from mw_tokens_plugin.campaign.wikis import Wikis, split
from mw_tokens_plugin.exceptions import InvalidInput
from mw_tokens_plugin.messages import said
from mw_tokens_plugin.protocol.names import normalise_name

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
    _check(options)
    reporter = options.reporter()
    site = pywikibot.Site().central_site()
    ledger = options.open_ledger()
    try:
        log_in(site, (), '')
        wikis = Wikis(site)
        if options.resume:
            campaign = options.resumed(ledger, site, _KINDS)
            options.check_seen(ledger, campaign)
        elif options.undo is not None:
            campaign = _begin_undo(ledger, site, options)
        else:
            campaign = _begin(ledger, wikis, options, reporter)
        return options.carry_out(
            _SCRIPT,
            ledger,
            campaign,
            _action(ledger, wikis, campaign),
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
        repeatable=['-from-user', '-same-title', '-wikis', '-tags'],
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
                options.wikis += filter(None, value.split(','))
            case _, True if language:
                code = language[1].lower().replace('_', '-')
                if code in options.reasons:
                    raise InvalidInput(f'{name} is given twice: give it once.')
                options.reasons[code] = checked_reason(name, value)
            case '-tags', True:
                options.tags += filter(None, value.split(','))
            case '-max-authors', True:
                options.max_authors = number(name, value)
            case '-max-revisions', True:
                options.max_revisions = number(name, value)
            case _ if not options.take(argument):
                options.generators.append(argument)
    return options


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


def _begin(
    ledger: Ledger, wikis: Wikis, options: Options, reporter: Reporter
) -> Campaign:
    name = options.new_name(CrosswikiDelete.kind)
    named = [] if 'all' in options.wikis else list(map(wikis.database, options.wikis))
    guards = {
        key: value
        for key in ('max_authors', 'max_revisions')
        if (value := getattr(options, key)) is not None
    }
    with _to_revert(options, name, reporter) as left:
        pages = _named(wikis, options, named, reporter, left)
        campaign, count = options.begin(
            ledger,
            wikis.home,
            CrosswikiDelete.kind,
            pages,
            {
                'reasons': options.reasons,
                'tags': options.tags,
                'guards': {
                    **guards,
                    'wikis': named,
                    'begun_by': options.users,
                    'excluded': options.excluded(wikis.page),
                },
                'untrusted': options.is_chosen_by_others,
            },
            reporter=reporter,
            name=name,
            exist=lambda names: _existing(wikis, names),
        )
    reporter.line(said('crosswiki_delete-pages', number=count))
    return campaign


def _named(
    wikis: Wikis,
    options: Options,
    named: list[str],
    reporter: Reporter,
    left: TextIO | None,
) -> Iterator[str]:
    """Yield all pages that the command line names.

    :param named: the wikis of ``-wikis``; empty for all on which there is an account
    """
    databases = named or list(wikis)
    yield from options.named(wikis.page)
    for user in options.users:
        yield from begun_by(
            wikis,
            user,
            databases=named,
            left=lambda page: print(page.replace(':', '\t', 1), file=left),
            unreachable=lambda wiki, why: reporter.line(
                said('crosswiki_delete-unreachable', wiki=wiki, why=why), urgent=True
            ),
        )
    for title in options.titles:
        pages = of_title(wikis, databases, title)
        yield from valid_names(pages, skip=options.skip_bad_lines)
    if options.generators:
        yield from generated(wikis, databases, options.generators)


def _existing(wikis: Wikis, names: Iterable[str]) -> Iterator[str]:
    """Yield the pages that exist."""
    groups: dict[str, dict[str, str]] = {}
    for name in names:
        database, title = split(name)
        groups.setdefault(database, {})[name] = title
    for database, titles in groups.items():
        found = read_pages(wikis.site(database), list(titles.values()))
        yield from (n for n, page in zip(titles, found, strict=True) if page.exists)


@contextmanager
def _to_revert(
    options: Options, name: str, reporter: Reporter
) -> Iterator[TextIO | None]:
    """Yield the file for the pages that accounts have merely edited or moved."""
    if not options.users:
        yield None
        return
    path = Path(
        options.to_revert or config.datafilepath('campaigns', f'{name}.to-revert.txt')
    )
    with open_private(path, 'overwrite') as file:
        try:
            yield file
        finally:
            reporter.line(said('crosswiki_delete-to-revert', file=path))


def _begin_undo(ledger: Ledger, site: Any, options: Options) -> Campaign:
    undone = found(ledger, options.undo or '')
    if undone.action != CrosswikiDelete.kind:
        raise InvalidInput(f'The campaign {undone.name!r} has deleted no pages.')
    return options.begin_undo(ledger, site, UndoCrosswikiDelete.kind, undone)


def _action(
    ledger: Ledger, wikis: Wikis, campaign: Campaign
) -> CrosswikiDelete | UndoCrosswikiDelete:
    """Return what a campaign does, as the ledger has it."""
    stored = campaign.options
    if campaign.action == UndoCrosswikiDelete.kind:
        undone = found(ledger, stored['undone'])
        return UndoCrosswikiDelete(
            wikis,
            reason=campaign.reason,
            recorded=lambda names: ledger.named(undone, names),
        )
    guards: dict[str, Any] = {
        key: frozenset(value) if isinstance(value, list) else value
        for key, value in stored['guards'].items()
    }
    return CrosswikiDelete(
        wikis,
        reason=campaign.reason,
        reasons=stored['reasons'],
        tags=stored['tags'],
        guards=PageGuards(**guards),
    )


if __name__ == '__main__':
    sys.exit(main())
