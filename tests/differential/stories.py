"""What operators do with pywikibot's own scripts, as stories of one farm each.

A line is a command line of ``pwb``; what is typed follows ``<<<``, with "/" between the
answers. A line with "!" arms a fault of the sandbox, one with "*" gives it a command.
"""

from __future__ import annotations

#: What ``pagefromfile`` writes at the beginning of each story.
PAGES = {
    'Harbour': 'The harbour of [[Seatown]]. {{Ship|name=Anna}} [[Category:Boats]] '
    '[[File:Anchor.png]] https://harbour.example.org/',
    'Lighthouse': 'A light near the [[Harbour]] and [[Old quay]]. [[Category:Boats]] '
    '<references/>',
    'Seatown': 'A town. [[Category:Towns]] {{Ship}} It haves a harbour.',
    'Old quay': '#REDIRECT [[Quay]]',
    'Quay': '#REDIRECT [[Harbour]]',
    'Lost quay': '#REDIRECT [[No such quay]]',
    'Template:Ship': 'A ship',
    'Template:Vessel': 'A vessel',
    'Category:Boats': 'Boats',
    'Talk:Harbour': 'Is it deep?',
}

#: Files that are there: lists of titles, pairs of them.
FILES = {
    'titles.txt': '[[Harbour]]\n[[Lighthouse]]\n[[Sandbox]]\n',
    'pairs.txt': '[[Lighthouse]]\n[[Beacon]]\n',
}

LISTED = """
start:!
start:! -ns:Template
start:! -titleregex:^[HL]
start:! -titleregexnot:a
start:! -grep:town
start:! -grepnot:town
start:! -limit:2
start:! -ns:1,10
start:! -namespace:not:Template -limit:4
start:! -catfilter:Boats
start:! -subpage:0
prefixindex:Li
prefixindex:"Old"
file:titles.txt
file:titles.txt -intersect -prefixindex:H
page:Harbour
page:Harbour -page:Seatown
pageid:1
cat:Boats
catr:Boats
cat:Boats -cat:Towns
subcats:Boats
uncat
uncatcat
uncatfiles
ref:Harbour
ref:Harbour -ns:0
links:Harbour
links:Seatown
transcludes:Ship
transcludes:"No such template"
imagesused:Harbour
filelinks:Anchor.png
interwiki:Harbour
weblink:harbour.example.org
search:harbour
search:nothing-like-it
newpages:5
newpages
recentchanges:6
recentchanges:visualeditor,6
logevents:delete,,4
logevents:block
logevents:,"Plain Sysop",5
usercontribs:"Sandbox Operator"
usercontribs:"Plain Sysop" -limit:3
redirectonly:!
wantedpages:3
wantedcategories:3
shortpages:3
longpages:3
ancientpages:3
lonelypages:3
unwatched
withoutinterwiki:3
mostlinked:3
querypage:Wantedpages -limit:3
querypage
allpages
allpages:Harbour
protectedpages
protectedpages:create
linter:2
liverecentchanges:1 -simulate -limit:0
property:P1
ql:3
wantedfiles:2
wantedtemplates:2
unconnectedpages:3
unusedfiles:3
""".strip().splitlines()

_TEXTS = """
pagefromfile -file:pages.txt -notitle -summary:again
pagefromfile -file:pages.txt -notitle -summary:again -force -minor
pagefromfile -file:pages.txt -notitle -summary:again -appendtop
pagefromfile -file:pages.txt -notitle -summary:again -appendbottom -nocontent:Boats
pagefromfile -file:none.txt -notitle
pagefromfile -file:pages.txt -simulate -force -notitle
add_text -page:Harbour -text:One -summary:s -always
add_text -page:Harbour -text:Two -summary:s -always -minor
add_text -page:Harbour -text:Up -summary:s -up -always
add_text -page:Harbour -text:Talk -talk -summary:s -always
add_text -page:"No such page" -text:x -summary:s -always
add_text -page:"Created page" -create -text:x -summary:s -always
add_text -page:Harbour -text:Asked -summary:s <<< n
add_text -page:Harbour -text:Asked -summary:s <<< y
add_text -page:Harbour -text:Asked -summary:s <<< a
add_text -page:Harbour -text:Quit -summary:s <<< q
add_text -file:titles.txt -text:All -summary:s -always
add_text -file:titles.txt -text:Some -summary:s <<< y/n/y
add_text -lang:aa -page:Sandbox -text:There -summary:s -always
add_text -page:Harbour -text:Dry -summary:s -always -simulate
add_text -page:Harbour
add_text -page:"Bad[title" -text:x -always
touch -page:Harbour
touch -file:titles.txt
touch -page:"No such page"
touch -lang:bb -page:"Main Page"
touch -purge -page:Harbour
touch -purge -file:titles.txt -converttitles
touch -page:Harbour -botedit
touch -start:H -limit:3
replace -page:Harbour harbour haven -summary:s -always
replace -page:Harbour haven harbour -summary:s <<< y
replace -page:Harbour harbour haven -summary:s <<< n
replace -file:titles.txt -ns:0 light lamp -summary:s <<< a
replace -regex -start:! -ns:0 "h[ae]ves" has -summary:s -always
replace -regex -nocase -page:Seatown "A TOWN" City -summary:s -always
replace -page:Seatown City Town -summary:s -automaticsummary -always
replace -start:! -excepttext:City Town Place -summary:s -always
replace -page:Seatown -exceptinsidetag:comment Place Town -summary:s -always
replace -page:Seatown -allowoverlap -recursive aa a -summary:s -always
replace -page:Harbour ship boat -addcat:Boats -summary:s -always
replace -page:Seatown Town City -summary:s -always -async
replace -page:Seatown City Town -simulate -summary:s -always
replace -page:Seatown -fix:no-such-fix -always
replace -pairsfile:none.txt -page:Seatown -always
cosmetic_changes -page:Lighthouse -always
cosmetic_changes -page:Seatown -always -async
noreferences -page:Harbour -always
noreferences -page:Lighthouse -always -quiet
parser_function_count -start:! -atleast:0 -first:3
tracking_param_remover -page:Harbour -always
solve_disambiguation Seatown <<< q
clean_sandbox -page:Sandbox -text:Clean -hours:-1 -summary:s
clean_sandbox -page:Sandbox -text:Clean -hours:-1 -summary:s
change_pagelang -page:Harbour -setlang:de -always
"""

_CATEGORIES = """
category add -page:Harbour -to:Things -always
category add -page:Harbour -to:Things -always
category add -file:titles.txt -to:"More things" -always -create
category add -file:titles.txt -to:Fewer -summary:s <<< y/a/a
category move -from:Boats -to:Vessels -summary:s -batch
category move -from:Vessels -to:Boats -batch -pagesonly
category move -from:"No such" -to:Boats -batch
category remove -from:Things -summary:s -batch
category remove -from:"More things" -batch -nodelsum
category listify -from:Boats -to:"User:Sandbox Operator/Boats"
category listify -from:Boats -to:"User:Sandbox Operator/Boats" -append -overwrite
category tree <<< Boats/2//
category clean <<< Boats
template Ship Vessel -summary:s -always
template Vessel -subst -summary:s -always
template Ship -remove -summary:s -always
template Ship Vessel -namespace:10 -always
templatecount -count Ship Vessel
templatecount -list Ship
redirect double -always
redirect double -fullscan -always
redirect broken -always
redirect broken -delete -always
redirect both -fullscan -always
redirect double -page:"Old quay" -always
fixing_redirects -page:Lighthouse -always
unlink Harbour -always -namespace:0
commonscat -page:Harbour -always
category_redirect -always
unusedfiles -always
nowcommons -always
interwiki -page:Harbour -auto -confirm
interwiki -page:"Main Page" -cleanup -noauto -async
blockpageschecker -page:Harbour -always
weblinkchecker -page:Seatown
archivebot "No such template"
speedy_delete <<< q
delinker -exclude:x -localonly
data_ingestion -csvdir:. -page:Harbour
"""

_ADMINISTRATION = """
movepages -from:Lighthouse -to:Beacon -always -summary:s
movepages -from:Beacon -to:Lighthouse -noredirect -always
movepages -from:Lighthouse -to:Harbour -always
movepages -pairsfile:pairs.txt -always
movepages -page:Seatown -prefix:Old/ -always
movepages -page:"Old/Seatown" <<< y/Seatown/y/n
movepages -from:"No such page" -to:Anything -always
protect -page:Harbour -edit:sysop -move:sysop -summary:s -always
protect -page:Harbour -edit:autoconfirmed -expiry:"2 days" -summary:s -always
protect -page:Harbour -unprotect -summary:s -always
protect -page:Harbour -default -summary:s -always
protect -page:"No such page" -create:sysop -summary:s -always
protect -page:Harbour -edit:nobody -summary:s -always
delete -page:"Lost quay" -summary:s -always
delete -page:"Lost quay" -summary:s -always
delete -page:"Lost quay" -undelete -summary:s -always
delete -page:Quay -summary:s <<< y
delete -file:titles.txt -summary:s <<< n/n/y
delete -page:Harbour -isorphan:2 -summary:s -always
delete -prefixindex:"Spam page" -summary:s -always
delete -page:Sandbox -undelete -summary:s -always
undelete -page:"Never was" -summary:s -always
revertbot -username:"Spambot 00001" -limit:3
revertbot -username:"Spambot 00001" -limit:3 -rollback
revertbot -username:"Sandbox Operator" -limit:2
patrol -recentchanges -usercontribs:"Spambot 00001" -ask <<< y/y
patrol -newpages -ask -limit:2 <<< y/n
watchlist
watchlist -count
watchlist -new
transferbot -page:Harbour -tolang:aa -overwrite
transferbot -lang:aa -page:"Main Page" -tolang:bb -prefix:From/
transferbot -page:"No such page" -tolang:aa
transwikiimport -interwikisource:aa -page:Sandbox
imagetransfer -page:Harbour -tolang:aa <<< /
replicate_wiki -r aa -n 10
preload_sites sandbox
"""

_FILES = """
upload a.png -keep -filename:Anchor.png -noverify -summary:s -always "An anchor"
upload a.png -keep -filename:Anchor.png -noverify -always "Again"
upload b.png -keep -filename:Anchor.png -noverify -ignorewarn -always "Other"
upload a.png -keep -filename:Second.png -noverify -abortonwarn -always "Same"
upload big.png -keep -filename:Parts.png -noverify -ignorewarn -chunked:1ki -always "P"
upload big.png -keep -filename:Async.png -noverify -ignorewarn -chunked:2ki -async "P"
upload big.png -keep -filename:Asked.png -noverify "Asked" <<< y/y/y
upload none.png -keep -filename:None.png -noverify -always "None"
upload a.png -keep -filename:Dry.png -noverify -simulate -always "Dry"
listpages -filelinks:Anchor.png -format:3
listpages -imagesused:Harbour -format:3
listpages -start:File:! -format:3
image Anchor.png New.png -always -summary:s
delete -page:File:Anchor.png -always -summary:s
delete -page:File:Anchor.png -undelete -always -summary:s
delete -page:File:None.png -always -summary:s
newitem -page:Harbour -pageage:0 -lastedit:0 -always
newitem -page:Harbour -pageage:0 -lastedit:0 -always
newitem -page:Seatown -pageage:0 -lastedit:0 -touch -always
claimit -page:"Main Page" P1 one -always
claimit -page:"Main Page" P1 one -always
claimit -page:"Main Page" P1 two -exists:a -always
claimit -lang:data -page:Q1 P1 three
harvest_template -template:Ship -transcludes:Ship name P1 -always
interwikidata -page:"Main Page" -clean -create -always
interwikidata -page:Harbour -always
illustrate_wikidata -page:Harbour P2
coordinate_import -page:Harbour
"""

_LOGINS = """
version
login
login
login -lang:aa
login -user:"Plain Sysop"
add_text -user:"Plain Sysop" -page:Harbour -text:Sysop -summary:s -always
add_text -user:"Plain Sysop" -lang:aa -page:Sandbox -text:Sysop -summary:s -always
login -logout
add_text -page:Harbour -text:Again -summary:s -always
login -logout -all
login -all
login -user:Nobody <<< wrong
login -family:nosuchfamily
listpages -lang:nosuch -start:!
add_text -user:Nobody -page:Harbour -text:x -summary:s -always <<< wrong
maintenance/cache -o -c
preload_sites nosuch
listpages -page:aa:Sandbox -format:3
listpages -lang:bb -page:Sandbox -format:3 -get
nosuchscript <<< n
shell code.py
"""

_TROUBLE = """
!expire-csrf action=edit
add_text -page:Harbour -text:T1 -summary:s -always
!expire-csrf action=edit times=2
add_text -page:Harbour -text:T2 -summary:s -always
!lose-session action=edit
add_text -page:Harbour -text:T3 -summary:s -always
!lose-session action=query nth=2
listpages -start:! -format:3
!readonly action=edit
add_text -page:Harbour -text:T5 -summary:s -always
!maxlag action=edit seconds=1
add_text -page:Harbour -text:T6 -summary:s -always
!drop when=before action=edit
add_text -page:Harbour -text:T7 -summary:s -always
!drop when=after action=edit
add_text -page:Harbour -text:T8 -summary:s -always
!html when=before action=edit
add_text -page:Harbour -text:T9 -summary:s -always
!http status=502 when=before action=edit
add_text -page:Harbour -text:T10 -summary:s -always
!half action=query nth=2
listpages -start:! -format:3
!empty when=before action=query nth=2
listpages -start:! -format:3
!expire-csrf action=delete
delete -page:"Lost quay" -summary:s -always
!lose-session action=undelete
delete -page:"Lost quay" -undelete -summary:s -always
!expire-csrf action=move
movepages -from:Lighthouse -to:Beacon -always
!lose-session action=move
movepages -from:Beacon -to:Lighthouse -always -noredirect
!expire-csrf action=protect
protect -page:Harbour -edit:sysop -summary:s -always
!lose-session action=protect
protect -page:Harbour -unprotect -summary:s -always
!expire-csrf action=upload
upload a.png -keep -filename:Anchor.png -noverify -ignorewarn -always "An anchor"
!lose-session action=upload nth=2
upload big.png -keep -filename:Parts.png -noverify -ignorewarn -chunked:1ki -always "P"
!drop when=before action=upload
upload b.png -keep -filename:Other.png -noverify -ignorewarn -always "Other"
!expire-csrf action=wbeditentity
newitem -page:Harbour -pageage:0 -lastedit:0 -always
*end-sessions user="Sandbox Operator" remembered=true
add_text -page:Harbour -text:S1 -summary:s -always
*end-sessions user="Sandbox Operator" remembered=false
add_text -page:Harbour -text:S2 -summary:s -always
*wipe-sessions
add_text -page:Harbour -text:S3 -summary:s -always
*expire-csrf user="Sandbox Operator"
touch -file:titles.txt
*advance-clock seconds=90000
replace -file:titles.txt -ns:0 light lamp -summary:s -always -async
*demote user="Sandbox Operator"
delete -page:Seatown -summary:s -always
add_text -page:Harbour -text:S4 -summary:s -always
*promote user="Sandbox Operator"
*set-readonly reason=maintenance
listpages -start:! -limit:1 -format:3
*set-readonly reason=
listpages -start:! -limit:2 -format:3
"""

STORIES: dict[str, list[str]] = {
    'texts': _TEXTS.split('\n'),
    'categories': _CATEGORIES.split('\n'),
    'administration': _ADMINISTRATION.split('\n'),
    'files': _FILES.split('\n'),
    'logins': _LOGINS.split('\n'),
    'trouble': _TROUBLE.split('\n'),
    'lists': [f'listpages -{each} -format:3' for each in LISTED],
}
