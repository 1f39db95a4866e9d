"""The items and properties of a Wikibase repository: each is the text of a page.

It knows what may be changed in an entity and how, with statements of strings alone; who
may change it is the business of :mod:`.modules.wikibase`.
"""

from __future__ import annotations

import hashlib
import json
import re
import uuid
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from .titles import Title, parse_title

if TYPE_CHECKING:
    from .records import LocalAccount, Page, Revision
    from .views import WikiView

Json = dict[str, Any]

_NAMESPACES = {'Q': 120, 'P': 122}
_LETTERS = {'item': 'Q', 'property': 'P'}
_ID = re.compile(r'[QP][1-9]\d{0,9}')
_LANGUAGE = re.compile(r'[a-z]{2,}(-[a-z0-9]+)*')
_RANKS = ('preferred', 'normal', 'deprecated')
_SNAKS = ('value', 'somevalue', 'novalue')


class EntityError(ValueError):
    """A change that makes no sense; `code` is the API's word for it."""

    def __init__(self, code: str, sentence: str) -> None:
        """Initializer."""
        super().__init__(sentence)
        self.code = code


class Entities:
    """The entities of one wiki."""

    def __init__(self, wiki: WikiView) -> None:
        """Initializer."""
        self.wiki = wiki

    def page(self, id: str) -> Page | None:
        """Return the page of an entity.

        :raises EntityError: no-such-entity, if it cannot be an id.
        """
        id = id.upper()
        if not _ID.fullmatch(id):
            raise no_such_entity(id)
        return self.wiki.pages.get(Title(_NAMESPACES[id[0]], id))

    def get(self, id: str) -> Json | None:
        """Return an entity, to be changed and saved."""
        page = self.page(id)
        if page is None:
            return None
        found: Json = json.loads(page.latest.text)
        return found

    def linked_from(self, site: str, title: str) -> str | None:
        """Return the id of the item that links to a page."""
        for page in self.wiki.pages.values():
            if page.title.namespace == _NAMESPACES['Q']:
                link = _links(page.latest.text).get(site)
                if link == title:
                    return page.title.name
        return None

    def new(self, type: str, datatype: str = '') -> Json:
        """Return an empty entity with the next free id; it is not saved yet."""
        id = f'{_LETTERS[type]}{self.wiki.next_id(type)}'
        entity: Json = {'type': type, 'id': id}
        if type == 'property':
            entity['datatype'] = datatype
        clear(entity)
        return entity

    def save(
        self, entity: Json, by: LocalAccount, comment: str, bot: bool = False
    ) -> Revision:
        """Save an entity as a new revision of its page."""
        id = entity['id']
        return self.wiki.edit(
            Title(_NAMESPACES[id[0]], id),
            json.dumps(entity, ensure_ascii=False, sort_keys=True),
            user=by.name,
            user_id=by.id,
            comment=comment,
            bot=bot,
        )

    def change(self, entity: Json, data: Json) -> None:
        """Make the changes that the `data` of an edit describes.

        :raises EntityError: if one makes no sense; the entity may be half changed.
        """
        for key, value in data.items():
            if key in ('labels', 'descriptions'):
                for term in _listed(value):
                    set_term(entity, key, term)
            elif key == 'aliases':
                _set_aliases(entity, value)
            elif key == 'sitelinks' and entity['type'] == 'item':
                for link in _listed(value):
                    self.set_link(entity, link)
            elif key == 'claims':
                for statement in _statements(value):
                    self.set_statement(entity, statement)
            elif key not in ('id', 'type', 'datatype', 'lastrevid'):
                raise EntityError('not-recognized', f'Unknown key in json: {key}')

    def set_link(self, entity: Json, link: Json) -> None:
        """Set, or without a title remove, a link to a page of a client wiki."""
        site, text = str(link.get('site', '')), str(link.get('title', ''))
        if 'remove' in link or not text:
            entity['sitelinks'].pop(site, None)
            return
        client = self.wiki.farm.by_db.get(site)
        if client is None:
            raise EntityError(
                'not-recognized-siteid',
                f'The supplied site identifier "{site}" is unknown.',
            )
        title = parse_title(text)
        if title is None or title not in client.pages:
            raise EntityError(
                'no-external-page',
                f'The external client site "{site}" did not provide page information '
                f'for page "{text}".',
            )
        other = self.linked_from(site, str(title))
        if other not in (None, entity['id']):
            raise EntityError(
                'modification-failed',
                f'The link {site}:{title} is already used by Item {other}.',
            )
        badges = link.get('badges', [])
        entity['sitelinks'][site] = {
            'site': site,
            'title': str(title),
            'badges': badges,
        }

    def set_statement(self, entity: Json, statement: Json) -> Json:
        """Add, replace or remove a statement; return it."""
        id = statement.get('id')
        at = find_statement(entity, id) if id else None
        if 'remove' in statement:
            if at is None:
                raise _no_such_claim(id)
            return remove_statement(entity, str(id))
        snak = statement.get('mainsnak')
        if not isinstance(snak, dict):
            raise EntityError('invalid-claim', 'Invalid claim: it has no mainsnak.')
        rank = statement.get('rank', 'normal')
        if rank not in _RANKS:
            raise EntityError('invalid-claim', f'Invalid claim: rank {rank}.')
        made: Json = {
            'mainsnak': self.snak(snak),
            'type': 'statement',
            'id': id or f'{entity["id"]}${uuid.uuid4()}',
            'rank': rank,
        }
        if qualifiers := _snaks(statement.get('qualifiers')):
            made['qualifiers'] = {
                property: [self.snak(each) for each in snaks]
                for property, snaks in qualifiers.items()
            }
            made['qualifiers-order'] = list(qualifiers)
        if references := statement.get('references'):
            made['references'] = [self._reference(each) for each in references]
        property = made['mainsnak']['property']
        if at is not None and at[0] == property:
            entity['claims'][property][at[1]] = made
        elif at is not None:
            raise EntityError(
                'invalid-claim', 'Invalid claim: its property cannot be changed.'
            )
        else:
            entity['claims'].setdefault(property, []).append(made)
        return made

    def snak(self, snak: Json) -> Json:
        """Return a snak, verified and with its hash."""
        property, kind = str(snak.get('property', '')), snak.get('snaktype', 'value')
        if kind not in _SNAKS:
            raise EntityError('invalid-snak', f'Invalid snak: type {kind}.')
        found = self.get(property)
        if found is None or found['type'] != 'property':
            raise no_such_entity(property)
        made: Json = {'snaktype': kind, 'property': found['id']}
        if kind == 'value':
            value = snak.get('datavalue')
            if not isinstance(value, dict) or value.get('type') != found['datatype']:
                raise EntityError(
                    'invalid-snak',
                    f'Invalid snak: {found["id"]} wants a {found["datatype"]}.',
                )
            if not isinstance(value.get('value'), str) or not value['value']:
                raise EntityError('invalid-snak', 'Invalid snak: not a string.')
            made['datavalue'] = {'value': value['value'], 'type': value['type']}
        return made | {'hash': _hash(made), 'datatype': found['datatype']}

    def _reference(self, reference: Json) -> Json:
        snaks = {
            property: [self.snak(each) for each in found]
            for property, found in _snaks(reference.get('snaks')).items()
        }
        return {'hash': _hash(snaks), 'snaks': snaks, 'snaks-order': list(snaks)}


def clear(entity: Json) -> None:
    """Leave nothing of an entity but what it is."""
    for key in ('labels', 'descriptions', 'aliases', 'claims'):
        entity[key] = {}
    if entity['type'] == 'item':
        entity['sitelinks'] = {}


def set_term(entity: Json, key: str, term: Json) -> None:
    """Set, or without a value remove, a label or a description.

    :raises EntityError: if there is no such language.
    """
    language, value = _language(term), str(term.get('value', '')).strip()
    if 'remove' in term or not value:
        entity[key].pop(language, None)
    else:
        entity[key][language] = {'language': language, 'value': value}


def find_statement(entity: Json, id: str) -> tuple[str, int] | None:
    """Return the property and the position of a statement."""
    for property, statements in entity['claims'].items():
        for position, statement in enumerate(statements):
            if statement['id'] == id:
                return property, position
    return None


def remove_statement(entity: Json, id: str) -> Json:
    """Remove a statement; return it.

    :raises EntityError: if no entity has that id.
    """
    at = find_statement(entity, id)
    if at is None:
        raise _no_such_claim(id)
    property, position = at
    removed: Json = entity['claims'][property].pop(position)
    if not entity['claims'][property]:
        del entity['claims'][property]
    return removed


def no_such_entity(id: str) -> EntityError:
    """Return the error for an entity that is not there."""
    return EntityError(
        'no-such-entity', f'Could not find an entity with the ID "{id}".'
    )


def _no_such_claim(id: object) -> EntityError:
    return EntityError('no-such-claim', f'Could not find a claim with the ID "{id}".')


def _language(term: Json) -> str:
    language = str(term.get('language', ''))
    if not _LANGUAGE.fullmatch(language):
        raise EntityError('not-recognized-language', f'Unknown language: {language}')
    return language


def _set_aliases(entity: Json, value: Any) -> None:
    """Replace the aliases of each language, or add to them and take from them."""
    given: dict[str, list[Json]] = {}
    for group in _listed(value):
        for term in group if isinstance(group, list) else [group]:
            given.setdefault(_language(term), []).append(term)
    for language, terms in given.items():
        changes = any('add' in term or 'remove' in term for term in terms)
        old = entity['aliases'].get(language, []) if changes else []
        kept = [term['value'] for term in old]
        for term in terms:
            if 'remove' in term:
                kept = [text for text in kept if text != term.get('value')]
            elif term.get('value') and term['value'] not in kept:
                kept.append(str(term['value']))
        entity['aliases'].pop(language, None)
        if kept:
            entity['aliases'][language] = [
                {'language': language, 'value': text} for text in kept
            ]


def _listed(value: Any) -> list[Any]:
    """Return the members of a list, or of a mapping."""
    found = list(value.values()) if isinstance(value, dict) else value
    if not isinstance(found, list) or not all(
        isinstance(each, (dict, list)) for each in found
    ):
        raise EntityError('not-recognized-array', 'An array was expected.')
    return found


def _statements(value: Any) -> list[Json]:
    return [
        statement
        for group in _listed(value)
        for statement in (group if isinstance(group, list) else [group])
    ]


def _snaks(value: Any) -> dict[str, list[Json]]:
    return value if isinstance(value, dict) else {}


def _hash(value: Json) -> str:
    return hashlib.sha1(
        json.dumps(value, sort_keys=True).encode(), usedforsecurity=False
    ).hexdigest()


@lru_cache(maxsize=1024)
def _links(text: str) -> dict[str, str]:
    entity = json.loads(text)
    return {site: link['title'] for site, link in entity['sitelinks'].items()}
