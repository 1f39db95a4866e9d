"""What groups may do, and what the grants of bot passwords leave of it.

The lists are those of a plain MediaWiki with CentralAuth; they do not know accounts.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache

GLOBAL_GROUPS: dict[str, tuple[str, ...]] = {
    'global-bot': ('bot', 'noratelimit'),
    'global-sysop': ('block', 'delete'),
    'steward': tuple(
        """
        apihighlimits block centralauth-createlocal centralauth-lock
        centralauth-rename centralauth-suppress centralauth-unmerge delete
        globalgroupmembership globalgrouppermissions hideuser noratelimit
        suppressionlog userrights
    """.split()
    ),
}

GROUPS: dict[str, tuple[str, ...]] = {
    '*': tuple(
        """
        createaccount read edit createpage createtalk viewmyprivateinfo
        editmyprivateinfo editmyoptions centralauth-merge
    """.split()
    ),
    'user': tuple(
        """
        move move-subpages move-rootuserpages move-categorypages upload reupload
        reupload-shared minoredit editmyusercss editmyuserjson editmyuserjs
        editmyuserjsredirect sendemail applychangetags changetags editcontentmodel
        viewmywatchlist editmywatchlist mwoauthmanagemygrants
    """.split()
    ),
    'autoconfirmed': ('autoconfirmed', 'editsemiprotected'),
    'bot': tuple(
        """
        bot autoconfirmed editsemiprotected nominornewtalk autopatrol
        suppressredirect apihighlimits noratelimit
    """.split()
    ),
    'sysop': tuple(
        """
        block createaccount delete bigdelete deletedhistory deletedtext undelete
        editinterface editsitejson edituserjson import importupload move
        move-subpages move-rootuserpages move-categorypages patrol autopatrol
        protect editprotected rollback upload reupload reupload-shared
        unwatchedpages autoconfirmed editsemiprotected ipblock-exempt blockemail
        markbotedits apihighlimits browsearchive movefile unblockself
        suppressredirect mergehistory managechangetags deletechangetags
        mwoauthproposeconsumer mwoauthupdateownconsumer mwoauthmanageconsumer
        override-antispoof centralauth-createlocal
    """.split()
    ),
    'interface-admin': ('editinterface', 'editsitejson', 'editsitecss', 'editsitejs'),
    'bureaucrat': ('userrights', 'noratelimit', 'renameuser', 'override-antispoof'),
    'steward': tuple(
        """
        userrights centralauth-lock centralauth-suppress centralauth-unmerge
        centralauth-rename globalgrouppermissions globalgroupmembership
    """.split()
    ),
    'suppress': ('hideuser', 'suppressrevision', 'viewsuppressed', 'suppressionlog'),
}

#: What is different on today's wikis, with GlobalBlocking.
_TODAY: dict[str, tuple[str, ...]] = {
    'user': (
        *(right for right in GROUPS['user'] if right != 'editcontentmodel'),
        'movefile',
    ),
    'sysop': (*GROUPS['sysop'], 'editcontentmodel', 'globalblock-whitelist'),
    'steward': (*GROUPS['steward'], 'globalblock'),
}

# Grants give rights that the account has; none holds centralauth-unmerge.
GRANTS: dict[str, tuple[str, ...]] = {
    'basic': tuple(
        """
        autoconfirmed autopatrol editsemiprotected ipblock-exempt nominornewtalk
        patrolmarks read unwatchedpages
    """.split()
    ),
    'highvolume': ('apihighlimits', 'bot', 'markbotedits', 'noratelimit'),
    'editpage': tuple(
        """
        edit minoredit applychangetags changetags editcontentmodel
    """.split()
    ),
    'editprotected': tuple(
        """
        edit minoredit applychangetags changetags editcontentmodel editprotected
    """.split()
    ),
    'createeditmovepage': tuple(
        """
        edit minoredit applychangetags changetags editcontentmodel createpage
        createtalk move move-subpages move-rootuserpages move-categorypages
        suppressredirect
    """.split()
    ),
    'delete': tuple(
        """
        bigdelete browsearchive delete deletedhistory deletedtext undelete
    """.split()
    ),
    'protect': ('protect', 'editprotected'),
    'rollback': ('rollback',),
    'blockusers': ('block', 'blockemail'),
    'globalblock': ('globalblock',),
    'patrol': ('patrol',),
    'uploadeditmovefile': tuple(
        """
        movefile reupload reupload-own reupload-shared suppressredirect upload
        upload_by_url
    """.split()
    ),
    'createlocalaccount': ('centralauth-createlocal',),
    'setglobalaccountstatus': ('centralauth-lock', 'centralauth-suppress'),
}


@lru_cache(maxsize=1024)
def rights_of(
    global_groups: frozenset[str],
    groups: frozenset[str],
    grants: frozenset[str] | None = None,
    *,
    today: bool = False,
    more: tuple[str, ...] = (),
) -> dict[str, None]:
    """Return the rights of a user, in order, as the keys of a mapping.

    :param groups: local groups without the implicit ones.
    :param grants: those of the bot password in use; None for no limit.
    :param today: on today's wikis rather than on those of release 1.43.
    :param more: what the global groups of this farm give besides.
    """
    local = groups_of(today)
    found = _join(GLOBAL_GROUPS.get(group, ()) for group in sorted(global_groups))
    found |= dict.fromkeys(more)
    found |= _join(local.get(group, ()) for group in implicit_groups(groups))
    if grants is None:
        return found
    allowed = _join(GRANTS[grant] for grant in sorted(grants))
    return {right: None for right in found if right in allowed}


def groups_of(today: bool) -> dict[str, tuple[str, ...]]:
    """Return the local groups with their rights."""
    return GROUPS | _TODAY if today else GROUPS


ANONYMOUS: dict[str, None] = dict.fromkeys(GROUPS['*'])


def implicit_groups(groups: Iterable[str]) -> list[str]:
    """Return all groups of a registered user, in the order MediaWiki gives."""
    return [*sorted(groups), '*', 'user', 'autoconfirmed']


def _join(lists: Iterable[Iterable[str]]) -> dict[str, None]:
    return {right: None for rights in lists for right in rights}
