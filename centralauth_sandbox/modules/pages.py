"""What is done to whole pages: delete, undelete, move, protect, roll back.

Editing them is in :mod:`.editing`, reading them in :mod:`.pageprops` and
:mod:`.revisions`.
"""

from __future__ import annotations

from typing import Any

from .. import errors
from ..call import Call, Values, action
from ..errors import ApiError
from ..records import Page
from ..titles import Title, parse_title
from .blocked import check_block
from .blocks import expiry_of
from .permissions import check_protection, check_user_script, protectable, refusals
from .query import page_of, page_or_title, purge_pages
from .watching import follow

Json = dict[str, Any]


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
        follow(call, values, title)
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
    check_user_script(call, title)
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
    talk = Title(title.namespace | 1, title.name)
    if values['undeletetalk'] and talk != title and talk in call.wiki.archive:
        call.wiki.undelete(talk, call.user, values['reason'])
    follow(call, values, title)
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
    check_protection(call, page, 'move')
    replaced = call.wiki.pages.get(target)
    if replaced is not None and not _gives_way(replaced, page):
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
    if replaced is not None:
        call.wiki.forget(replaced)
    call.wiki.move(page, target, local, values['reason'], redirect)
    call.answer.effect = 'move'
    result |= {
        'redirectcreated': redirect,
        'moveoverredirect': replaced is not None,
    }
    follow(call, values, source)
    follow(call, values, target)
    if values['movetalk'] and source.namespace % 2 == 0 and target.namespace % 2 == 0:
        talk = call.wiki.pages.get(Title(source.namespace + 1, source.name))
        if talk is not None:
            target_talk = Title(target.namespace + 1, target.name)
            result |= {'talkfrom': str(talk.title), 'talkto': str(target_talk)}
            call.wiki.move(talk, target_talk, local, values['reason'], redirect)
    call.result['move'] = result


@action('protect')
def protect(call: Call, values: Values) -> None:
    """Change the protection of a page, or of the title of none."""
    page, title = page_or_title(call, values)
    call.answer.target = str(title)
    if 'protect' not in call.rights:
        raise errors.denied('change protection levels for this page')
    if refusals(call, page, title, 'edit'):
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
        if (kind == 'create') == (page is not None):
            if page is None:
                raise errors.missing_title()
            raise ApiError(
                'create-titleexists', "Existing titles can't be protected with create."
            )
        if page is not None and kind not in protectable(title):
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
    if page is not None:
        page.protection = levels
        cascades = {kind for kind, (level, _) in levels.items() if level == 'sysop'}
        page.cascading = frozenset(cascades if values['cascade'] else ())
    elif 'create' in levels:
        call.wiki.protected_titles[title] = levels['create']
    else:
        call.wiki.protected_titles.pop(title, None)
    call.wiki.write_log(
        'protect',
        'protect' if levels else 'unprotect',
        call.user,
        title,
        values['reason'],
        page_id=page.id if page else 0,
    )
    follow(call, values, title)
    call.answer.effect = 'protect'
    call.result['protect'] = {
        'title': str(title),
        'reason': values['reason'],
        **({'cascade': True} if page and page.cascading else {}),
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
    follow(call, values, page.title)
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


def _gives_way(page: Page, moved: Page) -> bool:
    """Tell whether a page is a redirect to one that is moved there, never edited."""
    text = f'#REDIRECT [[{moved.title}]]'
    return len(page.revisions) == 1 and page.latest.text == text


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
