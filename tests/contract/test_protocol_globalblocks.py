"""Every recorded answer about global blocks is read as what it says.

What is expected is read off the recorded answers by rules of its own: which error makes
which class, and when a flag is set in either format version.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any

import pytest

from mw_tokens_plugin import exceptions
from mw_tokens_plugin.protocol import globalblocks
from mw_tokens_plugin.protocol.globalblocks import (
    INFINITY,
    expiry_text,
)
from mw_tokens_plugin.protocol.names import normalise_name
from mw_tokens_plugin.protocol.responses import error_mapping, refusal

from .samples import Exchange, load, recordings

NAMES = [name for name in recordings('tip') if name.startswith('o_global')]

#: Each code with which a global block was refused, and its class.
CLASSES: dict[str, type[exceptions.ApiRefusal]] = {
    'globalblocking-block-alreadyblocked': exceptions.AlreadyBlocked,
    'globalblocking-block-failure': exceptions.LostRace,
    'globalblocking-notblocked': exceptions.NotBlocked,
    'globalblocking-notblocked-id': exceptions.NotBlocked,
    'globalblocking-block-target-invalid': exceptions.NoSuchAccount,
    'baduser': exceptions.NoSuchAccount,
    'globalblocking-bigrange': exceptions.RangeTooWide,
    'globalblocking-block-anononly-on-account': exceptions.BadBlockSetting,
    'globalblocking-block-enable-autoblock-on-ip': exceptions.BadBlockSetting,
    'cannot-modify-global-autoblock': exceptions.BadBlockSetting,
    'badexpiry': exceptions.BadExpiry,
    'badexpiry-past': exceptions.BadExpiry,
    'permissiondenied': exceptions.PermissionDenied,
    'readonly': exceptions.ReadOnly,
    'internal_api_error_MediaWiki\\Extension\\CentralAuth\\CentralAuthReadOnlyError': (
        exceptions.ReadOnly
    ),
    # Those of the local half, to which the method gives a class of its own.
    'ipb_already_blocked': exceptions.ApiRefusal,
    'badaccess-group0': exceptions.ApiRefusal,
    # What a client did wrong has no class of its own.
    'badinteger': exceptions.ApiRefusal,
    'invalidparammix': exceptions.ApiRefusal,
    'missingparam': exceptions.ApiRefusal,
    'mustpostparams': exceptions.ApiRefusal,
    # These are dealt with before they would become one.
    'assertuserfailed': exceptions.ApiRefusal,
    'badtoken': exceptions.ApiRefusal,
    'maxlag': exceptions.ApiRefusal,
}


def exchanges(**wanted: str) -> Iterator[Exchange]:
    """Yield the exchanges of which the parameters are these."""
    for name in NAMES:
        for exchange in load(name, 'tip'):
            if wanted.items() <= exchange.params.items():
                yield exchange


def is_set(item: dict[str, Any], flag: str, version: str) -> bool:
    """Tell whether a flag is set, by the rules of a format version."""
    return flag in item if version == '1' else item.get(flag, False) is not False


def moment(text: str) -> datetime:
    if text in ('infinity', 'infinite'):
        return INFINITY
    return datetime.strptime(text + '+0000', '%Y-%m-%dT%H:%M:%SZ%z')


def test_each_refusal_has_a_class_and_the_words_of_the_wiki() -> None:
    found = set()
    for exchange in exchanges(action='globalblock'):
        answer = exchange.json
        if 'error' not in answer and 'errors' not in answer:
            continue
        error = error_mapping(answer.get('error', answer.get('errors')))
        raised = refusal(error['code'], error['info'], 'sandbox:meta')
        assert type(raised) is CLASSES[raised.code], exchange
        nested = 'globalblock' in answer.get('error', {})
        assert error.get('nested_in', '') == ('globalblock' if nested else '')
        if nested:
            (words,) = answer['error']['globalblock']
            assert (raised.code, raised.info) == (words['code'], words['message'])
        found.add(raised.code)
    assert found == set(CLASSES)


def test_each_success_tells_until_when_and_where() -> None:
    count = 0
    for exchange in exchanges(action='globalblock'):
        answer = (exchange.json or {}).get('globalblock')
        if answer is None or 'unblocked' in answer:
            continue
        change = globalblocks.from_globalblock(answer)
        assert (change.target, change.expiry) == (
            answer['user'],
            moment(answer['expiry']),
        )
        version = exchange.params.get('formatversion', '1')
        assert change.locally is is_set(answer, 'blockedlocally', version)
        count += 1
    assert count > 90


def test_an_unblock_is_not_read_as_a_block() -> None:
    with pytest.raises(exceptions.UnexpectedAnswer):
        globalblocks.from_globalblock({'user': 'Example', 'unblocked': ''})


def test_each_listed_block_is_read_in_both_format_versions() -> None:
    kinds = set()
    for exchange in exchanges(list='globalblocks'):
        version = exchange.params.get('formatversion', '1')
        for item in (exchange.json.get('query') or {}).get('globalblocks', ()):
            if not {'id', 'by', 'timestamp', 'expiry', 'reason'} <= item.keys():
                continue
            block = globalblocks.from_globalblocks(item)
            automatic = is_set(item, 'automatic', version)
            assert (block.id, block.target) == (int(item['id']), item.get('target'))
            assert (block.target is None) is automatic is block.automatic
            assert (block.by, block.by_wiki) == (item['by'], item['bywiki'])
            assert (block.timestamp, block.expiry) == (
                moment(item['timestamp']),
                moment(item['expiry']),
            )
            flags = (
                block.anon_only,
                not block.account_creation,
                block.autoblock,
                block.block_email,
            )
            names = (
                'anononly',
                'account-creation-disabled',
                'autoblocking-enabled',
                'block-email',
            )
            assert flags == tuple(is_set(item, name, version) for name in names)
            kinds.add((version, flags, automatic, block.is_infinite))
    assert {version for version, *_ in kinds} == {'1', '2'}
    assert len(kinds) > 8


def test_each_log_entry_has_the_expiry_and_the_flags() -> None:
    found = set()
    for exchange in exchanges(list='logevents'):
        for event in exchange.json['query']['logevents']:
            if event.get('type') != 'gblblock' or 'logid' not in event:
                continue
            if 'title' not in event:
                # Of a suppressed account, which is hidden.
                continue
            entry = globalblocks.from_log_event(event)
            assert (entry.log_id, entry.action) == (event['logid'], event['action'])
            assert f'User:{entry.target}' == event['title']
            assert (entry.by, entry.comment) == (event['user'], event['comment'])
            assert entry.timestamp == moment(event['timestamp'])
            params = event['params']
            assert list(entry.flags) == params.get('flags', [])
            if 'expiry' in params:
                assert entry.expiry is not None
                digits = entry.expiry.strftime('%Y%m%d%H%M%S')
                assert params['expiry'] == (
                    'infinity' if entry.expiry == INFINITY else digits
                )
            else:
                assert entry.expiry is None
            found.add((entry.action, entry.flags))
    assert {action for action, _ in found} == {'gblock', 'modify', 'gunblock'}


def test_an_expiry_is_sent_as_the_wiki_has_read_it() -> None:
    """What was recorded as understood is the same moment when it is sent as one."""
    for exchange in exchanges(action='globalblock'):
        expiry = exchange.params.get('expiry')
        answer = (exchange.json or {}).get('globalblock', {})
        if expiry and 'expiry' in answer:
            until = moment(answer['expiry'])
            assert expiry_text(until) == answer['expiry']
            assert expiry_text(expiry) in {expiry.strip(), 'infinite'}


def test_targets_are_written_as_the_wiki_keeps_them() -> None:
    """Names and addresses as it answers them, and ranges as it lists them."""
    listed = {
        item.get('target')
        for exchange in exchanges(list='globalblocks')
        for item in (exchange.json.get('query') or {}).get('globalblocks', ())
    }
    ranges = set()
    for exchange in exchanges(action='globalblock'):
        given = exchange.params.get('target')
        answer = (exchange.json or {}).get('globalblock')
        code = error_mapping((exchange.json or {}).get('error', {})).get('code')
        if code == 'baduser':
            with pytest.raises(exceptions.InvalidName):
                normalise_name(str(given))
        if given is None or answer is None:
            continue
        written = normalise_name(given)
        if '/' in written:
            ranges.add(written)
        elif '/' not in answer['user']:
            assert written == answer['user']
        else:
            # The wiki keeps an address apart from the range that is only this address.
            assert answer['user'] in (f'{written}/32', f'{written}/128')
    assert '198.51.100.0/25' in ranges & listed
