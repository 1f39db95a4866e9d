"""Installing the plugin when it is first needed, and not while pywikibot is imported.

Theory of operation
-------------------
Installing imports all of the plugin, which takes half as long as pywikibot's own start.
So where ``user-config.py`` enables it, pywikibot is only prepared. The first site
object, new or unpickled, request, look at one of the plugin's methods, log record or
warning installs the plugin, and is then treated as it says. What must always hold:

- nothing that the plugin changes is used before it is installed;
- what was put in place to notice the first use is taken away again, or does nothing
  more where others have built upon it;
- of two threads, the second waits until the first has installed it, and so does a fork;
- if the plugin cannot be imported, each use fails, and not only the first one.

What is installed is in :mod:`.install`, when this is called in :mod:`.hook`.
"""

from __future__ import annotations

import logging
import os
import threading
import warnings
from functools import wraps
from typing import Any

#: What a site gains; a look at one of them installs the plugin.
NAMES = (
    'all_global_accounts',
    'all_global_blocks',
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
    'global_block',
    'global_block_log',
    'global_blocks',
    'global_groups',
    'global_rename_status',
    'global_unblock',
    'in_english',
    'link_account',
    'linkable_accounts',
    'linked_accounts',
    'lists_global_users',
    'lock_log',
    'lock_log_entries',
    'post',
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
        if Unused in owner.__mro__:
            raise AttributeError(self._name)  # while it is being installed
        return getattr(owner if site is None else site, self._name)


#: What a site has in the place of the plugin's mixin.
Unused = type('Unused', (), {name: _Gained() for name in NAMES})


class _Awaiting:
    """The places in which the first use is noticed.

    Those where a site or a request begins stay until all is installed, so that another
    thread waits there, and each use fails if the plugin cannot be imported.
    """

    def __init__(self) -> None:
        """Notice nothing yet."""
        self._lock = threading.RLock()
        self._is_awaited = self._is_installing = False
        if hasattr(os, 'register_at_fork'):
            # A child in which another thread is missing would have half a plugin.
            os.register_at_fork(
                before=self._lock.acquire,
                after_in_parent=self._lock.release,
                after_in_child=self._lock.release,
            )

    def prepare(self) -> None:
        """Prepare pywikibot, once its site classes exist."""
        from pywikibot.comms import http
        from pywikibot.data.api._requests import Request
        from pywikibot.site import APISite

        # It looks now at what others may replace before the first use.
        import mw_tokens_plugin.site.replacements  # noqa: F401

        self._is_awaited = True
        self._session = http.session
        self._methods = {
            name: getattr(APISite, name) for name in ('__init__', '__setstate__')
        }
        self._new_record = logging.getLogRecordFactory()
        self._format_warning = warnings.formatwarning
        APISite.__bases__ += (Unused,)
        for name, method in self._methods.items():
            setattr(APISite, name, self._noticed(method))
        Request.__new__ = self._new_request
        self._session.__dict__['request'] = self._request
        logging.setLogRecordFactory(self._record)
        warnings.formatwarning = self._warning

    def install(self) -> None:
        """Install the plugin in the place of all this, unless that was done."""
        with self._lock:
            if not self._is_awaited or self._is_installing:
                return
            self._is_installing = True
            try:
                from mw_tokens_plugin.site.install import install

                self._take_away_from_logs()
                install(self._session)
                self._is_awaited = False
            finally:
                self._is_installing = False
            self._take_away()

    def _take_away_from_logs(self) -> None:
        if logging.getLogRecordFactory() == self._record:
            logging.setLogRecordFactory(self._new_record)
        if warnings.formatwarning == self._warning:
            warnings.formatwarning = self._format_warning

    def _take_away(self) -> None:
        from pywikibot.site import APISite

        APISite.__bases__ = tuple(
            each for each in APISite.__bases__ if each is not Unused
        )
        for name, method in self._methods.items():
            if getattr(getattr(APISite, name), '__wrapped__', None) is method:
                setattr(APISite, name, method)
        if self._session.__dict__.get('request') == self._request:
            del self._session.__dict__['request']

    def _noticed(self, method: Any) -> Any:
        @wraps(method)
        def noticed(site: Any, *args: Any, **kwargs: Any) -> Any:
            self.install()
            return method(site, *args, **kwargs)

        return noticed

    def _new_request(self, cls: type[Any], *args: Any, **kwargs: Any) -> Any:
        """Make a request, as ``Request.__new__``."""
        from pywikibot.data.api._requests import Request

        self.install()
        if Request.__new__ == self._new_request:
            return object.__new__(cls)  # pywikibot was left untouched
        return Request.__new__(cls, *args, **kwargs)

    def _request(self, *args: Any, **kwargs: Any) -> Any:
        self.install()
        return type(self._session).request(self._session, *args, **kwargs)

    def _record(self, *args: Any, **kwargs: Any) -> logging.LogRecord:
        if self._is_installed_now():
            return logging.getLogRecordFactory()(*args, **kwargs)
        return self._new_record(*args, **kwargs)

    def _warning(self, *args: Any, **kwargs: Any) -> str:
        if self._is_installed_now():
            return warnings.formatwarning(*args, **kwargs)
        return self._format_warning(*args, **kwargs)

    def _is_installed_now(self) -> bool:
        """Install the plugin, and tell whether it was not installed before."""
        was_awaited = self._is_awaited
        self.install()
        return was_awaited and not self._is_awaited


_awaiting = _Awaiting()


def install_at_first_use() -> None:
    """Let the plugin be installed as soon as it is needed.

    The classes of pywikibot's sites must exist.
    """
    _awaiting.prepare()


def install_now() -> None:
    """Install the plugin at once, where it waits for its first use."""
    _awaiting.install()
