"""The pages, files and logs of one wiki, and what changes them."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from typing import Any

from .deletions import Deletions
from .files import Files, FileVersion, base36
from .records import Change, LocalAccount, LogEntry, Page, Revision
from .titles import Title, parse_title
from .views import FarmView

#: Logs of what is done to users (``SpecialLog::getLogTypesOnUser``).
_ON_USERS = frozenset({'block', 'gblblock', 'gblrights', 'newusers', 'rights'})


class PageStore:
    """What one wiki has of pages."""

    farm: FarmView
    accounts: dict[str, LocalAccount]
    files: Files

    def clear_pages(self) -> None:
        """Have no pages, files and logs."""
        self.deletions = Deletions()
        self.pages: dict[Title, Page] = {}
        self.page_ids: dict[int, Page] = {}
        #: Titles that nobody may create a page with: level and expiry.
        self.protected_titles: dict[Title, tuple[str, str]] = {}
        self.archive: dict[Title, list[Revision]] = {}
        #: Of which page each archived revision was.
        self.archived_from: dict[int, int] = {}
        self.log: list[LogEntry] = []
        self.changes: list[Change] = []

    def next_id(self, kind: str) -> int:
        """Return the next number of a kind."""
        raise NotImplementedError

    def page(self, title: str) -> Page | None:
        """Return the page of that title, if there is one."""
        parsed = parse_title(title)
        return self.pages.get(parsed) if parsed else None

    def edit(
        self,
        title: Title | str,
        text: str,
        *,
        user: str,
        user_id: int = 0,
        comment: str = '',
        minor: bool = False,
        bot: bool = False,
        listed: bool = True,
    ) -> Revision:
        """Save a revision, creating the page where it is missing.

        :param listed: whether the recent changes tell of it; its author's
            contributions always do
        """
        parsed = parse_title(title) if isinstance(title, str) else title
        assert parsed, f'not a title: {title}'
        page = self.pages.get(parsed)
        now = self.farm.timestamp()
        parent = page.latest.id if page else 0
        revision = Revision(
            self.next_id('revision'),
            parent,
            user,
            user_id,
            now,
            comment,
            text,
            minor,
            bot,
        )
        if page is None:
            page = Page(self.next_id('page'), parsed, [revision], touched=now)
            self._keep(page)
        else:
            page.revisions.append(revision)
            page.touched = now
        local = self.accounts.get(user)
        if local is not None:
            local.editcount += 1
        kind = ('edit' if parent else 'new') if listed else 'unlisted'
        self._change(kind, parsed, page.id, revision=revision)
        return revision

    def delete(self, page: Page, operator: str, reason: str) -> LogEntry | None:
        """Delete a page into the archive.

        :return: None if the job queue has to delete the rest of it
        """
        batch = page.revisions[: self.deletions.batch]
        rest = page.revisions[self.deletions.batch :]
        self.archive.setdefault(page.title, []).extend(batch)
        self.archived_from |= {revision.id: page.id for revision in batch}
        if page.title.namespace == 6:
            self.files.delete(page.title.name)
        if rest:
            page.revisions = rest
            self.deletions.jobs.append(
                lambda: page.id in self.page_ids and self.delete(page, operator, reason)
            )
            return None
        del self.pages[page.title], self.page_ids[page.id]
        return self.write_log(
            'delete', 'delete', operator, page.title, reason, page_id=page.id
        )

    def forget(self, page: Page) -> None:
        """Replace a page by one that is moved there, which no log of its own tells."""
        self.archive.setdefault(page.title, []).extend(page.revisions)
        self.archived_from |= {revision.id: page.id for revision in page.revisions}
        del self.pages[page.title], self.page_ids[page.id]

    def stranger(self, name: str) -> LocalAccount:
        """Return somebody whom the wiki does not know otherwise."""
        return LocalAccount(0, name, '')

    def delete_file(
        self, title: Title, operator: str, reason: str, old: str = ''
    ) -> LogEntry | None:
        """Delete a file that has no page, or one of its older versions.

        :param old: the archive name of that version; '' for all of them
        :return: None if there is no such version
        """
        if not old:
            self.files.delete(title.name)
        elif self.files.delete_old(title.name, old):
            reason = f'Deleted old revision {old}: {reason}'
        else:
            return None
        return self.write_log('delete', 'delete', operator, title, reason)

    def undelete(
        self,
        title: Title,
        operator: str,
        reason: str,
        timestamps: Collection[str] = (),
        file_ids: Collection[int] = (),
    ) -> tuple[int, int]:
        """Restore from the archive; return how many revisions and file versions.

        :param timestamps: of the revisions that are meant
        :param file_ids: of the file versions that are meant; all that there is is
            restored if neither is given, and only what is given otherwise
        """
        files = 0
        if title.namespace == 6 and (file_ids or not timestamps):
            files = self.files.restore(title.name, file_ids)
        archived = self.archive.get(title, [])
        found = [
            revision
            for revision in archived
            if revision.timestamp in timestamps or (not timestamps and not file_ids)
        ]
        if found:
            self._restore(title, found)
        if found or files:
            page = self.pages.get(title)
            params = {'count': {'revisions': len(found), 'files': files}}
            id = page.id if page else 0
            self.write_log('delete', 'restore', operator, title, reason, params, id)
        return len(found), files

    def move(
        self,
        page: Page,
        target: Title,
        operator: LocalAccount,
        reason: str,
        redirect: bool,
    ) -> None:
        """Rename a page, leaving a redirect if told so.

        The move is a revision of the page, too, with the same text as before.
        """
        source = page.title
        del self.pages[source]
        page.title = target
        self._keep(page)
        if source.namespace == target.namespace == 6:
            self.files.move(source.name, target.name)
        comment = f'{operator.name} moved page [[{source}]] to [[{target}]]'
        comment += '' if redirect else ' without leaving a redirect'
        how: dict[str, Any] = {
            'user': operator.name,
            'user_id': operator.id,
            'comment': f'{comment}: {reason}' if reason else comment,
            'listed': False,
        }
        self.edit(target, page.latest.text, minor=True, **how)
        params = {
            'target_ns': target.namespace,
            'target_title': str(target),
            'suppressredirect': not redirect,
        }
        self.write_log('move', 'move', operator.name, source, reason, params, page.id)
        if redirect:
            self.edit(source, f'#REDIRECT [[{target}]]', **how)

    def upload(
        self,
        title: Title,
        content: bytes,
        *,
        operator: LocalAccount,
        comment: str,
        text: str,
    ) -> FileVersion:
        """Publish a version of a file, creating the page where it is missing.

        :param text: of the new page; one that is there stays as it is.
        """
        by: dict[str, Any] = {'user': operator.name, 'user_id': operator.id}
        version = self.files.add(title.name, content, comment=comment, **by)
        page = self.pages.get(title)
        if page is None:
            self.edit(title, text, comment=comment, **by)
        else:
            note = f'{operator.name} uploaded a new version of [[{title}]]'
            self.edit(title, page.latest.text, comment=note, **by)
        sha1, timestamp = base36(version.sha1), version.timestamp
        params = {'img_sha1': sha1, 'img_timestamp': timestamp}
        action = 'overwrite' if page else 'upload'
        id = self.pages[title].id
        self.write_log('upload', action, operator.name, title, comment, params, id)
        return version

    def write_log(
        self,
        type: str,
        action: str,
        user: str,
        title: Title,
        comment: str,
        params: dict[str, Any] | None = None,
        page_id: int = 0,
    ) -> LogEntry:
        """Append an entry to the logs."""
        local = self.accounts.get(user)
        entry = LogEntry(
            self.next_id('log'),
            type,
            action,
            user,
            local.id if local else 0,
            title,
            page_id,
            self.farm.timestamp(),
            comment,
            params or {},
        )
        self.log.append(entry)
        if type != 'suppress':
            self._change('log', title, page_id, log=entry)
        return entry

    def rename_in_logs(self, old: str, new: str) -> None:
        """Let entries about a user have the new name, as a rename does."""
        title = Title(2, old)
        for place, entry in enumerate(self.log):
            if entry.type in _ON_USERS and entry.title == title:
                self.log[place] = replace(entry, title=Title(2, new))

    def _restore(self, title: Title, found: list[Revision]) -> None:
        left = [r for r in self.archive.pop(title) if r not in found]
        if left:
            self.archive[title] = left
        page = self.pages.get(title)
        if page is None:
            number = self.archived_from[max(revision.id for revision in found)]
            if number in self.page_ids:
                number = self.next_id('page')
            page = Page(number, title, [])
            self._keep(page)
        page.revisions = sorted([*page.revisions, *found], key=lambda r: r.id)
        page.touched = self.farm.timestamp()

    def _keep(self, page: Page) -> None:
        self.pages[page.title] = page
        self.page_ids[page.id] = page

    def _change(
        self,
        type: str,
        title: Title,
        page_id: int,
        revision: Revision | None = None,
        log: LogEntry | None = None,
    ) -> None:
        self.changes.append(
            Change(
                len(self.changes) + 1,
                type,
                title,
                page_id,
                self.farm.timestamp(),
                revision,
                log,
            )
        )
