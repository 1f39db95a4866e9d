"""Block vandals, roll back their latest edits, and delete pages that they created.

    python raw_actions.py 'Some Vandal' 'Another Vandal'

Actions want tokens of several types; ``site.post()`` finds the right one for each.
"""

from __future__ import annotations

import sys
from typing import Any

import pywikibot

import mw_tokens_plugin
from mw_tokens_plugin.exceptions import AmbiguousWrite, ApiRefusal

mw_tokens_plugin.enable()

#: Refusals that say that it is done already.
DONE = ('alreadyblocked', 'alreadyrolled', 'missingtitle')
REASON = 'Vandalism'


def main(*args: str) -> int:
    """Clean up after the accounts that are named."""
    users = pywikibot.handle_args(args)
    site = pywikibot.Site()
    site.login()
    for user in users:
        once(site, 'block', user=user, expiry='3 days', reason=REASON)
        for edit in latest_edits(site, user):
            title = edit['title']
            if 'new' in edit:
                once(site, 'delete', title=title, reason=REASON)
            else:
                once(site, 'rollback', title=title, user=user, summary=REASON)
                site.post('watch', titles=title, expiry='1 month')
    left = [edit['title'] for user in users for edit in latest_edits(site, user)]
    print(f'Left: {", ".join(left) or "nothing"}')
    return 1 if left else 0


def once(site: Any, action: str, **parameters: Any) -> None:
    """Do what the wiki refuses to do twice, even if an answer is lost."""
    try:
        site.post(action, **parameters)
    except AmbiguousWrite as error:
        pywikibot.info(f'{error} It is sent again, and refused if it has.')
        once(site, action, **parameters)
    except ApiRefusal as error:
        if error.code not in DONE:
            raise


def latest_edits(site: Any, user: str) -> list[dict[str, Any]]:
    """Return the edits of an account that are the latest of their pages."""
    return list(site.usercontribs(user=user, top=True, total=500))


if __name__ == '__main__':
    sys.exit(main(*sys.argv[1:]))
