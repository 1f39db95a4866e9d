"""The farm.toml of the documentation for a MediaWiki that is installed for the tests.

With a command line it installs one, and runs that on it::

    PYTHONPATH=tests python -m mediawiki.farmfile pytest tests/sandbox tests/seams -rs
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path

from .installation import MediaWiki

ROOT = Path(__file__).parents[2]
#: What runs as the user of the web server there runs as that of the tests here.
SUDO = 'sudo -nEu www-data php examples/farm_hooks.php'


def farm_file(wiki: MediaWiki) -> str:
    """Return the text of the file, as it describes a wiki that is running."""
    page = (ROOT / 'docs' / 'real_farm.md').read_text('utf-8')
    text = page.partition('## MediaWiki on Debian')[2]
    text = text.partition('```toml\n')[2].partition('```')[0]
    for old, new, count in (
        ('http://localhost/mediawiki', f'http://{wiki.host}/w', 1),
        (SUDO, f'php {ROOT / "examples" / "farm_hooks.php"}', -1),
        ('the main password', wiki.operator.password, 1),
        ('the main password', wiki.member.password, 1),
        ('0123456789abcdefghijklmnopqrstuv', wiki.bot.password, 1),
        ('Admin', wiki.operator.name, -1),
    ):
        assert old in text
        text = text.replace(old, new, count)
    return text


def main(*command: str) -> int:
    """Run a command on a wiki of its own; return its exit code."""
    with tempfile.TemporaryDirectory(prefix='mediawiki-') as folder:
        wiki = MediaWiki('wiki', '127.0.0.1', Path(folder, 'wiki'))
        wiki.install()
        with wiki.running():
            file = Path(folder, 'farm.toml')
            file.touch(mode=0o600)
            file.write_text(farm_file(wiki), 'utf-8')
            environment = {
                **os.environ,
                **wiki.environment(),
                'MW_TOKENS_FARM': str(file),
            }
            return subprocess.run(command, env=environment, check=False).returncode


if __name__ == '__main__':
    sys.exit(main(*sys.argv[1:]))
