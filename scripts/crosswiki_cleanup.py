#!/usr/bin/env python3
"""Undo all that abusers did on many wikis: one plan, one record, one undo.

All accounts and addresses that are named count as one. The accounts are locked first.
Then pages get back their last revision by none of them, files that they have
overwritten are reverted, pages that they have moved are moved back, and pages and files
that they have created are deleted, if nobody else has edited them.

What you may not do yourself is printed as texts to paste: a request to lock the
accounts, and for each wiki what its administrators can do.

The script logs in to the central wiki of the farm, and acts on all others through that
login. Wikis are read without a login where they are public.

On a farm with wiki sets, wikis outside the set of -wikiset and your home wiki are
skipped, unless -wikis names them; what is to be done there is listed for their own
administrators.

&options;

.. version-added:: 0.1
"""

from __future__ import annotations

import re
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from mw_tokens_plugin.cli.abusers import (
    STORED_ACTOR,
    STORED_UNDO,
    AbuserOptions,
    namespace_option,
    skip_in_undo,
)
from mw_tokens_plugin.cli.abusersteps import part
from mw_tokens_plugin.cli.accounts import (
    block_expiry,
    check_block,
    ignore_groups_option,
)
from mw_tokens_plugin.cli.cleanup import (
    ACTIONS,
    REQUEST_PAGE,
    UNDO_ACTIONS,
    chosen,
    composed,
    composed_undo,
    search_again,
    step_name,
)
from mw_tokens_plugin.cli.cleanup import targets as listed
from mw_tokens_plugin.cli.declaration import Listing
from mw_tokens_plugin.cli.script import CampaignScript, Kind, option
from mw_tokens_plugin.cli.table import number
from mw_tokens_plugin.exceptions import InvalidInput

_REASON = re.compile(r'-reason-([a-z]+)')


@dataclass(frozen=True, kw_only=True)
class Options(AbuserOptions):
    """What the command line asks for."""

    again: str | None = option(
        'Plan again what an earlier campaign was about: what they have done since, and '
        'what it has left undone. Names are added to its own, and options that are '
        'given replace its own.',
        value='CAMPAIGN',
        names_targets=True,
        gives_reason=True,
    )
    steps: tuple[str, ...] = option(
        'What is done; lock,rollback,delete unless given. Others are block (globally, '
        'also addresses), localblock (where they have edited) and revdel. rollback '
        'includes files and moves.',
        value='A,B',
        read=step_name,
        separated=True,
        stored='steps',
    )
    reasons: tuple[tuple[str, str], ...] = option(
        'The reason for one step, such as -reason-rollback:TEXT.',
        name='-reason-STEP',
        value='TEXT',
        repeat=True,
    )
    namespace: tuple[int, ...] = namespace_option()
    markbot: bool = option(
        'Hide the reverts, and the edits reverted, from recent changes. Without the '
        'right to do so the wiki ignores it.',
        stored='markbot',
    )
    revdel: tuple[str, ...] = option(
        'What the step revdel hides of what was reverted from all but administrators: '
        'content, comment and user, or some of them.',
        value='A,B',
        read=part,
        separated=True,
        stored='revdel',
        rights={'deleterevision': 'delete'},
    )
    expiry: str | None = option(
        'When blocks end: a span such as "1 week", a date in UTC, "infinite", or a '
        'name that user-config.py explains, as "@proxy". With it, temporary accounts '
        'are blocked globally instead of locked.',
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
        'Of addresses: block users with an account there, too.', stored='hardblock'
    )
    no_talk: bool = option(
        'Let users who are blocked locally not edit their own talk pages either.',
        stored='no_talk',
    )
    request_page: str = option(
        'The page of the central wiki for requests to lock and block.',
        REQUEST_PAGE,
        value='TITLE',
        stored='request_page',
    )
    ignore_groups: tuple[str, ...] = ignore_groups_option()
    max_edits: int = option(
        'Require -since for accounts with more than N edits, and lock none of them.',
        1000,
        value='N',
        read=number,
        group='Guards',
        stored='max_edits',
    )

    @classmethod
    def rest(cls, argument: str, arguments: Sequence[str]) -> tuple[str, Any] | None:
        """Read the reasons for single steps."""
        from mw_tokens_plugin.cli.reasons import reason_text

        name, colon, text = argument.partition(':')
        found = _REASON.fullmatch(name)
        if not (colon and found):
            return None
        try:
            return 'reasons', (step_name(found[1]), reason_text(text))
        except ValueError as error:
            raise InvalidInput(f'{name}: {error}') from None

    def check(self) -> None:
        """Refuse what does not go together."""
        super().check()
        given = [step for step, _ in self.reasons]
        for step in given:
            if given.count(step) > 1:
                raise InvalidInput(f'-reason-{step} is given twice: give it once.')
        if self.is_new and self.again is None:
            self.check_steps()

    def check_steps(self) -> None:
        """Refuse steps of which it is not said how they are taken.

        :raises InvalidInput: there are such steps
        """
        steps = chosen(self)
        for step in (s for s, _ in self.reasons):
            if step not in steps and step != 'block':
                raise InvalidInput(f'-reason-{step}: {step} is not among the steps.')
        blocks = [step for step in steps if step in ('block', 'localblock')]
        if blocks and self.expiry is None:
            raise InvalidInput(
                f'-steps:{blocks[0]} needs -expiry:TIME, such as -expiry:"1 week"; '
                'there is no default.'
            )
        if self.expiry:
            check_block(self.expiry, self.reason_for('block'))
        if ('revdel' in steps) != bool(self.revdel):
            raise InvalidInput(
                'What was reverted is hidden with both -steps:rollback,revdel,... and '
                '-revdel:content,comment,user, or some of these.'
            )
        if 'revdel' in steps and 'rollback' not in steps:
            raise InvalidInput('-steps:revdel hides what -steps:rollback has reverted.')

    def reason_for(self, step: str) -> str:
        """Return the reason for a step."""
        return dict(self.reasons).get(step, self.reason or '')


def targets(run: Any) -> Listing:
    """List what the accounts and addresses are stopped by, and what they have done."""
    return listed(run)


SCRIPT = CampaignScript(
    'crosswiki_cleanup',
    Options,
    targets,
    {
        'crosswiki_cleanup': Kind(
            ACTIONS,
            composed=composed,
            module='rollback',
            rights={'rollback': 'rollback', 'delete': 'delete'},
            by_wiki=True,
            skips_listed=True,
            undo='undo_crosswiki_cleanup',
            before=search_again,
            stored={**STORED_ACTOR, 'step_reasons': {str: str}},
        ),
        'undo_crosswiki_cleanup': Kind(
            UNDO_ACTIONS,
            composed=composed_undo,
            module='undelete',
            rights={'undelete': 'delete', 'deletedhistory': 'delete'},
            by_wiki=True,
            before=skip_in_undo,
            stored=STORED_UNDO,
        ),
    },
    noun='account',
    opposite='pwb crosswiki_cleanup -undo:CAMPAIGN',
)
main = SCRIPT.main

if __name__ == '__main__':
    sys.exit(main())
