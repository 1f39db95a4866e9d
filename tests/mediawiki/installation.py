"""A real MediaWiki: Debian's package with SQLite, served by PHP's own server.

It installs wikis into a temporary directory and runs them on loopback; nothing outside
of that directory is changed.
"""

from __future__ import annotations

import json
import os
import re
import secrets
import shutil
import sqlite3
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, closing, contextmanager
from pathlib import Path
from typing import Any

from .oracle import Oracle, oracle
from .wiki import Account, Sent

HERE = Path(__file__).parent
PACKAGE = Path('/usr/share/mediawiki')
PHP_EXTENSIONS = frozenset({'intl', 'mbstring', 'pdo_sqlite', 'xml'})

#: Those of the package that have API modules with tokens, or check what is created.
EXTENSIONS = ['AbuseFilter', 'OATHAuth', 'TitleBlacklist', 'VisualEditor']

#: What a bot password may be granted that the operator's tests need.
GRANTS = ['basic', 'createeditmovepage', 'delete', 'editpage', 'highvolume', 'rollback']

#: What control.json says while nothing is switched.
_UNHINDERED: dict[str, Any] = {
    'readonly': None,
    'lag': 0,
    'limits': {},
    'reauthenticate': 300,
    'needs_login': False,
    'farmtoken': True,
    'release': None,
    'token_type': 'farm',
    'batch': 1000,
    'hiding': False,
    'against': None,
    'interference': {},
    'reason': None,
    'lost': None,
}

#: Seconds, on a machine that does much else; PHP's server starts in a fraction of one.
PATIENCE = 240


def missing() -> str:
    """Say what this machine lacks to run MediaWiki; '' if nothing."""
    php = shutil.which('php')
    if php is None:
        return 'PHP is missing (Debian: php-cli)'
    if not (PACKAGE / 'maintenance' / 'install.php').is_file():
        return f'{PACKAGE} is missing (Debian: mediawiki)'
    loaded = subprocess.run([php, '-m'], capture_output=True, text=True, timeout=240)
    lacking = PHP_EXTENSIONS - set(loaded.stdout.lower().split())
    if lacking:
        return f'PHP extensions are missing: {", ".join(sorted(lacking))}'
    return ''


class MediaWiki:
    """A wiki of the tests, with its database and its settings in one directory."""

    kind = 'mediawiki'

    def __init__(self, code: str, address: str, directory: Path) -> None:
        """Make up accounts and settings; nothing is installed yet."""
        self.code = code
        self.host = address
        self.operator = Account('Operator', secrets.token_hex(18))
        # MediaWiki tells one of 32 characters from a main password.
        self.bot = Account('Operator', secrets.token_hex(16), 'tests')
        self.member = Account('Member', secrets.token_hex(18))
        self._directory = directory
        self._control: dict[str, Any] = {}
        self._forgotten = 0

    def install(self) -> None:
        """Install the wiki and create its accounts."""
        for name in 'cache', 'data', 'images', 'installer', 'public', 'shared':
            (self._directory / name).mkdir(parents=True)
        (self._directory / 'journal').touch()
        wiki = {
            'name': f'{self.code}wiki',
            'secret': secrets.token_hex(32),
            'extensions': EXTENSIONS,
        }
        (self._directory / 'wiki.json').write_text(json.dumps(wiki), 'utf-8')
        self.restore()
        installer = self._directory / 'installer'
        password = installer / 'password'
        password.write_text(self.operator.password, 'utf-8')
        self._php(
            'install.php',
            '--dbtype=sqlite',
            f'--dbpath={self._directory / "data"}',
            f'--dbname={wiki["name"]}',
            '--scriptpath=/w',
            '--server=http://127.0.0.1',
            f'--passfile={password}',
            f'--confpath={installer}',
            f'--extensions={",".join(EXTENSIONS)}',
            '--skins=Vector',
            self.code,
            self.operator.name,
            MW_CONFIG_FILE=str(installer / 'LocalSettings.php'),
        )
        self._php(
            'createBotPassword.php',
            f'--appid={self.bot.app}',
            f'--grants={",".join(GRANTS)}',
            self.bot.name,
            self.bot.password,
        )
        self._php('createAndPromote.php', self.member.name, self.member.password)

    @contextmanager
    def running(self) -> Iterator[None]:
        """Serve the wiki on a free port of its address."""
        # PHP's workers outlive their parent. The shell ends the whole group when its
        # input ends, which happens even if the tests are killed.
        script = '"$@" & cat >/dev/null; kill -KILL 0'
        command = ['php', '-d', 'opcache.validate_timestamps=0']
        command += ['-S', f'{self.host}:0', '-t', str(self._directory / 'public')]
        log = self._directory / 'server.log'
        with log.open('wb') as output:
            server = subprocess.Popen(
                ['sh', '-c', script, 'sh', *command, str(HERE / 'router.php')],
                cwd=self._directory,
                env={**os.environ, **self.environment(), 'PHP_CLI_SERVER_WORKERS': '4'},
                stdin=subprocess.PIPE,
                stdout=output,
                stderr=output,
                start_new_session=True,
            )
        assert server.stdin is not None
        try:
            self.host = f'{self.host}:{_port(log)}'
            yield
        finally:
            server.stdin.close()
            server.wait(PATIENCE)

    def sent(self) -> list[Sent]:
        """Return the requests that reached the wiki since :meth:`forget`."""
        lines = self._journal()[self._forgotten :]
        entries = [json.loads(line) for line in lines]
        return [Sent(e['action'], e['params'], e['result']) for e in entries]

    def forget(self) -> None:
        """Begin the journal anew."""
        self._forgotten = len(self._journal())

    def end_sessions(self, *, remembered: bool) -> None:
        """End all sessions, and if wanted the logins that browsers remember."""
        if remembered:
            database = self._directory / 'data' / f'{self.code}wiki.sqlite'
            _execute(database, 'UPDATE user SET user_token = hex(randomblob(16))')
            # The cache knows users with their tokens, and sessions.
            self._forget_cached('%')
        else:
            self._forget_cached('%:MWSession:%')

    def read_only(self, reason: str) -> None:
        """Take no writes."""
        self._switch(readonly=reason)

    def lag(self, seconds: float) -> None:
        """Pretend that the database lags."""
        self._switch(lag=seconds)

    def limit(self, action: str, hits: int, seconds: int) -> None:
        """Limit how often an account may do something."""
        self._forget_cached('%:limiter:%')
        self._switch(limits={action: {'user': [hits, seconds]}})

    def share(self, file: str, content: bytes) -> None:
        """Put a file into the repository that wikis share."""
        name = file.replace(' ', '_')
        (self._directory / 'shared' / name).write_bytes(content)

    def hide_old_versions(self, file: str) -> None:
        """Show the contents of a file's older versions only to a few."""
        database = self._directory / 'data' / f'{self.code}wiki.sqlite'
        name = file.replace(' ', '_')
        _execute(database, 'UPDATE oldimage SET oi_deleted = 1 WHERE oi_name = ?', name)

    def delete_in_batches(self, revisions: int) -> None:
        """Let the job queue delete what has more revisions than that."""
        self._switch(batch=revisions)

    def run_jobs(self) -> None:
        """Make the deletions that wait in the job queue."""
        self._php('runJobs.php', '--type=deletePage')

    def import_pages(self, exported: str) -> None:
        """Import pages with a script of the server, which logs nothing."""
        self._php('importDump.php', '--username-prefix=de', given=exported)

    def interfere(self, when: str, what: str) -> None:
        """Let a colleague do something to each page that is being deleted."""
        self._switch(interference={when: what})

    def alter_reasons(self, reason: str) -> None:
        """Log another reason for deletions than the one that is given."""
        self._switch(reason=reason)

    def lose_answers(self, action: str) -> None:
        """Carry an action out, and lose its answers."""
        self._switch(lost=action)

    def hide_log(self, page: str) -> None:
        """Hide what the logs have of a page from everybody."""
        database = self._directory / 'data' / f'{self.code}wiki.sqlite'
        hidden = 'UPDATE logging SET log_deleted = 15 WHERE log_title = ?'
        _execute(database, hidden, page.replace(' ', '_'))

    def hide_revisions(self, page: str) -> None:
        """Hide the text and the author of all revisions of a page."""
        database = self._directory / 'data' / f'{self.code}wiki.sqlite'
        hidden = (
            'UPDATE revision SET rev_deleted = 13 WHERE rev_page = '
            '(SELECT page_id FROM page WHERE page_title = ?)'
        )
        _execute(database, hidden, page.replace(' ', '_'))

    def be_against(self, what: str) -> None:
        """Have something against some edits: `links`, `titles` or a `captcha`."""
        self._switch(against=what)

    def allow_hiding(self) -> None:
        """Let administrators hide revisions."""
        self._switch(hiding=True)

    def lose_deleted_files(self) -> None:
        """Lose the contents of all deleted files."""
        shutil.rmtree(self._directory / 'images' / 'deleted')

    def login_age(self, seconds: int) -> None:
        """Refuse what is security-sensitive to logins that are as old as that."""
        self._switch(reauthenticate=seconds)

    def needs_login(self) -> None:
        """Refuse it to sessions that cannot log in anew, such as bot passwords'."""
        self._switch(needs_login=True)

    def redirect_to(self, page: str) -> None:
        """Send users who link an account to this page."""
        self._switch(provider=page)

    def install_farmtoken(self, installed: bool) -> None:
        """Add the extension FarmToken, or take it away."""
        self._switch(farmtoken=installed)

    def upgrade(self, release: str, token_type: str) -> None:
        """Say that it runs another release, where farmtoken wants another type."""
        self._switch(release=release, token_type=token_type)

    def require_codes(self, account: Account, secret: str) -> None:
        """Let logins of an account take a code of an authenticator app.

        :param secret: that of the app, in base32
        """
        keys = json.dumps({'keys': [{'secret': secret, 'scratch_tokens': []}]})
        self._in_wiki(
            "REPLACE INTO oathauth_users SELECT user_id, 'totp', ? "
            'FROM user WHERE user_name = ?',
            keys,
            account.name,
        )
        self.forget_codes()

    def require_no_codes(self) -> None:
        """Let all logins take the password alone."""
        self._in_wiki('DELETE FROM oathauth_users')
        self.forget_codes()

    def forget_codes(self) -> None:
        """Forget which codes were used, and how many were wrong."""
        self._in_wiki("DELETE FROM objectcache WHERE keyname LIKE '%oathauth%'")
        self._forget_cached('%oathauth%')
        self._forget_cached('%:limiter:%')

    def restore(self) -> None:
        """Take writes again, without lag and limits."""
        self._switch(**_UNHINDERED)

    def canonical_names(
        self, names: Sequence[str], *, first_letters: str = 'Wikimedia'
    ) -> list[str | None]:
        """Return what MediaWiki makes of names of accounts, None of impossible ones.

        :param first_letters: ``own`` for those of this release, ``Wikimedia`` for those
            of Wikimedia's wikis today
        """
        with self.oracle(first_letters=first_letters) as oracle:
            return oracle.ask('name', names)

    def oracle(
        self, *, first_letters: str = 'Wikimedia'
    ) -> AbstractContextManager[Oracle]:
        """Ask MediaWiki's functions themselves, past the API."""
        letters = {'MW_TESTS_FIRST_LETTERS': first_letters}
        return oracle({**os.environ, **self.environment(), **letters})

    def _in_wiki(self, statement: str, *values: str) -> None:
        """Change something in the wiki's own database."""
        database = self._directory / 'data' / f'{self.code}wiki.sqlite'
        _execute(database, statement, *values)

    def _forget_cached(self, pattern: str) -> None:
        cache = self._directory / 'data' / 'wikicache.sqlite'
        _execute(cache, 'DELETE FROM objectcache WHERE keyname LIKE ?', pattern)

    def _switch(self, **changes: Any) -> None:
        self._control |= changes
        new = self._directory / 'control.new'
        new.write_text(json.dumps(self._control), 'utf-8')
        new.replace(self._directory / 'control.json')

    def _journal(self) -> list[str]:
        return (self._directory / 'journal').read_text('utf-8').splitlines()

    def _php(
        self, script: str, *arguments: str, given: str = '', **environment: str
    ) -> str:
        done = subprocess.run(
            ['php', str(PACKAGE / 'maintenance' / script), *arguments],
            cwd=self._directory,
            env={**os.environ, **self.environment(), **environment},
            input=given,
            capture_output=True,
            text=True,
            timeout=240,
        )
        if done.returncode:
            raise RuntimeError(f'{script} failed: {done.stdout}{done.stderr}')
        return done.stdout

    def environment(self) -> dict[str, str]:
        """Return what tells PHP which wiki it is to be."""
        return {
            'MW_INSTALL_PATH': str(PACKAGE),
            'MW_CONFIG_FILE': str(HERE / 'LocalSettings.php'),
            'MW_TESTS_DIRECTORY': str(self._directory),
        }


def _port(log: Path) -> int:
    """Return the port that PHP's server took, as soon as it says so."""
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        text = log.read_text('utf-8')
        if started := re.search(r'\(http://[\d.]+:(\d+)\) started', text):
            return int(started[1])
        time.sleep(0.02)
    raise RuntimeError(f'PHP does not serve: {log.read_text("utf-8")}')


def _execute(database: Path, statement: str, *values: str) -> None:
    with closing(sqlite3.connect(database, timeout=PATIENCE)) as connection:
        connection.execute(statement, values)
        connection.commit()
