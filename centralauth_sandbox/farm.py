"""The state of the farm: wikis, accounts, pages, logs, and what changes them.

Every change is one synchronous call, thus atomic among requests; nothing here knows
HTTP, the action API or who is asking.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Mapping
from typing import Any

from .ages import AGES, Age
from .entities import Entities
from .files import Files
from .globalaccounts import ELSEWHERE, GlobalAccounts
from .globalblocks import GlobalBlocks
from .layout import Layout
from .loginsteps import Logins
from .oauth import Consumers
from .pagestore import PageStore
from .provider import Provider
from .records import AbuseHit, Block, LocalAccount, WikiSet
from .sessions import Sessions
from .titles import Title

__all__ = ['DATA', 'ELSEWHERE', 'Farm', 'Wiki']

_NUMBERED = (
    *('account', 'page', 'revision', 'block', 'log', 'item', 'property'),
    'filearchive',
)
#: The code of the Wikibase repository.
DATA = 'data'
_GENERATORS = {True: 'MediaWiki 1.47.0-wmf.5', False: 'MediaWiki 1.43.9'}


class Wiki(PageStore):
    """One wiki of the farm.

    :param code: the code in the family file; the database name is `<code>wiki`.
    """

    farm: Farm

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
        self.readonly = self.layout.closed
        self.language = self.layout.language
        self.user_email = True
        #: Local accounts are made for global ones that come for the first time.
        self.creates_accounts = True
        self.lag = ('', -1.0)
        self.accounts: dict[str, LocalAccount] = {}
        self.account_ids: dict[int, LocalAccount] = {}
        self.clear_pages()
        #: Entries of which it is not told whom they are about.
        self.suppressed_log: set[int] = set()
        #: Whether it has AbuseFilter.
        self.has_filters = False
        self.abuse_log: list[AbuseHit] = []
        #: Abuse filters of which not everybody may see the log.
        self.private_filters: set[str] = set()
        self.blocks: dict[str, Block] = {}
        #: Whether a user may have several blocks; those besides the oldest.
        self.multiblocks = False
        self.further_blocks: dict[str, list[Block]] = {}
        self.watched: dict[str, set[Title]] = {}
        #: When somebody ceases to watch a page, where they do.
        self.watched_until: dict[tuple[str, Title], str] = {}
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

    def match_filter(self, filter: str, user: str, title: Title) -> None:
        """Log that an abuse filter has kept somebody from editing."""
        self.has_filters = True
        number = len(self.abuse_log) + 1
        hit = AbuseHit(number, filter, user, title, self.farm.timestamp())
        self.abuse_log.append(hit)

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


class Farm(GlobalAccounts):
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

    wikis: dict[str, Wiki]
    by_db: dict[str, Wiki]
    central: Wiki

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
        self.wikis = {}
        self.by_db = {}
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
        self.clear_accounts()
        self.generator = _GENERATORS[self.current]
        self.readonly = ''
        #: Bytes, of the values in an answer.
        self.max_result_size = 8388608
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
        #: Global groups whose rights only accounts with a second factor have.
        self.second_factor_groups: frozenset[str] = frozenset()
        #: Rights that global groups have besides.
        self.added_rights = {'steward': ('globalblock',)} if self.current else {}
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
        parts = time.gmtime(when)
        # %Y has fewer than four digits for early years.
        return f'{parts.tm_year:04}' + time.strftime('-%m-%dT%H:%M:%SZ', parts)

    def rights_besides(self, groups: Collection[str]) -> tuple[str, ...]:
        """Return the rights that global groups have besides."""
        return tuple(
            right
            for group in sorted(groups)
            for right in self.added_rights.get(group, ())
        )
