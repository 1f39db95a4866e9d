"""The parameters of modules of which there is no recording: uploads and Wikibase.

They follow the public manuals, in the notation of :mod:`.declarations`, and leave out
what the sandbox does not imitate.
"""

from __future__ import annotations

#: https://www.mediawiki.org/wiki/API:Upload and its neighbours.
FILES = r"""
[upload] ApiUpload MediaWiki rwp - Upload
    filename string
    comment string default=
    tags [] multi
    text text
    watch boolean deprecated
    watchlist nochange|preferences|watch default=preferences
    ignorewarnings boolean
    file upload
    url string
    filekey string
    sessionkey string deprecated
    stash boolean
    filesize integer min=0 max=104857600
    offset integer min=0
    chunk upload
    async boolean
    checkstatus boolean
    token string token=csrf
[filerevert] ApiFileRevert MediaWiki rwp - Filerevert
    filename string required
    comment string default=
    archivename string required
    token string token=csrf
[query+stashimageinfo] ApiQueryStashImageInfo MediaWiki r sii Stashimageinfo
    filekey string multi
    sessionkey string multi deprecated
    prop badfile|bitdepth|canonicaltitle|commonmetadata|dimensions|extmetadata|metadata|mime|sha1|size|thumbmime|timestamp|url multi default=timestamp|url
    urlwidth integer default=-1
    urlheight integer default=-1
    urlparam string default=
[query+allimages] ApiQueryAllImages MediaWiki r ai Allimages
    sort name|timestamp default=name
    dir ascending|descending|newer|older default=ascending
    from string
    to string
    continue string
    start timestamp
    end timestamp
    prop badfile|bitdepth|canonicaltitle|comment|commonmetadata|dimensions|extmetadata|mediatype|metadata|mime|parsedcomment|sha1|size|timestamp|url|user|userid multi default=timestamp|url
    prefix string
    minsize integer
    maxsize integer
    sha1 string
    sha1base36 string
    user user subtypes=name,ip,temp,id,interwiki
    filterbots all|bots|nobots default=all
    mime string multi
    limit limit default=10 min=1 max=500 highmax=5000
[query+filearchive] ApiQueryFilearchive MediaWiki r fa Filearchive
    from string
    to string
    prefix string
    dir ascending|descending default=ascending
    sha1 string
    sha1base36 string
    prop archivename|bitdepth|description|dimensions|mediatype|metadata|mime|parseddescription|sha1|size|timestamp|user multi default=timestamp
    limit limit default=10 min=1 max=500 highmax=5000
    continue string
"""  # noqa: E501

#: https://www.mediawiki.org/wiki/Wikibase/API, on every wiki with a repository.
CLIENT = r"""
[query+wikibase] ApiClientInfo WikibaseClient r wb
    prop siteid|url multi default=url|siteid
"""

#: https://www.mediawiki.org/wiki/Wikibase/API, on the repository itself.
REPOSITORY = r"""
[wbgetentities] GetEntities WikibaseRepository r -
    ids string multi
    sites string multi
    titles string multi
    redirects no|yes default=yes
    props aliases|claims|datatype|descriptions|info|labels|sitelinks multi default=info|sitelinks|aliases|labels|descriptions|claims|datatype
    languages string multi
    languagefallback boolean
    normalize boolean
    sitefilter string multi
[wbeditentity] EditEntity WikibaseRepository rwp -
    id string
    new item|property
    site string
    title string
    baserevid integer
    summary string
    tags [] multi
    bot boolean
    data text required
    clear boolean
    token string token=csrf
[wbsetlabel] SetLabel WikibaseRepository rwp -
    id string
    site string
    title string
    baserevid integer
    summary string
    tags [] multi
    bot boolean
    language string required
    value string
    token string token=csrf
[wbsetdescription] SetDescription WikibaseRepository rwp -
    id string
    site string
    title string
    baserevid integer
    summary string
    tags [] multi
    bot boolean
    language string required
    value string
    token string token=csrf
[wbsetsitelink] SetSiteLink WikibaseRepository rwp -
    id string
    site string
    title string
    baserevid integer
    summary string
    tags [] multi
    bot boolean
    linksite string required
    linktitle string
    badges string multi
    token string token=csrf
[wbcreateclaim] CreateClaim WikibaseRepository rwp -
    entity string required
    snaktype novalue|somevalue|value required
    property string required
    value text
    baserevid integer
    summary string
    tags [] multi
    bot boolean
    token string token=csrf
[wbsetclaim] SetClaim WikibaseRepository rwp -
    claim text required
    index integer
    baserevid integer
    summary string
    tags [] multi
    bot boolean
    token string token=csrf
[wbsetclaimvalue] SetClaimValue WikibaseRepository rwp -
    claim string required
    value text
    snaktype novalue|somevalue|value required
    baserevid integer
    summary string
    tags [] multi
    bot boolean
    token string token=csrf
[wbremoveclaims] RemoveClaims WikibaseRepository rwp -
    claim string required multi
    baserevid integer
    summary string
    tags [] multi
    bot boolean
    token string token=csrf
"""  # noqa: E501

REPOSITORY_ACTIONS = tuple(
    """
    wbcreateclaim wbeditentity wbgetentities wbremoveclaims wbsetclaim
    wbsetclaimvalue wbsetdescription wbsetlabel wbsetsitelink
    """.split()
)
