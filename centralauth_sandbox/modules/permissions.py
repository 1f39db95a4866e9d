"""Who may edit a page, or do something else to it."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from .. import errors
from ..call import Call
from ..errors import ApiError
from ..records import Page
from ..rights import groups_of
from ..titles import Title
from .blocked import check_block


def check_user_script(call: Call, title: Title) -> None:
    """Refuse who may not edit the scripts of other users.

    :raises ApiError: the reason.
    """
    owner, slash, _ = title.name.partition('/')
    kind = title.name.rpartition('.')[2]
    names = {'js': 'JavaScript', 'css': 'CSS', 'json': 'JSON'}
    if title.namespace != 2 or not slash or kind not in names or owner == call.user:
        return
    if f'edituser{kind}' not in call.rights:
        raise ApiError(
            f'custom{kind}protected',
            f'You do not have permission to edit this {names[kind]} page because it '
            "contains another user's personal settings.",
        )


def check_edit(call: Call, page: Page | None, title: Title) -> None:
    """Refuse users who may not edit a page.

    :raises ApiError: the reason.
    """
    check_block(call, title, spread=True)
    check_right_to_edit(call, page, title)
    if page is not None:
        check_protection(call, page, 'edit')
    else:
        check_creation(call, title)


def check_creation(call: Call, title: Title) -> None:
    """Refuse who may not create a page of a protected title.

    :raises ApiError: protectedtitle.
    """
    level, expiry = call.wiki.protected_titles.get(title, ('', 'infinity'))
    if is_kept_out(call, level, expiry):
        raise ApiError(
            'protectedtitle',
            'This title has been protected from creation.',
            key='titleprotected',
        )


def refusals(
    call: Call, page: Page | None, title: Title, action: str
) -> list[ApiError]:
    """Return all that an action on a page would be refused with."""
    found: list[ApiError] = []
    checks: list[Callable[[], None]] = [partial(check_block, call, title)]
    if action == 'undelete':
        checks.insert(0, partial(check_user_script, call, title))
    if page is not None and action in ('edit', 'move'):
        checks.insert(0, partial(check_protection, call, page, action))
    if action == 'edit':
        checks.insert(0, partial(check_right_to_edit, call, page, title))
    elif action not in call.rights and action in groups_of(call.farm.current)['sysop']:
        found.append(errors.admins_only())
    elif action not in call.rights:
        found.append(errors.denied('execute the action you have requested'))
    for check in checks:
        try:
            check()
        except ApiError as error:
            found.append(error)
    return found


def check_right_to_edit(call: Call, page: Page | None, title: Title) -> None:
    if 'edit' not in call.rights or (page is None and 'createpage' not in call.rights):
        raise errors.denied('edit this page')
    if title.namespace == 8 and 'editinterface' not in call.rights:
        raise ApiError(
            'protectednamespace-interface',
            'This page provides interface text for the software on this wiki, and is '
            'protected to prevent abuse.',
        )


def check_protection(call: Call, page: Page, kind: str) -> None:
    """Refuse who may not do something to a page that is protected from it.

    :raises ApiError: protectedpage.
    """
    if is_kept_out(call, *page.protection.get(kind, ('', ''))):
        raise ApiError(
            'protectedpage',
            'This page has been protected to prevent editing or other actions.',
        )


def is_kept_out(call: Call, level: str, expiry: str) -> bool:
    """Tell whether a protection concerns the user."""
    right = {'sysop': 'editprotected', 'autoconfirmed': 'editsemiprotected'}.get(level)
    ended = expiry != 'infinity' and expiry <= call.farm.timestamp()
    return right is not None and not ended and right not in call.rights


def protectable(title: Title) -> list[str]:
    """Return what an existing page can be protected from."""
    return ['edit', 'move', *(['upload'] if title.namespace == 6 else [])]
