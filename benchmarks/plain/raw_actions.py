"""What examples/raw_actions.py does, with plain pywikibot."""

from __future__ import annotations

from typing import Any

import pywikibot
from pywikibot.exceptions import APIError

DONE = ('alreadyblocked', 'alreadyrolled', 'missingtitle')
REASON = 'Vandalism'


def main(*args: str) -> int:
    users = pywikibot.handle_args(args)
    site = pywikibot.Site()
    site.login()
    for user in users:
        once(site, 'block', 'csrf', user=user, expiry='3 days', reason=REASON)
        for edit in latest_edits(site, user):
            title = edit['title']
            if 'new' in edit:
                once(site, 'delete', 'csrf', title=title, reason=REASON)
            else:
                how = {'title': title, 'user': user, 'summary': REASON}
                once(site, 'rollback', 'rollback', **how)
                once(site, 'watch', 'watch', titles=title, expiry='1 month')
    left = [edit['title'] for user in users for edit in latest_edits(site, user)]
    print(f'Left: {", ".join(left) or "nothing"}')
    return 1 if left else 0


def once(site: Any, action: str, kind: str, **parameters: Any) -> None:
    """Send it, and again if its answer is lost, as pywikibot does."""
    token = site.tokens[kind]
    try:
        site.simple_request(action=action, token=token, **parameters).submit()
    except APIError as error:
        if error.code not in DONE:
            raise


def latest_edits(site: Any, user: str) -> list[dict[str, Any]]:
    return list(site.usercontribs(user=user, top=True, total=500))
