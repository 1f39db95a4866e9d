"""The revisions of pages, and those that were deleted."""

from __future__ import annotations

import re

from .. import errors
from ..call import Call, Json, Values, query
from ..records import Page, Revision
from ..titles import Title
from .query import PageSet
from .sections import section_of


@query('revisions')
def revisions(call: Call, values: Values) -> None:
    """Add revisions to the pages."""
    pageset: PageSet = values['pageset']
    for id, page in pageset.pages.items():
        wanted = pageset.revisions.get(id)
        if wanted:
            chosen = [r for r in page.revisions if r.id in wanted]
        else:
            chosen = _chosen_revisions(call, values, page)
        pageset.parts[id]['revisions'] = [
            _revision_item(call, page.title, revision, values) for revision in chosen
        ]


@query('deletedrevisions')
def deletedrevisions(call: Call, values: Values) -> None:
    """Add deleted revisions to the pages."""
    if 'deletedhistory' not in call.rights:
        raise errors.denied("view deleted pages' history")
    pageset: PageSet = values['pageset']
    titles = {id: page.title for id, page in pageset.pages.items()} | pageset.missing
    for id, title in titles.items():
        archived = [
            revision
            for revision in call.wiki.archive.get(title, ())
            if is_within(revision, values) and values['user'] in (None, revision.user)
        ]
        if archived:
            ordered = archived if values['dir'] == 'newer' else archived[::-1]
            pageset.parts[id]['deletedrevisions'] = [
                _revision_item(call, title, revision, values)
                for revision in ordered[: values['limit'] or len(ordered)]
            ]


def is_within(revision: Revision, values: Values) -> bool:
    """Say whether a revision is of the time that is asked for."""
    start, end = values['start'], values['end']
    if values['dir'] == 'older':
        start, end = end, start
    stamp = revision.timestamp
    return not ((start and stamp < start) or (end and stamp > end))


_ENUMERATING = (*('startid', 'endid', 'start', 'end', 'user', 'excludeuser', 'tag'),)


def _chosen_revisions(call: Call, values: Values, page: Page) -> list[Revision]:
    chosen = list(page.revisions)
    limit = values['limit']
    enumerating = limit is not None or any(
        values[key] is not None for key in _ENUMERATING
    )
    if not enumerating:
        return chosen[-1:]
    if values['dir'] == 'older':
        chosen.reverse()
    if values['tag'] is not None:
        # No revision has any.
        chosen = []
    if values['user']:
        chosen = [r for r in chosen if r.user == values['user']]
    if values['excludeuser']:
        chosen = [r for r in chosen if r.user != values['excludeuser']]
    older = values['dir'] == 'older'
    for key, after in ('start', not older), ('end', older):
        if values[key]:
            stamp = values[key]
            chosen = [
                r
                for r in chosen
                if (r.timestamp >= stamp if after else r.timestamp <= stamp)
            ]
    for key, after in ('startid', not older), ('endid', older):
        if values[key]:
            id = values[key]
            chosen = [r for r in chosen if (r.id >= id if after else r.id <= id)]
    if values['continue']:
        id = int(values['continue'].rpartition('|')[2])
        chosen = [r for r in chosen if (r.id <= id if older else r.id >= id)]
    limit = limit or 10
    if len(chosen) > limit:
        following = chosen[limit]
        stamp = re.sub(r'\D', '', following.timestamp)
        call.continuation['rvcontinue'] = f'{stamp}|{following.id}'
    return chosen[:limit]


def _revision_item(
    call: Call, title: Title, revision: Revision, values: Values
) -> Json:
    text = revision.text
    if values.get('section') is not None:
        text = section_of(text, values['section'])
    prop = values['prop']
    item: Json = {}
    hidden = revision.hidden
    unseen = frozenset() if 'deletedhistory' in call.rights else hidden
    if 'ids' in prop:
        item |= {'revid': revision.id, 'parentid': revision.parent}
    if 'flags' in prop:
        item['minor'] = revision.minor
    if 'user' in hidden and {'user', 'userid'} & set(prop):
        item['userhidden'] = True
    if 'user' in prop and 'user' not in unseen:
        item['user'] = revision.user
        if not revision.user_id:
            item['anon'] = True
    if 'userid' in prop and 'user' not in unseen:
        item['userid'] = revision.user_id
    if 'timestamp' in prop:
        item['timestamp'] = revision.timestamp
    if 'size' in prop:
        item['size'] = revision.size
    if 'sha1' in prop and 'content' in hidden:
        item['sha1hidden'] = True
    if 'sha1' in prop and 'content' not in unseen:
        item['sha1'] = revision.sha1
    if 'roles' in prop:
        item['roles'] = ['main']
    if 'comment' in hidden and {'comment', 'parsedcomment'} & set(prop):
        item['commenthidden'] = True
    if 'comment' in prop and 'comment' not in unseen:
        item['comment'] = revision.comment
    if 'parsedcomment' in prop and 'comment' not in unseen:
        item['parsedcomment'] = revision.comment
    if 'tags' in prop:
        item['tags'] = []
    slot: Json = {}
    if 'content' in prop and 'content' in hidden:
        slot['texthidden'] = True
    is_seen = 'content' not in unseen or 'content' not in prop
    if is_seen and ('content' in prop or 'contentmodel' in prop):
        slot['contentmodel'] = title.model
    if is_seen and 'content' in prop:
        form = 'text/x-wiki' if title.model == 'wikitext' else 'application/json'
        slot |= {'contentformat': form, call.content_key: text}
    if values['slots'] is not None:
        item['slots'] = {'main': slot}
    else:
        item |= slot
        if 'content' in prop:
            _warn_of_legacy_slots(call)
    return item


def _warn_of_legacy_slots(call: Call) -> None:
    if not any(module == call.path for module, *_ in call.warnings):
        call.warn(
            'deprecation',
            'Because "rvslots" was not specified, a legacy format has been used for '
            'the output. This format is deprecated, and in the future the new format '
            'will always be used.',
        )
