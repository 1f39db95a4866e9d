"""Deleting and restoring files, version by version, and what the wiki shows of them.

https://www.mediawiki.org/wiki/API:Filearchive
https://www.mediawiki.org/wiki/API:Undelete
"""

from __future__ import annotations

import hashlib
import secrets
import time
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
import pywikibot
from pywikibot.site import APISite
from sandbox.upload_modes import Trial

from mw_tokens_plugin.exceptions import ApiRefusal
from mw_tokens_plugin.site.foreign.line import Line
from mw_tokens_plugin.site.foreign.uploads import UploadRequest
from mw_tokens_plugin.site.requests import CachedTokenRequest
from mw_tokens_plugin.site.writes import send_once
from mw_tokens_plugin.targets.pages import (
    read_deleted,
    read_deleted_versions,
    read_page,
    read_pages,
)

from .client import Client, post
from .wiki import Wiki

#: A grey square of one pixel, which the wiki tells from others by what follows it.
PNG = bytes.fromhex(
    '89504e470d0a1a0a0000000d4948445200000001000000010800000000'
    '3a7e9b550000000a49444154789c63680000008200815a93c8a50000000049454e44ae426082'
)

Upload = Callable[[str], None]


@pytest.fixture
def site(client: Client, wiki: Wiki) -> APISite:
    return client.site(wiki)


@pytest.fixture
def title() -> str:
    """A title that no other test uses, with a space in it."""
    return f'File:Test {secrets.token_hex(8)}.png'


@pytest.fixture
def upload(site: APISite, tmp_path: Path) -> Upload:
    """Upload another version of a file."""

    last: dict[str, datetime] = {}

    def send(title: str) -> None:
        # A wiki puts no two versions of a file away in the same second.
        deadline = time.monotonic() + 240
        while title in last and site.server_time() <= last[title]:
            assert time.monotonic() < deadline
            time.sleep(0.05)
        path = tmp_path / 'version.png'
        path.write_bytes(PNG + secrets.token_bytes(8))
        file = pywikibot.FilePage(site, title)
        done = file.upload(
            str(path), summary='a square', text='A square.', ignore_warnings=True
        )
        assert done
        last[title] = site.server_time()

    return send


def versions(site: APISite, title: str) -> list[tuple[str, str | None]]:
    """Return the versions of a file, the newest first."""
    (page,) = read_pages(site, [title])
    whole, _log = read_page(site, 10, title)
    return [version.key for version in (whole or page).versions]


def deleted(site: APISite, title: str) -> list[tuple[str, str | None]]:
    """Return the deleted versions of a file, the newest first."""
    return sorted((v.key for v in read_deleted_versions(site, title)), reverse=True)


def ids(site: APISite, title: str) -> list[int]:
    """Return the numbers of the deleted versions, of the newest first."""
    found = sorted(read_deleted_versions(site, title), key=lambda v: v.time)
    return [version.id for version in reversed(found)]


def moments(site: APISite, title: str) -> list[str]:
    _page, revisions, _entry = read_deleted(site, title)
    return [revision.time for revision in revisions]


def undelete(site: APISite, title: str, **which: Any) -> tuple[int, int]:
    """Restore something; return the numbers of revisions and of file versions."""
    answer = send_once(site, 'undelete', {'title': title, **which})
    return answer['revisions'], answer['fileversions']


@pytest.mark.parametrize('ending', [b'\r', b'\n\r', b'\r\r', b'\r\n'], ids=repr)
def test_a_file_is_stored_to_its_last_byte(
    site: APISite, title: str, tmp_path: Path, ending: bytes
) -> None:
    content = PNG + secrets.token_bytes(8) + ending
    path = tmp_path / 'ending.png'
    path.write_bytes(content)
    page = pywikibot.FilePage(site, title)
    assert page.upload(str(path), summary='s', text='t', report_success=False)
    assert page.latest_file_info.sha1 == hashlib.sha1(content).hexdigest()


def test_a_file_is_deleted_with_all_its_versions(
    site: APISite, title: str, upload: Upload
) -> None:
    upload(title)
    upload(title)
    before = versions(site, title)
    page, _log = read_page(site, 10, title)
    assert page is not None and page.whole
    assert (len(page.revisions), len(before)) == (2, 2)
    assert page.authors == [site.username()]
    entry = send_once(site, 'delete', {'pageid': page.id, 'reason': 'spam'})['logid']
    gone, revisions, found = read_deleted(site, title)
    assert not gone.exists and gone.versions == ()
    assert [r.id for r in revisions] == [r.id for r in page.revisions]
    assert found is not None
    assert (found.id, found.action, found.comment) == (entry, 'delete', 'spam')
    assert deleted(site, title) == before
    assert len(set(ids(site, title))) == 2


def test_everybody_may_list_deleted_versions(
    client: Client, wiki: Wiki, site: APISite, title: str, upload: Upload
) -> None:
    """But not what was said of them."""
    upload(title)
    send_once(site, 'delete', {'title': title, 'reason': 'spam'})
    name = title.partition(':')[2]
    client.forget_logins()
    question = {'action': 'query', 'list': 'filearchive', 'fafrom': name, 'fato': name}
    everything = post(site, **question, faprop='timestamp|sha1|user|size|mime')
    (found,) = everything['query']['filearchive']
    assert (found['title'], found['user']) == (title, wiki.operator.name)
    assert found.keys() == {
        *('id', 'name', 'ns', 'title', 'userid', 'user', 'sha1', 'timestamp'),
        *('size', 'height', 'width', 'mime'),
    }
    for prop in 'description', 'metadata':
        refused = post(site, **question, faprop=prop)
        assert refused['error']['code'] == 'permissiondenied'


def test_deleted_versions_are_listed_to_the_end(
    site: APISite, title: str, upload: Upload
) -> None:
    for _ in range(3):
        upload(title)
    before = versions(site, title)
    send_once(site, 'delete', {'title': title, 'reason': 'spam'})
    name = title.partition(':')[2]
    question = {'action': 'query', 'list': 'filearchive', 'faprefix': name}
    for order, expected in ('ascending', before[::-1]), ('descending', before):
        found: list[Any] = []
        more: dict[str, str] = {}
        for _ in range(3):
            answer = post(
                site,
                **question,
                fadir=order,
                falimit=1,
                faprop='sha1|timestamp',
                **more,
            )
            found += answer['query']['filearchive']
            more = answer.get('continue', {})
        assert not more
        assert [(item['timestamp'], item['sha1']) for item in found] == expected
    sha1 = before[0][1]
    answer = post(site, action='query', list='filearchive', fasha1=sha1)
    assert [item['title'] for item in answer['query']['filearchive']] == [title]


def test_a_restoration_restores_what_is_named_and_nothing_else(
    site: APISite, title: str, upload: Upload
) -> None:
    upload(title)
    upload(title)
    newer, older = versions(site, title)
    send_once(site, 'delete', {'title': title, 'reason': 'spam'})
    times, (newer_id, older_id) = moments(site, title), ids(site, title)
    # Only versions: then the file has no page.
    assert undelete(site, title, fileids=older_id) == (0, 1)
    page, revisions, entry = read_deleted(site, title)
    assert not page.exists and [v.key for v in page.versions] == [older]
    assert len(revisions) == 2 and entry is not None and entry.action == 'restore'
    assert ids(site, title) == [newer_id]
    # It is deleted by its title, and has another number then.
    send_once(site, 'delete', {'title': title, 'reason': 'once more'})
    again = ids(site, title)
    assert again[0] == newer_id and again[1] not in (newer_id, older_id)
    # Only revisions: then the page shows no file.
    assert undelete(site, title, timestamps=times) == (2, 0)
    assert versions(site, title) == [] and deleted(site, title) == [newer, older]
    send_once(site, 'delete', {'title': title, 'reason': 'once more'})
    assert undelete(site, title, timestamps=times, fileids=again) == (2, 2)
    assert versions(site, title) == [newer, older]
    assert deleted(site, title) == []


def test_a_number_that_is_not_there_refuses_everything(
    site: APISite, title: str, upload: Upload
) -> None:
    """Those of other files, and of versions that were restored already, too."""
    other = title.replace('Test', 'Other')
    upload(title)
    upload(other)
    for each in title, other:
        send_once(site, 'delete', {'title': each, 'reason': 'spam'})
    times, (own,), (wrong,) = moments(site, title), ids(site, title), ids(site, other)
    for given in [wrong], [own, wrong], [own, 999_999]:
        with pytest.raises(ApiRefusal) as refused:
            undelete(site, title, timestamps=times, fileids=given)
        assert refused.value.code == 'undelete-missing-filearchive'
        assert ids(site, title) == [own] and moments(site, title) == times
    assert undelete(site, title, timestamps=times, fileids=own) == (1, 1)
    with pytest.raises(ApiRefusal) as refused:
        undelete(site, title, timestamps=times, fileids=own)
    assert refused.value.code == 'undelete-missing-filearchive'


def test_files_are_restored_before_revisions(
    site: APISite, title: str, upload: Upload
) -> None:
    """So a refusal can mean that the half of it is done."""
    upload(title)
    send_once(site, 'delete', {'title': title, 'reason': 'spam'})
    with pytest.raises(ApiRefusal) as refused:
        undelete(
            site, title, timestamps='2001-01-01T00:00:00Z', fileids=ids(site, title)
        )
    assert refused.value.code == 'undelete-no-results'
    page, revisions, _entry = read_deleted(site, title)
    assert (len(page.versions), len(revisions)) == (1, 1)


def test_one_old_version_is_deleted_by_its_archive_name(
    site: APISite, title: str, upload: Upload
) -> None:
    for _ in range(3):
        upload(title)
    before = versions(site, title)
    history = pywikibot.FilePage(site, title).get_file_history()
    _oldest, middle, _newest = (history[moment] for moment in sorted(history))
    with pytest.raises(ApiRefusal) as refused:
        send_once(site, 'delete', {'title': title, 'oldimage': 'x', 'reason': 'bad'})
    assert refused.value.code == 'invalidoldimage'
    old = {'title': title, 'oldimage': middle.archivename, 'reason': 'bad'}
    send_once(site, 'delete', old)
    assert versions(site, title) == [before[0], before[2]]
    (earlier,) = ids(site, title)
    page, _revisions, entry = read_deleted(site, title)
    assert page.exists and entry is not None
    assert entry.comment == f'Deleted old revision {middle.archivename}: bad'
    # It stays deleted when the rest comes back.
    send_once(site, 'delete', {'title': title, 'reason': 'spam'})
    rest = [number for number in ids(site, title) if number != earlier]
    undelete(site, title, timestamps=moments(site, title), fileids=rest)
    assert versions(site, title) == [before[0], before[2]]
    assert ids(site, title) == [earlier]


def test_versions_are_restored_behind_a_new_file(
    site: APISite, title: str, upload: Upload
) -> None:
    upload(title)
    (before,) = versions(site, title)
    send_once(site, 'delete', {'title': title, 'reason': 'spam'})
    upload(title)
    (new,) = versions(site, title)
    assert undelete(site, title, fileids=ids(site, title)) == (0, 1)
    assert versions(site, title) == [new, before]


def test_a_redirect_has_no_versions_of_its_own(
    site: APISite, title: str, upload: Upload
) -> None:
    upload(title)
    redirect = pywikibot.Page(site, title.replace('Test', 'Redirect'))
    redirect.text = f'#REDIRECT [[{title}]]'
    redirect.save(quiet=True)
    assert versions(site, redirect.title()) == []
    redirect.delete('not needed', prompt=False)
    assert len(versions(site, title)) == 1


def test_pages_are_read_in_one_batch(
    site: APISite, wiki: Wiki, title: str, upload: Upload
) -> None:
    """One file with two versions has to be read again, and only that."""
    other, text = title.replace('Test', 'Other'), title.replace('Test', 'No file')
    for each in title, title, other:
        upload(each)
    page = pywikibot.Page(site, text)
    page.text = 'No file here'
    page.save(quiet=True)
    missing = title.replace('Test', 'Missing')
    wiki.forget()
    found = list(read_pages(site, [title, other, text, missing]))
    assert len(wiki.sent()) == 1
    assert [page.whole for page in found] == [False, True, True, False]
    assert [bool(page.versions) for page in found] == [True, True, False, False]
    assert [page.exists for page in found] == [True, True, True, False]
    # A single file could be read to the end, but is not.
    for _ in range(2):
        upload(other)
    wiki.forget()
    (alone,) = read_pages(site, [other])
    assert len(wiki.sent()) == 1 and not alone.whole
    assert alone.versions[0].key == versions(site, other)[0]


def test_what_is_hidden_has_no_checksum_before_it_is_deleted(
    client: Client, wiki: Wiki, site: APISite, title: str, upload: Upload
) -> None:
    """Not even for those who may see it, and do see it among what was deleted."""
    upload(title)
    upload(title)
    newer, older = versions(site, title)
    name = title.partition(':')[2]
    wiki.hide_old_versions(name)
    assert versions(site, title) == [newer, (older[0], None)]
    send_once(site, 'delete', {'title': title, 'reason': 'spam'})
    assert deleted(site, title) == [newer, older]
    found, times = ids(site, title), moments(site, title)
    assert undelete(site, title, timestamps=times, fileids=found) == (2, 2)
    assert versions(site, title) == [newer, (older[0], None)]
    send_once(site, 'delete', {'title': title, 'reason': 'spam'})
    client.forget_logins()
    question = {'action': 'query', 'list': 'filearchive', 'fafrom': name, 'fato': name}
    answer = post(site, **question, faprop='timestamp|sha1|user')
    seen = [('sha1' in i, 'filehidden' in i) for i in answer['query']['filearchive']]
    assert seen == [(False, True), (True, False)]


def test_files_that_are_shared_belong_to_no_page(
    site: APISite, wiki: Wiki, title: str
) -> None:
    """What is written about one on this wiki is a page like others."""
    wiki.share(title.partition(':')[2], PNG)
    question = {'action': 'query', 'prop': 'imageinfo', 'titles': title}
    (shown,) = post(site, **question)['query']['pages']
    assert shown['missing'] and shown['known']
    assert shown['imagerepository'] == 'shared' and shown['imageinfo']
    (page,) = read_pages(site, [title])
    assert not page.exists and page.versions == ()
    about = pywikibot.Page(site, title)
    about.text = 'A shared square.'
    about.save(quiet=True)
    (page,) = read_pages(site, [title])
    assert page.exists and page.whole and page.versions == ()
    about.delete('not needed', prompt=False)
    assert list(read_deleted_versions(site, title)) == []
    (shown,) = post(site, **question)['query']['pages']
    assert shown['imagerepository'] == 'shared'


class _Site(APISite):
    """A site to which files go in pieces, as they go to those of a farm."""

    _own_request = UploadRequest

    @classmethod
    def _request_class(cls, kwargs: dict[str, Any]) -> Any:
        plain = kwargs.get('expiry') is None
        return cls._own_request if plain else CachedTokenRequest


def in_pieces(site: APISite, largest: int = 50_000) -> Any:
    """Return a site with the same login, to which files go in pieces.

    :param largest: bytes of a piece
    """
    made = type('APISite', (_Site,), {})(site.code, site.family, site.username())
    made.upload_line = Line()
    made.upload_line.limited(largest)
    made.login()
    return made


@pytest.mark.only('mediawiki')
def test_files_in_pieces_end_as_whole_ones_do(
    site: APISite, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever is there already, and whatever is to be done about warnings."""
    monkeypatch.chdir(tmp_path)
    whole = Trial(site, f'W{secrets.token_hex(4)}').outcomes()
    pieces = Trial(in_pieces(site), f'P{secrets.token_hex(4)}').outcomes()
    different = {
        name: (whole[name], pieces[name])
        for name in whole
        if whole[name] != pieces[name]
    }
    assert not different


@pytest.mark.only('mediawiki')
def test_files_that_php_takes_no_more_of_at_once_go_in_pieces(
    site: APISite, wiki: Wiki, title: str, tmp_path: Path
) -> None:
    """PHP's limit for files is 2 MB by default, which siteinfo does not tell."""
    pieces = in_pieces(site, 4_000_000)
    pieces.upload_line.accepted(2_000_000, 2_000_000, 0.1, 2_000_000)
    for number, size in enumerate((3_500_000, 5_000_000)):
        path = tmp_path / f'{number}.png'
        path.write_bytes(PNG + secrets.token_bytes(size) + b'\r')
        page = pywikibot.FilePage(pieces, f'{title[:-4]} {number}.png')
        wiki.forget()
        assert page.upload(str(path), summary='large', text='It is large.')
        assert page.latest_file_info.size == path.stat().st_size
        results = [each.result for each in wiki.sent() if each.action == 'upload']
        # It is asked for once, and remembered.
        assert results.count('badupload') == (1 if number == 0 else 0)
        assert results[-1] == 'ok' and len(results) >= 4
