"""List the exchanges that the sandbox does not answer as MediaWiki did, and why.

None of them depends on chance: one that is answered as recorded makes the test fail.
"""

from __future__ import annotations

from collections.abc import Iterable

OAUTH = 'The sandbox has no OAuth.'
FARMLOGIN = 'The recorded farm had a login provider of its own, FarmLogin.'
FARMLINK = 'The recorded farm had an extension and a group of its own in the list.'
FORMS = 'The sandbox has no forms to change, remove or create credentials.'
CORE = (
    'Core 1.45.0, with parts of later ones carried over, let bot passwords link '
    'accounts and forgot who is logged in to an account that is not global.'
)
DATABASE = 'The sandbox has no database that could fail.'
ORDER = 'The database of MediaWiki orders as it likes what is of the same second.'
STORE = (
    'While its session store is down, MediaWiki sets cookies for a session that it '
    'cannot keep, and takes them back a request later; the sandbox does so at once.'
)


def _each(indexes: Iterable[int], reason: str) -> dict[int, str]:
    return dict.fromkeys(indexes, reason)


Exceptions = dict[str, dict[int, str]]

_OF_1_43: Exceptions = {
    'a_login_oauth': _each(range(11), OAUTH),
    'd_centralauthtoken': _each((17, 18), OAUTH),
    'g_deleteglobalaccount': {26: OAUTH},
    'h_query_global': {37: FARMLINK},
    'j_clientlogin_flows': _each({*range(22)} - {10, 21}, FARMLOGIN),
    'j_linkaccount': {
        **_each((8, 10, 77, 79), FORMS),
        **_each((9, 78), FARMLOGIN),
        134: 'The recorded provider gave one number to two accounts.',
        145: OAUTH,
    },
    'l_session_loss': _each(range(65, 71), OAUTH),
    'm_http_level': {
        **_each(range(15, 23), DATABASE),
        **_each((24, 25), STORE),
    },
    'p_pywikibot_11.9_live': {2: 'The recording keeps only the start of this answer.'},
}

_OF_TIP: Exceptions = {
    'a_login_oauth': _each(range(11), OAUTH),
    'c_paraminfo': _each((38, 39), FARMLINK),
    'd_centralauthtoken': {**_each((17, 18), OAUTH), **_each((22, 23), CORE)},
    'g_deleteglobalaccount': {26: OAUTH},
    'h_query_global': {37: FARMLINK},
    'j_clientlogin_flows': _each({*range(22)} - {10, 21}, FARMLOGIN),
    'j_linkaccount': {
        **_each((8, 10, 77, 79), FORMS),
        **_each((9, 78), FARMLOGIN),
        **_each((142, 143), CORE),
        145: OAUTH,
    },
    'l_session_loss': _each(range(65, 71), OAUTH),
    'm_http_level': {**_each(range(15, 23), DATABASE), **_each((24, 25), STORE)},
    'n_globalusers': _each(range(204, 211), OAUTH),
    'o_globalblock': {168: ORDER, **_each((245, 247, 248), OAUTH), 259: FARMLINK},
    'o_globalblocks_query_and_logs': _each((76, 77), ORDER),
}

#: release -> recording -> exchange -> reason
EXCEPTIONS: dict[str, Exceptions] = {'1.43': _OF_1_43, 'tip': _OF_TIP}

#: Recordings of the tip that wait for a later release of the sandbox.
LATER = frozenset({'o_multiblocks', 'q_cleanup_of_one_abuser'})
