"""What a wiki says about itself.

It says only what pywikibot asks for, and what was recorded.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..call import Call, Values, query
from ..files import LARGEST, MIME_TYPES
from ..rights import groups_of
from ..titles import ENTITY_NAMESPACES, INTERWIKI, NAMESPACES, Title, local_name

Json = dict[str, Any]


@query('siteinfo')
def siteinfo(call: Call, values: Values) -> None:
    """Tell about the wiki."""
    output = values['output']
    for prop in values['prop']:
        part = _SITEINFO.get(prop)
        if part is not None:
            output[prop] = part(call)
    if 'interwikimap' in output and values['filteriw']:
        local = values['filteriw'] == 'local'
        output['interwikimap'] = [
            item for item in output['interwikimap'] if ('local' in item) == local
        ]
    if 'usergroups' in output and values['numberingroup']:
        for item in output['usergroups']:
            members = call.wiki.accounts.values()
            item['number'] = sum(item['name'] in local.groups for local in members)


def _temporary(call: Call) -> Json:
    if not call.farm.temporary_accounts:
        return {'enabled': False}
    return {'enabled': True, 'matchPatterns': ['~$1']}


def _general(call: Call) -> Json:
    wiki, first = call.wiki, call.version == 1
    general: Json = {
        'mainpage': 'Main Page',
        'base': wiki.url('Main Page'),
        'sitename': wiki.db,
        'mainpageisdomainroot': False,
        'logo': f'{wiki.server}/logo.svg',
        'generator': call.wiki.generator,
        'phpversion': '8.2.36',
        'phpsapi': 'fpm-fcgi',
        'dbtype': 'mysql',
        'dbversion': '10.11.19-MariaDB',
        'imagewhitelistenabled': False,
        'langconversion': True,
        'linkconversion': True,
        'titleconversion': True,
        'linkprefixcharset': '',
        'linkprefix': '',
        'linktrail': '/^([a-z]+)(.*)$/sD',
        'legaltitlechars': ' %!"$&\'()*,\\-.\\/0-9:;=?@A-Z\\\\^_`a-z~\\x80-\\xFF+',
        'invalidusernamechars': '@:>=',
        'allunicodefixes': False,
        **({} if call.farm.current else _FIXES),
        'case': 'first-letter',
        'lang': wiki.language,
        'fallback': [],
        'rtl': False,
        'fallback8bitEncoding': 'windows-1252',
    }
    if wiki.readonly:
        general |= {'readonly': True, 'readonlyreason': wiki.readonly}
    elif not first:
        general['readonly'] = False
    general |= {
        'writeapi': True,
        'maxarticlesize': 2097152,
        'timezone': 'UTC',
        'timeoffset': 0,
        'articlepath': wiki.layout.article_path,
        'scriptpath': wiki.layout.script_path,
        'script': wiki.layout.script,
        'variantarticlepath': False,
        'server': wiki.server,
        'servername': wiki.host,
        'wikiid': wiki.db,
        'time': call.farm.timestamp(),
        'misermode': False,
        'uploadsenabled': call.farm.uploads,
        'maxuploadsize': LARGEST,
        'minuploadchunksize': 1024,
        'galleryoptions': {
            'imagesPerRow': 0,
            'imageWidth': 120,
            'imageHeight': 120,
            'captionLength': True,
            'showBytes': True,
            'showDimensions': True,
            'mode': 'traditional',
        },
        'thumblimits': _numbered(call, [120, 150, 180, 200, 250, 300]),
        'imagelimits': _numbered(
            call, [{'width': width, 'height': height} for width, height in _IMAGE_SIZES]
        ),
        'favicon': f'{wiki.server}/favicon.ico',
        'centralidlookupprovider': 'CentralAuth',
        'allcentralidlookupproviders': ['CentralAuth', 'local'],
        'interwikimagic': True,
        'magiclinks': [] if first else {'ISBN': False, 'PMID': False, 'RFC': False},
        'categorycollation': 'uppercase',
        'nofollowlinks': True,
        'nofollownsexceptions': [],
        'nofollowdomainexceptions': ['mediawiki.org'],
        'externallinktarget': False,
    }
    if wiki is call.farm.repository:
        general |= {
            'wikibase-propertytypes': {'string': {'valuetype': 'string'}},
            'wikibase-conceptbaseuri': f'{wiki.server}/entity/',
        }
    return general


def _numbered(call: Call, items: list[Any]) -> list[Any] | Json:
    """Lay out a list that formatversion=2 gives as a mapping."""
    if call.version == 1:
        return items
    return {str(number): item for number, item in enumerate(items)}


def _namespaces(call: Call) -> Json:
    found: Json = {}
    here = call.wiki is call.farm.repository
    for number, canonical in (NAMESPACES | (ENTITY_NAMESPACES if here else {})).items():
        content, name = number == 0, local_name(number)
        item: Json = {'id': number, 'case': 'first-letter'}
        if call.version == 2:
            item['name'] = name
        subpages = number >= 0 and number not in (6, 14)
        if subpages or call.version == 2:
            item['subpages'] = subpages
        if number:
            item['canonical'] = canonical
        if content or call.version == 2:
            item['content'] = content
        if call.version == 2:
            item['nonincludable'] = False
        if number == 8:
            item['namespaceprotection'] = 'editinterface'
        if (model := Title(number, '').model) != 'wikitext':
            item['defaultcontentmodel'] = model
        if call.version == 1:
            item['*'] = name
        found[str(number)] = item
    return found


def _namespace_aliases(call: Call) -> list[Json]:
    key = '*' if call.version == 1 else 'alias'
    return [{'id': 6, key: 'Image'}, {'id': 7, key: 'Image talk'}]


def _extensions(call: Call) -> list[Json]:
    found = []
    installed = list(_EXTENSIONS_TODAY if call.farm.current else _EXTENSIONS)
    if call.farm.repository is not None:
        installed.append(_WIKIBASE_CLIENT)
    if call.wiki is call.farm.repository:
        installed.append(_WIKIBASE_REPOSITORY)
    for name, kind, message, version in installed:
        item = {'type': kind, 'name': name, 'descriptionmsg': message}
        if kind == 'skin':
            item['namemsg'] = f'{name.lower()}-specialversion-name'
        page = f'Skin:{name}' if kind == 'skin' else f'Extension:{name}'
        item['author'] = 'various authors'
        item['url'] = f'https://www.mediawiki.org/wiki/{page}'
        if version:
            item['version'] = version
        item['license-name'] = 'GPL-2.0-or-later'
        item['license'] = f'/wiki/Special:Version/License/{name}'
        found.append(item)
    return found


def _interwikimap(call: Call) -> list[Json]:
    local = [
        {'prefix': code, 'local': True, 'url': wiki.url('$1')}
        for code, wiki in call.farm.wikis.items()
    ]
    others = [
        {'prefix': prefix, 'url': f'https://{prefix}.invalid/wiki/$1'}
        for prefix in sorted(INTERWIKI)
    ]
    return [*local, *others]


def _user_groups(call: Call) -> list[Json]:
    groups = groups_of(call.farm.current)
    return [{'name': name, 'rights': list(rights)} for name, rights in groups.items()]


def _magic_words(call: Call) -> list[Json]:
    names = {
        'redirect': ['#REDIRECT'],
        'notoc': ['__NOTOC__'],
        'defaultsort': ['DEFAULTSORT:'],
        'img_thumbnail': ['thumb'],
        'displaytitle': ['DISPLAYTITLE'],
    }
    return [
        {'name': name, 'aliases': aliases, 'case-sensitive': False}
        for name, aliases in names.items()
    ]


def _statistics(call: Call) -> Json:
    wiki = call.wiki
    return {
        'pages': len(wiki.pages),
        'articles': sum(title.namespace == 0 for title in wiki.pages),
        'edits': sum(local.editcount for local in wiki.accounts.values()),
        'images': len(wiki.files.versions),
        'users': len(wiki.accounts),
        'activeusers': len(wiki.accounts),
        'admins': sum('sysop' in local.groups for local in wiki.accounts.values()),
        'jobs': 0,
    }


def _replication_lag(call: Call) -> list[Json]:
    host, lag = call.wiki.lag
    return [{'host': host, 'lag': int(lag) if lag == int(lag) else lag}]


_IMAGE_SIZES = (
    (320, 240),
    (640, 480),
    (800, 600),
    (1024, 768),
    (1280, 1024),
    (2560, 2048),
)

_FIXES = {'fixarabicunicode': True, 'fixmalayalamunicode': True}

_EXTENSIONS = (
    ('Vector', 'skin', 'vector-skin-desc', '1.0.0'),
    ('AntiSpoof', 'antispam', 'antispoof-desc', ''),
    ('CentralAuth', 'specialpage', 'centralauth-desc', ''),
    ('OAuth', 'other', 'mwoauth-desc', '1.1.0'),
)

_EXTENSIONS_TODAY = (
    *_EXTENSIONS[:2],
    ('CentralAuth', 'wikifamily', 'centralauth-desc', ''),
    _EXTENSIONS[3],
    ('GlobalBlocking', 'other', 'globalblocking-desc', ''),
)

_WIKIBASE_CLIENT = ('WikibaseClient', 'wikibase', 'wikibase-client-desc', '')
_WIKIBASE_REPOSITORY = ('WikibaseRepository', 'wikibase', 'wikibase-desc', '')

#: Special pages that people name in links, and what else they are called.
_SPECIAL_PAGES = {
    'Allpages': 'AllPages',
    'Block': 'Block BlockIP BlockUser',
    'BlockList': 'BlockList ListBlocks IPBlockList',
    'CentralAuth': 'CentralAuth CentralUserInfo',
    'Contributions': 'Contributions Contribs',
    'Diff': 'Diff',
    'Log': 'Log Logs',
    'Movepage': 'MovePage',
    'Mycontributions': 'MyContributions',
    'Mypage': 'MyPage',
    'Mytalk': 'MyTalk',
    'Recentchanges': 'RecentChanges',
    'Search': 'Search',
    'Undelete': 'Undelete',
    'Upload': 'Upload',
    'Userlogin': 'UserLogin Login',
    'Watchlist': 'Watchlist',
    'Whatlinkshere': 'WhatLinksHere',
}

_SITEINFO: dict[str, Callable[[Call], Any]] = {
    'autocreatetempuser': _temporary,
    'general': _general,
    'namespaces': _namespaces,
    'namespacealiases': _namespace_aliases,
    'extensions': _extensions,
    'interwikimap': _interwikimap,
    'usergroups': _user_groups,
    'magicwords': _magic_words,
    'statistics': _statistics,
    'dbrepllag': _replication_lag,
    'specialpagealiases': lambda call: [
        {'realname': name, 'aliases': aliases.split()}
        for name, aliases in _SPECIAL_PAGES.items()
    ],
    'skins': lambda call: [],
    'fileextensions': lambda call: [{'ext': name} for name in MIME_TYPES],
    'languages': lambda call: [
        {'code': 'en', '*' if call.version == 1 else 'name': 'English'}
    ],
    'protocols': lambda call: ['http://', 'https://'],
    'rightsinfo': lambda call: {'url': '', 'text': ''},
    'restrictions': lambda call: {
        'types': ['create', 'edit', 'move', 'upload'],
        'levels': ['', 'autoconfirmed', 'sysop'],
        'cascadinglevels': ['sysop'],
        'semiprotectedlevels': ['autoconfirmed'],
    },
}
