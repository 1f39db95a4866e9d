"""Whatever of pywikibot is used first, the plugin is there before it.

A process imports pywikibot once, and each case is a fork of it, so that its use is the
first one.
"""

from __future__ import annotations

import json

from .desk import Desk
from .farms import ENABLE, Farm

#: What each case prints is the class of a request that its site makes.
_CASES = '''
import json, os, pickle, sys, threading, warnings
import pywikibot
from pywikibot.comms import http
from pywikibot.data import api
from pywikibot.site import APISite

PLACE = 'mw_tokens_plugin.site.transport'
ANOTHER = tuple(sys.argv[1:])
made = APISite.__new__(APISite)
made.__dict__.update(_pagemutex=None, _tokens=None, _interwikimap=None)
PICKLED = pickle.dumps(made)


def kind(site):
    return site._request_class({}).__mro__[0].__name__


class Meanwhile:
    """Does something in other threads, in the middle of the installation."""

    def __init__(self, *actions):
        self.threads = [threading.Thread(target=action) for action in actions]
        sys.meta_path.insert(0, self)

    def find_spec(self, name, path=None, target=None):
        if name == PLACE:
            sys.meta_path.remove(self)
            for thread in self.threads:
                thread.start()
            for thread in self.threads:
                thread.join(0.5)


def a_request_without_a_site():
    warnings.simplefilter('ignore')  # pywikibot warns of it
    return type(api.Request(parameters={'action': 'query'})).__name__


def a_site_that_was_pickled():
    return kind(pickle.loads(PICKLED))


def a_site_in_another_thread():
    found = []
    meanwhile = Meanwhile(lambda: found.append(kind(APISite(*ANOTHER))))
    pywikibot.Site()
    meanwhile.threads[0].join()
    return found[0]


def a_fork_in_another_thread():
    read, write = os.pipe()

    def fork():
        if not os.fork():
            os.write(write, kind(APISite(*ANOTHER)).encode())
            os._exit(0)

    meanwhile = Meanwhile(fork)
    pywikibot.Site()
    meanwhile.threads[0].join()
    os.close(write)
    return os.read(read, 100).decode()


def a_session_of_their_own():
    class Recorder(type(http.session)):
        def request(self, *args, **kwargs):
            return old.request(*args, **kwargs)

    old, http.session = http.session, Recorder()
    site = pywikibot.Site()
    assert len(old.hooks['response']) == len(http.session.hooks['response']) > 1
    return kind(site)


def a_plugin_that_cannot_be_imported():
    """Each use fails, not only the first."""
    sys.modules[PLACE] = None
    failed = []
    for use in (pywikibot.Site, pywikibot.Site, lambda: api.Request(parameters={})):
        try:
            use()
        except ImportError:
            failed.append('failed')
    return ' '.join(failed)


def their_class_of_requests():
    """It is joined with the plugin's, not replaced."""
    class Dry(api.Request):
        pass

    APISite._request_class = staticmethod(lambda kwargs: Dry)
    request = pywikibot.Site().simple_request(action='query')
    return ' '.join(each.__name__ for each in type(request).__mro__[1:3])


names = [name for name in list(globals()) if name.startswith(('a_', 'their_'))]
for name in names:
    if not os.fork():
        print(json.dumps([name, globals()[name]()]), flush=True)
        os._exit(0)
    os.wait()
'''


def test_the_first_use_of_any_kind_finds_the_plugin(desk: Desk, farm: Farm) -> None:
    farm.configure(desk.directory)
    with (desk.directory / 'user-config.py').open('a', encoding='utf-8') as file:
        file.write(ENABLE)
    another = next(code for code in farm.wikis if code != farm.central)
    run = desk.python(_CASES, another, farm.family)
    assert dict(json.loads(line) for line in run.out.splitlines()) == {
        'a_request_without_a_site': 'TokenRequest',
        'a_site_that_was_pickled': 'TokenRequest',
        'a_site_in_another_thread': 'TokenRequest',
        'a_fork_in_another_thread': 'TokenRequest',
        'a_session_of_their_own': 'TokenRequest',
        'a_plugin_that_cannot_be_imported': 'failed failed failed',
        'their_class_of_requests': 'Dry TokenRequest',
    }, run.err


def test_a_site_made_without_a_user_logs_in_once_as_the_configured_one(
    desk: Desk, farm: Farm
) -> None:
    """As `APISite('aa', 'wikipedia')` of a bot with a site class of its own is."""
    code = """
import sys

import mw_tokens_plugin
import pywikibot

mw_tokens_plugin.enable()


class Mine(pywikibot.site.APISite):
    pass


site = Mine(*sys.argv[1:])
site.login()
print(site.user(), site.userinfo['name'], sep='|')
"""
    run = desk.python(code, farm.central, farm.family)
    operator = farm.operator.name
    assert run.out == f'{operator}|{operator}\n', run.err
    assert 'ERROR' not in run.err
