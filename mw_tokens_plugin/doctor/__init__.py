"""What a login can do, on the home wiki and others, and what each script would lack.

It reads wikis and files, and changes nothing. Showing the findings is left to scripts.
"""

from mw_tokens_plugin.doctor.examination import (
    EXPECTED,
    OWN_LOGIN,
    examine,
    without_home,
)
from mw_tokens_plugin.doctor.findings import (
    MAX_CLOCK_DIFFERENCE,
    SCRIPTS,
    Advice,
    Block,
    Diagnosis,
    Findings,
    LoginKind,
    Missing,
    Need,
    Obstacle,
    RateLimit,
    Role,
    Script,
    ScriptCheck,
    SecretFile,
    WikiCheck,
)

__all__ = [
    'EXPECTED',
    'MAX_CLOCK_DIFFERENCE',
    'OWN_LOGIN',
    'SCRIPTS',
    'Advice',
    'Block',
    'Diagnosis',
    'Findings',
    'LoginKind',
    'Missing',
    'Need',
    'Obstacle',
    'RateLimit',
    'Role',
    'Script',
    'ScriptCheck',
    'SecretFile',
    'WikiCheck',
    'examine',
    'without_home',
]
