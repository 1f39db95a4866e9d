"""The modules of the action API; importing this package registers them all.

How requests are checked and answers laid out is the business of :mod:`..api`.
"""

from . import (  # noqa: F401
    accounts,
    authentication,
    blocks,
    creation,
    files,
    globalblocks,
    globalusers,
    lists,
    oldtokens,
    pages,
    query,
    rights,
    site,
    status,
    uploads,
    watching,
    wikibase,
)
