"""Roll back what one vandal has done on many wikis, as a campaign of one's own.

It reads the list that ``pwb crosswiki_delete -from-user:NAME -to-revert:FILE`` writes,
and needs the right to roll back on those wikis.

    python custom_campaign.py 'Some Vandal' FILE
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence

import pywikibot

from mw_tokens_plugin.campaign.command import begin
from mw_tokens_plugin.campaign.launch import ExitCode, run_script
from mw_tokens_plugin.campaign.login import log_in
from mw_tokens_plugin.campaign.options import SharedOptions, good
from mw_tokens_plugin.campaign.pages import read_page
from mw_tokens_plugin.campaign.plan import Action
from mw_tokens_plugin.campaign.records import Decision, Held, Outcome, State, Target
from mw_tokens_plugin.campaign.wikis import Wikis, split
from mw_tokens_plugin.site.requests import send_once


class Rollback(Action):
    """Roll back the latest edits of one account, page by page."""

    kind = 'rollback_vandal'
    noun = 'page'

    def __init__(self, wikis: Wikis, vandal: str, reason: str) -> None:
        self.wikis, self.vandal, self.reason = wikis, vandal, reason

    def describe(self) -> str:
        return 'roll back'

    def plan(self, names: Sequence[str]) -> Iterator[Decision]:
        for name in names:
            done = self.latest_author(name) != self.vandal
            held = Held.ALREADY if done else None
            yield Decision(name, held=held, lane=split(name)[0])

    def apply(self, target: Target) -> Outcome:
        wiki, title = split(target.name)
        how = {'title': title, 'user': self.vandal, 'summary': self.reason}
        send_once(self.wikis.site(wiki), 'rollback', how)
        return Outcome(State.DONE, changed=True)

    def settle(
        self, targets: Sequence[Target]
    ) -> Iterator[tuple[Target, Outcome | None]]:
        for target in targets:
            author = self.latest_author(target.name)
            ours = author == target.operator
            yield (
                target,
                None
                if author == self.vandal
                else Outcome(State.DONE, changed=ours, detail='found by reading'),
            )

    def latest_author(self, name: str) -> str | None:
        wiki, title = split(name)
        page = read_page(self.wikis.site(wiki), 1, titles=title)
        return page.revisions[0].user if page else None


def main(*args: str) -> ExitCode:
    """Run the campaign, with the options that all campaigns have."""
    return run_script(_run, args)


def _run(arguments: list[str]) -> ExitCode:
    options = SharedOptions()
    for argument in pywikibot.handle_args(arguments):
        if not options.take(argument):
            raise SystemExit(__doc__)
    site = pywikibot.Site().central_site()
    log_in(site, (), '')
    wikis, ledger = Wikis(site), options.open_ledger()
    try:
        if options.resume:
            campaign = options.resumed(ledger, site, [Rollback.kind])
        else:
            vandal, options.files[:] = options.targets[0], options.targets[1:]
            options.targets.clear()
            campaign, _ = begin(
                ledger,
                options.new_name(Rollback.kind),
                good(options.named(wikis.page), skip=False),
                action=Rollback.kind,
                wiki=str(site),
                operator=site.username(),
                reason=options.reason or 'Reverting vandalism',
                options={'vandal': vandal},
            )
        action = Rollback(wikis, campaign.options['vandal'], campaign.reason)
        return options.carry_out(
            'custom_campaign', ledger, campaign, action, site, options.reporter()
        )
    finally:
        ledger.close()


if __name__ == '__main__':
    sys.exit(main())
