"""Pages of a wiki as frozen records: revisions, versions of a file, and the page.

What is known of a page is here; reading it is left to
:mod:`mw_tokens_plugin.targets.pages`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from mw_tokens_plugin.protocol.fields import timestamp
from mw_tokens_plugin.targets.deletionlog import LogEntry

__all__ = ['Page', 'Revision', 'Version']


@dataclass(frozen=True, slots=True)
class Revision:
    """One revision of a page; its author is None where that is hidden.

    :ivar parent: the revision before it; 0 for the first one of a page
    :ivar hidden: whether its text is hidden, or something of it is suppressed
    """

    id: int
    time: str
    user: str | None
    parent: int = 0
    hidden: bool = False


@dataclass(frozen=True, slots=True)
class Version:
    """One version of a file, which has no id before it is deleted.

    :ivar sha1: None where its content is hidden; before such a version is deleted, the
        wiki shows its hash to nobody
    :ivar id: its id among the deleted versions
    """

    time: str
    sha1: str | None
    user: str | None = None
    id: int = 0

    @property
    def key(self) -> tuple[str, str | None]:
        """What identifies it among the versions of its file, deleted or not."""
        return self.time, self.sha1


@dataclass(frozen=True, slots=True)
class Page:
    """A page as it was read.

    :ivar id: its id; 0 if there is none
    :ivar namespace: the number of its namespace
    :ivar revisions: the newest first
    :ivar versions: those of the file that it is about, the newest first; none where
        the file is shared by another wiki
    :ivar whole: whether these are all of its revisions and versions
    :ivar invalid: whether no page can have that title
    :ivar interwiki: whether the title is that of a page on another wiki
    :ivar talk: whether it has a talk page, which stays when it is deleted
    :ivar protection: what is protected, and for whom
    :ivar refusal: why the wiki does not let the operator delete it; '' if it does
    :ivar not_restorable: why the operator could not restore it; '' if they could
    :ivar embedded: whether other pages embed it, where that was asked
    :ivar deleted: revisions that were deleted of it, where they were asked for
    :ivar log: the latest entries of the logs about it, where they were asked for
    :ivar looked_at: when it was read, by the clock of the wiki
    """

    title: str
    id: int = 0
    namespace: int = 0
    revisions: tuple[Revision, ...] = ()
    versions: tuple[Version, ...] = ()
    whole: bool = False
    invalid: bool = False
    interwiki: bool = False
    redirect: bool = False
    talk: bool = False
    protection: tuple[str, ...] = ()
    refusal: str = ''
    not_restorable: str = ''
    embedded: bool = False
    deleted: tuple[Revision, ...] = ()
    log: tuple[LogEntry, ...] = ()
    looked_at: str = ''

    @property
    def exists(self) -> bool:
        """Whether there is such a page."""
        return self.id > 0

    @property
    def authors(self) -> list[str]:
        """Who has written it or uploaded the file, the latest first."""
        names = [revision.user for revision in self.revisions]
        names += [version.user for version in self.versions]
        return list(dict.fromkeys(name or '(hidden)' for name in names))

    @property
    def creators(self) -> set[str | None]:
        """Who has created it: the first author, and who uploaded the file first."""
        authors = {revision.user for revision in self.revisions[-1:]}
        return authors | {version.user for version in self.versions[-1:]}

    @property
    def is_being_deleted(self) -> bool:
        """Whether the job queue of the wiki is deleting it, as far as can be seen.

        A page with many revisions is deleted in batches, the oldest revisions first,
        and is logged with the last batch. A page that was restored in part looks the
        same, but its restoration is in the log, with the number of revisions.
        """
        deleted = {revision.id for revision in self.deleted}
        if not self.revisions or self.revisions[-1].parent not in deleted:
            return False
        for entry in self.log:
            if entry.action == 'restore' and entry.restored is not None:
                times = [timestamp(revision.time) for revision in self.revisions]
                old = [time for time in times if time and time <= entry.timestamp]
                return len(old) < entry.restored[0]
            if entry.action == 'delete':
                break
        return True

    @property
    def moved_to(self) -> str | None:
        """Where the page went that had this title before, if the log says so."""
        moves = (entry.target_title for entry in self.log if entry.action == 'move')
        return next(filter(None, moves), None)

    def facts(self) -> dict[str, Any]:
        """Return what the ledger keeps of it, to identify and to restore it."""
        facts = {
            'title': self.title,
            'page_id': self.id,
            'revisions': [[r.id, r.time] for r in self.revisions],
            'versions': [list(v.key) for v in self.versions],
            'authors': self.authors,
            'redirect': self.redirect,
            'looked_at': self.looked_at,
        }
        remarks = {
            'talk': self.talk,
            'protection': list(self.protection),
            'embedded': self.embedded,
            'moved_to': self.moved_to,
            'newest_hidden': self.revisions[0].hidden if self.revisions else False,
            'more': self.exists and not self.whole,
            'refusal': self.refusal,
            'not_restorable': self.not_restorable,
        }
        return facts | {name: value for name, value in remarks.items() if value}
