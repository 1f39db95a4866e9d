"""What the tests need of a wiki, whether it is a real MediaWiki or the sandbox.

It names what can be asked of a wiki and done to it behind its API's back; how that is
done is in :mod:`.installation` and :mod:`.imitation`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True)
class Account:
    """Who logs in, and how.

    :ivar app: the name of the bot password; '' for the main password
    """

    name: str
    password: str
    app: str = ''


@dataclass(frozen=True)
class Sent:
    """A request that reached a wiki, and how it was answered.

    :ivar params: its parameters, without secrets
    :ivar result: ``ok`` or the code of the API's error
    """

    action: str
    params: dict[str, str]
    result: str

    @property
    def what(self) -> str:
        """Return the action, for queries with what they ask."""
        asked = [self.params.get(key, '') for key in ('meta', 'list', 'prop')]
        return '+'.join([self.action, *filter(None, asked)])


class Wiki(Protocol):
    """One wiki that is running.

    :ivar kind: ``mediawiki`` or ``sandbox``
    :ivar code: its code in the family
    :ivar host: address and port
    :ivar operator: an account with all rights that an administrator can have
    :ivar bot: a bot password of the same account
    :ivar member: an account without rights and bot passwords
    """

    kind: str
    code: str
    host: str
    operator: Account
    bot: Account
    member: Account

    def sent(self) -> list[Sent]:
        """Return the requests that reached the wiki since :meth:`forget`."""

    def forget(self) -> None:
        """Begin the journal anew."""

    def end_sessions(self, *, remembered: bool) -> None:
        """End all sessions on the server.

        :param remembered: the logins that browsers remember end too, so that nothing
            revives a session
        """

    def read_only(self, reason: str) -> None:
        """Take no writes."""

    def lag(self, seconds: float) -> None:
        """Pretend that the database lags."""

    def limit(self, action: str, hits: int, seconds: int) -> None:
        """Limit how often an account may do something."""

    def share(self, file: str, content: bytes) -> None:
        """Put a file into the repository that wikis share."""

    def hide_old_versions(self, file: str) -> None:
        """Show the contents of a file's older versions only to a few."""

    def delete_in_batches(self, revisions: int) -> None:
        """Let the job queue delete what has more revisions than that."""

    def run_jobs(self) -> None:
        """Make the deletions that wait in the job queue."""

    def interfere(self, when: str, what: str) -> None:
        """Let a colleague do something to each page that is being deleted.

        :param when: ``before`` the request finds the page, or ``during`` its deletion
        :param what: ``edit``, ``delete`` or ``move``
        """

    def alter_reasons(self, reason: str) -> None:
        """Log another reason for deletions than the one that is given."""

    def lose_answers(self, action: str) -> None:
        """Carry an action out, and lose its answers."""

    def lose_deleted_files(self) -> None:
        """Lose the contents of all deleted files."""

    def hide_log(self, page: str) -> None:
        """Hide what the logs have of a page from everybody."""

    def hide_revisions(self, page: str) -> None:
        """Hide the text and the author of all revisions of a page."""

    def be_against(self, what: str) -> None:
        """Have something against some edits: `links`, `titles` or a `captcha`."""

    def allow_hiding(self) -> None:
        """Let administrators hide revisions."""

    def login_age(self, seconds: int) -> None:
        """Refuse what is security-sensitive to logins that are as old as that."""

    def needs_login(self) -> None:
        """Refuse it to sessions that cannot log in anew, such as bot passwords'."""

    def restore(self) -> None:
        """Take writes again, without lag and limits."""
