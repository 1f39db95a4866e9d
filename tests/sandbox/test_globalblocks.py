"""Global blocks through site objects: reading, making, changing and lifting them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
import pywikibot

from centralauth_sandbox import Sandbox
from centralauth_sandbox.globalblocks import GlobalBlock as SandboxBlock
from centralauth_sandbox.seeds import BOT_GRANTS
from mw_tokens_plugin import exceptions
from mw_tokens_plugin.protocol.globalblocks import INFINITY, LocalBlock
from mw_tokens_plugin.site.refusals import refusals

from .farms import Farm

ADDRESS, SPAMBOT = '192.0.2.7', 'Spambot 00001'
BLOCK = 'globalblock'


def block(site: Any, target: Any, **values: Any) -> Any:
    """Block somebody for a day."""
    values = {'expiry': '1 day', 'reason': 'test', **values}
    return site.global_block(target, **values)


def only(site: Any, target: str) -> Any:
    """Return the one block of a target."""
    (found,) = site.global_blocks(target)
    return found


def targets_of(count: int) -> list[str]:
    """Return so many addresses."""
    return [f'198.18.{number // 250}.{number % 250}' for number in range(count)]


def block_addresses(sandbox: Sandbox, count: int, timestamp: str) -> None:
    """Let addresses have been blocked, all in the same second."""

    def add(farm: Any) -> None:
        for target in targets_of(count):
            made = SandboxBlock(
                farm.global_blocks.next_id(),
                target,
                0,
                farm.accounts['Sandbox Operator'].id,
                'metawiki',
                'r',
                timestamp,
                'infinity',
            )
            farm.global_blocks.keep(made)

    sandbox.call(add)


# Reading


def test_a_block_is_read_as_it_was_made(site: Any) -> None:
    until = datetime(2040, 2, 3, 4, 5, 6, tzinfo=timezone(timedelta(hours=2)))
    made = block(site, 'user:spambot_00001', expiry=until, autoblock=True)
    found = only(site, SPAMBOT)
    assert (made.target, made.expiry, made.locally) == (SPAMBOT, until, False)
    assert (found.target, found.expiry, found.reason) == (SPAMBOT, until, 'test')
    assert (found.by, found.by_wiki) == (site.username(), 'metawiki')
    assert found.autoblock
    assert not (found.anon_only or found.account_creation or found.automatic)
    block(
        site, '2001:db8::1/32', expiry=INFINITY, anon_only=True, account_creation=True
    )
    wide = only(site, '2001:DB8:0:0:0:0:0:0/32')
    assert (wide.expiry, wide.is_infinite) == (INFINITY, True)
    assert wide.anon_only and wide.account_creation and not wide.autoblock
    assert list(site.global_blocks(ip='2001:db8::5')) == [wide]
    assert {b.id for b in site.global_blocks(ids=[found.id, wide.id, 999])} == {
        found.id,
        wide.id,
    }
    assert len(list(site.global_blocks(limit=1))) == 1
    site.global_unblock(SPAMBOT, reason='test')
    site.global_unblock(wide.id, reason='test')
    assert list(site.global_blocks()) == []


@pytest.fixture
def modest(farm: Farm, sandbox: Sandbox) -> Any:
    """The central wiki for a login without ``apihighlimits``."""
    from pywikibot import config

    name, secret = farm.operator.name, '0123456789abcdef0123456789abcdef'
    grants = ['basic', 'globalblock']
    sandbox.call(lambda state: state.add_bot_password(name, 'less', secret, grants))
    line = f"({name!r}, BotPassword('less', {secret!r}))\n"
    Path(str(config.password_file)).write_text(line, 'utf-8')
    return farm.site()


def _requests_for(site: Any, sandbox: Sandbox, targets: list[str]) -> int:
    site.login()
    sandbox.journal.clear()
    found = list(site.global_blocks(targets))
    assert sorted(each.target for each in found) == sorted(targets)
    count: int = sandbox.summary()['by_query']['globalblocks']
    return count


def test_many_targets_cost_one_request_for_500(site: Any, sandbox: Sandbox) -> None:
    block_addresses(sandbox, 60, '2026-11-27T04:33:37Z')
    assert _requests_for(site, sandbox, targets_of(60)) == 1


def test_many_targets_cost_one_request_for_50(modest: Any, sandbox: Sandbox) -> None:
    block_addresses(sandbox, 60, '2026-11-27T04:33:37Z')
    assert _requests_for(modest, sandbox, targets_of(60)) == 2


def test_without_a_target_nothing_is_asked_for(site: Any, sandbox: Sandbox) -> None:
    """The wiki would list all blocks."""
    block(site, ADDRESS)
    sandbox.journal.clear()
    assert list(site.global_blocks([])) == list(site.global_blocks(ids=[])) == []
    for wrong in ('', '192.0.2.7|192.0.2.8'):
        with pytest.raises(exceptions.InvalidInput):
            list(site.global_blocks(wrong))
    with pytest.raises(exceptions.InvalidInput, match='Give one of'):
        site.global_blocks(ADDRESS, ip=ADDRESS)
    assert not sandbox.journal.entries()


def test_a_list_that_the_wiki_never_ends_ends_here(
    modest: Any, sandbox: Sandbox, capfd: pytest.CaptureFixture[str]
) -> None:
    """It continues at a second, and lists the same blocks of that one for ever."""
    block(modest, ADDRESS)
    block_addresses(sandbox, 501, '2020-01-01T00:00:00Z')
    sandbox.journal.clear()
    found = [each.id for each in modest.global_blocks()]
    assert len(found) == len(set(found)) == 501
    assert sandbox.summary()['by_query']['globalblocks'] == 3
    assert 'are missing from the list' in capfd.readouterr().err
    # Nor is such a list taken for the whole.
    assert modest.all_global_blocks(9) is None


# Where writes are sent


def _log_in(how: str, farm: Farm, sandbox: Sandbox) -> None:
    from pywikibot import config

    name, _, app = farm.bot.name.partition('@')
    if how == 'bot password':
        line = f'({name!r}, BotPassword({app!r}, {farm.bot.password!r}))\n'
        Path(str(config.password_file)).write_text(line, 'utf-8')
    elif how == 'OAuth':
        keys = sandbox.call(lambda state: state.consumers.add(name, BOT_GRANTS))
        for address in farm.wikis.values():
            config.authenticate[address.split('/')[2]] = keys


@pytest.mark.parametrize('how', ['main password', 'bot password', 'OAuth'])
def test_it_is_blocked_on_the_central_wiki_whatever_the_default_is(
    how: str, farm: Farm, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    from pywikibot import config

    monkeypatch.setattr(config, 'authenticate', {})
    _log_in(how, farm, sandbox)
    elsewhere = farm.site('aa')
    block(elsewhere, ADDRESS)
    assert only(elsewhere, ADDRESS).by_wiki == 'metawiki'
    (entry,) = elsewhere.global_block_log(ADDRESS)
    assert (entry.action, entry.by) == ('gblock', farm.operator.name)
    assert {e.wiki for e in sandbox.journal.entries(action=BLOCK)} == {'meta'}


def test_names_are_written_as_the_central_wiki_writes_them(
    farm: Farm, sandbox: Sandbox
) -> None:
    """The default wiki may write first letters in another way."""
    sandbox.call(lambda state: state.add_account('ასი'))
    elsewhere = farm.site('aa')
    # Georgian has capitals in Unicode, which MediaWiki used in some releases.
    elsewhere._first_letters = {'ა': 'Ა'}
    assert block(elsewhere, 'ასი').target == 'ასი'


def test_a_site_of_the_central_wiki_is_used_as_it_is(
    farm: Farm, sandbox: Sandbox
) -> None:
    """No second login is made for what has one already."""
    home = farm.site('aa')
    home.login()
    central = home.foreign_site('meta')
    block(central, ADDRESS)
    (entry,) = sandbox.journal.entries(action=BLOCK)
    assert (entry.wiki, entry.result) == ('meta', 'ok')
    assert entry.centralauthtoken


# What is sent


def test_only_settings_that_are_wanted_are_sent(site: Any, sandbox: Sandbox) -> None:
    """A setting counts by being there, whatever its value is."""
    block(site, ADDRESS, modify=False)
    block(
        site,
        ADDRESS,
        modify=True,
        anon_only=True,
        local=LocalBlock(anon_only=True, block_talk=True),
    )
    plain, changed = (e.params.keys() for e in sandbox.journal.entries(action=BLOCK))
    assert plain.isdisjoint({'modify', 'anononly', 'alsolocal', 'block-email'})
    assert changed - plain == {
        'modify',
        'anononly',
        'alsolocal',
        'localanononly',
        'localblockstalk',
    }


def test_emails_are_blocked_only_where_the_wiki_can(
    site: Any, sandbox: Sandbox
) -> None:
    """And a wiki that is updated can at once, whatever pywikibot has stored of it."""
    with pytest.raises(exceptions.InvalidInput, match='block-email'):
        block(site, SPAMBOT, block_email=True)
    assert not sandbox.journal.entries(action=BLOCK)
    sandbox.call(lambda state: setattr(state, 'block_email', True))
    block(site, SPAMBOT, block_email=True)
    block(site, ADDRESS)
    assert only(site, SPAMBOT).block_email
    assert not only(site, ADDRESS).block_email
    (entry,) = site.global_block_log(SPAMBOT)
    assert entry.flags == ('block-email',)


def test_simulated_blocks_are_not_sent(
    site: Any, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    from pywikibot import config

    site.login()
    monkeypatch.setattr(config, 'simulate', True)
    until = datetime(2040, 1, 1, tzinfo=timezone.utc)
    assert block(site, '198.51.100.7/25', expiry=until).target == '198.51.100.0/25'
    assert block(site, 41, expiry=until).expiry == until
    site.global_unblock(ADDRESS, reason='test')
    assert not sandbox.journal.entries(action=BLOCK)


@pytest.mark.parametrize(
    'values',
    [
        {'reason': ' '},
        {'expiry': ''},
        {'expiry': datetime(2040, 1, 1)},  # what is refused
        {'target': 'Bad[name]'},
        {'target': 41, 'local': LocalBlock()},
    ],
)
def test_what_the_wiki_would_refuse_is_not_sent(
    site: Any, sandbox: Sandbox, values: dict[str, Any]
) -> None:
    with pytest.raises(exceptions.InvalidInput):
        block(site, **{'target': ADDRESS, **values})
    assert not sandbox.journal.entries(action=BLOCK)


# Refusals


def test_each_refusal_has_a_class_and_the_words_of_the_wiki(
    site: Any, capfd: pytest.CaptureFixture[str]
) -> None:
    """And an exception tells of it, so pywikibot prints no name on the side."""
    block(site, ADDRESS)
    block(site, SPAMBOT)
    number = only(site, ADDRESS).id
    refused: list[tuple[Any, type[exceptions.ApiRefusal], str, dict[str, Any]]] = [
        (ADDRESS, exceptions.AlreadyBlocked, 'is already blocked globally', {}),
        (number, exceptions.AlreadyBlocked, 'is already blocked globally', {}),
        ('Nobody', exceptions.NoSuchAccount, 'you entered is invalid', {}),
        ('~2026-99', exceptions.NoSuchAccount, 'you entered is invalid', {}),
        ('10.0.0.0/15', exceptions.RangeTooWide, 'limit is a /16 range', {}),
        ('2001:db8::/18', exceptions.RangeTooWide, 'limit is a /19 range', {}),
        (
            SPAMBOT,
            exceptions.BadBlockSetting,
            'cannot only apply to anonymous',
            {'anon_only': True, 'modify': True},
        ),
        (
            '192.0.2.8',
            exceptions.BadBlockSetting,
            'only be enabled for blocks on accounts',
            {'autoblock': True},
        ),
        ('192.0.2.8', exceptions.BadExpiry, 'Invalid value', {'expiry': 'nonsense'}),
        ('192.0.2.8', exceptions.BadExpiry, 'in the past', {'expiry': '2020-01-01'}),
        (999, exceptions.NotBlocked, 'No global block exists', {'modify': True}),
    ]
    for target, kind, words, values in refused:
        with pytest.raises(kind, match=words):
            block(site, target, **values)
    for target, words in (('192.0.2.8', 'not globally blocked'), (999, 'the ID #999')):
        with pytest.raises(exceptions.NotBlocked, match=words):
            site.global_unblock(target, reason='test')
    assert 'API error' not in capfd.readouterr().err
    with pytest.raises(exceptions.RangeTooWide, match='broader than /16'):
        list(site.global_blocks(ip='10.0.0.0/8'))


def test_a_lost_race_and_a_wiki_that_takes_no_writes(
    site: Any, sandbox: Sandbox
) -> None:
    sandbox.faults.arm(kind='cas-race', action=BLOCK)
    with pytest.raises(exceptions.LostRace, match='try again'):
        block(site, ADDRESS)
    sandbox.faults.arm(kind='centralauth-readonly', action=BLOCK)
    with pytest.raises(exceptions.ReadOnly):
        block(site, ADDRESS)


def test_a_farm_without_the_extension_is_told_of_in_one_sentence(
    old_site: Any,
) -> None:
    with pytest.raises(exceptions.UnknownModule, match='GlobalBlocking may not be'):
        list(old_site.global_blocks(ADDRESS))
    calls: tuple[Callable[[], Any], ...] = (
        lambda: block(old_site, ADDRESS),
        lambda: old_site.global_unblock(ADDRESS, reason='test'),
    )
    for refused in calls:
        with pytest.raises(exceptions.UnknownModule, match='globalblock'):
            refused()


def test_who_lacks_the_right_is_told_so(farm: Farm) -> None:
    site = farm.site(user=farm.sysop.name)
    with pytest.raises(exceptions.PermissionDenied, match='remove global blocks'):
        block(site, ADDRESS)


def test_a_local_block_that_fails_leaves_the_global_one(
    site: Any, sandbox: Sandbox
) -> None:
    site.login()
    site.blockuser(pywikibot.User(site, ADDRESS), expiry='1 day', reason='local')
    with pytest.raises(exceptions.LocalBlockFailed, match='already blocked') as caught:
        block(site, ADDRESS, local=LocalBlock())
    assert caught.value.code == 'ipb_already_blocked'
    assert only(site, ADDRESS).reason == 'test'
    with pytest.raises(exceptions.AlreadyBlocked):
        block(site, ADDRESS, local=LocalBlock())
    assert block(site, '192.0.2.8', local=LocalBlock(anon_only=True)).locally
    sandbox.call(lambda state: state.wikis['meta'].blocks.clear())


# A blocked operator


def edit(site: Any) -> None:
    """Try to save a page."""
    with refusals(site):
        site.simple_request(
            action='edit', title='Page', text='text', token=site.tokens.csrf
        ).submit()


def test_a_blocked_operator_is_told_whose_block_it_is_and_what_to_do(
    farm: Farm, sandbox: Sandbox
) -> None:
    central, site = farm.site(), farm.site('aa')
    name = farm.operator.name

    def demote(state: Any) -> None:
        # Blocks of addresses do not apply to sysops.
        state.wikis['aa'].accounts[name].groups = frozenset()

    sandbox.call(demote)
    site.login()
    block(central, '127.0.0.0/16', reason='an  open\nproxy', expiry='infinite')
    with pytest.raises(exceptions.GloballyBlocked) as caught:
        edit(site)
    assert str(caught.value) == (
        'blocked on sandbox:aa: your address, or one that you come by, is globally '
        f'blocked by {name}, without an end ("an open proxy"): ask a steward to lift '
        'the global block #1, then start again.'
    )
    made = block(central, name, reason='compromised')
    with pytest.raises(exceptions.GloballyBlocked) as caught:
        edit(site)
    assert str(caught.value) == (
        f'blocked on sandbox:aa: your account is globally blocked by {name} until '
        f'{made.expiry:%Y-%m-%dT%H:%M:%SZ} ("compromised"): ask a steward to lift the '
        'global block #2, then start again.'
    )
    # Blocks of an account do not keep a steward from what is global.
    central.global_unblock(name, reason='test')
    central.global_unblock('127.0.0.0/16', reason='test')
    central.blockuser(pywikibot.User(central, name), expiry='1 day', reason='local')
    with pytest.raises(exceptions.Blocked, match='blocked on this wiki by') as local:
        edit(central)
    assert type(local.value) is exceptions.Blocked


def test_a_globally_blocked_operator_gets_one_sentence_and_exit_code_3(
    site: Any, pwb: Any
) -> None:
    """The first wiki that refuses is enough; the targets stay to be resumed."""
    block(site, site.username(), reason='compromised')
    site.logout()
    pages = ('[[aa:Spam page 00001 1]]', '[[aa:Spam page 00001 2]]', '[[bb:Main Page]]')
    run = pwb('crosswiki_delete', *pages, '-reason:spam', '-always')
    assert run.code == 3, run.said
    assert run.said.count('globally blocked by Sandbox Operator until') == 1
    assert '-resume' in run.out and 'Please include all' not in run.said
    # What is global is not refused.
    assert pwb('global_lock', SPAMBOT, '-reason:spam', '-always').code == 0


# Lost answers


def test_what_became_of_a_lost_answer_is_in_the_log(
    site: Any, sandbox: Sandbox
) -> None:
    site.login()
    before = datetime.now(timezone.utc) - timedelta(minutes=1)
    block(site, SPAMBOT, expiry='infinite')
    number = only(site, SPAMBOT).id
    sandbox.faults.arm(kind='drop', action=BLOCK, when='after')
    with pytest.raises(exceptions.AmbiguousWrite):
        block(site, '2001:db8::/32', anon_only=True, reason='lost')
    sandbox.faults.arm(kind='drop', action=BLOCK, when='after')
    with pytest.raises(exceptions.AmbiguousWrite):
        site.global_unblock(number, reason='lost')
    assert sum(e.effect == BLOCK for e in sandbox.journal.entries()) == 3
    (entry,) = site.global_block_log('2001:DB8::1/32', since=before)
    assert (entry.action, entry.comment, entry.flags) == (
        'gblock',
        'lost',
        ('anon-only',),
    )
    assert entry.expiry == only(site, '2001:DB8:0:0:0:0:0:0/32').expiry
    # What was named by its number has just that in the log.
    (entry,) = site.global_block_log(number, by=site.username())
    assert (entry.action, entry.target, entry.expiry) == (
        'gunblock',
        f'#{number}',
        None,
    )
    assert [e.action for e in site.global_block_log(SPAMBOT)] == ['gblock']
    assert len(list(site.global_block_log(total=2))) == 2
    assert not list(site.global_block_log(since=before + timedelta(days=1)))
