"""What marks a name in a line: links, templates, addresses, and the text of logs.

It holds the patterns that the modules beside it share. What a line means, and which
names are in it, is left to them.

https://www.mediawiki.org/wiki/Help:Links
"""

from __future__ import annotations

import re

from mw_tokens_plugin.exceptions import InvalidInput
from mw_tokens_plugin.protocol.addresses import network_of
from mw_tokens_plugin.protocol.names import AccountKind, kind_of, normalise_name

#: The first characters of links and templates, and of addresses.
LINKED = ('[[', '{{')
ADDRESSED = ('http://', 'https://', '//', '[http', '[//')

#: Invisible characters at the ends of pasted text: a byte order mark, blanks without a
#: width, isolates of directions.
INVISIBLE = '\ufeff\u200b\u2060\u2066\u2067\u2068\u2069'
_DIRECTION = re.compile('[\u200e\u200f\u202a-\u202e]')
HTML_COMMENT = re.compile('<!--.*?-->')
WIKILINK = re.compile(r'\[\[[^\[\]]*\]\]')
#: Templates that name users, and whether all their parameters do.
TEMPLATES = {
    **dict.fromkeys(('lockhide', 'lh', 'luxotool', 'sultool', 'checkuser'), False),
    **dict.fromkeys(('user', 'userlinks', 'vandal', 'ipvandal', 'ip'), False),
    **dict.fromkeys(('multilock', 'multilockhide', 'sock list'), True),
}
#: Special pages that show something of the user whose name follows.
_SPECIAL = (
    'block centralauth checkuser contribs contributions createlocalaccount '
    'deletedcontributions emailuser globalblock globalblocklist globalcontributions '
    'globalrenameuser globaluserrights listfiles log unblock userrights'
).split()
#: A type of log; unlike a user's name it begins with a small letter.
_LOG_TYPE = r'log/(?-i:[a-z*][a-z-]*)\s*(?:$|[\]|?#])'
USER_PAGE = re.compile(
    r'\s*:*(?:[a-z][a-z0-9-]*\s*:\s*:?)*?(?:user(?:[ _]talk)?\s*:'
    rf'|special\s*:\s*(?!{_LOG_TYPE})(?:{"|".join(_SPECIAL)})/)\s*(?P<name>.+)',
    re.IGNORECASE,
)
#: A link or a template that names a user anywhere in a line.
USER_LINK = re.compile(
    rf'\[\[(?=[^\[\]]*\]\]){USER_PAGE.pattern}'
    rf'|\{{\{{\s*(?:{"|".join(TEMPLATES)})\s*\|',
    re.IGNORECASE,
)
SPECIAL_PAGE = re.compile(rf'special\s*:\s*(?:{"|".join(_SPECIAL)})', re.IGNORECASE)
#: A template, a link, a labelled address, or an address.
TOKEN = re.compile(
    r'\{\{(?P<template>[^{}]*)\}\}|\[\[(?P<link>[^\[\]]*)\]\]'
    r'|\[(?P<labelled>(?:https?:)?//[^\s\[\]]+)[^\[\]]*\]'
    r'|(?<!\S)(?P<url>(?:https?:)?//\S+)',
    re.IGNORECASE,
)
#: Words in the links that MediaWiki shows after a name.
LINK_WORD = (
    r'(?:talk|contribs|contributions|block|unblock|change|logs?|global|locks?|deleted|'
    r'user|rights)'
)
_TIME = r'\d{1,2}:\d\d(?::\d\d)?'
DATE = r'(?:\d{1,2}\.? \w+,? \d{4}|\w+ \d{1,2},? \d{4}|\d{4}-\d\d-\d\d)'
#: The start of a line of a log.
LOG_START = re.compile(
    rf'(?:\([^()]*log\);?\s*)?(?:{_TIME}(?:,? {DATE})?|{DATE}(?:T|,? ){_TIME}Z?)'
    r'(?![\w:])\s*(?:\([^()]*log\)\s*)?(?:\.\s?\.)?\s*',
    re.IGNORECASE,
)
#: The end of such a line about the creation of an account.
LOG_CREATED = re.compile(
    r'(?<!\s)\s*\b(?:user account )?(?:was )?created(?: automatically)?\.?$',
    re.IGNORECASE,
)
_PORT = re.compile(r'\[?([0-9A-Fa-f:.]+?)\]?(?<=[\].\d]):\d{1,5}|\[([0-9A-Fa-f:]+)\]')


def trimmed(text: str) -> str:
    """Return a text without direction marks, and invisible characters at its ends."""
    text = _DIRECTION.sub('', text).strip()
    while text != (text := text.strip(INVISIBLE).strip()):
        pass
    return text


def title_in(text: str) -> str:
    """Return the title of a page, as it is written in a link or an address."""
    return trimmed(text.replace('_', ' '))


def holds_link(text: str) -> bool:
    """Return whether a text has a link, a template or an address."""
    return any(sign in text for sign in LINKED) or TOKEN.search(text) is not None


def ip_address(word: str) -> str | None:
    """Return the IP address that a word is, without a port; None if it is not one.

    What may be the whole of an address of IPv6 has no port without brackets.
    """
    if network_of(word) is None and (port := _PORT.fullmatch(word)):
        word = port[1] or port[2]
    try:
        name = normalise_name(word)
    except InvalidInput:
        return None
    return name if kind_of(name) is AccountKind.IP else None
