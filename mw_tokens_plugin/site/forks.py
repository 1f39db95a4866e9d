"""A process that was forked begins with free locks and connections of its own.

What another thread held at that moment stays held in the child, where the thread is
missing; and of a connection that both use, each would read the other's answers. The
session, its cookies and tokens go on: they are as good in the child.

https://docs.python.org/3/library/os.html#os.register_at_fork
"""

from __future__ import annotations

import os
from typing import Any, Protocol
from weakref import WeakSet

import pywikibot
from pywikibot.comms import http
from pywikibot.userinterfaces.terminal_interface_base import TerminalHandler
from requests.adapters import HTTPAdapter

from mw_tokens_plugin.site.base import WikiSite


class Forked(Protocol):
    """What has something to do in the child."""

    def after_fork(self) -> None:
        """Go on as the only thread."""


_known: WeakSet[Any] = WeakSet()

#: The connections of the parent, which are not to be used here, and not closed.
_inherited: list[Any] = []


def note(each: Forked) -> None:
    """Let something know of each fork, in the child, as long as it exists.

    :param each: what has locks or threads
    """
    _known.add(each)


def install_fork_hook() -> None:
    """Have it done after each fork, where the system has forks."""
    if hasattr(os, 'register_at_fork'):
        os.register_at_fork(after_in_child=_after_fork)


def free(*locks: Any) -> None:
    """Free locks that a thread of the parent may have held.

    :param locks: locks and conditions of :mod:`threading`
    """
    for lock in locks:
        # In place, as the standard library does it: others hold them too.
        lock._at_fork_reinit()


def free_site(site: WikiSite) -> None:
    """Free the locks of a site of pywikibot.

    :param site: the site
    """
    free(site._pagemutex)
    site._locked_pages.clear()
    throttle = vars(site).get('_throttle')
    if throttle is not None:
        free(throttle.lock, throttle.lock_read, throttle.lock_write)


def _after_fork() -> None:
    free(TerminalHandler.sharedlock)
    if hasattr(pywikibot.bot.ui, 'lock'):
        free(pywikibot.bot.ui.lock)
    for adapter in http.session.adapters.values():
        if isinstance(adapter, HTTPAdapter):
            _inherited.append((adapter.poolmanager, adapter.proxy_manager))
            adapter.__setstate__(adapter.__getstate__())
    for each in list(_known):
        each.after_fork()
