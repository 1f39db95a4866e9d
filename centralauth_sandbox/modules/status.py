"""Locking, hiding and deleting global accounts, and how two operators collide.

It holds what both releases do; where they differ, `farm.current` decides.
"""

from __future__ import annotations

from typing import Any

from .. import errors
from ..call import Call, Values, action
from ..errors import ApiError, StatusError
from ..records import EDITS_THAT_FORBID_HIDING, OPEN, Account, State, status_difference
from ..titles import canonical_user, is_address

Json = dict[str, Any]

_CENTRAL_AUTH = '/srv/mediawiki/extensions/CentralAuth/includes/'
_CHANGE = 'MediaWiki\\Extension\\CentralAuth\\User\\CentralAuthUser::adminLockHide()'


@action('setglobalaccountstatus')
def setglobalaccountstatus(call: Call, values: Values) -> None:
    """Lock, unlock and hide."""
    if values['locked'] is None and values['hidden'] is None:
        raise errors.at_least_one_of(['locked', 'hidden'])
    call.answer.target = values['user']
    call.need('centralauth-lock', 'lock or unlock global accounts')
    account = _addressed(call, values['user'])
    # Whoever is late has not seen what was changed while the request was under way.
    late = call.farm.late or account.changed > call.arrived
    state = account.before if late else account.state
    check = values['statecheck']
    if check and check != account.statecheck(state):
        raise ApiError(
            'editconflict', 'Edit conflict detected, aborting.', key='editconflict'
        )
    reason = values['reason']
    if reason is None and call.farm.current:
        raise no_reason(call)
    locked = {'lock': True, 'unlock': False}.get(values['locked'], state.locked)
    wanted = State(locked, values['hidden'] or state.hidden)
    if not _refused(call, account, state, wanted, bool(values['hidden'])):
        changes = any(status_difference(state, wanted))
        if changes or not call.farm.current:
            _check_central_database(call)
        if changes and reason is None:
            raise no_comment(call, 'User/CentralAuthUser.php', 3348)
        if changes and late:
            current = call.farm.current
            raise state_mismatch(call, account, state) if current else cas_failure(call)
        if changes:
            call.farm.set_status(
                account,
                locked=wanted.locked,
                hidden=wanted.hidden,
                wiki=call.wiki,
                operator=call.user,
                reason=reason,
            )
            call.answer.effect = 'setstatus'
        state = wanted
    shown = _shown(account.name, state)
    if 'error' not in call.result:
        shown['reason'] = reason
    call.result['setglobalaccountstatus'] = shown


@action('deleteglobalaccount')
def deleteglobalaccount(call: Call, values: Values) -> None:
    """Delete a global account."""
    call.answer.target = values['user']
    call.need('centralauth-unmerge', 'unmerge global accounts')
    account = _addressed(call, values['user'])
    _check_central_database(call)
    if values['reason'] is None:
        line = 3548 if call.farm.current else 3348
        raise no_comment(call, 'User/CentralAuthUser.php', line)
    call.farm.delete_account(account, call.wiki, call.user, values['reason'])
    call.answer.effect = 'deleteglobalaccount'
    call.result['deleteglobalaccount'] = {
        'user': account.name,
        'reason': values['reason'],
    }


def cas_failure(call: Call) -> ApiError:
    """Return what all but one get of parallel changes of one account in 1.43."""
    return call.internal_error(
        'RuntimeException',
        'CAS update failed on user_touched. The version of the user to be saved is '
        'older than the current version.',
    )


def state_mismatch(
    call: Call, account: Account | None = None, state: State = OPEN
) -> ApiError:
    """Return what all but one get of parallel changes of one account today.

    :param account: the account; default: the one that the request names
    :param state: what the request saw of it
    """
    account = account or _addressed(call, call.given.get('user', ''))
    return StatusError(
        'centralauth-state-mismatch',
        'Error: The state of this user account has changed in the meantime. Please '
        'verify the current state and try again, if needed.',
        {'setglobalaccountstatus': _shown(account.name, state)},
    )


def no_reason(call: Call) -> ApiError:
    """Return what today's wikis do without a reason, even to do nothing."""
    return call.internal_error(
        'TypeError',
        f'{_CHANGE}: Argument #3 ($reason) must be of type string, null given, called '
        f'in {_CENTRAL_AUTH}Api/ApiSetGlobalAccountStatus.php on line 76',
    )


def no_comment(call: Call, file: str, line: int) -> ApiError:
    """Return how a log entry without a comment is shown."""
    entry = 'MediaWiki\\Logging\\' if call.farm.current else ''
    return call.internal_error(
        'TypeError',
        f'{entry}ManualLogEntry::setComment(): Argument #1 ($comment) must be of type '
        f'string, null given, called in {_CENTRAL_AUTH}{file} on line {line}',
    )


def central_readonly(call: Call, reason: str) -> ApiError:
    """Return the error for a CentralAuth that is read-only."""
    return call.internal_error(
        'MediaWiki\\Extension\\CentralAuth\\CentralAuthReadOnlyError',
        'The CentralAuth database is currently locked to new entries and other '
        'modifications, probably for routine database maintenance, after which it will '
        'be back to normal. The system administrator who locked it offered this '
        f'explanation: {reason}',
    )


def _addressed(call: Call, given: str) -> Account:
    """Return the account of a name; 1.43 wants it as it is kept."""
    name: str | None = given
    if call.farm.current and not is_address(given):
        name = canonical_user(given)
        if name is None:
            raise call.internal_error(
                'Wikimedia\\NormalizedException\\NormalizedException',
                f'Invalid username: {given}',
            )
    assert name is not None
    account = call.farm.accounts.get(name)
    if account is None or (
        account.hidden == 'suppressed' and 'centralauth-suppress' not in call.rights
    ):
        raise errors.no_such_user(name)
    return account


def _refused(
    call: Call, account: Account, state: State, wanted: State, about_hiding: bool
) -> bool:
    """Put a failed Status into the answer where one is due."""
    locks = call.farm.current and wanted.locked and not state.locked
    if locks and account is call.session.account:
        call.status_error(
            'centralauth-admin-cannot-lock-self',
            'You cannot lock your own global account.',
        )
        return True
    hides = about_hiding if call.farm.current else wanted.hidden != state.hidden
    if hides and 'centralauth-suppress' not in call.rights:
        call.status_error(
            'centralauth-admin-not-authorized',
            'You are not authorized to perform this action.',
        )
        return True
    if hides and account.editcount > EDITS_THAT_FORBID_HIDING:
        text = 'The global account "{}" has over 1,000 edits and cannot be hidden.'
        call.status_error(
            'centralauth-admin-too-many-edits',
            text.format(account.name),
            [account.name, {'num': EDITS_THAT_FORBID_HIDING}],
            text.format(f'<nowiki>{account.name}</nowiki>'),
        )
        return True
    if locks and account.temporary:
        call.status_error(
            'centralauth-admin-cannot-lock-temporary-account',
            'You cannot lock temporary accounts, as locking them will just allow them '
            'to get a new temporary account on their next edit.',
        )
        return True
    return False


def _check_central_database(call: Call) -> None:
    if call.farm.readonly:
        raise central_readonly(call, call.farm.readonly)


def _shown(name: str, state: State) -> Json:
    return {'user': name, 'locked': state.locked, 'hidden': state.hidden}
