"""Roll back what one vandal did on many wikis, as a campaign of your own.

It reads the list that ``pwb crosswiki_delete -from-user:NAME -to-revert:FILE`` writes,
and needs the right to roll back on those wikis.

    python custom_campaign.py -vandal:'Some Vandal' -file:FILE -reason:Vandalism
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from mw_tokens_plugin.campaign import (
    Action,
    Campaign,
    CampaignScript,
    Decision,
    Kind,
    Listing,
    Outcome,
    Run,
    SkipReason,
    State,
    Target,
    option,
    send_once,
)
from mw_tokens_plugin.protocol.names import normalise_name
from mw_tokens_plugin.targets.bywiki import plan_by_wiki
from mw_tokens_plugin.targets.pagenames import split
from mw_tokens_plugin.targets.pagereader import PageReader
from mw_tokens_plugin.targets.pages import read_page
from mw_tokens_plugin.targets.wikis import Wikis


@dataclass(frozen=True, kw_only=True)
class Options(CampaignScript.Options):
    """What the command line asks for."""

    vandal: str = option(
        'Whose edits are rolled back.',
        value='NAME',
        read=normalise_name,
        required=True,
        stored='vandal',
    )


class Rollback(Action):
    """Roll back the latest edits of one account, page by page."""

    kind = 'rollback_vandal'

    def __init__(self, run: Run[Options], campaign: Campaign) -> None:
        self.wikis = Wikis(run.site)
        self.vandal, self.reason = campaign.options['vandal'], campaign.reason

    def describe(self) -> str:
        return 'roll back'

    def plan(self, names: Sequence[str]) -> Iterator[Decision]:
        yield from plan_by_wiki(names, self.decide)

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


def targets(run: Run[Options]) -> Listing:
    """List the pages that the command line names."""
    return Listing(run.named(PageReader(Wikis(run.site)).page))


SCRIPT = CampaignScript(
    __file__,
    Options,
    targets,
    {Rollback.kind: Kind(Rollback, module='rollback', by_wiki=True)},
    noun='page',
)
main = SCRIPT.main

if __name__ == '__main__':
    sys.exit(main())
