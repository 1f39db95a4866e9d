"""Parameters that MediaWiki has and the sandbox does not imitate.

They stand in `paraminfo`, as on a real wiki. Whoever sends one learns that it is not
imitated, rather than get an answer as if it had not been sent.
"""

from __future__ import annotations

from .errors import ApiError

#: By module, the names without its prefix.
_PARAMETERS = {
    'edit': ('returnto', 'returntoquery', 'returntoanchor'),
    'help': ('submodules', 'recursivesubmodules', 'wrap', 'toc'),
    'login': ('domain',),
    'move': ('movesubpages',),
    'query': ('export', 'exportnowrap', 'rawcontinue'),
    'query+allmessages': ('prop', 'includelocal', 'customised', 'title'),
    'query+deletedrevs': ('from', 'to', 'prefix', 'unique', 'namespace'),
    'query+imageinfo': ('urlwidth', 'urlheight', 'urlparam', 'badfilecontexttitle'),
    'query+info': ('linkcontext',),
    'query+revisions': ('contentformat-{slot}',),
    'query+siteinfo': ('inlanguagecode',),
    'query+stashimageinfo': ('urlwidth', 'urlheight', 'urlparam'),
    'query+watchlistraw': ('owner', 'token'),
    'userrights': ('expiry',),
    'wbgetentities': ('redirects', 'languagefallback', 'normalize'),
    'wbsetclaim': ('index',),
    'wbsetsitelink': ('badges',),
}
#: Values of memberships that last, which those here do.
_LASTING = {'infinite', 'infinity', 'indefinite', 'never'}

UNIMITATED = frozenset(
    (path, name) for path, names in _PARAMETERS.items() for name in names
)


def check(path: str, name: str, default: object, raw: str) -> None:
    """Refuse a parameter that is not imitated, unless it says what is so anyway.

    :param path: the module.
    :param name: the parameter, without the prefix of the module.
    :raises ApiError: notimplemented.
    """
    if (path, name) not in UNIMITATED or raw in (str(default), ''):
        return
    if name == 'expiry' and set(raw.split('|')) <= _LASTING:
        return
    raise ApiError(
        'notimplemented',
        f'The sandbox does not imitate the parameter {name} of {path}.',
    )
