"""Say what the recordings of the tip leave unsaid.

Most were made as those of 1.43 were, and are told by their scripts.
"""

from __future__ import annotations

from . import scripts, scripts_centralauth, scripts_globalblocks, scripts_sessions

SCRIPTS = (
    scripts.SCRIPTS
    | scripts_sessions.SCRIPTS
    | scripts_centralauth.SCRIPTS
    | scripts_globalblocks.SCRIPTS
)
