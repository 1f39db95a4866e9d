"""What a fresh sandbox contains: operators, spam accounts and pages, hard cases.

Names, ids and edit counts follow from the seed alone; passwords are given from outside.
"""

from __future__ import annotations

import hashlib
import random
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

from .farm import Farm, Wiki
from .records import Account
from .titles import Title

__all__ = [
    'BOT',
    'BOT_GRANTS',
    'COLLEAGUE',
    'DAY',
    'OPERATOR',
    'REASONS',
    'REASONS_PAGE',
    'SYSOP',
    'TWOFACTOR',
    'Credentials',
    'seeder',
]

DAY = 86400
OPERATOR = 'Sandbox Operator'
COLLEAGUE = 'Sandbox Colleague'
TWOFACTOR = 'Sandbox Twofactor'
SYSOP = 'Plain Sysop'
BOT = 'bot'
BOT_GRANTS = [
    'basic',
    'blockusers',
    'createeditmovepage',
    'createlocalaccount',
    'delete',
    'editprotected',
    'globalblock',
    'highvolume',
    'patrol',
    'protect',
    'rollback',
    'setglobalaccountstatus',
    'uploadeditmovefile',
]
REASONS_PAGE = 'MediaWiki:Centralauth-admin-status-reasons'
REASONS = """* Spam
** Spam-only account
** Cross-wiki spam
** Spambot
* Abuse
** Cross-wiki abuse
** Long-term abuse
** Vandalism-only account
* Other
** Compromised account
"""


#: Accounts that a guard should notice, by what they are like.
PEOPLE = {
    'prolific': 'Prolific Editor',
    'admin': 'Local Admin',
    'helper': 'Global Helper',
    'reader': 'Quiet Reader',
    'locked': 'Already Locked',
    'hidden': 'Hidden From Lists',
}


@dataclass(frozen=True, slots=True)
class Credentials:
    """The secrets of the seeded accounts.

    `bot` is the bot password `Sandbox Operator@bot`; `code` the fixed code that
    `Sandbox Twofactor` is asked for.
    """

    operator: str
    colleague: str
    twofactor: str
    sysop: str
    bot: str
    code: str

    @classmethod
    def generate(cls, password: str | None = None) -> Credentials:
        """Make them up, or derive them from one password for farm files.

        :param password: the password of every account; the bot password and the code
            follow from it.
        """
        if password is None:
            one, two, three, four = (secrets.token_urlsafe(18) for _ in range(4))
            code = f'{secrets.randbelow(10**6):06}'
            return cls(one, two, three, four, secrets.token_hex(16), code)
        digest = hashlib.sha256(password.encode()).hexdigest()
        code = f'{int(digest[32:48], 16) % 10**6:06}'
        return cls(password, password, password, password, digest[:32], code)


def seeder(
    credentials: Credentials, accounts: int = 400, seed: int = 1
) -> Callable[[Farm], None]:
    """Return what fills an empty farm.

    :param accounts: how many spam accounts.
    """

    def fill(farm: Farm) -> None:
        _add_operators(farm, credentials)
        _add_pages(farm)
        _add_entities(farm)
        _add_characters(farm)
        _add_spam(farm, accounts, seed)

    return fill


def _add_operators(farm: Farm, credentials: Credentials) -> None:
    everywhere = {'*': ['sysop']}
    steward = ['steward']
    farm.add_account(
        OPERATOR,
        password=credentials.operator,
        groups=steward,
        local_groups=everywhere,
    )
    farm.add_bot_password(OPERATOR, BOT, credentials.bot, BOT_GRANTS)
    farm.add_account(
        COLLEAGUE,
        password=credentials.colleague,
        groups=steward,
        local_groups=everywhere,
    )
    farm.add_account(
        TWOFACTOR,
        password=credentials.twofactor,
        groups=steward,
        local_groups=everywhere,
        twofactor=credentials.code,
    )
    farm.add_account(SYSOP, password=credentials.sysop, local_groups=everywhere)


def _add_pages(farm: Farm) -> None:
    for wiki in farm.wikis.values():
        text = f"'''Welcome to {wiki.db}.''' Nothing here is real."
        wiki.edit('Main Page', text, user=SYSOP, user_id=_id(wiki, SYSOP))
        wiki.edit('Sandbox', 'Try things.', user=SYSOP, user_id=_id(wiki, SYSOP))
    central = farm.central
    central.edit(REASONS_PAGE, REASONS, user=SYSOP, user_id=_id(central, SYSOP))


def _add_entities(farm: Farm) -> None:
    """Add a property of strings, and an item about all main pages."""
    repository = farm.repository
    if repository is None:
        return
    by = repository.accounts[SYSOP]
    made = repository.entities.new('property', 'string')
    made['labels']['en'] = {'language': 'en', 'value': 'rehearsed as'}
    repository.entities.save(made, by, 'seeded')
    made = repository.entities.new('item')
    made['labels']['en'] = {'language': 'en', 'value': 'Main Page'}
    made['sitelinks'] = {
        wiki.db: {'site': wiki.db, 'title': 'Main Page', 'badges': []}
        for wiki in farm.wikis.values()
    }
    repository.entities.save(made, by, 'seeded')


def _clients(farm: Farm) -> list[str]:
    """Return the wikis that are the same with a repository and without."""
    return [code for code, wiki in farm.wikis.items() if wiki is not farm.repository]


def _add_characters(farm: Farm) -> None:
    """Add the accounts that a guard should notice, and names that are hard."""
    codes = _clients(farm)
    last = codes[-1]
    second = codes[min(1, len(codes) - 1)]
    farm.add_account('Prolific Editor', edits={codes[0]: 700, last: 500})
    farm.add_account(
        'Local Admin', edits={second: 40}, local_groups={second: ['sysop']}
    )
    farm.add_account('Global Helper', groups=['global-sysop'], edits={codes[0]: 5})
    farm.add_account('Quiet Reader', edits={second: 12})
    farm.add_account('Already Locked', edits={codes[0]: 2}, locked=True)
    farm.add_account('Hidden From Lists', edits={codes[0]: 1}, hidden='lists')
    suppressed = farm.add_account('Suppressed Name')
    farm.set_status(
        suppressed,
        locked=True,
        hidden='suppressed',
        wiki=farm.central,
        operator=COLLEAGUE,
        reason='seeded',
    )
    farm.add_account('~2026-1', wikis=[second], edits={second: 1})
    for name in (
        'Ünïcode Пример 例',
        'Émile Zola',
        'O\'Brien "Quote" & Co',
        'Under score name',
        '\u1e9e sharp',
        'Emoji 😀 user',
    ):
        farm.add_account(name, wikis=[codes[0], second])


@dataclass(frozen=True, slots=True)
class _Spammer:
    """What is drawn of a spam account.

    :ivar wikis: codes of those that it is on; the first is its home.
    :ivar age: seconds since it was registered.
    :ivar pages: codes of the wikis on which it has made one page each.
    """

    wikis: tuple[str, ...]
    age: int
    pages: tuple[str, ...]


@lru_cache(maxsize=16)
def _drawn(codes: tuple[str, ...], accounts: int, seed: int) -> list[_Spammer]:
    """Draw spam accounts; a farm that is reset gets the same ones again."""
    chance = random.Random(seed)  # noqa: S311  # the same farm each time
    found = []
    for _ in range(accounts):
        home = chance.choice(codes)
        others = chance.sample(codes, chance.randrange(min(len(codes), 5)))
        wikis = (home, *(code for code in others if code != home))
        age = chance.randrange(30 * DAY)
        pages = tuple(chance.choice(wikis) for _ in range(chance.randrange(4)))
        found.append(_Spammer(wikis, age, pages))
    return found


def _add_spam(farm: Farm, accounts: int, seed: int) -> None:
    drawn = _drawn(tuple(_clients(farm)), accounts, seed)
    for number, spammer in enumerate(drawn, 1):
        account = farm.add_account(
            f'Spambot {number:05}',
            home=spammer.wikis[0],
            wikis=list(spammer.wikis),
            registration=farm.timestamp(farm.clock() - spammer.age),
        )
        for serial, code in enumerate(spammer.pages, 1):
            _spam(farm.wikis[code], account, serial)


def _spam(wiki: Wiki, account: Account, serial: int) -> None:
    local = account.attached[wiki.db]
    number = account.name.rpartition(' ')[2]
    wiki.edit(
        Title(0, f'Spam page {number} {serial}'),
        f'Buy cheap stuff at http://spam.example.com/{number}/{serial} now!',
        user=account.name,
        user_id=local.id,
        comment='cheap',
    )


def _id(wiki: Wiki, name: str) -> int:
    return wiki.accounts[name].id
