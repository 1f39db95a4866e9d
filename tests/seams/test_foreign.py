"""What foreign sites rely on inside pywikibot.

Each test says what breaks in the plugin if it fails.
"""

from __future__ import annotations

import importlib
from pathlib import Path
from typing import Any

import pytest
from pywikibot import config
from pywikibot.data.api import Request
from pywikibot.exceptions import ApiTimeoutError, SiteDefinitionError
from pywikibot.family import AutoFamily, Family, SingleSiteFamily
from pywikibot.site import APISite, DataSite
from pywikibot.site._upload import Uploader
from sandbox.farms import Farm
from sandbox.foreign import wired

from centralauth_sandbox import Sandbox

_CONSUMER = ('consumer', 'consumer secret', 'access', 'access secret')


def test_a_site_asks_who_it_is_while_it_is_made(farm: Farm) -> None:
    """So a foreign site sets all that its requests need before that."""
    seen: list[str] = []

    class Probe(APISite):
        def login(self, *args: Any, **options: Any) -> None:
            seen.append(f'login {sorted(options)} {"_userinfo" in vars(self)}')

    Probe('aa', farm.family)
    assert seen == ["login ['cookie_only'] False"]


def test_what_keeps_oauth_away_is_reset_by_every_new_site(
    farm: Farm, monkeypatch: pytest.MonkeyPatch
) -> None:
    """So it is a property that stays; MediaWiki breaks down at both credentials."""

    class Signing(APISite):
        def login(self, *args: Any, **options: Any) -> None:
            pass

    class Silent(Signing):
        _oauth_disabled = property(lambda self: True, lambda self, value: None)

    host = farm.wikis['aa'].split('/')[2]
    monkeypatch.setattr(config, 'authenticate', {host: _CONSUMER})
    sites = [Signing('aa', farm.family), Silent('aa', farm.family)]
    assert vars(sites[0])['_oauth_disabled'] is False
    assert [site.is_oauth_token_available() for site in sites] == [True, False]
    with wired() as wire:
        for site in sites:
            site.simple_request(action='query', meta='tokens').submit()
    assert [bool(sent.authorization) for sent in wire.sent] == [True, False]


def test_userinfo_is_kept_in_one_attribute(site: Any, sandbox: Sandbox) -> None:
    """A foreign site reads it together with the tokens, and puts it there."""
    site.login()
    kept = site._userinfo
    sandbox.journal.clear()
    assert site.userinfo is kept
    del site.userinfo
    site._userinfo = kept
    assert site.userinfo is kept and site.logged_in()
    assert len(sandbox.journal) == 0


@pytest.mark.parametrize('chunk_size', [0, 2000], ids=['whole', 'chunks'])
def test_uploads_carry_their_files_in_mime_and_take_any_answer_to_it(
    site: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, chunk_size: int
) -> None:
    """Else the transmission could not be cut into pieces."""
    import pywikibot

    carried: list[tuple[str, int, Any]] = []

    class AnsweredRequest(Request):
        def submit(self) -> Any:
            if not self.mime:
                return {'upload': {'result': 'Success', 'nochange': ''}}
            ((name, (content, *_)),) = self.mime.items()
            offset = int(self['offset'][0]) if 'offset' in self else 0
            carried.append((name, len(content), offset))
            if name == 'file':
                return {'upload': {'result': 'Success', 'nochange': ''}}
            # As if another size had been sent.
            result = 'Continue' if offset < 3000 else 'Success'
            answer = {'result': result, 'filekey': '1.2.3.png', 'offset': offset + 1500}
            return {'upload': answer}

    def choose(kwargs: dict[str, Any]) -> Any:
        is_upload = kwargs['parameters']['action'] == 'upload'
        return AnsweredRequest if is_upload else before(kwargs)

    site.login()
    before = site._request_class
    monkeypatch.setattr(site, '_request_class', choose)
    picture = tmp_path / 'picture.png'
    picture.write_bytes(b'x' * 5000)
    page = pywikibot.FilePage(site, 'Picture.png')
    options = {'summary': 'test', 'text': 'x', 'chunk_size': chunk_size}
    assert Uploader(site, page, source_filename=str(picture), **options).upload()
    if chunk_size:
        assert [(n, offset) for n, _, offset in carried] == [
            ('chunk', 0),
            ('chunk', 1500),
            ('chunk', 3000),
        ]
    else:
        assert carried == [('file', 5000, 0)]


def test_a_request_can_be_told_not_to_be_repeated(site: Any, sandbox: Sandbox) -> None:
    """Tokens that are minted ahead are, so that the end of a script does not wait."""
    site.login()
    sandbox.faults.arm(kind='html', action='centralauthtoken', times=0)
    request = site._request(
        throttle=False, max_retries=0, parameters={'action': 'centralauthtoken'}
    )
    sandbox.journal.clear()
    with pytest.raises(ApiTimeoutError):
        request.submit()
    assert len(sandbox.journal) == 1


def test_one_broken_answer_ends_a_family_that_was_made_of_an_address(
    farm: Farm, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    """So the plugin makes other ones for wikis that are in no family."""
    monkeypatch.setattr(config, 'retry_wait', 0)
    members = {
        'name': 'own',
        'domain': farm.wikis['aa'].split('/')[2],
        'protocol': lambda self, code: 'http',
        'scriptpath': lambda self, code: '/w',
    }
    ours = APISite('own', type('Family', (SingleSiteFamily,), members)())
    theirs = APISite('auto', AutoFamily('auto', farm.wikis['aa']))
    for site in (ours, theirs):
        sandbox.faults.arm(kind='html', wiki='aa', action='query')
        request = site.simple_request(action='query', meta='tokens', type='login')
        if site is ours:
            assert request.submit()
        else:
            with pytest.raises(SiteDefinitionError):
                request.submit()


def test_the_interface_of_a_family_is_a_class_or_its_name() -> None:
    """Foreign sites are made of it, and bear its name."""
    interface = Family.load('wikidata').interface('wikidata')
    assert interface == 'DataSite'
    assert getattr(importlib.import_module('pywikibot.site'), interface) is DataSite
    assert Family.load('meta').interface('meta') in ('APISite', APISite)
