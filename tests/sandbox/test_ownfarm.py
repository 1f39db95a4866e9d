"""A farm of one's own: each wiki is told from the others, or nothing is written."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import requests

from .ownfarm import ALIVE, configure_both, same_page, writes

if TYPE_CHECKING:
    from pathlib import Path

    from mw_tokens_plugin.sandbox import Sandbox

    from .farms import Farm


def test_the_farm_is_what_it_is_said_to_be(own_farm: Farm) -> None:
    """Its wikis are told apart by what they say of themselves."""
    said = {}
    for code in ALIVE:
        answer = requests.get(
            own_farm.wikis[code],
            params={'action': 'query', 'meta': 'siteinfo', 'format': 'json'}
            | {'siprop': 'general|namespaces', 'formatversion': '2'},
            timeout=60,
        ).json()
        if 'error' in answer:
            assert answer['error']['code'] == 'readapidenied'
            continue
        general = answer['query']['general']
        name = answer['query']['namespaces']['2']['name']
        said[code] = (general['wikiid'], general['articlepath'], name)
        script = general['server'] + general['scriptpath'] + '/api.php'
        assert script == own_farm.wikis[code]
    assert said.keys() == set(ALIVE) - {'prv'}
    assert said['cc'] == ('ccwiki', '/cc/index.php/$1', 'User')
    assert said['de'] == ('dewiki', '/$1', 'Benutzer')
    assert said['ffwiki'][0] == 'eewiki'
    answer = requests.get(own_farm.wikis['del'], timeout=60)
    assert (answer.status_code, answer.headers['Content-Type']) == (404, 'text/html')
    with pytest.raises(requests.ConnectionError):
        requests.get(own_farm.wikis['gone'], timeout=60)


def test_pywikibot_works_on_it(own_farm: Farm, own_sandbox: Sandbox) -> None:
    import pywikibot

    same_page(own_sandbox)
    for code in ('meta', 'bb', 'cc', 'de', 'ffwiki', 'prv'):
        site = own_farm.site(code)
        site.login()
        page = pywikibot.Page(site, 'Benutzer:X' if code == 'de' else 'User:X')
        page.text = 'somebody'
        page.save('test', quiet=True)
    # Logging in creates accounts of nobody here.
    assert writes(own_sandbox) == dict.fromkeys(
        ('meta', 'bb', 'cc', 'de', 'ffwiki', 'prv'), 1
    )


def test_two_farms_fit_into_one_configuration(
    own_farm: Farm, second_farm: Farm, tmp_path: Path
) -> None:
    configure_both(tmp_path, own_farm, second_farm)
    text = (tmp_path / 'user-config.py').read_text('utf-8')
    assert all(f"family_files['{f.family}']" in text for f in (own_farm, second_farm))
