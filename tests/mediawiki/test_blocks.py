"""Whoever is blocked is refused all that changes pages, and may lift their own block.

https://www.mediawiki.org/wiki/Help:Blocking_users
"""

from __future__ import annotations

from typing import Any

import pytest
from pywikibot.exceptions import APIError
from pywikibot.site import APISite

from .client import Client, page
from .wiki import Wiki


def refused(site: APISite, action: str, **params: Any) -> str:
    """Return what a write is refused with."""
    kind = 'rollback' if action == 'rollback' else 'csrf'
    kind = 'patrol' if action == 'patrol' else kind
    try:
        site.simple_request(action=action, token=site.tokens[kind], **params).submit()
    except APIError as error:
        return str(error.code)
    return ''


def test_whoever_is_blocked_can_only_lift_their_own_block(
    client: Client, wiki: Wiki
) -> None:
    site = client.site(wiki)
    one, me, other = page(site, 'text'), wiki.operator.name, wiki.member.name
    title, revision = one.title(), str(one.latest_revision_id)
    talk = {'title': f'User talk:{me}', 'appendtext': 'x'}

    def block(**params: Any) -> str:
        params |= {'user': me, 'reason': 'a test', 'reblock': '1'}
        return refused(site, 'block', **params)

    assert block(allowusertalk='1') == ''
    try:
        assert refused(site, 'edit', title=title, text='other') == 'blocked'
        assert refused(site, 'edit', **talk) == ''
        assert refused(site, 'edit', title=f'User talk:{other}', text='x') == 'blocked'
        assert refused(site, 'move', **{'from': title, 'to': f'{title} 2'}) == 'blocked'
        assert refused(site, 'delete', title=title) == 'blocked'
        assert refused(site, 'undelete', title=title) == 'blocked'
        assert (
            refused(site, 'protect', title=title, protections='edit=sysop')
            == 'cantedit'
        )
        assert refused(site, 'patrol', revid=revision) == 'blocked'
        assert refused(site, 'block', user=other) == 'ipbblocked'
        assert refused(site, 'unblock', user=other) == 'ipbblocked'
        assert block() == ''
        assert refused(site, 'edit', **talk) == 'blocked'
    finally:
        assert refused(site, 'unblock', user=me) == ''
    assert refused(site, 'edit', title=title, text='other') == ''


@pytest.mark.parametrize('expiry', ['tomorrow', '2 hours', 'never', '2031-02-30'])
def test_a_list_of_blocks_tells_until_when(
    client: Client, wiki: Wiki, expiry: str
) -> None:
    site = client.site(wiki)
    target = '192.0.2.7'
    params = {'user': target, 'reason': 'a test', 'expiry': expiry}
    assert refused(site, 'block', **params) == ''
    try:
        query = {'action': 'query', 'list': 'blocks', 'bkusers': target}
        (found,) = site.simple_request(**query).submit()['query']['blocks']
        assert (found['expiry'] == 'infinity') is (expiry == 'never')
        shown = {'bkshow': '!temp' if expiry == 'never' else 'temp'}
        assert site.simple_request(**query, **shown).submit()['query']['blocks']
    finally:
        assert refused(site, 'unblock', user=target) == ''
