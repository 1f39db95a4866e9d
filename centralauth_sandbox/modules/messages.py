"""The messages of a wiki's interface: those that its pages define, and a few more."""

from __future__ import annotations

import re
from typing import Any

from ..call import Call, Values, query

Json = dict[str, Any]


@query('allmessages')
def allmessages(call: Call, values: Values) -> None:
    """Return interface messages: those that pages define, and a few more."""
    if values['messages'] == ['*']:
        names = [
            page.title.name
            for page in call.wiki.pages.values()
            if page.title.namespace == 8
        ]
    else:
        names = values['messages'] or []
    found = []
    for name in names:
        if not _is_chosen(name, values):
            continue
        key = name[:1].lower() + name[1:]
        page = call.wiki.page(f'MediaWiki:{name}')
        text = page.latest.text if page else _MESSAGES.get(key)
        item: Json = {'name': name, 'normalizedname': key.replace(' ', '_')}
        if text is None:
            item['missing'] = True
        else:
            for number, value in enumerate(values['args'] or (), start=1):
                text = text.replace(f'${number}', value)
            if values['nocontent']:
                found.append(item)
                continue
            if values['enableparser']:
                text = _GENDER.sub(r'\1', _PLURAL.sub(r'\1', text))
            item[call.content_key] = text
        found.append(item)
    values['output']['allmessages'] = found


def _is_chosen(name: str, values: Values) -> bool:
    first, last = values['from'], values['to']
    return (
        (not first or name >= first)
        and (not last or name <= last)
        and name.startswith(values['prefix'] or '')
        and (values['filter'] or '') in name
    )


_MONTHS = (
    'January February March April May June July August September October November '
    'December'
).split()

#: A word that goes with a number, of which this wiki only knows the plural.
_PLURAL = re.compile(r'\{\{PLURAL:[^|{}]*\|[^|{}]*\|([^|{}]*)\}\}')

#: A word that goes with a user, whose gender nobody here has told.
_GENDER = re.compile(r'\{\{GENDER:[^|{}]*\|((?:\[\[.*?\]\]|[^|{}])*)(?:\|[^{}]*)?\}\}')

_MESSAGES = {
    'centralauth-admin-cannot-lock-self': 'You cannot lock your own global account.',
    'centralauth-admin-too-many-edits': 'The global account "<nowiki>$1</nowiki>" has '
    'over $2 {{PLURAL:$2|edit|edits}} and cannot be hidden.',
    'centralauth-admin-status-reasons': '* Common lock reasons\n** vandalism-only '
    'account\n** spam-only account\n* Common lock-and-hide reasons\n** abusive username'
    '\n** inappropriate personal information',
    'deletereason-dropdown': '* Common delete reasons\n** Spam\n** Vandalism\n** '
    'Copyright violation\n** Author request\n** Broken redirect',
    'globalblocking-block-reason-dropdown': '* Common block reasons\n** Crosswiki '
    'spamming\n** Crosswiki abuse\n** Vandalism',
    'revertpage-nouser': 'Reverted edits by a hidden user to last revision by '
    '{{GENDER:$1|[[User:$1|$1]]}}',
    'ipbreason-dropdown': '*Common block reasons\n** Inserting false information\n** '
    'Removing content from pages\n** Spamming links to external sites\n** Inserting '
    'nonsense/gibberish into pages\n** Intimidating behavior/harassment\n** Abusing '
    'multiple accounts\n** Unacceptable username',
    'timeouterror-text': 'The maximum request time of $1 {{PLURAL:$1|second|seconds}} '
    'was exceeded.',
    'mainpage': 'Main Page',
    'sidebar': '',
    'and': ' and',
    'comma-separator': ', ',
    'semicolon-separator': '; ',
    'colon-separator': ': ',
    'word-separator': ' ',
}
_MESSAGES |= {
    key: text
    for month in _MONTHS
    for key, text in (
        (f'{month.lower()}_long' if month == 'May' else month.lower(), month),
        (f'{month.lower()}-gen', month),
        (month[:3].lower(), month[:3]),
    )
}
_MESSAGES |= {
    f'{unit}s': f'{{{{PLURAL:$1|$1 {unit}|$1 {unit}s}}}}'
    for unit in ('second', 'minute', 'hour', 'day', 'week', 'month', 'year')
}
