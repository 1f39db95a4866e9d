"""Campaigns on a farm of one's own: odd addresses, dead and closed wikis."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from centralauth_sandbox import Sandbox
from centralauth_sandbox.farm import Farm as SandboxFarm
from centralauth_sandbox.layout import Layout
from centralauth_sandbox.seeds import Credentials, seeder
from centralauth_sandbox.server import codes_of
from mw_tokens_plugin.cli import launch

from .apicache import let_days_pass
from .desk import Run, script
from .farms import Farm, existing
from .night_seeds import is_long
from .ownfarm import farm_of, same_page, writes

pytestmark = pytest.mark.filterwarnings('ignore:Site objects have been created')

Script = Callable[..., Run]
USUAL = ('-reason:Spam', '-always')


@pytest.fixture
def own_pwb(
    own_farm: Farm,
    ledger_file: Path,
    capfd: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> Script:
    """Run any script within this process on the farm, which gives up on wikis soon."""
    monkeypatch.setattr(launch, 'UNREACHABLE_AFTER', 0.1)

    def run(name: str, *args: str) -> Run:
        capfd.readouterr()
        code = script(name).main(*args, f'-ledger:{ledger_file}')
        said: Any = capfd.readouterr()
        return Run(int(code), said.out, said.err)

    return run


def test_addresses_are_read_by_the_paths_of_their_own_wiki(
    own_pwb: Script, own_sandbox: Sandbox, tmp_path: Path
) -> None:
    titles = ['Spam ä/b', 'Spam 2', 'Spam 3', 'Spam 4']
    for title in titles:
        same_page(own_sandbox, title)
    numbers = own_sandbox.call(
        lambda farm: {
            code: (
                existing(wiki.page('Spam 3')).id,
                existing(wiki.page('Spam 4')).latest.id,
            )
            for code, wiki in farm.wikis.items()
        }
    )
    lines, done = [], {}
    for code, script_path, pages in (
        ('meta', '/w/index.php', '/wiki/'),
        ('aa', '/w/index.php', '/wiki/'),
        ('bb', '/bb/index.php', '/bb/index.php/'),
        ('cc', '/cc/index.php', '/cc/index.php/'),
        ('de', '/index.php', '/'),
        ('prv', '/w/index.php', '/wiki/'),
    ):
        server = own_sandbox.wikis[code].server
        page_id, revision = numbers[code]
        lines += [
            f'{server}{pages}Spam_%C3%A4/b?action=history#top',
            f'{server}{script_path}?action=edit&title=Spam%202',
            f'{server}{script_path}/Spam_2',
            f'{server}{script_path}?title=Nothing&curid={page_id}',
            f'{server}{script_path}?title=Nothing&diff=prev&oldid={revision}',
        ]
        done[code] = 4
    file = tmp_path / 'pages.txt'
    file.write_text('\n'.join(lines), 'utf-8')
    run = own_pwb('crosswiki_delete', f'-file:{file}', *USUAL)
    assert run.code == 0, run.said
    assert writes(own_sandbox) == done


def test_an_address_that_shows_no_page_is_refused(
    own_pwb: Script, own_sandbox: Sandbox, tmp_path: Path
) -> None:
    servers = {code: wiki.server for code, wiki in own_sandbox.wikis.items()}
    lines = [
        f'{servers["aa"]}/w/api.php?action=query',
        f'{servers["aa"]}/Spam',
        f'{servers["aa"]}/w/index.php?title=&curid=99999',
        f'{servers["bb"]}/wiki/Spam',
        f'{servers["de"]}/load.php',
    ]
    file = tmp_path / 'pages.txt'
    file.write_text('\n'.join(lines), 'utf-8')
    run = own_pwb('crosswiki_delete', f'-file:{file}', *USUAL)
    assert run.code == 2, run.said
    for number in range(1, len(lines) + 1):
        assert f'line {number}:' in run.err, run.said
    assert not writes(own_sandbox)


def test_an_address_that_turns_out_to_name_no_page_has_a_reason_of_its_own(
    own_pwb: Script, own_sandbox: Sandbox, tmp_path: Path
) -> None:
    """Nobody waits any longer for a wiki that has answered."""
    server = own_sandbox.wikis['aa'].server
    paths = ('/w/load.php', '/w/index.php?title=&curid=99999', '/wiki/Shared_page')
    same_page(own_sandbox)
    file = tmp_path / 'pages.txt'
    file.write_text('\n'.join(f'{server}{path}' for path in paths), 'utf-8')
    own_sandbox.faults.arm(wiki='aa', kind='gateway', times=0)
    run = own_pwb('crosswiki_delete', f'-file:{file}', *USUAL, '-campaign:c')
    assert 'Skipped:   3 (the wiki does not answer)' in run.out, run.said
    run = own_pwb('campaign', 'retry-failed', 'c', '-always')
    assert 'Skipped:   3 (the wiki does not answer)' in run.out, run.said
    own_sandbox.faults.clear()
    run = own_pwb('campaign', 'retry-failed', 'c', '-always')
    assert run.code == 1, run.said
    assert 'does not answer' not in run.out, run.said
    assert 'Skipped:   2 (not the address of a page)' in run.out, run.said
    assert writes(own_sandbox) == {'aa': 1}
    assert 'To retry' not in own_pwb('campaign', 'show', 'c').out


def test_wikis_that_are_dead_gone_or_closed_are_skipped_by_name(
    own_pwb: Script, own_sandbox: Sandbox, tmp_path: Path
) -> None:
    """All else is done; retry-failed looks there again, and -not-wikis drops them."""
    names = same_page(own_sandbox)
    file = tmp_path / 'pages.txt'
    codes = ('aa', 'de', 'old', 'del', 'gone', 'prv')
    lines = [names[code] for code in codes]
    lines.append(f'{own_sandbox.wikis["gone"].server}/wiki/Shared_page')
    file.write_text('\n'.join(lines), 'utf-8')
    run = own_pwb('crosswiki_delete', f'-file:{file}', *USUAL, '-campaign:c')
    assert run.code == 1, run.said
    assert writes(own_sandbox) == {'aa': 1, 'de': 1, 'prv': 1}
    closed = 'oldwiki:Shared page: the wiki is read-only: This wiki is closed.'
    for why in (
        closed,
        'delwiki:Shared page: the wiki refuses you: ',
        'gonewiki:Shared page: the wiki does not answer: ',
        '/wiki/Shared_page: the wiki does not answer: ownfarm:gone',
        'HTTP 404',
    ):
        assert why in run.out, run.said
    assert 'To retry:  pwb campaign retry-failed c' in run.out
    assert own_pwb('crosswiki_delete', '-resume', '-campaign:c', '-always').code == 1
    run = own_pwb('campaign', 'retry-failed', 'c', '-always')
    assert (run.code, closed in run.out) == (1, True), run.said
    run = own_pwb(
        'campaign', 'retry-failed', 'c', '-always', '-not-wikis:gonewiki,delwiki,old'
    )
    assert run.code == 1, run.said
    assert 'Skipped:   4 (on a wiki of -not-wikis)' in run.out
    run = own_pwb('campaign', 'retry-failed', 'c', '-always')
    assert 'Nothing has failed' in run.out or run.code == 0, run.said
    assert writes(own_sandbox) == {'aa': 1, 'de': 1, 'prv': 1}


def test_three_wikis_in_a_row_that_are_gone_stop_it_and_no_other_for_long(
    own_pwb: Script, own_sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The next run begins with the others; nobody says that nothing was sent."""
    names = same_page(own_sandbox)
    codes = ('aa', 'bb', 'cc', 'de', 'prv')
    targets = [names[code] for code in codes]
    run = own_pwb('crosswiki_delete', *targets, *USUAL, '-simulate', '-campaign:c')
    assert run.code == 0, run.said
    for code in ('bb', 'cc', 'de'):
        dead = replace(own_sandbox.wikis[code].layout, deleted=True)
        monkeypatch.setattr(own_sandbox.wikis[code], 'layout', dead)
    run = own_pwb('crosswiki_delete', '-resume', '-campaign:c', '-always')
    assert (run.code, 'HTTP 404' in run.out) == (3, True), run.said
    assert writes(own_sandbox) == {'aa': 1}
    run = own_pwb('crosswiki_delete', '-resume', '-campaign:c', '-always')
    assert run.code == 3, run.said
    assert writes(own_sandbox) == {'aa': 1, 'prv': 1}
    drop = ('-always', '-not-wikis:bb,cc,de')
    run = own_pwb('crosswiki_delete', '-resume', '-campaign:c', *drop)
    assert (run.code, 'Left:' in run.out) == (1, False), run.said


def test_a_wiki_that_cannot_be_searched_is_searched_again(
    own_pwb: Script, own_sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    same_page(own_sandbox, 'Spam 1')
    own_sandbox.call(lambda farm: setattr(farm.wikis['old'], 'readonly', ''))
    run = own_pwb(
        *('crosswiki_delete', '-from-user:Spambot 00001', '-same-title:Spam 1'),
        *('-wikis:all', '-not-wikis:cc,ownfarm:ff,ownfarm:ffwiki'),
        *(USUAL[0], '-simulate', '-campaign:c'),
    )
    assert run.code == 0, run.said
    for wiki in ('delwiki', 'gonewiki'):
        assert f'{wiki} is skipped' in run.said
        assert f'{wiki}:#same-title:Spam 1' in run.said
    run = own_pwb('crosswiki_delete', '-resume', '-campaign:c', '-always')
    assert run.code == 1, run.said
    assert {'gone', 'del', 'cc', 'ff', 'ffwiki'}.isdisjoint(writes(own_sandbox))
    assert {'aa', 'bb', 'de', 'meta', 'old', 'prv'} <= writes(own_sandbox).keys()
    run = own_pwb('campaign', 'retry-failed', 'c', '-simulate')
    assert 'gonewiki:#same-title:Spam 1' in run.said
    assert own_pwb('crosswiki_delete', '-resume', '-campaign:c', '-always').code == 1
    before = writes(own_sandbox)
    monkeypatch.setattr(own_sandbox.wikis['del'], 'layout', Layout())
    run = own_pwb('campaign', 'retry-failed', 'c', '-simulate')
    assert 'delwiki:Spam 1 (' in run.said
    assert own_pwb('crosswiki_delete', '-resume', '-campaign:c', '-always').code == 1
    assert writes(own_sandbox) == {**before, 'del': 1}


@pytest.fixture
def german(own_sandbox: Sandbox) -> Iterator[None]:
    """The central wiki is one in German, of which nothing was heard before."""
    let_days_pass(400)
    own_sandbox.call(lambda farm: setattr(farm.central, 'language', 'de'))
    yield
    let_days_pass(400)


@pytest.mark.usefixtures('german')
def test_names_as_a_german_wiki_writes_them(
    own_pwb: Script, own_sandbox: Sandbox, tmp_path: Path
) -> None:
    """Names of its namespaces are understood; other pages are refused by line."""
    spam = [f'Spambot {number:05}' for number in range(1, 7)]
    keep = tmp_path / 'not.txt'
    keep.write_text(f'[[Benutzer:{spam[5]}]]\n', 'utf-8')
    file = tmp_path / 'names.txt'
    lines = [
        f'* [[Benutzer:{spam[0]}|x]] ([[Benutzer Diskussion:{spam[0]}|D]])',
        f'Benutzer: {spam[1].replace(" ", "_")}',
        f'http://meta.invalid/wiki/Benutzer:{spam[2].replace(" ", "_")}',
        f'2. Spezial:CentralAuth/{spam[3]}',
        f'3. benutzer:{spam[4]}',
        f'[[Benutzer:{spam[5]}]]',
    ]
    file.write_text('\n'.join(lines), 'utf-8')
    run = own_pwb('global_lock', f'-file:{file}', f'-not:{keep}', *USUAL)
    assert run.code == 1, run.said
    locks = own_sandbox.journal.entries(action='setglobalaccountstatus')
    assert sorted(e.target for e in locks if e.effect) == spam[:5], run.said
    file.write_text('Datei:Bild.jpg\nHilfe:Seite', 'utf-8')
    run = own_pwb('global_lock', f'-file:{file}', *USUAL)
    assert (run.code, 'line 2' in run.err) == (2, True), run.said


@pytest.fixture
def many(request: pytest.FixtureRequest) -> Iterator[Sandbox]:
    """A farm of 12 wikis, with a long run of 240, of which three do not work."""
    count = 240 if is_long(request.config.getoption('seeds')) else 12
    codes = codes_of(count)
    layouts = {
        codes[3]: Layout(closed='This wiki is closed.'),
        codes[5]: Layout(deleted=True),
        codes[7]: Layout(gone=True),
    }
    credentials = Credentials.generate()
    farm = SandboxFarm(codes, seeder(credentials, 12), layouts=layouts)
    with Sandbox(farm=farm, network='127.0.4', credentials=credentials) as sandbox:
        sandbox.delay = 0.01
        yield sandbox


def test_a_campaign_on_many_wikis_of_which_three_do_not_work(
    many: Sandbox,
    own_pwb: Script,
    tmp_path_factory: pytest.TempPathFactory,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Three requests are in flight at most, and four a wiki are enough for its plan."""
    directory = tmp_path_factory.mktemp('many')
    farm = farm_of(many, 'manyfarm')
    farm.introduce(directory)
    farm.choose(directory)
    names = same_page(many)
    pages = directory / 'pages.txt'
    pages.write_text('\n'.join(names.values()), 'utf-8')
    *_, closed, _, deleted, _, gone = list(names.values())[:8]
    in_flight = _InFlight(many)
    monkeypatch.setattr(many, '_answer', in_flight.answer)
    run = own_pwb(
        'crosswiki_delete',
        f'-file:{pages}',
        *USUAL,
        '-campaign:many',
        '-simulate',
        '-max:999',
    )
    assert run.code == 0, run.said
    assert in_flight.most <= 3
    asked = Counter(entry.wiki for entry in many.journal.entries())
    home = asked.pop('meta')
    assert max(asked.values()) <= 2
    assert home <= 2 * len(names) + 15
    run = own_pwb(
        'crosswiki_delete', '-resume', '-campaign:many', '-always', '-max:999'
    )
    assert run.code == 1, run.said
    assert sum(writes(many).values()) == len(names) - 3
    for name, why in (
        (closed, 'the wiki is read-only: This wiki is closed.'),
        (deleted, 'the wiki refuses you: '),
        (gone, 'the wiki does not answer: '),
    ):
        assert f'{name.replace(chr(9), ":")}: {why}' in run.out, run.said
    assert own_pwb('crosswiki_delete', '-resume', '-campaign:many', '-always').code == 1
    run = own_pwb('campaign', 'retry-failed', 'many', '-always')
    assert run.code == 1, run.said
    assert 'Skipped:   1 (the wiki is read-only)' in run.out
    assert sum(writes(many).values()) == len(names) - 3


class _InFlight:
    """Counts the requests that a farm is just answering."""

    def __init__(self, sandbox: Sandbox) -> None:
        self._answer = sandbox._answer
        self.now = self.most = 0

    async def answer(self, *request: Any) -> Any:
        self.now += 1
        self.most = max(self.now, self.most)
        try:
            return await self._answer(*request)
        finally:
            self.now -= 1


def test_whatever_a_dead_wiki_answers_the_others_are_planned(
    own_pwb: Script,
    own_sandbox: Sandbox,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    names = same_page(own_sandbox)
    file = tmp_path / 'pages.txt'
    file.write_text('\n'.join(names[code] for code in ('meta', 'aa', 'gone')), 'utf-8')
    monkeypatch.setattr(own_sandbox.wikis['gone'], 'server', 'http://no-such.invalid')
    broken = 'internal_api_error_DBConnectionError'
    faults: tuple[tuple[dict[str, Any], str], ...] = (
        ({'kind': 'html'}, 'HTTP 200 and no JSON'),
        ({'kind': 'gateway'}, 'HTTP 504'),
        ({'kind': 'drop'}, 'does not answer'),
        ({'kind': 'http', 'status': 301, 'location': '//x.invalid/'}, 'redirects'),
        (
            {
                'kind': 'gateway',
                'status': 200,
                'body': f'{{"error": {{"code": "{broken}", "info": "x"}}}}',
            },
            broken,
        ),
    )
    for number, (fault, why) in enumerate(faults):
        own_sandbox.faults.arm(wiki='aa', times=0, **fault)
        run = own_pwb(
            *('crosswiki_delete', f'-file:{file}', USUAL[0], '-simulate'),
            f'-campaign:c{number}',
        )
        assert run.code == 0, run.said
        assert 'To delete: 1\n  metawiki:Shared page' in run.out, run.said
        (said_so,) = (line for line in run.out.splitlines() if 'aawiki' in line)
        assert why in said_so
        assert 'gonewiki:Shared page (the wiki does not answer: ' in run.out
        own_sandbox.faults.clear()
