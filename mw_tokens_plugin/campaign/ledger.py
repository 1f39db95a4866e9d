"""What was decided and done: campaigns and their targets, as the database has them.

It stores and counts; what is written, and when, is left to the engine. The parts of the
ledger are in modules of their own: :mod:`.campaignrows`, :mod:`.targetrows`,
:mod:`.leases` and :mod:`mw_tokens_plugin.campaign.queries`.
"""

from __future__ import annotations

from collections.abc import Callable

from mw_tokens_plugin.campaign.campaignrows import CampaignRows
from mw_tokens_plugin.campaign.database import Database
from mw_tokens_plugin.campaign.targetrows import TargetRows


class Ledger(CampaignRows, TargetRows):
    """The record of all campaigns.

    .. version-added:: 0.1

    :raises LedgerFailure: the database failed
    """

    def __init__(
        self,
        url: str,
        *,
        create: bool = True,
        upgrade: bool = False,
        only_reads: bool = False,
    ) -> None:
        """Open the database.

        :param url: an SQLAlchemy URL, or the path of an SQLite file
        :param create: whether an SQLite file may be a new one
        :param upgrade: whether tables of an older version on a server are upgraded
        :param only_reads: whether nothing will be written
        :raises InvalidInput: it cannot be opened
        """
        how = {'create': create, 'upgrade': upgrade, 'only_reads': only_reads}
        super().__init__(Database(url, **how))
        self._closing: list[Callable[[], object]] = []

    def close(self) -> None:
        """Close the database, after all that was to be done before."""
        while self._closing:
            self._closing.pop()()
        self.database.close()

    def before_closing(self, end: Callable[[], object]) -> None:
        """Have something ended before the database is closed."""
        self._closing.append(end)
