"""Steward request pages: read into frozen records, and mark requests as done.

It works on a page's text alone: what is certain is said of each request, but whether
to act on it is for others to decide, and nothing is read from or sent to a wiki.

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
]
