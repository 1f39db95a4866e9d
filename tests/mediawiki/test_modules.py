"""``for_action`` agrees with what the wiki accepts, for every module that it has.

https://www.mediawiki.org/wiki/API:Parameter_information
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from pywikibot.site import APISite

from mw_tokens_plugin.exceptions import NoTokenNeeded, UnknownModule

from .client import Client, post
from .wiki import Wiki

#: Parameters that are looked at before the token, and not described as required.
ONE_OF_SEVERAL = {'rollback': 'title', 'userrights': 'user'}


def described(site: APISite, path: str) -> Iterator[dict[str, Any]]:
    """Yield what the wiki says of all modules below one."""
    (above,) = post(site, action='paraminfo', modules=path)['paraminfo']['modules']
    below = {
        name
        for parameter in above['parameters']
        for name in parameter.get('submodules', {}).values()
    }
    names = sorted(below)
    for start in range(0, len(names), 50):
        wanted = '|'.join(names[start : start + 50])
        answer = post(site, action='paraminfo', modules=wanted)
        yield from answer['paraminfo']['modules']


def token_parameter(info: dict[str, Any]) -> str:
    """Return under which name a module takes its token; '' if it takes none."""
    names = [info['prefix'] + p['name'] for p in info['parameters'] if 'tokentype' in p]
    assert len(names) <= 1
    return names[0] if names else ''


def required(info: dict[str, Any], user: str) -> dict[str, str]:
    """Return some value for all other parameters without which it does not start."""
    values = {'user': user, 'integer': '1', 'timestamp': 'now', 'expiry': 'never'}
    needed = {ONE_OF_SEVERAL.get(info['name'])}
    return {
        info['prefix'] + p['name']: p['type'][0]
        if isinstance(p['type'], list)
        else values.get(p['type'], 'Something')
        for p in info['parameters']
        if (p['required'] or p['name'] in needed) and 'tokentype' not in p
    }


def test_every_module_accepts_the_chosen_type_and_no_other(
    client: Client, wiki: Wiki, note: Callable[[str], None]
) -> None:
    site = client.site(wiki)
    modules = list(described(site, 'main'))
    asked = post(site, action='query', meta='tokens', type='*')['query']['tokens']
    types = sorted(name.removesuffix('token') for name in asked)
    # Tokens are looked at before the lag is, and whoever passes does nothing.
    wiki.lag(1000)
    accepted: Counter[str] = Counter()
    refused = 0
    surprises: dict[tuple[str, str], dict[str, Any]] = {}
    for info in modules:
        name, parameter = info['name'], token_parameter(info)
        if name == 'login':
            # It has one that paraminfo does not tell of; see the test below.
            continue
        if not parameter:
            with pytest.raises(NoTokenNeeded):
                site.tokens.for_action(name)
            continue
        others = required(info, site.user())
        for type_ in types:
            token = site.tokens[type_]
            answer = post(
                site,
                **others,
                **{'action': name, 'maxlag': '1', parameter: token},
            )
            code = answer['error']['code']
            chosen = site.tokens.for_action(name) == token
            if code != ('maxlag' if chosen else 'badtoken'):
                surprises[name, type_] = answer['error']
            elif chosen:
                accepted[type_] += 1
            else:
                refused += 1
    assert surprises == {}
    note(
        f'{wiki.kind}, {site.siteinfo["generator"]}: of {len(modules)} modules '
        f'{accepted.total()} took the chosen token ({listed(accepted)}) and refused '
        f'all others, {refused} times'
    )


def listed(counts: Counter[str]) -> str:
    return ', '.join(f'{name} {count}' for name, count in sorted(counts.items()))


def test_no_query_module_wants_a_token(client: Client, wiki: Wiki) -> None:
    site = client.site(wiki)
    wanting = [
        info['path'] for info in described(site, 'query') if token_parameter(info)
    ]
    assert wanting == []
    with pytest.raises(NoTokenNeeded):
        site.tokens.for_action('query+info')


def test_unknown_module(client: Client, wiki: Wiki) -> None:
    site = client.site(wiki)
    with pytest.raises(UnknownModule, match='nosuchmodule'):
        site.tokens.for_action('nosuchmodule')


def test_login_wants_a_login_token(client: Client, wiki: Wiki) -> None:
    assert client.site(wiki).tokens.token_type_of('login') == 'login'
