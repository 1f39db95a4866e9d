"""Reasons that are named: those of the wiki's forms, and those of user-config.py."""

from __future__ import annotations

from collections.abc import Callable
from copy import deepcopy

import pytest

import mw_tokens_plugin
from centralauth_sandbox import Sandbox
from mw_tokens_plugin.site.settings import settings

from .desk import Run

# Within one process there are sites before the second run begins.
pytestmark = pytest.mark.filterwarnings('ignore:Site objects have been created')

Script = Callable[..., Run]
LOCK = 'setglobalaccountstatus'


@pytest.fixture(autouse=True)
def presets(monkeypatch: pytest.MonkeyPatch) -> None:
    """What the operator has in user-config.py."""
    monkeypatch.setattr(settings, 'reasons', deepcopy(settings.reasons))
    mw_tokens_plugin.enable(reasons={'lta': 'Long-term abuse, see [[LTA]]'})


def test_each_script_lists_the_reasons_that_its_operator_can_name(pwb: Script) -> None:
    own = '  @lta  Long-term abuse, see [[LTA]]\n'
    for script, page, numbered in (
        ('global_lock', 'Centralauth-admin-status-reasons', '  @2   Cross-wiki spam\n'),
        ('global_block', 'Globalblocking-block-reason-dropdown', '  @3   Vandalism\n'),
        ('crosswiki_delete', 'Deletereason-dropdown', '  @4   Author request\n'),
        ('crosswiki_block', 'Ipbreason-dropdown', '  @6   Abusing multiple accounts\n'),
        ('crosswiki_rollback', '', ''),
        ('global_delete', '', ''),
    ):
        run = pwb(script, '-reasons')
        assert run.code == 0, run.said
        assert run.out.endswith(own), script
        assert numbered in run.out, script
        assert (f'MediaWiki:{page} on ' in run.out) is bool(page), script


@pytest.mark.parametrize(
    ('given', 'sent'),
    [
        (['-reason:@2'], 'Cross-wiki spam'),
        (['-summary:@2', '-detail:see [[x]]'], 'Cross-wiki spam: see [[x]]'),
        (['-reason:@lta'], 'Long-term abuse, see [[LTA]]'),
        (['-reason:@lta', '-detail:y'], 'Long-term abuse, see [[LTA]]: y'),
        (['-reason:@@2 is no number'], '@2 is no number'),
    ],
)
def test_a_reason_is_sent_as_the_form_would_send_it(
    pwb: Script, sandbox: Sandbox, given: list[str], sent: str
) -> None:
    run = pwb('global_lock', 'Spambot 00001', *given, '-always', '-campaign:a')
    assert run.code == 0, run.said
    assert f'Reason:    {sent}\n' in run.out
    (entry,) = sandbox.journal.entries(action=LOCK)
    assert entry.params['reason'] == sent
    # An undo has a reason of its own, named in the same ways.
    run = pwb('global_lock', '-undo:a', *given, '-always')
    assert run.code == 0, run.said
    assert sandbox.journal.entries(action=LOCK)[-1].params['reason'] == sent


def test_what_a_wiki_puts_between_them_is_its_own(
    pwb: Script, sandbox: Sandbox
) -> None:
    page = 'MediaWiki:Colon-separator'
    sandbox.call(lambda farm: farm.central.edit(page, '\uff1a', user='Plain Sysop'))
    given = ('-reason:@2', '-detail:x', '-always')
    run = pwb('global_lock', 'Spambot 00001', *given)
    assert run.code == 0, run.said
    (entry,) = sandbox.journal.entries(action=LOCK)
    assert entry.params['reason'] == 'Cross-wiki spam\uff1ax'


@pytest.mark.parametrize(
    ('script', 'given', 'words'),
    [
        ('global_lock', ['-reason:@8'], 'has 7 reasons. -reasons shows them'),
        ('global_lock', ['-reason:@0'], 'has 7 reasons. -reasons shows them'),
        ('global_lock', ['-reason:@spam'], 'these names: @lta.'),
        ('global_lock', ['-reason:@2 spam'], 'these names: @lta.'),
        ('global_lock', ['-reason:Spam', '-detail:x'], 'give -reason:@2 or'),
        ('global_lock', ['-detail:x'], '-detail needs a -reason:TEXT'),
        ('global_lock', ['-reason:@2', '-detail:a\nb'], 'control character'),
        ('global_delete', ['-reason:@2'], 'no form of the wiki lists reasons'),
        (
            'crosswiki_delete',
            ['-reason:x', '-reason-de:@2'],
            'only -reason takes a number',
        ),
    ],
)
def test_what_names_no_reason_is_refused_before_anything_is_sent(
    pwb: Script, sandbox: Sandbox, script: str, given: list[str], words: str
) -> None:
    run = pwb(script, 'Spambot 00001', *given, '-always')
    assert run.code == 2, run.said
    assert words in run.err
    assert {e.effect for e in sandbox.journal.entries()} <= {'', 'login'}
