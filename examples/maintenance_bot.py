"""Rename a template on all pages that use it: a bot for cron, where nobody looks on.

    0 3 * * *  cd ~/bot && wiki/bin/python maintenance_bot.py 'Old box' 'New box'

What one run leaves undone is the next one's work. The exit code says whether somebody
has to look: 0 everything is done, 1 some pages were not saved, 3 the login does not
work or may not edit, 75 try again later.
"""

from __future__ import annotations

import sys

import mwparserfromhell
import pywikibot
from pywikibot.exceptions import ApiTimeoutError, PageSaveRelatedError

import mw_tokens_plugin
from mw_tokens_plugin.exceptions import (
    AmbiguousWrite,
    PermissionDenied,
    RateLimited,
    ReadOnly,
    SessionError,
    WikiUnreachable,
)

mw_tokens_plugin.enable()

#: What the next run may find better: the wiki is locked, slow or gone.
LATER = (AmbiguousWrite, ApiTimeoutError, RateLimited, ReadOnly, WikiUnreachable)


def main(*args: str) -> int:
    """Do one night's work."""
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
            except (*LATER, PermissionDenied):  # pages that follow would fail as well
                raise
            except PageSaveRelatedError as error:  # it concerns this page alone
                pywikibot.error(error)
                failed += 1
    except (PermissionDenied, SessionError) as error:
        pywikibot.error(error)
        return 3
    except LATER as error:
        pywikibot.error(error)
        return 75
    return 1 if failed else 0


def renamed(text: str, old: str, new: str) -> str:
    """Return a text in which a template has its new name."""
    code = mwparserfromhell.parse(text)
    for template in code.filter_templates(matches=lambda each: each.name.matches(old)):
        template.name = new
    return str(code)


if __name__ == '__main__':
    sys.exit(main(*sys.argv[1:]))
