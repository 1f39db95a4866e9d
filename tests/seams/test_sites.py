"""How pywikibot makes and tells apart its sites, and what a run shares.

Each test says what breaks in the plugin if it fails.
"""

from __future__ import annotations

import logging
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import pywikibot
from pywikibot import bot, config
from pywikibot.comms import http
from pywikibot.data import api
from pywikibot.login import LoginStatus
from pywikibot.site import APISite, DataSite
from sandbox.farms import Farm

from centralauth_sandbox import Sandbox
from mw_tokens_plugin.site.cleanlogs import LOGGERS


def test_bases_can_be_appended_in_place_but_not_prepended() -> None:
    """Else sites that exist already were not reached, nor DataSite."""

    class Base:
        pass

    class Middle(Base):
        pass

    class Kind(Middle):
        pass

    class Mixin:
        pass

    made = Kind()
    Middle.__bases__ += (Mixin,)
    assert isinstance(made, Mixin)
    assert issubclass(DataSite, APISite)
    assert APISite in DataSite.__mro__


def test_no_name_of_the_plugin_is_hidden_by_one_of_pywikibot(site: Any) -> None:
    """A base that is appended loses; else a method would be another than documented."""
    from mw_tokens_plugin.site.mixins import PluginMixin

    ours = {
        name: getattr(PluginMixin, name)
        for part in PluginMixin.__mro__
        for name in vars(part)
        if not name.startswith('_')
    }
    assert {'get_tokens', 'server_time'} <= ours.keys()
    for kind in (APISite, DataSite):
        assert [n for n, value in ours.items() if getattr(kind, n) is not value] == []


def test_a_look_at_any_of_its_methods_installs_the_plugin() -> None:
    """Else a script that asks for one before there is a site would not find it."""
    from mw_tokens_plugin.site.firstuse import NAMES
    from mw_tokens_plugin.site.mixins import PluginMixin

    gained = {
        name
        for part in PluginMixin.__mro__
        for name in vars(part)
        if not name.startswith('_')
    }
    # pywikibot has those, too.
    assert sorted(gained - {'get_tokens', 'server_time'}) == sorted(NAMES)


def test_sites_are_told_apart_by_the_name_of_their_class(site: Any) -> None:
    """Else the plugin could use a subclass; as it is, a renamed one is lost."""
    renamed = type('RenamedSite', (APISite,), {})
    known = {site: 'kept'}
    same = type('APISite', (APISite,), {})(site.code, site.family.name)
    other = renamed(site.code, site.family.name)
    assert known.get(same) == 'kept'
    assert known.get(other) is None
    assert any('APISite' in str(key) for key in pywikibot._sites)


def test_the_family_chooses_the_class(site: Any) -> None:
    """Else sites of some families would not carry the plugin."""
    assert site.family.interface(site.code) == config.site_interface == 'APISite'
    assert type(site) is APISite


def test_user_config_is_executed_before_there_are_sites(tmp_path: Path) -> None:
    """Else `enable()` there could patch at once, and needed no hook on the import."""
    target = tmp_path / 'user-config.py'
    target.write_text(
        "print('pywikibot.site' in __import__('sys').modules)\n", encoding='utf-8'
    )
    target.chmod(0o600)
    environment = {n: v for n, v in os.environ.items() if not n.startswith('PYWIKIBOT')}
    done = subprocess.run(
        [sys.executable, '-c', 'import pywikibot'],
        env={**environment, 'PYWIKIBOT_DIR': str(tmp_path)},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert (done.returncode, done.stdout) == (0, 'False\n'), done.stderr


def test_the_wallet_is_where_pywikibot_takes_tokens_from(
    site: Any, sandbox: Sandbox
) -> None:
    """Else pywikibot's own writes used tokens that the plugin does not know."""
    site.login()
    page = pywikibot.Page(site, 'Spam page seam')
    page.text = 'one'
    page.save(summary='test', quiet=True)
    assert isinstance(site._tokens, type(site.tokens))
    assert sandbox.summary()['token_fetches'].get('*') == 1


def test_logging_in_again_goes_through_the_site(site: Any, sandbox: Sandbox) -> None:
    """The session renews itself with it; else no lost session came back."""
    site.login()
    assert site._loginstatus == LoginStatus.AS_USER
    sandbox.command('end-sessions', user='Sandbox Operator')
    sandbox.journal.clear()
    site._relogin()
    assert sandbox.summary()['logins'] == 1
    assert site.logged_in()


def test_questions_of_a_login_go_through_the_user_interface(
    site: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else a run without a terminal would wait for a code for ever."""
    asked: list[str] = []

    def answer(question: str, *args: Any, **kwargs: Any) -> str:
        asked.append(question)
        return 'x'

    monkeypatch.setattr(bot.ui, 'input', answer)
    pywikibot.input('A question', password=True)
    assert asked == ['A question']


@pytest.mark.filterwarnings('ignore:Site objects have been created')
def test_simulated_writes_are_answered_before_the_network(
    site: Any, sandbox: Sandbox
) -> None:
    """-simulate relies on it, and on pywikibot taking that argument away."""
    site.login()
    assert pywikibot.handle_args(['-simulate', '-mine']) == ['-mine']
    assert config.simulate
    sandbox.journal.clear()
    answer = api.Request(
        site=site, parameters={'action': 'edit', 'title': 'X', 'token': 'x'}
    ).submit()
    assert answer['edit']['result'] == 'Success'
    assert not len(sandbox.journal)


def test_cookies_belong_to_the_process(farm: Farm) -> None:
    """A bot password and a main password cannot be used side by side."""
    site = farm.site()
    site.login()
    assert http.session.cookies is http.cookie_jar
    assert any(cookie.domain for cookie in http.cookie_jar)
    api._invalidate_superior_cookies(site.family)


def test_log_records_of_pywikibot_are_known_by_name(site: Any) -> None:
    """Else secrets in its debug log were not taken out."""
    names = {'pywiki', 'pywiki.wiki'} | {
        name for name in logging.root.manager.loggerDict if name.startswith('pywiki')
    }
    assert all(name.startswith(LOGGERS) for name in names)
    record = logging.getLogger('pywiki').makeRecord(
        'pywiki', 10, '', 0, "{'lgpassword': 'very secret'}", (), None
    )
    assert 'very secret' not in record.getMessage()


def test_the_throttle_tells_how_long_a_write_waits(site: Any) -> None:
    """The plan's duration, and stopping during a wait, rely on it."""
    throttle = site.throttle
    assert throttle.waittime(write=True) == 0
    assert throttle.get_delay(write=True) == 0
    assert throttle.process_multiplicity >= 1
    assert Path(throttle.ctrlfilename).name == 'throttle.ctrl'


def test_cached_answers_survive_the_site(
    site: Any, sandbox: Sandbox, farm: Farm
) -> None:
    """paraminfo is read once in a month, not once a run."""
    parameters = {'action': 'paraminfo', 'modules': 'delete', 'formatversion': 2}
    site.login()
    site._request(expiry=7, parameters=parameters).submit()
    sandbox.journal.clear()
    pywikibot._sites.clear()
    again = farm.site()
    again.login()
    again._request(expiry=7, parameters=parameters).submit()
    assert not sandbox.journal.entries(action='paraminfo')


def test_attributes_of_sites_do_not_hide_the_plugins_methods(site: Any) -> None:
    """An attribute that pywikibot sets on each site goes before a method of ours."""
    site.login()
    ours = [kind for kind in APISite.__bases__ if 'mw_tokens' in kind.__module__]
    assert ours
    for kind in ours:
        for base in kind.__mro__[:-1]:
            hidden = set(vars(base)) & set(vars(site))
            assert not {n for n in hidden if not n.startswith('__')}, base


def test_the_methods_that_hide_a_reason_are_known() -> None:
    """Else a missing right would be an error of pywikibot's in some of them."""
    from mw_tokens_plugin.site.reasons import METHODS

    folder = Path(pywikibot.__file__).parent / 'site'
    checking = {
        name
        for path in folder.glob('_*.py')
        for name in re.findall(
            r'@need_right\(.*\)\n(?:    @.*\n)*    def (\w+)', path.read_text('utf-8')
        )
    }
    assert len(checking) > 20
    assert checking == {name for names in METHODS.values() for name in names}
    for kind, names in METHODS.items():
        assert all(hasattr(getattr(pywikibot.site, kind), name) for name in names)
