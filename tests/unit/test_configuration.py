"""Settings that pywikibot cannot use are named before anything is sent."""

from __future__ import annotations

from typing import Any

import pytest
from pywikibot import config

from mw_tokens_plugin.cli import launch
from mw_tokens_plugin.cli.configuration import check_configuration
from mw_tokens_plugin.exceptions import InvalidInput
from mw_tokens_plugin.site.requests import TokenRequest

SECRET = 'TopSecret'


@pytest.mark.parametrize(
    ('name', 'value'),
    [
        ('family', None),
        ('mylang', 3),
        ('usernames', [SECRET]),
        ('usernames', {'sandbox': SECRET}),
        ('usernames', {'sandbox': {'*': 7}}),
        ('usernames', {'sandbox': {'*': 'Ann\nBen'}}),
        ('authenticate', (SECRET,)),
        ('password_file', 3),
        ('password_file', f'{SECRET}\0'),
        ('put_throttle', '10'),
        ('retry_wait', True),
        ('max_retries', '3'),
        ('socket_timeout', 'x'),
        ('socket_timeout', (1,)),
        ('socket_timeout', (1, '2')),
        ('log', 3),
        ('logfilesize', '1'),
        ('user_agent_format', '{nothing}'),
        ('user_agent_format', '{'),
        ('user_agent_description', 'Анна'),
        ('user_agent_description', 'a\nb'),
    ],
)
def test_a_setting_that_cannot_be_used_is_named(
    name: str, value: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    check_configuration()
    monkeypatch.setattr(config, name, value)
    with pytest.raises(InvalidInput, match=name) as caught:
        check_configuration()
    assert SECRET not in str(caught.value)


@pytest.mark.parametrize(
    ('given', 'used'), [(7, (7, 7)), (60.0, (25.0, 25.0)), ((5, 90), (5, 25.0))]
)
def test_a_timeout_may_be_one_number_or_two(
    given: Any, used: tuple[float, float], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(config, 'socket_timeout', given)
    monkeypatch.setattr(TokenRequest, 'deadline', None)
    check_configuration()
    launch._prepare_pywikibot()
    assert config.socket_timeout == used
