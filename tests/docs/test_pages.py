"""Pages can be followed: each block is run, and does what it says."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from centralauth_sandbox import Sandbox
from centralauth_sandbox.farm import Farm

from .blocks import ROOT, Block, blocks_in
from .reader import Reader, not_said

#: The tutorial starts the farm itself; where the others speak of Meta and German
#: Wikipedia, they get wikis of the sandbox.
TUTORIAL = 'docs/tutorial.md'
PAGES = (
    'README.md',
    'docs/bots.md',
    'docs/campaign.md',
    'docs/credentials.md',
    'docs/crosswiki_cleanup.md',
    'docs/crosswiki_delete.md',
    'docs/foreign_site.md',
    'docs/global_block.md',
    'docs/global_delete.md',
    'docs/global_lock.md',
    'docs/global_status.md',
    'docs/globalaccounts.md',
    'docs/languages.md',
    'docs/link_account.md',
    'docs/lists.md',
    'docs/long_running.md',
    'docs/own_campaigns.md',
    'docs/quickstart.md',
    'docs/requestpages.md',
    'docs/sandbox.md',
    'docs/token_doctor.md',
    'docs/tokens.md',
    'docs/toolforge.md',
)
#: What is no command: configuration, pictures, lists of pages.
NOT_RUN = ('', 'yaml')

_FAMILY = """from pywikibot import family


class Family(family.Family):
    name = {name!r}
    langs = {{{code!r}: {host!r}}}
    central_wiki = 'meta:meta'
    shared_login = True

    def protocol(self, code):
        return 'http'

    def scriptpath(self, code):
        return '/w'
"""

_REQUESTS = """== Requests for global (un)lock and (un)hiding ==

=== Global lock for spambots ===
{{Status}}
* {{MultiLock|Spambot 00001|Spambot 00002}}
Spam on many wikis. [[User:Plain Sysop|Plain Sysop]] 07:42, 21 November 2026 (UTC)

=== Global lock for Spambot 00003 ===
{{Status|in progress}}
* {{LockHide|Spambot 00003}}
Spam. [[User:Plain Sysop|Plain Sysop]] 07:50, 21 November 2026 (UTC)

=== Global unlock for Already Locked ===
{{Status}}
* {{LockHide|Already Locked}}
I am sorry. [[User:Ann|Ann]] 08:10, 21 November 2026 (UTC)
"""

_USER_CONFIG = """family = mylang = 'meta'
family_files['meta'] = {meta!r}
family_files['wikipedia'] = {wikipedia!r}
usernames['*']['*'] = 'Sandbox Operator'
password_file = 'user-password.py'
put_throttle = minthrottle = 0
"""


@pytest.fixture
def reader(tmp_path: Path) -> Iterator[Reader]:
    """Somebody in a folder of their own."""
    reader = Reader(tmp_path)
    try:
        yield reader
    finally:
        reader.close()


@pytest.mark.parametrize('page', [*PAGES, TUTORIAL])
def test_each_block_is_run_or_says_why_not(page: str) -> None:
    for block in blocks_in(page):
        if block.language in NOT_RUN or block.language.startswith('{'):
            assert not re.search(
                r'^(pwb|python|pip|import)\b', block.text, re.MULTILINE
            )
            continue
        assert block.language in ('sh', 'python'), f'{block}: {block.language!r}'
        assert block.reason is None or len(block.reason.split()) > 3, str(block)


@pytest.mark.faults
def test_the_tutorial_can_be_followed(reader: Reader) -> None:
    follow(reader, TUTORIAL)


@pytest.mark.faults
@pytest.mark.parametrize('page', PAGES)
def test_the_page_can_be_followed(page: str, reader: Reader, tmp_path: Path) -> None:
    with Sandbox(accounts=20) as sandbox:
        prepare(tmp_path, sandbox)
        sandbox.call(trouble)
        (tmp_path / 'examples').symlink_to(ROOT / 'examples')
        if page == 'docs/campaign.md':
            begin_a_campaign(reader, sandbox)
        # Where the quickstart has its programs, and the farm's folder.
        programs = tmp_path / 'wiki' / 'bin'
        programs.mkdir(parents=True)
        (programs / 'pwb').symlink_to(Path(sys.executable).with_name('pwb'))
        (tmp_path / 'practice').mkdir()
        prepare(tmp_path / 'practice', sandbox)
        follow(reader, page)


def follow(reader: Reader, page: str) -> None:
    """Do what a page says; in those to look something up, each block for itself."""
    for block in blocks_in(page):
        if block.reason is None and block.language in ('sh', 'python'):
            reader.do(block)
            if page not in ('README.md', TUTORIAL):
                reader.leave_python()


def prepare(folder: Path, sandbox: Sandbox) -> None:
    """Write what a reader has in their folder."""
    files = {}
    for name, code, wiki in (('meta', 'meta', 'meta'), ('wikipedia', 'de', 'aa')):
        host = sandbox.wikis[wiki].server.removeprefix('http://')
        path = folder / f'rehearsed_{name}_family.py'
        path.write_text(_FAMILY.format(name=name, code=code, host=host))
        files[name] = str(path)
    password = ('Sandbox Operator', sandbox.credentials.operator)
    secret = folder / 'user-password.py'
    secret.touch(mode=0o600)
    secret.write_text(f'{password!r}\n')
    config = folder / 'user-config.py'
    config.write_text(_USER_CONFIG.format(**files))
    config.chmod(0o600)
    names = [f'Spambot {number:05}' for number in range(5, 13)]
    (folder / 'spambots.txt').write_text('\n'.join(names))


def trouble(farm: Farm) -> None:
    """Let a spammer, and people with requests, come by."""
    spammer = farm.add_account('Example spammer')
    for wiki in farm.wikis.values():
        user_id = spammer.attached[wiki.db].id
        for title in ('Cheap pills', 'Sandbox'):
            wiki.edit(title, 'Buy!', user=spammer.name, user_id=user_id)
    farm.central.edit('Steward requests/Global', _REQUESTS, user='Plain Sysop')
    for name in ('Spambot 00016', 'Spambot 00017'):
        farm.log_creation(farm.central, farm.central.stranger(name))


def begin_a_campaign(reader: Reader, sandbox: Sandbox) -> None:
    """Have wave-7 fail for its second account, and stop there."""
    lock = 'pwb global_lock -always -campaign:wave-7 -max-failures:0'
    plan = f'{lock} -file:spambots.txt -reason:"Spam-only account" -simulate'
    reader.do(Block('before', 1, 'sh', plan))
    gone = sandbox.call(lambda farm: farm.accounts.pop('Spambot 00006'))
    reader.do(Block('before', 2, 'sh', f'{lock} -resume', code=4))
    sandbox.call(lambda farm: farm.accounts.update({gone.name: gone}))


def test_the_page_for_bot_authors_has_all_that_a_site_gains() -> None:
    from mw_tokens_plugin.site.mixins import PluginMixin

    found = set(re.findall(r'`(?:site\.)?(\w+)', (ROOT / 'docs/bots.md').read_text()))
    internal = {'authentication', 'single_send_request', 'vouched'}
    internal |= {'first_letter', 'in_english'}
    gained = {name for name in dir(PluginMixin) if not name.startswith('_')}
    assert gained - internal <= found


# The check itself


@pytest.mark.parametrize(
    ('expected', 'said', 'missing'),
    [
        (('a b',), 'x\n  a   b\n', None),
        (('a … c',), 'a lot of c', None),
        (('a', 'b'), 'b\na', 'b'),
        (('b…',), 'ab', 'b…'),
        (('…', 'b'), 'b', None),
        (('(1)',), '1', '(1)'),
    ],
)
def test_what_was_not_said_is_noticed(
    expected: tuple[str, ...], said: str, missing: str | None
) -> None:
    block = Block('page', 1, 'sh', '', expected)
    assert not_said(block, said) == missing


def test_a_block_that_fails_is_noticed(reader: Reader) -> None:
    for language, text in (('sh', 'false\ntrue'), ('python', '1 / 0')):
        with pytest.raises(AssertionError, match='ended with 1'):
            reader.do(Block('page', 1, language, text))


def test_the_readme_shows_a_picture_that_exists_and_loads_nothing() -> None:
    picture = ROOT / 'docs' / '_static' / 'demo.svg'
    assert 'docs/_static/demo.svg' in (ROOT / 'README.md').read_text('utf-8')
    text = picture.read_text('utf-8')
    assert 'url(http' not in text and '<image' not in text
    shown = text.replace('&#160;', ' ')
    for words in ('To lock: 400', 'Skipped: 3', 'Type the number 400', 'To undo: '):
        assert words in shown
    assert '{' not in re.sub('<style>.*?</style>', '', shown, flags=re.DOTALL)
