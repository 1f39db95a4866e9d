"""Say what recordings of today's CentralAuth leave unsaid: ``f_*``, ``g_*``, ``n_*``.

Whose session it was, and who was late of those who changed one account at once.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from http.cookiejar import Cookie
from typing import Any

from centralauth_sandbox.records import WikiSet

from . import scripts
from .jwt import encoded, payload_of
from .replay import COOKIELESS, Event, Forgery, Script
from .samples import load
from .scripts import (
    RACK,
    advance,
    ahead,
    central_read_only,
    in_turn,
    lag,
    read_only,
    seconds_in_note,
)
from .stage import Stage

CENTRAL_RACK = 'CentralAuth is being moved to another rack.'
RACES = ('race: ', 'two at once')


def races(name: str) -> Mapping[int, Event]:
    """Let those be late who changed an account at the same moment as another."""
    events: dict[int, Event] = {}
    changed: set[str] = set()
    for exchange in load(name, 'tip'):
        if not exchange.note.startswith(RACES):
            continue
        user = exchange.params['user']
        if isinstance(exchange.json.get('error'), list):
            events[exchange.index] = Stage.late if user in changed else Stage.cas_race
        elif exchange.params.get('locked') == 'unlock' and user in changed:
            events[exchange.index] = Stage.late
        elif exchange.params.get('locked') != 'unlock':
            changed.add(user)
    return events


def last_changed(stage: Stage, token: str) -> str:
    """Change the last letter of the signature."""
    return token[:-1] + ('A' if token[-1] != 'A' else 'B')


def saying(**changes: Any) -> Forgery:
    """Change what a token says, but for its signature."""

    def forge(stage: Stage, token: str) -> str:
        header, _, signature = token.split('.')
        return f'{header}.{encoded(payload_of(token) | changes)}.{signature}'

    return forge


def signed(**changes: Any) -> Forgery:
    """Change what a token says, and sign it with the farm's key; seconds are ages."""

    def forge(stage: Stage, token: str) -> str:
        now = {
            key: int(stage.farm.clock()) + value if key == 'exp' else value
            for key, value in changes.items()
        }
        return stage.farm.sessions.web_tokens.signer.sign(payload_of(token) | now)

    return forge


def unsigned(stage: Stage, token: str) -> str:
    header = encoded({'typ': 'JWT', 'alg': 'none'})
    return f'{header}.{token.split(".")[1]}.'


def without_signature(stage: Stage, token: str) -> str:
    return token.rpartition('.')[0]


def session_jwt(jar: str, forge: Forgery | None) -> Event:
    """Change the cookie sessionJwt in a jar, or take it away."""

    def happen(stage: Stage) -> None:
        cookie = the_cookie(stage, jar)
        if forge is None:
            cookies = stage.replay.cookies(jar)
            cookies.clear(cookie.domain, cookie.path, cookie.name)
        else:
            cookie.value = forge(stage, cookie.value or '')

    return happen


def of_other_account(stage: Stage, token: str) -> str:
    return the_cookie(stage, 'Plain').value or ''


def the_cookie(stage: Stage, jar: str) -> Cookie:
    (found,) = [c for c in stage.replay.cookies(jar) if c.name == 'sessionJwt']
    return found


def jwt_lifetime(seconds: int) -> Event:
    """Say how long the cookie sessionJwt lives."""

    def happen(stage: Stage) -> None:
        stage.farm.sessions.jwt_lifetime = seconds

    return happen


def prepare_accounts(stage: Stage) -> None:
    """Lock and hide accounts, and put them into global groups, as it was recorded."""
    farm = stage.farm
    farm.central.skip_ids('log', 27)
    stage.set_status('Spam 0001', locked=True)
    stage.set_status('Spam 0002', hidden='lists')
    stage.set_status('Spam 0003', locked=True, hidden='suppressed')
    stage.set_status('Spam 0004', locked=True, hidden='lists')
    for locked in (True, False, True):
        stage.set_status('Spam 0005', locked=locked)
    for locked in (True, False):
        stage.set_status('Spam 0006', locked=locked)
    stage.set_status('Spam 0007', locked=True, wiki='aa')
    farm.accounts['Spam 0008'].locked = True
    small = WikiSet('Small wikis', 'optin', ('aawiki', 'bbwiki'))
    farm.restricted_groups = {'global-sysop': small}
    farm.accounts['BotOp'].groups = frozenset({'global-sysop'})
    farm.accounts['Plain'].groups = frozenset({'global-bot'})
    plain = farm.accounts['Plain']
    plain.attached['aawiki'].editcount += 593 - plain.editcount
    farm.accounts['Plain'].expiries = {'global-bot': '2027-01-01T00:00:00Z'}


def max_result_size(size: int) -> Event:
    """Say how many bytes an answer may have."""

    def happen(stage: Stage) -> None:
        stage.farm.max_result_size = size

    return happen


SCRIPTS = {
    'a_login_clientlogin': replace(
        scripts.SCRIPTS['a_login_clientlogin'],
        # Somebody had an account there already.
        before={
            **scripts.SCRIPTS['a_login_clientlogin'].before,
            0: lambda stage: stage.farm.wikis['aa'].skip_ids('account', 598),
        },
    ),
    'f_missing_reason_partial_effects': Script(),
    'f_setglobalaccountstatus': replace(
        scripts.SCRIPTS['f_setglobalaccountstatus'],
        before={
            164: read_only(RACK),
            166: in_turn(read_only(None), central_read_only(CENTRAL_RACK)),
            168: in_turn(central_read_only(None), lag(7.3)),
            171: lag(0),
        },
    ),
    'f_setglobalaccountstatus_limited_and_races': replace(
        scripts.SCRIPTS['f_setglobalaccountstatus_limited_and_races'],
        meanwhile=races('f_setglobalaccountstatus_limited_and_races'),
    ),
    'n_centralauthtoken_expiry': Script(
        jars={0: COOKIELESS},
        meanwhile=seconds_in_note('n_centralauthtoken_expiry', 'tip'),
    ),
    'n_centralauthtoken_jwt': Script(
        jars={
            0: 'Stew',
            3: 'BotOp',
            4: 'Metaonly',
            5: COOKIELESS,
            44: 'Stew/2',
            48: 'Stew/3',
            49: 'Stew/4',
            53: 'Stew/5',
        },
        forged={
            10: last_changed,
            12: saying(sub='mw:CentralAuth::2'),
            13: without_signature,
            14: unsigned,
            16: signed(exp=-10),
            18: signed(iss='http://elsewhere.example'),
        },
        before={
            44: session_jwt('Stew/2', None),
            46: session_jwt('Stew/2', lambda stage, token: 'garbled'),
            48: session_jwt('Stew/3', of_other_account),
            49: in_turn(
                jwt_lifetime(5),
                ahead('ea456209c511871765d3c928594f51ef6b0907b6+\\', 'Stew/4', 'csrf'),
                advance(7),
                session_jwt('Stew/4', None),
            ),
            51: advance(7),
            53: session_jwt('Stew/5', signed(exp=-3 * 86400)),
        },
    ),
    'n_globalusers': Script(
        jars={
            0: 'Stew',
            2: 'Plain',
            4: 'anonymous',
            6: 'BotOp',
            8: 'Stew',
            30: 'Plain',
            31: 'Stew',
            92: 'Plain',
            94: 'anonymous',
            96: 'BotOp',
            98: 'Stew',
            120: 'Plain',
            121: 'Stew',
            180: 'Plain',
            185: 'anonymous',
            190: 'Stew',
            197: 'Stew@locker',
            204: COOKIELESS,
            211: 'Plain',
            213: 'Stew',
            215: COOKIELESS,
            216: 'Stew',
        },
        before={
            0: prepare_accounts,
            222: max_result_size(400),
            229: in_turn(max_result_size(2**23), lag(7.3)),
            230: in_turn(lag(0), central_read_only(CENTRAL_RACK)),
        },
    ),
    'n_setglobalaccountstatus': Script(
        jars={0: 'Stew', 189: 'anonymous', 191: 'Stew'},
        before={189: lambda stage: stage.temporary_accounts(True)},
        meanwhile=races('n_setglobalaccountstatus'),
    ),
}
