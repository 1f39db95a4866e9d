"""Files in the sandbox: pywikibot's uploads, slow bodies, and what is refused."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from http.client import HTTPResponse
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
import requests

from centralauth_sandbox import Sandbox
from centralauth_sandbox.multipart import parse
from centralauth_sandbox.seeds import OPERATOR

PYWIKIBOT = Path(__file__).with_name('sandbox_uploads.py')
PNG = b'\x89PNG\r\n\x1a\n' + bytes(8) + (5).to_bytes(4, 'big') + (3).to_bytes(4, 'big')


@pytest.fixture(scope='module')
def running() -> Iterator[Sandbox]:
    """Return a sandbox that runs for all tests of this file."""
    with Sandbox(wikis=2, accounts=0, penalty=0) as sandbox:
        yield sandbox


class Operator:
    """The operator, logged in on the central wiki with plain requests."""

    def __init__(self, sandbox: Sandbox) -> None:
        """Log in."""
        self.sandbox = sandbox
        self.session = requests.Session()
        token = self.ask(action='query', meta='tokens', type='login')
        self.ask(
            action='clientlogin',
            username=OPERATOR,
            password=sandbox.credentials.operator,
            loginreturnurl='http://x.example/',
            logintoken=token['query']['tokens']['logintoken'],
        )
        token = self.ask(action='query', meta='tokens')
        self.csrf = token['query']['tokens']['csrftoken']

    def ask(self, files: Any = None, **params: Any) -> dict[str, Any]:
        """Send a request and decode its answer."""
        address = self.sandbox.wikis['meta'].address
        params |= {'format': 'json', 'formatversion': '2'}
        response = self.session.post(address, data=params, files=files, timeout=240)
        decoded: dict[str, Any] = response.json()
        return decoded

    def upload(self, files: Any = None, **params: Any) -> dict[str, Any]:
        """Send `action=upload`; return the upload, or the error."""
        answer = self.ask(files, action='upload', token=self.csrf, **params)
        result: dict[str, Any] = answer.get('upload') or answer['error']
        return result

    def mint(self) -> str:
        """Return a centralauthtoken."""
        answer = self.ask(action='centralauthtoken')
        token: str = answer['centralauthtoken']['centralauthtoken']
        return token


@pytest.fixture
def operator(running: Sandbox) -> Iterator[Operator]:
    """Return the operator on a sandbox as it was seeded."""
    running.reset()
    operator = Operator(running)
    with operator.session:
        yield operator


def file(content: bytes = PNG, name: str = 'file') -> dict[str, Any]:
    return {name: ('FAKE-NAME', content, 'application/octet-stream')}


@pytest.mark.parametrize('bot', [False, True], ids=['main', 'bot'])
def test_unmodified_pywikibot_uploads(tmp_path: Path, bot: bool) -> None:
    with Sandbox(wikis=2, accounts=0) as sandbox:
        sandbox.write_configuration(tmp_path, plugin=False, bot=bot)
        environment = os.environ | {'PYWIKIBOT_DIR': str(tmp_path)}
        environment.pop('PYWIKIBOT_NO_USER_CONFIG', None)
        done = subprocess.run(
            [sys.executable, str(PYWIKIBOT)],
            cwd=tmp_path,
            env=environment | {'MW_TOKENS_DISABLE': '1'},
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        assert done.stdout.splitlines()[-1] == 'all of it worked'
        kinds = {entry.kind for entry in sandbox.journal.entries(action='upload')}
        assert kinds == {'botpassword' if bot else 'main'}


@pytest.mark.parametrize('late', [False, True], ids=['in-time', 'late'])
def test_a_centralauthtoken_is_looked_at_when_the_body_is_there(
    operator: Operator, late: bool
) -> None:
    sandbox = operator.sandbox
    wiki = sandbox.wikis['aa']
    token = operator.mint()
    csrf = requests.get(
        wiki.address,
        {
            'action': 'query',
            'meta': 'tokens',
            'format': 'json',
            'centralauthtoken': token,
        },
        timeout=10,
    ).json()['query']['tokens']['csrftoken']
    request = requests.Request(
        'POST',
        f'{wiki.address}?format=json&centralauthtoken={quote(operator.mint())}',
        data={'action': 'upload', 'filename': 'Slow.png', 'token': csrf},
        files=file(),
    ).prepare()
    assert isinstance(request.body, bytes)
    head = f'POST {request.path_url} HTTP/1.1\r\nHost: {wiki.host}\r\n'
    head += ''.join(f'{name}: {value!s}\r\n' for name, value in request.headers.items())
    seen = len(sandbox.journal)
    port = int(wiki.server.rpartition(':')[2])
    with socket.create_connection((wiki.host, port), 10) as connection:
        connection.sendall(head.encode() + b'\r\n' + request.body[:-20])
        # Others are answered meanwhile, and nothing is looked at yet.
        operator.ask(action='query', meta='userinfo')
        assert len(sandbox.journal) == seen + 1
        sandbox.command('advance-clock', seconds=61 if late else 9)
        connection.sendall(request.body[-20:])
        response = HTTPResponse(connection)
        response.begin()
        answer = response.read()
    assert (b'The centralauthtoken is not valid.' in answer) == late
    assert (b'"result":"Success"' in answer) != late
    assert bool(sandbox.call(lambda farm: wiki.files.versions)) != late


def test_a_file_is_served_where_it_is_said_to_be(operator: Operator) -> None:
    published = operator.upload(file(), filename='a_b ü.png', comment='c', text='t')
    assert published['filename'] == 'A_b_ü.png'
    url = published['imageinfo']['url']
    response = requests.get(url, timeout=240)
    assert response.content == PNG
    assert response.headers['Content-Type'] == 'image/png'
    assert requests.get(url + 'x', timeout=240).status_code == 404
    answer = operator.ask(
        action='query', prop='imageinfo', titles='File:A b ü.png', iiprop='size|sha1'
    )
    (page,) = answer['query']['pages']
    assert page['imagerepository'] == 'local'
    (info,) = page['imageinfo']
    assert (info['width'], info['height'], info['size']) == (5, 3, len(PNG))


def test_warnings_keep_what_was_sent(operator: Operator) -> None:
    operator.upload(file(), filename='A.png')
    warned = operator.upload(file(PNG + b'2'), filename='A.png')
    assert (warned['result'], warned['warnings']) == ('Warning', {'exists': 'A.png'})
    key = warned['filekey']
    done = operator.upload(filename='A.png', filekey=key, ignorewarnings='1')
    assert (done['result'], done['imageinfo']['size']) == ('Success', len(PNG) + 1)
    assert operator.upload(filename='A.png', filekey=key)['code'] == (
        'uploadstash-file-not-found'
    )
    again = operator.upload(file(), filename='A.png')['warnings']
    assert again.keys() == {'exists', 'duplicateversions'}
    same = operator.upload(file(PNG + b'2'), filename='A.png')['warnings']
    assert same.keys() == {'exists', 'nochange'}
    operator.ask(action='delete', title='File:A.png', token=operator.csrf)
    gone = operator.upload(file(), filename='A.png')['warnings']
    assert gone == {'was-deleted': 'A.png', 'duplicate-archive': 'A.png'}


def test_a_file_whose_page_is_gone_is_deleted_by_its_title(operator: Operator) -> None:
    operator.upload(file(), filename='A.png', text='t')
    operator.ask(action='delete', title='File:A.png', token=operator.csrf)

    def archived(**params: Any) -> list[dict[str, Any]]:
        answer = operator.ask(action='query', list='filearchive', **params)
        found: list[dict[str, Any]] = answer['query']['filearchive']
        return found

    def undelete(**params: Any) -> dict[str, Any]:
        params |= {'title': 'File:A.png', 'token': operator.csrf}
        return operator.ask(action='undelete', **params)

    (version,) = archived()
    assert version.keys() == {'id', 'name', 'ns', 'title', 'timestamp'}
    undelete(fileids=version['id'])
    answer = operator.ask(action='query', titles='File:A.png')
    (page,) = answer['query']['pages']
    assert page['missing'] and page['known']
    done = operator.ask(action='delete', title='File:A.png', token=operator.csrf)
    assert 'delete' in done, done
    (again,) = archived(faprop='archivename|sha1')
    assert again['id'] != version['id'] and 'archivename' not in again
    gone = operator.ask(action='delete', title='File:A.png', token=operator.csrf)
    assert gone['error']['code'] == 'missingtitle'
    for sha1, count in (again['sha1'], 1), ('0' * 40, 0):
        assert len(archived(fasha1=sha1)) == count
    wrong = operator.ask(action='query', list='filearchive', fasha1='x')
    assert wrong['error']['code'] == 'invalidsha1hash'
    wrong = operator.ask(action='query', list='filearchive', facontinue='x')
    assert wrong['error']['code'] == 'badcontinue'


def test_chunks_that_do_not_fit(operator: Operator) -> None:
    content = PNG + bytes(3000)

    def chunk(part: bytes, **params: Any) -> dict[str, Any]:
        params = {'filename': 'C.png', 'stash': '1', 'filesize': len(content)} | params
        return operator.upload(file(part, 'chunk'), **params)

    assert chunk(content[:100], offset=0)['code'] == 'chunk-too-small'
    assert chunk(content, offset=0, filesize=2000)['code'] == 'invalid-chunk'
    assert chunk(content[:1024], offset=5)['code'] == 'filekeyneeded'
    first = chunk(content[:1024], offset=0)
    assert (first['result'], first['offset']) == ('Continue', 1024)
    key = first['filekey']
    assert chunk(content[:1024], offset=0, filekey=key)['code'] == 'filekeynotallowed'
    wrong = chunk(content[1024:2048], offset=1500, filekey=key)
    assert (wrong['code'], wrong['offset']) == ('stashfailed', '1024')
    answer = operator.ask(
        action='query', prop='stashimageinfo', siifilekey=key, siiprop='size'
    )
    assert answer['query']['stashimageinfo'][0]['size'] == 1024
    last = chunk(content[1024:], offset=1024, filekey=key)
    assert last['result'] == 'Success' and last['filekey'] != key
    done = operator.upload(filename='C.png', filekey=last['filekey'])
    assert done['imageinfo']['size'] == len(content)


@pytest.mark.parametrize(
    ('params', 'files', 'code'),
    [
        ({}, file(), 'nofilename'),
        ({'filename': 'A.png'}, None, 'missingparam'),
        ({'filename': 'A.png', 'file': 'text'}, None, 'badupload'),
        ({'filename': 'A.png', 'filekey': 'x'}, file(), 'invalidparammix'),
        ({'filename': 'A.png', 'filekey': 'x'}, None, 'invalid-file-key'),
        ({'filename': 'A.png', 'url': 'http://x/'}, None, 'copyuploaddisabled'),
        ({'filename': 'A.txt'}, file(), 'filetype-banned'),
        ({'filename': 'A.png'}, file(b'hello'), 'verification-error'),
        ({'filename': 'A.png'}, file(b''), 'empty-file'),
        ({'filekey': '1.2.3.png', 'checkstatus': '1'}, None, 'missingresult'),
    ],
    ids=lambda value: value if isinstance(value, str) else None,
)
def test_what_is_refused(
    operator: Operator, params: dict[str, str], files: Any, code: str
) -> None:
    assert operator.upload(files, **params)['code'] == code
    assert not operator.sandbox.wikis['meta'].files.versions


def test_a_large_body_arrives(operator: Operator) -> None:
    content = PNG + os.urandom(3 * 1024**2)
    assert operator.upload(file(content), filename='L.png')['result'] == 'Success'
    (version,) = operator.sandbox.wikis['meta'].files.versions['L.png']
    assert version.content == content


@pytest.mark.parametrize('end', [b'\n', b'\r\n'], ids=['lf', 'crlf'])
def test_parts_are_told_apart(end: bytes) -> None:
    lines = [
        b'--b-',
        b'Content-Disposition: form-data; name="text"',
        b'',
        'ü'.encode(),
        b'--b-',
        b'Content-disposition: form-data; filename="name"; name=chunk',
        b'Content-Type: application/octet-stream',
        b'',
        b'--b\r\n\n\r--b-x\0',
        b'--b---',
        b'',
    ]
    form, files = parse('multipart/form-data; boundary="b-"', end.join(lines))
    assert form == {'text': 'ü'}
    assert files == {'chunk': b'--b\r\n\n\r--b-x\0'}
