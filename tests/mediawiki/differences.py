"""In what the wikis differ on which the same tests run.

The tests that meet a difference expect it, so that one which disappears is noticed.
They print the release of each wiki, as it says itself.
"""

from __future__ import annotations

#: Answers by kind of wiki and case, where they are not those of a MediaWiki: first to
#: nobody, then to the operator.
DIFFERENT_ANSWERS: dict[tuple[str, str], list[str]] = {}
