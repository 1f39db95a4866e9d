"""Pages: reading them, and edit, delete, undelete, move, protect, roll back.

There are no translations here, and no parser; files are in :mod:`.files`.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable
from functools import partial
from typing import Any

from .. import errors
from ..call import Call, Values, action, query
from ..errors import ApiError
from ..merge import merge
from ..records import Page, Revision
from ..rights import groups_of
from ..titles import Title, parse_title
from .blocked import check_block
from .blocks import expiry_of
from .creation import become_temporary
from .query import PageSet, page_of, purge_pages
from .undoing import undone_text

Json = dict[str, Any]


@action('edit')
def edit(call: Call, values: Values) -> None:
    """Save a page."""
    page, title = _edited(call, values)
    call.answer.target = str(title)
    check_edit(call, page, title)
    if title.model != 'wikitext':
        raise ApiError(
            'no-direct-editing',
            'Direct editing via API is not supported for content model '
            f'{title.model} used by {title}',
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
            minor=values['minor'],
            bot=values['bot'] and 'bot' in call.rights,
        )
        call.answer.effect = 'edit'
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


@action('delete')
def delete(call: Call, values: Values) -> None:
    """Delete a page, and the file whose page it is."""
    if values['title'] is None and values['pageid'] is None:
        raise errors.one_of(['title', 'pageid'])
    deletions = call.wiki.deletions
    title = _file_without_page(call, values)
    page = None if title else page_of(call, values)
    if page is not None:
        deletions.interfere(call.wiki, 'before', page)
    title = page.title if page else title
    assert title
    call.answer.target = str(title)
    if 'delete' not in call.rights:
        raise errors.admins_only()
    check_block(call, title)
    # A deletion counted as an edit, too.
    limits = ('delete',) if call.farm.current else ('delete', 'edit')
    if any(call.wiki.limited(right, call.user) for right in limits):
        raise errors.rate_limited()
    if values['deletetalk'] and page is not None:
        _delete_talk(call, page, values['reason'] or '')
    reason, old = values['reason'], values['oldimage']
    if reason is None:
        reason = _summary_of_deletion(page) if page is not None and not old else ''
    logged = reason if deletions.reason is None else deletions.reason
    answer: Json = {'title': str(title), 'reason': reason}
    if page is None or (old and title.namespace == 6):
        entry = call.wiki.delete_file(title, call.user, logged, old or '')
        if entry is None:
            raise ApiError('invalidoldimage', '⧼invalidoldimage⧽')
        answer['logid'] = entry.id
    else:
        answer |= _delete_page(call, page, logged)
    if answer.get('logid') or 'scheduled' in answer:
        call.answer.effect = 'delete'
    call.result['delete'] = answer


@action('undelete')
def undelete(call: Call, values: Values) -> None:
    """Restore revisions of a deleted page, and versions of a file."""
    title = parse_title(values['title'])
    if title is None:
        raise errors.invalid_title(values['title'])
    call.answer.target = str(title)
    check_block(call, title)
    if 'undelete' not in call.rights:
        raise errors.admins_only()
    _check_user_script(call, title)
    timestamps: list[str] = values['timestamps'] or []
    file_ids: list[int] = values['fileids'] or []
    if title.namespace == 6:
        _check_archived(call, title, file_ids)
    count, files = call.wiki.undelete(
        title, call.user, values['reason'], timestamps, file_ids
    )
    if not count and not files:
        raise ApiError(
            'cantundelete',
            "Couldn't undelete: the requested revisions may not exist, or may have "
            'been undeleted already.',
        )
    call.answer.effect = 'undelete'
    if timestamps and not count:
        # MediaWiki restores files first, and says both.
        call.result['error'] = {
            'code': 'undelete-no-results',
            'info': 'No matching pages found in the deletion archive.',
        }
    call.result['undelete'] = {
        'title': str(title),
        'revisions': count,
        'fileversions': files,
        'reason': values['reason'],
    }


@action('move')
def move(call: Call, values: Values) -> None:
    """Rename a page."""
    page = page_of(call, {'title': values['from'], 'pageid': values['fromid']})
    target = parse_title(values['to'])
    if target is None:
        raise errors.invalid_title(values['to'])
    call.answer.target = str(page.title)
    local = call.session.local
    if local is None or 'move' not in call.rights:
        raise errors.denied('move pages')
    check_block(call, page.title, spread=True)
    _check_protection(call, page, 'move')
    if target in call.wiki.pages:
        raise ApiError(
            'articleexists',
            'A page of that name already exists, or the name you have chosen is not '
            'valid. Please choose another name.',
        )
    redirect = not (values['noredirect'] and 'suppressredirect' in call.rights)
    source = page.title
    result: Json = {
        'from': str(source),
        'to': str(target),
        'reason': values['reason'],
    }
    call.wiki.move(page, target, local, values['reason'], redirect)
    call.answer.effect = 'move'
    if redirect:
        result['redirectcreated'] = True
    if values['movetalk'] and source.namespace % 2 == 0 and target.namespace % 2 == 0:
        talk = call.wiki.pages.get(Title(source.namespace + 1, source.name))
        if talk is not None:
            target_talk = Title(target.namespace + 1, target.name)
            result |= {'talkfrom': str(talk.title), 'talkto': str(target_talk)}
            call.wiki.move(talk, target_talk, local, values['reason'], redirect)
    call.result['move'] = result


@action('protect')
def protect(call: Call, values: Values) -> None:
    """Change the protection of a page."""
    page = page_of(call, values)
    call.answer.target = str(page.title)
    if 'protect' not in call.rights:
        raise errors.denied('change protection levels for this page')
    if refusals(call, page, page.title, 'edit'):
        raise ApiError(
            'cantedit',
            'You cannot change the protection settings of this page because you do not '
            'have permission to edit it.',
            key='protect-cantedit',
        )
    given, expiries = values['protections'], values['expiry']
    if len(expiries) == 1:
        expiries = expiries * len(given)
    if len(expiries) != len(given):
        raise ApiError(
            'toofewexpiries',
            f'{len(expiries)} expiry timestamps were provided where {len(given)} were '
            'needed.',
        )
    levels, protections = {}, []
    for protection, text in zip(given, expiries, strict=True):
        kind, _, level = protection.partition('=')
        if kind not in _protectable(page.title):
            raise ApiError(
                'protect-invalidaction', f'Invalid protection type "{kind}".'
            )
        if level not in ('', 'all', 'autoconfirmed', 'sysop'):
            raise ApiError(
                'protect-invalidlevel', f'Invalid protection level "{level}".'
            )
        expiry = expiry_of(call, text)
        level = '' if level == 'all' else level
        if level:
            levels[kind] = (level, expiry)
        shown = 'infinite' if expiry == 'infinity' else expiry
        protections.append({kind: level, 'expiry': shown})
    # What is not listed is not protected any more.
    page.protection = levels
    call.wiki.write_log(
        'protect',
        'protect' if page.protection else 'unprotect',
        call.user,
        page.title,
        values['reason'],
        page_id=page.id,
    )
    call.answer.effect = 'protect'
    call.result['protect'] = {
        'title': str(page.title),
        'reason': values['reason'],
        'protections': protections,
    }


@action('rollback')
def rollback(call: Call, values: Values) -> None:
    """Revert the last author's edits."""
    page = page_of(call, values)
    call.answer.target = str(page.title)
    check_block(call, page.title)
    if 'rollback' not in call.rights:
        raise errors.admins_only()
    user, last = values['user'], page.latest
    if last.user != user:
        raise ApiError(
            'alreadyrolled',
            f'Cannot rollback the last edit of [[:{page.title}]] by '
            f'{_links(user)}. Someone else has edited or rolled back the page already. '
            f'The last edit to the page was by {_links(last.user)}.',
            key='alreadyrolled',
            params=[str(page.title), user, last.user],
        )
    before = next((r for r in reversed(page.revisions) if r.user != user), None)
    if before is None:
        raise ApiError(
            'onlyauthor',
            'Cannot revert the edit. The last contributor is the only author of this '
            'page.',
            key='cantrollback',
        )
    count = sum(r.id > before.id for r in page.revisions)
    edits = 'edit' if count == 1 else 'edits'
    summary = values['summary'] or (
        f'Reverted {edits} by [[Special:Contributions/{user}|{user}]] '
        f'([[User talk:{user}|talk]]) to last revision by '
        f'[[User:{before.user}|{before.user}]]'
    )
    revision = call.wiki.edit(
        page.title,
        before.text,
        user=call.user,
        user_id=call.session.user_id,
        comment=summary,
        minor=True,
        bot=values['markbot'],
    )
    call.answer.effect = 'rollback'
    call.result['rollback'] = {
        'title': str(page.title),
        'pageid': page.id,
        'summary': summary,
        'revid': revision.id,
        'old_revid': last.id,
        'last_revid': before.id,
    }


@action('purge')
def purge(call: Call, values: Values) -> None:
    """Purge pages: nothing is cached, so this only says so."""
    call.result['batchcomplete'] = True
    call.result['purge'] = purge_pages(call, values)


@query('info')
def info(call: Call, values: Values) -> None:
    """Add basic facts to the pages."""
    prop = values['prop'] or ()
    pageset: PageSet = values['pageset']
    for id, part in pageset.parts.items():
        page = pageset.pages.get(id)
        if part.get('invalid') or 'title' not in part:
            continue
        title = page.title if page else pageset.missing.get(id)
        part |= {
            'contentmodel': title.model if title else 'wikitext',
            'pagelanguage': 'en',
            'pagelanguagehtmlcode': 'en',
            'pagelanguagedir': 'ltr',
        }
        if page is not None:
            part |= {
                'touched': page.touched,
                'lastrevid': page.latest.id,
                'length': page.latest.size,
            }
            if page.latest.text.startswith('#REDIRECT'):
                part['redirect'] = True
            if len(page.revisions) == 1:
                part['new'] = True
        if 'talkid' in prop and title and title.namespace % 2 == 0:
            talk = call.wiki.pages.get(Title(title.namespace + 1, title.name))
            if talk is not None:
                part['talkid'] = talk.id
        if 'protection' in prop:
            protection = page.protection if page else {}
            part['protection'] = [
                {'type': kind, 'level': level, 'expiry': expiry}
                for kind, (level, expiry) in protection.items()
            ]
            part['restrictiontypes'] = _protectable(page.title) if page else ['create']
        if 'watched' in prop:
            part['watched'] = title in call.wiki.watched.get(call.user, ())
        if 'url' in prop:
            url = call.wiki.url(part['title'])
            part |= {'fullurl': url, 'editurl': url, 'canonicalurl': url}
        if 'displaytitle' in prop:
            part['displaytitle'] = part['title']
        if values['testactions'] and title is not None:
            part['actions'] = _tested(call, values, page, title)


def _tested(call: Call, values: Values, page: Page | None, title: Title) -> Json:
    """Return which actions are permitted, or what they would be refused with."""
    found = {name: refusals(call, page, title, name) for name in values['testactions']}
    if values['testactionsdetail'] == 'boolean':
        return {name: not refused for name, refused in found.items()}
    return {
        name: [call.told(error) for error in refused] for name, refused in found.items()
    }


@query('revisions')
def revisions(call: Call, values: Values) -> None:
    """Add revisions to the pages."""
    pageset: PageSet = values['pageset']
    for id, page in pageset.pages.items():
        wanted = pageset.revisions.get(id)
        if wanted:
            chosen = [r for r in page.revisions if r.id in wanted]
        else:
            chosen = _chosen_revisions(call, values, page)
        pageset.parts[id]['revisions'] = [
            _revision_item(call, page.title, revision, values) for revision in chosen
        ]


@query('deletedrevisions')
def deletedrevisions(call: Call, values: Values) -> None:
    """Add deleted revisions to the pages."""
    if 'deletedhistory' not in call.rights:
        raise errors.denied("view deleted pages' history")
    pageset: PageSet = values['pageset']
    titles = {id: page.title for id, page in pageset.pages.items()} | pageset.missing
    for id, title in titles.items():
        archived = call.wiki.archive.get(title)
        if archived:
            ordered = archived if values['dir'] == 'newer' else archived[::-1]
            pageset.parts[id]['deletedrevisions'] = [
                _revision_item(call, title, revision, values)
                for revision in ordered[: values['limit'] or len(ordered)]
            ]


@query('categories')
def categories(call: Call, values: Values) -> None:
    """Add the categories that the pages name."""
    _add_links(values['pageset'], 'categories', r'\[\[\s*(Category:[^\]|]+)')


@query('templates')
def templates(call: Call, values: Values) -> None:
    """Add the templates that the pages embed."""
    _add_links(values['pageset'], 'templates', r'\{\{\s*([^{}|#]+?)\s*[|}]', 10)


@query('transcludedin')
def transcludedin(call: Call, values: Values) -> None:
    """Add the pages that embed the pages."""
    pageset: PageSet = values['pageset']
    embedding = _embedding(call)
    first = int(values['continue'] or 0)
    left: int = values['limit']
    for id, part in pageset.parts.items():
        page = pageset.pages.get(id)
        title = page.title if page else pageset.missing.get(id)
        for user in sorted(embedding.get(title, ()), key=lambda page: page.id):
            redirect = user.latest.text.startswith('#REDIRECT')
            wanted = 'redirect' if redirect else '!redirect'
            spaces = values['namespace']
            if wanted not in (values['show'] or [wanted]) or user.id < first:
                continue
            if spaces is not None and user.title.namespace not in spaces:
                continue
            if not left:
                call.continuation[f'{values["@prefix"]}continue'] = str(user.id)
                return
            left -= 1
            item: dict[str, Json] = {
                'pageid': {'pageid': user.id},
                'title': {'ns': user.title.namespace, 'title': str(user.title)},
                'redirect': {'redirect': redirect},
            }
            shown = [item[name] for name in item if name in values['prop']]
            merged = {key: value for each in shown for key, value in each.items()}
            part.setdefault('transcludedin', []).append(merged)


def _embedding(call: Call) -> dict[Title | None, list[Page]]:
    """Return the pages that embed each page."""
    expression = re.compile(r'\{\{\s*([^{}|#]+?)\s*[|}]')
    found: dict[Title | None, list[Page]] = {}
    for page in call.wiki.pages.values():
        for name in set(expression.findall(page.latest.text)):
            title = parse_title(name)
            if title is not None and not title.namespace and not name.startswith(':'):
                title = Title(10, title.name)
            if title is not None:
                found.setdefault(title, []).append(page)
    return found


@query('links')
def links(call: Call, values: Values) -> None:
    """Add the pages that the pages link to."""
    _add_links(values['pageset'], 'links', r'\[\[\s*(?!Category:)([^\]|#]+)')


@query('categoryinfo')
@query('images')
@query('langlinks')
def nothing(call: Call, values: Values) -> None:
    """Add nothing: nobody looks for categories, images and translations here."""


def _file_without_page(call: Call, values: Values) -> Title | None:
    """Return the title of a file that can be deleted though it has no page."""
    title = parse_title(values['title'] or '')
    if values['pageid'] is not None or title is None or title.namespace != 6:
        return None
    if title in call.wiki.pages or title.name not in call.wiki.files.versions:
        return None
    return title


def _delete_page(call: Call, page: Page, reason: str) -> Json:
    """Delete a page, unless somebody else is faster; return what the answer says."""
    latest, title = page.latest, page.title
    is_file = title.namespace == 6 and title.name in call.wiki.files.versions
    call.wiki.deletions.interfere(call.wiki, 'during', page)
    is_gone = page.id not in call.wiki.page_ids
    if is_gone and is_file:
        # The log has the deletion of the file.
        entry = call.wiki.delete_file(title, call.user, reason)
        return {'logid': entry and entry.id}
    if is_gone or (page.latest is not latest and not is_file):
        return {'logid': None}
    entry = call.wiki.delete(page, call.user, reason)
    if entry is None:
        call.warn(
            'delete-scheduled',
            f'The page "{title}" is scheduled for deletion. Please be patient.',
        )
        return {'scheduled': True}
    return {'logid': entry.id}


def _check_user_script(call: Call, title: Title) -> None:
    """Refuse who may not edit the scripts of other users.

    :raises ApiError: the reason.
    """
    owner, slash, _ = title.name.partition('/')
    kind = title.name.rpartition('.')[2]
    names = {'js': 'JavaScript', 'css': 'CSS', 'json': 'JSON'}
    if title.namespace != 2 or not slash or kind not in names or owner == call.user:
        return
    if f'edituser{kind}' not in call.rights:
        raise ApiError(
            f'custom{kind}protected',
            f'You do not have permission to edit this {names[kind]} page because it '
            "contains another user's personal settings.",
        )


def _check_archived(call: Call, title: Title, ids: list[int]) -> None:
    """Refuse to restore versions that are not in the archive, or of another file.

    Then nothing is restored at all.
    """
    archived = {version.id for version in call.wiki.files.archive.get(title.name, ())}
    for id in ids:
        if id not in archived:
            raise ApiError(
                'undelete-missing-filearchive',
                f'Unable to undelete file archive ID {id} because it is not in the '
                'database. It may have already been undeleted.',
                key='undelete-missing-filearchive',
                params=[id],
            )


def _edited(call: Call, values: Values) -> tuple[Page | None, Title]:
    if values['title'] is None and values['pageid'] is None:
        raise errors.one_of(['title', 'pageid'])
    if values['pageid'] is not None:
        page = page_of(call, values)
        return page, page.title
    title = parse_title(values['title'])
    if title is None or title.namespace < 0:
        raise errors.invalid_title(values['title'])
    return call.wiki.pages.get(title), title


def check_edit(call: Call, page: Page | None, title: Title) -> None:
    """Refuse users who may not edit a page.

    :raises ApiError: the reason.
    """
    check_block(call, title, spread=True)
    _check_right_to_edit(call, page, title)
    if page is not None:
        _check_protection(call, page, 'edit')


def refusals(
    call: Call, page: Page | None, title: Title, action: str
) -> list[ApiError]:
    """Return all that an action on a page would be refused with."""
    found: list[ApiError] = []
    checks: list[Callable[[], None]] = [partial(check_block, call, title)]
    if action == 'undelete':
        checks.insert(0, partial(_check_user_script, call, title))
    if page is not None and action in ('edit', 'move'):
        checks.insert(0, partial(_check_protection, call, page, action))
    if action == 'edit':
        checks.insert(0, partial(_check_right_to_edit, call, page, title))
    elif action not in call.rights and action in groups_of(call.farm.current)['sysop']:
        found.append(errors.admins_only())
    elif action not in call.rights:
        found.append(errors.denied('execute the action you have requested'))
    for check in checks:
        try:
            check()
        except ApiError as error:
            found.append(error)
    return found


def _check_right_to_edit(call: Call, page: Page | None, title: Title) -> None:
    if 'edit' not in call.rights or (page is None and 'createpage' not in call.rights):
        raise errors.denied('edit this page')
    if title.namespace == 8 and 'editinterface' not in call.rights:
        raise ApiError(
            'protectednamespace-interface',
            'This page provides interface text for the software on this wiki, and is '
            'protected to prevent abuse.',
        )


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
    text: str = old if values['text'] is None else values['text']
    whole = (values['prependtext'] or '') + text + (values['appendtext'] or '')
    # No page is kept with blanks at its end.
    return whole.rstrip()


def _protectable(title: Title) -> list[str]:
    """Return what an existing page can be protected from."""
    return ['edit', 'move', *(['upload'] if title.namespace == 6 else [])]


def _check_protection(call: Call, page: Page, kind: str) -> None:
    level, expiry = page.protection.get(kind, ('', ''))
    right = {'sysop': 'editprotected', 'autoconfirmed': 'editsemiprotected'}.get(level)
    if right is None or (expiry != 'infinity' and expiry <= call.farm.timestamp()):
        return
    if right not in call.rights:
        raise ApiError(
            'protectedpage',
            'This page has been protected to prevent editing or other actions.',
        )


def _delete_talk(call: Call, page: Page, reason: str) -> None:
    talk = call.wiki.pages.get(Title(page.title.namespace | 1, page.title.name))
    if talk is None or talk is page:
        call.warn(
            'delete-error-associated-doesnotexist',
            'Cannot delete a non-existing associated talk page.',
        )
    else:
        call.wiki.delete(talk, call.user, reason)


def _summary_of_deletion(page: Page) -> str:
    authors = {revision.user for revision in page.revisions}
    text = page.latest.text.replace('\n', ' ')
    if len(text) > 150:
        text = f'{text[:150]}...'
    if len(authors) > 1:
        return f'content was: "{text}"'
    author = page.latest.user
    return (
        f'content was: "{text}", and the only contributor was '
        f'"[[Special:Contributions/{author}|{author}]]" ([[User talk:{author}|talk]])'
    )


def _links(user: str) -> str:
    return (
        f'[[User:{user}|{user}]] ([[User talk:{user}|talk]] | '
        f'[[Special:Contributions/{user}|contribs]])'
    )


def _chosen_revisions(call: Call, values: Values, page: Page) -> list[Revision]:
    chosen = list(page.revisions)
    limit = values['limit']
    enumerating = limit is not None or any(
        values[key] is not None for key in ('startid', 'endid', 'start', 'end', 'user')
    )
    if not enumerating:
        return chosen[-1:]
    if values['dir'] == 'older':
        chosen.reverse()
    if values['user']:
        chosen = [r for r in chosen if r.user == values['user']]
    if values['excludeuser']:
        chosen = [r for r in chosen if r.user != values['excludeuser']]
    older = values['dir'] == 'older'
    for key, after in ('start', not older), ('end', older):
        if values[key]:
            stamp = values[key]
            chosen = [
                r
                for r in chosen
                if (r.timestamp >= stamp if after else r.timestamp <= stamp)
            ]
    for key, after in ('startid', not older), ('endid', older):
        if values[key]:
            id = values[key]
            chosen = [r for r in chosen if (r.id >= id if after else r.id <= id)]
    if values['continue']:
        id = int(values['continue'].rpartition('|')[2])
        chosen = [r for r in chosen if (r.id <= id if older else r.id >= id)]
    limit = limit or 10
    if len(chosen) > limit:
        following = chosen[limit]
        stamp = re.sub(r'\D', '', following.timestamp)
        call.continuation['rvcontinue'] = f'{stamp}|{following.id}'
    return chosen[:limit]


def _revision_item(
    call: Call, title: Title, revision: Revision, values: Values
) -> Json:
    prop = values['prop']
    item: Json = {}
    if 'ids' in prop:
        item |= {'revid': revision.id, 'parentid': revision.parent}
    if 'flags' in prop:
        item['minor'] = revision.minor
    if 'user' in prop:
        item['user'] = revision.user
        if not revision.user_id:
            item['anon'] = True
    if 'userid' in prop:
        item['userid'] = revision.user_id
    if 'timestamp' in prop:
        item['timestamp'] = revision.timestamp
    if 'size' in prop:
        item['size'] = revision.size
    if 'sha1' in prop:
        item['sha1'] = revision.sha1
    if 'roles' in prop:
        item['roles'] = ['main']
    if 'comment' in prop:
        item['comment'] = revision.comment
    if 'parsedcomment' in prop:
        item['parsedcomment'] = revision.comment
    if 'tags' in prop:
        item['tags'] = []
    slot: Json = {}
    if 'content' in prop or 'contentmodel' in prop:
        slot['contentmodel'] = title.model
    if 'content' in prop:
        form = 'text/x-wiki' if title.model == 'wikitext' else 'application/json'
        slot |= {'contentformat': form, call.content_key: revision.text}
    if values['slots'] is not None:
        item['slots'] = {'main': slot}
    else:
        item |= slot
        if 'content' in prop:
            _warn_of_legacy_slots(call)
    return item


def _warn_of_legacy_slots(call: Call) -> None:
    if not any(module == call.path for module, *_ in call.warnings):
        call.warn(
            'deprecation',
            'Because "rvslots" was not specified, a legacy format has been used for '
            'the output. This format is deprecated, and in the future the new format '
            'will always be used.',
        )


def _add_links(pageset: PageSet, name: str, pattern: str, namespace: int = 0) -> None:
    expression = re.compile(pattern)
    for id, page in pageset.pages.items():
        titles = {
            title
            for match in expression.findall(page.latest.text)
            if (title := parse_title(match))
        }
        found = [
            Title(namespace, title.name) if namespace and not title.namespace else title
            for title in titles
        ]
        if found:
            pageset.parts[id][name] = [
                {'ns': title.namespace, 'title': str(title)}
                for title in sorted(found, key=str)
            ]
