"""Deleted revisions, as they were listed long ago."""

from __future__ import annotations

from ..call import Call, Values, query


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
    wanted = set(pageset.missing.values()) | {p.title for p in pageset.pages.values()}
    values['output']['deletedrevs'] = [
        {
            'ns': title.namespace,
            'title': str(title),
            'revisions': [
                {'timestamp': r.timestamp, 'user': r.user, 'comment': r.comment}
                for r in reversed(revisions)
            ],
        }
        for title, revisions in call.wiki.archive.items()
        if title in wanted
    ]
