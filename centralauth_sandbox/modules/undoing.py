"""What `undo` and `undoafter` of `action=edit` make of a page.

As recorded: the text before is restored as it was if the last revision is undone, and
merged with what came later otherwise.
"""

from __future__ import annotations

from ..call import Call, Values
from ..errors import ApiError
from ..merge import merge
from ..records import Page, Revision


def undone_text(call: Call, values: Values, page: Page | None) -> str:
    """Return the text of a page without some of its revisions.

    :raises ApiError: there are no such revisions, or what came later is in the way.
    """
    undone = _revision(call, values['undo'])
    if undone is None:
        raise _unknown(values['undo'])
    before = _revision(call, values['undoafter'] or undone.parent)
    if before is None:
        raise _unknown(values['undoafter'] or '')
    for revision in (undone, before):
        if page is None or revision not in page.revisions:
            title = page.title if page else values['title']
            raise ApiError(
                'revwrongpage', f'r{revision.id} is not a revision of {title}.'
            )
    assert page is not None
    if page.latest is undone:
        return before.text
    text = merge(undone.text, before.text, page.latest.text)
    if text is None:
        raise ApiError(
            'undofailure',
            'The edit could not be undone due to conflicting intermediate edits.',
        )
    return text


def _revision(call: Call, id: int) -> Revision | None:
    """Return a revision of any page; none has the number 0."""
    pages = call.wiki.page_ids.values()
    found = (r for page in pages for r in page.revisions if r.id == id)
    return next((r for r in found if 'content' not in r.hidden), None)


def _unknown(id: int | str) -> ApiError:
    return ApiError('nosuchrevid', f'There is no revision with ID {id}.')
