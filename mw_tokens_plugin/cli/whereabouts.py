"""Which wiki a campaign belongs to, and finding it again, whatever the default is.

A campaign is bound to the address of the API and to what the wiki calls itself: two
farms may have one family name, and a copy of a wiki has its database's name.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable
from contextlib import suppress
from urllib.parse import urlsplit

import pywikibot
from pywikibot import config
from pywikibot.exceptions import SiteDefinitionError, UnknownFamilyError
from pywikibot.family import Family

from mw_tokens_plugin.campaign.ledger import Ledger
from mw_tokens_plugin.campaign.records import Campaign
from mw_tokens_plugin.cli.launch import default_site, names_wiki
from mw_tokens_plugin.exceptions import InvalidInput, NotCentral, UnexpectedAnswer
from mw_tokens_plugin.protocol.answers import expected_form
from mw_tokens_plugin.protocol.display import displayable
from mw_tokens_plugin.site.family import farm_of
from mw_tokens_plugin.site.mixins import TypedSite, typed
from mw_tokens_plugin.site.refusals import refusals

_PORTS = {'http': ':80', 'https': ':443'}


def api_of(site: TypedSite) -> str:
    """Return the address of a wiki's API."""
    return str(site.base_url(site.apipath()))


def wikiid_of(site: TypedSite) -> str:
    """Ask a wiki what it calls itself, which costs one read.

    https://www.mediawiki.org/wiki/API:Siteinfo

    :raises UnexpectedAnswer: it does not say
    """
    with refusals(site):
        answer = site.simple_request(
            action='query', meta='siteinfo', siprop='general', formatversion=2
        ).submit()
    with expected_form(f'What {site} says of itself'):
        found = answer['query']['general']['wikiid']
    if not isinstance(found, str):
        raise UnexpectedAnswer(f'{site} does not say what it calls itself.')
    return found


def is_elsewhere(campaign: Campaign, site: TypedSite) -> bool:
    """Tell whether a campaign is one on another wiki, as far as addresses tell."""
    if campaign.wiki != str(site):
        return True
    return campaign.api is not None and place_of(campaign.api) != place_of(api_of(site))


def check_address(campaign: Campaign, site: TypedSite) -> None:
    """Refuse a campaign on another wiki than its own, as far as addresses tell.

    :raises InvalidInput: it is another one
    """
    if is_elsewhere(campaign, site):
        own = f'{campaign.wiki} ({campaign.api})' if campaign.api else campaign.wiki
        raise InvalidInput(
            f'The campaign {campaign.name!r} is one on {displayable(own)}, and this '
            f'is {site} ({api_of(site)}): nothing was sent. Use the configuration with '
            'which it was begun.'
        )


def check_place(ledger: Ledger, campaign: Campaign, site: TypedSite) -> Campaign:
    """Refuse to work for a campaign on another wiki than its own, which costs a read.

    :param site: the central wiki; nothing is written to it
    :return: the campaign, with the place of its wiki
    :raises InvalidInput: it is another one
    """
    check_address(campaign, site)
    wikiid = wikiid_of(site)
    if campaign.wikiid is None:
        return ledger.place(campaign, api_of(site), wikiid)
    if campaign.wikiid != wikiid:
        raise InvalidInput(
            f'The campaign {campaign.name!r} is one on the wiki '
            f'{displayable(campaign.wikiid)}, and '
            f'at {api_of(site)} there is {wikiid} now: nothing was sent.'
        )
    return campaign


def site_of(campaign: Campaign | None, arguments: Iterable[str]) -> TypedSite:
    """Return the central wiki for a command: that of a campaign, or else the default.

    :param campaign: the one that the command looks after; None where it names none
    :param arguments: the command line, which may name a wiki itself
    :raises InvalidInput: pywikibot does not know the campaign's wiki here
    """
    if campaign is None or names_wiki(arguments):
        return default_site().central_site()
    family, _, code = campaign.wiki.rpartition(':')
    try:
        return typed(pywikibot.Site(code, family)).central_site()
    except (UnknownFamilyError, SiteDefinitionError, NotCentral, ValueError) as error:
        raise InvalidInput(
            f'The campaign {campaign.name!r} is one on '
            f'{displayable(campaign.wiki)}, which this '
            f'configuration does not know: {displayable(str(error))}'
        ) from None


def words_for(wiki: str, arguments: Iterable[str]) -> list[str]:
    """Return the options that name a campaign's wiki, where it is not the default.

    :param wiki: as ``family:code``
    :param arguments: the command line
    """
    if not names_wiki(arguments):
        # A site object would ask its wiki who is logged in.
        with suppress(UnknownFamilyError):
            if farm_of(Family.load(config.family)) == wiki:
                return []
    family, _, code = wiki.rpartition(':')
    return [f'-family:{family}', f'-lang:{code}']


def words_about_user(arguments: Iterable[str]) -> list[str]:
    """Return the options that name who is logged in, and by which configuration.

    :param arguments: the command line; what pwb was given before its name counts, too
    """
    found = {}
    for word in (*sys.orig_argv[1:], *arguments):
        name, colon, value = word.partition(':')
        if colon and name in ('-user', '-dir'):
            found[name] = config.base_dir if name == '-dir' else value
    return [f'{name}:{value}' for name, value in found.items()]


def place_of(api: str) -> tuple[str, str]:
    """Return host and path of an address; whether it is encrypted does not matter."""
    try:
        address = urlsplit(api)
    except ValueError:
        # Somebody has written it into the ledger: it is nowhere.
        return '', api
    host = address.netloc.lower().rpartition('@')[2]
    return host.removesuffix(_PORTS.get(address.scheme, '')), address.path
