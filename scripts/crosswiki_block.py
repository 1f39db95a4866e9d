#!/usr/bin/env python3
"""Block abusers on the wikis where they have edited, with a plan and an undo.

Each account and address that is named is blocked on each wiki on which it has edited
since -since. Accounts may go on editing their own talk pages, cannot create others, and
addresses from which they try to edit are blocked, too. A block that is there already
is never changed.

The script logs in to the central wiki of the farm, and acts on all others through that
login. Wikis are read without a login where they are public.

On a farm with wiki sets, wikis outside the set of -wikiset and your home wiki are
skipped, unless -wikis names them; whom they may want to block is listed for their own
administrators.

&options;

.. version-added:: 0.1
"""

from __future__ import annotations

import sys
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, ClassVar

from mw_tokens_plugin.cli.abusers import (
    STORED_ACTOR,
    STORED_UNDO,
    AbuserOptions,
    list_deeds,
    named,
    read_again,
    skip_in_undo,
)
from mw_tokens_plugin.cli.abusersteps import block, unblock, users_on
from mw_tokens_plugin.cli.accounts import (
    block_expiry,
    check_block,
    ignore_groups_option,
)
from mw_tokens_plugin.cli.hardness import check_said, how_hard
from mw_tokens_plugin.cli.script import CampaignScript, Kind, option
from mw_tokens_plugin.exceptions import InvalidInput
from mw_tokens_plugin.messages import message

if TYPE_CHECKING:
    from mw_tokens_plugin.cli.declaration import Listing
    from mw_tokens_plugin.cli.run import Run

_RIGHTS = {'block': 'blockusers'}


@dataclass(frozen=True, kw_only=True)
class Options(AbuserOptions):
    """What the command line asks for."""

    reason_hint: ClassVar[str] = (
        '"pwb crosswiki_block -reasons" lists those of the central wiki; '
    )
    reason_list: ClassVar[str] = 'Ipbreason-dropdown'

    expiry: str | None = option(
        'When the blocks end: a span such as "1 week", a date in UTC, "infinite", or a '
        'name that user-config.py explains, as "@proxy". A new campaign needs it. '
        'Addresses are not blocked for ever.',
        value='TIME',
        read=block_expiry,
        stored='expiry',
    )
    anononly: bool = option(
        'Of addresses: let users with an account edit there.',
        stored='anononly',
        excludes=('hardblock',),
    )
    hardblock: bool = option(
        'Of addresses: block users with an account there, too.',
        stored='hardblock',
    )
    no_talk: bool = option(
        'Let them not edit their own talk pages either.', stored='no_talk'
    )
    newblock: bool = option(
        'Give those a block of their own beside it who are blocked already, but for a '
        'shorter time or from less, on wikis where one user may have several. Without '
        'this they are skipped.',
        stored='newblock',
    )
    ignore_groups: tuple[str, ...] = ignore_groups_option()

    def check(self) -> None:
        """Refuse what does not go together."""
        super().check()
        if not self.is_new:
            return
        if self.expiry is None:
            raise InvalidInput(
                'Blocks need -expiry:TIME, such as -expiry:"1 week"; there is no '
                'default.'
            )
        check_block(self.expiry, self.reason or '')


def targets(run: Run[Options]) -> Listing:
    """List who has edited where."""
    from mw_tokens_plugin.protocol.addresses import network_of

    options = run.options
    is_hard = how_hard(options)
    if any(map(network_of, run.shared(named)[0])):
        check_said(is_hard, 'in the list')
    listing = list_deeds(
        run,
        users_on,
        lambda number: message('crosswiki_block-users', number=number),
        shows_older=False,
    )
    stored = {**listing.stored, 'anononly': not is_hard, 'hardblock': bool(is_hard)}
    return replace(listing, stored=stored)


SCRIPT = CampaignScript(
    'crosswiki_block',
    Options,
    targets,
    {
        'crosswiki_block': Kind(
            block,
            module='block',
            rights=_RIGHTS,
            by_wiki=True,
            skips_listed=True,
            undo='undo_crosswiki_block',
            before=partial(read_again, steps_on=users_on),
            stored=STORED_ACTOR,
        ),
        'undo_crosswiki_block': Kind(
            unblock,
            module='unblock',
            rights=_RIGHTS,
            by_wiki=True,
            before=skip_in_undo,
            stored=STORED_UNDO,
        ),
    },
    noun='account',
    opposite='pwb crosswiki_block -undo:CAMPAIGN',
)
main = SCRIPT.main

if __name__ == '__main__':
    sys.exit(main())
