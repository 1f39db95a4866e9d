"""The files of pywikibot that hold secrets: who can read them, and whether they work.

What follows from that is left to :mod:`.findings`.
"""

from __future__ import annotations

import stat
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from pywikibot import config

from mw_tokens_plugin.cli.passwords import password_file, password_problem
from mw_tokens_plugin.doctor.findings import SecretFile
from mw_tokens_plugin.privatefiles import others_can_read
from mw_tokens_plugin.site.bearer import configured_bearers


def secret_files() -> Iterator[SecretFile]:
    """Yield the files of pywikibot that hold secrets, or should."""
    path = password_file()
    if path is not None:
        # pywikibot narrows the mode when it logs in.
        mode, exposed = _mode(path), others_can_read(path)
        problem = None if exposed else password_problem()
        refused = exposed or problem is not None
        yield SecretFile(str(path), mode, exposed, problem, refused)
    path = Path(config.base_dir, config.user_config_file)
    consumers = any(len(consumer) == 4 for consumer in config.authenticate.values())
    if (consumers or configured_bearers()) and path.exists():
        yield SecretFile(str(path), _mode(path), others_can_read(path))


def reread(file: SecretFile) -> SecretFile:
    """Return a file as it is after the logins."""
    return replace(file, narrowed=file.exposed and not others_can_read(Path(file.path)))


def _mode(path: Path) -> str | None:
    return f'{stat.S_IMODE(path.stat().st_mode):03o}' if path.exists() else None
