#!/usr/bin/env python3
"""Revert the latest edits of abusers on many wikis, with a plan and an undo.

All accounts and addresses that are named count as one: each page gets back its last
revision by none of them. A page that somebody else has edited since is shown and
skipped; a page that they have created is for deletion, by crosswiki_delete. Then
files that they have overwritten are reverted, and pages that they have moved are moved
back.

The script logs in to the central wiki of the farm, and acts on all others through that
login. Wikis are read without a login where they are public.

On a farm with wiki sets, wikis outside the set of -wikiset and your home wiki are
skipped, unless -wikis names them; what is to be done there is listed for their own
administrators.

&options;

.. version-added:: 0.1
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from mw_tokens_plugin.cli.abusers import (
    STORED_ACTOR,
    STORED_UNDO,
    AbuserOptions,
    list_deeds,
    namespace_option,
    read_again,
    skip_in_undo,
)
from mw_tokens_plugin.cli.abusersteps import (
    hide,
    move_back,
    pages_on,
    part,
    revert,
    revert_files,
    show,
    undo_files,
    undo_move_back,
    undo_revert,
)
from mw_tokens_plugin.cli.script import CampaignScript, Kind, option
from mw_tokens_plugin.messages import message

if TYPE_CHECKING:
    from mw_tokens_plugin.campaign.records import Campaign
    from mw_tokens_plugin.cli.declaration import Listing
    from mw_tokens_plugin.cli.run import Run


@dataclass(frozen=True, kw_only=True)
class Options(AbuserOptions):
    """What the command line asks for."""

    namespace: tuple[int, ...] = namespace_option()
    markbot: bool = option(
        'Hide the reverts, and the edits reverted, from recent changes. Without the '
        'right to do so the wiki ignores it.',
        stored='markbot',
    )
    revdel: tuple[str, ...] = option(
        'Then hide this of what was reverted from all but administrators: content, '
        'comment and user, or some of them. Nothing is suppressed.',
        value='A,B',
        read=part,
        separated=True,
        stored='revdel',
        rights={'deleterevision': 'delete'},
    )


def targets(run: Run[Options]) -> Listing:
    """List the pages that they have edited, on all wikis."""
    return list_deeds(
        run,
        partial(pages_on, hides=bool(run.options.revdel)),
        lambda number: message('crosswiki_rollback-pages', number=number),
    )


def search_again(run: Run[Options], campaign: Campaign) -> Campaign:
    """List what is found on wikis that could not be read before."""
    hides = bool(run.stored(campaign)['revdel'])
    return read_again(run, campaign, partial(pages_on, hides=hides))


SCRIPT = CampaignScript(
    'crosswiki_rollback',
    Options,
    targets,
    {
        'crosswiki_rollback': Kind(
            {
                'edits': revert,
                'files': revert_files,
                'moves': move_back,
                'revdel': hide,
            },
            module='rollback',
            rights={'rollback': 'rollback'},
            by_wiki=True,
            skips_listed=True,
            undo='undo_crosswiki_rollback',
            before=search_again,
            stored=STORED_ACTOR,
        ),
        'undo_crosswiki_rollback': Kind(
            {
                'edits': undo_revert,
                'files': undo_files,
                'moves': undo_move_back,
                'revdel': show,
            },
            module='edit',
            rights={'edit': 'editpage'},
            by_wiki=True,
            before=skip_in_undo,
            stored=STORED_UNDO,
        ),
    },
    noun='account',
    opposite='pwb crosswiki_rollback -undo:CAMPAIGN',
)
main = SCRIPT.main

if __name__ == '__main__':
    sys.exit(main())
