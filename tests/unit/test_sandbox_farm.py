"""The sandbox's state: what changes it, what is logged, and what reset restores."""

from __future__ import annotations

import hashlib

import pytest

from centralauth_sandbox import Farm
from centralauth_sandbox.rights import GLOBAL_GROUPS, GRANTS, rights_of
from centralauth_sandbox.seeds import OPERATOR, Credentials, seeder
from centralauth_sandbox.server import codes_of
from centralauth_sandbox.titles import canonical_user, is_address, parse_title


@pytest.fixture
def farm() -> Farm:
    """Return a farm with one account on two wikis."""
    farm = Farm.empty()
    farm.add_account('Spam', wikis=['meta', 'aa'], edits={'aa': 3})
    return farm


def lock(farm: Farm, name: str, *, locked: bool = True, hidden: str = '') -> bool:
    """Set the status of an account on the central wiki."""
    return farm.set_status(
        farm.accounts[name],
        locked=locked,
        hidden=hidden,
        wiki=farm.central,
        operator='Op',
        reason='r',
    )


def test_locking_twice_changes_and_logs_once(farm: Farm) -> None:
    assert lock(farm, 'Spam')
    assert not lock(farm, 'Spam')
    entries = [entry for entry in farm.central.log if entry.type == 'globalauth']
    assert [entry.params for entry in entries] == [{'added': ['locked'], 'removed': []}]
    assert str(entries[0].title) == 'User:Spam@global'


def test_what_is_hidden_is_logged_as_suppression(farm: Farm) -> None:
    lock(farm, 'Spam', hidden='lists')
    assert [entry.type for entry in farm.central.log] == ['suppress']


def test_suppression_blocks_on_every_attached_wiki_and_is_lifted(farm: Farm) -> None:
    lock(farm, 'Spam', hidden='suppressed')
    blocked = [code for code, wiki in farm.wikis.items() if 'Spam' in wiki.blocks]
    assert blocked == ['meta', 'aa']
    lock(farm, 'Spam', hidden='lists')
    assert not any('Spam' in wiki.blocks for wiki in farm.wikis.values())


def test_statecheck_is_the_digest_of_id_name_level_and_lock(farm: Farm) -> None:
    account = farm.accounts['Spam']
    lock(farm, 'Spam', hidden='lists')
    expected = hashlib.md5(f'{account.id}:Spam:lists:1'.encode()).hexdigest()
    assert account.statecheck(account.state) == expected


def test_global_edits_are_the_sum_of_local_ones(farm: Farm) -> None:
    farm.wikis['aa'].edit('A', 'x', user='Spam')
    assert farm.accounts['Spam'].editcount == 4


def test_deleted_pages_come_back_with_their_revisions(farm: Farm) -> None:
    wiki = farm.wikis['aa']
    wiki.edit('A', 'one', user='Spam')
    wiki.edit('A', 'two', user='Spam')
    page = wiki.page('A')
    assert page is not None
    wiki.delete(page, 'Op', 'r')
    assert wiki.page('A') is None
    title = parse_title('A')
    assert title is not None
    assert wiki.undelete(title, 'Op', 'r') == (2, 0)
    restored = wiki.page('A')
    assert restored is not None
    assert [revision.text for revision in restored.revisions] == ['one', 'two']


def test_reset_restores_the_seeded_state() -> None:
    farm = Farm(['meta', 'aa'], seeder(Credentials.generate('p'), 20, 1))
    names = list(farm.names)
    lock(farm, 'Spambot 00001')
    farm.delete_account(farm.accounts['Spambot 00002'], farm.central, 'Op', 'r')
    farm.advance(1000)
    farm.reset()
    assert farm.names == names
    assert not farm.accounts['Spambot 00001'].locked


def test_the_same_seed_makes_the_same_accounts() -> None:
    def picture(seed: int) -> list[tuple[str, int, list[str]]]:
        farm = Farm(codes_of(4), seeder(Credentials.generate('p'), 50, seed))
        return [
            (account.name, account.editcount, sorted(account.attached))
            for account in farm.accounts.values()
        ]

    assert picture(1) == picture(1)
    assert picture(1) != picture(2)


def test_passwords_are_new_each_time_unless_one_is_given() -> None:
    assert Credentials.generate() != Credentials.generate()
    assert Credentials.generate('p') == Credentials.generate('p')


def test_no_grant_holds_the_right_to_delete_global_accounts() -> None:
    assert 'centralauth-unmerge' in GLOBAL_GROUPS['steward']
    everything = rights_of(
        frozenset({'steward'}), frozenset({'sysop'}), frozenset(GRANTS)
    )
    assert 'centralauth-lock' in everything
    assert 'centralauth-unmerge' not in everything


def test_the_seeded_operator_may_lock_with_the_bot_password_too() -> None:
    farm = Farm(['meta'], seeder(Credentials.generate('p'), 0))
    account = farm.accounts[OPERATOR]
    grants = account.bots['bot'].grants
    assert 'centralauth-lock' in rights_of(account.groups, frozenset(), grants)


@pytest.mark.parametrize(
    ('text', 'name'),
    [
        ('spam bot', 'Spam bot'),
        ('Spam_bot', 'Spam bot'),
        ('  user: spam   bot ', 'Spam bot'),
        ('E\u0301mile', 'Émile'),
        ('ßharp', 'Ssharp'),
        ('ǆorđe', 'ǅorđe'),
        ('ნინო', 'ნინო'),
        ('a@b:c=d', 'A@b:c=d'),
        ('Talk:A', None),
        ('user:talk:a', None),
        ('mw:A', None),
        ('a/b', None),
        ('A&amp;b', None),
        ('a\ue000', None),
        ('127.0.0.1', None),
        ('999.1.1.1', None),
        ('::1', None),
        ('A|b', None),
        ('A#b', None),
        ('x' * 256, None),
        ('', None),
    ],
)
def test_user_names_are_normalised(text: str, name: str | None) -> None:
    assert canonical_user(text) == name


@pytest.mark.parametrize(
    ('text', 'title'),
    [
        ('spam_page', 'Spam page'),
        ('user talk:x', 'User talk:X'),
        ('image:a.png', 'File:A.png'),
        (':Main Page#section', 'Main Page'),
        ('Bad[title]', None),
        ('wikipedia:Foo', None),
        ('', None),
    ],
)
def test_titles_are_normalised(text: str, title: str | None) -> None:
    parsed = parse_title(text)
    assert (str(parsed) if parsed else None) == title


@pytest.mark.parametrize('text', ['10.0.1.0/24', '2001:db8::/32', '127.0.0.1'])
def test_ranges_count_as_addresses(text: str) -> None:
    assert is_address(text)


def test_a_farm_has_distinct_codes_and_a_limit() -> None:
    codes = codes_of(60)
    assert codes[:4] == ['meta', 'aa', 'bb', 'cc']
    assert len(set(codes)) == 60
    with pytest.raises(ValueError, match='1 to'):
        codes_of(0)
