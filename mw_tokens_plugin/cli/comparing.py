"""Telling an operator what others have deleted, changed or ended in a ledger.

What is sealed, and how that is compared, is in :mod:`mw_tokens_plugin.campaign.seals`.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from mw_tokens_plugin.campaign.records import Campaign
from mw_tokens_plugin.campaign.report.wording import colleagues_lines, compared_lines
from mw_tokens_plugin.campaign.seals import Sealer
from mw_tokens_plugin.campaign.tally import Comparison
from mw_tokens_plugin.cli.declaration import Kind
from mw_tokens_plugin.cli.options import CampaignOptions
from mw_tokens_plugin.cli.run import Run
from mw_tokens_plugin.exceptions import InvalidInput
from mw_tokens_plugin.protocol.display import displayable


@dataclass
class Comparing:
    """Compares a campaign in the ledger with what its operator has sealed.

    :ivar lost: how many targets others have deleted, changed or ended
    :ivar must_be_shown: whether others have changed what is shown before it is run
    """

    run: Run[CampaignOptions]
    kind: Kind
    sealer: Sealer
    lost: int = 0
    must_be_shown: bool = False
    #: Lines that the operator has read, before the plan.
    _told: set[str] = field(default_factory=set)

    def check_stages(self, campaign: Campaign) -> None:
        """Look whether others have ended a stage, so that the next one would begin.

        :raises InvalidInput: they have changed the order of the steps
        """
        if campaign.stages == 1 or not self.run.options.resume:
            return
        stages = range(campaign.stages)
        if 'undone' in campaign.options:
            stages = stages[::-1]
        right = dict(zip(self.kind.steps, stages, strict=False))
        for target, _ in self.sealer.judged():
            if right and right.get(target.kind) != target.stage:
                raise InvalidInput(
                    f'A target of {campaign.name!r} in the ledger has its step '
                    f'{displayable(target.kind)} in another place than the script has '
                    'it: somebody has changed it by hand. Nothing was sent.'
                )
        may_be_theirs = self.run.options.join and self.sealer.has_colleagues
        self.must_be_shown = self.sealer.compared().is_other and not may_be_theirs

    def tell_before(self, campaign: Campaign) -> None:
        """Tell of differences before a plan is shown."""
        is_known = not (self.run.options.resume or self.sealer.has_pending)
        if not is_known or self._may_be_less(campaign):
            self._tell(campaign)

    def tell_after(self, campaign: Campaign, ended: int) -> None:
        """Tell of differences at the end of a run.

        :param ended: how many targets the run has ended itself
        """
        left = self.run.ledger.to_do(campaign)
        # What this run has planned it has also ended itself, or left.
        is_known = self.sealer.planned == ended + left and not self.run.options.resume
        if not is_known or self._may_be_less(campaign):
            compared = self._tell(campaign)
            for line in colleagues_lines(compared, campaign):
                self.run.reporter.line(line)

    def _may_be_less(self, campaign: Campaign) -> bool:
        number = sum(self.run.ledger.counts(campaign).values())
        return self.sealer.may_be_less(number)

    def _tell(self, campaign: Campaign) -> Comparison:
        compared = self.sealer.compare()
        for line in compared_lines(compared, campaign):
            if line not in self._told:
                self._told.add(line)
                self.run.reporter.line(line, urgent=True)
        # Runs of colleagues may have ended them.
        if not self.sealer.has_colleagues:
            self.lost = max(self.lost, compared.lost)
        return compared
