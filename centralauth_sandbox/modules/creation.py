"""`action=createaccount`: a new account, global and on the wiki that was asked.

There is no recording of it: its answers are those of MediaWiki 1.39, and there are no
steps, no captcha and no e-mail.
"""

from __future__ import annotations

from .. import errors
from ..call import Call, Values, action
from ..titles import Title, canonical_user
from .authentication import message_of
from .blocked import block_of, blocked


@action('createaccount')
def createaccount(call: Call, values: Values) -> None:
    """Create an account; the session of the user who asked stays the same."""
    if values['returnurl'] is None and not values['continue']:
        raise errors.at_least_one_of(['createcontinue', 'createreturnurl'])
    if values['continue']:
        _fail(
            call,
            values,
            'authmanager-create-not-in-progress',
            'Account creation is not in progress or session data has been lost. Please '
            'start again from the beginning.',
        )
        return
    call.need('createaccount', 'create an account')
    applied = block_of(call)
    if applied and applied.block.nocreate:
        # MediaWiki starts the conversation, and ends it so.
        call.farm.sessions.start(call.session)
        _fail(call, values, 'blocked', blocked(call, applied).info)
        return
    given = call.given
    name = canonical_user(given.get('username', ''))
    call.answer.target = name or ''
    if name is None:
        text = 'You have not specified a valid username.'
        _fail(call, values, 'invaliduser', text)
    elif name in call.farm.accounts or name in call.wiki.accounts:
        text = 'Username entered already in use.\nPlease choose a different name.'
        _fail(call, values, 'userexists', text)
    elif not given.get('password'):
        text = 'The supplied credentials could not be used for account creation.'
        _fail(call, values, 'authmanager-create-no-primary', text)
    elif given.get('retype') != given['password']:
        _fail(call, values, 'badretype', 'The passwords you entered do not match.')
    else:
        _create(call, name, given['password'])


def become_temporary(call: Call) -> None:
    """Log in with an account made for a user who edits without one."""
    farm, number = call.farm, 1
    year = farm.timestamp()[:4]
    while f'~{year}-{number}' in farm.accounts:
        number += 1
    account = farm.add_account(
        f'~{year}-{number}', home=call.wiki.code, wikis=[call.wiki.code]
    )
    farm.sessions.log_in(call.session, account, remember=True)


def _create(call: Call, name: str, password: str) -> None:
    wiki = call.wiki
    call.farm.add_account(name, password=password, home=wiki.code, wikis=[wiki.code])
    operator = call.session.local
    call.wiki.write_log(
        'newusers',
        'create2' if operator else 'create',
        operator.name if operator else name,
        Title(2, name),
        call.given.get('reason', ''),
        {'userid': wiki.accounts[name].id},
    )
    call.answer.effect = 'createaccount'
    call.result['createaccount'] = {'status': 'PASS', 'username': name}


def _fail(call: Call, values: Values, code: str, text: str) -> None:
    call.answer.code = f'createaccount-{code}'
    call.result['createaccount'] = {
        'status': 'FAIL',
        **message_of(values, code, text),
        'canpreservestate': False,
    }
