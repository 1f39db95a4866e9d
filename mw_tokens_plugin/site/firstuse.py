"""Installing the plugin when it is first needed, and not while pywikibot is imported.

Theory of operation
-------------------
Installing imports all of the plugin, which takes half as long as pywikibot's own start.
So where ``user-config.py`` enables it, pywikibot is only prepared. The first site
object, look at one of the plugin's methods, request over HTTP, log record or warning
installs the plugin, and is then treated as it says. What must always hold:

- nothing that the plugin changes is used before it is installed;
- what was put in place to notice the first use is taken away again, or does nothing
  more where others have built upon it;
- of two threads, the second waits until the first has installed it.

What is installed is in :mod:`.install`, when this is called in :mod:`.hook`.
"""

from __future__ import annotations

import logging
import threading
import warnings
from functools import wraps
from typing import Any

#: What a site gains; a look at one of them installs the plugin.
NAMES = (
    'all_global_accounts',
    'authentication',
    'central_site',
    'create_local_account',
    'delete_global_account',
    'edit_context',
    'first_letter',
    'foreign_site',
    'global_account',
    'global_accounts',
    'global_accounts_by_id',
    'global_groups',
    'global_rename_status',
    'in_english',
    'link_account',
    'linkable_accounts',
    'linked_accounts',
    'lists_global_users',
    'lock_log',
    'query_with_tokens',
    'reauthenticate',
    'set_global_account_status',
    'set_global_groups',
    'single_send_request',
    'unlink_account',
    'vouched',
    'wiki_sets',
)


class _Gained:
    """Something that a site gains, before it has it."""

    def __set_name__(self, owner: type, name: str) -> None:
        """Take its name."""
        self._name = name

    def __get__(self, site: object, owner: type) -> Any:
        """Install the plugin, and return what it stands for."""
        _awaiting.install()
        return getattr(owner if site is None else site, self._name)


#: What a site has in the place of the plugin's mixin.
Unused = type('Unused', (), {name: _Gained() for name in NAMES})


class _Awaiting:
    """The places in which the first use is noticed."""

    def __init__(self) -> None:
        """Notice nothing yet."""
        self._lock = threading.RLock()
        self._is_awaited = False

    def prepare(self) -> None:
        """Prepare pywikibot, once its site classes exist."""
        from pywikibot.comms import http
        from pywikibot.site import APISite

        # It looks now at what others may replace before the first use.
        import mw_tokens_plugin.site.replacements  # noqa: F401

        self._is_awaited = True
        self._init = APISite.__init__
        self._new_record = logging.getLogRecordFactory()
        self._format_warning = warnings.formatwarning
        APISite.__bases__ += (Unused,)
        APISite.__init__ = self._site_init(APISite.__init__)
        http.session.__dict__['request'] = self._request
        logging.setLogRecordFactory(self._record)
        warnings.formatwarning = self._warning

    def install(self) -> None:
        """Install the plugin in the place of all this, unless that was done."""
        with self._lock:
            if not self._is_awaited:
                return
            self._is_awaited = False
            self._take_away()
            from mw_tokens_plugin.site.install import install

            install()

    def _take_away(self) -> None:
        from pywikibot.comms import http
        from pywikibot.site import APISite

        APISite.__bases__ = tuple(
            each for each in APISite.__bases__ if each is not Unused
        )
        if getattr(APISite.__init__, '__wrapped__', None) is self._init:
            APISite.__init__ = self._init
        if http.session.__dict__.get('request') == self._request:
            del http.session.__dict__['request']
        if logging.getLogRecordFactory() == self._record:
            logging.setLogRecordFactory(self._new_record)
        if warnings.formatwarning == self._warning:
            warnings.formatwarning = self._format_warning

    def _site_init(self, init: Any) -> Any:
        @wraps(init)
        def noticed(site: Any, *args: Any, **kwargs: Any) -> None:
            self.install()
            init(site, *args, **kwargs)

        return noticed

    def _request(self, *args: Any, **kwargs: Any) -> Any:
        from pywikibot.comms import http

        self.install()
        return type(http.session).request(http.session, *args, **kwargs)

    def _record(self, *args: Any, **kwargs: Any) -> logging.LogRecord:
        if not self._is_awaited:
            return self._new_record(*args, **kwargs)
        self.install()
        return logging.getLogRecordFactory()(*args, **kwargs)

    def _warning(self, *args: Any, **kwargs: Any) -> str:
        if not self._is_awaited:
            return self._format_warning(*args, **kwargs)
        self.install()
        return warnings.formatwarning(*args, **kwargs)


_awaiting = _Awaiting()


def install_at_first_use() -> None:
    """Let the plugin be installed as soon as it is needed.

    The classes of pywikibot's sites must exist.
    """
    _awaiting.prepare()


def install_now() -> None:
    """Install the plugin at once, where it waits for its first use."""
    _awaiting.install()
