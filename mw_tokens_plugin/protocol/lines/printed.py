"""What the output of campaigns adds to a target, and removing it again.

Operators paste targets back from plans, logs, summaries and reports. Which targets
there are is left to others.
"""

from __future__ import annotations

import re
from collections.abc import Collection

from mw_tokens_plugin import exceptions
from mw_tokens_plugin.protocol.lines.signs import WIKILINK
from mw_tokens_plugin.protocol.names import decoded

#: The names of errors with which targets fail.
_ERRORS = [
    name
    for name, item in vars(exceptions).items()
    if isinstance(item, type) and item.__module__ == exceptions.__name__
]
_ERROR = rf'(?:{"|".join(_ERRORS)}): .*'
#: The words after a target in the log of a campaign.
_DETAIL = re.compile(
    r' \((?:log entry \d|found by reading|(?:done|gone|changed) [^()]*)[^()]*\)$'
    rf'| \({_ERROR}\)$'
)
#: The words after a target that failed in a summary.
_FAILURE = re.compile(rf': {_ERROR}$')
#: A row of a campaign's report in wikitext, with its state and its time.
_REPORTED = re.compile(
    r'\|(?P<target>[^|]+|<nowiki>.*?</nowiki>)\|\| [a-z ]+ \|\| '
    r'(?:\d{4}-\d\d-\d\d \d\d:\d\d:\d\d)? ?\|\| .*'
)

_NOWIKI = re.compile('<nowiki>(.*)</nowiki>')


class Printed:
    """The words with which campaigns print targets, in all languages they are in.

    .. version-added:: 0.1
    """

    def __init__(
        self,
        *,
        outcomes: Collection[str] = ('done: ', 'FAILED: '),
        edits: Collection[str] = ('edits',),
        registered: Collection[str] = ('registered',),
        counts: Collection[str] = ('active sysops', 'revisions'),
        reasons: Collection[str] = (),
    ) -> None:
        """Know them, in English unless given.

        :param outcomes: what is before a target in the log of a run
        :param edits: what plans show before the number of edits of an account
        :param registered: the same before the day on which it was registered
        :param counts: the same before numbers that belong to a page
        :param reasons: why plans skip targets
        """
        self.reasons = tuple(dict.fromkeys(reasons))
        self.outcome = re.compile(f'^(?:{_any_of(outcomes)})(?=.)')
        # Titles and names can end with brackets too, so a page needs several facts.
        self.facts = re.compile(
            rf' \((?:[^()]*; )?(?:{_any_of(edits)}) \d+(?:; [^()]*)?\)$'
            rf'| \((?:[^()]*; )?(?:{_any_of(registered)}) '
            r'\d{4}-\d\d-\d\d(?:; [^()]*)?\)$'
            rf'| \((?:[^()]*; )?(?:{_any_of(counts)}) \d+; [^()]*\)$'
        )


def _any_of(words: Collection[str]) -> str:
    return '|'.join(map(re.escape, dict.fromkeys(words)))


#: The words of campaigns in English.
ENGLISH = Printed()


def without_facts(text: str, printed: Printed = ENGLISH) -> str:
    """Return a target without the facts that plans, logs and summaries add.

    .. version-added:: 0.1

    >>> without_facts('done: Example bot (found by reading)')
    'Example bot'

    :param text: the content of a line
    :param printed: the words with which it may have been printed
    """
    if WIKILINK.fullmatch(text.strip()):
        return text
    if outcome := printed.outcome.match(text):
        return _DETAIL.sub('', text[outcome.end() :])
    # Only lists of pages have a tabulator, and nothing else is added to them; all else
    # is added in brackets or after a colon.
    if '\t' in text or not (' (' in text or ': ' in text):
        return text
    if facts := printed.facts.search(text):
        return text[: facts.start()]
    skipped = [_without_reason(text, why) for why in printed.reasons if why in text]
    return max(skipped, key=len) if any(skipped) else _FAILURE.sub('', text)


def target_in_row(row: str) -> str | None:
    """Return the target in a row of a report in wikitext; None for another row.

    :param row: the line, without blanks at its ends
    """
    reported = _REPORTED.fullmatch(f'{row} ')
    if reported is None:
        return None
    cell = reported['target'].strip()
    escaped = _NOWIKI.fullmatch(cell)
    return decoded(escaped[1]) if escaped else cell


def _without_reason(text: str, reason: str) -> str:
    """Return a target without the reason why it is skipped; '' if it has none.

    A plan writes the reason in brackets and a summary after a colon; more may follow.
    """
    why = re.escape(reason)
    found = re.match(rf'(.+)(?: \({why}(?:[:;] .*)?\)|: {why}(?:: .*)?)$', text)
    return found[1] if found else ''
