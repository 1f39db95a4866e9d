"""A campaign script knows under which name it was started."""

from __future__ import annotations

import pytest

from mw_tokens_plugin.cli.scriptname import _typed_name


@pytest.mark.parametrize(
    ('command', 'arguments', 'name'),
    [
        ('python /bin/pwb global_lock X -always', 'X -always', 'global_lock'),
        ('python /bin/pwb -lang:aa -simulate global_lock X', 'X', 'global_lock'),
        ('python -m pywikibot.scripts.wrapper global_unlock X', 'X', 'global_unlock'),
        ('python pwb.py global_unlock.py X', 'X', 'global_unlock'),
        ('python pwb.py scripts/global_lock X', 'X', 'global_lock'),
        ('python -W error scripts/global_lock.py', '', 'global_lock'),
        ('python -m mw_tokens_scripts.global_lock X', 'X', 'global_lock'),
        ('python -mmw_tokens_scripts.global_lock X', 'X', 'global_lock'),
        ('python pwb -nolog global_unlock X', 'X -nolog', 'global_unlock'),
        ('python pwb -nolog global_unlock -nolog', '-nolog -nolog', 'global_unlock'),
        ('python pwb -nolog global_unlock', '-nolog', 'global_unlock'),
        ('python pwb global_lock -nolog', '-nolog', 'global_lock'),
        ('python nightly.py', 'X -always', None),
    ],
)
def test_the_name_is_read_off_the_command_line(
    command: str, arguments: str, name: str | None
) -> None:
    assert _typed_name(command.split(), arguments.split()) == name
