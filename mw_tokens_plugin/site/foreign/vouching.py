"""Whether a wiki is one of the farm, so that credentials may leave for it.

Only the home side is asked for that: the list of the account's wikis, the home wiki's
list of wikis, and the family files. The wiki itself is asked, without a login, what it
knows of the account, which can only be a reason against it.
"""

from __future__ import annotations

from urllib.parse import urlencode

import requests
from pywikibot.exceptions import APIError

from mw_tokens_plugin.exceptions import NotAttached, NotInFarm, WikiUnreachable
from mw_tokens_plugin.protocol.answers import expected_form, is_answer, part_of
from mw_tokens_plugin.protocol.globalaccounts import from_globaluserinfo
from mw_tokens_plugin.site.credentials import Vouched
from mw_tokens_plugin.site.family import Place, host_of, same_farm
from mw_tokens_plugin.site.foreign.directory import AttachedWikis
from mw_tokens_plugin.site.foreign.probing import fetch_as_nobody
from mw_tokens_plugin.site.transport import body_of


class Voucher:
    """Says for which wikis the home side of a login vouches.

    .. version-added:: 0.1
    """

    def __init__(self, wikis: AttachedWikis) -> None:
        """Ask nothing yet.

        :param wikis: the wikis that the login reaches
        """
        self.wikis = wikis
        self.home = wikis.home
        self._listed: frozenset[str] | None = None

    def check(self, place: Place, create_account: bool) -> Vouched:
        """Refuse a wiki of another farm, and what could not work there.

        A wiki cannot vouch for itself: what it says of the account is public. So it is
        one of those that the home wiki lists, or the family files say so.

        :param create_account: whether a first visit may create the account
        :return: what lets credentials leave for its address
        :raises NotInFarm: it shares no login with the home wiki
        :raises NotAttached: the account has no account there, or one not attached
        """
        if not place.host:
            raise NotInFarm(
                f'{place} has no address of the web in its family file, or one with a '
                'user name. Correct the address there.'
            )
        if self.home.protocol() == 'https' and place.protocol != 'https':
            raise NotInFarm(
                f'{place} would be talked to by {place.protocol}, and {self.home} by '
                'https: others on the network could take the login. Let its family '
                "file say protocol() = 'https'."
            )
        vouched = Vouched(f'{place.protocol}://{place.host}', str(self.home))
        if self.wikis.account_at(place) is not None:
            return vouched
        shares = same_farm(self.home, place)
        if shares is None:
            shares = place.host in self._listed_hosts()
        if shares:
            known, is_attached = self._knows_account(place)
            shares = known is not False
            if shares and is_attached:
                # Where the home wiki cannot list the wikis of the account.
                return vouched
            if shares and is_attached is False:
                where = f'{place.family.path(place.code)}?title=Special:MergeAccount'
                raise NotAttached(
                    f'The account {self.wikis.user} on {place} is not attached to the '
                    'global one. Log in there and merge it, at '
                    f'{place.protocol}://{place.host}{where}, then start again.'
                )
        if not shares:
            raise NotInFarm(
                f'{place} shares no login with {self.home}, as far as is known there. '
                'If it does, add the same central_wiki to both of their family files.'
            )
        if not create_account:
            raise NotAttached(
                f'{self.wikis.user} has no account on {place} yet. Give '
                'create_account=True to have it created by the first visit.'
            )
        self.wikis.forget_account()
        return vouched

    def _listed_hosts(self) -> frozenset[str]:
        """Return the hosts of the farm's wikis, if the home wiki has a list of them.

        https://www.mediawiki.org/wiki/Extension:SiteMatrix
        """
        if self._listed is None:
            request = self.home._request(
                parameters={
                    'action': 'sitematrix',
                    'smsiteprop': 'url',
                    'smlangprop': 'site',
                    'smlimit': 'max',
                    'formatversion': 2,
                }
            )
            # It is an extension, which most farms do not have.
            request.expected_errors = frozenset({'badvalue', 'unknown_action'})
            try:
                matrix = part_of(request.submit(), 'sitematrix')
            except APIError:
                matrix = {}
            with expected_form(f'The list of wikis of {self.home}'):
                # Languages have their wikis under a name; others are a list.
                self._listed = frozenset(
                    host_of(wiki['url'], self.home.protocol())
                    for group in matrix.values()
                    if not isinstance(group, int)
                    for wiki in (group['site'] if isinstance(group, dict) else group)
                    if 'nonglobal' not in wiki
                )
        return self._listed

    def _knows_account(self, place: Place) -> tuple[bool | None, bool | None]:
        """Ask a wiki, as nobody, what it knows of the account.

        https://www.mediawiki.org/wiki/API:Siteinfo
        https://www.mediawiki.org/wiki/API:Globaluserinfo
        https://www.mediawiki.org/wiki/API:Users

        :return: whether it knows the same global account, which is None if nobody may
            read that wiki; and whether its local account of that name is attached,
            which is None if it has none
        :raises WikiUnreachable: it does not answer
        """
        account = self.wikis.account()
        parameters = {
            'action': 'query',
            'meta': 'siteinfo|globaluserinfo',
            'siprop': 'general',
            'guiuser': account.name,
            'list': 'users',
            'ususers': account.name,
            'usprop': 'centralids',
            'format': 'json',
            'formatversion': 2,
        }
        unreachable = WikiUnreachable(
            f'{place} at {place.host} does not answer as a wiki does. Check the '
            'address in the family file and the network, then start again.'
        )
        try:
            response = fetch_as_nobody(f'{place.api}?{urlencode(parameters)}')
        except requests.RequestException as error:
            raise unreachable from error
        if response.status_code == 401:
            return None, None
        answer = body_of(response)
        if response.status_code >= 300 or not is_answer('query', answer):
            raise unreachable
        query = answer.get('query')
        if not query:
            return None, None
        with expected_form(f'What {place} says of itself'):
            provider = query.get('general', {}).get('centralidlookupprovider')
        if provider != 'CentralAuth':
            return False, None
        if 'globaluserinfo' not in query:
            return False, None
        there = from_globaluserinfo(account.name, query['globaluserinfo'])
        is_same = (there.central_id, there.home, there.registration) == (
            account.central_id,
            account.home,
            account.registration,
        )
        with expected_form(f'What {place} says of its local account'):
            attached = [
                bool(user.get('attachedlocal', {}).get('CentralAuth'))
                for user in query.get('users', ())
                if 'userid' in user
            ]
        return is_same, attached[0] if attached else None
