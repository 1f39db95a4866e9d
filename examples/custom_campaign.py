"""Roll back what one vandal has done on many wikis, as a campaign of one's own.

It reads the list that ``pwb crosswiki_delete -from-user:NAME -to-revert:FILE`` writes,
and needs the right to roll back on those wikis.

    python custom_campaign.py -vandal:'Some Vandal' -file:FILE -reason:Vandalism
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from typing import Any

from mw_tokens_plugin.campaign.action import Action
from mw_tokens_plugin.campaign.records import (
    Campaign,
    Decision,
    Outcome,
    SkipReason,
    State,
    Target,
)
from mw_tokens_plugin.cli.custom import run_action
from mw_tokens_plugin.cli.launch import ExitCode
from mw_tokens_plugin.protocol.names import normalise_name
from mw_tokens_plugin.site.writes import send_once
from mw_tokens_plugin.targets.pages import read_page
from mw_tokens_plugin.targets.wikis import Wikis, split, wiki_by_wiki


class Rollback(Action):
    """Roll back the latest edits of one account, page by page."""

    kind = 'rollback_vandal'

    def __init__(self, site: Any, campaign: Campaign) -> None:
        self.wikis = Wikis(site)
        self.vandal, self.reason = campaign.options['vandal'], campaign.reason

    def describe(self) -> str:
        return 'roll back'

    def plan(self, names: Sequence[str]) -> Iterator[Decision]:
        yield from wiki_by_wiki(names, self.decide)

    def decide(self, wiki: str, names: Sequence[str]) -> Iterator[Decision]:
        for name in names:
            skipped = None if self.author(name) == self.vandal else SkipReason.ALREADY
            yield Decision(name, skipped=skipped, partition=wiki)

    def apply(self, target: Target) -> Outcome:
        wiki, title = split(target.name)
        how = {'title': title, 'user': self.vandal, 'summary': self.reason}
        send_once(self.wikis.site(wiki), 'rollback', how)
        return Outcome(State.DONE, changed=True)

    def reconcile(
        self, targets: Sequence[Target]
    ) -> Iterator[tuple[Target, Outcome | None]]:
        for target in targets:
            author = self.author(target.name)
            done = Outcome(State.DONE, changed=author == target.operator)
            yield target, None if author == self.vandal else done

    def author(self, name: str) -> str | None:
        wiki, title = split(name)
        page, _log = read_page(self.wikis.site(wiki), 1, title)
        return page.revisions[0].user if page else None


def main(*args: str) -> ExitCode:
    """Run the campaign, with the options that all campaigns have."""
    return run_action(
        Rollback,
        args,
        script=__file__,
        kind=Rollback.kind,
        parse=lambda site: Wikis(site).page,
        own={'vandal': normalise_name},
        side_by_side=True,
    )


if __name__ == '__main__':
    sys.exit(main())
