"""What the doctor finds on a MediaWiki without CentralAuth."""

from __future__ import annotations

from typing import Any

import pytest

from mw_tokens_plugin.campaign.errorcodes import exit_code_of
from mw_tokens_plugin.campaign.exitcodes import ExitCode
from mw_tokens_plugin.doctor import LoginKind, examine
from mw_tokens_plugin.doctor.findings import Missing, Obstacle
from mw_tokens_plugin.exceptions import UnknownModule
from mw_tokens_plugin.targets.wikis import Wikis

from .client import Client
from .wiki import Wiki


@pytest.mark.only('mediawiki')
@pytest.mark.parametrize(
    ('account', 'login'),
    [
        ('operator', LoginKind.MAIN_PASSWORD),
        ('bot', LoginKind.BOT_PASSWORD),
        ('member', LoginKind.MAIN_PASSWORD),
    ],
)
def test_the_kind_of_login_is_told_without_centralauth_too(
    account: str, login: LoginKind, client: Client, wiki: Wiki
) -> None:
    site: Any = client.site(wiki, getattr(wiki, account))
    found = examine(site)
    assert found.login is login
    assert not found.centralauthtoken
    assert found.foreign_site is None
    assert found.obstacle is Obstacle.NO_CENTRALAUTH
    assert not found.would_work('global_lock')
    assert found.would_work('link_account') is (login is LoginKind.MAIN_PASSWORD)
    assert not found.would_work('crosswiki_delete')
    (checked,) = found.wikis[0].checks('crosswiki_delete')
    assert checked.missing[0] == Missing('module', 'globaluserinfo')
    assert (len(checked.missing) == 1) is (account != 'member')
    with pytest.raises(UnknownModule, match='no meta=globaluserinfo') as raised:
        list(Wikis(site))
    assert exit_code_of(raised.value) is ExitCode.USAGE
