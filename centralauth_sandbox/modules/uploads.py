"""`action=upload`: whole files and chunks, the stash, warnings, polling.

It is an imitation: there is no recording of it, it follows the manual
(https://www.mediawiki.org/wiki/API:Upload), and only the first bytes of a file are
verified.
"""

from __future__ import annotations

import re
from typing import Any

from .. import errors
from ..call import Call, Values, action
from ..errors import ApiError
from ..files import LARGEST, MIME_TYPES, FileVersion, mime_type
from ..records import LocalAccount
from ..titles import Title, parse_title
from .blocked import check_block
from .files import KEY, file_info, stash_info, stashed
from .watching import follow

Json = dict[str, Any]

SMALLEST_CHUNK = 1024
_ILLEGAL = re.compile(r'[\[\]{}|<>#:/\\\x00-\x1f\x7f]')


@action('upload')
def upload(call: Call, values: Values) -> None:
    """Take a file, or a part of one; publish it, or keep it in the stash."""
    if not call.farm.uploads:
        raise ApiError('uploaddisabled', 'Uploads are disabled.')
    key = values['filekey'] or values['sessionkey']
    if values['checkstatus'] and key:
        call.result['upload'] = _progress(call, key)
        return
    _check_source(values, key)
    wanted = values['filename']
    if not wanted:
        raise ApiError('nofilename', 'The "filename" parameter must be set.')
    if key and not KEY.fullmatch(key):
        raise ApiError('invalid-file-key', 'Not a valid file key.')
    local = _permitted(call)
    title = _title(wanted)
    call.answer.target = str(title)
    if values['chunk'] is not None:
        content = values['chunk']
    else:
        content = stashed(call, key).content if key else values['file']
    if not content:
        raise ApiError('empty-file', 'The file you submitted was empty.')
    if max(len(content), values['filesize'] or 0) > LARGEST:
        raise ApiError('file-too-large', 'The file you submitted was too large.')
    if not key:
        _verify(title, content)
    warnings = _warnings(call, wanted, title, content)
    if warnings and not values['ignorewarnings']:
        result = _warn(call, local, title, content, key) | {'warnings': warnings}
    elif values['chunk'] is not None:
        result = _append(call, values, local, title, key)
    elif values['stash']:
        result = _keep(call, local, title, content)
    elif key and values['async']:
        result = _publish(call, values, local, title, content, warnings)
        stashed(call, key).progress = result | {'stage': 'publish'}
        result = {'result': 'Poll', 'stage': 'queued', 'filekey': key}
    else:
        result = _publish(call, values, local, title, content, warnings)
        if key:
            del call.wiki.files.stash[key]
    call.result['upload'] = result


def _progress(call: Call, key: str) -> Json:
    found = call.wiki.files.stash.get(key)
    mine = found is not None and found.user_id == call.session.user_id
    if found is None or found.progress is None or not mine:
        raise ApiError('missingresult', 'No result in status data.')
    return found.progress


def _check_source(values: Values, key: str | None) -> None:
    if values['chunk'] is not None:
        if key and values['offset'] == 0:
            raise ApiError(
                'filekeynotallowed', 'Cannot supply a "filekey" when "offset" is 0.'
            )
        if not key and values['offset'] != 0:
            raise ApiError(
                'filekeyneeded', 'Must supply a "filekey" when "offset" is non-zero.'
            )
        return
    sources = {'file': values['file'], 'url': values['url'], 'filekey': key}
    given = [name for name, value in sources.items() if value is not None]
    if not given:
        raise errors.one_of(['filekey', 'file', 'url'])
    if len(given) > 1:
        raise errors.not_together(given)
    if given == ['url']:
        raise ApiError('copyuploaddisabled', 'Upload by URL disabled.')


def _permitted(call: Call) -> LocalAccount:
    """Return the account that uploads, if it may."""
    local = call.session.local
    if local is None:
        raise ApiError('mustbeloggedin', 'You must be logged in to upload this file.')
    check_block(call)
    if 'upload' not in call.rights:
        raise errors.denied('upload files')
    return local


def _title(wanted: str) -> Title:
    title = parse_title(f'File:{_ILLEGAL.sub("-", wanted)}')
    if title is None:
        raise ApiError('illegal-filename', 'The filename is not allowed.')
    if '.' not in title.name:
        raise ApiError('filetype-missing', 'The file has no extension (like ".jpg").')
    extension = _extension(title)
    if extension not in MIME_TYPES:
        raise ApiError(
            'filetype-banned',
            f'".{extension}" is not a permitted file type. Permitted file types are '
            f'{", ".join(MIME_TYPES)}.',
            data={'filetype': extension, 'allowed': list(MIME_TYPES)},
        )
    return title


def _extension(title: Title) -> str:
    return title.name.rpartition('.')[2].lower()


def _verify(title: Title, content: bytes) -> None:
    extension, mime = _extension(title), mime_type(content)
    if MIME_TYPES[extension] != mime:
        raise ApiError(
            'verification-error',
            f'File extension ".{extension}" does not match the detected MIME type of '
            f'the file ({mime}).',
            data={'details': ['filetype-mime-mismatch', extension, mime]},
        )


def _warnings(call: Call, wanted: str, title: Title, content: bytes) -> Json:
    """Return what the user should know before the file is published."""
    files, name = call.wiki.files, title.name
    sha1 = FileVersion(content, '', 0, '', '').sha1
    versions = files.versions.get(name, [])
    same = [
        _key_of(other)
        for other, found in files.versions.items()
        if other != name and found[-1].sha1 == sha1
    ]
    gone = [
        _key_of(other)
        for other, archived in files.archive.items()
        if any(version.sha1 == sha1 for version in archived)
    ]
    older = [{'timestamp': v.timestamp} for v in versions[:-1] if v.sha1 == sha1]
    # In the order in which MediaWiki answers them.
    warnings: Json = {}
    if _ILLEGAL.search(wanted):
        warnings['badfilename'] = _key_of(name)
    if name in files.archive and not versions:
        warnings['was-deleted'] = _key_of(name)
    if same:
        warnings['duplicate'] = same
    if gone:
        warnings['duplicate-archive'] = gone[0]
    if versions:
        warnings['exists'] = _key_of(name)
    elif title in call.wiki.pages:
        warnings['page-exists'] = _key_of(name)
    if versions and versions[-1].sha1 == sha1:
        warnings['nochange'] = {'timestamp': versions[-1].timestamp}
    if older:
        warnings['duplicateversions'] = older
    return warnings


def _warn(
    call: Call, local: LocalAccount, title: Title, content: bytes, key: str | None
) -> Json:
    """Keep what was sent, so that it need not be sent again."""
    if not key:
        files = call.wiki.files
        key = files.put_in_stash(content, local.id, _extension(title)).key
    return {'result': 'Warning', 'filekey': key, 'sessionkey': key}


def _append(
    call: Call, values: Values, local: LocalAccount, title: Title, key: str | None
) -> Json:
    """Add a chunk to those before it."""
    chunk, offset = values['chunk'], values['offset'] or 0
    total, end = values['filesize'] or 0, offset + len(chunk)
    if end > total:
        raise ApiError(
            'invalid-chunk',
            'Offset plus current chunk is greater than claimed file size.',
        )
    if end < total and len(chunk) < SMALLEST_CHUNK:
        raise ApiError(
            'chunk-too-small',
            f'Minimum chunk size is {SMALLEST_CHUNK:,} bytes for non-final chunks.',
        )
    files = call.wiki.files
    if key:
        part = stashed(call, key)
        if len(part.content) != offset:
            raise ApiError(
                'stashfailed',
                'Invalid chunk offset',
                data={'offset': str(len(part.content))},
            )
        part.content += chunk
    else:
        part = files.put_in_stash(chunk, local.id, _extension(title))
    call.answer.effect = 'stash'
    if end < total:
        return {'result': 'Continue', 'offset': end, 'filekey': part.key}
    # The chunks put together are kept under a key of their own.
    done = _keep(call, local, title, part.content)
    if values['async']:
        part.progress = done | {'stage': 'assembling'}
        return {'result': 'Poll', 'stage': 'queued', 'filekey': part.key}
    del files.stash[part.key]
    return done


def _keep(call: Call, local: LocalAccount, title: Title, content: bytes) -> Json:
    kept = call.wiki.files.put_in_stash(content, local.id, _extension(title))
    call.answer.effect = 'stash'
    return {
        'result': 'Success',
        'filekey': kept.key,
        'sessionkey': kept.key,
        'imageinfo': stash_info(
            call, kept, {'timestamp', 'size', 'url', 'sha1', 'mime'}
        ),
    }


def _publish(
    call: Call,
    values: Values,
    local: LocalAccount,
    title: Title,
    content: bytes,
    warnings: Json,
) -> Json:
    """Make the file, and the page that describes it."""
    if 'nochange' in warnings:
        raise ApiError(
            'fileexists-no-change',
            f'The upload is an exact duplicate of the current version of [[:{title}]].',
        )
    if call.wiki.limited('upload', call.user):
        raise errors.rate_limited()
    text = values['comment'] if values['text'] is None else values['text']
    version = call.wiki.upload(
        title, content, operator=local, comment=values['comment'], text=text
    )
    call.answer.effect = 'upload'
    follow(call, values, title)
    result: Json = {'result': 'Success', 'filename': _key_of(title.name)}
    if warnings:
        result['warnings'] = warnings
    return result | {'imageinfo': file_info(call, title.name, version)}


def _key_of(name: str) -> str:
    return name.replace(' ', '_')
