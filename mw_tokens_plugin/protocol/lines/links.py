"""Which accounts the links, templates and web addresses in an item name.

Words around them are read only to refuse an item that may mean something else. Items
without links are left to :mod:`~mw_tokens_plugin.protocol.lines.accounts`.

https://www.mediawiki.org/wiki/Help:Links
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from urllib.parse import parse_qs, unquote, urlsplit

import mwparserfromhell
from mwparserfromhell.nodes import Template

from mw_tokens_plugin.exceptions import InvalidInput
from mw_tokens_plugin.protocol.lines.signs import (
    HTML_COMMENT,
    LINK_WORD,
    LOG_CREATED,
    LOG_START,
    SPECIAL_PAGE,
    TEMPLATES,
    TOKEN,
    USER_PAGE,
    title_in,
)
from mw_tokens_plugin.protocol.names import AccountKind, kind_of

#: Brings a name to MediaWiki's form.
Normalise = Callable[[str], str]

#: The number of opening signs in a template beyond which it is not parsed.
_MAX_OPENED = 100
#: What can be between two names of a list.
_BETWEEN = re.compile(rf'(?:[\s,;.·•|/&()]|\band\b|{LINK_WORD})*', re.IGNORECASE)
#: A time and a year in any language, as in a signature. The first of each will do: all
#: that follow would be tried without success, which takes the square of the length.
_CLOCK = r'\b\d{1,2}[:.h]\d\d(?!\d)'
_SIGNED = re.compile(
    rf'.*\(UTC\)|(?:(?!{_CLOCK}).)*{_CLOCK}.*\d{{4}}|(?:(?!\d{{4}}).)*\d{{4}}.*{_CLOCK}',
    re.IGNORECASE,
)
#: Words after a name that may name somebody else.
_FURTHER = re.compile(
    r'[^\w,;&+/]*(?:[,;&+/、，；]|\band\b)\W*\w'
    r'|.*\b(?:user(?:[ _]talk)?|special)\s*:\s*\S',
    re.IGNORECASE,
)
#: What separates an address from words that would otherwise be part of the name.
_PARTED = re.compile(r'\s*(?:[-–—,;:|<>#=]|//)')
#: A blank in an address, as it is written there.
_WRITTEN_BLANK = re.compile(r'_|%20|\+')
_PAGE_IN_PATH = re.compile(r'/((?:user(?:[ _]talk)?|special):.*)', re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class _Mention:
    """A link, a template or an address that names users.

    :ivar url: the address as it is written; None for links and templates
    """

    start: int
    end: int
    names: tuple[str, ...]
    is_template: bool
    url: str | None


def linked_names(text: str, normalise: Normalise) -> list[str]:
    """Return the names in links, if the words around them leave no doubt.

    :param text: the content of an item that has a link, a template or an address
    :param normalise: brings a name to MediaWiki's form
    :raises InvalidInput: it names nobody, or could mean several things
    """
    mentions = list(_mentions(text, normalise))
    outside = TOKEN.sub('', text)
    if '{{' in outside or '[[' in outside:
        raise InvalidInput(f'{text!r} holds a link or a template without an end.')
    if not mentions:
        raise InvalidInput(f'{text!r} links to no page of a user.')
    before, after = text[: mentions[0].start].strip(), text[mentions[-1].end :].strip()
    is_log = LOG_START.fullmatch(before + ' ') is not None
    if before and not is_log:
        raise InvalidInput(f'{text!r} has words before the name.')
    _check_after(text, after, mentions[-1])
    if is_log and not _BETWEEN.fullmatch(LOG_CREATED.sub('', after)):
        raise InvalidInput(
            f'{text!r} is a line of a log, where the user may be who did it.'
        )
    names = [name for mention in mentions for name in mention.names]
    if len(set(names)) > 1 and (is_log or not _is_list(text, after, mentions)):
        raise InvalidInput(f'{text!r} names several users in different ways.')
    return names


def _mentions(text: str, normalise: Normalise) -> Iterator[_Mention]:
    for token in TOKEN.finditer(text):
        if names := tuple(_in_token(token, normalise)):
            is_template = token['template'] is not None
            yield _Mention(*token.span(), names, is_template, token['url'])


def _check_after(text: str, after: str, last: _Mention) -> None:
    """Check the words after the last name.

    :raises InvalidInput: they may name somebody else, or belong to a signature
    """
    words = TOKEN.sub('', after)
    if _SIGNED.match(words):
        raise InvalidInput(f'{text!r} looks like a signature.')
    if _BETWEEN.fullmatch(after):
        return
    if _FURTHER.match(words) or _may_continue(last, after):
        raise InvalidInput(
            f'{text!r} may name somebody else after the name: give one name a line, '
            'and words in a comment after " # ".'
        )


def _may_continue(last: _Mention, after: str) -> bool:
    """Return whether the words after an address may be part of the name in it."""
    return (
        last.url is not None
        and _WRITTEN_BLANK.search(last.url) is None
        and _PARTED.match(after) is None
    )


def _is_list(text: str, after: str, mentions: Sequence[_Mention]) -> bool:
    """Return whether several names are written in the same way, one after another."""
    gaps = [text[one.end : two.start] for one, two in pairwise(mentions)]
    if not all(map(_BETWEEN.fullmatch, [*gaps, after])):
        return False
    in_templates = {n for each in mentions if each.is_template for n in each.names}
    return in_templates in (set(), {n for each in mentions for n in each.names})


def _in_token(token: re.Match[str], normalise: Normalise) -> list[str]:
    """Return the users that a link or a template names; none if it links elsewhere."""
    if token['template'] is not None:
        return _in_template(token['template'], normalise)
    if token['link'] is not None:
        page = USER_PAGE.fullmatch(title_in(token['link'].partition('|')[0]))
        return [normalise(page['name'])] if page else []
    return _in_address(token['labelled'] or token['url'].rstrip(',;'), normalise)


def _in_template(text: str, normalise: Normalise) -> list[str]:
    """Return the users that a template names.

    :param text: the template without its braces
    :raises InvalidInput: it is not known to name users, or a parameter is doubtful
    """
    template = _parsed(text)
    name = ' '.join(str(template.name).replace('_', ' ').split()).casefold()
    name = re.sub('^(?:subst:)?:?(?:template:)?', '', name).strip()
    if name not in TEMPLATES:
        raise InvalidInput(f'{{{{{text}}}}} is not a template known to name users.')
    found: dict[str, str] = {}
    for parameter in template.params:
        key = str(parameter.name).strip().lower()
        value = HTML_COMMENT.sub('', str(parameter.value)).strip()
        if 'hidename' in (key, value.lower()):
            continue
        if not key.isdecimal() or (key != '1' and not TEMPLATES[name]):
            raise InvalidInput(
                f'{{{{{text}}}}} has the parameter {str(parameter).strip()!r}, which '
                'may or may not be a name.'
            )
        user = normalise(value) if value else ''
        if user and found.setdefault(key, user) != user:
            raise InvalidInput(
                f'{{{{{text}}}}} has two values for the parameter {key}, of which '
                'wikis show one.'
            )
    if not found:
        raise InvalidInput(f'{{{{{text}}}}} names nobody.')
    return list(found.values())


def _parsed(text: str) -> Template:
    """Return a template, parsed.

    :raises InvalidInput: it is not one, or is too complex
    """
    # The parser's time is cubic in the number of signs without a counterpart.
    if sum(text.count(sign) for sign in '<[') > _MAX_OPENED:
        raise InvalidInput(f'{text[:40]!r}... is too complex: give one name a line.')
    nodes = mwparserfromhell.parse(f'{{{{{text}}}}}').nodes
    if len(nodes) != 1 or not isinstance(nodes[0], Template):
        raise InvalidInput(f'{{{{{text}}}}} is not a template.')
    return nodes[0]


def _in_address(url: str, normalise: Normalise) -> list[str]:
    """Return the user whose page an address shows; none if it shows another page.

    :raises InvalidInput: it names several users
    """
    try:
        parts = urlsplit(url if ':' in url.partition('/')[0] else f'https:{url}')
        query = parse_qs(parts.query, errors='strict')
        path, host = unquote(parts.path, errors='strict'), parts.hostname or ''
    except ValueError:
        return []
    if path in ('', '/') and not query and kind_of(host) is AccountKind.IP:
        return [normalise(host)]
    title = title_in(''.join(query.get('title', [])[:1]))
    if not title and (found := _PAGE_IN_PATH.search(path)):
        title = title_in(found[1])
    if 'diff' in query or 'oldid' in query:
        # It shows an edit of that page, which may be somebody else's.
        return []
    page = USER_PAGE.fullmatch(title)
    named = [normalise(page['name'])] if page else []
    if special := SPECIAL_PAGE.match(title):
        if 'page' in query and special[0].casefold().endswith('log'):
            # It shows what a user did to that page, which may be somebody else's.
            return []
        keys = ('target', 'wpTarget', 'username', 'user', 'ip')
        named += [normalise(user) for key in keys for user in query.get(key, ())]
    if len(set(named)) > 1:
        raise InvalidInput(f'{url!r} names several users in different ways.')
    return named[:1]
