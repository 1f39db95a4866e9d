"""The farm that the recordings were made on, set up in the sandbox.

It seeds the accounts and pages that the recordings expect, and offers the changes that
were made to that farm behind the API's back.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING, Any

from centralauth_sandbox.farm import Farm
from centralauth_sandbox.records import Block, WikiSet
from centralauth_sandbox.server import Sandbox
from centralauth_sandbox.titles import Title

from .jwt import readable
from .samples import RELEASES

if TYPE_CHECKING:
    from .replay import Replay

PASSWORD = 'a main password'
#: MediaWiki tells one of 32 characters from a main password.
BOT_PASSWORD = '0123456789abcdefghijklmnopqrstuv'

#: The ports in the recordings of each release, and the hosts.
PORTS = {'1.43': 8143, 'tip': 8146}
HOSTS = {'meta': '127.0.0.1', 'aa': '127.0.0.2', 'bb': '127.0.0.3'}

#: An hour at which the clock of the farm stands still.
NOON = 1_795_000_000

STEWARD = ['bureaucrat', 'steward', 'sysop']

_EVERYWHERE = ['meta', 'aa', 'bb']
_FIRST: dict[str, dict[str, Any]] = {
    'Stew': {'groups': ['steward'], 'local_groups': {'*': STEWARD}},
    'Stew2': {'groups': ['steward'], 'local_groups': {'*': STEWARD}},
    'BotOp': {'local_groups': {'*': ['sysop']}},
    'Plain': {},
    'Metaonly': {'wikis': ['meta'], 'local_groups': {'*': ['steward', 'sysop']}},
    'Half': {'wikis': ['meta'], 'local_groups': {'*': ['steward', 'sysop']}},
    'Renamee': {},
    'Blockee': {'local_groups': {'aa': ['sysop']}},
    'Manyedits': {'edits': {'meta': 1200}},
    'Üñïçødé Пример 例': {},
    f'L{"o" * 200}ng': {},
}
_LATER = {
    '1.43': ['Lowercase first', "O'Quote & Amp"],
    'tip': ["O'Quote & Amp", 'Lowercase first', 'Sock-puppet (2)', 'Ünal.Ö!'],
}
_MANY: dict[str, list[tuple[str, int, int, list[str]]]] = {
    '1.43': [
        ('Hide {:02}', 1, 40, ['meta', 'aa']),
        ('Del {:02}', 1, 40, ['meta', 'aa']),
        ('Spam {:04}', 1, 500, ['meta', 'aa']),
        ('Spam {:04}', 501, 1200, ['meta']),
    ],
    'tip': [
        ('Hide {:02}', 1, 40, _EVERYWHERE),
        ('Del {:02}', 1, 40, _EVERYWHERE),
        ('Del {:02}', 41, 200, ['meta']),
        ('Spam {:04}', 1, 500, ['meta', 'aa']),
        ('Spam {:04}', 501, 2000, ['meta']),
    ],
}


def _accounts(release: str) -> dict[str, dict[str, Any]]:
    """Return the accounts of a release's farm, in the order of their central ids."""
    return {
        **_FIRST,
        **{name: {} for name in _LATER[release]},
        **{
            name.format(n): {'wikis': wikis}
            for name, first, last, wikis in _MANY[release]
            for n in range(first, last + 1)
        },
    }


ACCOUNTS = {release: _accounts(release) for release in RELEASES}

GRANTS = [
    'basic',
    'blockusers',
    'createeditmovepage',
    'createlocalaccount',
    'delete',
    'editprotected',
    'highvolume',
    'rollback',
    'setglobalaccountstatus',
]


#: The bot passwords that were made to block globally, or not to.
GLOBAL_BLOCKERS = {
    'nogb': ['basic', 'blockusers', 'delete', 'editpage', 'rollback'],
    'gb': ['basic', 'globalblock'],
    'full': [
        'basic',
        'blockusers',
        'delete',
        'editpage',
        'globalblock',
        'highvolume',
        'rollback',
    ],
}


_BEFORE_WHICH_UNATTACHED = {'1.43': 'Renamee', 'tip': 'Manyedits'}

SPAM = {
    '1.43': 'Buy cheap stuff {0} rev 1 http://spam.example.com/{0}',
    'tip': 'spam spam spam',
}


def seed(release: str, farm: Farm) -> None:
    """Fill an empty farm as that of a release was filled."""
    farm.uploads = False
    if release == 'tip':
        farm.generator = 'MediaWiki 1.45.0'
    farm.added_rights = {}
    if farm.current:
        farm.generator = 'MediaWiki 1.45.0'
    for wiki in farm.wikis.values():
        groups = frozenset({'bureaucrat', 'interface-admin', 'sysop'})
        wiki.add_account('Installer', groups=groups)
        wiki.add_account('MediaWiki default')
    for central_id, (name, values) in enumerate(ACCOUNTS[release].items(), 1):
        if name == _BEFORE_WHICH_UNATTACHED[release]:
            _add_unattached(farm)
        farm.add_account(name, id=central_id, password=PASSWORD, **values)
    if release == 'tip':
        farm.wikis['meta'].accounts['Manyedits'].editcount = 5000
    farm.add_bot_password('Stew', 'locker', BOT_PASSWORD, GRANTS)
    farm.add_bot_password('BotOp', 'linker', BOT_PASSWORD, GRANTS)
    for wiki in farm.wikis.values():
        wiki.edit('Main Page', 'x' * 755, user='MediaWiki default', user_id=2)
    _add_pages(farm, SPAM[release])


def _add_unattached(farm: Farm) -> None:
    farm.wikis['aa'].add_account('Half', password='its local password')
    for code in ('meta', 'aa'):
        farm.wikis[code].add_account('Localonly', password=PASSWORD)


def _add_pages(farm: Farm, spam: str) -> None:
    wiki = farm.wikis['aa']
    author: dict[str, Any] = {'user': 'Plain', 'user_id': wiki.accounts['Plain'].id}
    for n in range(1, 201):
        wiki.edit(f'Spam page {n:04}', spam.format(n), **author)
    for n in range(1, 21):
        for revision in range(1, 5):
            wiki.edit(f'Multi rev {n:04}', f'{n} rev {revision}', **author)
    for n in range(1, 6):
        title = f'Protected page {n:04}'
        wiki.edit(title, f'{n} rev 1', **author)
        page = wiki.page(title)
        assert page
        page.protection['edit'] = ('sysop', 'infinity')


class Stage:
    """The seeded sandbox, and what can happen to it.

    Whatever happens, happens between two requests, of which there is one at a time.

    :param sandbox: a running sandbox with :func:`seed` as its seed
    :param release: whose recordings are replayed
    """

    replay: Replay

    def __init__(self, sandbox: Sandbox, release: str) -> None:
        self.sandbox = sandbox
        self.release = release
        self.farm = sandbox.farm
        self.account_of_id = dict(enumerate(ACCOUNTS[release], 1))
        self.recorded = {
            code: f'http://{host}:{PORTS[release]}' for code, host in HOSTS.items()
        }
        wikis = self.farm.wikis.items()
        self.base_urls = {code: wiki.server for code, wiki in wikis}
        self.api_urls = {code: wiki.address for code, wiki in wikis}

    def reset(self) -> None:
        """Restore the farm as the recordings found it."""
        self.farm.reset()

    def to_live(self, text: str) -> str:
        """Replace the recorded addresses of the wikis by their live ones."""
        for code, recorded in self.recorded.items():
            text = text.replace(recorded, self.base_urls[code])
        return text

    def to_recorded(self, answer: Any) -> Any:
        """Replace the live addresses by the recorded ones, in any JSON value.

        Tokens, which contain addresses too, are written out.
        """
        if isinstance(answer, dict):
            return {key: self.to_recorded(value) for key, value in answer.items()}
        if isinstance(answer, list):
            return [self.to_recorded(value) for value in answer]
        if isinstance(answer, str):
            answer = readable(answer)
            for code, recorded in self.recorded.items():
                answer = answer.replace(self.base_urls[code], recorded)
        return answer

    # The clock, and what the recording farm was switched to.

    def advance(self, seconds: float) -> None:
        self.farm.advance(seconds)

    def read_only(self, reason: str | None) -> None:
        for wiki in self.farm.wikis.values():
            wiki.readonly = reason or ''

    def central_read_only(self, reason: str | None) -> None:
        self.farm.readonly = reason or ''

    def lag(self, seconds: float) -> None:
        for wiki in self.farm.wikis.values():
            wiki.lag = ('db-fake2', seconds) if seconds else ('', -1.0)

    def rate_limits(self, **hits: int) -> None:
        """Limit what BotOp does on aa within a minute, or lift all limits."""
        limits = {(right, 'BotOp'): (hit, 60.0) for right, hit in hits.items()}
        self.farm.wikis['aa'].rate_limits = limits

    # What the shell of the recording farm did to accounts and sessions.

    def set_status(
        self,
        name: str,
        *,
        locked: bool | None = None,
        hidden: str | None = None,
        wiki: str = 'meta',
    ) -> None:
        account = self.farm.accounts[name]
        self.farm.set_status(
            account,
            locked=account.locked if locked is None else locked,
            hidden=account.hidden if hidden is None else hidden,
            wiki=self.farm.wikis[wiki],
            operator='Stew',
            reason='r',
        )

    def edit(self, user: str, title: str) -> None:
        wiki = self.farm.wikis['aa']
        wiki.edit(title, 'vandalised', user=user, user_id=wiki.accounts[user].id)

    def delete_global_account(self, name: str) -> None:
        account = self.farm.accounts[name]
        self.farm.delete_account(account, self.farm.central, 'Stew', 'r')

    def start_rename(self, name: str) -> None:
        self.farm.accounts[name].renaming = True

    def rename(self, old: str, new: str) -> None:
        self.farm.accounts[old].renaming = False
        self.farm.rename_account(old, new)

    def revoke_bot_password(self, name: str) -> None:
        account, _, app = name.partition('@')
        del self.farm.accounts[account].bots[app]

    def log_global_rights(self, name: str) -> None:
        """Leave behind what changes of an account's global groups left in the logs."""
        for _ in range(2):
            self.farm.central.write_log(
                'gblrights', 'usergroups', 'Stew', Title(2, name), 'r'
            )

    def demote(self, name: str) -> None:
        account = self.farm.accounts[name]
        account.groups = frozenset()
        for local in account.attached.values():
            local.groups -= {'steward'}

    def promote(self, name: str) -> None:
        account = self.farm.accounts[name]
        account.groups = frozenset({'steward'})
        for local in account.attached.values():
            local.groups |= {'steward'}

    def grant(self, name: str, right: str) -> None:
        """Give an account a right on meta that none of its groups has."""
        self.farm.wikis['meta'].accounts[name].rights |= {right}

    def strict(self, strict: bool) -> None:
        """Say whether accounts without a global one may not log in."""
        self.farm.strict = strict

    def user_email(self, enabled: bool) -> None:
        """Say whether users can send each other e-mail on aa."""
        self.farm.wikis['aa'].user_email = enabled

    def add_wiki_sets(self) -> None:
        self.farm.wiki_sets = [
            WikiSet('Opted-out', 'optout', ('bbwiki',)),
            WikiSet('Small wikis', 'optin', ('aawiki', 'bbwiki')),
        ]

    def link_accounts(self, enabled: bool, states: Iterable[str] = ()) -> None:
        """Say whether accounts can be linked, and with which states of redirects."""
        provider = self.farm.provider
        provider.enabled = enabled
        provider.page = 'http://127.0.0.9/idp'
        provider.new_state = iter(states).__next__

    def login_age(self, seconds: float) -> None:
        """Refuse to link accounts where the login is older."""
        self.farm.provider.reauthenticate_after = seconds

    def needs_login(self, needed: bool) -> None:
        """Refuse to link accounts in sessions that cannot log in anew."""
        self.farm.provider.needs_login = needed

    # What the recordings of global blocks need.

    def add_bot_passwords(self) -> None:
        for app, grants in GLOBAL_BLOCKERS.items():
            self.farm.add_bot_password('Stew', app, BOT_PASSWORD, grants)

    def block(self, code: str, name: str, *, reason: str, days: int) -> None:
        """Let Stew block an account on one wiki."""
        wiki, farm = self.farm.wikis[code], self.farm
        wiki.blocks[name] = Block(
            wiki.next_id('block'),
            name,
            'Stew',
            wiki.accounts['Stew'].id,
            reason,
            farm.timestamp(),
            farm.timestamp(farm.clock() + days * 86400),
        )

    def demote_locally(self, code: str, name: str) -> None:
        self.farm.wikis[code].accounts[name].groups -= {'steward'}

    def let_stewards_block(self, allowed: bool) -> None:
        """Say whether the global group of stewards may block globally."""
        self.farm.added_rights = {'steward': ('globalblock',)} if allowed else {}

    def lose_global_block(self) -> None:
        """Let somebody else be faster."""
        self.farm.global_blocks.lost_races = 1

    def skip_global_blocks(self, count: int) -> None:
        self.farm.global_blocks.skip_ids(count)

    def backdate_global_blocks(self, ids: range, timestamp: str) -> None:
        """Move some of them to one second."""
        for block in self.farm.global_blocks:
            if block.id in ids:
                block.timestamp = timestamp

    def add_page(self, title: str, text: str) -> None:
        for wiki in self.farm.wikis.values():
            wiki.edit(title, text, user='MediaWiki default', user_id=2)

    def temporary_accounts(self, enabled: bool) -> None:
        """Say whether whoever edits without an account gets one."""
        self.farm.temporary_accounts = enabled

    # The session store.

    def session_lifetime(self, seconds: float) -> None:
        self.farm.sessions.lifetime = seconds

    def wipe_sessions(self) -> None:
        self.farm.sessions.wipe()

    def session_store(self, *, up: bool) -> None:
        """Start or stop the session store; it is empty when it comes back."""
        self.farm.sessions.wipe()
        self.farm.sessions.down = not up

    def change_auth_token(self, name: str) -> None:
        """Make all logins of an account invalid, as a password reset does."""
        self.farm.sessions.end_account(self.farm.accounts[name].id)

    # What befalls one exchange only.

    def fault(self, kind: str, **details: Any) -> None:
        self.sandbox.faults.arm(kind=kind, **details)

    def cas_race(self) -> None:
        """Let somebody else be faster."""
        self.fault('state-mismatch' if self.release == 'tip' else 'cas-race')

    def late(self) -> None:
        """Let a request be older than the last change of its account."""
        self.farm.late = True

    def autocreate_race(self) -> None:
        self.farm.sessions.autocreate_race = 1.0

    def calm(self) -> None:
        """End what befell the last exchange."""
        self.sandbox.faults.clear()
        self.farm.sessions.autocreate_race = 0.0
        self.farm.late = False


@contextmanager
def running_stage(release: str) -> Iterator[Stage]:
    """Start the sandbox of a release; its clock stands still, unless moved."""
    farm = Farm.empty(
        current=release == 'tip', seed=partial(seed, release), clock=lambda: NOON
    )
    farm.penalty = farm.overlap = farm.stale = 0.0
    with Sandbox(farm=farm) as sandbox:
        yield Stage(sandbox, release)
