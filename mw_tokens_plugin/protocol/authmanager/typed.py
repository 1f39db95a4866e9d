"""What a person typed as values of fields, and the wiki's messages as plain text.

Which fields are asked for is left to the caller.
"""

from __future__ import annotations

import re
from html.parser import HTMLParser

from mw_tokens_plugin.exceptions import InvalidInput
from mw_tokens_plugin.protocol.authmanager.filling import Value
from mw_tokens_plugin.protocol.authmanager.forms import Field, FieldType, Message

#: Types of fields that are ticked or not.
TICKED = (FieldType.CHECKBOX, FieldType.BUTTON)

_WORDS = {
    **dict.fromkeys(('yes', 'y', 'true', '1'), True),
    **dict.fromkeys(('no', 'n', 'false', '0', ''), False),
}

#: A link of wikitext to another site, with a text.
_EXTERNAL = re.compile(r'\[https?://[^\s\]]+ ([^\]\n]+)\]')

#: Characters that a terminal would obey: controls, and marks of direction.
_CONTROLS = re.compile(r'[\x00-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069]')


def value_of(field: Field, text: str) -> Value:
    """Return what a text means for a field.

    .. version-added:: 0.1

    :param field: the field
    :param text: what was typed, or is in the file
    :raises InvalidInput: it is neither "yes" nor "no" where one of them is needed
    """
    if field.type in TICKED:
        if text.strip().lower() not in _WORDS:
            raise InvalidInput(f'The field {field.name!r} takes "yes" or "no".')
        return _WORDS[text.strip().lower()]
    if field.type is FieldType.MULTISELECT:
        return [each.strip() for each in text.split('|') if each.strip()]
    return text


def plain(message: Message | None) -> str:
    """Return a message, which the wiki gave as HTML or wikitext, for a terminal.

    .. version-added:: 0.1
    """
    if message is None:
        return ''
    reader = _Text()
    reader.feed(_EXTERNAL.sub(r'\1', str(message)))
    reader.close()
    return clean(' '.join(''.join(reader.parts).split()))


def clean(text: str) -> str:
    """Return a text without the characters that a terminal would obey.

    .. version-added:: 0.1
    """
    return _CONTROLS.sub('', text)


class _Text(HTMLParser):
    """Collects the text of some HTML."""

    def __init__(self) -> None:
        """Start empty."""
        super().__init__()
        self.parts: list[str] = []

    def handle_data(self, data: str) -> None:
        """Keep a piece of text."""
        self.parts.append(data)
