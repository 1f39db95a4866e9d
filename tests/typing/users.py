"""What an editor and mypy know about a site object with the plugin."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pywikibot
from typing_extensions import assert_type

import mw_tokens_plugin
from mw_tokens_plugin import (
    AccountState,
    GlobalAccount,
    HiddenLevel,
    StatusChange,
    Token,
    TokenType,
)
from mw_tokens_plugin.protocol.globalaccounts import ListedAccount, LockLogEntry
from mw_tokens_plugin.protocol.globalgroups import (
    GlobalGroup,
    GlobalRename,
    GroupsChange,
    WikiSet,
)
from mw_tokens_plugin.site.queries import EditContext
from mw_tokens_plugin.site.wallet import TypedTokenWallet

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

# Queries.
assert_type(site.edit_context('Project:Sandbox'), EditContext)
assert_type(site.edit_context('Project:Sandbox').token, Token)

# The site itself.
assert_type(site.username(), str | None)
site.nosuch  # type: ignore[attr-defined]
