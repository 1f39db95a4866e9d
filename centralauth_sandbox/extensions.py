"""The parameters of modules that not all wikis have, in the notation of
:mod:`.declarations`.

What the modules do is in :mod:`.modules`.
"""

from __future__ import annotations

#: https://www.mediawiki.org/wiki/Extension:GlobalBlocking/API, as it was recorded.
GLOBAL_BLOCKING = r"""
[globalblock] ApiGlobalBlock GlobalBlocking rwp -
    id integer
    target user subtypes=name,ip,temp,cidr
    expiry expiry
    unblock boolean
    reason string required
    anononly boolean
    allow-account-creation boolean
    enable-autoblock boolean
    modify boolean
    alsolocal boolean
    localblockstalk boolean
    localblocksemail boolean
    localanononly boolean
    local-allow-account-creation boolean
    token string token=csrf
[query+globalblocks] ApiQueryGlobalBlocks GlobalBlocking r bg
    start timestamp
    end timestamp
    dir newer|older default=older
    ids integer multi
    addresses string multi deprecated
    targets string multi
    ip string
    limit limit default=10 min=1 max=500 highmax=5000
    prop by|expiry|id|range|reason|target|timestamp|address multi default=id|target|by|timestamp|expiry|reason deprecatedvalues=address
"""  # noqa: E501

#: What wikis with AbuseFilter have, in any release.
ABUSE_FILTER = r"""
[query+abuselog] QueryAbuseLog AbuseFilter r afl
    logid integer
    start timestamp
    end timestamp
    dir newer|older default=older
    user string
    title string
    filter string multi
    limit limit default=10 min=1 max=500 highmax=5000
    prop action|details|filter|hidden|ids|result|revid|timestamp|title|user multi default=ids|user|title|action|result|timestamp|hidden|revid
"""  # noqa: E501

#: Modules of 1.43 that have more parameters today.
BLOCKS = r"""
[block] ApiBlock MediaWiki rwp - Block
    id integer
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
    newblock boolean
    watchuser boolean
    tags [] multi
    partial boolean
    pagerestrictions title multi=10 mustexist=yes
    namespacerestrictions namespace multi allspecifier=*
    actionrestrictions create|move|upload multi
    token string token=csrf
[query+blocks] ApiQueryBlocks MediaWiki r bk Blocks
    start timestamp
    end timestamp
    dir newer|older default=older
    ids integer multi
    users user multi subtypes=name,ip,temp,cidr
    ip string
    limit limit default=10 min=1 max=500 highmax=5000
    prop by|byid|expiry|flags|id|parsedreason|range|reason|restrictions|timestamp|user|userid multi default=id|user|by|timestamp|expiry|reason|flags
    show !account|!ip|!range|!temp|account|ip|range|temp multi
    continue string
[query+logevents] ApiQueryLogEvents MediaWiki r le Logevents
    prop comment|details|ids|parsedcomment|tags|timestamp|title|type|user|userid multi default=ids|title|type|user|timestamp|comment|details
    type block|delete|gblblock|globalauth|gblrename|gblrights|move|newusers|patrol|protect|rights|suppress|upload|''
    ids integer multi
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
"""  # noqa: E501
