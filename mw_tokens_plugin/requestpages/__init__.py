"""Steward request pages: read into frozen records, and mark requests as done.

It works on the text of a page, and records for each request what is certain. Whether to
act on a request is left to the caller; no wiki is asked.

https://meta.wikimedia.org/wiki/Steward_requests/Global
"""

from mw_tokens_plugin.requestpages.model import (
    CLOSED,
    OPEN,
    Leftover,
    Named,
    Problem,
    Request,
    RequestKind,
    Signature,
    Standing,
    Status,
)
from mw_tokens_plugin.requestpages.page import MAX_PAGE, Closing, RequestPage
from mw_tokens_plugin.requestpages.prose import prose_of
from mw_tokens_plugin.requestpages.reading import (
    MAX_DEPTH,
    MAX_REQUEST,
    MAX_UNCLOSED,
    KnownRequests,
)

__all__ = [
    'CLOSED',
    'MAX_DEPTH',
    'MAX_PAGE',
    'MAX_REQUEST',
    'MAX_UNCLOSED',
    'OPEN',
    'Closing',
    'KnownRequests',
    'Leftover',
    'Named',
    'Problem',
    'Request',
    'RequestKind',
    'RequestPage',
    'Signature',
    'Standing',
    'Status',
    'prose_of',
]
