"""Plain pywikibot with the plugin: the same results, errors, words and writes."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from centralauth_sandbox import Sandbox
from centralauth_sandbox.directories import KEY

from .desk import Desk
from .farms import Farm

#: What is said about tokens and sessions that are renewed: less with the plugin.
_RENEWALS = re.compile(
    r'"(?:INFO Renewing the |WARNING API error badtoken|'
    r"ERROR Logged in as '.*' instead of '.*'\. Forcing re-login)"
)

#: Why a page was not saved: of some reasons the plugin has an error of its own.
_REASON = re.compile(r'(?<= not saved due to )(?:readonly on|Maximum retries).*')

#: Cases of two accounts of one process: each has cookies of its own with the plugin, so
#: that no token of the one is sent for the other.
_OWN_COOKIES = {'two_users_in_turn', 'wrong_password'}

#: Errors of which the plugin has one of its own, which is also the one of pywikibot.
_OTHER_ERRORS = {
    'read_only': (r'"OtherPageSaveError \(', r'"ReadOnly \(Error\): readonly on '),
    'unknown_token': (r'"KeyError \(KeyError', r'"UnknownTokenType \(Error, KeyError'),
}

#: Where the wikis have their entities from.
_ENTITIES = """
    def interface(self, code):
        return 'DataSite' if code == 'data' else 'APISite'

    def entity_sources(self, code):
        return {kind: ('data', self.name) for kind in ('item', 'property')}
"""


@pytest.fixture(scope='module')
def unharmed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Any]]:
    """What came of all cases in both modes, by their names."""
    directory = tmp_path_factory.mktemp('unharmed')
    with Sandbox(accounts=5, data=True) as sandbox:
        farm = Farm.of_sandbox(sandbox, 'unharmed')
        farm.configure(directory)
        files = {
            'bot-password.py': f"({farm.operator.name!r}, BotPassword('bot', "
            f'{farm.bot.password!r}))\n',
            'wrong-password.py': "('Sandbox Colleague', 'wrong')\n",
            'sandbox-key': f'{KEY}: {sandbox.key}\n',
        }
        for name, text in files.items():
            (directory / name).touch(mode=0o600)
            (directory / name).write_text(text, 'utf-8')
        with (directory / 'user-config.py').open('a', encoding='utf-8') as file:
            file.write('retry_wait = 0\nmax_retries = 2\nmaxthrottle = 0\n')
        with (directory / 'unharmed_family.py').open('a', encoding='utf-8') as file:
            file.write(_ENTITIES)
        desk = Desk(directory)
        program = Path(__file__).with_name('unharmed.py')
        address = sandbox.wikis['meta'].server
        run = desk._run([sys.executable, str(program), address], None, {})
        desk.close()
    assert run.code == 0, run.said
    modes = json.loads(run.out.splitlines()[-1])
    yield {
        plain['name']: (plain, plugin)
        for plain, plugin in zip(modes['plain'], modes['plugin'], strict=True)
    }


def test_the_same_comes_of_everything(unharmed: dict[str, Any]) -> None:
    """Every way to save, to write something else, to fail, to log in, and to fork."""
    assert len(unharmed) >= 45
    for name, (plain, plugin) in unharmed.items():
        result = plugin['result']
        if name == 'refused_in_the_background':
            # The callback gets it, which is a timeout of pywikibot as well.
            result = result.replace('ReadOnly', 'ApiTimeoutError')
        assert result == plain['result'], name
        if name not in _OTHER_ERRORS:
            assert plugin['raised'] == plain['raised'], name
    for name, (theirs, ours) in _OTHER_ERRORS.items():
        plain, plugin = unharmed[name]
        assert re.match(theirs, plain['raised']), (name, plain['raised'])
        assert re.match(ours, plugin['raised']), (name, plugin['raised'])


def test_the_cases_do_what_they_are_for(unharmed: dict[str, Any]) -> None:
    """Else two failures of another kind would be taken for agreement."""
    failing = {name: plain['raised'] for name, (plain, _) in unharmed.items()}
    kinds = {name: raised.split(' (')[0][1:] for name, raised in failing.items()}
    assert {name: kind for name, kind in kinds.items() if kind.strip('"')} == {
        'editpage': 'APIError',
        'created_only': 'PageCreatedConflictError',
        'forced': 'InvalidTitleError',
        # Which the sandbox does not know.
        'merge_history': 'APIError',
        'read_only': 'OtherPageSaveError',
        'unknown_module': 'APIError',
        'unknown_token': 'KeyError',
        'wrong_password': 'NoUsernameError',
    }
    saved = [
        w for plain, _ in unharmed.values() for w in plain['writes'] if 'edit' in w
    ]
    assert len(saved) > 40


def test_the_same_is_said_and_written(unharmed: dict[str, Any]) -> None:
    """Word for word, but for tokens and sessions that are renewed; at no more cost."""
    for name, (plain, plugin) in unharmed.items():
        words = [
            [
                _REASON.sub('', text)
                for text in each['said']
                if not _RENEWALS.match(text)
            ]
            for each in (plain, plugin)
        ]
        assert words[0] == words[1], name
        if name not in _OWN_COOKIES:
            assert plugin['writes'] == plain['writes'], name
        effects = [
            [text for text in each['writes'] if '"effect": ""' not in text]
            for each in (plain, plugin)
        ]
        assert effects[0] == effects[1], name
    modes = zip(*unharmed.values(), strict=True)
    plain, plugin = (sum(each['requests'] for each in mode) for mode in modes)
    assert plugin <= plain


def test_only_the_plugin_says_with_each_write_whose_it_is(
    unharmed: dict[str, Any],
) -> None:
    for name, (plain, plugin) in unharmed.items():
        assert not any(plain['asserted']), name
        assert all(plugin['asserted']), name
