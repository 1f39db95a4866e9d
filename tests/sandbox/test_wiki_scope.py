"""On which wikis campaigns act: by the wiki sets of the farm, and by name.

Judged on the journal of the sandbox, and on its pages.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import pytest

import mw_tokens_plugin
from centralauth_sandbox import Sandbox
from centralauth_sandbox.records import WikiSet
from mw_tokens_plugin.site.settings import settings

from .desk import Run

pytestmark = pytest.mark.filterwarnings('ignore:Site objects have been created')

Script = Callable[..., Run]
WIKIS = ('meta', 'aa', 'bb')
USUAL = ('-reason:Cross-wiki spam', '-always')

OUT = WikiSet('Opted out', 'optout', ('bbwiki',))
SMALL = WikiSet('Small wikis', 'optin', ('aawiki',))
USUAL_SET = WikiSet('Opted-out of global sysop wikis', 'optout', ('bbwiki',))


@pytest.fixture
def crosswiki_delete(pwb: Script) -> Script:
    return partial(pwb, 'crosswiki_delete')


@pytest.fixture(autouse=True)
def unset(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let each test begin and end without a wiki set in ``user-config.py``."""
    monkeypatch.setattr(settings, 'action_wiki_set', '')


@pytest.fixture
def spam(sandbox: Sandbox, tmp_path: Path) -> str:
    """Two pages on each of three wikis, of which `meta` is the operator's home."""
    titles = ('Spam & ham', 'User:Spam')

    def save(farm: Any) -> None:
        for wiki in WIKIS:
            for title in titles:
                farm.wikis[wiki].edit(title, 'Buy!', user='Spambot 00001', user_id=1)

    sandbox.call(save)
    file = tmp_path / 'pages.txt'
    lines = [f'{wiki}wiki\t{title}' for wiki in WIKIS for title in titles]
    file.write_text('\n'.join(lines), encoding='utf-8')
    return f'-file:{file}'


def choose(sandbox: Sandbox, *sets: WikiSet) -> None:
    """Give the farm its wiki sets."""
    sandbox.call(lambda farm: setattr(farm, 'wiki_sets', list(sets)))


def left(sandbox: Sandbox) -> list[str]:
    """Return the wikis that still have a page of spam."""
    return [w for w in WIKIS if sandbox.farm.wikis[w].page('User:Spam')]


def test_other_wikis_are_left_to_their_administrators(
    crosswiki_delete: Script, sandbox: Sandbox, spam: str
) -> None:
    """They are listed once, with links and wikitext, and not asked anything."""
    choose(sandbox, OUT)
    run = crosswiki_delete(spam, *USUAL, '-campaign:spam')
    assert run.code == 1, run.said
    assert left(sandbox) == ['meta', 'bb']
    assert 'bbwiki is outside the wiki set' in run.out
    assert 'metawiki is your home wiki' in run.out
    server = sandbox.farm.wikis['bb'].server
    path = sandbox.farm.wikis['bb'].layout.script
    assert f'* [[:User:Spam]] {server}{path}?title=User:Spam\n' in run.out
    assert f'* [[:Spam & ham]] {server}{path}?title=Spam_%26_ham\n' in run.out
    assert run.out.count(f'{server}{path}?title=User:Spam\n') == 1
    assert not sandbox.journal.entries(wiki='bb')
    again = crosswiki_delete(spam, *USUAL, '-wikis:bb,aa,meta', '-campaign:named')
    assert again.code == 0 and 'administrators' not in again.out, again.said
    assert left(sandbox) == []
    undo = crosswiki_delete('-undo:named', *USUAL)
    assert undo.code == 0, undo.said
    assert left(sandbox) == ['meta', 'bb']


@pytest.mark.parametrize(
    ('sets', 'more', 'configured', 'expected'),
    [
        ([], (), '', []),
        ([OUT], (), '', ['meta', 'bb']),
        ([OUT], ('-not-wikis:aa',), '', ['meta', 'aa', 'bb']),
        ([SMALL, USUAL_SET], (), '', ['meta', 'bb']),
        ([SMALL, OUT], (), 'Small wikis', ['meta', 'bb']),
        ([SMALL, OUT], ('-wikiset:Opted out',), 'Small wikis', ['meta', 'bb']),
        ([SMALL, OUT], ('-wikis:bb',), '', ['meta', 'aa']),
        ([SMALL, OUT], (), '', "['Opted out'"),
        ([OUT], (), 'Small wikis', "no wiki set 'Small wikis'"),
        ([], ('-wikiset:Opted out',), '', "no wiki set 'Opted out'; it has none"),
    ],
)
def test_the_wiki_set_is_named_or_the_only_one(
    crosswiki_delete: Script,
    sandbox: Sandbox,
    spam: str,
    sets: Sequence[WikiSet],
    more: Sequence[str],
    configured: str,
    expected: list[str] | str,
) -> None:
    """Which set is meant is never guessed; a farm without any has no limit."""
    choose(sandbox, *sets)
    if configured:
        mw_tokens_plugin.enable(action_wiki_set=configured)
    run = crosswiki_delete(spam, *USUAL, *more)
    if isinstance(expected, str):
        assert run.code == 2, run.said
        assert expected.strip('[') in run.err and left(sandbox) == list(WIKIS)
    else:
        assert left(sandbox) == expected, run.said
        assert run.code == (1 if expected else 0)


def test_a_plan_that_is_made_again_reads_the_set_again(
    crosswiki_delete: Script, sandbox: Sandbox, spam: str
) -> None:
    """A campaign keeps the name of its set, whatever is configured later."""
    choose(sandbox, OUT, SMALL)
    first = (spam, '-reason:x', '-simulate', '-campaign:spam', '-wikiset:Opted out')
    assert 'metawiki is your home wiki' in crosswiki_delete(*first).out
    choose(sandbox, WikiSet(OUT.name, 'optout', ('aawiki',)), SMALL)
    mw_tokens_plugin.enable(action_wiki_set='Small wikis')
    run = crosswiki_delete(*first, '-replace')
    assert 'aawiki is outside the wiki set' in run.out, run.said
    run = crosswiki_delete('-resume', '-campaign:spam', '-always')
    assert left(sandbox) == ['meta', 'aa'], run.said
