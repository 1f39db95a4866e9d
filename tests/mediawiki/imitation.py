"""The sandbox, with the same handles as a real MediaWiki.

It only translates; what the sandbox does is the sandbox's business.
"""

from __future__ import annotations

from typing import Any

from centralauth_sandbox import Farm, Sandbox, seeds

from .wiki import Account, Sent


class SandboxWiki:
    """One wiki of a sandbox."""

    kind = 'sandbox'

    def __init__(self, sandbox: Sandbox, code: str) -> None:
        """Choose one wiki of a sandbox that is running."""
        credentials = sandbox.credentials
        self.code = code
        self.host = sandbox.wikis[code].server.removeprefix('http://')
        self.operator = Account(seeds.OPERATOR, credentials.operator)
        self.bot = Account(seeds.OPERATOR, credentials.bot, seeds.BOT)
        self.member = Account(seeds.SYSOP, credentials.sysop)
        self._sandbox = sandbox
        self._forgotten = 0
        self._deletions: dict[str, Any] = {}

    def sent(self) -> list[Sent]:
        """Return the requests that reached the wiki since :meth:`forget`."""
        entries = self._sandbox.journal.entries(self._forgotten, wiki=self.code)
        return [Sent(e.action, e.params, e.result) for e in entries]

    def forget(self) -> None:
        """Begin the journal anew."""
        entries = self._sandbox.journal.entries()
        self._forgotten = entries[-1].serial if entries else 0

    def end_sessions(self, *, remembered: bool) -> None:
        """End all sessions, and if wanted the logins that browsers remember."""
        for account in self.operator, self.member:
            self._sandbox.command(
                'end-sessions', user=account.name, remembered=remembered
            )

    def read_only(self, reason: str) -> None:
        """Take no writes."""
        self._sandbox.command('set-readonly', wiki=self.code, reason=reason)

    def lag(self, seconds: float) -> None:
        """Pretend that the database lags."""
        self._sandbox.command('set-lag', seconds=float(seconds))

    def limit(self, action: str, hits: int, seconds: int) -> None:
        """Limit how often an account may do something."""
        user = self.operator.name
        self._sandbox.command(
            'limit-rate', user=user, right=action, hits=hits, seconds=float(seconds)
        )

    def share(self, file: str, content: bytes) -> None:
        """Put a file into the repository that wikis share."""
        self._sandbox.call(
            lambda farm: farm.shared.add(
                file, content, user='Somebody', user_id=0, comment=''
            )
        )

    def hide_old_versions(self, file: str) -> None:
        """Show the contents of a file's older versions only to a few."""
        for version in self._sandbox.farm.wikis[self.code].files.versions[file][:-1]:
            version.hidden = True

    def delete_in_batches(self, revisions: int) -> None:
        """Let the job queue delete what has more revisions than that."""
        self._set_deletions(batch=revisions)

    def run_jobs(self) -> None:
        """Make the deletions that wait in the job queue."""
        self._sandbox.command('run-jobs', wiki=self.code)

    def interfere(self, when: str, what: str) -> None:
        """Let a colleague do something to each page that is being deleted."""
        self._set_deletions(**{'before': '', 'during': '', when: what})

    def alter_reasons(self, reason: str) -> None:
        """Log another reason for deletions than the one that is given."""
        self._set_deletions(reason=reason)

    def lose_answers(self, action: str) -> None:
        """Carry an action out, and lose its answers."""
        self._sandbox.faults.arm(
            kind='html', status=502, when='after', action=action, times=0
        )

    def be_against(self, what: str) -> None:
        """Have something against some edits: `links`, `titles` or a `captcha`."""
        raise NotImplementedError

    def allow_hiding(self) -> None:
        """Let administrators hide revisions."""

        def change(farm: Farm) -> None:
            groups = farm.accounts[self.operator.name].groups
            farm.added_rights = dict.fromkeys(groups, ('deleterevision',))

        self._sandbox.call(change)

    def lose_deleted_files(self) -> None:
        """Lose the contents of all deleted files."""
        for versions in self._sandbox.farm.wikis[self.code].files.archive.values():
            for version in versions:
                version.lost = True

    def hide_log(self, page: str) -> None:
        """Hide what the logs have of a page from everybody."""
        log = self._sandbox.farm.wikis[self.code].log
        log[:] = [entry for entry in log if str(entry.title) != page]

    def hide_revisions(self, page: str) -> None:
        """Hide the text and the author of all revisions of a page."""
        raise NotImplementedError

    def _set_deletions(self, **changes: Any) -> None:
        self._deletions |= changes
        self._sandbox.command('set-deletions', wiki=self.code, **self._deletions)

    def login_age(self, seconds: int) -> None:
        """Refuse what is security-sensitive to logins that are as old as that."""
        self._sandbox.farm.provider.reauthenticate_after = seconds

    def needs_login(self) -> None:
        """Refuse it to sessions that cannot log in anew, such as bot passwords'."""
        self._sandbox.farm.provider.needs_login = True

    def restore(self) -> None:
        """Take writes again, without lag and limits."""
        self._sandbox.command('set-readonly')
        self._sandbox.command('set-lag', seconds=0.0)
        self._sandbox.call(_lift_limits)
        self._sandbox.faults.clear()
        self._deletions = {}
        self._set_deletions()
        self._sandbox.farm.provider.reauthenticate_after = 300.0
        self._sandbox.farm.provider.needs_login = False
        self._sandbox.farm.added_rights = {}


def _lift_limits(farm: Farm) -> None:
    for wiki in farm.wikis.values():
        wiki.rate_limits.clear()
