"""What the functions of a campaign script get: one run of it.

It has the options, the central wiki and the ledger. What a run does, from the login to
the exit code, is in :mod:`.command`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, nullcontext
from datetime import datetime, timezone
from typing import Any, Generic, TypeVar

from mw_tokens_plugin.campaign import workers
from mw_tokens_plugin.campaign.ledger import Ledger
from mw_tokens_plugin.campaign.records import Campaign, State, Target
from mw_tokens_plugin.campaign.report.console import Reporter, terminal
from mw_tokens_plugin.campaign.sealcontent import agreed
from mw_tokens_plugin.campaign.seals import Sealer
from mw_tokens_plugin.campaign.undone import Undone
from mw_tokens_plugin.cli.declaration import Kind
from mw_tokens_plugin.cli.ledgers import check_secrecy, found, open_ledger, sealer_of
from mw_tokens_plugin.cli.lines import Lines
from mw_tokens_plugin.cli.options import CampaignOptions
from mw_tokens_plugin.cli.storedoptions import with_defaults
from mw_tokens_plugin.cli.targetlists import TargetLists
from mw_tokens_plugin.cli.whereabouts import site_of
from mw_tokens_plugin.exceptions import InvalidInput
from mw_tokens_plugin.site.mixins import TypedSite
from mw_tokens_plugin.targets.lists import Parse

__all__ = ['Opt', 'Run', 'T']

T = TypeVar('T')
#: The options of a script.
Opt = TypeVar('Opt', bound=CampaignOptions, covariant=True)


class Run(Generic[Opt]):
    """One run of a campaign script.

    .. version-added:: 0.1

    :ivar options: what the command line asks for
    :ivar kinds: the kinds of campaigns of the script
    :ivar site: the central wiki
    :ivar ledger: the record of all campaigns
    :ivar reporter: what shows the campaign to the operator
    :ivar lines: the commands that are printed
    :ivar lists: the lists that the command line names
    :ivar active: the run that is active on a campaign since this one made it
    """

    def __init__(
        self,
        name: str,
        kinds: Mapping[str, Kind],
        options: Opt,
        *,
        beside: Run[Any] | None = None,
    ) -> None:
        """Open site and ledger.

        What resumes a campaign, or undoes one, does so on that campaign's own wiki,
        whatever the default one is.

        :param name: that of the script
        :param beside: another run in this process, which has opened them
        """
        self.options = options
        self.kinds = kinds
        self.lines = Lines(options, name)
        self.reporter = Reporter(terminal(), quiet=options.quiet)
        old = options.campaign if options.resume else options.undo
        self.site: TypedSite
        self.ledger: Ledger
        if beside is not None:
            self.site, self.ledger = beside.site, beside.ledger
        elif old is None:
            self.site = site_of(None, options.arguments)
            self.ledger = open_ledger(options)
            if options.hides_names:
                try:
                    check_secrecy(options, self.ledger)
                except InvalidInput:
                    self.ledger.close()
                    raise
        else:
            self.ledger = open_ledger(options, create=False)
            try:
                self.site = site_of(self.ledger.find(old), options.arguments)
            except BaseException:
                self.ledger.close()
                raise
        self.lists = TargetLists(options, self.site)
        self.active: workers.ActiveRun | None = None
        self._shared: dict[Callable[[Any], Any], Any] = {}

    @property
    def kind(self) -> str:
        """The kind of new campaigns."""
        return next(iter(self.kinds))

    def close(self) -> None:
        """Close the ledger."""
        self.ledger.close()

    def named(
        self, parse: Parse | None = None, *, numbers: bool = False
    ) -> Iterator[str]:
        """Return the targets that are given as arguments, in files and on stdin.

        :param parse: reads one target, or several; without it they are accounts
        :param numbers: whether numbers of blocks are targets, as ``#41``
        :raises InvalidInput: when iterated, if there are bad lines that are not to be
            skipped
        """
        return self.lists.named(parse, numbers=numbers)

    def standing(self, *, hidden: bool = False) -> list[str]:
        """Return the names in standing lists that may be newer than a plan.

        :param hidden: whether bad lines are not shown
        :raises InvalidInput: a list cannot be read, or a line of it
        """
        return self.lists.skipped(hidden=hidden) if self.options.resume else []

    def stored(self, campaign: Campaign) -> dict[str, Any]:
        """Return the options that a campaign has, or would have had by default."""
        return with_defaults(type(self.options), campaign)

    def undone(
        self, campaign: Campaign
    ) -> tuple[Campaign, Callable[..., dict[str, Target]]]:
        """Return the campaign that one undoes, and what tells its record by names.

        :raises StoppedByGuard: the record is not what it was when the undo was made
        :raises InvalidInput: it undoes none, or one that is not there
        """
        name = campaign.options.get('undone')
        if name is None:
            raise InvalidInput(
                f'The campaign {campaign.name!r} does not say which one it undoes: '
                'somebody has changed it by hand. Nothing was sent.'
            )
        undone = found(self.ledger, name)
        return undone, Undone(self.ledger, campaign, undone).named

    def is_started(self, campaign: Campaign) -> bool:
        """Tell whether any target of a campaign was decided on before."""
        counts = self.ledger.counts(campaign)
        return any(counts[state] for state in State if state is not State.LISTED)

    def shared(self, make: Callable[[Any], T]) -> T:
        """Return what a function makes for this run; it is called once."""
        if make not in self._shared:
            self._shared[make] = make(self)
        made: T = self._shared[make]
        return made

    def new_name(self, kind: str = '') -> str:
        """Return the name for a new campaign, of the script's first kind by default."""
        # To the microsecond: two runs may start in the same second.
        moment = f'{datetime.now(timezone.utc):%Y%m%d-%H%M%S-%f}'
        return self.options.campaign or f'{kind or self.kind}-{moment}'

    def sealer(self, campaign: Campaign) -> Sealer:
        """Return what seals a campaign with the operator's key."""
        return sealer_of(self.ledger, campaign, self.site)

    def ended(self, campaign: Campaign) -> Campaign:
        """Return a campaign as it is after the run, but for what was agreed to."""
        return agreed(campaign, found(self.ledger, campaign.name))

    def active_on(self, campaign: Campaign) -> AbstractContextManager[object]:
        """Be active on a campaign, unless this run is since it made it.

        :raises CampaignBusy: another run is active on it
        """
        if self.active is not None and self.active.is_of(campaign):
            return nullcontext()
        return workers.at_work(
            self.ledger, campaign, account=campaign.operator, workers=0
        )
