"""Copy pages from one wiki to another, and link the copies to the items of the pages.

    python mover.py wikipedia:de wikipedia:nds 'Berlin' 'Hamburg' 'Bremen'

One login, on the default wiki, is enough for all three wikis. The threads share it.
"""

from __future__ import annotations

import sys
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pywikibot
from pywikibot.exceptions import Error, NoPageError

import mw_tokens_plugin

mw_tokens_plugin.enable()


def main(*args: str) -> int:
    """Copy the pages that are named; pages that are copied already are skipped."""
    source_name, target_name, *titles = pywikibot.handle_args(args)
    home = pywikibot.Site()
    home.login()
    source = home.foreign_site(source_name, reads='anonymous')
    target = home.foreign_site(target_name, reads='anonymous', create_account=True)

    def moved(title: str) -> bool:
        try:
            move(pywikibot.Page(source, title), target)
        except Error as error:  # all errors of the plugin are errors of pywikibot, too
            pywikibot.error(f'{title}: {error}')
            return False
        return True

    with ThreadPoolExecutor(4) as pool:
        return 0 if all(list(pool.map(moved, titles))) else 1


def move(page: Any, target: Any) -> None:
    """Copy one page, and let its item link to the copy.

    :param target: the site of the copy
    """
    if not page.exists():
        raise NoPageError(page)
    copy = pywikibot.Page(target, page.title())
    if not copy.exists():
        copy.text = page.text
        copy.save(summary=f'Copied from {page.title(as_link=True, insite=target)}')
    try:
        item = pywikibot.ItemPage.fromPage(page)
        links = [] if target.dbName() in item.sitelinks else [copy]
    except NoPageError:
        # The repository of a foreign site is one, too: it is used with the same login.
        item = pywikibot.ItemPage(page.site.data_repository())
        links = [page, copy]
    if links:
        item.setSitelinks(links, summary='Linked to the copy')


if __name__ == '__main__':
    sys.exit(main(*sys.argv[1:]))
