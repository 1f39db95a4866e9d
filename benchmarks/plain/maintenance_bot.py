"""What examples/maintenance_bot.py does, with plain pywikibot."""

from __future__ import annotations

import mwparserfromhell
import pywikibot
from pywikibot.exceptions import ApiTimeoutError, Error, PageSaveRelatedError


def main(*args: str) -> int:
    old, new = pywikibot.handle_args(args)
    failed = 0
    try:
        site = pywikibot.Site()
        site.login()
        template = pywikibot.Page(site, old, ns=10)
        for page in template.getReferences(only_template_inclusion=True, content=True):
            try:
                page.text = renamed(page.text, old, new)
                page.save(summary=f'Template:{old} is called {new}', quiet=True)
            except PageSaveRelatedError as error:
                pywikibot.error(error)
                failed += 1
    except ApiTimeoutError as error:
        pywikibot.error(error)
        return 75
    except Error as error:
        pywikibot.error(error)
        return 3
    return 1 if failed else 0


def renamed(text: str, old: str, new: str) -> str:
    code = mwparserfromhell.parse(text)
    for template in code.filter_templates(matches=lambda each: each.name.matches(old)):
        template.name = new
    return str(code)
