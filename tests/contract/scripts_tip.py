"""Say what the recordings of the tip leave unsaid.

Most were made as those of 1.43 were, and are told by their scripts.
"""

from __future__ import annotations

from . import scripts, scripts_globalblocks
from .replay import COOKIELESS, Script
from .scripts import seconds_in_note

SCRIPTS = (
    scripts.SCRIPTS
    | scripts_globalblocks.SCRIPTS
    | {
        'e_autocreate_race': Script(jars={0: COOKIELESS}),
        'e_expiry': Script(
            jars={0: COOKIELESS}, meanwhile=seconds_in_note('e_expiry', 'tip')
        ),
        'n_centralauthtoken_expiry': Script(
            jars={0: COOKIELESS},
            meanwhile=seconds_in_note('n_centralauthtoken_expiry', 'tip'),
        ),
    }
)
