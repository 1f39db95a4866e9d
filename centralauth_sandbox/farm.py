"""The state of the farm: wikis, accounts, pages, logs, and what changes them.

Every change is one synchronous call, thus atomic among requests; nothing here knows
HTTP, the action API or who is asking.
"""

from __future__ import annotations

import time
from bisect import bisect_left, insort
from collections.abc import Callable, Collection, Iterator, Mapping
from typing import Any

from .ages import AGES, Age
from .deletions import Deletions
from .entities import Entities
from .files import Files, FileVersion, base36
from .globalblocks import GlobalBlocks
from .layout import Layout
from .loginsteps import Logins
from .oauth import Consumers
from .provider import Provider
from .records import (
    Account,
    Block,
    BotPassword,
    Change,
    LocalAccount,
    LogEntry,
    Page,
    Revision,
    State,
    WikiSet,
    status_difference,
)
from .sessions import Sessions
from .titles import Title, canonical_user, parse_title
from .views import WikiView

__all__ = ['DATA', 'ELSEWHERE', 'Farm', 'Wiki']

_NUMBERED = (
    *('account', 'page', 'revision', 'block', 'log', 'item', 'property'),
    'filearchive',
)
#: Before the name of an actor of another wiki.
ELSEWHERE = 'global>'
#: The code of the Wikibase repository.
DATA = 'data'
_GENERATORS = {True: 'MediaWiki 1.47.0-wmf.5', False: 'MediaWiki 1.43.9'}


class Wiki:
    """One wiki of the farm.

    :param code: the code in the family file; the database name is `<code>wiki`.
    """

    def __init__(self, farm: Farm, code: str, layout: Layout) -> None:
        """Initializer."""
        self.farm = farm
        self.code = code
        self.layout = layout
        self.db = layout.db or f'{code}wiki'
        self.host = '127.0.0.1'
        self.server = f'http://{self.host}'
        self.clear()

    def clear(self) -> None:
        """Forget everything but the address."""
        self.deletions = Deletions()
        self.readonly = self.layout.closed
        self.language = self.layout.language
        self.user_email = True
        self.lag = ('', -1.0)
        self.accounts: dict[str, LocalAccount] = {}
        self.account_ids: dict[int, LocalAccount] = {}
        self.pages: dict[Title, Page] = {}
        self.page_ids: dict[int, Page] = {}
        self.archive: dict[Title, list[Revision]] = {}
        #: Of which page each archived revision was.
        self.archived_from: dict[int, int] = {}
        self.log: list[LogEntry] = []
        #: Entries of which it is not told whom they are about.
        self.suppressed_log: set[int] = set()
        self.changes: list[Change] = []
        self.blocks: dict[str, Block] = {}
        self.watched: dict[str, set[Title]] = {}
        self.patrolled: set[int] = set()
        self.rate_limits: dict[tuple[str, str], tuple[int, float]] = {}
        self._hits: dict[tuple[str, str], list[float]] = {}
        self.files = Files(self)
        self.entities = Entities(self)
        self._ids = dict.fromkeys(_NUMBERED, 0)

    @property
    def age(self) -> Age | None:
        """What it is like if it is older than 1.43; None if it is not."""
        return AGES[self.layout.release] if self.layout.release else None

    @property
    def generator(self) -> str:
        """What it says that it runs."""
        said = self.layout.generator or (self.age.generator if self.age else '')
        return said or self.farm.generator

    @property
    def address(self) -> str:
        return f'{self.server}{self.layout.script_path}/api.php'

    def url(self, title: Title | str) -> str:
        """Return the address of a page."""
        path = self.layout.article_path.replace('$1', str(title).replace(' ', '_'))
        return self.server + path

    def counting(self, groups: frozenset[str]) -> frozenset[str]:
        """Return the global groups that have their rights on this wiki."""
        return frozenset(
            group
            for group in groups
            if (chosen := self.farm.restricted_groups.get(group)) is None
            or (self.db in chosen.members) == (chosen.type == 'optin')
        )

    def next_id(self, kind: str) -> int:
        """Return the next number of a kind."""
        self._ids[kind] += 1
        return self._ids[kind]

    def skip_ids(self, kind: str, last: int) -> None:
        """Make the next number of a kind follow `last`."""
        self._ids[kind] = last

    def add_account(self, name: str, *, id: int = 0, **values: Any) -> LocalAccount:
        """Create a local account, attached to no global one."""
        id = id or self.next_id('account')
        self._ids['account'] = max(self._ids['account'], id)
        values.setdefault('registration', self.farm.timestamp())
        local = LocalAccount(id, name, **values)
        self.accounts[name] = local
        self.account_ids[id] = local
        return local

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
        params = {'target_ns': target.namespace, 'target_title': str(target)}
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

    def log_about(self, user: str) -> set[int]:
        """Return the entries that are about an account."""
        title = Title(2, user)
        return {e.id for e in self.log if e.title == title and e.type != 'suppress'}

    def limited(self, right: str, user: str) -> bool:
        """Count an action against the rate limit; say whether it is over it."""
        limit = self.rate_limits.get((right, user))
        if limit is None:
            return False
        hits, seconds = limit
        now = self.farm.clock()
        recent = [t for t in self._hits.get((right, user), []) if t > now - seconds]
        self._hits[right, user] = [*recent, now]
        return len(recent) >= hits

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


class Farm:
    """A central wiki and more, with one login.

    :param codes: codes of the wikis; the first one is central.
    :param seed: fills the empty farm; called again by :meth:`reset`.
    :param data: add a Wikibase repository, the wiki `data`, for all of them.
    :param current: today's MediaWiki rather than release 1.43.
    :param layouts: what of a wiki is otherwise than usual, by code.
    :param clock: seconds since 1970; :meth:`advance` moves it on.

    .. version-added:: 0.1

    `generator` is the release that it says it runs. While `strict` is set, accounts
    without a global one cannot log in; while `uploads` is, files can be uploaded; while
    `temporary_accounts` is, who edits without an account gets one; while `block_email`
    is, global blocks can forbid emails, as in releases of GlobalBlocking since 2026.
    """

    def __init__(
        self,
        codes: list[str],
        seed: Callable[[Farm], None] = lambda farm: None,
        *,
        current: bool = True,
        data: bool = False,
        layouts: Mapping[str, Layout] | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        """Initializer."""
        self._clock = clock
        self._offset = 0.0
        self._stamp = (0, '')
        self._seed = seed
        #: Seconds that a change of an account takes while others make changes too.
        self.overlap = 0.01
        #: Seconds for which globaluserinfo may not know of a change.
        self.stale = 0.3
        self.current = current
        #: Seconds that a dead centralauthtoken costs.
        self.penalty = 0.0 if current else 3.0
        self.wikis: dict[str, Wiki] = {}
        self.by_db: dict[str, Wiki] = {}
        for code in [*codes, *([DATA] if data else [])]:
            wiki = Wiki(self, code, (layouts or {}).get(code, Layout()))
            self.wikis[code] = wiki
            self.by_db[wiki.db] = wiki
        self.central = self.wikis[codes[0]]
        self.repository = self.wikis[DATA] if data else None
        self.reset()

    @classmethod
    def empty(
        cls, codes: list[str] | None = None, *, current: bool = True, **values: Any
    ) -> Farm:
        """Return a farm without accounts and pages."""
        return cls(codes or ['meta', 'aa', 'bb'], current=current, **values)

    def reset(self) -> None:
        """Restore the seeded state and the clock; all sessions and tokens end."""
        self._offset = 0.0
        self.accounts: dict[str, Account] = {}
        self.account_ids: dict[int, Account] = {}
        self.names: list[str] = []
        self.renamed: dict[str, str] = {}
        self.generator = _GENERATORS[self.current]
        self.readonly = ''
        #: Bytes, of the values in an answer.
        self.max_result_size = 8388608
        #: Changes of global accounts so far.
        self.changes = 0
        #: Requests are taken for older than the last change of an account.
        self.late = False
        self.strict = True
        self.uploads = True
        self.temporary_accounts = False
        self.block_email = False
        #: Databases that accounts are attached to and that are gone.
        self.gone: set[str] = set()
        self.wiki_sets: list[WikiSet] = []
        #: Global groups that have their rights in one of the sets only.
        self.restricted_groups: dict[str, WikiSet] = {}
        #: Rights that global groups have besides.
        self.added_rights = {'steward': ('globalblock',)} if self.current else {}
        self._last_account = 0
        self.sessions = Sessions(self)
        self.logins = Logins(self.clock, current=self.current)
        self.consumers = Consumers(self)
        self.provider = Provider()
        self.global_blocks = GlobalBlocks(self)
        for wiki in self.wikis.values():
            wiki.clear()
        #: Files that all wikis show where they have none of that name.
        self.shared = Files(self.central)
        self._seed(self)

    def clock(self) -> float:
        """Return the farm's time in seconds since 1970."""
        return self._clock() + self._offset

    def advance(self, seconds: float) -> None:
        """Let the farm's clock jump."""
        self._offset += seconds

    def timestamp(self, when: float | None = None) -> str:
        """Return a time (default: now) as MediaWiki writes it."""
        if when is None:
            second = int(self.clock())
            if self._stamp[0] != second:
                self._stamp = (second, self.timestamp(second))
            return self._stamp[1]
        return time.strftime('%Y-%m-%dT%H:%M:%SZ', time.gmtime(when))

    def add_account(
        self,
        name: str,
        *,
        id: int = 0,
        home: str = '',
        wikis: Iterator[str] | list[str] | None = None,
        local_groups: dict[str, list[str]] | None = None,
        local_ids: dict[str, int] | None = None,
        edits: dict[str, int] | None = None,
        groups: list[str] | tuple[str, ...] = (),
        **values: Any,
    ) -> Account:
        """Create a global account and attach it.

        :param home: code of the home wiki; default: the first of `wikis`.
        :param wikis: codes of the wikis to attach it on; default: all.
        :param local_groups: local groups by code; '*' stands for every wiki.
        :param edits: local edit counts by code.
        """
        codes = list(self.wikis if wikis is None else wikis)
        id = id or self._last_account + 1
        self._last_account = max(self._last_account, id)
        home_wiki = self.wikis[home or (codes[0] if codes else self.central.code)]
        values.setdefault('registration', self.timestamp())
        account = Account(
            id, name, home=home_wiki.db, groups=frozenset(groups), **values
        )
        self.accounts[name] = account
        self.account_ids[id] = account
        insort(self.names, name)
        local_groups = local_groups or {}
        for code in codes:
            self.attach(
                account,
                self.wikis[code],
                id=(local_ids or {}).get(code, 0),
                groups=frozenset(local_groups.get(code, local_groups.get('*', ()))),
                editcount=(edits or {}).get(code, 0),
                registration=account.registration,
                method='new' if self.wikis[code] is home_wiki else 'login',
            )
        return account

    def attach(self, account: Account, wiki: WikiView, **values: Any) -> LocalAccount:
        """Create the local account of a global one on a wiki."""
        values.setdefault('registration', self.timestamp())
        values.setdefault('method', 'login')
        local = wiki.add_account(
            account.name, central=account, attached=values['registration'], **values
        )
        account.attached[wiki.db] = local
        return local

    def log_creation(self, wiki: WikiView, local: LocalAccount) -> None:
        """Log that a local account was created by itself."""
        title = Title(2, local.name)
        params = {'userid': local.id}
        wiki.write_log('newusers', 'autocreate', local.name, title, '', params)

    def add_bot_password(
        self, name: str, app: str, secret: str, grants: list[str]
    ) -> BotPassword:
        """Give an account a bot password `name@app`."""
        bot = BotPassword(secret, frozenset(grants))
        self.accounts[name].bots[app] = bot
        return bot

    def set_status(
        self,
        account: Account,
        *,
        locked: bool,
        hidden: str,
        wiki: Wiki,
        operator: str,
        reason: str,
    ) -> bool:
        """Lock, unlock, hide; log it on the wiki that was asked.

        :return: whether anything changed.
        """
        added, removed = status_difference(account.state, State(locked, hidden))
        if not added and not removed:
            return False
        was_suppressed = account.hidden == 'suppressed'
        self.changes += 1
        account.change(self.changes, self.clock(), self.stale)
        account.locked, account.hidden = locked, hidden
        if hidden == 'suppressed' and not was_suppressed:
            self._suppress(account, operator, reason)
        elif was_suppressed and hidden != 'suppressed':
            for db in account.attached:
                wiki_of = self.by_db[db]
                block = wiki_of.blocks.get(account.name)
                if block is not None and block.by.startswith(ELSEWHERE):
                    del wiki_of.blocks[account.name]
                wiki_of.suppressed_log -= wiki_of.log_about(account.name)
        if locked:
            self.sessions.end_account(account.id)
        entry = wiki.write_log(
            'suppress' if hidden else 'globalauth',
            'setstatus',
            operator,
            Title(2, f'{account.name}@global'),
            reason,
            {'added': added, 'removed': removed},
        )
        if 'locked' in added and entry.type == 'globalauth' and wiki is self.central:
            account.lock_log = entry.id
        return True

    def delete_account(
        self, account: Account, wiki: Wiki, operator: str, reason: str
    ) -> None:
        """Delete a global account; its local ones are left unattached."""
        self.sessions.end_account(account.id)
        for local in account.attached.values():
            local.central = None
            local.unlisted = not self.current
        del self.accounts[account.name], self.account_ids[account.id]
        self.names.pop(bisect_left(self.names, account.name))
        title = Title(2, f'{account.name}@global')
        wiki.write_log('globalauth', 'delete', operator, title, reason)

    def rename_account(self, old: str, new: str) -> None:
        """Rename a global account and its local ones; its sessions end."""
        account = self.accounts.pop(old)
        self.names.pop(bisect_left(self.names, old))
        self.sessions.end_account(account.id)
        account.name, account.lock_log = new, 0
        self.accounts[new] = account
        insort(self.names, new)
        self.renamed[old] = new
        for db, local in account.attached.items():
            accounts = self.by_db[db].accounts
            del accounts[old]
            local.name = new
            accounts[new] = local

    def rights_besides(self, groups: Collection[str]) -> tuple[str, ...]:
        """Return the rights that global groups have besides."""
        return tuple(
            right
            for group in sorted(groups)
            for right in self.added_rights.get(group, ())
        )

    def find(self, name: str) -> Account | None:
        """Return the global account of a name in any spelling."""
        canonical = canonical_user(name)
        return self.accounts.get(canonical) if canonical else None

    def _suppress(self, account: Account, operator: str, reason: str) -> None:
        for db in account.attached:
            wiki = self.by_db[db]
            wiki.suppressed_log |= wiki.log_about(account.name)
            if account.name in wiki.blocks:
                continue
            wiki.blocks[account.name] = Block(
                wiki.next_id('block'),
                account.name,
                f'{ELSEWHERE}{operator}',
                0,
                f'Globally suppressed by {operator} for the following reason: {reason}',
                self.timestamp(),
                nocreate=True,
                noemail=True,
                hidename=True,
            )
