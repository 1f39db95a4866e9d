"""The parameters of every API module, and their rendering for `action=paraminfo`.

The table below is what the sandbox both validates requests with and tells clients
about; it does not say what the modules do.  Its notation: one module a paragraph,
`[path] class source flags prefix help-pages` (flags: r read rights, w write rights,
p must be posted, d dynamic parameters), then one parameter a line, `name type words`.
What is marked by a ^ (a module, a parameter, a value) is of today's wikis alone.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from copy import copy
from dataclasses import dataclass, replace
from functools import cache, cached_property, partial
from typing import Any

from .extensions import ABUSE_FILTER, BLOCKS, GLOBAL_BLOCKING
from .imitations import CLIENT, FILES, REPOSITORY, REPOSITORY_ACTIONS

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Parameter:
    """One parameter of a module, without the module's prefix."""

    name: str
    type: str | tuple[str, ...]
    required: bool = False
    multi: int = 0
    default: str | int | None = None
    token: str = ''
    sensitive: bool = False
    deprecated: bool = False
    min: int | None = None
    max: int | None = None
    highmax: int | None = None
    subtypes: tuple[str, ...] = ()
    submodules: tuple[str, ...] = ()
    allspecifier: str = ''
    allowsduplicates: bool = False
    mustexist: bool | None = None
    deprecatedvalues: tuple[str, ...] = ()
    #: It came later than the wiki, which takes it for unknown.
    later: bool = False


@dataclass(frozen=True, slots=True)
class Module:
    """One module: how it is addressed and which parameters it knows."""

    path: str
    classname: str
    source: str
    flags: str
    prefix: str
    helpurls: tuple[str, ...]
    parameters: tuple[Parameter, ...]
    group: str
    token: str

    @property
    def name(self) -> str:
        return self.path.rpartition('+')[2]


class Declarations:
    """The modules of one flavour of MediaWiki.

    :param current: today's set; False is that of release 1.43.
    :param client: with those of a Wikibase client.
    :param repository: with those of a Wikibase repository.
    :param filters: with those of AbuseFilter.
    """

    def __init__(
        self,
        current: bool,
        *,
        client: bool = False,
        repository: bool = False,
        filters: bool = False,
    ) -> None:
        """Initializer."""
        self._made = partial(
            Declarations, current, client=client, repository=repository
        )
        self.submodules = {
            'action': (
                *_names(_ACTIONS, current),
                *(REPOSITORY_ACTIONS if repository else ()),
            ),
            'prop': _PROPS,
            'list': (*(('abuselog',) if filters else ()), *_names(_LISTS, current)),
            'meta': (*_METAS, *(('wikibase',) if client else ())),
            'generator': _names(_GENERATORS, current),
        }
        self.modules: dict[str, Module] = {}
        values = {f'@{name}': value for name, value in self.submodules.items()}
        values['@token'] = TOKEN_TYPES
        values['@globalgroup'] = GLOBAL_GROUPS
        values['@format'] = FORMATS
        groups = {
            f'query+{name}': kind
            for kind in ('prop', 'list', 'meta')
            for name in self.submodules[kind]
        }
        table = _of_release(_TABLE, current)
        table += GLOBAL_BLOCKING + BLOCKS if current else ''
        table += ABUSE_FILTER if filters else ''
        table += FILES + (CLIENT if client else '') + (REPOSITORY if repository else '')
        for module in _parse(table, values, groups):
            self.modules[module.path] = module

    @cached_property
    def with_filters(self) -> Declarations:
        """The same on a wiki with AbuseFilter."""
        return self._made(filters=True)

    @cached_property
    def with_email_blocks(self) -> Declarations:
        """The same, with global blocks that forbid emails, as there are since 2026."""
        found = copy(self)
        module = self.modules['globalblock']
        names = [parameter.name for parameter in module.parameters]
        place = names.index('modify')
        parameters = (
            *module.parameters[:place],
            Parameter('block-email', 'boolean'),
            *module.parameters[place:],
        )
        changed = replace(module, parameters=parameters)
        found.modules = self.modules | {'globalblock': changed}
        return found

    @cached_property
    def with_confirmations(self) -> Declarations:
        """The same, with logins for one operation, as from MediaWiki 1.47."""
        found = copy(self)
        found.modules = dict(self.modules)
        for path in ('clientlogin', 'query+authmanagerinfo'):
            module = self.modules[path]
            more = (*module.parameters, Parameter('reauthenticate', 'string'))
            found.modules[path] = replace(module, parameters=more)
        return found

    def known(self, path: str) -> bool:
        """Say whether the wiki has a module, imitated in full or not."""
        parent, _, name = path.rpartition('+')
        if parent == 'query':
            return any(
                name in self.submodules[kind] for kind in ('prop', 'list', 'meta')
            )
        return not parent and (name == 'main' or name in self.submodules['action'])

    def describe(self, path: str, server: str, version: int, high: bool) -> Json:
        """Return what `action=paraminfo` says about a module."""
        module = self.modules.get(path) or _bare(path, self.submodules)
        namespace = (
            'MediaWiki\\Api\\'
            if module.source == 'MediaWiki'
            else f'MediaWiki\\Extension\\{module.source}\\Api\\'
        )
        answer: Json = {
            'name': module.name,
            'classname': namespace + module.classname,
            'path': module.path,
        }
        if path != 'main':
            answer['group'] = module.group
        answer |= {
            'prefix': module.prefix,
            'source': module.source,
            'sourcename': module.source,
            'licensetag': 'GPL-2.0-or-later',
            'licenselink': f'{server}/wiki/Special:Version/License/{module.source}',
        }
        for flag, key in (
            ('r', 'readrights'),
            ('w', 'writerights'),
            ('p', 'mustbeposted'),
        ):
            if flag in module.flags:
                answer[key] = True
        if module.name in self.submodules['generator'] and '+' in path:
            answer['generator'] = True
        answer['helpurls'] = [_MANUAL + page for page in module.helpurls]
        answer['parameters'] = [
            _describe_parameter(index, parameter, version, high)
            for index, parameter in enumerate(module.parameters, 1)
        ]
        answer['templatedparameters'] = []
        if 'd' in module.flags:
            answer['dynamicparameters'] = True
        return answer


def _describe_parameter(
    index: int, parameter: Parameter, version: int, high: bool
) -> Json:
    answer: Json = {'index': index, 'name': parameter.name}
    kind = parameter.type
    answer['type'] = list(kind) if isinstance(kind, tuple) else kind
    if parameter.required or version == 2:
        answer['required'] = parameter.required
    if parameter.default is not None:
        answer['default'] = parameter.default
    for key in 'deprecated', 'sensitive':
        if getattr(parameter, key):
            answer[key] = True
    if parameter.multi or version == 2:
        answer['multi'] = bool(parameter.multi)
    if parameter.multi:
        highlimit = parameter.multi * 10 if parameter.multi == 50 else parameter.multi
        answer |= {
            'lowlimit': parameter.multi,
            'highlimit': highlimit,
            'limit': highlimit if high else parameter.multi,
        }
    for key in 'min', 'max', 'highmax':
        if getattr(parameter, key) is not None:
            answer[key] = getattr(parameter, key)
    if parameter.allowsduplicates:
        answer['allowsduplicates'] = True
    if parameter.allspecifier:
        answer['allspecifier'] = parameter.allspecifier
    if parameter.subtypes:
        answer['subtypes'] = list(parameter.subtypes)
    if parameter.deprecatedvalues:
        answer['deprecatedvalues'] = list(parameter.deprecatedvalues)
    if parameter.mustexist is not None and (parameter.mustexist or version == 2):
        answer['mustExist'] = parameter.mustexist
    if parameter.token:
        answer['tokentype'] = parameter.token
    if parameter.submodules:
        top = parameter.name in ('action', 'format')
        answer['submodules'] = {
            name: name if top else f'query+{name}' for name in parameter.submodules
        }
    answer |= _PECULIAR.get((parameter.name, bool(parameter.submodules)), {})
    return answer


def _parse(
    table: str,
    values: Mapping[str, tuple[str, ...]],
    groups: Mapping[str, str],
) -> Iterator[Module]:
    for paragraph in table.split('\n[')[1:]:
        head, *lines = paragraph.strip().split('\n')
        path, classname, source, flags, prefix, *pages = head.replace(']', '').split()
        parameters = tuple(_parse_parameter(line, values) for line in lines)
        yield Module(
            path=path,
            classname=classname,
            source=source,
            flags=flags.strip('-'),
            prefix=prefix.strip('-'),
            helpurls=tuple(pages),
            parameters=parameters,
            group=groups.get(path, 'action'),
            token=next((p.token for p in parameters if p.token), ''),
        )


def _parse_parameter(line: str, values: Mapping[str, tuple[str, ...]]) -> Parameter:
    name, kind, *words = line.split()
    options: dict[str, Any] = {'name': name, 'type': kind}
    if kind in values:
        options['type'] = values[kind]
        if kind not in ('@token', '@globalgroup'):
            options['submodules'] = values[kind]
    elif '|' in kind or kind == '[]':
        choices = kind.strip('[]|').split('|') if kind != '[]' else []
        options['type'] = tuple(choice.strip("'") for choice in choices)
    for word in words:
        key, sign, value = word.partition('=')
        if key in ('min', 'max', 'highmax'):
            options[key] = int(value)
        elif key == 'default':
            options[key] = int(value) if value.isdigit() else value
        elif key == 'multi':
            options[key] = int(value) if sign else 50
        elif key in ('subtypes', 'deprecatedvalues'):
            options[key] = tuple(value.split(','))
        elif key == 'mustexist':
            options[key] = value == 'yes'
        elif key == 'token':
            options |= {'token': value, 'required': True, 'sensitive': True}
        else:
            options[key] = value if sign else True
    return Parameter(**options)


@cache
def _bare_module(path: str, group: str) -> Module:
    name = path.rpartition('+')[2]
    # Clients look for the limit of a list before they ask, and then learn that it is
    # not imitated.
    limit = Parameter('limit', 'limit', default=10, min=1, max=500, highmax=5000)
    parameters = (limit, Parameter('continue', 'string')) if '+' in path else ()
    return Module(
        path, f'Api{name.capitalize()}', 'MediaWiki', 'r', '', (), parameters, group, ''
    )


def _bare(path: str, submodules: Mapping[str, tuple[str, ...]]) -> Module:
    name = path.rpartition('+')[2]
    group = next(
        (k for k in ('prop', 'list', 'meta') if '+' in path and name in submodules[k]),
        'action',
    )
    return _bare_module(path, group)


def _names(text: str, current: bool) -> tuple[str, ...]:
    """Return the names in a text, in 1.43 without those that are marked."""
    return tuple(
        name.rstrip('^') for name in text.split() if current or not name.endswith('^')
    )


def _of_release(table: str, current: bool) -> str:
    """Return a table without its marks, and in 1.43 without what is marked."""
    if not current:
        table = re.sub(r'^\[\S+\^\].*\n( .*\n)*', '', table, flags=re.M)
        table = re.sub(r'^ +\S+\^ .*\n', '', table, flags=re.M)
        table = re.sub(r'[^\s|]+\^\|', '', table)
    return table.replace('^', '')


_MANUAL = 'https://www.mediawiki.org/wiki/Special:MyLanguage/API:'

TOKEN_TYPES = (
    'createaccount',
    'csrf',
    'deleteglobalaccount',
    'login',
    'patrol',
    'rollback',
    'setglobalaccountstatus',
    'userrights',
    'watch',
)

GLOBAL_GROUPS = ('global-bot', 'global-sysop', 'steward')

FORMATS = ('json', 'jsonfm', 'none', 'php', 'phpfm', 'rawfm', 'xml', 'xmlfm')

_PECULIAR: dict[tuple[str, bool], Json] = {
    ('action', True): {'internalvalues': ['cspreport', 'stashedit']},
    ('list', True): {'deprecatedvalues': ['deletedrevs']},
    ('generator', True): {'submoduleparamprefix': 'g'},
}

_ACTIONS = """
    acquiretempusername antispoof block centralauthtoken
    changeauthenticationdata changecontentmodel checktoken clearhasmsg
    clientlogin compare createaccount createlocalaccount delete
    deleteglobalaccount edit emailuser expandtemplates feedcontributions
    feedrecentchanges feedwatchlist filerevert globalblock^ globaluserrights help imagerotate
    import linkaccount login logout managetags mergehistory move opensearch
    options paraminfo parse patrol protect purge query removeauthenticationdata
    resetpassword revisiondelete rollback rsd setglobalaccountstatus
    setnotificationtimestamp setpagelanguage tag unblock undelete unlinkaccount
    upload userrights validatepassword watch cspreport stashedit
    """

_PROPS = tuple(
    """
    categories categoryinfo contributors deletedrevisions duplicatefiles
    extlinks fileusage imageinfo images info iwlinks langlinks links linkshere
    pageprops redirects revisions stashimageinfo templates transcludedin
    """.split()
)

_LISTS = """
    allcategories alldeletedrevisions allfileusages allimages alllinks allpages
    allredirects allrevisions alltransclusions allusers backlinks blocks
    categorymembers codexicons^ embeddedin exturlusage filearchive globalallusers
    globalblocks^ globalgroups globalrenamequeue^ globalusers^ imageusage iwbacklinks langbacklinks logevents mystashedfiles
    pagepropnames pageswithprop prefixsearch protectedtitles querypage random
    recentchanges search tags
    trackingcategories^ usercontribs users watchlist watchlistraw wikisets
    deletedrevs
    """

_METAS = tuple(
    """
    allmessages authmanagerinfo filerepoinfo globalrenamestatus globaluserinfo
    languageinfo siteinfo tokens userinfo
    """.split()
)

_GENERATORS = """
    allcategories alldeletedrevisions allfileusages allimages alllinks allpages
    allredirects allrevisions alltransclusions backlinks categories
    categorymembers deletedrevisions duplicatefiles embeddedin exturlusage
    fileusage images imageusage iwbacklinks langbacklinks links linkshere
    pageswithprop prefixsearch protectedtitles querypage random recentchanges
    redirects revisions search templates trackingcategories^ transcludedin watchlist watchlistraw
    """

_TABLE = r"""
[main] ApiMain MediaWiki - -
    action @action default=help
    format @format default=jsonfm
    maxlag integer
    smaxage integer default=0 min=0
    maxage integer default=0 min=0
    assert anon|bot|user
    assertuser user subtypes=name,temp
    requestid string
    servedby boolean
    curtimestamp boolean
    responselanginfo boolean
    origin string
    crossorigin^ boolean
    uselang string default=user
    variant string
    errorformat bc|html|none|plaintext|raw|wikitext default=bc
    errorlang string default=uselang
    errorsuselocal boolean
    centralauthtoken string sensitive
[query] ApiQuery MediaWiki r - Query Meta Properties Lists
    prop @prop multi
    list @list multi
    meta @meta multi
    indexpageids boolean
    export boolean
    exportnowrap boolean
    exportschema 0.10|0.11 default=0.11
    iwurl boolean
    continue string
    rawcontinue boolean
    titles string multi
    pageids integer multi
    revids integer multi
    generator @generator
    redirects boolean
    converttitles boolean
[centralauthtoken] ApiCentralAuthToken CentralAuth r -
[setglobalaccountstatus] ApiSetGlobalAccountStatus CentralAuth rwp -
    user string required
    locked ''|lock|unlock
    hidden ''|lists|suppressed
    reason string
    statecheck string
    token string token=setglobalaccountstatus
[deleteglobalaccount] ApiDeleteGlobalAccount CentralAuth rwp -
    user string required
    reason string
    token string token=deleteglobalaccount
[createlocalaccount] ApiCreateLocalAccount CentralAuth rwp -
    username string required
    reason string
    token string token=csrf
[globaluserrights] ApiGlobalUserRights CentralAuth rwp - User_group_membership
    user user subtypes=name,id
    userid integer deprecated
    add @globalgroup multi
    expiry string multi default=infinite allowsduplicates
    remove @globalgroup multi
    reason string default=
    token string token=userrights
    tags [] multi
[linkaccount] ApiLinkAccount MediaWiki wpd link Linkaccount
    requests string multi
    messageformat html|none|raw|wikitext default=wikitext
    mergerequestfields boolean
    returnurl string
    continue boolean
    token string token=csrf
[changeauthenticationdata] ApiChangeAuthenticationData MediaWiki rwpd changeauth Manage_authentication_data
    request string required
    token string token=csrf
[unlinkaccount] ApiRemoveAuthenticationData MediaWiki rwp - Manage_authentication_data
    request string required
    token string token=csrf
[query+tokens] ApiQueryTokens MediaWiki - - Tokens
    type @token multi default=csrf allspecifier=*
[query+globaluserinfo] ApiQueryGlobalUserInfo CentralAuth r gui
    user user subtypes=name,temp,interwiki
    id integer
    prop editcount|groups|merged|rights|unattached multi
[query+globalallusers] ApiQueryGlobalAllUsers CentralAuth r agu
    from string
    to string
    prefix string
    dir ascending|descending default=ascending
    group @globalgroup multi
    excludegroup @globalgroup multi
    prop existslocally|groups|lockinfo multi
    limit limit default=10 min=1 max=500 highmax=5000
    excludenamed boolean
    excludetemp boolean
[query+globalgroups] ApiQueryGlobalGroups CentralAuth r ggp
    prop rights| multi
[query+wikisets] ApiQueryWikiSets CentralAuth r ws
    from string
    prop type|wikisincluded|wikisnotincluded multi
    limit limit default=10 min=1 max=500 highmax=5000
    orderbyname boolean
[query+globalrenamestatus] ApiQueryGlobalRenameStatus CentralAuth r grs
    user user subtypes=name,ip,temp,cidr,interwiki
[query+authmanagerinfo] ApiQueryAuthManagerInfo MediaWiki - ami Authmanagerinfo
    securitysensitiveoperation string
    requestsfor change|create|create-continue|link|link-continue|login|login-continue|remove|unlink
    mergerequestfields boolean
    messageformat html|none|raw|wikitext default=wikitext
[delete] ApiDelete MediaWiki rwp - Delete
    title string
    pageid integer
    reason string
    tags [] multi
    deletetalk boolean
    watch boolean deprecated
    watchlist nochange|preferences|unwatch|watch default=preferences
    unwatch boolean deprecated
    oldimage string
    token string token=csrf
[edit] ApiEditPage MediaWiki rwp - Edit
    title string
    pageid integer
    section string
    sectiontitle string
    text text
    summary string
    tags [] multi
    minor boolean
    notminor boolean
    bot boolean
    baserevid integer
    basetimestamp timestamp
    starttimestamp timestamp
    recreate boolean
    createonly boolean
    nocreate boolean
    watch boolean deprecated
    unwatch boolean deprecated
    watchlist nochange|preferences|unwatch|watch default=preferences
    md5 string
    prependtext text
    appendtext text
    undo integer min=0
    undoafter integer min=0
    redirect boolean
    contentformat application/json|application/octet-stream|application/unknown|application/vue+xml^|application/x-binary|text/css|text/javascript|text/plain|text/unknown|text/x-wiki|unknown/unknown
    contentmodel css|javascript|json|text|unknown|vue^|wikitext
    token string token=csrf
    returnto title mustexist=no
    returntoquery string default=
    returntoanchor string default=
[rollback] ApiRollback MediaWiki rwp - Rollback
    title string
    pageid integer
    tags [] multi
    user user required subtypes=name,ip,temp,interwiki,id
    summary string default=
    markbot boolean
    watchlist nochange|preferences|unwatch|watch default=preferences
    token string token=rollback
[revisiondelete] ApiRevisionDelete MediaWiki rwp - Revisiondelete
    type archive|filearchive|logging|oldimage|revision required
    target string
    ids string required multi
    hide comment|content|user multi
    show comment|content|user multi
    suppress no|nochange|yes default=nochange
    reason string
    tags [] multi
    token string token=csrf
[block] ApiBlock MediaWiki rwp - Block
    user user subtypes=name,ip,temp,cidr,id
    userid integer deprecated
    expiry string default=never
    reason string default=
    anononly boolean
    nocreate boolean
    autoblock boolean
    noemail boolean
    hidename boolean
    allowusertalk boolean
    reblock boolean
    watchuser boolean
    tags [] multi
    partial boolean
    pagerestrictions title multi=10 mustexist=yes
    namespacerestrictions namespace multi allspecifier=*
    token string token=csrf
[userrights] ApiUserrights MediaWiki rwp - User_group_membership
    user user subtypes=name,id
    userid integer deprecated
    add bot|bureaucrat|interface-admin|steward|suppress|sysop multi
    expiry string multi default=infinite allowsduplicates
    remove bot|bureaucrat|interface-admin|steward|suppress|sysop multi
    reason string default=
    token string token=userrights
    tags [] multi
    watchuser boolean
[clientlogin] ApiClientLogin MediaWiki wpd login Login
    requests string multi
    messageformat html|none|raw|wikitext default=wikitext
    mergerequestfields boolean
    preservestate boolean
    returnurl string
    continue boolean
    token string token=login
[login] ApiLogin MediaWiki wp lg Login
    name string
    password password sensitive
    domain string
    token string sensitive
[createaccount] ApiAMCreateAccount MediaWiki wpd create Account_creation
    requests string multi
    messageformat html|none|raw|wikitext default=wikitext
    mergerequestfields boolean
    preservestate boolean
    returnurl string
    continue boolean
    token string token=createaccount
[patrol] ApiPatrol MediaWiki rwp - Patrol
    rcid integer
    revid integer
    tags [] multi
    token string token=patrol
[watch] ApiWatch MediaWiki rwp - Watch
    title string deprecated
    expiry expiry
    unwatch boolean
    continue string
    titles string multi
    pageids integer multi
    revids integer multi
    generator @generator
    redirects boolean
    converttitles boolean
    token string token=watch
[logout] ApiLogout MediaWiki wp - Logout
    token string token=csrf
[checktoken] ApiCheckToken MediaWiki r - Checktoken
    type @token required
    token string required sensitive
    maxtokenage integer
[paraminfo] ApiParamInfo MediaWiki - - Parameter_information
    modules string multi
    helpformat html|none|raw|wikitext default=none
    querymodules string multi deprecated
    mainmodule string deprecated
    pagesetmodule string deprecated
    formatmodules string multi deprecated
[help] ApiHelp MediaWiki - - Main_page Quick_start_guide FAQ
    modules string multi default=main
    submodules boolean
    recursivesubmodules boolean
    wrap boolean
    toc boolean
[move] ApiMove MediaWiki rwp - Move
    from string
    fromid integer
    to string required
    reason string default=
    movetalk boolean
    movesubpages boolean
    noredirect boolean
    watchlist nochange|preferences|unwatch|watch default=preferences
    ignorewarnings boolean
    tags [] multi
    token string token=csrf
[undelete] ApiUndelete MediaWiki rwp - Undelete
    title string required
    reason string default=
    tags [] multi
    timestamps timestamp multi
    fileids integer multi
    undeletetalk boolean
    watchlist nochange|preferences|unwatch|watch default=preferences
    token string token=csrf
[unblock] ApiUnblock MediaWiki rwp - Block
    id integer
    user user subtypes=name,ip,temp,cidr,id
    userid integer deprecated
    reason string default=
    tags [] multi
    watchuser boolean
    token string token=csrf
[protect] ApiProtect MediaWiki rwp - Protect
    title string
    pageid integer
    protections string required multi
    expiry string multi default=infinite allowsduplicates
    reason string default=
    tags [] multi
    cascade boolean
    watch boolean deprecated
    watchlist nochange|preferences|unwatch|watch default=preferences
    token string token=csrf
[purge] ApiPurge MediaWiki rw - Purge
    forcelinkupdate boolean
    forcerecursivelinkupdate boolean
    continue string
    titles string multi
    pageids integer multi
    revids integer multi
    generator @generator
    redirects boolean
    converttitles boolean
[query+userinfo] ApiQueryUserInfo MediaWiki - ui Userinfo
    prop acceptlang|blockinfo|cancreateaccount|centralids|changeablegroups|editcount|email|groupmemberships|groups|hasmsg|implicitgroups|latestcontrib|options|ratelimits|realname|registrationdate|rights|theoreticalratelimits|unreadcount multi allspecifier=*
    attachedwiki string
[query+siteinfo] ApiQuerySiteinfo MediaWiki r si Siteinfo
    prop autocreatetempuser|autopromote|autopromoteonce|clientlibraries|copyuploaddomains|dbrepllag|defaultoptions|extensions|extensiontags|fileextensions|functionhooks|general|interwikimap|languages|languagevariants|libraries|magicwords|namespacealiases|namespaces|protocols|restrictions|rightsinfo|showhooks|skins|specialpagealiases|statistics|uploaddialog|usergroups|variables multi default=general
    filteriw !local|local
    showalldb boolean
    numberingroup boolean
    inlanguagecode string
[query+allmessages] ApiQueryAllMessages MediaWiki r am Allmessages
    messages string multi default=* allspecifier=*
    prop default| multi
    enableparser boolean
    nocontent boolean
    includelocal boolean
    args string multi allowsduplicates
    filter string
    customised all|modified|unmodified default=all
    lang string
    from string
    to string
    title string
    prefix string
[query+info] ApiQueryInfo MediaWiki r in Info
    prop associatedpage|displaytitle|editintro|linkclasses|notificationtimestamp|preloadcontent|protection|subjectid|talkid|url|varianttitles|visitingwatchers|watched|watchers|preload|readable multi
    linkcontext title default=
    testactions string multi
    testactionsdetail boolean|full|quick default=boolean
    continue string
[query+revisions] ApiQueryRevisions MediaWiki r rv Revisions
    prop comment|content|contentmodel|flags|ids|oresscores|parsedcomment|roles|sha1|size|slotsha1|slotsize|tags|timestamp|user|userid|parsetree multi default=ids|timestamp|flags|comment|user
    slots main| multi allspecifier=*
    contentformat-{slot} string
    limit limit min=1 max=500 highmax=5000
    startid integer
    endid integer
    start timestamp
    end timestamp
    dir newer|older default=older
    user user subtypes=name,ip,temp,id,interwiki
    excludeuser user subtypes=name,ip,temp,id,interwiki
    tag string
    section string
    continue string
[query+deletedrevisions] ApiQueryDeletedRevisions MediaWiki r drv Deletedrevisions
    prop comment|content|contentmodel|flags|ids|parsedcomment|roles|sha1|size|slotsha1|slotsize|tags|timestamp|user|userid multi default=ids|timestamp|flags|comment|user
    slots main| multi allspecifier=*
    limit limit min=1 max=500 highmax=5000
    start timestamp
    end timestamp
    dir newer|older default=older
    user user subtypes=name,ip,temp,id,interwiki
    continue string
[query+pageprops] ApiQueryPageProps MediaWiki r pp Pageprops
    continue string
    prop string multi
[query+categories] ApiQueryCategories MediaWiki r cl Categories
    prop hidden|sortkey|timestamp multi
    show !hidden|hidden multi
    limit limit default=10 min=1 max=500 highmax=5000
    continue string
    categories string multi
    dir ascending|descending default=ascending
[query+templates] ApiQueryLinks MediaWiki r tl Templates
    namespace namespace multi allspecifier=*
    limit limit default=10 min=1 max=500 highmax=5000
    continue string
    templates string multi
    dir ascending|descending default=ascending
[query+transcludedin] ApiQueryBacklinksprop MediaWiki r ti Transcludedin
    prop pageid|redirect|title multi default=pageid|title|redirect
    namespace namespace multi allspecifier=*
    show !redirect|redirect multi
    limit limit default=10 min=1 max=500 highmax=5000
    continue string
[query+links] ApiQueryLinks MediaWiki r pl Links
    namespace namespace multi allspecifier=*
    limit limit default=10 min=1 max=500 highmax=5000
    continue string
    titles string multi
    dir ascending|descending default=ascending
[query+imageinfo] ApiQueryImageInfo MediaWiki r ii Imageinfo
    prop archivename|badfile|bitdepth|canonicaltitle|comment|commonmetadata|dimensions|extmetadata|mediatype|metadata|mime|parsedcomment|sha1|size|thumbmime|timestamp|uploadwarning|url|user|userid multi default=timestamp|user
    limit limit default=1 min=1 max=500 highmax=5000
    start timestamp
    end timestamp
    urlwidth integer default=-1
    urlheight integer default=-1
    metadataversion string default=1
    extmetadatalanguage string default=en
    extmetadatafilter string multi
    urlparam string default=
    badfilecontexttitle string
    continue string
    localonly boolean
[query+images] ApiQueryImages MediaWiki r im Images
    limit limit default=10 min=1 max=500 highmax=5000
    continue string
    images string multi
    dir ascending|descending default=ascending
[query+langlinks] ApiQueryLangLinks MediaWiki r ll Langlinks
    prop autonym|langname|url multi
    lang string
    title string
    dir ascending|descending default=ascending
    limit limit default=10 min=1 max=500 highmax=5000
    continue string
[query+categoryinfo] ApiQueryCategoryInfo MediaWiki r ci Categoryinfo
    continue string
[query+allpages] ApiQueryAllPages MediaWiki r ap Allpages
    from string
    continue string
    to string
    prefix string
    namespace namespace default=0
    filterredir all|nonredirects|redirects default=all
    filterlanglinks all|withlanglinks|withoutlanglinks default=all
    minsize integer
    maxsize integer
    prtype edit|move|upload multi
    limit limit default=10 min=1 max=500 highmax=5000
    dir ascending|descending default=ascending
[query+allusers] ApiQueryAllUsers MediaWiki r au Allusers
    from string
    to string
    prefix string
    dir ascending|descending default=ascending
    group bot|bureaucrat|interface-admin|steward|suppress|sysop multi
    prop blockinfo|centralids|editcount|groups|implicitgroups|registration|rights multi
    limit limit default=10 min=1 max=500 highmax=5000
    witheditsonly boolean
    activeusers boolean
[query+blocks] ApiQueryBlocks MediaWiki r bk Blocks
    start timestamp
    end timestamp
    dir newer|older default=older
    ids integer multi
    users user multi subtypes=name,ip,temp,cidr,interwiki
    ip string
    limit limit default=10 min=1 max=500 highmax=5000
    prop by|byid|expiry|flags|id|range|reason|restrictions|timestamp|user|userid multi default=id|user|by|timestamp|expiry|reason|flags
    show !account|!ip|!range|!temp|account|ip|range|temp multi
    continue string
[query+logevents] ApiQueryLogEvents MediaWiki r le Logevents
    prop comment|details|ids|parsedcomment|tags|timestamp|title|type|user|userid multi default=ids|title|type|user|timestamp|comment|details
    type block|delete|gblblock|globalauth|gblrename|gblrights|move|newusers|patrol|protect|rights|suppress|upload|''
    action string
    start timestamp
    end timestamp
    dir newer|older default=older
    user user subtypes=name,ip,temp,id,interwiki
    title string
    namespace namespace
    prefix string
    tag string
    limit limit default=10 min=1 max=500 highmax=5000
    continue string
[query+recentchanges] ApiQueryRecentChanges MediaWiki r rc RecentChanges
    start timestamp
    end timestamp
    dir newer|older default=older
    namespace namespace multi allspecifier=*
    user user subtypes=name,ip,temp,id,interwiki
    excludeuser user subtypes=name,ip,temp,id,interwiki
    tag string
    prop comment|flags|ids|loginfo|parsedcomment|patrolled|redirect|sha1|sizes|tags|timestamp|title|user|userid multi default=title|timestamp|ids
    show !anon|!autopatrolled|!bot|!minor|!patrolled|!redirect|anon|autopatrolled|bot|minor|patrolled|redirect|unpatrolled multi
    limit limit default=10 min=1 max=500 highmax=5000
    type categorize|edit|external|log|new multi default=edit|new|log|categorize
    toponly boolean
    title string
    continue string
    generaterevisions boolean
[query+usercontribs] ApiQueryUserContribs MediaWiki r uc Usercontribs
    limit limit default=10 min=1 max=500 highmax=5000
    start timestamp
    end timestamp
    continue string
    user user multi subtypes=name,ip,temp,interwiki
    userids integer multi
    userprefix string
    iprange string
    dir newer|older default=older
    namespace namespace multi allspecifier=*
    prop comment|flags|ids|parsedcomment|patrolled|size|sizediff|tags|timestamp|title multi default=ids|title|timestamp|comment|size|flags
    show !autopatrolled|!minor|!new|!patrolled|!top|autopatrolled|minor|new|patrolled|top multi
    tag string
    toponly boolean
[query+users] ApiQueryUsers MediaWiki r us Users
    prop blockinfo|cancreate|centralids|editcount|emailable|gender|groupmemberships|groups|implicitgroups|registration|rights|tempexpired multi
    attachedwiki string
    users string multi
    userids integer multi
[query+backlinks] ApiQueryBacklinks MediaWiki r bl Backlinks
    title string
    pageid integer
    continue string
    namespace namespace multi allspecifier=*
    dir ascending|descending default=ascending
    filterredir all|nonredirects|redirects default=all
    limit limit default=10 min=1 max=500 highmax=5000
    redirect boolean
[query+embeddedin] ApiQueryBacklinks MediaWiki r ei Embeddedin
    title string
    pageid integer
    continue string
    namespace namespace multi allspecifier=*
    dir ascending|descending default=ascending
    filterredir all|nonredirects|redirects default=all
    limit limit default=10 min=1 max=500 highmax=5000
[query+categorymembers] ApiQueryCategoryMembers MediaWiki r cm Categorymembers
    title string
    pageid integer
    prop ids|sortkey|sortkeyprefix|timestamp|title|type multi default=ids|title
    namespace namespace multi allspecifier=*
    type file|page|subcat multi default=page|subcat|file
    continue string
    limit limit default=10 min=1 max=500 highmax=5000
    sort sortkey|timestamp default=sortkey
    dir asc|ascending|desc|descending|newer|older default=ascending
[query+watchlistraw] ApiQueryWatchlistRaw MediaWiki r wr Watchlistraw
    continue string
    namespace namespace multi allspecifier=*
    limit limit default=10 min=1 max=500 highmax=5000
    prop changed| multi
    show !changed|changed multi
    owner user subtypes=name
    token string sensitive
    dir ascending|descending default=ascending
    fromtitle string
    totitle string
[query+search] ApiQuerySearch MediaWiki r sr Search
    search string required
    namespace namespace multi default=0 allspecifier=*
    limit limit default=10 min=1 max=500 highmax=500
    offset integer default=0
    what nearmatch|text|title
    prop size|snippet|timestamp|wordcount multi default=size|wordcount|timestamp|snippet
[query+deletedrevs] ApiQueryDeletedrevs MediaWiki r dr Deletedrevs
    start timestamp
    end timestamp
    dir newer|older default=older
    from string
    to string
    prefix string
    unique boolean
    namespace namespace
    tag string
    user user subtypes=name,ip,temp,id,interwiki
    excludeuser user subtypes=name,ip,temp,id,interwiki
    prop revid|parentid|user|userid|comment|parsedcomment|minor|len|sha1|content|token|tags multi default=user|comment
    limit limit default=10 min=1 max=500 highmax=5000
    continue string
[query+exturlusage] ApiQueryExtLinksUsage MediaWiki r eu Exturlusage
    prop ids|title|url multi default=ids|title|url
    continue string
    protocol ftp|http|https|irc|mailto|news|'' default=
    query string
    namespace namespace multi allspecifier=*
    limit limit default=10 min=1 max=500 highmax=5000
    expandurl boolean deprecated
[query+globalusers^] ApiQueryGlobalUsers CentralAuth r gus
    prop editcount|groupmemberships|groups|localinfo|locked|registration|rights multi
    users string multi
    centralids integer multi
    localgroups boolean
"""
