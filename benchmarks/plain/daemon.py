"""What examples/daemon.py does, with plain pywikibot."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pywikibot
from pywikibot.exceptions import ApiTimeoutError, Error, PageSaveRelatedError

EVERY = 60.0
PATIENCE = 30
TAG = '{{Uncategorized}}'


def main(*args: str, pause: Callable[[float], bool] | None = None) -> int:
    (name,) = pywikibot.handle_args(args)
    pause = pause or pause_until_signal()
    failures = 0
    while True:
        try:
            site = pywikibot.Site()
            site.login()
            tag_new_pages(site, Path(name))
            failures = 0
        except ApiTimeoutError as error:
            pywikibot.info(f'{error} It goes on in the next round.')
        except Error as error:
            failures += 1
            pywikibot.error(error)
            if failures == PATIENCE:
                return 3
        if pause(EVERY):
            return 0


def tag_new_pages(site: Any, since: Path) -> None:
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
            except PageSaveRelatedError as error:
                pywikibot.error(error)
    new = since.with_suffix('.new')
    new.write_text(now.isoformat(), 'utf-8')
    new.replace(since)


def pause_until_signal() -> Callable[[float], bool]:
    ended = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: ended.set())
    return ended.wait
