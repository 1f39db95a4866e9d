"""The lists that a command line names: targets, and what is always skipped.

How a line is read is left to :mod:`mw_tokens_plugin.targets`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from mw_tokens_plugin.campaign.ledger import Ledger
from mw_tokens_plugin.campaign.records import Campaign
from mw_tokens_plugin.campaign.report.console import Reporter
from mw_tokens_plugin.cli.declaration import Listing
from mw_tokens_plugin.cli.options import CampaignOptions
from mw_tokens_plugin.messages import message
from mw_tokens_plugin.protocol.names import AccountKind
from mw_tokens_plugin.site.mixins import TypedSite
from mw_tokens_plugin.site.settings import settings
from mw_tokens_plugin.targets.exclusions import Exclusions
from mw_tokens_plugin.targets.lists import ListReader, Parse, Source, valid_names


class TargetLists:
    """The lists of one command line, read once each."""

    def __init__(self, options: CampaignOptions, site: TypedSite) -> None:
        """Read nothing yet.

        :param site: the central wiki, which says how names of accounts are written
        """
        self._options = options
        self._site = site
        self._parse: Parse | None = None
        self._reader: ListReader | None = None
        self._exclusions = Exclusions()

    def named(self, parse: Parse | None, *, numbers: bool) -> Iterator[str]:
        """Return the targets that are given as arguments, in files and on stdin.

        :param parse: reads one target, or several; without it they are accounts
        :param numbers: whether numbers of blocks are targets
        :raises InvalidInput: when iterated, if there are bad lines that are not to be
            skipped
        """
        options, self._parse = self._options, parse
        reader = self._reader = ListReader(
            parse, column=options.column, numbers=numbers, **self._spelling()
        )

        entries = reader.entries(options.names, options.file, stdin=options.stdin)
        return valid_names(
            entries, skip=options.skip_bad_lines, hidden=options.hides_names
        )

    def skipped(self, *, hidden: bool) -> list[str]:
        """Return the targets in the files of ``-not`` and in standing lists.

        :param hidden: whether bad lines are not shown
        :raises InvalidInput: a list cannot be read, or a line of it
        """
        # Those of user-config.py name accounts.
        standing = settings.protected if self._parse is None else ()
        self._exclusions = Exclusions.read(
            self._options.not_,
            [*standing, *self._options.protect],
            self._parse,
            hidden=hidden,
            **self._spelling(),
        )
        return self._exclusions.names

    def check_skipped(
        self, ledger: Ledger, campaign: Campaign, listing: Listing
    ) -> Iterable[str]:
        """Look for what is skipped among the targets, and yield messages about it.

        :param listing: says what may be skipped without being a target
        :raises InvalidInput: an entry would protect nobody
        """
        hidden = self._options.hides_names
        return self._exclusions.check(
            ledger,
            campaign,
            listing.existing,
            hidden=hidden,
            covering=listing.covering,
        )

    def show(self, reporter: Reporter) -> None:
        """Tell how the lines of all lists of targets were read."""
        shown = reporter.interactive and not self._options.hides_names
        for line in lines_about(self._reader.sources if self._reader else (), shown):
            reporter.line(line)

    def _spelling(self) -> dict[str, Any]:
        """Return how names are written on the wiki."""
        if self._parse is not None:
            return {}
        return {'capital': self._site.first_letter, 'english': self._site.in_english}


def lines_about(sources: Iterable[Source], shown: bool) -> Iterator[str]:
    """Yield how the lines of lists were read.

    :param sources: the lists
    :param shown: whether lines are shown that contain more than a name
    """
    for source in sources:
        kinds, count = source.kinds, source.interpreted
        others = source.comments + source.markup + source.refused + count
        if source.title == 'argument' and not others:
            continue
        about = {
            word: getattr(source, word)
            for word in ('names', 'comments', 'markup', 'refused')
        }
        yield message('campaign-source', source=source.title, **about)
        temporary = kinds.get(AccountKind.TEMPORARY, 0)
        addresses = kinds.get(AccountKind.IP, 0)
        if temporary or addresses:
            about = {'temporary': temporary, 'addresses': addresses}
            yield message('campaign-source-kinds', **about)
        if not count:
            continue
        if not shown:
            yield message('campaign-interpreted', number=count)
            continue
        for line, names in source.shown:
            yield message('campaign-interpreted-line', line=line, names=names)
        if more := count - len(source.shown):
            yield message('campaign-interpreted-more', number=more)
