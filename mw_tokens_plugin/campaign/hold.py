"""One run at a time on a campaign, wherever the other one runs.

Judged by signs of life in the ledger alone: process ids say nothing on other hosts.
"""

from __future__ import annotations

import threading
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from mw_tokens_plugin.campaign.ledger import Ledger
from mw_tokens_plugin.campaign.records import Campaign
from mw_tokens_plugin.exceptions import CampaignBusy

#: Seconds between two signs of life.
BEAT = 1.0
#: Seconds without a sign after which a run counts as dead.
PATIENCE = 5.0


@contextmanager
def holding(
    ledger: Ledger,
    campaign: Campaign,
    *,
    sleep: Callable[[float], None] = time.sleep,
    waiting: Callable[[], None] = lambda: None,
) -> Iterator[None]:
    """Hold a campaign for one run.

    A holder that gives no sign for :data:`PATIENCE` seconds was killed.

    :param waiting: called once if there is a holder to wait for
    :raises CampaignBusy: another run is alive
    """
    run = uuid.uuid4().hex
    holder, beats = ledger.holder(campaign)
    if holder is not None:
        waiting()
        sleep(PATIENCE)
    if not ledger.take(campaign, run, beats):
        raise CampaignBusy(
            f'Another run is at work on the campaign {campaign.name!r}. Let it finish, '
            'or stop it and try again.'
        )
    done = threading.Event()
    thread = threading.Thread(
        target=_beat, args=(ledger, campaign, run, done), daemon=True
    )
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join()
        ledger.release(campaign, run)


def _beat(ledger: Ledger, campaign: Campaign, run: str, done: threading.Event) -> None:
    while not done.wait(BEAT):
        ledger.beat(campaign, run)
