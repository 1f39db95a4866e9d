"""What the doctor prints is in the language of the operator, its JSON is not."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator

import pytest
from pywikibot import config
from rich.console import Console

from mw_tokens_plugin import messages
from mw_tokens_plugin.doctor.display import as_json, show
from mw_tokens_plugin.doctor.findings import (
    Diagnosis,
    LoginKind,
    Obstacle,
    Role,
    WikiCheck,
)


@pytest.fixture
def translated(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Let there be a language, in which each message is its key and its parameters."""
    bundle = {
        key: {'xx': ' '.join([key, *re.findall(r'%\(\w+\)[sd]', texts['en'])])}
        for key, texts in messages._bundle('token_doctor').items()
    }
    monkeypatch.setattr(messages, '_bundle', lambda name: bundle)
    monkeypatch.setattr(config, 'userinterface_lang', 'xx')
    yield


@pytest.mark.parametrize('obstacle', Obstacle)
@pytest.mark.parametrize('login', [None, LoginKind.BOT_PASSWORD])
def test_why_there_is_no_centralauthtoken_is_told_in_the_language_of_the_operator(
    obstacle: Obstacle,
    login: LoginKind | None,
    translated: None,
    capsys: pytest.CaptureFixture[str],
) -> None:
    found = Diagnosis(
        login=login,
        centralauthtoken=False,
        foreign_site=None,
        obstacle=obstacle,
        reason=None,
        targets=1,
        secret_files=(),
        wikis=(
            WikiCheck('a:home', (Role.HOME.value,)),
            WikiCheck('', (Role.CENTRAL.value,)),
        ),
    )
    show(found, Console(file=io.StringIO()))
    words = re.findall(r'[\w:-]*\w', capsys.readouterr().out)
    assert {*words} <= {
        *messages._bundle('token_doctor'),
        'centralauthtoken',
        'a:home',
    }
    assert as_json(found)['obstacle'] == obstacle.value
