"""One wiki of many may answer whatever it likes: the others are not kept waiting."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from requests import PreparedRequest, Response
from requests.adapters import HTTPAdapter

from centralauth_sandbox import Sandbox
from mw_tokens_plugin.cli import launch
from mw_tokens_plugin.exceptions import UnexpectedAnswer, WikiUnreachable
from mw_tokens_plugin.site.paraminfo import ModuleInfo

from .apicache import let_days_pass
from .desk import Run
from .farms import Farm
from .foreign import write_pages

pytestmark = pytest.mark.filterwarnings('ignore:Site objects have been created')

#: What stands for a value that is left out.
LEFT_OUT = object()


class Spoiler(HTTPAdapter):
    """Puts a wrong value into each answer of one wiki that has it.

    :ivar path: the keys that lead to the value
    """

    def __init__(self, host: str) -> None:
        """Spoil nothing yet."""
        super().__init__(pool_maxsize=32)
        self.host = host
        self.path: tuple[str | int, ...] = ()
        self.value: object = None

    def send(self, request: PreparedRequest, *args: Any, **kwargs: Any) -> Response:
        """Send a request, and spoil the answer."""
        response = super().send(request, *args, **kwargs)
        if self.path and urlsplit(request.url or '').netloc == self.host:
            body = json.loads(response.content)
            *way, last = self.path
            inner: Any = body
            try:
                for key in way:
                    inner = inner[key]
                inner[last]
            except (KeyError, IndexError):
                return response
            if self.value is LEFT_OUT:
                del inner[last]
            else:
                inner[last] = self.value
            response._content = json.dumps(body).encode()
        return response


@pytest.fixture
def spoiler(
    site: Any, farm: Farm, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Spoiler]:
    """What spoils the answers of the wiki `aa`."""
    from pywikibot.comms import http

    monkeypatch.setattr(launch, 'UNREACHABLE_AFTER', 0.0)
    before = http.session.get_adapter('http://127.0.0.1/')
    spoiler = Spoiler(farm.wikis['aa'].split('/')[2])
    http.session.mount('http://', spoiler)
    let_days_pass(100)
    yield spoiler
    http.session.mount('http://', before)
    let_days_pass(100)


@pytest.mark.parametrize(
    ('path', 'value'),
    [
        (('curtimestamp',), {'a': None}),
        (('curtimestamp',), 'yesterday'),
        (('query', 'general'), LEFT_OUT),
        (('query', 'pages', 0, 'pageid'), [7]),
        (('query', 'logevents'), {}),
        (('delete',), [[]]),
    ],
)
def test_a_wiki_that_answers_nonsense_stops_no_other(
    pwb: Callable[..., Run],
    sandbox: Sandbox,
    spoiler: Spoiler,
    tmp_path: Path,
    path: tuple[str | int, ...],
    value: object,
) -> None:
    """And nothing is said to be done there that was not."""
    file = tmp_path / 'pages.txt'
    write_pages(sandbox, 'aa', 'Spam')
    write_pages(sandbox, 'bb', 'Spam')
    file.write_text('aawiki\tSpam\nbbwiki\tSpam\n', 'utf-8')
    spoiler.path, spoiler.value = path, value
    run = pwb('crosswiki_delete', f'-file:{file}', '-reason:Spam', '-always')
    assert run.code in (0, 1, 75), run.said
    left = sandbox.call(
        lambda farm: [
            wiki for wiki in ('aa', 'bb') if 'Spam' in map(str, farm.wikis[wiki].pages)
        ]
    )
    assert left in ([], ['aa']), run.said
    assert (run.code == 0) is (left == []), run.said


@pytest.mark.parametrize(
    ('path', 'value'),
    [
        (('paraminfo',), []),
        (('paraminfo', 'modules'), 'x'),
        (('paraminfo', 'modules', 0), 7),
        (('paraminfo', 'modules', 0), {}),
        (('paraminfo', 'modules', 0, 'parameters'), 'x'),
        (('paraminfo', 'modules', 0, 'parameters'), [7]),
        (('paraminfo', 'modules', 0, 'parameters', 0), {}),
    ],
)
@pytest.mark.usefixtures('sandbox')
def test_nonsense_about_modules_is_asked_for_again(
    farm: Farm,
    spoiler: Spoiler,
    monkeypatch: pytest.MonkeyPatch,
    path: tuple[str | int, ...],
    value: object,
) -> None:
    """pywikibot would keep it on disk for a month."""
    from pywikibot import config

    monkeypatch.setattr(config, 'max_retries', 1)
    monkeypatch.setattr(config, 'retry_wait', 0)
    site = farm.site('aa')
    site.version()
    spoiler.path, spoiler.value = path, value
    with pytest.raises(UnexpectedAnswer):
        ModuleInfo(site).has_parameter('delete', 'reason')
    with pytest.raises(UnexpectedAnswer):
        ModuleInfo(site).values('query', 'meta')
    spoiler.path = ()
    assert ModuleInfo(site).has_parameter('delete', 'reason')
    assert 'tokens' in ModuleInfo(site).values('query', 'meta')


@pytest.mark.parametrize(
    ('path', 'value'),
    [
        (('query', 'general'), {}),
        (('query', 'general'), []),
        (('query', 'general', 'generator'), 7),
        (('query', 'general', 'generator'), 'x'),
    ],
)
@pytest.mark.usefixtures('sandbox')
def test_nonsense_about_the_wiki_is_not_kept(
    farm: Farm,
    spoiler: Spoiler,
    monkeypatch: pytest.MonkeyPatch,
    path: tuple[str | int, ...],
    value: object,
) -> None:
    """It would make each site object fail, for a month."""
    from pywikibot import config
    from pywikibot.site import APISite

    monkeypatch.setattr(config, 'max_retries', 1)
    monkeypatch.setattr(config, 'retry_wait', 0)
    spoiler.path, spoiler.value = path, value
    with pytest.raises(WikiUnreachable):
        APISite('aa', farm.family, farm.operator.name).version()
    spoiler.path = ()
    assert APISite('aa', farm.family, farm.operator.name).version()
