"""Say what each recording leaves unsaid: whose session, and what happened meanwhile.

It was worked out from the cookies that were sent and from the notes; how a farm does
what happens is known to :mod:`.stage`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from .replay import COOKIELESS, Event, Script
from .samples import load
from .stage import Stage

RACK = 'The farm is being moved to another rack.'
MAINTENANCE = 'CentralAuth is read only for tests.'


def fault(kind: str, **details: Any) -> Event:
    """Let one of the sandbox's faults hit the next request."""
    return lambda stage: stage.fault(kind, **details)


def in_turn(*events: Event) -> Event:
    def happen(stage: Stage) -> None:
        for event in events:
            event(stage)

    return happen


def advance(seconds: float) -> Event:
    return lambda stage: stage.advance(seconds)


def read_only(reason: str | None) -> Event:
    return lambda stage: stage.read_only(reason)


def central_read_only(reason: str | None) -> Event:
    return lambda stage: stage.central_read_only(reason)


def lag(seconds: float) -> Event:
    return lambda stage: stage.lag(seconds)


def status(name: str, **change: Any) -> Event:
    return lambda stage: stage.set_status(name, **change)


def log_in(jar: str) -> Event:
    return lambda stage: stage.replay.log_in(jar)


def log_out(jar: str) -> Event:
    return lambda stage: stage.replay.log_out(jar)


def ahead(token: str, jar: str, kind: str) -> Event:
    """Fetch a token that is used only later, when it could not be fetched any more."""
    return lambda stage: stage.replay.fetch_ahead(token, jar, kind)


def edit_as(user: str, title: str) -> Event:
    return lambda stage: stage.edit(user, title)


def seconds_in_note(name: str, release: str = '1.43') -> Mapping[int, Event]:
    """Let the time pass that the note of each exchange tells."""
    pattern = re.compile(r'token used ([\d.]+) s after')
    return {
        exchange.index: advance(float(match[1]))
        for exchange in load(name, release)
        if (match := pattern.search(exchange.note))
    }


def where_answered(name: str, code: str, event: Event) -> Mapping[int, Event]:
    """Let something happen to those exchanges that were answered with an error."""
    return {
        exchange.index: event
        for exchange in load(name)
        if exchange.response_headers.get('MediaWiki-API-Error') == code
    }


def redirect_states(release: str) -> list[str]:
    """Return the states with which users were redirected, in their order."""
    exchanges = load('j_linkaccount', release)
    answers = [each.json.get('linkaccount', {}) for each in exchanges]
    return [a['redirectdata']['state'] for a in answers if 'redirectdata' in a]


def keep_home_alive(stage: Stage) -> None:
    """Let 14 seconds pass, in which only the home session is used."""
    for _ in range(7):
        stage.advance(2)
        stage.replay.look_alive('Stew')


def prepare_queries(stage: Stage) -> None:
    stage.set_status('Spam 0001', locked=True)
    stage.set_status('Spam 0002', hidden='lists')
    stage.set_status('Spam 0003', locked=True, hidden='suppressed')


SCRIPTS = {
    'a_login_botpassword': Script(
        jars={
            0: 'anonymous/1',
            11: 'anonymous/2',
            22: 'anonymous/3',
            23: 'anonymous/4',
            25: 'anonymous/5',
            26: 'anonymous/6',
            27: 'anonymous/7',
            28: 'anonymous/8',
            29: 'anonymous/9',
        },
        before={
            28: status('Stew', locked=True),
            29: status('Stew', locked=False),
        },
    ),
    'a_login_clientlogin': Script(
        jars={
            0: 'anonymous/1',
            20: 'anonymous/2',
            40: 'anonymous/3',
            41: 'anonymous/4',
            42: 'anonymous/5',
            43: 'anonymous/6',
            44: 'anonymous/7',
            45: 'anonymous/8',
            46: 'anonymous/9',
            47: 'anonymous/10',
            48: 'anonymous/11',
            49: 'anonymous/12',
            51: 'anonymous/13',
        },
        before={46: status('Stew2', locked=True)},
    ),
    'a_login_oauth': Script(jars={0: COOKIELESS}),
    'b_tokens': Script(
        jars={0: 'anonymous', 28: 'Stew', 56: 'BotOp', 84: 'Stew@locker', 112: 'Stew'},
    ),
    'c_paraminfo': Script(types={60: 'setglobalaccountstatus'}),
    'd_centralauthtoken': Script(
        jars={
            0: COOKIELESS,
            3: 'Stew',
            14: 'Stew@locker',
            17: COOKIELESS,
            20: 'Stew',
            21: COOKIELESS,
            22: 'Localonly',
            24: COOKIELESS,
            27: 'Stew',
        },
        before={
            22: lambda stage: stage.strict(False),
            24: lambda stage: stage.strict(True),
            27: read_only(RACK),
        },
        meanwhile={26: Stage.autocreate_race},
    ),
    'e_autocreate_race': Script(
        jars={0: COOKIELESS},
        meanwhile=where_answered(
            'e_autocreate_race', 'badtoken', Stage.autocreate_race
        ),
    ),
    'e_csrf_lifetime_shortsession': Script(
        jars={0: COOKIELESS},
        before={
            0: lambda stage: stage.session_lifetime(10),
            **dict.fromkeys(range(1, 10), advance(2)),
            11: keep_home_alive,
        },
    ),
    'e_csrf_reuse': Script(
        jars={
            0: COOKIELESS,
            21: 'Stew/2',
            22: 'Stew/1',
            24: COOKIELESS,
            26: 'Stew/4',
            27: COOKIELESS,
            28: 'Stew/3',
            29: COOKIELESS,
            30: 'Stew/5',
            32: COOKIELESS,
            42: 'Stew/6',
        },
        homes={
            0: 'Stew/1',
            16: 'Stew/2',
            17: 'Stew/1',
            24: 'Stew/3',
            25: 'Stew/4',
            29: 'Stew/5',
            32: 'Stew/6',
        },
        before={
            18: log_in('Stew/1'),
            26: ahead('79f518e8be6edadf93758ffefccc747c1', 'Stew/4', 'centralauth'),
            30: lambda stage: stage.change_auth_token('Stew'),
        },
    ),
    'e_expiry': Script(jars={0: COOKIELESS}, meanwhile=seconds_in_note('e_expiry')),
    'e_use_token': Script(
        jars={
            0: 'Stew',
            1: COOKIELESS,
            3: 'Stew',
            4: COOKIELESS,
            20: 'BotOp',
            23: COOKIELESS,
            76: 'Stew2',
        },
        meanwhile={75: status('Stew2', locked=True)},
    ),
    'f_missing_reason_partial_effects': Script(
        jars={0: 'Stew', 5: COOKIELESS, 8: 'Stew'}
    ),
    'f_parallel_distinct_accounts': Script(),
    'f_setglobalaccountstatus': Script(
        jars={
            0: 'Stew',
            82: 'BotOp',
            89: COOKIELESS,
            93: 'Metaonly',
            94: 'Stew@locker',
            96: 'Stew',
            161: 'Stew2',
            164: 'Stew',
        },
        before={
            164: read_only(RACK),
            166: in_turn(read_only(None), central_read_only(MAINTENANCE)),
            168: in_turn(central_read_only(None), lag(7.3)),
            171: lag(0),
        },
        types={50: 'csrf'},
    ),
    'f_setglobalaccountstatus_limited_and_races': Script(
        jars={
            0: 'Plain',
            5: 'Stew',
            6: 'Plain',
            8: 'Stew',
            9: 'Plain',
            15: 'Stew',
            16: 'Plain',
            18: 'Stew',
            19: 'Plain',
            20: 'Stew',
        },
        before={0: lambda stage: stage.grant('Plain', 'centralauth-lock')},
        meanwhile=where_answered(
            'f_setglobalaccountstatus_limited_and_races',
            'internal_api_error_RuntimeException',
            Stage.cas_race,
        ),
    ),
    'g_deleteglobalaccount': Script(
        jars={0: 'Stew', 22: 'BotOp', 24: 'Stew@locker', 26: COOKIELESS, 27: 'Stew'},
        types={7: 'setglobalaccountstatus'},
        sources={26: 'Stew'},
    ),
    'h_query_global': Script(
        jars={
            0: 'Stew',
            11: COOKIELESS,
            14: 'Stew',
            15: COOKIELESS,
            16: 'Stew',
            21: 'BotOp',
            22: 'Stew',
            27: COOKIELESS,
            28: 'Stew',
            31: 'BotOp',
            32: 'Stew',
            51: COOKIELESS,
            54: 'Stew',
            55: COOKIELESS,
            56: 'Stew',
            61: 'BotOp',
            62: 'Stew',
            67: COOKIELESS,
            68: 'Stew',
            72: 'BotOp',
            73: 'Stew',
        },
        before={0: prepare_queries, 81: Stage.add_wiki_sets},
        types={91: 'csrf', 99: 'csrf'},
    ),
    'i_blocked_protected': Script(
        jars={
            0: COOKIELESS,
            16: 'Blockee',
            21: 'Plain',
            22: 'Blockee',
            27: 'Plain',
            28: COOKIELESS,
        },
    ),
    'i_createlocalaccount': Script(
        jars={0: COOKIELESS, 20: 'Plain'},
        before={
            18: status('Spam 0707', hidden='suppressed'),
            19: status('Spam 0708', locked=True),
        },
    ),
    'i_delete_block_edit': Script(
        jars={
            0: COOKIELESS,
            34: 'Plain',
            40: COOKIELESS,
            69: 'BotOp',
            80: COOKIELESS,
            89: 'Plain',
            90: COOKIELESS,
            102: 'Plain',
            103: COOKIELESS,
            115: 'Plain',
            116: COOKIELESS,
            124: 'Plain',
            125: COOKIELESS,
            128: 'Blockee',
            135: COOKIELESS,
        },
        before={
            0: lambda stage: stage.user_email(False),
            43: lag(7.3),
            49: lag(0),
            51: lag(7.3),
            57: lag(0),
            59: lag(7.3),
            60: lag(0),
            61: read_only(RACK),
            64: read_only(RACK),
            69: in_turn(
                read_only(None), lambda stage: stage.rate_limits(edit=3, delete=2)
            ),
            80: Stage.rate_limits,
            94: edit_as('BotOp', 'Multi rev 0002'),
            107: edit_as('BotOp', 'Multi rev 0003'),
        },
    ),
    'j_clientlogin_flows': Script(
        jars={
            0: 'anonymous/1',
            5: 'anonymous/2',
            7: 'anonymous/3',
            9: 'anonymous/4',
            10: 'anonymous/5',
            11: 'anonymous/6',
            16: 'anonymous/7',
            18: 'anonymous/8',
            20: 'anonymous/9',
            21: 'anonymous/10',
        },
    ),
    'k_legacy': Script(before={0: lambda stage: stage.log_global_rights('Plain')}),
    'l_anonymous_fallthrough': Script(jars={0: 'anonymous', 7: COOKIELESS}),
    'l_session_loss': Script(
        jars={
            0: 'Stew/1',
            6: 'anonymous/1',
            15: 'Stew@locker/1',
            21: COOKIELESS,
            27: 'Stew/3',
            33: 'Stew@locker/2',
            39: 'Stew@locker/3',
            45: COOKIELESS,
            47: 'Stew/8',
            53: 'Stew/9',
            59: 'Stew@locker/5',
            65: COOKIELESS,
            71: 'anonymous/2',
            73: 'Stew@locker/6',
            79: COOKIELESS,
            80: 'Renamee',
            81: COOKIELESS,
            82: 'Renamee',
            88: 'anonymous/3',
            89: 'Renamee',
            95: 'anonymous/4',
            96: 'anonymous/5',
            97: 'Stew2',
            103: 'Stew/11',
        },
        homes={45: 'Stew/6', 46: 'Stew/7'},
        before={
            53: lambda stage: stage.promote('Stew'),
            59: status('Stew', locked=False),
            73: status('Stew', locked=False),
            79: ahead(
                'd653edf44d93b32c2b145bae7408fd5a6b0270b3+\\',
                'Renamee',
                'setglobalaccountstatus',
            ),
            89: lambda stage: stage.rename('Renamee', 'Renamed user'),
            103: lambda stage: stage.start_rename('Spam 0310'),
        },
        meanwhile={
            0: Stage.wipe_sessions,
            7: Stage.wipe_sessions,
            15: Stage.wipe_sessions,
            27: log_out('Stew/4'),
            33: log_out('Stew/5'),
            39: log_out('Stew@locker/4'),
            45: Stage.wipe_sessions,
            47: lambda stage: stage.demote('Stew'),
            53: status('Stew', locked=True),
            59: status('Stew', locked=True),
            73: lambda stage: stage.revoke_bot_password('Stew@locker'),
            79: lambda stage: stage.start_rename('Renamee'),
            97: lambda stage: stage.delete_global_account('Stew2'),
        },
        sources={21: 'Stew/2'},
    ),
    'j_linkaccount': Script(
        jars={
            0: 'Plain/1',
            17: 'anonymous/1',
            19: 'Plain/1',
            72: 'anonymous/2',
            73: 'Plain/1',
            86: 'anonymous/3',
            88: 'Plain/1',
            141: 'anonymous/4',
            142: 'BotOp@linker',
            145: COOKIELESS,
            149: 'Plain/2',
        },
        before={
            0: lambda stage: stage.link_accounts(False),
            4: lambda stage: stage.link_accounts(True, redirect_states(stage.release)),
            148: lambda stage: stage.needs_login(True),
            149: in_turn(
                lambda stage: stage.needs_login(False),
                lambda stage: stage.login_age(2),
            ),
            150: advance(3),
            164: in_turn(lambda stage: stage.login_age(300), read_only(RACK)),
            165: in_turn(read_only(None), lag(7.3)),
            166: lag(0),
        },
    ),
    'm_http_level': Script(
        jars={
            0: 'Stew/1',
            20: COOKIELESS,
            21: 'Stew/1',
            22: COOKIELESS,
            23: 'Stew/1',
            29: COOKIELESS,
            30: 'Stew/1',
            31: 'Stew/2',
        },
        before={
            24: lambda stage: stage.session_store(up=False),
            31: lambda stage: stage.session_store(up=True),
        },
        meanwhile={
            31: fault('retry-after', status=503, seconds=17),
            32: fault('retry-after', status=429, seconds=4),
            33: fault('http', status=504),
            34: fault('http', status=302, location='http://127.0.0.9/login'),
            35: fault('empty'),
            36: fault('http', status=502),
        },
    ),
    'p_pywikibot_11.9_live': Script(
        jars={0: 'anonymous'},
        before={
            28: lag(7.3),
            31: lag(0),
            32: read_only(RACK),
            35: in_turn(read_only(None), Stage.wipe_sessions),
        },
    ),
}
