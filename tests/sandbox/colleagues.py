"""What other operators do to global blocks, and the log has of it."""

from __future__ import annotations

from typing import Any

from centralauth_sandbox import Sandbox
from centralauth_sandbox.globalblocks import GlobalBlock
from centralauth_sandbox.titles import Title

COLLEAGUE, OPERATOR = 2, 1

#: How the log calls settings other than the usual ones.
_FLAGS = {'anononly': 'anon-only', 'autoblock': 'enable-autoblock'}


def set_block(
    sandbox: Sandbox,
    target: str,
    *,
    expiry: str,
    by: int = COLLEAGUE,
    reason: str = 'Theirs',
    **settings: Any,
) -> None:
    """Let somebody block a target, or change its block, as the web form does.

    :param expiry: a moment as the API writes it
    """

    def make(farm: Any) -> None:
        account = farm.accounts.get(target)
        id = account.id if account else 0
        farm.global_blocks.purge()
        found = farm.global_blocks.find(target, id)
        number = found.id if found else farm.global_blocks.next_id()
        about = (target, id, by, 'metawiki', reason, farm.timestamp(), expiry)
        farm.global_blocks.keep(GlobalBlock(number, *about, **settings))
        end = ''.join(filter(str.isdigit, expiry))
        flags = [word for name, word in _FLAGS.items() if settings.get(name)]
        params = {'expiry': end, 'flags': flags}
        _log(farm, 'modify' if found else 'gblock', by, target, reason, params)

    sandbox.call(make)


def lift_block(
    sandbox: Sandbox, target: str, *, by: int = COLLEAGUE, by_number: bool = False
) -> None:
    """Let somebody lift a block, if there is one."""

    def lift(farm: Any) -> None:
        account = farm.accounts.get(target)
        found = farm.global_blocks.find(target, account.id if account else 0)
        if found is not None:
            farm.global_blocks.lift(found)
            whom = f'#{found.id}' if by_number else target
            _log(farm, 'gunblock', by, whom, 'Lifted')

    sandbox.call(lift)


def _log(
    farm: Any,
    action: str,
    by: int,
    target: str,
    reason: str,
    params: dict[str, Any] | None = None,
) -> None:
    name = farm.account_ids[by].name
    farm.central.write_log('gblblock', action, name, Title(2, target), reason, params)
