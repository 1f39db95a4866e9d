"""What an editor and mypy know about a site object with the plugin."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any

import pywikibot
from typing_extensions import assert_type

import mw_tokens_plugin
from mw_tokens_plugin import (
    INFINITY,
    AccountState,
    EditContext,
    GlobalAccount,
    GlobalBlock,
    GlobalBlockChange,
    GlobalBlockLogEntry,
    GlobalGroup,
    GlobalRename,
    GroupsChange,
    HiddenLevel,
    ListedAccount,
    LocalBlock,
    LockLogEntry,
    StatusChange,
    Token,
    TokenType,
    TypedSite,
    TypedTokenWallet,
    WikiSet,
)
from mw_tokens_plugin.campaign import (
    Action,
    CampaignScript,
    Decision,
    Kind,
    Outcome,
    Target,
    option,
)

mw_tokens_plugin.enable()
site = mw_tokens_plugin.typed(pywikibot.Site('meta:meta'))

# Tokens.
assert_type(site.tokens, TypedTokenWallet)
assert_type(site.tokens.csrf, Token)
assert_type(site.tokens.rollback, Token)
assert_type(site.tokens['thattype'], Token)
assert_type(site.tokens.for_action('delete'), Token)
assert_type(site.tokens.token_type_of('delete'), TokenType)
assert_type(site.tokens.csrf.type, TokenType)
assert_type(site.tokens.csrf.user, str | None)
text: str = site.tokens.csrf
site.tokens.prefetch('csrf', 'rollback')
assert_type(site.query_with_tokens(['csrf'], meta='siteinfo'), dict[str, Any])
site.tokens.csfr  # type: ignore[attr-defined]
site.tokens.csrf = 'x'  # type: ignore[assignment]

# Global accounts.
account = site.global_account('Example')
assert_type(account, GlobalAccount)
assert_type(account.hidden, HiddenLevel)
assert_type(account.edit_count, int | None)
assert_type(account.state, AccountState)
account.locked = True  # type: ignore[misc]
account.lokced  # type: ignore[attr-defined]
change = site.set_global_account_status(
    'Example', locked=True, reason='', expected=account
)
assert_type(change, StatusChange)
site.set_global_account_status('Example', locked=True)  # type: ignore[call-arg]

assert_type(site.all_global_accounts(prefix='Spam'), Iterator[ListedAccount])
assert_type(site.lock_log('Example'), Iterator[LockLogEntry])
assert_type(site.global_groups(), Iterator[GlobalGroup])
assert_type(site.wiki_sets(), Iterator[WikiSet])
assert_type(site.global_rename_status(), Iterator[GlobalRename])
assert_type(site.set_global_groups('Example', add=['x'], reason=''), GroupsChange)
site.delete_global_account('Example')  # type: ignore[call-arg]

# Global blocks.
assert_type(site.global_blocks(['Example'], limit=5), Iterator[GlobalBlock])
assert_type(site.global_block_log(41), Iterator[GlobalBlockLogEntry])
blocked = site.global_block('Example', expiry=INFINITY, reason='', local=LocalBlock())
assert_type(blocked, GlobalBlockChange)
assert_type(blocked.expiry, datetime)
site.global_block('Example', reason='')  # type: ignore[call-arg]
site.global_unblock('Example')  # type: ignore[call-arg]

# Queries.
assert_type(site.edit_context('Project:Sandbox'), EditContext)
assert_type(site.edit_context('Project:Sandbox').token, Token)

# The site itself.
assert_type(site.username(), str | None)
assert_type(site, TypedSite)
assert_type(site.foreign_site('aa'), TypedSite)
assert_type(site.central_site(), TypedSite)
assert_type(mw_tokens_plugin.foreign_site('aa'), TypedSite)
assert_type(site.post('purge', titles='X'), dict[str, Any])
assert_type(site.tokens.parameters_for('login'), dict[str, Token])
site.post('move', once=True, **{'from': 'A', 'to': 'B'})
site.post('purge', once='yes')  # type: ignore[arg-type]
site.has_extension('CentralAuth')
for page in site.allpages(total=1):
    page.touch()


# Campaigns.
class Purge(Action):
    """An action of one's own."""

    def describe(self) -> str:
        """Return what is done."""
        return 'purge'

    def apply(self, target: Target) -> Outcome:
        """Do it."""
        assert_type(target.name, str)
        raise NotImplementedError


assert_type(option('Help.', 'x'), Any)
kinds: dict[str, Kind] = {}
script: type[CampaignScript] = CampaignScript
decisions: list[Decision] = []
