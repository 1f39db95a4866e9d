"""Reading files: `prop=imageinfo`, `prop=stashimageinfo` and `list=allimages`.

It is an imitation: there is no recording of it, and it follows the manual
(https://www.mediawiki.org/wiki/API:Imageinfo); there are no thumbnails and no metadata.
"""

from __future__ import annotations

import re
from collections.abc import Container
from typing import Any

from ..call import Call, Values, query
from ..errors import ApiError
from ..files import FileVersion, Stashed, archive_name, base36
from ..titles import Title
from .lists import iso
from .query import PageSet

Json = dict[str, Any]

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
        versions = call.wiki.files.versions.get(title.name, [])
        part['imagerepository'] = 'local' if versions else ''
        if not versions:
            continue
        chosen = [
            version
            for version in reversed(versions)
            if (not values['start'] or version.timestamp <= iso(values['start']))
            and (not values['end'] or version.timestamp >= iso(values['end']))
        ]
        limit = values['limit']
        if len(chosen) > limit and len(titles) == 1:
            call.continuation['iistart'] = chosen[limit].timestamp
        part['imageinfo'] = [
            file_info(call, title.name, version, values['prop'])
            for version in chosen[:limit]
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
    about = f'{wiki.server}/wiki/{title.replace(" ", "_")}'
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
            'descriptionshorturl': f'{wiki.server}/w/index.php?curid='
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
    for key, fact in facts.items():
        if prop is None or key in prop:
            item |= fact
    return item


def stash_info(call: Call, kept: Stashed, prop: Container[str]) -> Json:
    """Return the facts about a file in the stash that were asked for."""
    version = FileVersion(kept.content, '', kept.user_id, kept.timestamp, '')
    url = f'{call.wiki.server}/wiki/Special:UploadStash/file/{kept.key}'
    item = file_info(call, kept.key, version, prop)
    if 'url' in prop:
        item |= {'url': url, 'descriptionurl': url}
        del item['descriptionshorturl']
    return item


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
        and (not values['start'] or version.timestamp >= iso(values['start']))
        and (not values['end'] or version.timestamp <= iso(values['end']))
    )


def _dbkey(text: str | None) -> str:
    text = (text or '').replace('_', ' ')
    return text[:1].upper() + text[1:]
