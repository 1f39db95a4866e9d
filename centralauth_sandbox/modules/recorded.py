"""What a wiki has recorded of users besides its logs: hits of abuse filters, and links.

There is no recording of them: their answers are those of AbuseFilter and MediaWiki
1.39. Nothing here matches a filter; hits are added by tests.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from ..call import Call, Values, query
from ..errors import denied
from ..records import Page
from .query import Json

_LINK = re.compile(r'(?<!\w)(\w+)://([^\s\]\[|<>\"{}]+)')
#: What an address without a protocol means.
_WEB = ('http', 'https')


@query('abuselog')
def abuselog(call: Call, values: Values) -> None:
    """List the hits of abuse filters, the newest first."""
    # What is no number limits nothing.
    wanted = {
        name for name in values['filter'] or () if re.fullmatch(r'(global-)?\d+', name)
    }
    sees_private = 'abusefilter-log-private' in call.rights
    if wanted & call.wiki.private_filters and not sees_private:
        raise denied('view logs of private abuse filters')
    if 'details' in values['prop'] and 'abusefilter-log-detail' not in call.rights:
        raise denied('view detailed abuse log entries')
    newer = values['dir'] == 'newer'
    first, last = values['start'], values['end']
    if not newer:
        first, last = last, first
    found: list[Json] = []
    hits = call.wiki.abuse_log
    for hit in hits if newer else reversed(hits):
        if wanted and hit.filter not in wanted:
            continue
        if (first and hit.timestamp < first) or (last and hit.timestamp > last):
            continue
        about = {'logid': hit.id, 'user': hit.user, 'title': str(hit.title)}
        if any(values[name] not in (None, value) for name, value in about.items()):
            continue
        if len(found) == values['limit']:
            call.continuation['aflstart'] = hit.timestamp
            break
        shown = sees_private or hit.filter not in call.wiki.private_filters
        parts: dict[str, Json] = {
            'ids': {'id': hit.id, 'filter_id': hit.filter if shown else ''},
            'filter': {'filter': f'Filter {hit.filter}'},
            'user': {'user': hit.user},
            'title': {'ns': hit.title.namespace, 'title': str(hit.title)},
            'action': {'action': 'edit'},
            'result': {'result': 'disallow'},
            'timestamp': {'timestamp': hit.timestamp},
            'details': {'details': {}},
            'hidden': {'hidden': False},
        }
        found.append(_chosen(parts, values))
    values['output']['abuselog'] = found


@query('exturlusage')
def exturlusage(call: Call, values: Values) -> None:
    """List pages that link to an address, once for each link."""
    after = int(values['continue'] or 0)
    found: list[Json] = []
    for number, (page, url) in enumerate(_links(call, values)):
        if number < after:
            continue
        if number == after + values['limit']:
            call.continuation[f'{values["@prefix"]}continue'] = str(number)
            break
        if values['generating']:
            values['pageset'].add(page)
            continue
        parts: dict[str, Json] = {
            'ids': {'pageid': page.id},
            'title': {'ns': page.title.namespace, 'title': str(page.title)},
            'url': {'url': url},
        }
        found.append(_chosen(parts, values))
    if not values['generating']:
        values['output']['exturlusage'] = found


def _chosen(parts: Mapping[str, Json], values: Values) -> Json:
    item: Json = {}
    for name, part in parts.items():
        if name in values['prop']:
            item |= part
    return item


def _links(call: Call, values: Values) -> Iterator[tuple[Page, str]]:
    """Yield pages with links of a protocol, to a host or to the parts of a domain."""
    host, slash, path = (values['query'] or '').partition('/')
    protocols = (values['protocol'],) if values['protocol'] else _WEB
    for page in call.wiki.page_ids.values():
        if values['namespace'] and page.title.namespace not in values['namespace']:
            continue
        for protocol, rest in _LINK.findall(page.latest.text):
            there, _, more = rest.partition('/')
            if protocol not in protocols and (host or values['protocol']):
                continue
            if host and not _matches(there.lower(), host.lower()):
                continue
            if not slash or more.startswith(path.removesuffix('*')):
                yield page, f'{protocol}://{rest}'


def _matches(host: str, wanted: str) -> bool:
    if wanted.startswith('*.'):
        return f'.{host}'.endswith(wanted[1:])
    return host == wanted
