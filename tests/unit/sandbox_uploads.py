"""What a user does with files and pywikibot; run by itself, against a sandbox."""

from __future__ import annotations

import hashlib
import struct
import zlib
from pathlib import Path

import pywikibot
from pywikibot.exceptions import UploadError


def png(path: str, shade: int, size: int = 2) -> Path:
    """Write a grey square, and after it what might be taken for a part's end."""
    lines = (b'\0' + bytes([shade]) * size) * size

    def chunk(name: bytes, content: bytes) -> bytes:
        sum = struct.pack('>I', zlib.crc32(name + content))
        return struct.pack('>I', len(content)) + name + content + sum

    header = struct.pack('>IIBBBBB', size, size, 8, 0, 0, 0, 0)
    file = Path(path)
    file.write_bytes(
        b'\x89PNG\r\n\x1a\n'
        + chunk(b'IHDR', header)
        + chunk(b'IDAT', zlib.compress(lines, 0))
        + chunk(b'IEND', b'')
        + b'\r\n\r\n--'
    )
    return file


def sha1(file: Path) -> str:
    return hashlib.sha1(file.read_bytes()).hexdigest()


site = pywikibot.Site('aa', 'sandbox')
site.login()
assert not site.is_uploaddisabled()

small = png('small.png', 100)
page = pywikibot.FilePage(site, 'Small square.png')
assert page.upload(str(small), summary='a square', text='It is [[grey]].')
page = pywikibot.FilePage(site, 'Small square.png')
info = page.latest_file_info
assert (info.sha1, info.size) == (sha1(small), small.stat().st_size)
assert (info.width, info.height, info.mime) == (2, 2, 'image/png')
assert info.user == 'Sandbox Operator' and info.comment == 'a square'
assert page.text == 'It is [[grey]].'

large = png('large.png', 7, size=90)
chunked = pywikibot.FilePage(site, 'Large square.png')
assert chunked.upload(str(large), summary='in chunks', chunk_size=1024)
chunked = pywikibot.FilePage(site, 'Large square.png')
assert chunked.latest_file_info.sha1 == sha1(large)
assert chunked.download('fetched.png') and sha1(Path('fetched.png')) == sha1(large)

polled = pywikibot.FilePage(site, 'Polled square.png')
other = png('other.png', 8, size=90)
assert polled.upload(str(other), summary='later', chunk_size=2048, asynchronous=True)
assert pywikibot.FilePage(site, 'Polled square.png').latest_file_info.sha1 == (
    sha1(other)
)

# Of several warnings pywikibot raises the first. A first chunk is not yet the duplicate
# of anything.
for title, file, chunk_size, code in (
    ('Large square.png', other, 0, 'duplicate'),
    ('Large square.png', other, 1024, 'exists'),
    ('Second square.png', large, 0, 'duplicate'),
    ('Second square.png', large, 1024, 'duplicate'),
):
    try:
        pywikibot.FilePage(site, title).upload(
            str(file), summary='again', chunk_size=chunk_size
        )
    except UploadError as error:
        assert error.code == code, (title, chunk_size, error.code)
    else:
        raise AssertionError((title, chunk_size))

assert chunked.upload(
    str(png('third.png', 9)), summary='newer', ignore_warnings=['exists']
)
history = pywikibot.FilePage(site, 'Large square.png').get_file_history()
assert sorted(version.comment for version in history.values()) == ['in chunks', 'newer']
older = history[min(history)]
assert older.archivename and chunked.download('older.png', revision=older)

names = [file.title(with_ns=False) for file in site.allimages()]
assert names == sorted(names) and 'Polled square.png' in names
assert [file.title() for file in site.allimages(sha1=sha1(other))] == [
    'File:Polled square.png'
]

chunked.move('File:Moved square.png', 'a better name')
moved = pywikibot.FilePage(site, 'Moved square.png')
assert len(moved.get_file_history()) == 2
moved.delete('not needed', prompt=False)
assert not pywikibot.FilePage(site, 'Moved square.png').exists()
moved = pywikibot.FilePage(site, 'Moved square.png')
moved.undelete('needed after all')
moved = pywikibot.FilePage(site, 'Moved square.png')
assert moved.latest_file_info.comment == 'newer'

polled = pywikibot.FilePage(site, 'Polled square.png')
for shade in 10, 11:
    assert polled.upload(
        str(png(f'{shade}.png', shade)), summary=str(shade), ignore_warnings=True
    )
history = pywikibot.FilePage(site, 'Polled square.png').get_file_history()
first, second, _third = (history[moment] for moment in sorted(history))
site.delete(polled, 'worse', oldimage=second.archivename)
polled = pywikibot.FilePage(site, 'Polled square.png')
assert [v.comment for _, v in sorted(polled.get_file_history().items())] == [
    'later',
    '11',
]


def archived() -> list[int]:
    answer = site.simple_request(
        action='query',
        list='filearchive',
        fafrom='Polled square.png',
        fato='Polled square.png',
    ).submit()
    return [item['id'] for item in answer['query']['filearchive']]


(bad,) = archived()
polled.delete('not needed', prompt=False)
good = [number for number in archived() if number != bad]
polled = pywikibot.FilePage(site, 'Polled square.png')
site.undelete(polled, 'needed', revisions=[], fileids=good)
assert archived() == [bad]
polled = pywikibot.FilePage(site, 'Polled square.png')
assert polled.latest_file_info.comment == '11' and not polled.exists()
print('all of it worked')
