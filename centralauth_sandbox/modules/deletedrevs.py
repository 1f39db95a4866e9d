"""Deleted revisions, as they were listed long ago."""

from __future__ import annotations

from ..call import Call, Json, Values, query
from ..records import Revision
from .revisions import is_within


@query('deletedrevs')
def deletedrevs(call: Call, values: Values) -> None:
    """List deleted revisions, as long ago."""
    if 'token' in (values['prop'] or ()):
        call.deprecate('The value "token" to parameter "drprop" has been deprecated.')
    call.deprecate(
        '"list=deletedrevs" has been deprecated. Please use "prop=deletedrevisions" or '
        '"list=alldeletedrevisions" instead.'
    )
    pageset = values['pageset']
    wanted = {page.title for page in pageset.pages.values()}
    wanted |= set(pageset.missing.values())
    found: list[Json] = []
    left: int = values['limit']
    for title, revisions in call.wiki.archive.items():
        chosen = [r for r in revisions if _fits(r, values)]
        if title not in wanted or not chosen or not left:
            continue
        chosen = (chosen if values['dir'] == 'newer' else chosen[::-1])[:left]
        left -= len(chosen)
        shown = [
            {'timestamp': r.timestamp, 'user': r.user, 'comment': r.comment}
            for r in chosen
        ]
        found.append({'ns': title.namespace, 'title': str(title), 'revisions': shown})
    values['output']['deletedrevs'] = found


def _fits(revision: Revision, values: Values) -> bool:
    return (
        is_within(revision, values)
        and values['user'] in (None, revision.user)
        and values['excludeuser'] != revision.user
        # None has any tag.
        and values['tag'] is None
    )
