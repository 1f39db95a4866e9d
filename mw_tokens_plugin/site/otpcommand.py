"""The command that prints codes of the authenticator app, such as a password manager's.

It runs the command; which code may be sent is left to :mod:`.logindialog`.
"""

from __future__ import annotations

import subprocess
from collections.abc import Sequence

from mw_tokens_plugin.exceptions import LoginNeedsInput
from mw_tokens_plugin.protocol.authmanager.factors import Factor, code_as_sent
from mw_tokens_plugin.site.secretsources import note_values

#: Seconds that it may take, since it may ask for a passphrase of its own.
PATIENCE = 120
#: Digits of a code.
_LENGTHS = (6, 7, 8)


def code_of(command: Sequence[str]) -> str:
    """Run a command, and return the code that it prints.

    It is run without a shell. What it prints is shown nowhere.

    :param command: the program and its arguments
    :raises LoginNeedsInput: it failed, or printed no code
    """
    name = command[0]
    try:
        # S603: the operator has named it in user-config.py.
        done = subprocess.run(
            command, stdout=subprocess.PIPE, timeout=PATIENCE, check=False
        )
    except OSError as error:
        raise _failure(name, f'cannot be run: {error.strerror}') from None
    except subprocess.TimeoutExpired:
        raise _failure(name, f'did not end within {PATIENCE} seconds') from None
    if done.returncode:
        raise _failure(name, f'ended with the exit code {done.returncode}')
    lines = done.stdout.decode('utf-8', 'replace').split('\n')
    code = code_as_sent(Factor.TOTP, lines[0])
    note_values(filter(None, (code, lines[0].strip())), 'OATHToken')
    if not (code.isascii() and code.isdigit() and len(code) in _LENGTHS):
        raise _failure(name, 'printed no code in its first line')
    return code


def _failure(name: str, what: str) -> LoginNeedsInput:
    return LoginNeedsInput(
        f'The otp_command in user-config.py ({name}) {what}. Run it by hand to see '
        'why, then start again.'
    )
