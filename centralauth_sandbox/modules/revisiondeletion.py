"""`action=revisiondelete`: parts of revisions are hidden, and shown again.

As recorded, but for deleted revisions, versions of files and entries of logs, which
stay as they are. The whole answer says `Success` even if items have failed.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

from .. import errors
from ..call import Call, Json, Values, action
from ..errors import ApiError
from ..records import Page, Revision
from .blocked import check_block

#: How the parts of a revision are called that can be hidden.
_PARTS = ('user', 'comment', 'content')
#: And which bits stand for them in the log. Nothing here is hidden from administrators.
_BITS = {'content': 1, 'comment': 2, 'user': 4, 'restricted': 8}


@action('revisiondelete')
def revisiondelete(call: Call, values: Values) -> None:
    """Hide parts of revisions, or show them again."""
    call.need('deleterevision', 'delete or undelete specific revisions of pages')
    hide, show = set(values['hide'] or ()), set(values['show'] or ())
    if hide & show:
        words = 'The same field cannot be used in both "hide" and "show".'
        raise ApiError('badparams', words)
    if not hide | show:
        words = 'At least one value is required for "hide" and/or "show".'
        raise ApiError('badparams', words)
    if values['type'] != 'revision':
        raise ApiError('notimplemented', 'The sandbox hides revisions of pages alone.')
    if values['suppress'] == 'yes':
        raise errors.denied('view, hide or unhide specific revisions of pages')
    there = {
        revision.id: (page, revision)
        for page in call.wiki.page_ids.values()
        for revision in page.revisions
    }
    numbers = [int(id) if id.isdecimal() else 0 for id in values['ids']]
    found = [there[number] for number in numbers if number in there]
    title = found[0][0].title if found else values['target']
    call.answer.target = str(title)
    if found:
        check_block(call, found[0][0].title)
    items: list[Json] = []
    changed: list[int] = []
    before: set[str] = set()
    afterwards: set[str] = set()
    for number in numbers:
        if number not in there:
            missing = _problem('error', 'revdelete-modify-missing', [number])
            items.append({'status': 'Fail', **missing, 'id': number})
            continue
        page, revision = there[number]
        after = (revision.hidden | hide) - show
        item: Json = {'status': 'Success'}
        stamps = [revision.timestamp[:10], revision.timestamp[11:16]]
        if page.latest is revision and 'content' in hide:
            item |= _problem('error', 'revdelete-hide-current', stamps)
        elif after == revision.hidden:
            item |= _problem('warning', 'revdelete-no-change', stamps)
        else:
            before |= revision.hidden - after
            afterwards |= after - revision.hidden
            revision.hidden = frozenset(after)
            changed.append(number)
        items.append(item | _shown(page, revision))
    if changed:
        where = found[0][0].title
        reason = values['reason'] or ''
        params = {
            'type': 'revision',
            'ids': changed,
            'old': _bits(before),
            'new': _bits(afterwards),
        }
        call.wiki.write_log('delete', 'revision', call.user, where, reason, params)
        call.answer.effect = 'revisiondelete'
    call.result['revisiondelete'] = {
        'status': 'Success',
        'target': str(title),
        'items': items,
    }


def _bits(hidden: Collection[str]) -> Json:
    """Return which parts are hidden, as the log has it."""
    mask = sum(_BITS[part] for part in hidden)
    return {'bitmask': mask, **{part: part in hidden for part in _BITS}}


def _problem(kind: str, key: str, params: Sequence[object]) -> Json:
    """Return what an item says of what stands against it."""
    problem = {'message': key, 'params': list(params), 'code': key, 'type': kind}
    return {
        'errors': [problem] if kind == 'error' else [],
        'warnings': [problem] if kind == 'warning' else [],
    }


def _shown(page: Page, revision: Revision) -> Json:
    """Return how a revision is described."""
    keys = {'user': 'userhidden', 'comment': 'commenthidden', 'content': 'texthidden'}
    return {
        'id': revision.id,
        'timestamp': revision.timestamp,
        **{keys[part]: part in revision.hidden for part in _PARTS},
        'userid': revision.user_id,
        'user': revision.user,
        'comment': revision.comment,
    }
