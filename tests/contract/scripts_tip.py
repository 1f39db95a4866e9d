"""Say what the recordings of the tip leave unsaid.

Most were made as those of 1.43 were, and are told by their scripts.
"""

from __future__ import annotations

from dataclasses import replace

from . import scripts, scripts_centralauth, scripts_globalblocks
from .replay import COOKIELESS, Script
from .scripts import seconds_in_note

_BLOCKING = scripts.SCRIPTS['i_delete_block_edit']

#: Here, users could send each other e-mail.
_WITH_EMAIL = replace(
    _BLOCKING, before={at: event for at, event in _BLOCKING.before.items() if at}
)

SCRIPTS = (
    scripts.SCRIPTS
    | scripts_globalblocks.SCRIPTS
    | scripts_centralauth.SCRIPTS
    | {
        'e_autocreate_race': Script(jars={0: COOKIELESS}),
        'e_expiry': Script(
            jars={0: COOKIELESS}, meanwhile=seconds_in_note('e_expiry', 'tip')
        ),
        'i_delete_block_edit': _WITH_EMAIL,
        'i_ratelimit': Script(
            jars={0: 'BotOp'},
            before={0: lambda stage: stage.rate_limits(edit=3, delete=2)},
        ),
    }
)
