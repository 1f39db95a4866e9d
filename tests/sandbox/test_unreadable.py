"""One account or wiki that cannot be read is skipped by name, and stops no other."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import requests

from centralauth_sandbox import Sandbox
from centralauth_sandbox.farm import Farm
from mw_tokens_plugin.campaign.ledger import Ledger
from mw_tokens_plugin.campaign.report.texts import safe, to_json

from .desk import Run, script

pytestmark = pytest.mark.filterwarnings('ignore:Site objects have been created')

Script = Callable[..., Run]
USUAL = ('-reason:Spam', '-always')
SPAM = [f'Spambot {number:05}' for number in range(1, 6)]


def lose_database(sandbox: Sandbox, *names: str, edits: int = 0) -> None:
    """Attach accounts to a wiki whose database is gone from the farm."""

    def change(farm: Any) -> None:
        farm.gone.add('gonewiki')
        for name in names:
            account = farm.accounts[name]
            local = next(iter(account.attached.values()))
            account.attached['gonewiki'] = local
            local.editcount += edits

    sandbox.call(change)


def write_spam(sandbox: Sandbox, **how: Any) -> None:
    """Let a page be written on two wikis."""

    def write(farm: Farm) -> None:
        for wiki in ('aa', 'bb'):
            farm.wikis[wiki].edit('Spam 1', 'Buy!', user=SPAM[0], **how)

    sandbox.call(write)


def changed(sandbox: Sandbox, action: str) -> list[str]:
    found = sandbox.journal.entries(action=action)
    return sorted(entry.target for entry in found if entry.effect)


def test_an_account_on_a_wiki_that_is_gone_stops_no_other(
    pwb: Script, stage: tuple[Any, Sandbox]
) -> None:
    """Whoever might be a member there is skipped; a new account is nobody's."""
    _, sandbox = stage
    lose_database(sandbox, SPAM[1])
    lose_database(sandbox, SPAM[2], edits=11)
    run = pwb('global_lock', *SPAM, *USUAL, '-campaign:wave')
    assert run.code == 1, run.said
    assert changed(sandbox, 'setglobalaccountstatus') == sorted({*SPAM} - {SPAM[2]}), (
        run.said
    )
    why = 'the wiki cannot read this account: it breaks down'
    assert f'{SPAM[2]}: {why}' in run.out, run.said
    sandbox.call(lambda farm: farm.gone.clear())
    sandbox.call(lambda farm: farm.accounts[SPAM[2]].attached.pop('gonewiki'))
    sandbox.call(lambda farm: farm.accounts[SPAM[1]].attached.pop('gonewiki'))
    run = pwb('campaign', 'retry-failed', 'wave', '-always')
    assert run.code == 0, run.said
    assert changed(sandbox, 'setglobalaccountstatus') == SPAM


def test_an_account_that_is_read_with_an_error_stops_no_other(
    pwb: Script, stage: tuple[Any, Sandbox], monkeypatch: pytest.MonkeyPatch
) -> None:
    from mw_tokens_plugin.cli import launch

    monkeypatch.setattr(launch, 'UNREACHABLE_AFTER', 0.1)
    _, sandbox = stage
    lose_database(sandbox, SPAM[0])
    sandbox.faults.arm(kind='http', target=SPAM[3], action='query', times=0)
    run = pwb('global_delete', *SPAM, *USUAL)
    assert run.code == 1, run.said
    assert changed(sandbox, 'deleteglobalaccount') == [SPAM[1], SPAM[2], SPAM[4]]
    for name in (SPAM[0], SPAM[3]):
        assert f'{name}: the wiki cannot read this account: ' in run.out


@pytest.mark.parametrize(
    ('right', 'wrong', 'command'),
    [
        (rb'"user": ?"Spambot 00001"', b'"user":[[]]', 'crosswiki_delete'),
        (rb'"rights": ?\[', b'"rights":null,"x":[', 'global_delete'),
        (rb'"ratelimits": ?{', b'"ratelimits":{"edit":1e9},"x":{', 'token_doctor'),
    ],
    ids=['user', 'rights', 'ratelimits'],
)
def test_an_answer_of_another_form_is_one_sentence(
    pwb: Script,
    stage: tuple[Any, Sandbox],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    right: bytes,
    wrong: bytes,
    command: str,
) -> None:
    _, sandbox = stage
    sandbox.call(
        lambda farm: farm.wikis['aa'].edit('Spam 1', 'Buy!', user=SPAM[0], user_id=1)
    )
    send, changed = requests.Session.send, []

    def sent(*args: Any, **options: Any) -> requests.Response:
        response = send(*args, **options)
        if not options.get('stream') and re.search(right, response.content):
            changed.append(response.url)
            response._content = re.sub(right, wrong, response.content)
        return response

    monkeypatch.setattr(requests.Session, 'send', sent)
    file = tmp_path / 'pages.txt'
    file.write_text('aawiki:Spam 1\n', 'utf-8')
    words = {
        'crosswiki_delete': (f'-file:{file}', *USUAL),
        'global_delete': (SPAM[0], *USUAL),
        'token_doctor': ('aa',),
    }
    run = pwb(command, *words[command])
    assert changed
    assert 'has a form that the API does not give' in run.said, run.said
    assert 'unforeseen' not in run.said and run.code != 70


def test_the_operators_own_account_on_a_wiki_that_is_gone(
    pwb: Script, sandbox: Sandbox, site: Any, tmp_path: Path
) -> None:
    """Without the list of their wikis, those that are named can be acted on."""
    lose_database(sandbox, 'Sandbox Operator')
    write_spam(sandbox, user_id=1)
    assert site.foreign_site('aa').username() == 'Sandbox Operator'
    doctor = script('token_doctor').main('aa', 'bb', '-for:crosswiki_delete')
    file = tmp_path / 'pages.txt'
    file.write_text('aa\tSpam 1\nbbwiki:Spam 1\n', 'utf-8')
    run = pwb('crosswiki_delete', f'-file:{file}', *USUAL, '-simulate')
    assert run.code == 0, run.said
    run = pwb('crosswiki_delete', '-resume', '-always')
    assert (doctor, run.code) == (0, 0), run.said
    assert changed(sandbox, 'delete') == ['Spam 1', 'Spam 1']
    run = pwb('crosswiki_delete', '-same-title:A', '-wikis:all', USUAL[0], '-simulate')
    assert run.code == 2, run.said
    assert '-wikis:' in run.err


def test_members_of_harmless_groups_are_not_skipped(
    pwb: Script, stage: tuple[Any, Sandbox]
) -> None:
    """A group that everybody gets on a wiki can be named; others still count."""
    _, sandbox = stage

    def join(farm: Any) -> None:
        for name, groups in ((SPAM[0], {'member'}), (SPAM[1], {'member', 'sysop'})):
            for local in farm.accounts[name].attached.values():
                local.groups, local.editcount = frozenset(groups), 0
            local.editcount += 20

    sandbox.call(join)
    run = pwb('global_lock', *SPAM[:2], *USUAL)
    assert run.code == 1, run.said
    assert 'Skipped:   2 (in a group on a wiki)' in run.out
    run = pwb('global_lock', *SPAM[:2], '-ignore-groups:member,x', *USUAL)
    assert run.code == 1, run.said
    assert changed(sandbox, 'setglobalaccountstatus') == [SPAM[0]]
    run = pwb(
        'global_delete', *SPAM[:2], '-with-locked', '-ignore-groups:member', *USUAL
    )
    assert run.code == 1, run.said
    assert changed(sandbox, 'deleteglobalaccount') == [SPAM[0]]
    assert pwb('global_lock', '-resume', '-ignore-groups:x', '-always').code == 2


def error(code: str, info: str) -> str:
    return f'{{"error":{{"code":"{code}","info":"{info}"}},"servedby":"x"}}'


def deletion(log_id: str) -> str:
    return f'{{"delete":{{"title":"Spam 1","reason":"x","logid":{log_id}}}}}'


@pytest.mark.parametrize(
    ('answer', 'code', 'said'),
    [
        (
            error('cantdelete-\\ud800', 'half a letter \\udbff'),
            1,
            'half a letter \ufffd',
        ),
        (error('cantdelete-x', 'x' * 70_000), 1, 'xxx...'),
        (deletion('1' + '0' * 30), 0, 'found in the log'),
        (deletion('true'), 0, 'found in the log'),
    ],
    ids=['half a letter', 'long', 'large', 'true'],
)
def test_what_one_wiki_answers_can_be_recorded_and_stops_no_other(
    pwb: Script,
    sandbox: Sandbox,
    ledger: Ledger,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    answer: str,
    code: int,
    said: str,
) -> None:
    write_spam(sandbox)
    there = sandbox.farm.wikis['aa'].server
    send = requests.Session.send

    def sent(*args: Any, **options: Any) -> requests.Response:
        response = send(*args, **options)
        request = response.request
        is_there = str(request.url).startswith(there)
        if is_there and 'action=delete' in str(request.body):
            response._content = answer.encode()
        return response

    monkeypatch.setattr(requests.Session, 'send', sent)
    file = tmp_path / 'pages.txt'
    file.write_text('aawiki:Spam 1\nbbwiki:Spam 1\n', 'utf-8')
    report = f'-report:{tmp_path / "report"}'
    run = pwb('crosswiki_delete', f'-file:{file}', *USUAL, '-campaign:w', report)
    assert run.code == code, run.said
    assert 'done: bbwiki:Spam 1' in run.out
    assert said in run.out
    campaign = ledger.find('w')
    assert campaign is not None
    assert all(len(t.detail or '') < 5000 for t in ledger.targets(campaign))


def test_half_a_letter_in_a_ledger_is_escaped_in_reports() -> None:
    assert safe('x\ud800y') == r'x\ud800y'
    assert to_json(['x\ud800y']).encode() == rb'["x\ud800y"]'
