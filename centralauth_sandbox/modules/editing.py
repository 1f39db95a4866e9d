"""Editing a page."""

from __future__ import annotations

import hashlib

from .. import errors
from ..call import Call, Json, Values, action
from ..errors import ApiError
from ..merge import merge
from ..records import Page
from ..titles import Title, parse_title
from .confirmation import check_script
from .creation import become_temporary
from .permissions import check_edit
from .query import page_of, redirect_target
from .sections import section_of, with_section
from .undoing import undone_text
from .watching import follow


@action('edit')
def edit(call: Call, values: Values) -> None:
    """Save a page."""
    page, title = _edited(call, values)
    call.answer.target = str(title)
    check_edit(call, page, title)
    check_script(call, title)
    if title.model != 'wikitext':
        raise ApiError(
            'no-direct-editing',
            'Direct editing via API is not supported for content model '
            f'{title.model} used by {title}',
        )
    if values['contentformat'] not in (None, 'text/x-wiki'):
        raise ApiError(
            'badformat',
            f'The requested format {values["contentformat"]} is not supported for '
            f'content model wikitext used by {title}.',
        )
    _check_conditions(call, values, page)
    text = _new_text(call, values, page)
    if page is not None and _is_late(call, values, page):
        text = _merged(call, values, page, text)
    md5 = values['md5']
    if md5 is not None:
        given = (
            values['text']
            if values['text'] is not None
            else ''.join(
                part for part in (values['prependtext'], values['appendtext']) if part
            )
        )
        if (
            hashlib.md5(given.encode(), usedforsecurity=False).hexdigest()
            != md5.lower()
        ):
            raise ApiError(
                'badmd5',
                'The supplied MD5 hash was incorrect.',
                key='apierror-badmd5',
            )
    if call.wiki.limited('edit', call.user):
        raise errors.rate_limited()
    result: Json = {'result': 'Success'}
    if call.session.local is None and call.farm.temporary_accounts:
        become_temporary(call)
        result['tempusercreated'] = True
    if page is not None and page.latest.text == text:
        result |= {
            'pageid': page.id,
            'title': str(title),
            'contentmodel': 'wikitext',
            'nochange': True,
        }
    else:
        revision = call.wiki.edit(
            title,
            text,
            user=call.user,
            user_id=call.session.user_id,
            comment=values['summary'] or '',
            minor=values['minor'] and not values['notminor'],
            bot=values['bot'] and 'bot' in call.rights,
        )
        call.answer.effect = 'edit'
        follow(call, values, title)
        result |= {
            'pageid': call.wiki.pages[title].id,
            'title': str(title),
            'contentmodel': 'wikitext',
            'oldrevid': revision.parent,
            'newrevid': revision.id,
            'newtimestamp': revision.timestamp,
        }
        if page is None:
            result = {'new': True} | result
        if call.session.local is None:
            call.farm.sessions.start(call.session)
    result['watched'] = True
    call.result['edit'] = result


def _edited(call: Call, values: Values) -> tuple[Page | None, Title]:
    page, title = _named(call, values)
    target = redirect_target(page) if values['redirect'] and page else None
    if target is None:
        return page, title
    if values['prependtext'] is None and values['appendtext'] is None:
        raise ApiError(
            'redirect-appendonly',
            'You have attempted to edit using the "redirect"-following mode, which '
            'must be used in conjunction with "section=new", "prependtext", or '
            '"appendtext".',
        )
    return call.wiki.pages.get(target), target


def _named(call: Call, values: Values) -> tuple[Page | None, Title]:
    if values['title'] is None and values['pageid'] is None:
        raise errors.one_of(['title', 'pageid'])
    if values['pageid'] is not None:
        page = page_of(call, values)
        return page, page.title
    title = parse_title(values['title'])
    if title is None or title.namespace < 0:
        raise errors.invalid_title(values['title'])
    return call.wiki.pages.get(title), title


def _check_conditions(call: Call, values: Values, page: Page | None) -> None:
    if values['text'] is None and not any(
        values[key] is not None for key in ('appendtext', 'prependtext', 'undo')
    ):
        raise ApiError(
            'missingparam',
            'At least one of the parameters "text", "appendtext", "prependtext" and '
            '"undo" is required.',
        )
    if values['createonly'] and page is not None:
        raise ApiError(
            'articleexists', 'The page you tried to create has been created already.'
        )
    if values['nocreate'] and page is None:
        raise errors.missing_title()
    start = values['starttimestamp']
    if page is None and start and not values['recreate']:
        title = parse_title(values['title'] or '')
        if any(
            entry.title == title and entry.type == 'delete' and entry.timestamp > start
            for entry in call.wiki.log
        ):
            raise ApiError(
                'pagedeleted',
                'The page has been deleted since you fetched its timestamp.',
            )


def _is_late(call: Call, values: Values, page: Page) -> bool:
    """Say whether somebody else has edited since the revision that the text is of."""
    base, id = values['basetimestamp'], values['baserevid']
    latest = page.latest
    if base in (None, latest.timestamp) and (not id or id == latest.id):
        return False
    if not base or call.session.local is None:
        return True
    # With a time beside it, what the same account has saved since does not count.
    since = [revision for revision in page.revisions if revision.timestamp > base]
    return any(revision.user != call.user for revision in since)


def _merged(call: Call, values: Values, page: Page, text: str) -> str:
    """Return a late text with what others have changed meanwhile.

    :raises ApiError: editconflict.
    """
    id, base = values['baserevid'], values['basetimestamp']
    # By its number a revision is found that is another page's, too.
    pages = call.wiki.pages.values() if id else [page]
    for old in (revision for each in pages for revision in each.revisions):
        if old.id == id or (not id and old.timestamp == base):
            if any(each.latest is old for each in pages):
                return text
            merged = merge(old.text, text, page.latest.text)
            if merged is not None:
                return merged
            break
    raise ApiError('editconflict', 'Edit conflict.', key='edit-conflict')


def _new_text(call: Call, values: Values, page: Page | None) -> str:
    old = page.latest.text if page else ''
    if values['undo']:
        return undone_text(call, values, page)
    section = values['section']
    part = old if section in (None, 'new') else section_of(old, section)
    if section == 'new':
        text = old
        added = values['text'] or values['appendtext'] or ''
        heading = values['sectiontitle'] or values['summary']
        added = f'== {heading} ==\n\n{added}' if heading else added
        whole = f'{text.rstrip()}\n\n{added}' if text.strip() else added
    else:
        text = part if values['text'] is None else values['text']
        whole = (values['prependtext'] or '') + text + (values['appendtext'] or '')
        if section is not None:
            whole = with_section(old, section, whole)
    # No page is kept with blanks at its end.
    return whole.rstrip()
