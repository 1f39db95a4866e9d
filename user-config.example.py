"""A configuration for pywikibot with mw_tokens_plugin: copy it to user-config.py.

pywikibot executes it in its own namespace, so a plain assignment is a setting. All
settings: https://doc.wikimedia.org/pywikibot/stable/api_ref/pywikibot.config.html

Settings that are commented out are optional: remove the "# " to use one.
"""

from __future__ import annotations

# The wiki that commands act on unless told otherwise. Global locks go to the central
# wiki of its farm in any case.
family = 'meta'
mylang = 'meta'

# The account's name, without the part after "@" of a bot password.
usernames['meta']['meta'] = 'Example Steward'

# One login for all wikis of the farm: the same name everywhere.
# usernames['*']['*'] = 'Example Steward'

# Gives every site typed tokens, also in scripts that know nothing about the plugin. It
# is not written as an import because pywikibot would treat the name as a setting.
# MW_TOKENS_DISABLE=1 in the environment disables it. Accounts that global_lock and
# global_delete must always skip can be listed in a file, one per line:
# enable(protect='/path/to/protected.txt')
# Names for times of global_block, as in -expiry:@proxy, and whether its blocks of
# addresses stop users with an account: enable(expiries={'proxy': '6 months'},
# address_blocks='soft')
# The wiki set on whose wikis crosswiki_delete acts:
# enable(action_wiki_set='Opted-out of global sysop wikis')
# How many lost sessions are renewed on each wiki within ten minutes: enable(renewals=2)
# If the plugin is removed one day, all other scripts still start.
try:
    __import__('mw_tokens_plugin').enable()
except ImportError:
    pass

# Campaigns are recorded in campaigns/ledger.sqlite3 next to this file. To use another
# database, give enable(ledger='URL') for all runs, or -ledger:URL for one.

# A farm of your own
#
# pywikibot knows the wikis of Wikimedia. Others need a family file, which says which of
# them keeps the global accounts, and that they share one login:
#
#     from pywikibot import family
#
#
#     class Family(family.Family):
#         name = 'examplefarm'
#         langs = {'meta': 'meta.wiki.example', 'en': 'en.wiki.example'}
#         central_wiki = 'meta'
#         shared_login = True
#
#         def scriptpath(self, code):
#             return '/w'
#
# With that file next to this one:
# family_files['examplefarm'] = f'{base_dir}/examplefarm_family.py'
# family = 'examplefarm'
# mylang = 'meta'
# usernames['examplefarm']['*'] = 'Example Steward'

# The login: a password
#
# pywikibot asks for the password unless it is in this file, one line per account:
#     ('meta', 'Example Steward', BotPassword('name of it', 'its password'))
#     ('meta', 'Example Steward', 'main password')
# The first word is the family. A line without it is for all wikis of the farm, and is
# refused if this file names the account on several farms.
# Only you may read it (chmod 600 user-password.py): the scripts refuse a file that
# others can read. A bot password needs the grants that "pwb token_doctor" lists;
# working on other wikis with a centralauthtoken needs a session of the main password.
# password_file = 'user-password.py'

# The login: OAuth instead of a password
#
# The access token that the wiki shows when an owner-only OAuth 2.0 consumer is created,
# for the hosts that may receive it. It is a secret, so only you may read this file
# (chmod 600 user-config.py). How to get one: docs/credentials.md.
# authenticate['meta.wikimedia.org'] = ('access token',)
# Or the four strings of an OAuth 1.0a consumer:
# authenticate['meta.wikimedia.org'] = (
#     'consumer token',
#     'consumer secret',
#     'access token',
#     'access secret',
# )
# Also for other wikis that are used without foreign_site():
# authenticate['*.wikipedia.org'] = authenticate['meta.wikimedia.org']

# Wikimedia requires a way to contact you in the user agent:
# https://foundation.wikimedia.org/wiki/Policy:Wikimedia_Foundation_User-Agent_Policy
user_agent_description = 'locks by hand-made lists; User talk:Example Steward'

# Seconds between two writes on the same wiki, shared by all your processes there. With
# ten, which is pywikibot's default, 400 locks take over an hour. If the wiki's rules
# allow you more, set it here, or for one run with -pt:1.
put_throttle = 10

# The language of messages; without it, that of the terminal.
# userinterface_lang = 'en'
