"""The example configuration works as it is, in the pywikibot that is installed.

pywikibot executes it while it is being imported, so each test starts a process.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

EXAMPLE = Path(__file__).parents[2] / 'user-config.example.py'


#: Settings that are commented out.
_CHOICE = re.compile(r"^# (?=[a-z_]+(\[.*?\])* = |    '|\)$)", re.MULTILINE)


def run(
    folder: Path, code: str, text: str | None = None
) -> subprocess.CompletedProcess[str]:
    """Run code with the example, or what was made of it, as its configuration."""
    target = folder / 'user-config.py'
    target.write_text(text or EXAMPLE.read_text('utf-8'), 'utf-8')
    target.chmod(0o600)
    environment = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(('PYWIKIBOT_', 'MW_TOKENS_'))
    }
    return subprocess.run(
        [sys.executable, '-c', code],
        cwd=folder,
        env={**environment, 'PYWIKIBOT_DIR': str(folder)},
        capture_output=True,
        text=True,
        timeout=120,
    )


def test_it_loads_without_a_warning(tmp_path: Path) -> None:
    code = 'from pywikibot import config; print(config.family, config.usernames)'
    result = run(tmp_path, code)
    assert (result.returncode, result.stderr) == (0, '')
    assert result.stdout.startswith('meta ')
    assert 'Example Steward' in result.stdout


def test_it_enables_the_plugin_for_scripts_that_do_not_know_it(tmp_path: Path) -> None:
    code = 'import pywikibot; print(pywikibot.site.APISite.global_account.__name__)'
    result = run(tmp_path, code)
    assert (result.stdout, result.stderr) == ('global_account\n', '')


@pytest.mark.parametrize(
    'use',
    [
        'pywikibot.site.APISite.foreign_site',
        'pywikibot.logging.log("a line")',
        'pywikibot.comms.http.session.request("GET", "http://127.0.0.1:1/")',
        'warnings.formatwarning("text", UserWarning, "file", 1)',
        'pywikibot.site.APISite("en")',
    ],
)
def test_pywikibot_starts_without_waiting_for_the_plugin(
    tmp_path: Path, use: str
) -> None:
    """It is installed when it is first needed, by whatever needs it."""
    code = f"""if True:
        import sys, warnings, pywikibot
        from contextlib import suppress

        ours = [n for n in sys.modules if n.startswith('mw_tokens_plugin.')]
        init = pywikibot.site.APISite.__init__.__wrapped__
        with suppress(Exception):
            {use}
        print(len(ours) <= 6, 'mw_tokens_plugin.site.install' in sys.modules)
        print(*[kind.__name__ for kind in pywikibot.site.APISite.__bases__][-1:])
        print(pywikibot.site.APISite.__init__ is init)
        import logging

        made = logging.getLogRecordFactory()('pywiki', 30, '', 1, 'x', (), None)
        print(type(made).__name__, 'request' in vars(pywikibot.comms.http.session))
    """
    result = run(tmp_path, code)
    assert result.stdout.splitlines() == [
        'True True',
        'TypedSite',
        'True',
        '_CleanLogRecord False',
    ], result.stderr


def test_all_choices_can_be_made(tmp_path: Path) -> None:
    """A farm of one's own, as its family file stands there, a password file, OAuth."""
    text = EXAMPLE.read_text('utf-8')
    family = text[text.index('#     from pywikibot') : text.index('# With that file')]
    lines = [line.removeprefix('#') for line in family.splitlines()]
    file = tmp_path / 'examplefarm_family.py'
    file.write_text(textwrap.dedent('\n'.join(lines)), 'utf-8')
    text = _CHOICE.sub('', text)
    code = """if True:
        from pywikibot import config
        from pywikibot.comms import http
        from pywikibot.family import Family

        print(config.family, config.usernames['*'], config.password_file)
        family = Family.load(config.family)
        print(family.name, family.central_wiki, family.shared_login)
        print(family.base_url(config.mylang, '/'), family.scriptpath('en'))
        for host in ('meta.wikimedia.org', 'de.wikipedia.org', 'www.wikidata.org'):
            print(len(http.get_authentication(f'https://{host}/') or ()))
    """
    result = run(tmp_path, code, text)
    assert result.stderr == ''
    assert result.stdout.splitlines() == [
        "examplefarm {'*': 'Example Steward'} user-password.py",
        'examplefarm meta True',
        'https://meta.wiki.example/ /w',
        '4',
        '4',
        '0',
    ]


def test_scripts_start_where_the_plugin_is_not_installed(tmp_path: Path) -> None:
    """Its lines in user-config.py are guarded; other settings hold."""
    code = """if True:
        import sys

        sys.modules['mw_tokens_plugin'] = None  # importing it fails
        import pywikibot
        from pywikibot import config

        print(config.family, hasattr(pywikibot.site.APISite, 'global_account'))
    """
    result = run(tmp_path, code)
    assert (result.stdout, result.stderr) == ('meta False\n', '')


def test_the_ledger_of_all_runs_is_named_in_user_config(tmp_path: Path) -> None:
    """-ledger counts more, and the lines that a script prints repeat no other."""
    text = EXAMPLE.read_text('utf-8').replace(
        '.enable()\nexcept', f".enable(ledger='{tmp_path}/team.sqlite3')\nexcept"
    )
    code = """if True:
        import pywikibot
        from mw_tokens_plugin.cli.options import CampaignOptions
        from mw_tokens_plugin.cli.lines import Lines
        from mw_tokens_plugin.cli.ledgers import open_ledger

        options = CampaignOptions()
        print(open_ledger(options).location.rpartition('/')[2])
        print(Lines(options).line('pwb', 'campaign', 'list'))
        options = CampaignOptions(ledger='mine.sqlite3')
        print(open_ledger(options).location.rpartition('/')[2])
    """
    result = run(tmp_path, code, text)
    assert result.stderr == ''
    assert result.stdout.splitlines() == [
        'team.sqlite3',
        'pwb campaign list',
        'mine.sqlite3',
    ]


@pytest.mark.parametrize(
    ('given', 'words'),
    [('home=3', 'give a text.'), ("reasons={'2': 'x'}", 'that are no numbers')],
)
def test_a_wrong_argument_ends_in_one_sentence(
    tmp_path: Path, given: str, words: str
) -> None:
    """Not in a traceback: pywikibot executes the file before any script begins."""
    text = EXAMPLE.read_text('utf-8')
    text += f'\n__import__("mw_tokens_plugin").enable({given})\n'
    result = run(tmp_path, 'import pywikibot', text)
    assert (result.returncode, result.stdout) == (2, ''), result.stderr
    (line,) = result.stderr.splitlines()
    assert f'user-config.py: enable({given}' in line and words in line
