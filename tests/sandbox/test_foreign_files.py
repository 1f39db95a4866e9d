"""Files and entities on foreign sites, with pywikibot's own code.

What the sandbox answers here is an imitation after the manuals; there are no recordings
of uploads and Wikibase.
"""

from __future__ import annotations

import hashlib
import io
import json
import os
import re
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any, ClassVar, cast

import pytest
from pywikibot import config
from pywikibot.exceptions import APIError, UploadError
from requests import PreparedRequest, Response
from urllib3.connection import HTTPConnection
from urllib3.connectionpool import HTTPConnectionPool

from centralauth_sandbox import Sandbox
from mw_tokens_plugin.exceptions import (
    AmbiguousWrite,
    ApiRefusal,
    CentralAuthTokenRefused,
    HttpRefusal,
)
from mw_tokens_plugin.site.writes import send_once

from . import upload_modes
from .farms import Farm
from .foreign import OPERATOR, Wire, clear_journal, forget_account, wired

_BYTES_A_SECOND = 100_000


def _size(request: PreparedRequest) -> int:
    """Return how many bytes the body has."""
    return len(cast(bytes, request.body or b''))


class SlowWire(Wire):
    """A slow way out: the wiki looks at a request when all of it has arrived."""

    def send(self, request: PreparedRequest, *args: Any, **kwargs: Any) -> Response:
        """Take as long as the body does, with the token in its URL."""
        time.sleep(_size(request) / _BYTES_A_SECOND)
        return super().send(request, *args, **kwargs)


@pytest.fixture(scope='session')
def _data_sandbox() -> Iterator[Sandbox]:
    with Sandbox(accounts=5, data=True) as sandbox:
        yield sandbox


@pytest.fixture(scope='session')
def _data_farm(
    _data_sandbox: Sandbox, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Farm, Path]:
    # pywikibot keeps for days where a repository is, by the name of the family.
    name = f'datasandbox{_data_sandbox.wikis["data"].server.rpartition(":")[2]}'
    farm = Farm.of_sandbox(_data_sandbox, name)
    directory = tmp_path_factory.mktemp('data')
    farm.introduce(directory)
    return farm, directory


@pytest.fixture
def data_farm(
    farm: Farm, _data_farm: tuple[Farm, Path], monkeypatch: pytest.MonkeyPatch
) -> Iterator[Farm]:
    """A farm with files and a Wikibase repository, not logged in to."""
    from pywikibot.family import Family

    data_farm, directory = _data_farm
    data_farm.restore()
    data_farm.choose(directory)
    family = type(Family.load(data_farm.family))
    monkeypatch.setattr(family, 'entity_sources', lambda s, code: {}, raising=False)
    hosts = {url.split('/')[2] for c, url in data_farm.wikis.items() if c != 'meta'}
    with wired() as wire:
        yield data_farm
        wire.check(hosts)
    assert not [s for s in wire.sent if s.host in hosts and s.action == 'clientlogin']


@pytest.fixture
def sandbox(data_farm: Farm, _data_sandbox: Sandbox) -> Sandbox:
    """The sandbox with files and a repository."""
    return _data_sandbox


@pytest.fixture
def home(data_farm: Farm) -> Any:
    """Its central wiki."""
    return data_farm.site()


@pytest.fixture
def picture(tmp_path: Path) -> Path:
    """A file that begins as a PNG does, of half a megabyte."""
    path = tmp_path / 'picture.png'
    header = b'\x89PNG\r\n\x1a\n' + bytes([0, 0, 0, 13]) + b'IHDR'
    content = bytes(n * 7 % 251 for n in range(500_000))
    path.write_bytes(header + bytes([0, 0, 0, 2] * 2) + bytes(5) + content)
    return path


def uploaded(site: Any, title: str) -> str:
    """Return the hash of a file, as the wiki knows it."""
    import pywikibot

    return str(pywikibot.FilePage(site, title).latest_file_info.sha1)


def hashed(file: Path) -> str:
    return hashlib.sha1(file.read_bytes()).hexdigest()


def test_files_are_uploaded_described_and_fetched(
    home: Any, sandbox: Sandbox, picture: Path, tmp_path: Path
) -> None:
    import pywikibot

    foreign = home.foreign_site('aa')
    page = pywikibot.FilePage(foreign, 'Foreign.png')
    assert page.upload(str(picture), summary='test', text='A picture.')
    page = pywikibot.FilePage(foreign, 'Foreign.png')
    digest = hashlib.sha1(picture.read_bytes()).hexdigest()
    assert page.latest_file_info.sha1 == digest
    assert page.latest_file_info.user == OPERATOR
    assert page.text == 'A picture.'
    assert page.download(str(tmp_path / 'copy.png'))
    kinds = {e.kind for e in sandbox.journal.entries(action='upload')}
    assert kinds == {'centralauthtoken'}


def test_small_files_go_in_one_request(
    home: Any, sandbox: Sandbox, picture: Path
) -> None:
    import pywikibot

    picture.write_bytes(picture.read_bytes()[:60_000])
    page = pywikibot.FilePage(home.foreign_site('aa'), 'Small.png')
    assert page.upload(str(picture), summary='test', text='A picture.')
    assert len(sandbox.journal.entries(action='upload')) == 1


def test_a_limit_on_chunks_is_kept(home: Any, sandbox: Sandbox, picture: Path) -> None:
    import pywikibot

    foreign = home.foreign_site('aa')
    page = pywikibot.FilePage(foreign, 'Chunks.png')
    assert page.upload(str(picture), summary='test', text='x', chunk_size=50_000)
    chunks = [
        entry
        for entry in sandbox.journal.entries(action='upload')
        if 'offset' in entry.params
    ]
    assert len(chunks) == -(-picture.stat().st_size // 50_000)
    digest = hashlib.sha1(picture.read_bytes()).hexdigest()
    assert uploaded(foreign, 'Chunks.png') == digest


@pytest.fixture
def plain(tmp_path: Path) -> Any:
    """What comes of all kinds of uploads by pywikibot without the plugin."""
    directory = tmp_path / 'plain'
    directory.mkdir()
    with Sandbox(wikis=2, accounts=0) as sandbox:
        sandbox.write_configuration(directory, plugin=False)
        environment = os.environ | {'PYWIKIBOT_DIR': str(directory)}
        environment.pop('PYWIKIBOT_NO_USER_CONFIG', None)
        done = subprocess.run(
            [sys.executable, upload_modes.__file__],
            cwd=directory,
            env=environment | {'MW_TOKENS_DISABLE': '1'},
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )
    assert done.returncode == 0, done.stderr
    return json.loads((directory / 'outcomes.json').read_text())


def test_uploads_in_pieces_end_as_they_do_in_plain_pywikibot(
    home: Any,
    sandbox: Sandbox,
    plain: Any,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Warnings are asked for once, of the whole file, and nothing goes over it unasked.

    Results, errors, what callbacks are asked, versions and texts are the same.
    """
    monkeypatch.chdir(tmp_path)
    foreign = home.foreign_site('aa')
    foreign.upload_line.limited(50_000)
    clear_journal(sandbox)
    ours = upload_modes.Trial(foreign, 'Pieces').outcomes()
    assert not {k: (plain[k], ours[k]) for k in plain if plain[k] != ours[k]}
    assert ours['exists and duplicate: exists']['result'] is False
    sent = sandbox.journal.entries(action='upload')
    assert len([e for e in sent if 'offset' in e.params]) > len(plain)


@pytest.fixture
def slow(home: Any, sandbox: Sandbox) -> Iterator[Any]:
    """A foreign site far away, whose tokens live shorter than the file travels."""
    from pywikibot.comms import http

    foreign = home.foreign_site('aa')
    foreign.siteinfo['uploadsenabled']
    sandbox.command('set-lifetimes', token=4.0, penalty=0.0)
    before = http.session.get_adapter('http://127.0.0.1/')
    http.session.mount('http://', SlowWire())
    yield foreign
    http.session.mount('http://', before)
    sandbox.command('set-lifetimes', token=60.0, penalty=3.0)


def test_chunks_arrive_while_their_tokens_live(
    slow: Any, sandbox: Sandbox, picture: Path
) -> None:
    import pywikibot

    clear_journal(sandbox)
    page = pywikibot.FilePage(slow, 'Far.png')
    assert page.upload(str(picture), summary='test', text='A picture.')
    uploads = sandbox.journal.entries(action='upload')
    assert {e.result for e in uploads} == {'ok'}
    assert len(uploads) >= 3
    digest = hashlib.sha1(picture.read_bytes()).hexdigest()
    assert uploaded(slow, 'Far.png') == digest


class Socket(HTTPConnection):
    """A connection over which so many bytes a second go, once so many have gone."""

    rates: ClassVar[list[tuple[int, float]]] = []
    gone: ClassVar[int] = 0

    def send(self, data: Any) -> None:
        """Send what there is block by block, as the base class does."""
        if not hasattr(data, 'read'):
            super().send(data)
            return
        while block := data.read(16_384):
            rate = next(r for after, r in reversed(self.rates) if self.gone >= after)
            time.sleep(len(block) / rate)
            super().send(block)
            type(self).gone += len(block)


class SocketWire(Wire):
    """A way out over such connections."""

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        """Let the pools make such connections."""
        super().init_poolmanager(*args, **kwargs)
        pool = type('Pool', (HTTPConnectionPool,), {'ConnectionCls': Socket})
        self.poolmanager.pool_classes_by_scheme = {'http': pool}


class Proxy(Wire):
    """A proxy that takes no bodies of more than so many bytes."""

    limit = 100_000

    def send(self, request: PreparedRequest, *args: Any, **kwargs: Any) -> Response:
        """Answer in the place of the wiki, after a part of the body."""
        if _size(request) <= self.limit:
            return super().send(request, *args, **kwargs)
        response = Response()
        response.status_code, response.reason = 413, 'Payload Too Large'
        response.request, response.url = request, str(request.url)
        response.raw = io.BytesIO(b'<h1>413 Request Entity Too Large</h1>')
        return response


@contextmanager
def through(wire: Wire) -> Iterator[None]:
    """Send all that is sent over another way out."""
    from pywikibot.comms import http

    before = http.session.get_adapter('http://127.0.0.1/')
    http.session.mount('http://', wire)
    try:
        yield
    finally:
        http.session.mount('http://', before)


def sent_from(sandbox: Sandbox) -> list[int]:
    """Return the offsets from which pieces were sent that arrived."""
    entries = sandbox.journal.entries(action='upload')
    return [int(e.params['offset']) for e in entries if 'offset' in e.params]


def test_a_line_that_slows_down_gets_smaller_pieces_from_the_same_place(
    home: Any,
    sandbox: Sandbox,
    picture: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """What takes too long is abandoned, and what has arrived is not sent again."""
    import pywikibot

    foreign = home.foreign_site('aa')
    foreign.siteinfo['uploadsenabled']
    monkeypatch.setattr(config, 'socket_timeout', (1.0, 45))
    monkeypatch.setattr(Socket, 'rates', [(0, 1e8), (150_000, 100_000)])
    monkeypatch.setattr(Socket, 'gone', 0)
    picture.write_bytes(picture.read_bytes()[:350_000])
    clear_journal(sandbox)
    with through(SocketWire()):
        page = pywikibot.FilePage(foreign, 'Slower.png')
        assert page.upload(str(picture), summary='test', text='x')
    assert uploaded(foreign, 'Slower.png') == hashed(picture)
    entries = sandbox.journal.entries(action='upload')
    assert {e.result for e in entries} == {'ok'}
    offsets = sent_from(sandbox)
    assert offsets == sorted(set(offsets))
    assert re.search(
        r'from byte [\d,]+ on: [\d,]+ bytes, sent for 1\.\d s', caplog.text
    )


@pytest.mark.parametrize('nth', [2, 3, 4], ids=['middle', 'end', 'whole'])
def test_a_lost_answer_to_a_piece_costs_no_upload(
    home: Any,
    sandbox: Sandbox,
    picture: Path,
    monkeypatch: pytest.MonkeyPatch,
    nth: int,
) -> None:
    """Although the wiki has it, and may have put the pieces together already."""
    import pywikibot

    monkeypatch.setattr(config, 'retry_wait', 0.01)
    foreign = home.foreign_site('aa')
    picture.write_bytes(picture.read_bytes()[: 60_000 if nth == 4 else 250_000])
    target = f'Lost {nth}.png'
    sandbox.faults.arm(
        kind='drop', when='after', action='upload', nth=1 if nth == 4 else nth
    )
    page = pywikibot.FilePage(foreign, target)
    options = {'summary': 'test', 'text': 'x'}
    if nth == 4:
        # It was published, which pywikibot is told as if it had been there before.
        with pytest.raises(UploadError) as caught:
            page.upload(str(picture), **options)
        assert caught.value.code == 'exists'
    else:
        assert page.upload(str(picture), **options)
    assert uploaded(foreign, target) == hashed(picture)
    assert len(pywikibot.FilePage(foreign, target).get_file_history()) == 1


@pytest.mark.parametrize('chunk_size', [0, 400_000], ids=['whole', 'chunks'])
def test_a_proxy_that_takes_no_large_bodies_gets_small_ones(
    home: Any,
    sandbox: Sandbox,
    picture: Path,
    caplog: pytest.LogCaptureFixture,
    chunk_size: int,
) -> None:
    """Its refusals say nothing of the rate, nor of tokens, and are not tried again."""
    import pywikibot

    foreign = home.foreign_site('aa')
    foreign.upload_line.accepted(200_000, 200_000, 0.1, 200_000)
    rate = foreign.upload_rate
    picture.write_bytes(picture.read_bytes()[:300_000])
    page = pywikibot.FilePage(foreign, f'Proxy {chunk_size}.png')
    with through(Proxy()):
        done = page.upload(
            str(picture), summary='test', text='x', chunk_size=chunk_size
        )
    assert done and uploaded(foreign, page.title(with_ns=False)) == hashed(picture)
    assert 'HTTP 413' in caplog.text and '300,000 bytes' in caplog.text
    assert caplog.text.count('HTTP 413') == 2
    assert foreign.upload_rate is not None and foreign.upload_rate < 1e9
    assert rate == 2_000_000


def test_a_proxy_that_takes_no_files_at_all_is_named(
    home: Any, picture: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import pywikibot

    foreign = home.foreign_site('aa')
    foreign.siteinfo['uploadsenabled']
    monkeypatch.setattr(Proxy, 'limit', 2000)
    page = pywikibot.FilePage(foreign, 'Never.png')
    with through(Proxy()), pytest.raises(HttpRefusal, match=r'413.*proxy') as caught:
        page.upload(str(picture), summary='test', text='x')
    assert 'token' not in str(caught.value)
    assert foreign.upload_rate is None


def test_tokens_that_are_refused_for_good_end_an_upload_with_the_facts(
    home: Any, sandbox: Sandbox, picture: Path
) -> None:
    import pywikibot

    foreign = home.foreign_site('aa')
    foreign.siteinfo['uploadsenabled']
    sandbox.command('set-lifetimes', token=0.0, penalty=0.0)
    page = pywikibot.FilePage(foreign, 'Refused.png')
    try:
        with pytest.raises(CentralAuthTokenRefused, match=r'[\d,]+ bytes.* s,'):
            page.upload(str(picture), summary='test', text='x')
    finally:
        sandbox.command('set-lifetimes', token=60.0, penalty=3.0)
    assert foreign.upload_rate is None


def test_a_file_that_is_too_large_for_the_wiki_is_not_sent(
    home: Any, sandbox: Sandbox, picture: Path
) -> None:
    import pywikibot

    foreign = home.foreign_site('aa')
    with picture.open('ab') as file:
        file.truncate(foreign.siteinfo['maxuploadsize'] + 1)
    clear_journal(sandbox)
    page = pywikibot.FilePage(foreign, 'Large.png')
    with pytest.raises(APIError, match='104,857,600 at most') as caught:
        page.upload(str(picture), summary='test', text='x')
    assert caught.value.code == 'file-too-large'
    assert not sandbox.journal.entries(action='upload')


def test_pieces_are_put_together_byte_by_byte(home: Any, picture: Path) -> None:
    """Whatever byte a piece ends with: a line break follows it in the request."""
    import pywikibot

    foreign = home.foreign_site('aa')
    foreign.upload_line.limited(5000)
    head = picture.read_bytes()[:33]
    for name, end in ('Returns', b'\r'), ('Breaks', b'\r\n'), ('Newlines', b'\n'):
        picture.write_bytes(head + end * 6000)
        page = pywikibot.FilePage(foreign, f'{name}.png')
        assert page.upload(str(picture), summary='test', text='x')
        assert uploaded(foreign, f'{name}.png') == hashed(picture)


def test_a_body_that_travels_longer_than_a_token_lives_is_refused(
    slow: Any, sandbox: Sandbox
) -> None:
    """What cannot be cut ends in an error that is none of the page's."""
    import pywikibot

    sandbox.command('set-lifetimes', token=0.2)
    page = pywikibot.Page(slow, 'Spam page long')
    page.text = 'x' * 40_000
    with pytest.raises(CentralAuthTokenRefused, match=r'40,\d+ bytes.* \d+\.\d s'):
        page.save(summary='test', quiet=True)
    assert not [e for e in sandbox.journal.entries() if e.effect == 'edit']


# Repositories


def test_writes_of_wikibase_that_are_sent_once_are_answered_as_a_whole(
    home: Any,
) -> None:
    repository = home.foreign_site('aa').data_repository()
    label = {'id': 'Q1', 'language': 'en', 'value': 'Sent once'}
    for answer in (
        send_once(repository, 'wbsetlabel', label),
        repository.post('wbsetlabel', **label),
    ):
        assert answer['success'] == 1 and 'requestid' not in answer
        assert answer['entity']['labels']['en']['value'] == 'Sent once'


def test_what_a_gateway_says_is_no_answer_of_an_extension(
    home: Any, sandbox: Sandbox
) -> None:
    repository = home.foreign_site('aa').data_repository()
    label = {'id': 'Q1', 'language': 'en', 'value': 'Posted'}
    sandbox.faults.arm(kind='gateway', action='wbsetlabel', status=200)
    with pytest.raises(AmbiguousWrite):
        repository.post('wbsetlabel', **label)
    with pytest.raises(ApiRefusal) as refused:
        repository.post('wbsetlabel', **{**label, 'id': 'nonsense'})
    assert refused.value.wiki == str(repository)


def test_the_data_repository_is_a_foreign_site(home: Any, sandbox: Sandbox) -> None:
    from pywikibot.site import DataSite

    foreign = home.foreign_site('aa')
    repository = foreign.data_repository()
    assert isinstance(repository, DataSite)
    assert repository is foreign.data_repository()
    assert repository.home_login is foreign.home_login
    assert 'centralauthtoken' in repr(repository)
    assert repository.data_repository() is repository
    assert repository.get_repo_for_entity_type('item') is repository


def test_threads_may_begin_with_a_new_repository(home: Any, sandbox: Sandbox) -> None:
    """What types of entities there are is known before the first thread asks."""
    import pywikibot

    repository = home.foreign_site('aa').data_repository()
    assert {'item', 'property'} <= vars(repository)['_entity_namespaces'].keys()
    at_once = threading.Barrier(4)

    def read(_: int) -> str:
        at_once.wait(240)
        item = pywikibot.ItemPage(repository, 'Q1')
        return str(item.getID()) if item.exists() else 'missing'

    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(read, range(4))) == ['Q1'] * 4


def test_entities_are_read_and_edited(home: Any, sandbox: Sandbox) -> None:
    import pywikibot

    foreign = home.foreign_site('aa')
    item = pywikibot.Page(foreign, 'Main Page').data_item()
    assert item.getID() == 'Q1'
    item.get()
    item.editLabels({'fr': 'Accueil'}, summary='test')
    claim = pywikibot.Claim(foreign.data_repository(), 'P1')
    claim.setTarget('an overture')
    item.addClaim(claim, summary='test')
    fresh = pywikibot.ItemPage(foreign.data_repository(), 'Q1').get()
    assert fresh['labels']['fr'] == 'Accueil'
    assert fresh['claims']['P1'][0].getTarget() == 'an overture'
    edits = [e for e in sandbox.journal.entries(wiki='data') if 'token' in e.params]
    assert len(edits) == 2
    assert {(e.user, e.kind) for e in edits} == {(OPERATOR, 'centralauthtoken')}


def test_entities_of_another_repository_come_from_a_foreign_site(
    home: Any, data_farm: Farm, monkeypatch: pytest.MonkeyPatch
) -> None:
    from pywikibot.site import DataSite

    monkeypatch.setattr(
        type(home.family),
        'entity_sources',
        lambda self, code: {'property': ('bb', data_farm.family)},
    )
    repository = home.foreign_site('aa').data_repository()
    properties = repository.get_repo_for_entity_type('property')
    assert isinstance(properties, DataSite)
    assert (properties.code, properties.home_login) == ('bb', repository.home_login)


def test_the_image_repository_is_a_foreign_site(
    home: Any, data_farm: Farm, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        type(home.family),
        'shared_image_repository',
        lambda self, code: ('bb', data_farm.family),
    )
    foreign = home.foreign_site('aa')
    assert foreign.image_repository() is home.foreign_site('bb')
    assert home.foreign_site('bb').image_repository() is home.foreign_site('bb')
    assert home.foreign_site('bb').is_image_repository()


def test_a_repository_without_an_account_can_be_read_as_any_site(
    home: Any, data_farm: Farm, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    forget_account(sandbox, 'bb')
    monkeypatch.setattr(
        type(home.family),
        'shared_image_repository',
        lambda self, code: ('bb', data_farm.family),
    )
    repository = home.foreign_site('aa').image_repository()
    assert repository is data_farm.site('bb')
    assert list(repository.allpages(total=1))
    assert OPERATOR not in sandbox.call(lambda farm: farm.wikis['bb'].accounts)
