"""What examples/mover.py does, with plain pywikibot: a login on each wiki."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pywikibot
from pywikibot.exceptions import Error, NoPageError


def main(*args: str) -> int:
    source_name, target_name, *titles = pywikibot.handle_args(args)
    source, target = pywikibot.Site(source_name), pywikibot.Site(target_name)
    # Before the threads: each of them would log in, and some find the repository half
    # read.
    repository = source.data_repository()
    for site in (source, target, repository):
        site.login()
    repository.get_namespace_for_entity_type('item')

    def moved(title: str) -> bool:
        try:
            move(pywikibot.Page(source, title), target)
        except Error as error:
            pywikibot.error(f'{title}: {error}')
            return False
        return True

    with ThreadPoolExecutor(4) as pool:
        return 0 if all(list(pool.map(moved, titles))) else 1


def move(page: Any, target: Any) -> None:
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
        item = pywikibot.ItemPage(page.site.data_repository())
        links = [page, copy]
    if links:
        item.setSitelinks(links, summary='Linked to the copy')
