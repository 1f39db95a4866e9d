"""Which host may get which secret: one table, and the check of each request.

:data:`TABLE` has one :class:`Rule` for each :class:`Secret`; ``docs/security.md`` shows
the same table. :func:`check` is asked by every transmission of the plugin, right before
it leaves. What counts as a secret in a text is left to :mod:`.redaction`.
"""

from __future__ import annotations

import enum
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from urllib.parse import urlsplit

from mw_tokens_plugin.exceptions import NotInFarm
from mw_tokens_plugin.site.base import WikiSite
from mw_tokens_plugin.site.family import host_of


class Secret(enum.Enum):
    """The kinds of secrets that pass through; the values are what pages call them."""

    PASSWORD = 'main password'  # noqa: S105  # a kind of login
    BOT_PASSWORD = 'bot password'  # noqa: S105  # a kind of login
    OAUTH = 'OAuth keys and bearer'
    CENTRALAUTHTOKEN = 'centralauthtoken'
    CSRF = 'csrf and other tokens'
    COOKIES = 'cookies'
    SECOND_FACTOR = 'second-factor code'
    RECOVERY_CODE = 'recovery code'
    OAUTH_RETURN = 'OAuth return code'


class Recipient(enum.Enum):
    """What a wiki is to the login; the values are what pages call it.

    :cvar HOME: the operator has named it, in ``user-config.py`` or on the command line
    :cvar VOUCHED: the home wiki lists it, or the family files give both of them one
        central wiki
    :cvar UNKNOWN: nobody but itself says that it belongs to the farm
    """

    HOME = 'the home wiki'
    VOUCHED = "the farm's wikis"
    UNKNOWN = 'any other'


@dataclass(frozen=True, slots=True)
class Rule:
    """What may be done with a kind of secret; all but the recipients is for people.

    :ivar origin: where it comes from
    :ivar recipients: which wikis may get it
    :ivar voucher: who says that a wiki is one of them
    :ivar kept: where it may be kept
    :ivar redaction: how it is kept out of what is shown and logged
    """

    secret: Secret
    origin: str
    recipients: tuple[Recipient, ...]
    voucher: str
    kept: str
    redaction: str


_FARM = (Recipient.HOME, Recipient.VOUCHED)
_BY_HOME_SIDE = 'the home wiki or the family files, never the wiki itself'
_BY_VALUE = 'by value'

#: The table, in the order of the page.
TABLE: tuple[Rule, ...] = (
    Rule(
        Secret.PASSWORD,
        'the password file, or the terminal',
        _FARM,
        _BY_HOME_SIDE,
        'the password file, mode 0600; in memory',
        _BY_VALUE,
    ),
    Rule(
        Secret.BOT_PASSWORD,
        'the password file',
        _FARM,
        _BY_HOME_SIDE,
        'the password file, mode 0600; in memory',
        _BY_VALUE,
    ),
    Rule(
        Secret.OAUTH,
        'user-config.py (authenticate)',
        _FARM,
        _BY_HOME_SIDE,
        'user-config.py, mode 0600; in memory',
        _BY_VALUE,
    ),
    Rule(
        Secret.CENTRALAUTHTOKEN,
        'the home wiki, one for each transmission',
        (Recipient.VOUCHED,),
        _BY_HOME_SIDE,
        'in memory, for seconds',
        _BY_VALUE,
    ),
    Rule(
        Secret.CSRF,
        'the wiki that it is sent to',
        _FARM,
        'it goes back to the wiki that gave it',
        'in memory, as long as the session',
        _BY_VALUE,
    ),
    Rule(
        Secret.COOKIES,
        'the wiki that it is sent to',
        _FARM,
        'it goes back to the host that gave it, and beside no centralauthtoken',
        "pywikibot's cookie file, mode 0600",
        _BY_VALUE,
    ),
    Rule(
        Secret.SECOND_FACTOR,
        'the terminal, or the mail',
        _FARM,
        _BY_HOME_SIDE,
        'nowhere',
        _BY_VALUE,
    ),
    Rule(
        Secret.RECOVERY_CODE,
        'the terminal',
        _FARM,
        _BY_HOME_SIDE,
        'nowhere',
        _BY_VALUE,
    ),
    Rule(
        Secret.OAUTH_RETURN,
        'the browser, by the listener on loopback, standard input or a private file',
        _FARM,
        'it goes back to the wiki that sent the browser away',
        'nowhere',
        _BY_VALUE,
    ),
)

_RULES = {rule.secret: rule for rule in TABLE}

#: Parameters of requests that carry a secret. A centralauthtoken is not among them: one
#: that is put there by hand was minted for it, and the plugin's are asked for by name.
#: https://www.mediawiki.org/wiki/API:Login
#: https://www.mediawiki.org/wiki/API:Linkaccount
_PARAMETERS = {
    'password': Secret.PASSWORD,
    'retype': Secret.PASSWORD,
    'lgpassword': Secret.BOT_PASSWORD,
    'OATHToken': Secret.SECOND_FACTOR,
    'token': Secret.CSRF,
    'linktoken': Secret.CSRF,
    'createtoken': Secret.CSRF,
    'logintoken': Secret.CSRF,
    'lgtoken': Secret.CSRF,
}
#: What a browser brings back, by the module that takes it.
_RETURNED = {'linkaccount': frozenset(('code', 'state'))}


@dataclass(frozen=True, slots=True)
class Vouched:
    """That the home side has said of an address that it is one of the farm.

    Made by :mod:`.vouching` alone, but for :data:`OPERATOR`.

    :ivar address: protocol and host
    :ivar by: who said so
    """

    address: str
    by: str


#: That the operator has named a site, as all are that nobody else has vouched for.
OPERATOR = Vouched('', 'the operator')


def carried(action: str, parameters: Collection[str]) -> list[Secret]:
    """Return what kinds of secrets the parameters of a request are.

    :param action: the API module
    :param parameters: their names
    """
    names = sorted(_PARAMETERS.keys() & parameters)
    found = [_PARAMETERS[name] for name in names]
    if action in _RETURNED and not _RETURNED[action].isdisjoint(parameters):
        found.append(Secret.OAUTH_RETURN)
    return found


def recipient(site: WikiSite) -> Recipient:
    """Return what a site is to the login that is used with it.

    :param site: as pywikibot made it, or ``foreign_site()``
    """
    vouched: Vouched | None = getattr(site, 'vouched', OPERATOR)
    if vouched is OPERATOR:
        # pywikibot logs in to it with what is kept for it.
        return Recipient.HOME
    # Where the API is: its path may name another host.
    address = site.base_url(site.apipath())
    is_the_same = vouched is not None and vouched.address == _origin(address)
    return Recipient.VOUCHED if is_the_same else Recipient.UNKNOWN


@lru_cache(maxsize=1024)
def _origin(address: str) -> str:
    """Return the protocol and host of an address."""
    return f'{urlsplit(address).scheme}://{host_of(address)}'


def check(site: WikiSite, secrets: Iterable[Secret]) -> None:
    """Let secrets leave for a wiki, or refuse.

    :param site: the site that the request is for
    :param secrets: what it carries
    :raises NotInFarm: it may not get one of them
    """
    what: Recipient | None = None
    for secret in secrets:
        what = what or recipient(site)
        if what not in _RULES[secret].recipients:
            raise NotInFarm(
                f'{site} ({what.value}) may not get a {secret.value}, so nothing was '
                f'sent. It goes to {_shown(_RULES[secret].recipients)} only.'
            )


def rows() -> Iterator[tuple[str, ...]]:
    """Yield the table as texts, in the columns of ``docs/security.md``.

    They are: the secret, where it comes from, who may get it, who vouches for them,
    where it may be kept, how it is redacted.
    """
    for rule in TABLE:
        yield (
            rule.secret.value,
            rule.origin,
            _shown(rule.recipients),
            rule.voucher,
            rule.kept,
            rule.redaction,
        )


def _shown(recipients: Iterable[Recipient]) -> str:
    return ' and '.join(each.value for each in recipients)
