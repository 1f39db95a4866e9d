"""Start the wikis once, and choose against which ones the tests run.

``pytest tests/mediawiki`` takes the sandbox and a real MediaWiki, and skips the latter
where it is not installed, but not in continuous integration. ``pytest`` for the whole
project takes the sandbox alone, and leaves out what only a real one can show.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from functools import partial
from pathlib import Path

import pytest
from needed import is_asked_for, need

import mw_tokens_plugin
from centralauth_sandbox import Sandbox

from .browser import Browser, lacking
from .client import Client, add_family, configured
from .imitation import SandboxWiki
from .installation import MediaWiki, missing
from .wiki import Wiki

HERE = Path(__file__).parent


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line('markers', 'only(kind): takes this kind of wiki alone')


@pytest.fixture
def note(record_property: Callable[[str, object], None]) -> Callable[[str], None]:
    """What tests found, to be printed at the end, whichever process ran them."""
    return partial(record_property, 'wiki')


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    notes = [
        str(value)
        for report in terminalreporter.getreports('passed')
        for name, value in report.user_properties
        if name == 'wiki'
    ]
    if notes:
        terminalreporter.section('wikis that were tested against')
        for line in notes:
            terminalreporter.line(line)


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run what takes wikis against each kind, unless it is marked for one."""
    if 'kind' not in metafunc.fixturenames:
        return
    only = [mark.args[0] for mark in metafunc.definition.iter_markers('only')]
    metafunc.parametrize('kind', only or ['sandbox', 'mediawiki'], scope='package')


def pytest_collection_modifyitems(
    config: pytest.Config, items: list[pytest.Item]
) -> None:
    """Leave out what takes a real MediaWiki where nobody has asked for one."""
    if not is_asked_for(config, HERE):
        items[:] = [item for item in items if not _needs_mediawiki(item)]


def _needs_mediawiki(item: pytest.Item) -> bool:
    parametrised = getattr(item, 'callspec', None)
    return (
        parametrised is not None
        and parametrised.params.get('kind') == 'mediawiki'
        and item.path.is_relative_to(HERE)
    )


@pytest.fixture(scope='package')
def pywikibot_directory() -> Iterator[Path]:
    """A directory for what pywikibot writes."""
    with tempfile.TemporaryDirectory(prefix='pywikibot-') as name:
        yield Path(name)


@pytest.fixture(scope='package')
def shared_client(pywikibot_directory: Path) -> Iterator[Client]:
    """The client of all tests here; those elsewhere find their settings again."""
    mw_tokens_plugin.enable()
    with configured(pywikibot_directory) as client:
        yield client


@pytest.fixture(scope='package')
def farm(
    kind: str, pywikibot_directory: Path, shared_client: Client
) -> Iterator[list[Wiki]]:
    """Two wikis that are running."""
    with ExitStack() as stack:
        wikis: list[Wiki]
        if kind == 'sandbox':
            sandbox = stack.enter_context(
                Sandbox(wikis=2, mediawiki='1.43', accounts=0)
            )
            wikis = [SandboxWiki(sandbox, code) for code in sandbox.wikis]
        else:
            wikis = list(_installed(stack))
        add_family(pywikibot_directory, wikis)
        yield wikis


def _installed(stack: ExitStack) -> Iterator[Wiki]:
    if lacking := missing():
        need(f'No MediaWiki to test against: {lacking}.')
    directory = tempfile.TemporaryDirectory(prefix='mediawiki-')
    parent = Path(stack.enter_context(directory))
    for number, code in enumerate(('one', 'two'), 1):
        wiki = MediaWiki(code, f'127.0.0.{number}', parent / code)
        wiki.install()
        stack.enter_context(wiki.running())
        yield wiki


@pytest.fixture
def client(shared_client: Client) -> Client:
    """pywikibot without any login."""
    shared_client.forget_logins()
    return shared_client


@pytest.fixture
def wikis(farm: list[Wiki]) -> Iterator[list[Wiki]]:
    """The two wikis, as they are put back when the test ends."""
    for wiki in farm:
        wiki.forget()
    yield farm
    for wiki in farm:
        wiki.restore()


@pytest.fixture
def wiki(wikis: list[Wiki]) -> Wiki:
    """One of the two wikis."""
    return wikis[0]


@pytest.fixture
def browser() -> Iterator[Browser]:
    """A real browser, where there is one; in continuous integration there is."""
    if missing_parts := lacking():
        need(f'No browser to make the trip: {missing_parts} missing.')
    started = Browser()
    yield started
    started.close()
