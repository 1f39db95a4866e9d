"""The reasons that a wiki offers in its forms, read from the message that lists them.

Reading the message is left to the caller.

https://www.mediawiki.org/wiki/Help:Administration#Editing_the_dropdown
"""

from __future__ import annotations

from dataclasses import dataclass

#: What PHP's trim() takes off.
_BLANK = ' \t\n\r\0\x0b'


@dataclass(frozen=True, slots=True)
class ListedReason:
    """One reason of a list.

    :ivar text: the reason
    :ivar group: the heading that it stands under; empty if there is none
    """

    text: str
    group: str = ''


def reasons_in(message: str) -> list[ListedReason]:
    """Return the reasons in the text of a message, in the order of the form.

    Headings begin with one asterisk, and the reasons under them with two. Parts with
    the same heading are one, as in MediaWiki's ``Xml::listDropDownOptions``.
    """
    # What has a heading, and what has none, keeps the place in which it comes first.
    places: dict[tuple[str, bool], dict[str, ListedReason]] = {}
    heading = ''
    for line in message.split('\n'):
        words = line.strip(_BLANK)
        if words.startswith('*') and not words.startswith('**'):
            heading = words[1:].strip(_BLANK)
            continue
        if not words.startswith('**'):
            if not words:
                continue
            heading = ''
        words = words.removeprefix('**').strip(_BLANK)
        place = places.setdefault((heading or words, bool(heading)), {})
        place.setdefault(words, ListedReason(words, heading))
    return [reason for place in places.values() for reason in place.values()]
