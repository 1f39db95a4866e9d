"""Opening the ledger that a command line means, and finding campaigns in it."""

from __future__ import annotations

import shlex
from collections.abc import Iterable

import pywikibot
from pywikibot import config

from mw_tokens_plugin.campaign.ledger import Ledger
from mw_tokens_plugin.campaign.ledgerurl import holds_password, in_full
from mw_tokens_plugin.campaign.records import Campaign
from mw_tokens_plugin.campaign.sealkey import Key
from mw_tokens_plugin.campaign.seals import Sealer
from mw_tokens_plugin.cli.login import account_of
from mw_tokens_plugin.cli.options import CampaignOptions
from mw_tokens_plugin.cli.whereabouts import check_address, is_elsewhere
from mw_tokens_plugin.exceptions import InvalidInput, StoppedByGuard
from mw_tokens_plugin.messages import message
from mw_tokens_plugin.protocol.display import displayable
from mw_tokens_plugin.site.mixins import TypedSite
from mw_tokens_plugin.site.settings import settings

#: Unfinished campaigns that are named where one has to be chosen.
_LATEST = 3


def open_ledger(
    options: CampaignOptions,
    *,
    create: bool = True,
    upgrade: bool = False,
    only_reads: bool = False,
) -> Ledger:
    """Open the ledger that is named, here or in user-config.py, or the usual one.

    :param create: whether one that is named may be new
    :param upgrade: whether tables of an older version on a server are upgraded
    :param only_reads: whether nothing will be written
    """
    how = {'upgrade': upgrade, 'only_reads': only_reads}
    if options.ledger:
        if holds_password(options.ledger):
            pywikibot.warning(message('campaign-ledger-password'))
        return Ledger(options.ledger, create=create, **how)
    if standing := settings.ledger:
        # Else each folder from which a script is started has a ledger of its own.
        place = in_full(standing, str(config.base_dir))
        return Ledger(place, **how)
    return Ledger(str(config.datafilepath('campaigns', 'ledger.sqlite3')), **how)


def check_secrecy(options: CampaignOptions, ledger: Ledger) -> None:
    """Refuse to write names that must not be known where others may read them.

    :raises InvalidInput: others may be able to
    """
    if options.ledger_is_private or not ledger.database.is_on_server:
        return
    raise InvalidInput(
        f'Names that must not be known would be written into {ledger.location}, and '
        'whoever can read that server knows them then. Give -ledger:FILE with a file '
        'of your own, on a machine that you do not share; or -ledger-is-private, if '
        'nobody else can read that database. Nothing was written.'
    )


def sealer_of(ledger: Ledger, campaign: Campaign, site: TypedSite) -> Sealer:
    """Return what seals a campaign with the operator's key.

    :param site: the central wiki
    """
    return Sealer(Key.of(config.base_dir), ledger, campaign, account_of(site))


def found(ledger: Ledger, name: str) -> Campaign:
    """Return a campaign by its name.

    :raises InvalidInput: there is none
    """
    campaign = ledger.find(name)
    if campaign is None:
        raise InvalidInput(f'{ledger.location} has no campaign {name!r}.')
    return campaign


def to_resume(
    ledger: Ledger, name: str | None, kinds: Iterable[str], site: TypedSite
) -> Campaign:
    """Return the campaign to be resumed.

    :param name: the one that is named; None for the only one that is unfinished
    :param kinds: the kinds that the script runs
    :param site: the central wiki
    :raises InvalidInput: there is none, or it is not clear which
    """
    if name is not None:
        campaign = found(ledger, name)
        check_kind(campaign, kinds)
        check_address(campaign, site)
        return check_complete(campaign)
    unfinished = [
        campaign
        for kind in kinds
        for campaign in ledger.unfinished(kind, str(site))
        if not is_elsewhere(campaign, site)
    ]
    # One that was started comes before plans that were not confirmed.
    confirmed = [campaign for campaign in unfinished if campaign.confirmed_at]
    chosen = confirmed if len(confirmed) == 1 else unfinished
    if not chosen:
        raise InvalidInput(f'No campaign on {site} is unfinished: nothing to resume.')
    if len(chosen) > 1:
        latest = ', '.join(displayable(c.name) for c in unfinished[-_LATEST:])
        raise InvalidInput(
            f'{len(unfinished)} campaigns are unfinished, the latest being {latest}: '
            'say -campaign:NAME. "pwb campaign list" shows all.'
        )
    return check_complete(chosen[0])


def check_kind(campaign: Campaign, kinds: Iterable[str]) -> None:
    """Refuse a campaign of a kind that the script does not run.

    :raises InvalidInput: it is of another kind
    """
    if campaign.action not in kinds:
        raise InvalidInput(
            f'The campaign {campaign.name!r} is a {displayable(campaign.action)}, '
            'which another script runs.'
        )


def check_complete(campaign: Campaign) -> Campaign:
    """Refuse to resume a list of which the rest was lost.

    :raises StoppedByGuard: it was never completed
    """
    if campaign.listed_at is None:
        forget = shlex.join(['pwb', 'campaign', 'forget', campaign.name])
        raise StoppedByGuard(
            f'The list of {campaign.name!r} was never completed: "{forget}", and '
            'start again.'
        )
    return campaign
