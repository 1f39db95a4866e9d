"""A configuration for pywikibot with mw_tokens_plugin: copy it to user-config.py.

pywikibot executes it among its own variables, so a plain assignment is a setting. All
settings: https://doc.wikimedia.org/pywikibot/stable/api_ref/pywikibot.config.html

Settings that are commented out are choices: take the "# " away from yours.
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

# Gives every site typed tokens, also in scripts that know nothing of the plugin. It is
# not written as an import because pywikibot would take the name for a setting.
# MW_TOKENS_DISABLE=1 in the environment switches it off. Accounts that global_lock and
# global_delete must always leave alone can be named in a file, one a line:
# enable(protect='/path/to/protected.txt')
# How many lost sessions are renewed on each wiki within ten minutes: enable(renewals=2)
# Should the plugin be removed one day, all other scripts start as before.
try:
    __import__('mw_tokens_plugin').enable()
except ImportError:
    pass

# What campaigns have done is recorded in campaigns/ledger.sqlite3 beside this file. To
# use another database, enable(ledger='URL') is for all runs, and -ledger:URL for one.

# A farm of your own
#
# pywikibot knows the wikis of Wikimedia. Others stand in a family file, which says
# which of them has the global accounts, and that they share one login:
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
# With that file beside this one:
# family_files['examplefarm'] = f'{base_dir}/examplefarm_family.py'
# family = 'examplefarm'
# mylang = 'meta'
# usernames['examplefarm']['*'] = 'Example Steward'

# The login: a password
#
# pywikibot asks for the password, unless it finds it in this file, one line an account:
#     ('meta', 'Example Steward', BotPassword('name of it', 'its password'))
#     ('meta', 'Example Steward', 'main password')
# The first word is the family. A line without it is for all wikis of the farm, and is
# refused where this file names the account on several farms.
# Only you may read it (chmod 600 user-password.py): the scripts refuse one that others
# can read. A bot password needs the grants of what is to be done, which "pwb
# token_doctor" lists; acting on other wikis with a centralauthtoken needs a session of
# the main password.
# password_file = 'user-password.py'

# The login: OAuth instead of a password
#
# The four strings that the wiki shows when an owner-only OAuth 1.0a consumer is made,
# for the hosts that may see them. They are secrets: only you may read this file then
# (chmod 600 user-config.py). How to get them: docs/credentials.md.
# authenticate['meta.wikimedia.org'] = (
#     'consumer token',
#     'consumer secret',
#     'access token',
#     'access secret',
# )
# For the other wikis too, on which foreign_site() sends the same consumer:
# authenticate['*.wikipedia.org'] = authenticate['meta.wikimedia.org']

# Wikimedia asks for a way to reach you in the user agent:
# https://foundation.wikimedia.org/wiki/Policy:Wikimedia_Foundation_User-Agent_Policy
user_agent_description = 'locks by hand-made lists; User talk:Example Steward'

# Seconds between two writes on the same wiki, shared by all your processes there. With
# ten, which is pywikibot's default, 400 locks take over an hour. Where the wiki's rules
# allow you more, say so here, or for one run only with -pt:1.
put_throttle = 10

# The language of messages; without it, that of the terminal.
# userinterface_lang = 'en'
