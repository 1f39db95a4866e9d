"""`action=userrights`: the groups of a local account.

It is an imitation: there is no recording of it, it follows the manual
(https://www.mediawiki.org/wiki/API:User_group_membership), and no membership expires.
"""

from __future__ import annotations

from .. import errors
from ..call import Call, Values, action
from ..titles import Title
from .blocked import check_block
from .watching import follow


@action('userrights')
def userrights(call: Call, values: Values) -> None:
    """Change the groups of an account; without the right, nothing happens."""
    if values['user'] is None and values['userid'] is None:
        raise errors.one_of(['user', 'userid'])
    given = values['user'] or f'#{values["userid"]}'
    if given.startswith('#'):
        local = call.wiki.account_ids.get(int(given[1:]))
    else:
        local = call.wiki.accounts.get(given)
    if local is None:
        raise errors.no_such_user(given)
    call.answer.target = f'User:{local.name}'
    allowed = 'userrights' in call.rights
    if not allowed:
        check_block(call)
    add, remove = set(values['add'] or ()), set(values['remove'] or ())
    added = sorted(add - local.groups - remove) if allowed else []
    removed = sorted(remove & local.groups) if allowed else []
    if added or removed:
        old = sorted(local.groups)
        local.groups = (local.groups | set(added)) - set(removed)
        params = {'oldgroups': old, 'newgroups': sorted(local.groups)}
        title, reason = Title(2, local.name), values['reason']
        call.wiki.write_log('rights', 'rights', call.user, title, reason, params)
        call.answer.effect = 'userrights'
    if values['watchuser'] and allowed:
        follow(call, {'watchlist': 'watch'}, Title(2, local.name))
    call.result['userrights'] = {
        'user': local.name,
        'userid': local.id,
        'added': added,
        'removed': removed,
    }
