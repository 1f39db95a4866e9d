"""Options that say on which wikis a campaign acts, and skipping some for good.

They are shared by the scripts that act on many wikis. What the policy of a farm says is
left to :mod:`mw_tokens_plugin.targets.scope`.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from mw_tokens_plugin.cli.table import When, option

if TYPE_CHECKING:
    from mw_tokens_plugin.campaign.records import Campaign, Decision
    from mw_tokens_plugin.cli.run import Run
    from mw_tokens_plugin.targets.scope import Scope
    from mw_tokens_plugin.targets.wikis import Wikis

__all__ = ['STORED', 'not_wikis_option', 'scope_of', 'skip_wikis', 'stored_scope']

#: What the ledger stores of the wikis, as types.
STORED = {'wikis?': [str], 'not_wikis?': [str], 'wiki_set?': str}


def not_wikis_option() -> Any:
    """Return the option for wikis that are skipped."""
    return option(
        'Skip these wikis. With -resume, what is still to do there is skipped for '
        'good, such as pages of a wiki that is closed or gone.',
        value='A,B',
        when=When.ALWAYS,
        group='Targets',
        separated=True,
    )


def wiki_set_option() -> Any:
    """Return the option for the wiki set on which a campaign acts."""
    return option(
        'Act on the wikis of this wiki set alone, and on those that -wikis names; by '
        'default that of enable(action_wiki_set=NAME) in user-config.py, or the only '
        'one of the farm. Pages on other wikis, and on your home wiki, are listed for '
        'the administrators there.',
        '',
        value='NAME',
        group='Targets',
    )


def stored_scope(options: Any, wikis: Wikis) -> dict[str, Any]:
    """Return what the ledger stores of the wikis on which a new campaign acts.

    :raises InvalidInput: an option names no wiki on which the operator has an account
    """
    from mw_tokens_plugin.site.settings import settings

    is_all = 'all' in options.wikis
    return {
        'wikis': [] if is_all else list(map(wikis.database, options.wikis)),
        'not_wikis': sorted(set(map(wikis.database, options.not_wikis))),
        'wiki_set': options.wikiset or settings.action_wiki_set,
    }


def scope_of(campaign: Campaign, wikis: Wikis) -> Scope:
    """Return the wikis on which a campaign acts."""
    from mw_tokens_plugin.site.settings import settings
    from mw_tokens_plugin.targets.scope import Scope

    stored = campaign.options
    # Older versions did not store it, and kept the wikis in a place of their own.
    name = stored.get('wiki_set') or settings.action_wiki_set
    named = stored.get('wikis') or stored.get('guards', {}).get('wikis', ())
    return Scope(wikis, name, named)


def skip_wikis(run: Run[Any], campaign: Campaign, wikis: Wikis) -> Campaign:
    """Skip for good what is still to do on the wikis of ``-not-wikis``.

    :raises CampaignBusy: another run is active on it
    """
    from mw_tokens_plugin.campaign.records import SkipReason, State
    from mw_tokens_plugin.targets.pagenames import split

    options = run.options
    if not options.not_wikis:
        return campaign
    ledger = run.ledger
    open_states = (State.LISTED, State.PLANNED, State.LEASED)
    to_do = [t for state in open_states for t in ledger.targets(campaign, state)]
    known = {split(target.name)[0] for target in to_do}
    sealer = run.sealer(campaign)

    def sealed(decision: Decision) -> str:
        return sealer.decided(decision, own=True)

    chosen = {w if w in known else wikis.database(w) for w in options.not_wikis}
    with run.active_on(campaign):
        for target in to_do:
            wiki = split(target.name)[0]
            # What may have been sent is read first, as ever.
            if wiki in chosen and target.state is not State.LEASED:
                facts = {**target.decision.facts, 'wiki': wiki}
                reason = SkipReason.LEFT_OUT
                decision = replace(target.decision, skipped=reason, facts=facts)
                # Whoever has planned it: nothing is ever sent for what is skipped.
                ledger.decide(campaign, [decision], sealed)
        return sealer.keep('not_wikis', lambda old: sorted({*(old or ()), *chosen}))
