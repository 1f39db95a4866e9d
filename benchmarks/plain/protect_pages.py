"""What examples/protect_pages.py writes, with plain pywikibot.

It has no plan, no resumption, no report and no undo.
"""

from __future__ import annotations

import pywikibot
from pywikibot.exceptions import Error

TEMPLATE = '{{Protected}}'


def main(*args: str) -> int:
    titles, reason, level = [], '', 'sysop'
    for argument in pywikibot.handle_args(args):
        name, _, value = argument.partition(':')
        if name == '-reason':
            reason = value
        elif name == '-level':
            level = value
        elif not argument.startswith('-'):
            titles.append(argument)
    site = pywikibot.Site()
    site.login()
    failed = 0
    pages = []
    for title in titles:
        page = pywikibot.Page(site, title)
        pages += [page, page.toggleTalkPage()]
    pages = [page for page in pages if page.exists()]
    for page in pages:
        try:
            page.text = TEMPLATE + page.text.replace(TEMPLATE, '')
            page.save(summary=reason, quiet=True)
        except Error as error:
            pywikibot.error(error)
            failed += 1
    for page in pages:
        try:
            page.protect(reason, {**levels(page), 'edit': level})
        except Error as error:
            pywikibot.error(error)
            failed += 1
    return 1 if failed else 0


def levels(page: pywikibot.Page) -> dict[str, str]:
    return {kind: level for kind, (level, _) in page.protection().items()}
