"""The sandbox, with the same handles as a real MediaWiki.

It only translates; what the sandbox does is the sandbox's business.
"""

from __future__ import annotations

from mw_tokens_plugin.sandbox import Farm, Sandbox, seeds

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
        self._sandbox.farm.provider.reauthenticate_after = 300.0
        self._sandbox.farm.provider.needs_login = False


def _lift_limits(farm: Farm) -> None:
    for wiki in farm.wikis.values():
        wiki.rate_limits.clear()
