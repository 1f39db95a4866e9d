"""Reasons that are named: by a number of the wiki's own list, or in user-config.py.

``-reason:@2 -detail:TEXT`` becomes one text, as the wiki's form would send it. What
lists look like is left to :mod:`mw_tokens_plugin.protocol.reasonlists`. This module
starts fast, so that ``-help`` does.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, ClassVar, TypeVar

from mw_tokens_plugin.cli.table import Options, When, option
from mw_tokens_plugin.exceptions import InvalidInput
from mw_tokens_plugin.protocol.display import find_control

if TYPE_CHECKING:
    from mw_tokens_plugin.campaign.report.console import Reporter
    from mw_tokens_plugin.protocol.reasonlists import ListedReason
    from mw_tokens_plugin.site.mixins import TypedSite

T = TypeVar('T', bound='ReasonOptions')

#: The message that MediaWiki's forms put between a listed reason and what is added.
_SEPARATOR = 'colon-separator'


def reason_text(text: str) -> str:
    """Read a reason as a wiki keeps it, whatever its length.

    ``@NAME`` is one of ``user-config.py``, and ``@@`` a text that begins with ``@``.

    :raises ValueError: it holds a line break or another control character, or is not
        named there
    """
    plain = _plain(text)
    if not _is_named(plain):
        return plain.replace('@', '', 1) if plain.startswith('@@') else plain
    if plain[1:].isdecimal():
        raise ValueError('only -reason takes a number of the list of the wiki.')
    return _preset(plain)


def named_reason(text: str) -> str:
    """Read a reason that may be named by a number, too; it is told from text later.

    :raises ValueError: as :func:`reason_text`
    """
    plain = _plain(text)
    if _is_named(plain) and not plain[1:].isdecimal():
        _preset(plain)
    return plain


def _plain(text: str) -> str:
    plain = unicodedata.normalize('NFC', text).strip()
    if control := find_control(plain):
        raise ValueError(
            f'the reason holds the control character {control}: a log shows one line '
            'of plain text.'
        )
    return plain


def _list(options: Any, site: Any, reporter: Any) -> None:
    list_reasons(options, site, reporter)


@dataclass(frozen=True, kw_only=True)
class ReasonOptions(Options):
    """What a command line says of the reason for the log."""

    #: Where reasons are found, as a sentence; for those who forgot one.
    reason_hint: ClassVar[str] = ''
    #: The message of the central wiki that lists the reasons of its own form.
    reason_list: ClassVar[str] = ''

    reason: str | None = option(
        'The reason for the log; or @NUMBER or @NAME for one that -reasons lists. It '
        'is required. It may be empty, except for global blocks.',
        value='TEXT',
        read=named_reason,
        also='-summary',
        empty=True,
        when=When.ALWAYS,
        excludes=('resume',),
        because='leave -reason out, since a campaign keeps its own.',
    )
    detail: str = option(
        'What is added to a reason of a list, as the form of the wiki adds it.',
        '',
        value='TEXT',
        read=_plain,
        when=When.ALWAYS,
        needs=('reason',),
    )
    list_reasons: bool = option(
        "List the reasons of the wiki's own form and those of enable(reasons=...) in "
        'user-config.py, and stop.',
        name='-reasons',
        when=When.ALWAYS,
        instead=_list,
    )


def with_whole_reason(options: T, site: TypedSite) -> T:
    """Return options with the reason as it is sent, where they name one.

    :param site: the wiki whose list is meant
    :raises InvalidInput: the wiki has no such reason
    """
    given = options.reason
    if given is None:
        return options
    if not _is_named(given):
        return replace(options, reason=reason_text(given))
    numbered = given[1:].isdecimal()
    if numbered:
        listed, separator = read_reasons(site, options.reason_list)
        number = int(given[1:])
        if not 0 < number <= len(listed):
            raise InvalidInput(
                f'-reason:{given}: the list of {site} has {len(listed)} reasons. '
                '-reasons shows them with their numbers.'
            )
        whole = reason_of_wiki(listed[number - 1])
    else:
        whole = _preset(given)
        separator = ''
    if options.detail:
        separator = separator or read_reasons(site, '')[1]
        whole += separator + options.detail
    return replace(options, reason=whole)


def check_reason(options: ReasonOptions) -> None:
    """Refuse what names a reason, where there is none to be named.

    :raises InvalidInput: the options do
    """
    given = options.reason or ''
    if options.detail and not _is_named(given):
        raise InvalidInput(
            '-detail is added to a reason that -reasons lists: give -reason:@2 or '
            '-reason:@NAME, or the whole text as -reason:TEXT.'
        )
    if _is_named(given) and given[1:].isdecimal() and not options.reason_list:
        raise InvalidInput(
            f'-reason:{given}: no form of the wiki lists reasons for this. -reasons '
            'shows those of user-config.py.'
        )


def list_reasons(options: ReasonOptions, site: TypedSite, reporter: Reporter) -> None:
    """List the reasons of the wiki's own form, and those of ``user-config.py``."""
    from mw_tokens_plugin.messages import message
    from mw_tokens_plugin.protocol.display import displayable
    from mw_tokens_plugin.site.settings import settings

    def say(text: str) -> None:
        reporter.line(displayable(text))

    if options.reason_list:
        listed, _ = read_reasons(site, options.reason_list)
        title = f'MediaWiki:{options.reason_list}'
        say(message('campaign-reasons-of-wiki', page=title, wiki=str(site)))
        heading = ''
        for number, one in enumerate(listed, start=1):
            if one.group != heading:
                heading = one.group
                say(heading)
            say(f'  {f"@{number}":<4} {one.text}')
        if not listed:
            say(message('campaign-reasons-none'))
    say(message('campaign-reasons-own'))
    for name, text in settings.reasons.items():
        say(f'  @{name}  {text}')
    if not settings.reasons:
        say(message('campaign-reasons-none'))


def read_reasons(site: TypedSite, name: str) -> tuple[list[ListedReason], str]:
    """Return the reasons in a message of a wiki, and what its forms put behind one.

    Both are in the language of the wiki's content, in which its forms send them.

    :param name: the message; empty to read no list
    """
    from mw_tokens_plugin.protocol.reasonlists import reasons_in

    answer: Any = site.simple_request(
        action='query',
        meta='allmessages',
        ammessages=[*filter(None, [name]), _SEPARATOR],
        amlang=site.lang,
        formatversion=2,
    ).submit()
    texts = [
        str(item.get('content', ''))
        for item in answer.get('query', {}).get('allmessages', [])
    ]
    *lists, separator = texts or ['']
    return (reasons_in(lists[0]) if lists else []), separator or ': '


def reason_of_wiki(listed: ListedReason) -> str:
    """Return a reason of a wiki's list, if it can be sent.

    :raises InvalidInput: it holds a control character
    """
    try:
        return _plain(listed.text)
    except ValueError as error:
        raise InvalidInput(f'The list of the wiki: {error}') from None


def _is_named(text: str) -> bool:
    """Tell whether a text is no reason, but names one."""
    return re.match('@(?!@)', text) is not None


def _preset(name: str) -> str:
    """Return a reason of ``user-config.py``.

    :raises ValueError: no reason has that name
    """
    from mw_tokens_plugin.site.settings import settings

    if name[1:] in settings.reasons:
        return _plain(settings.reasons[name[1:]])
    known = ', '.join(f'@{each}' for each in settings.reasons) or 'none'
    raise ValueError(
        f'enable(reasons=...) has these names: {known}. A number stands for a reason '
        'of the wiki, as -reasons lists them; a text that begins with "@" is given '
        'with "@@".'
    )
