"""In what the wikis differ on which the same tests run.

The tests that meet a difference expect it, so that one which disappears is noticed.
They print the release of each wiki, as it says itself; no answer that they ask for has
changed between 1.39 and 1.43.
"""

from __future__ import annotations

from pywikibot.exceptions import APIError

from mw_tokens_plugin.exceptions import TokenError

#: Modules that the sandbox knows by name alone.
NOT_IMITATED = frozenset({'createaccount', 'patrol', 'watch'})

#: How a module shows that it is not imitated.
UNLIKE = (APIError, TokenError)

#: Answers by kind of wiki and case, where they are not those of a MediaWiki: first to
#: nobody, then to the operator.
DIFFERENT_ANSWERS = {
    ('sandbox', 'login with a garbled token'): ['Failed', 'Failed'],
}
