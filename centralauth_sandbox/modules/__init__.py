"""The modules of the action API; importing this package registers them all.

How requests are checked and answers laid out is the business of :mod:`..api`.
"""

from . import (  # noqa: F401
    accounts,
    authentication,
    blocks,
    changes,
    creation,
    credentials,
    deletedrevs,
    editing,
    filereverts,
    files,
    globalblocks,
    globalusers,
    lists,
    localusers,
    messages,
    oldtokens,
    pageprops,
    pages,
    paraminfo,
    query,
    recorded,
    revisiondeletion,
    revisions,
    rights,
    site,
    status,
    uploads,
    userinfo,
    watching,
    wikibase,
)
