"""The Wikibase repository of the sandbox: pywikibot's edits, and what is refused."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from centralauth_sandbox import Farm, Sandbox
from centralauth_sandbox.api import Api
from centralauth_sandbox.exchange import Request
from centralauth_sandbox.seeds import OPERATOR, SYSOP, Credentials, seeder

PYWIKIBOT = Path(__file__).with_name('sandbox_wikibase.py')
CREDENTIALS = Credentials.generate('secret')


@pytest.fixture
def farm() -> Farm:
    """Return a farm with a repository."""
    return Farm(['meta', 'aa'], seeder(CREDENTIALS, 5), data=True)


class Operator:
    """The operator, who acts on all wikis with centralauthtokens."""

    def __init__(self, farm: Farm) -> None:
        """Log in on the central wiki."""
        self.farm = farm
        self._api = Api(farm)
        self._home = farm.sessions.nobody(farm.central, {})
        farm.sessions.log_in(self._home, farm.accounts[OPERATOR], remember=False)

    def ask(self, action: str, wiki: str = 'data', **params: Any) -> dict[str, Any]:
        """Send a request and decode its answer."""
        form = {'action': action, 'format': 'json', 'formatversion': '2'}
        form |= {name: str(value) for name, value in params.items()}
        query = {'centralauthtoken': self.farm.sessions.mint(self._home)}
        answer = self._api.handle(
            self.farm.wikis[wiki], Request('POST', query, form, {})
        )
        decoded: dict[str, Any] = json.loads(answer.body)
        return decoded

    def act(self, action: str, type: str = 'csrf', **params: Any) -> dict[str, Any]:
        """Send a write with its token."""
        tokens = self.ask('query', meta='tokens', type=type)['query']['tokens']
        return self.ask(action, token=tokens[f'{type}token'], **params)

    def code(self, action: str, **params: Any) -> str:
        """Return the code of the error with which a write ends."""
        code: str = self.act(action, **params)['error']['code']
        return code


@pytest.fixture
def operator(farm: Farm) -> Operator:
    """Return the operator."""
    return Operator(farm)


def test_unmodified_pywikibot_edits_items(tmp_path: Path) -> None:
    with Sandbox(wikis=2, accounts=0, data=True) as sandbox:
        sandbox.write_configuration(tmp_path, plugin=False)
        environment = os.environ | {'PYWIKIBOT_DIR': str(tmp_path)}
        environment.pop('PYWIKIBOT_NO_USER_CONFIG', None)
        done = subprocess.run(
            [sys.executable, str(PYWIKIBOT)],
            cwd=tmp_path,
            env=environment | {'MW_TOKENS_DISABLE': '1'},
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        assert done.stdout.splitlines()[-1] == 'all of it worked'


def test_an_item_is_edited_with_centralauthtokens(operator: Operator) -> None:
    label = {'language': 'en', 'value': 'Front page'}
    answer = operator.act('wbsetlabel', id='Q1', **label)
    assert answer['entity']['labels'] == {'en': label}
    revision = answer['entity']['lastrevid']
    answer = operator.ask('wbgetentities', ids='Q1|Q77', props='info|labels')
    assert answer['entities']['Q77'] == {'id': 'Q77', 'missing': True}
    assert answer['entities']['Q1']['lastrevid'] == revision
    assert answer['entities']['Q1']['labels'] == {'en': label}
    by_page = operator.ask('wbgetentities', sites='aawiki', titles='Main_Page')
    assert list(by_page['entities']) == ['Q1']
    made = operator.act(
        'wbcreateclaim', entity='Q1', property='P1', snaktype='value', value='"one"'
    )['claim']
    operator.act('wbsetclaimvalue', claim=made['id'], snaktype='value', value='"two"')
    answer = operator.ask('wbgetentities', ids='Q1')
    (claim,) = answer['entities']['Q1']['claims']['P1']
    assert claim['mainsnak']['datavalue'] == {'value': 'two', 'type': 'string'}
    assert claim['mainsnak']['hash'] != made['mainsnak']['hash']


def test_what_is_refused_changes_nothing(farm: Farm, operator: Operator) -> None:
    repository = farm.repository
    assert repository is not None
    before = repository.entities.get('Q1')
    term = {'language': 'en', 'value': 'x'}
    claim = {'property': 'P1', 'snaktype': 'value'}
    assert operator.code('wbsetlabel', id='Q9', **term) == 'no-such-entity'
    assert operator.code('wbsetlabel', id='X1', **term) == 'no-such-entity'
    assert operator.code('wbeditentity', id='Q1', data='{') == 'invalid-json'
    half = {'labels': {'en': term}, 'claims': [{'mainsnak': claim}]}
    assert operator.code('wbeditentity', id='Q1', data=json.dumps(half)) == (
        'invalid-snak'
    )
    assert operator.code('wbremoveclaims', claim='Q1$none') == 'no-such-claim'
    assert operator.code('edit', title='Item:Q1', text='{}') == 'no-direct-editing'
    answer = operator.ask('wbsetlabel', id='Q1', token='0+\\', **term)
    assert answer['error']['info'] == 'Invalid CSRF token.'
    assert repository.entities.get('Q1') == before


def test_an_outdated_edit_is_a_conflict(farm: Farm, operator: Operator) -> None:
    repository = farm.repository
    assert repository is not None
    page = repository.entities.page('Q1')
    assert page is not None
    base = page.latest.id
    label: dict[str, Any] = {'id': 'Q1', 'language': 'en', 'baserevid': base}
    assert 'error' not in operator.act('wbsetlabel', value='mine', **label)
    # One's own edits are no conflict.
    assert 'error' not in operator.act('wbsetlabel', value='mine too', **label)
    entity = repository.entities.get('Q1')
    assert entity is not None
    repository.entities.change(entity, {'labels': {'fr': {'language': 'fr'}}})
    repository.entities.save(entity, repository.accounts[SYSOP], 'theirs')
    assert operator.code('wbsetlabel', value='late', **label) == 'editconflict'


def test_a_farm_without_a_repository_has_no_trace_of_it(farm: Farm) -> None:
    plain = Operator(Farm(['meta', 'aa'], seeder(CREDENTIALS, 5)))
    answer = plain.ask('query', 'aa', meta='wikibase')
    assert 'Unrecognized value' in answer['warnings']['query']['warnings']
    assert plain.ask('wbgetentities', 'aa', ids='Q1')['error']['code'] == 'badvalue'
    assert farm.names == plain.farm.names
    for code, wiki in plain.farm.wikis.items():
        assert wiki.pages.keys() == farm.wikis[code].pages.keys()


def test_only_the_repository_knows_its_modules(operator: Operator) -> None:
    answer = operator.ask('wbgetentities', 'aa', ids='Q1')
    assert answer['error']['code'] == 'badvalue'
    answer = operator.ask('query', 'aa', meta='wikibase')
    repository = operator.farm.repository
    assert repository is not None
    found = answer['query']['wikibase']
    assert found['repo']['url']['base'] == repository.server
    assert found['siteid'] == 'aawiki'


def test_groups_are_given_and_taken(operator: Operator) -> None:
    change = {'user': SYSOP, 'add': 'bot|sysop', 'remove': 'bureaucrat'}
    changed = operator.act('userrights', 'userrights', **change)['userrights']
    assert (changed['added'], changed['removed']) == (['bot'], [])
    changed = operator.act('userrights', 'userrights', user=SYSOP, remove='bot|sysop')
    assert changed['userrights']['removed'] == ['bot', 'sysop']
    answer = operator.ask('query', list='logevents', letype='rights', lelimit=1)
    (entry,) = answer['query']['logevents']
    assert entry['params'] == {'oldgroups': ['bot', 'sysop'], 'newgroups': []}
    account = operator.farm.accounts[OPERATOR]
    account.groups = frozenset()
    changed = operator.act('userrights', 'userrights', user=SYSOP, add='sysop')
    assert changed['userrights']['added'] == []
    assert operator.code('userrights', type='userrights', user='Nobody') == 'nosuchuser'
