"""Reading files: `prop=imageinfo`, and the lists of files and of deleted ones.

It is an imitation: there is no recording of it, and it follows the manual
(https://www.mediawiki.org/wiki/API:Imageinfo), `list=filearchive` what MediaWiki 1.39
does; there are no thumbnails and no metadata.
"""

from __future__ import annotations

import re
from collections.abc import Container
from typing import Any

from .. import errors
from ..call import Call, Values, query
from ..errors import ApiError
from ..files import FileVersion, Stashed, archive_name, base36
from ..titles import Title, parse_title
from .query import PageSet

Json = dict[str, Any]

_SHOWN_OF_HIDDEN = (
    *('timestamp', 'user', 'userid', 'size', 'dimensions', 'comment'),
    'parsedcomment',
)

KEY = re.compile(r'[-\w]+\.[-\w]+\.\d+\.\w+')


@query('imageinfo')
def imageinfo(call: Call, values: Values) -> None:
    """Add the versions of files to their pages, the newest first."""
    pageset: PageSet = values['pageset']
    titles = {id: page.title for id, page in pageset.pages.items()} | pageset.missing
    for id, title in titles.items():
        if title.namespace != 6:
            continue
        part = pageset.parts[id]
        name, versions = _shown_by(call, title)
        part['imagerepository'] = 'local' if versions else ''
        if not versions:
            versions = call.farm.shared.versions.get(title.name, [])
            if not versions or values['localonly']:
                continue
            part['imagerepository'] = 'shared'
        chosen = [
            version
            for version in reversed(versions)
            if (not values['start'] or version.timestamp <= values['start'])
            and (not values['end'] or version.timestamp >= values['end'])
        ]
        limit = values['limit']
        if len(chosen) > limit and len(titles) == 1:
            call.continuation['iistart'] = chosen[limit].timestamp
        part['imageinfo'] = [
            file_info(call, name, version, values['prop']) for version in chosen[:limit]
        ]


@query('allimages')
def allimages(call: Call, values: Values) -> None:
    """List files by name or by time."""
    by_time = values['sort'] == 'timestamp'
    backwards = values['dir'] in ('descending', 'older')
    files = [
        (name, versions[-1])
        for name, versions in call.wiki.files.versions.items()
        if _fits(name, versions[-1], values)
        and _by_bots(call, versions[-1], values['filterbots'])
    ]
    files.sort(
        key=lambda file: (file[1].timestamp if by_time else '', file[0]),
        reverse=backwards,
    )
    skip = int(values['continue']) if (values['continue'] or '').isdigit() else 0
    found: list[Json] = []
    for position, (name, version) in enumerate(files[skip:], skip):
        if position - skip == values['limit']:
            call.continuation[f'{values["@prefix"]}continue'] = str(position)
            break
        title = Title(6, name)
        if values['generating']:
            values['pageset'].add(call.wiki.pages[title])
        else:
            found.append(
                {'name': name.replace(' ', '_')}
                | file_info(call, name, version, values['prop'])
                | {'ns': 6, 'title': str(title)}
            )
    if not values['generating']:
        values['output']['allimages'] = found


@query('filearchive')
def filearchive(call: Call, values: Values) -> None:
    """List deleted versions of files; everybody may, but not what was said of them."""
    prop = values['prop']
    if not {'description', 'parseddescription'}.isdisjoint(prop) and (
        'deletedhistory' not in call.rights
    ):
        raise errors.denied('view descriptions of deleted files')
    if 'metadata' in prop and not {'deletedtext', 'undelete'} & call.rights.keys():
        raise errors.denied('view metadata of deleted files')
    _check_hashes(values)
    found = sorted(
        (name.replace(' ', '_'), re.sub(r'\D', '', version.timestamp), version.id)
        for name, versions in call.wiki.files.archive.items()
        for version in versions
        if _was_there(name, version, values)
    )
    backwards = values['dir'] == 'descending'
    if backwards:
        found.reverse()
    if values['continue']:
        first = _position(values['continue'])
        found = [at for at in found if (at <= first if backwards else at >= first)]
    limit = values['limit']
    if len(found) > limit:
        call.continuation['facontinue'] = '|'.join(map(str, found[limit]))
    values['output']['filearchive'] = [
        _archived_item(call, key.replace('_', ' '), id, prop)
        for key, _moment, id in found[:limit]
    ]


@query('stashimageinfo')
def stashimageinfo(call: Call, values: Values) -> None:
    """Tell about what the user has in the stash."""
    keys = values['filekey'] or values['sessionkey'] or []
    found = []
    for key in keys:
        if not KEY.fullmatch(key):
            raise ApiError(
                'uploadstash-bad-path-bad-format',
                f'Key "{key}" is not in a proper format.',
            )
        found.append(stash_info(call, stashed(call, key), values['prop']))
    values['output']['stashimageinfo'] = found


def stashed(call: Call, key: str) -> Stashed:
    """Return what the user has under a key in the stash.

    :raises ApiError: if there is nothing.
    """
    found = call.wiki.files.stash.get(key)
    if found is None or found.progress is not None:
        raise ApiError('uploadstash-file-not-found', f'Key "{key}" not found in stash.')
    if found.user_id != call.session.user_id:
        raise ApiError(
            'uploadstash-wrong-owner',
            f"This file ({key}) doesn't belong to the current user.",
        )
    return found


def file_info(
    call: Call, name: str, version: FileVersion, prop: Container[str] | None = None
) -> Json:
    """Return the facts about a version that were asked for, or all."""
    wiki, title = call.wiki, str(Title(6, name))
    width, height = version.dimensions
    page = wiki.pages.get(Title(6, name))
    about = wiki.url(title)
    facts: Json = {
        'timestamp': {'timestamp': version.timestamp},
        'user': {'user': version.user},
        'userid': {'userid': version.user_id},
        'size': {'size': version.size, 'width': width, 'height': height},
        'dimensions': {'size': version.size, 'width': width, 'height': height},
        'comment': {'comment': version.comment},
        'parsedcomment': {'parsedcomment': version.comment},
        'canonicaltitle': {'canonicaltitle': title},
        'url': {
            'url': wiki.server + wiki.files.path(name, version),
            'descriptionurl': about,
            'descriptionshorturl': f'{wiki.server}{wiki.layout.script}?curid='
            f'{page.id if page else 0}',
        },
        'sha1': {'sha1': version.sha1},
        'metadata': {'metadata': []},
        'mime': {'mime': version.mime},
        'mediatype': {'mediatype': 'BITMAP'},
        'bitdepth': {'bitdepth': 8},
    }
    if version.replaced:
        facts['archivename'] = {'archivename': archive_name(name, version)}
    item: Json = {}
    if version.hidden:
        item['filehidden'] = True
        facts = {key: facts[key] for key in _SHOWN_OF_HIDDEN}
    for key, fact in facts.items():
        if prop is None or key in prop:
            item |= fact
    return item


def stash_info(call: Call, kept: Stashed, prop: Container[str]) -> Json:
    """Return the facts about a file in the stash that were asked for."""
    version = FileVersion(kept.content, '', kept.user_id, kept.timestamp, '')
    url = call.wiki.url(f'Special:UploadStash/file/{kept.key}')
    item = file_info(call, kept.key, version, prop)
    if 'url' in prop:
        item |= {'url': url, 'descriptionurl': url}
        del item['descriptionshorturl']
    return item


def _shown_by(call: Call, title: Title) -> tuple[str, list[FileVersion]]:
    """Return the name and the versions of the file that a title shows.

    A redirect shows the file that it leads to, unless it has one of its own.
    """
    files, page = call.wiki.files.versions, call.wiki.pages.get(title)
    if title.name not in files and page is not None:
        redirect = re.match(r'#REDIRECT \[\[([^]|#]+)', page.latest.text)
        target = parse_title(redirect[1]) if redirect else None
        if target is not None and target.namespace == 6:
            return target.name, files.get(target.name, [])
    return title.name, files.get(title.name, [])


def _check_hashes(values: Values) -> None:
    for name, pattern in ('SHA1', '[0-9a-f]{40}'), ('SHA1Base36', '[0-9a-z]{31}'):
        given = values[name.lower()]
        if given is not None and not re.fullmatch(pattern, given.lower()):
            raise ApiError(
                f'invalid{name.lower()}hash', f'The {name} hash provided is not valid.'
            )


def _was_there(name: str, version: FileVersion, values: Values) -> bool:
    first, last = _dbkey(values['from']), _dbkey(values['to'])
    sha1, wanted = values['sha1'], values['sha1base36']
    return (
        (not first or name >= first)
        and (not last or name <= last)
        and name.startswith(_dbkey(values['prefix']))
        and (not sha1 or version.sha1 == sha1.lower())
        and (not wanted or base36(version.sha1) == wanted.lower())
    )


def _position(text: str) -> tuple[str, str, int]:
    name, moment, id = [*text.split('|'), '', ''][:3]
    if text.count('|') != 2 or not id.isdigit():
        raise ApiError(
            'badcontinue',
            'Invalid continue param. You should pass the original value returned by '
            'the previous query.',
        )
    return name, moment, int(id)


def _archived_item(call: Call, name: str, id: int, prop: Container[str]) -> Json:
    version = next(v for v in call.wiki.files.archive[name] if v.id == id)
    width, height = (str(length) for length in version.dimensions)
    size = {'size': str(version.size), 'height': height, 'width': width}
    facts: Json = {
        'description': {'description': version.comment},
        'parseddescription': {
            'parseddescription': version.comment,
            'description': version.comment,
        },
        'user': {'userid': version.user_id, 'user': version.user},
        'sha1': {'sha1': version.sha1},
        'timestamp': {'timestamp': version.timestamp},
        'size': size,
        'dimensions': size,
        'mediatype': {'mediatype': 'BITMAP'},
        'metadata': {'metadata': None},
        'bitdepth': {'bitdepth': '8'},
        'mime': {'mime': version.mime},
    }
    if version.replaced:
        facts['archivename'] = {'archivename': archive_name(name, version)}
    item: Json = {
        'id': id,
        'name': name.replace(' ', '_'),
        'ns': 6,
        'title': str(Title(6, name)),
    }
    if version.hidden:
        item['filehidden'] = True
        if 'deletedtext' not in call.rights:
            facts = {key: facts[key] for key in ('description', 'user', 'timestamp')}
    for key, fact in facts.items():
        if key in prop:
            item |= fact
    return item


def _by_bots(call: Call, version: FileVersion, wanted: str) -> bool:
    uploader = call.wiki.accounts.get(version.user)
    by_bot = uploader is not None and 'bot' in uploader.groups
    return wanted == 'all' or by_bot == (wanted == 'bots')


def _fits(name: str, version: FileVersion, values: Values) -> bool:
    first, last = _dbkey(values['from']), _dbkey(values['to'])
    sha1, wanted = values['sha1'], values['sha1base36']
    return (
        (not first or name >= first)
        and (not last or name <= last)
        and name.startswith(_dbkey(values['prefix']))
        and (values['minsize'] is None or version.size >= values['minsize'])
        and (values['maxsize'] is None or version.size <= values['maxsize'])
        and (not sha1 or version.sha1 == sha1.lower())
        and (not wanted or base36(version.sha1) == wanted.lower())
        and (not values['user'] or version.user == values['user'])
        and (not values['mime'] or version.mime in values['mime'])
        and (not values['start'] or version.timestamp >= values['start'])
        and (not values['end'] or version.timestamp <= values['end'])
    )


def _dbkey(text: str | None) -> str:
    text = (text or '').replace('_', ' ')
    return text[:1].upper() + text[1:]
