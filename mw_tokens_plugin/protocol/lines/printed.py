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

#: The words before a target in the log of a campaign.
_OUTCOME = re.compile('^(?:done|FAILED): (?=.)')
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
#: What a plan shows of an account or a page. Titles and names can end with brackets
#: too, so a page needs several facts.
_FACTS = re.compile(
    r' \((?:[^()]*; )?edits \d+(?:; [^()]*)?\)$'
    r'| \((?:[^()]*; )?registered \d{4}-\d\d-\d\d(?:; [^()]*)?\)$'
    r'| \((?:[^()]*; )?(?:active sysops|revisions) \d+; [^()]*\)$'
)
#: The words after a target that failed in a summary.
_FAILURE = re.compile(rf': {_ERROR}$')
#: A row of a campaign's report in wikitext, with its state and its time.
_REPORTED = re.compile(
    r'\|(?P<target>[^|]+|<nowiki>.*?</nowiki>)\|\| [a-z ]+ \|\| '
    r'(?:\d{4}-\d\d-\d\d \d\d:\d\d:\d\d)? ?\|\| .*'
)

_NOWIKI = re.compile('<nowiki>(.*)</nowiki>')


def without_facts(text: str, reasons: Collection[str] = ()) -> str:
    """Return a target without the facts that plans, logs and summaries add.

    .. version-added:: 0.1

    >>> without_facts('done: Example bot (found by reading)')
    'Example bot'

    :param text: the content of a line
    :param reasons: the reasons for which plans skip targets, as they are written
    """
    if WIKILINK.fullmatch(text.strip()):
        return text
    if outcome := _OUTCOME.match(text):
        return _DETAIL.sub('', text[outcome.end() :])
    # Only lists of pages have a tabulator, and nothing else is added to them.
    if '\t' in text:
        return text
    if facts := _FACTS.search(text):
        return text[: facts.start()]
    skipped = [_without_reason(text, reason) for reason in reasons if reason in text]
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
