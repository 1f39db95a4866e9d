"""What actions on global accounts have in common: facts, columns and outcomes.

Which accounts are skipped, and what is written, is left to the actions.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from mw_tokens_plugin.campaign.records import (
    Decision,
    Outcome,
    SkipReason,
    State,
    Target,
)
from mw_tokens_plugin.messages import message
from mw_tokens_plugin.protocol.globalaccounts import GlobalAccount
from mw_tokens_plugin.protocol.names import AccountKind, kind_of
from mw_tokens_plugin.targets.accounts import does_not_exist

#: The problem of an account whose wikis cannot be read.
WIKIS_UNKNOWN = 'it breaks down over the list of the wikis that the account is on'


def account_columns(target: Target) -> dict[str, str]:
    """Return what the facts of a global account tell the operator, by heading."""
    facts = target.decision.facts
    groups = list(facts.get('groups') or ())
    groups += [
        message('campaign-group-on-wiki', group=group, wiki=wiki)
        for wiki, names in (facts.get('local_groups') or {}).items()
        for group in names
    ]
    registration, edits = facts.get('registration'), facts.get('edits')
    return {
        message('campaign-column-registered'): str(registration)[:10]
        if registration
        else '',
        message('campaign-column-home'): facts.get('home') or '',
        message('campaign-column-edits'): '' if edits is None else str(edits),
        message('campaign-column-groups'): ', '.join(groups),
    }


def account_facts(account: GlobalAccount) -> dict[str, Any]:
    """Return what the ledger keeps of a global account."""
    if not account.exists:
        return {}
    return {
        'name': account.name,
        'central_id': account.central_id,
        'locked': account.locked,
        'hidden': account.hidden.value,
        'home': account.home,
        'groups': list(account.groups),
        'local_groups': {k: list(v) for k, v in account.local_groups.items()},
        'edits': account.edit_count,
        'registration': account.registration and account.registration.isoformat(),
    }


def no_global_account(name: str) -> SkipReason | None:
    """Return why a name is skipped that cannot be a global account, without asking."""
    return {
        AccountKind.IP: SkipReason.IP,
        AccountKind.TEMPORARY: SkipReason.TEMPORARY,
    }.get(kind_of(name))


def is_in_local_group(account: GlobalAccount, ignored: frozenset[str]) -> bool:
    """Tell whether an account is in a group on any wiki.

    :param ignored: groups that do not count
    """
    return any(not ignored.issuperset(g) for g in account.local_groups.values())


def unreadable(name: str, error: Exception, *, hidden: bool = False) -> Decision:
    """Return the decision on an account that the wiki answers an error about.

    :param error: the error
    :param hidden: whether the name must not be shown
    """
    skipped = SkipReason.MISSING if does_not_exist(error) else SkipReason.UNREADABLE
    return Decision(name, hidden=hidden, skipped=skipped, facts={'problem': str(error)})


def seen(account: GlobalAccount, outcome: Outcome) -> Outcome:
    """Return the outcome for an account that was read, and may be hidden now."""
    return replace(outcome, hidden=account.is_hidden)


def read_at(time: str, decision: Decision) -> Decision:
    """Return a decision with the time at which the wiki was read."""
    if not decision.facts:
        return decision
    return replace(decision, facts={**decision.facts, 'looked_at': time})


def skipped_now(skipped: SkipReason) -> Outcome:
    """Return the outcome for an account that is skipped because it has changed."""
    detail = f'changed since the plan, and skipped: {skipped.value}'
    return Outcome(State.FAILED, detail=detail, reason_code=skipped.name)


def excluded_now() -> Outcome:
    """Return the outcome for an account that a standing list names since the plan."""
    skipped = SkipReason.EXCLUDED
    detail = f'skipped: {skipped.value}'
    return Outcome(State.FAILED, detail=detail, reason_code=skipped.name)


def present_name(target: Target) -> str:
    """Return the present name, which differs where an account was renamed."""
    return str(target.decision.facts.get('name') or target.name)
