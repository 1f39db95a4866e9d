"""What a user does with pywikibot; run by itself, against a sandbox."""

from __future__ import annotations

import pywikibot
from pywikibot import pagegenerators

site = pywikibot.Site('aa', 'sandbox')
site.login()
assert site.user() == 'Sandbox Operator'
assert site.has_right('delete')

page = pywikibot.Page(site, 'Test page')
page.text = 'hello [[Main Page]]'
page.save('first')
page.text += ' again'
page.save('second')
fresh = pywikibot.Page(site, 'Test page')
assert fresh.text == 'hello [[Main Page]] again'
revisions = sorted(fresh.revisions(), key=lambda revision: revision.revid)
assert [revision.comment for revision in revisions] == ['first', 'second']
backlinks = pywikibot.Page(site, 'Main Page').backlinks()
assert [link.title() for link in backlinks] == ['Test page']

fresh.protect(protections={'edit': 'sysop'}, summary='calm')
assert pywikibot.Page(site, 'Test page').protection()['edit'][0] == 'sysop'

fresh.move('Moved page', 'a better name')
assert pywikibot.Page(site, 'Test page').getRedirectTarget().title() == 'Moved page'

moved = pywikibot.Page(site, 'Moved page')
moved.delete('spam', prompt=False)
moved = pywikibot.Page(site, 'Moved page')
assert not moved.exists()
# The move is one of them.
assert len(list(moved.loadDeletedRevisions())) == 3
moved.undelete('a mistake')
assert pywikibot.Page(site, 'Moved page').exists()

name = next(iter(site.allusers(prefix='Spambot', total=1)))['name']
spammer = pywikibot.User(site, name)
assert spammer.isRegistered()
spammer.block('infinite', 'spam', nocreate=True, autoblock=True)
assert pywikibot.User(site, name).is_blocked()

edited = next(iter(site.allpages(prefix='Spam', total=1)))
author = edited.latest_revision.user
edited.text = 'cleaned'
edited.save('cleaned')
central = pywikibot.Site('meta', 'sandbox')
central.login()
shared = pywikibot.Page(site, edited.title())
result = shared.rollback(user='Sandbox Operator')
assert result['last_revid'] < result['old_revid'], (author, result)

spam = list(pagegenerators.PreloadingGenerator(site.allpages(prefix='Spam')))
assert spam and all(page.text.startswith('Buy') for page in spam)
assert next(iter(site.logevents(logtype='block', total=1))).page().title() == (
    f'User:{name}'
)
done = central.simple_request(
    action='setglobalaccountstatus',
    user='Spambot 00001',
    locked='lock',
    reason='spam',
    token=central.tokens['setglobalaccountstatus'],
).submit()
assert done['setglobalaccountstatus']['locked'] == ''
print('all of it worked')
