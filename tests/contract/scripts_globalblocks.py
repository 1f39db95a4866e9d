"""Say what the recordings of global blocks leave unsaid."""

from __future__ import annotations

from collections.abc import Mapping

from .replay import COOKIELESS, Event, Replay, Script
from .samples import load
from .scripts import (
    RACK,
    central_read_only,
    in_turn,
    lag,
    read_only,
    status,
)
from .stage import Stage


def _number_an_account(stage: Stage) -> None:
    stage.farm.wikis['aa'].next_id('account')


CENTRAL_RACK = 'CentralAuth is being moved to another rack.'

#: The addresses from which it was tried to write.
TRIED = '203.0.113.200'
BLOCKED = '203.0.113.201'
BLOCKED_FOR_NOBODIES = '203.0.113.202'
IN_A_RANGE = '198.18.0.7'


def block_locally(name: str) -> Event:
    return lambda stage: stage.block('meta', name, reason='local', days=1)


def lost_races(name: str) -> Mapping[int, Event]:
    """Let those fail that were slower than another request of the same moment.

    The number of the block goes to who was faster, though their answer came later.
    """
    events: dict[int, Event] = {}
    for exchange in load(name, 'tip'):
        pair = exchange.note.startswith('two at once')
        if not pair or 'block-failure' not in str(exchange.json):
            continue
        events[exchange.index] = Stage.lose_global_block
        if exchange.index % 2:
            events[exchange.index + 1] = lambda stage: stage.skip_global_blocks(-1)
            events[exchange.index + 2] = lambda stage: stage.skip_global_blocks(1)
    return events


def after(name: str) -> Event:
    """Let everything have happened that happens in another recording."""

    def happen(stage: Stage) -> None:
        replay = Replay(stage, SCRIPTS[name])
        for exchange in load(name, 'tip'):
            replay.differences(exchange)
        replay.close()

    return happen


SCRIPTS = {
    'o_globalblock': Script(
        jars={
            0: 'Stew',
            211: 'Plain',
            214: 'BotOp',
            217: 'Metaonly',
            220: COOKIELESS,
            224: 'Stew@locker',
            227: 'Stew',
            229: 'Stew@nogb',
            232: 'Stew',
            234: 'Stew@gb',
            237: 'Stew',
            239: 'Stew@full',
            242: 'Stew',
            244: 'Stew@gb',
            245: COOKIELESS,
            250: 'Stew',
            251: COOKIELESS,
            252: 'Stew',
            254: COOKIELESS,
            255: 'Stew',
            256: COOKIELESS,
            260: 'Stew',
        },
        before={
            0: Stage.add_bot_passwords,
            165: in_turn(
                status('Spam 0090', locked=True),
                status('Spam 0091', hidden='lists'),
                status('Spam 0092', hidden='suppressed'),
            ),
            187: block_locally('Spam 0122'),
            201: block_locally('Spam 0142'),
            # Two were made through OAuth.
            249: lambda stage: stage.skip_global_blocks(2),
            256: lambda stage: stage.demote_locally('aa', 'Stew'),
            257: lambda stage: stage.let_stewards_block(True),
            258: lambda stage: stage.let_stewards_block(False),
            260: read_only(RACK),
            262: in_turn(read_only(None), central_read_only(CENTRAL_RACK)),
            263: in_turn(central_read_only(None), lag(7.3)),
            264: in_turn(lag(0), lambda stage: stage.rate_limits(edit=3, delete=2)),
            **lost_races('o_globalblock'),
        },
        types={32: 'setglobalaccountstatus', 60: 'setglobalaccountstatus'},
    ),
    'o_globalblock_names': Script(
        jars={0: 'Stew', 28: COOKIELESS, 29: 'Stew', 31: COOKIELESS, 32: 'Stew'},
        before={34: lambda stage: stage.rename('Spam 0061', 'Spam renamed')},
    ),
    'o_globalblocks_query_and_logs': Script(
        jars={
            0: 'Stew',
            13: COOKIELESS,
            14: 'Stew',
            48: COOKIELESS,
            49: 'Stew',
            77: COOKIELESS,
        },
        before={
            0: after('o_globalblock'),
            74: lambda stage: stage.backdate_global_blocks(
                range(10, 31), '2026-11-27T04:00:00Z'
            ),
        },
    ),
    'o_globally_blocked': Script(
        jars={
            0: 'Spam 0300',
            1: 'Stew',
            2: 'Spam 0300',
            16: 'anonymous/1',
            18: 'Stew',
            22: 'Plain',
            26: COOKIELESS,
            30: 'Stew',
            36: 'Spam 0300',
            37: 'Stew',
            42: COOKIELESS,
            45: 'Plain',
            48: 'BotOp',
            50: 'Stew2',
            51: COOKIELESS,
            54: 'Plain',
            57: 'BotOp',
            59: 'Stew2',
            60: COOKIELESS,
            63: 'Plain',
            66: 'BotOp',
            68: 'Stew2',
            69: 'anonymous/2',
            70: 'Plain',
            71: 'Stew',
            72: 'BotOp',
            78: COOKIELESS,
            79: 'Stew',
            80: 'Stew2',
            84: 'anonymous/3',
            86: 'Stew',
            89: 'anonymous/3',
            91: 'Stew',
            92: COOKIELESS,
        },
        addresses={
            0: TRIED,
            1: '',
            2: TRIED,
            18: '',
            22: TRIED,
            30: '',
            36: TRIED,
            37: '',
            42: BLOCKED,
            51: BLOCKED_FOR_NOBODIES,
            60: IN_A_RANGE,
            69: BLOCKED,
            70: f'{BLOCKED}, 192.0.2.1',
            71: '',
            92: BLOCKED_FOR_NOBODIES,
        },
        before={
            0: lambda stage: stage.add_page('Sandbox', 'sandbox'),
            # Some account had been made there before.
            84: in_turn(
                _number_an_account,
                lambda stage: stage.temporary_accounts(True),
            ),
        },
    ),
}
