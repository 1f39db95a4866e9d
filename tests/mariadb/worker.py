"""One process at work on a campaign, among others: ``python worker.py URL CAMPAIGN``.

It writes its number in the ledger into a file that is named after its process.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pywikibot

import mw_tokens_plugin
from mw_tokens_plugin.actions.globallock import GlobalLock, Guards
from mw_tokens_plugin.campaign.engine import Engine
from mw_tokens_plugin.campaign.ledger import Ledger
from mw_tokens_plugin.campaign.workers import at_work


def main(url: str, name: str) -> None:
    """Work until nothing is left."""
    mw_tokens_plugin.enable()
    site = pywikibot.Site()
    site.login()
    ledger = Ledger(url)
    campaign = ledger.find(name)
    assert campaign is not None
    action = GlobalLock(site, reason=campaign.reason, guards=Guards(site.username()))
    with at_work(
        ledger, campaign, account=f'{site.username()}@{site}', join=True
    ) as run:
        Path(f'{os.getpid()}.run').write_text(run.id)
        finish = Engine(ledger, campaign, action, run).run()
    sys.exit(f'{finish.error}' if finish.error else 0)


if __name__ == '__main__':
    main(*sys.argv[1:])
