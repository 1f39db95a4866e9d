"""A campaign as files for others: JSON, CSV, wikitext, and one page of HTML.

It decides which files there are and where; their contents and formats are left to the
other modules of the package.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import TextIO

from mw_tokens_plugin.campaign.ledger import Ledger
from mw_tokens_plugin.campaign.records import Campaign, Target
from mw_tokens_plugin.campaign.report.contents import Contents
from mw_tokens_plugin.campaign.report.datafiles import write_csv, write_json
from mw_tokens_plugin.campaign.report.page import write_html
from mw_tokens_plugin.campaign.report.wikitext import write_wikitext
from mw_tokens_plugin.privatefiles import replacing
from mw_tokens_plugin.protocol.addresses import network_of

_FORMATS: dict[str, Callable[[Contents, TextIO], None]] = {
    'json': write_json,
    'csv': write_csv,
    'wiki': write_wikitext,
    'html': write_html,
}

#: Campaigns of which no report has both accounts and addresses, so that no reader can
#: link them.
_SEPARATED = frozenset({'global_block', 'undo_global_block'})


def write_report(
    ledger: Ledger, campaign: Campaign, directory: str | Path
) -> list[Path]:
    """Write a campaign into a directory, and return the files.

    They can be read by their owner only, and replace those of an earlier report.

    .. version-added:: 0.1

    :param directory: made if it is not there
    :raises OSError: it cannot be written to
    """
    folder = Path(directory)
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    stem = re.sub(r'[^\w.-]', '_', campaign.name)
    written = []
    for part, is_in_part in _parts(ledger, campaign).items():
        contents = Contents(ledger, campaign, is_in_part)
        for suffix, write in _FORMATS.items():
            path = folder / f'{stem}{part}.{suffix}'
            with replacing(path) as file:
                write(contents, file)
            written.append(path)
    return written


def _parts(
    ledger: Ledger, campaign: Campaign
) -> dict[str, Callable[[Target], bool] | None]:
    """Return the parts of a report, by what is added to the names of their files."""
    whole: dict[str, Callable[[Target], bool] | None] = {'': None}
    if campaign.action not in _SEPARATED:
        return whole
    kinds = {_is_address(target) for target in ledger.targets(campaign)}
    if len(kinds) < 2:
        return whole
    return {'-accounts': lambda t: not _is_address(t), '-addresses': _is_address}


def _is_address(target: Target) -> bool:
    return network_of(target.name) is not None
