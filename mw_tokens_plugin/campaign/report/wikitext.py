"""The file of a report for a page of a wiki: a table in wikitext."""

from __future__ import annotations

import html
import re
from typing import TextIO

from mw_tokens_plugin.campaign.records import State
from mw_tokens_plugin.campaign.report.contents import OPEN, Contents
from mw_tokens_plugin.campaign.report.texts import STATES, readable, safe

#: Rows of the table; a page of a wiki holds no more than 2 MB.
MAX_ROWS = 2000

#: What means nothing in wikitext but itself: letters, digits and a few signs. Two
#: underscores start a switch such as NOINDEX, and some words become links when a number
#: follows them.
#: https://www.mediawiki.org/wiki/Help:Magic_links
_PLAIN = re.compile(r'(?!.*(?:__|\b(?:RFC|PMID|ISBN)\b))[\w .,/-]*')
#: Names that can be used in a link; all others are no names, or need an escape.
_LINKABLE = re.compile(r"(?:[^\W_]|[ .,()!?-]|'(?!'))+")


def write_wikitext(contents: Contents, file: TextIO) -> None:
    """Write a report as wikitext, the targets to check first."""
    campaign, counts = contents.campaign, contents.counts
    # Without one, global blocks are only changed.
    is_kept = campaign.action == 'global_block'
    no_reason = '(each block keeps its own)' if is_kept else '(none)'
    file.write(
        f'{nowiki(campaign.action)} by {user_link(campaign.operator)} on '
        f'{nowiki(campaign.wiki)}: {counts[State.DONE]} done, '
        f'{counts[State.FAILED]} failed, {counts[State.SKIPPED]} skipped. '
        f'Reason: {nowiki(campaign.reason) or no_reason}\n\n'
        '{| class="wikitable sortable"\n! Target !! Result !! When (UTC) !! Why\n'
    )
    left = MAX_ROWS
    for state in (State.FAILED, State.SKIPPED, *OPEN, State.DONE):
        for row in contents.rows(state):
            if not left:
                break
            left -= 1
            file.write(
                f'|-\n| {nowiki(row.shown)} || {STATES[row.state]} || '
                f'{readable(row.ended_at)} || {nowiki(row.why)}\n'
            )
    if (more := sum(counts.values()) - MAX_ROWS) > 0:
        file.write(f'|-\n| colspan="4" | and {more} more\n')
    file.write('|}\n')


def nowiki(text: str) -> str:
    """Show a text as it is, whatever markup it holds."""
    text = safe(text)
    if _PLAIN.fullmatch(text):
        return text
    return f'<nowiki>{html.escape(" ".join(text.split()))}</nowiki>'


def user_link(name: str) -> str:
    """Return a link to a user, if a user can have that name."""
    return f'[[User:{name}]]' if _LINKABLE.fullmatch(name) else nowiki(name)
