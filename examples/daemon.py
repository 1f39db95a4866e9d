"""Tag new pages that have no category, for weeks on end.

    nohup python daemon.py since.txt &

The file keeps which pages were checked, so it can be ended and started at any time.
SIGTERM ends it when the current page is done.
"""

from __future__ import annotations

import signal
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pywikibot
from pywikibot.exceptions import ApiTimeoutError, PageSaveRelatedError

import mw_tokens_plugin
from mw_tokens_plugin.exceptions import (
    AmbiguousWrite,
    RateLimited,
    ReadOnly,
    SessionError,
    WikiUnreachable,
)

mw_tokens_plugin.enable()

EVERY = 60.0
#: After so many rounds in a row without a login that works, somebody has to look.
PATIENCE = 30
LATER = (AmbiguousWrite, ApiTimeoutError, RateLimited, ReadOnly, WikiUnreachable)
TAG = '{{Uncategorized}}'


def main(*args: str, pause: Callable[[float], bool] | None = None) -> int:
    """Run until a signal comes.

    :param pause: waits so many seconds, and returns whether to end
    """
    (name,) = pywikibot.handle_args(args)
    pause = pause or pause_until_signal()
    failures = 0
    while True:
        try:
            site = pywikibot.Site()
            site.login()
            tag_new_pages(site, Path(name))
            failures = 0
        except LATER as error:
            pywikibot.info(f'{error} It goes on in the next round.')
        except SessionError as error:
            failures += 1
            pywikibot.error(error)
            if failures == PATIENCE:
                return 3
        if pause(EVERY):
            return 0


def tag_new_pages(site: Any, since: Path) -> None:
    """Look at the pages that were created since the last time."""
    now = site.server_time()
    start = since.read_text('utf-8') if since.exists() else now.isoformat()
    changes = site.recentchanges(
        start=pywikibot.Timestamp.fromISOformat(start),
        reverse=True,
        changetype='new',
        namespaces=[0],
    )
    for change in changes:
        page = pywikibot.Page(site, change['title'])
        if page.exists() and not [*page.categories()] and TAG not in page.text:
            page.text += f'\n{TAG}'
            try:
                page.save(summary='No category', quiet=True)
            except LATER:
                raise
            except PageSaveRelatedError as error:  # it concerns this page alone
                pywikibot.error(error)
    new = since.with_suffix('.new')
    new.write_text(now.isoformat(), 'utf-8')
    new.replace(since)


def pause_until_signal() -> Callable[[float], bool]:
    """Return a function that waits, and whose waiting SIGTERM and SIGINT end."""
    ended = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: ended.set())
    return ended.wait


if __name__ == '__main__':
    sys.exit(main(*sys.argv[1:]))
