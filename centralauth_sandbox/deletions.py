"""How a wiki deletes pages: at once or by its job queue, and what comes in between.

It keeps the settings and the jobs of one wiki; deleting itself is done in :mod:`.farm`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol

from .records import LocalAccount, Page
from .titles import Title

#: What a colleague can do to a page while somebody else deletes it.
INTERFERENCES = ('edit', 'delete', 'move')


class Colleagues(Protocol):
    """A wiki on which others work meanwhile."""

    def edit(self, title: Title, text: str, *, user: str, comment: str = '') -> object:
        """Save a revision."""

    def delete(self, page: Page, operator: str, reason: str) -> object:
        """Delete a page."""

    def move(
        self,
        page: Page,
        target: Title,
        operator: LocalAccount,
        reason: str,
        redirect: bool,
    ) -> None:
        """Rename a page."""

    def stranger(self, name: str) -> LocalAccount:
        """Return somebody whom the wiki does not know otherwise."""


@dataclass(slots=True)
class Deletions:
    """The deletions of one wiki.

    `batch` is how many revisions are deleted in the request itself; the job queue
    deletes the others. `before` and `during` are what a colleague does to the page
    before the request finds it, and while it is run. `reason` is what an
    extension logs instead of the reason that was given.
    """

    batch: int = 1000
    before: str = ''
    during: str = ''
    reason: str | None = None
    jobs: list[Callable[[], object]] = field(default_factory=list)

    def run_jobs(self) -> None:
        """Carry out what waits in the job queue."""
        while self.jobs:
            self.jobs.pop(0)()

    def interfere(self, wiki: Colleagues, when: str, page: Page) -> None:
        """Let a colleague do something to a page, if one does at that time."""
        what = self.before if when == 'before' else self.during
        if what == 'edit':
            wiki.edit(page.title, 'edited', user='Colleague', comment='meanwhile')
        elif what == 'delete':
            wiki.delete(page, 'Colleague', 'meanwhile')
        elif what == 'move':
            target = Title(page.title.namespace, f'{page.title.name} moved')
            wiki.move(page, target, wiki.stranger('Colleague'), 'meanwhile', False)
