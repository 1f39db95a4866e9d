"""Say what recordings of today's sessions and tokens leave unsaid: ``d_*`` to ``l_*``.

It is said only where it is not what the script for 1.43 says.
"""

from __future__ import annotations

from dataclasses import replace

from . import scripts
from .jwt import centralauthtoken_in
from .replay import COOKIELESS, Script
from .samples import load
from .scripts import advance, ahead, seconds_in_note
from .stage import Stage


def sent(name: str, index: int, parameter: str) -> str:
    """Return a token that was sent, which had been fetched long before."""
    return load(name, 'tip')[index].params[parameter]


def tampered(stage: Stage, token: str) -> str:
    """Return a token that is dead, as one is that somebody else has just used."""
    head, dot, _ = token.rpartition('.')
    return head + dot + 'x'


_TOKENS = scripts.SCRIPTS['d_centralauthtoken']
_REUSE = scripts.SCRIPTS['e_csrf_reuse']
_BLOCKING = scripts.SCRIPTS['i_delete_block_edit']
_LOSS = scripts.SCRIPTS['l_session_loss']

SCRIPTS = {
    'd_centralauthtoken': replace(_TOKENS, meanwhile={}),
    'e_autocreate_race': Script(jars={0: COOKIELESS}),
    'e_csrf_reuse': replace(
        _REUSE,
        before={
            **_REUSE.before,
            26: ahead(
                centralauthtoken_in(sent('e_csrf_reuse', 27, 'centralauthtoken')),
                'Stew/4',
                'centralauth',
            ),
        },
    ),
    'e_expiry': Script(
        jars={0: COOKIELESS},
        # The wiki counts by the seconds of its clock, and one began in between.
        meanwhile={**seconds_in_note('e_expiry', 'tip'), 8: advance(60)},
    ),
    'e_use_token': replace(
        scripts.SCRIPTS['e_use_token'], forged=dict.fromkeys((71, 72, 73), tampered)
    ),
    'i_delete_block_edit': replace(
        _BLOCKING,
        # Here, users can send each other e-mail.
        before={at: event for at, event in _BLOCKING.before.items() if at},
    ),
    'i_ratelimit': Script(
        jars={0: 'BotOp'},
        before={0: lambda stage: stage.rate_limits(edit=3, delete=2)},
    ),
    'l_session_loss': replace(
        _LOSS,
        before={
            **_LOSS.before,
            79: ahead(
                sent('l_session_loss', 82, 'token'), 'Renamee', 'setglobalaccountstatus'
            ),
        },
    ),
}
