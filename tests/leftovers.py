"""What a test may leave in pywikibot and the plugin, which are one for the process.

Everything that was there is there again afterwards. Families stay known: pywikibot
loads each but once, and the farms of this process keep theirs.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

#: What grows by itself, as families are loaded.
_GROWING = {'cosmetic_changes_disable', 'family_files'}


@contextmanager
def cleared() -> Iterator[None]:
    """Put settings back when a test ends, and forget sites, logins and secrets."""
    from pywikibot import bot, config

    from mw_tokens_plugin.site.settings import settings as enabled

    told = {
        name: value.copy() if isinstance(value, dict | list) else value
        for name, value in vars(enabled).items()
    }
    settings = dict(vars(config))
    contents = {
        name: _copy(value)
        for name, value in settings.items()
        if isinstance(value, dict | list)
        and name not in _GROWING
        and not name.startswith('__')
    }
    override = bot._user_override
    yield
    # What enable() was told, which scripts of later tests would obey.
    vars(enabled).update(told)
    for name in vars(config).keys() - settings.keys():
        delattr(config, name)
    vars(config).update(settings)
    for name, copied in contents.items():
        value = settings[name]
        value.clear()
        value.extend(copied) if isinstance(value, list) else value.update(copied)
    bot._user_override = override
    forget_logins()


def _copy(value: Any) -> Any:
    if isinstance(value, list):
        return [*value]
    return {k: dict(v) if isinstance(v, dict) else v for k, v in value.items()}


def forget_logins() -> None:
    """Let pywikibot begin as if it had never talked to anybody."""
    import pywikibot
    from pywikibot.comms import http

    from mw_tokens_plugin.protocol.secretvalues import SecretValues
    from mw_tokens_plugin.site import logindialog
    from mw_tokens_plugin.site.redaction import redactor
    from mw_tokens_plugin.site.requests import TokenRequest

    end_mints()
    # A password of another test may be a word in this one.
    redactor.secrets = SecretValues()
    redactor.hide_names = None
    logindialog._SENT.clear()
    TokenRequest.deadline = None
    pywikibot._sites.clear()
    http.cookie_jar.clear()
    http.session.close()


def end_mints() -> None:
    """Wait for what is minted ahead: its answer would bring cookies of another time."""
    from mw_tokens_plugin.site.foreign.tokens import MINTER

    for thread in threading.enumerate():
        if thread.name == MINTER:
            thread.join()
