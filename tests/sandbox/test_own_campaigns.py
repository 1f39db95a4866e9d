"""A campaign belongs to one wiki, whatever the default one is, and is found there."""

from __future__ import annotations

import re
import shlex
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from mw_tokens_plugin.campaign.ledger import Ledger

from .desk import Desk
from .ownfarm import configure_both, renamed, writes

if TYPE_CHECKING:
    from centralauth_sandbox import Sandbox

    from .farms import Farm

USUAL = ('-reason:Spam-only account', '-always')
NAMES = ('Spambot 00001', 'Spambot 00002')


def locked(sandbox: Sandbox) -> list[str]:
    return sandbox.call(
        lambda farm: [name for name in NAMES if farm.accounts[name].locked]
    )


def printed(text: str, word: str) -> list[str]:
    """Return the command that a script has printed behind a word, for a shell."""
    (line,) = re.findall(rf'^{word}: *(pwb .*)$', text, re.MULTILINE)
    return shlex.split(line)[1:]


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    (tmp_path / 'desk').mkdir()
    return Desk(tmp_path / 'desk')


def test_what_is_printed_works_when_it_is_pasted_with_two_farms_in_one_configuration(
    own_farm: Farm,
    own_sandbox: Sandbox,
    second_farm: Farm,
    second_sandbox: Sandbox,
    desk: Desk,
) -> None:
    """Also where another campaign has locked the same names on the default farm."""
    configure_both(desk.directory, own_farm, second_farm)
    family = second_farm.family
    there = (f'-family:{family}', '-lang:aa')
    assert desk.run(*NAMES, *USUAL, '-campaign:ours').code == 0
    run = desk.run(*NAMES, *USUAL, *there, '-simulate', '-campaign:my')
    assert run.code == 0, run.said
    resume = printed(run.out.replace('To run this plan', '\nResume'), 'Resume')
    assert f'-family:{family}' in resume and '-lang:meta' in resume
    before = writes(own_sandbox)
    # The campaign's own wiki is opened without being named, too.
    run = desk.run('-resume', '-campaign:my', '-always')
    assert run.code == 0, run.said
    assert locked(second_sandbox) == list(NAMES)
    undo = printed(run.out, 'To undo')
    assert f'-family:{family}' in undo
    desk.script = 'campaign'
    shown = desk.run('show', 'my')
    assert f'global_lock on {family}:meta' in shown.out
    elsewhere = ('-reason:x', '-always', f'-family:{own_farm.family}', '-lang:meta')
    run = desk.run('undo', 'my', *elsewhere)
    assert run.code == 2, run.said
    assert f"'my' is one on {family}:meta" in run.err
    desk.script = undo[0]
    run = desk.run(*(w.replace('TEXT', 'wrong farm') for w in undo[1:]), '-always')
    assert run.code == 0, run.said
    assert locked(second_sandbox) == []
    assert locked(own_sandbox) == list(NAMES)
    assert writes(own_sandbox) == before


def test_staging_and_production_with_one_family_name_are_told_apart(
    own_farm: Farm,
    own_sandbox: Sandbox,
    second_farm: Farm,
    second_sandbox: Sandbox,
    tmp_path: Path,
) -> None:
    """They may even share a ledger, and the databases of their wikis one name."""
    ledger = f'-ledger:{tmp_path}/ledger.sqlite3'
    desks = {}
    for name, farm in (
        ('production', own_farm),
        ('staging', renamed(second_farm, own_farm.family)),
    ):
        (tmp_path / name).mkdir()
        farm.configure(tmp_path / name)
        desks[name] = Desk(tmp_path / name)
    staging, production = desks['staging'], desks['production']
    run = staging.run(*NAMES, *USUAL, '-simulate', '-campaign:x', ledger)
    assert run.code == 0, run.said
    key = 'campaign-key'
    shutil.copy(staging.directory / key, production.directory / key)
    for words in (['-resume', '-campaign:x'], ['-undo:x', '-reason:y'], ['-resume']):
        run = production.run(*words, '-always', ledger)
        assert run.code == 2, run.said
        assert run.err.count('ERROR') == 1 and run.err.count('\n') <= 2
    assert (
        second_farm.wikis['meta']
        in production.run('-resume', '-campaign:x', '-always', ledger).err
    )
    assert writes(own_sandbox) == {} and locked(own_sandbox) == []
    # At the same address another wiki has come.
    opened = Ledger(f'{tmp_path}/ledger.sqlite3')
    campaign = opened.find('x')
    assert campaign is not None and campaign.wikiid == 'metawiki'
    opened.place(campaign, campaign.api or '', 'oldwiki')
    run = staging.run('-resume', '-campaign:x', '-always', ledger)
    assert run.code == 2, run.said
    assert 'one on the wiki oldwiki' in run.err
    opened.place(campaign, campaign.api or '', 'metawiki')
    opened.close()
    run = staging.run('-resume', '-campaign:x', '-always', ledger)
    assert run.code == 0, run.said
    assert locked(second_sandbox) == list(NAMES)
