"""Wikibase: reading and editing entities, and what its client wikis say of it.

It is an imitation: there is no recording of it, it follows the manual
(https://www.mediawiki.org/wiki/Wikibase/API), and it has no redirects, badges, lexemes
and media.
"""

from __future__ import annotations

import json
from typing import Any

from .. import errors
from ..call import Call, Values, action, query
from ..entities import (
    EntityError,
    clear,
    find_statement,
    no_such_entity,
    remove_statement,
    set_term,
)
from ..errors import ApiError
from ..farm import Wiki
from ..records import LocalAccount
from ..titles import Title, parse_title
from .permissions import check_edit
from .query import PageSet

Json = dict[str, Any]


@action('wbgetentities')
def wbgetentities(call: Call, values: Values) -> None:
    """Return entities, by their ids or by pages that are linked."""
    sites, titles = values['sites'] or [], values['titles'] or []
    if not values['ids'] and not (sites and titles):
        raise ApiError(
            'param-missing',
            'Either provide the Item "ids" or pairs of "sites" and "titles" for '
            'corresponding pages.',
        )
    if len(sites) > 1 and len(titles) > 1 and len(sites) != len(titles):
        raise ApiError('params-illegal', 'Sites and titles must be pairs.')
    found: Json = {}
    for id in values['ids'] or ():
        with _Refusing():
            entity = call.wiki.entities.get(id)
        found[id] = (
            _shown(call, entity, values) if entity else {'id': id, 'missing': True}
        )
    # One of either stands for all of the other.
    pairs = zip(
        sites * (len(titles) if len(sites) == 1 else 1),
        titles * (len(sites) if len(titles) == 1 else 1),
        strict=False,
    )
    for number, (site, title) in enumerate(pairs, 1):
        linked = _linked(call, site, title)
        entity = call.wiki.entities.get(linked) if linked else None
        if entity is None:
            missing = {'site': site, 'title': title, 'missing': True}
            found[str(-number)] = missing
        else:
            found[entity['id']] = _shown(call, entity, values)
    call.result |= {'entities': found, 'success': 1}


@action('wbeditentity')
def wbeditentity(call: Call, values: Values) -> None:
    """Change anything in an entity, or create one."""
    with _Refusing():
        data = _decoded(values['data'])
        if not isinstance(data, dict):
            raise EntityError('not-recognized-array', 'Top level must be an object.')
        by = _author(call)
        if values['new']:
            entity = _created(call, values, data)
        else:
            entity = _entity(call, values)
        if values['clear']:
            clear(entity)
        call.wiki.entities.change(entity, data)
    kind = 'create' if values['new'] else 'update'
    _save(call, values, entity, by, f'/* wbeditentity-{kind}:0| */')
    call.result |= {'entity': _whole(call, entity), 'success': 1}


@action('wbsetlabel')
def wbsetlabel(call: Call, values: Values) -> None:
    """Set or remove a label."""
    _set_term(call, values, 'labels')


@action('wbsetdescription')
def wbsetdescription(call: Call, values: Values) -> None:
    """Set or remove a description."""
    _set_term(call, values, 'descriptions')


@action('wbsetsitelink')
def wbsetsitelink(call: Call, values: Values) -> None:
    """Set or remove a link to a page."""
    site = values['linksite']
    with _Refusing():
        by, entity = _author(call), _entity(call, values)
        if entity['type'] != 'item':
            raise no_such_entity(entity['id'])
        link = {'site': site, 'title': values['linktitle'] or ''}
        call.wiki.entities.set_link(entity, link)
    _save(call, values, entity, by, f'/* wbsetsitelink-set:1|{site} */')
    links = entity['sitelinks']
    shown = {site: links.get(site, {'site': site, 'removed': True})}
    call.result |= {'entity': _brief(call, entity) | {'sitelinks': shown}, 'success': 1}


@action('wbcreateclaim')
def wbcreateclaim(call: Call, values: Values) -> None:
    """Add a statement."""
    with _Refusing():
        by = _author(call)
        entity = _entity(call, {'id': values['entity']} | values)
        snak = {'snaktype': values['snaktype'], 'property': values['property'].upper()}
        if values['snaktype'] == 'value':
            snak['datavalue'] = _string(values['value'])
        claim = call.wiki.entities.set_statement(entity, {'mainsnak': snak})
    _save(call, values, entity, by, '/* wbcreateclaim-create:1| */')
    call.result |= _about_claim(call, entity, claim)


@action('wbsetclaim')
def wbsetclaim(call: Call, values: Values) -> None:
    """Add or replace a whole statement."""
    with _Refusing():
        claim = _decoded(values['claim'])
        if not isinstance(claim, dict) or not isinstance(claim.get('id'), str):
            raise EntityError('invalid-claim', 'Invalid claim: it has no id.')
        by, entity = _author(call), _of_claim(call, values, claim['id'])
        made = call.wiki.entities.set_statement(entity, claim)
    _save(call, values, entity, by, '/* wbsetclaim-update:1| */')
    call.result |= _about_claim(call, entity, made)


@action('wbsetclaimvalue')
def wbsetclaimvalue(call: Call, values: Values) -> None:
    """Change the value of a statement."""
    id = values['claim']
    with _Refusing():
        by, entity = _author(call), _of_claim(call, values, id)
        at = find_statement(entity, id)
        if at is None:
            raise EntityError('no-such-claim', f'There is no claim with the ID "{id}".')
        claim = entity['claims'][at[0]][at[1]]
        snak = {'snaktype': values['snaktype'], 'property': at[0]}
        if values['snaktype'] == 'value':
            snak['datavalue'] = _string(values['value'])
        claim['mainsnak'] = call.wiki.entities.snak(snak)
    _save(call, values, entity, by, '/* wbsetclaimvalue:1| */')
    call.result |= _about_claim(call, entity, claim)


@action('wbremoveclaims')
def wbremoveclaims(call: Call, values: Values) -> None:
    """Remove statements of one entity."""
    ids = values['claim']
    with _Refusing():
        by, entity = _author(call), _of_claim(call, values, ids[0])
        for id in ids:
            remove_statement(entity, id)
    _save(call, values, entity, by, '/* wbremoveclaims-remove:1| */')
    call.result |= {'pageinfo': _page_info(call, entity), 'success': 1, 'claims': ids}


@query('wikibase')
def wikibase(call: Call, values: Values) -> None:
    """Say where the repository is."""
    repository = _repository(call)
    answer: Json = {}
    if 'url' in values['prop']:
        answer['repo'] = {
            'url': {
                'base': repository.server,
                'scriptpath': repository.layout.script_path,
                'articlepath': repository.layout.article_path,
            }
        }
    if 'siteid' in values['prop']:
        answer['siteid'] = call.wiki.db
    values['output']['wikibase'] = answer


@query('pageprops')
def pageprops(call: Call, values: Values) -> None:
    """Add the items that link to the pages; there are no other properties."""
    if call.farm.repository is None or values['prop'] not in (None, ['wikibase_item']):
        return
    entities = call.farm.repository.entities
    pageset: PageSet = values['pageset']
    for id, page in pageset.pages.items():
        item = entities.linked_from(call.wiki.db, str(page.title))
        if item:
            pageset.parts[id]['pageprops'] = {'wikibase_item': item}


class _Refusing:
    """Turns what an entity refuses into an error of the API."""

    def __enter__(self) -> None:
        """Begin."""

    def __exit__(self, kind: object, error: BaseException | None, _: object) -> None:
        """Turn an error."""
        if isinstance(error, EntityError):
            raise ApiError(error.code, str(error)) from None


def _repository(call: Call) -> Wiki:
    repository = call.farm.repository
    assert repository is not None
    return repository


def _decoded(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        raise EntityError(
            'invalid-json', 'Invalid json: it cannot be decoded.'
        ) from None


def _string(text: str | None) -> Json:
    """Return the value of a snak that is given as JSON."""
    return {'type': 'string', 'value': _decoded(text or '')}


def _author(call: Call) -> LocalAccount:
    """Return the account that edits; entities are edited by accounts alone here."""
    local = call.session.local
    if local is None:
        raise errors.denied('edit this page')
    return local


def _linked(call: Call, site: str, text: str) -> str | None:
    title = parse_title(text)
    return call.wiki.entities.linked_from(site, str(title)) if title else None


def _entity(call: Call, values: Values) -> Json:
    """Return the entity to edit, if it may be edited."""
    id = values['id']
    if id is None and values.get('site') and values.get('title'):
        id = _linked(call, values['site'], values['title'])
        if id is None:
            raise EntityError(
                'no-such-entity-link',
                f'No entity found matching site link {values["site"]}:'
                f'{values["title"]}.',
            )
    if not id:
        raise EntityError('param-missing', 'Either provide the Item "id" or a page.')
    page = call.wiki.entities.page(id)
    entity = call.wiki.entities.get(id)
    if page is None or entity is None:
        raise no_such_entity(id)
    call.answer.target = str(page.title)
    check_edit(call, page, page.title)
    _check_base(call, values, page.title)
    return entity


def _of_claim(call: Call, values: Values, id: str) -> Json:
    """Return the entity that a statement's id names."""
    entity, dollar, _ = id.partition('$')
    if not dollar:
        raise EntityError('invalid-guid', f'Invalid claim GUID: {id}')
    return _entity(call, {'id': entity} | values)


def _created(call: Call, values: Values, data: Json) -> Json:
    if values['id']:
        raise EntityError('param-illegal', 'Parameters "id" and "new" exclude another.')
    datatype = str(data.get('datatype', ''))
    if values['new'] == 'property' and datatype != 'string':
        raise EntityError('param-illegal', f'No such data type: {datatype}')
    namespace = {'item': 120, 'property': 122}[values['new']]
    check_edit(call, None, Title(namespace, 'New'))
    return call.wiki.entities.new(values['new'], datatype)


def _check_base(call: Call, values: Values, title: Title) -> None:
    """Refuse an edit that is based on a revision that others have edited since."""
    base = values['baserevid']
    since = [r for r in call.wiki.pages[title].revisions if base and r.id > base]
    if any(revision.user != call.user for revision in since):
        raise EntityError('editconflict', 'Edit conflict. Could not patch the entity.')


def _set_term(call: Call, values: Values, key: str) -> None:
    language = values['language']
    with _Refusing():
        by, entity = _author(call), _entity(call, values)
        set_term(entity, key, {'language': language, 'value': values['value'] or ''})
    _save(call, values, entity, by, f'/* {call.path}-set:1|{language} */')
    term = entity[key].get(language, {'language': language, 'removed': True})
    shown = _brief(call, entity) | {key: {language: term}}
    call.result |= {'entity': shown, 'success': 1}


def _save(
    call: Call, values: Values, entity: Json, by: LocalAccount, what: str
) -> None:
    """Save the entity, unless nothing has changed."""
    entities = call.wiki.entities
    if entities.get(entity['id']) == entity:
        return
    if call.wiki.limited('edit', call.user):
        raise errors.rate_limited()
    comment = f'{what} {values["summary"] or ""}'.rstrip()
    bot = values['bot'] and 'bot' in call.rights
    entities.save(entity, by, comment, bot)
    call.answer.effect = 'edit'
    call.answer.target = str(_title(call, entity))


def _title(call: Call, entity: Json) -> Title:
    page = call.wiki.entities.page(entity['id'])
    assert page is not None
    return page.title


def _page_info(call: Call, entity: Json) -> Json:
    return {'lastrevid': call.wiki.pages[_title(call, entity)].latest.id}


def _about_claim(call: Call, entity: Json, claim: Json) -> Json:
    return {'pageinfo': _page_info(call, entity), 'success': 1, 'claim': claim}


def _brief(call: Call, entity: Json) -> Json:
    return {'id': entity['id'], 'type': entity['type']} | _page_info(call, entity)


def _whole(call: Call, entity: Json) -> Json:
    return entity | _page_info(call, entity)


def _shown(call: Call, entity: Json, values: Values) -> Json:
    """Return what was asked for of an entity."""
    prop = values['props']
    page = call.wiki.pages[_title(call, entity)]
    shown: Json = {'type': entity['type'], 'id': entity['id']}
    if 'info' in prop:
        shown |= {
            'pageid': page.id,
            'ns': page.title.namespace,
            'title': str(page.title),
            'lastrevid': page.latest.id,
            'modified': page.latest.timestamp,
        }
    for key in ('datatype', 'labels', 'descriptions', 'aliases', 'claims'):
        if key in prop and key in entity:
            shown[key] = _in_languages(entity[key], key, values['languages'])
    if 'sitelinks' in prop and 'sitelinks' in entity:
        wanted = values['sitefilter']
        shown['sitelinks'] = {
            site: link
            for site, link in entity['sitelinks'].items()
            if not wanted or site in wanted
        }
    return shown


def _in_languages(terms: Any, key: str, languages: list[str] | None) -> Any:
    if not languages or key not in ('labels', 'descriptions', 'aliases'):
        return terms
    return {language: term for language, term in terms.items() if language in languages}
