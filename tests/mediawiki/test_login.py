"""Logging in, through unmodified pywikibot with the plugin enabled."""

from __future__ import annotations

from dataclasses import replace

import pytest
from pywikibot.exceptions import NoUsernameError

from .client import Client
from .wiki import Wiki


def test_main_password(client: Client, wiki: Wiki) -> None:
    site = client.site(wiki)
    assert site.user() == wiki.operator.name
    assert [sent.result for sent in wiki.sent() if sent.action == 'clientlogin'] == [
        'ok'
    ]
    assert 'delete' in site.userinfo['rights']


def test_bot_password(client: Client, wiki: Wiki) -> None:
    site = client.site(wiki, wiki.bot)
    assert site.user() == wiki.operator.name
    actions = [sent.action for sent in wiki.sent()]
    assert actions.count('login') == 1
    assert 'clientlogin' not in actions
    # Neither was granted.
    assert {'userrights', 'editinterface'}.isdisjoint(site.userinfo['rights'])


def test_wrong_password(client: Client, wiki: Wiki) -> None:
    with pytest.raises(NoUsernameError, match='FAIL'):
        client.site(wiki, replace(wiki.operator, password='not the password'))
    assert 'edit' not in [sent.action for sent in wiki.sent()]
