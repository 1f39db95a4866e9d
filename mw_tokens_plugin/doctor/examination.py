"""Finding out what a login can do, by reading one wiki after another.

It keeps no token, and changes nothing on a wiki. What follows from the findings is left
to :mod:`.findings`, and showing them to the script.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from datetime import datetime, timezone
from functools import partial
from typing import Any
from urllib.parse import urlsplit

from pywikibot import config
from pywikibot.comms import http
from pywikibot.exceptions import Error as PywikibotError

from mw_tokens_plugin.campaign.errorcodes import exit_code_of
from mw_tokens_plugin.campaign.exitcodes import ExitCode
from mw_tokens_plugin.cli.login import log_in
from mw_tokens_plugin.cli.passwords import password_problem
from mw_tokens_plugin.cli.useragent import names_operator
from mw_tokens_plugin.doctor.findings import (
    SCRIPTS,
    Block,
    Diagnosis,
    Findings,
    LoginKind,
    Obstacle,
    RateLimit,
    Role,
    WikiCheck,
)
from mw_tokens_plugin.doctor.prospects import missing_for, script_check
from mw_tokens_plugin.doctor.secretfiles import reread, secret_files
from mw_tokens_plugin.exceptions import InvalidInput, TokensPluginError
from mw_tokens_plugin.protocol.answers import expected_form
from mw_tokens_plugin.protocol.tokens import ANONYMOUS, tokens_from_answer
from mw_tokens_plugin.site.bearer import bearer_for
from mw_tokens_plugin.site.cookies import acting_as
from mw_tokens_plugin.site.foreign.login import home_login
from mw_tokens_plugin.site.linking import LINK
from mw_tokens_plugin.site.mixins import PluginMixin
from mw_tokens_plugin.site.pluginsite import PluginSite
from mw_tokens_plugin.site.rateclass import rate_class
from mw_tokens_plugin.site.reauthentication import authmanagerinfo
from mw_tokens_plugin.site.refusals import refusals

#: The credential on wikis that have a session of their own.
OWN_LOGIN = 'its own login'

#: Errors that are findings, and no faults of this program.
EXPECTED = (TokensPluginError, PywikibotError, OSError)


def examine(
    home: PluginMixin,
    named: Sequence[str] = (),
    *,
    targets: int = 100,
    clock: Callable[[], float] = time.time,
) -> Diagnosis:
    """Find out what the login on the home wiki can do.

    Errors on the way are findings, too, so none is raised.

    .. version-added:: 0.1

    :param home: the home wiki, logged in or not
    :param named: other wikis, as :meth:`foreign_site` takes them
    :param targets: the number of targets of the campaign whose duration is estimated
    :param clock: returns seconds since the epoch
    """
    # Before anything logs in: pywikibot narrows the mode when it reads the file.
    files = tuple(secret_files())
    login: LoginKind | None = None
    foreign: str | None = None
    obstacle: Obstacle | None = None
    reason: str | None = None
    failure: Exception | None = None
    lifetime: float | None = None
    counted: str | None = None
    recent: str | None = None
    remembered: str | None = None
    try:
        _log_in(home)
        foreign, obstacle, reason = _kind(home)
        login = _login_kind(home, foreign)
        lifetime = home_login(home).tokens.lifetime
        counted = rate_class(home)
        if login is LoginKind.MAIN_PASSWORD:
            recent, remembered = _recent_login(home), _remembered_until(home)
    except EXPECTED as error:
        failure, reason = error, _sentence(error)
    wikis = tuple(_wiki_checks(home, named, login, failure, targets, clock))
    return Diagnosis(
        login=login,
        centralauthtoken=foreign == 'centralauthtoken',
        foreign_site=foreign,
        obstacle=obstacle,
        reason=reason,
        targets=targets,
        secret_files=tuple(map(reread, files)),
        wikis=wikis,
        token_seconds=None if lifetime is None else round(lifetime),
        rate_class=counted,
        recent_login=recent,
        remembered_until=remembered,
        grants=_grants(home) if login is LoginKind.OAUTH2 else None,
    )


def without_home(error: Exception, *, targets: int = 100) -> Diagnosis:
    """Return the findings where the home wiki has no site object.

    .. version-added:: 0.1

    :param error: why it has none
    :param targets: as for :func:`examine`
    """
    name = f'{config.family}:{config.mylang}'
    problem, transient = _sentence(error), _is_transient(error)
    return Diagnosis(
        login=None,
        centralauthtoken=False,
        foreign_site=None,
        obstacle=None,
        reason=problem,
        targets=targets,
        secret_files=tuple(secret_files()),
        wikis=(
            WikiCheck(name, (Role.HOME.value,), problem=problem, transient=transient),
        ),
    )


def _log_in(site: PluginSite) -> None:
    if not site.logged_in():
        if problem := password_problem():
            raise InvalidInput(problem)
        log_in(site, {})


def _kind(home: PluginMixin) -> tuple[str | None, Obstacle | None, str | None]:
    """Return what ``foreign_site()`` uses, and why that is not a centralauthtoken.

    The reason is an obstacle, or what an error says.
    """
    wallet = home.tokens
    if wallet.module_info('centralauthtoken') is None:
        return None, Obstacle.NO_CENTRALAUTH, None
    try:
        kind: str = home_login(home).kind()
    except EXPECTED as error:
        return None, None, _sentence(error)
    obstacles = {'password': Obstacle.BOT_PASSWORD, 'oauth': Obstacle.OAUTH}
    return kind, obstacles.get(kind), None


def _login_kind(home: PluginMixin, foreign: str | None) -> LoginKind | None:
    """Return how a login was made, by what it can be used for.

    https://www.mediawiki.org/wiki/API:Authmanagerinfo
    """
    if home.is_oauth_token_available():
        is_bearer = bearer_for(home.base_url('')) is not None
        return LoginKind.OAUTH2 if is_bearer else LoginKind.OAUTH
    if foreign is not None:
        return {
            'centralauthtoken': LoginKind.MAIN_PASSWORD,
            'password': LoginKind.BOT_PASSWORD,
        }[foreign]
    # The session of a bot password can never log in as another user.
    answer = home.simple_request(
        action='query', meta='authmanagerinfo', formatversion=2
    ).submit()
    if answer['query']['authmanagerinfo'].get('canauthenticatenow'):
        return LoginKind.MAIN_PASSWORD
    return LoginKind.BOT_PASSWORD


def _recent_login(home: PluginMixin) -> str | None:
    """Return whether the login is recent enough for what is security-sensitive."""
    if home.tokens.module_info('query+authmanagerinfo') is None:
        return None
    asked = {'amisecuritysensitiveoperation': LINK}
    found = authmanagerinfo(home, asked).get('securitysensitiveoperationstatus')
    return str(found) if found else None


def _remembered_until(home: PluginMixin) -> str | None:
    """Return the day until which the wiki remembers the login; None if it does not."""
    host = urlsplit(home.base_url('')).hostname or ''
    with acting_as(home.username()):
        end = http.cookie_jar.remembered_until(host)
    if end is None:
        return None
    return datetime.fromtimestamp(end, timezone.utc).date().isoformat()


def _grants(home: PluginMixin) -> tuple[str, ...] | None:
    """Return the grants that an access token names; None if it names none."""
    bearer = bearer_for(home.base_url(''))
    scopes = bearer.claims.get('scopes') if bearer else None
    if not isinstance(scopes, list):
        return None
    return tuple(each for each in scopes if isinstance(each, str))


def _wiki_checks(
    home: PluginMixin,
    named: Sequence[str],
    login: LoginKind | None,
    failure: Exception | None,
    targets: int,
    clock: Callable[[], float],
) -> Iterator[WikiCheck]:
    """Yield the findings on the home wiki, the central one, and the others."""
    sites: dict[str, Any] = {}
    roles: dict[str, list[str]] = {}
    problems: dict[str, Exception] = {}
    for role, name, opened in _openings(home, named):
        try:
            # The central wiki has a login of its own.
            if failure is not None and (role is not Role.CENTRAL or name == str(home)):
                raise failure
            site = opened()
        except EXPECTED as error:
            problems[name] = error
        else:
            name = str(site)
            sites.setdefault(name, site)
        roles.setdefault(name, []).append(role.value)
    for name, has in roles.items():
        findings = None
        if name in sites:
            acts = set(has)
            if not named and Role.HOME.value in has:
                # Scripts for named wikis act here, then.
                acts.add(Role.NAMED.value)
            try:
                findings = _findings(sites[name], acts, login, targets, clock)
            except EXPECTED as error:
                problems[name] = error
        if problem := problems.get(name):
            sentence, transient = _sentence(problem), _is_transient(problem)
            yield WikiCheck(name, tuple(has), findings, sentence, transient)
        else:
            yield WikiCheck(name, tuple(has), findings)


def _openings(
    home: PluginMixin, named: Sequence[str]
) -> Iterator[tuple[Role, str, Callable[[], Any]]]:
    """Yield the role and name of each wiki, and what opens it."""
    yield Role.HOME, str(home), lambda: home
    yield Role.CENTRAL, _central_name(home), lambda: _central(home)
    for where in named:
        yield Role.NAMED, where, partial(home.foreign_site, where)


def _central_name(home: PluginMixin) -> str:
    """Return the name of the central wiki; empty if that is not known."""
    try:
        return str(home.central_site())
    except EXPECTED:
        return ''


def _central(home: PluginMixin) -> Any:
    site = home.central_site()
    _log_in(site)
    return site


def _findings(
    site: PluginMixin,
    roles: Collection[str],
    login: LoginKind | None,
    targets: int,
    clock: Callable[[], float],
) -> Findings:
    """Return the findings about the login on one wiki."""
    with refusals(site), expected_form(f'What {site} says of itself and the login'):
        answer = site.simple_request(
            action='query',
            meta='tokens|siteinfo',
            type='*',
            siprop='general',
            formatversion=2,
        ).submit()
        tokens = tokens_from_answer(answer)
        general = answer['query']['general']
        read_only = general.get('readonlyreason', '') if general['readonly'] else None
        block = _block(site.userinfo)
        before = clock()
        server = site.server_time().timestamp()
        # The server gives whole seconds, so on average it is half a second later.
        difference = server + 0.5 - (before + clock()) / 2
        agent = http.user_agent(site)
        limits = tuple(_rate_limits(site.userinfo.get('ratelimits') or {}))
        unlimited = site.has_right('noratelimit')
        return Findings(
            user=site.username() or '',
            through=getattr(site, 'credential', OWN_LOGIN),
            release=site.version(),
            token_types=tuple(sorted(tokens)),
            tokens=tuple(sorted(n for n, v in tokens.items() if v != ANONYMOUS)),
            block=block,
            read_only=read_only,
            rate_limits=limits,
            unlimited=unlimited,
            put_throttle=float(config.put_throttle),
            processes=site.throttle.process_multiplicity,
            user_agent=agent,
            names_operator=names_operator(agent, site.username()),
            clock_difference=round(difference, 1),
            scripts=tuple(
                script_check(
                    site,
                    script,
                    tuple(missing_for(site, script, login, block, read_only)),
                    targets,
                    () if unlimited else limits,
                )
                for script in SCRIPTS
                if script.role.value in roles
            ),
        )


def _block(userinfo: Mapping[str, Any]) -> Block | None:
    """Return the block of the account; None if it is not blocked.

    https://www.mediawiki.org/wiki/API:Userinfo
    """
    if 'blockid' not in userinfo:
        return None
    return Block(
        by=str(userinfo['blockedby']),
        reason=str(userinfo['blockreason']),
        expiry=str(userinfo['blockexpiry']),
        partial=bool(userinfo.get('blockpartial')),
    )


def _rate_limits(
    limits: Mapping[str, Mapping[str, Mapping[str, int]]],
) -> Iterator[RateLimit]:
    """Yield the limits that apply: of several groups, the highest one.

    https://www.mediawiki.org/wiki/API:Userinfo
    """
    for action, groups in sorted(limits.items()):
        highest = max(groups.values(), key=lambda each: each['hits'] / each['seconds'])
        yield RateLimit(action, highest['hits'], highest['seconds'])


def _sentence(error: Exception) -> str:
    return ' '.join(str(error).split())


def _is_transient(error: Exception) -> bool:
    return exit_code_of(error) is ExitCode.TRY_AGAIN
