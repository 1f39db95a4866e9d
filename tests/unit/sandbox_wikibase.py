"""What a user does with items and pywikibot; run by itself, against a sandbox."""

from __future__ import annotations

import pywikibot
from pywikibot.exceptions import APIError, NoPageError, OtherPageSaveError


def links(item: pywikibot.ItemPage) -> dict[str, str]:
    """Return the titles that an item links to.

    For its own objects for links, pywikibot asks meta.wikimedia.org what a database is.
    """
    found = item.toJSON().get('sitelinks', {})
    return {site: link['title'] for site, link in found.items()}


client = pywikibot.Site('aa', 'sandbox')
client.login()
repo = client.data_repository()
assert repo == pywikibot.Site('data', 'sandbox') and repo.is_data_repository()
assert isinstance(repo, pywikibot.site.DataSite)
repo.login()

item = pywikibot.ItemPage(repo, 'Q1')
content = item.get()
assert content['labels']['en'] == 'Main Page'
assert links(item)['aawiki'] == 'Main Page'
assert item == pywikibot.Page(client, 'Main Page').data_item()

item.editLabels({'en': 'Front page', 'de': 'Hauptseite'}, summary='clearer')
item.editDescriptions({'en': 'where a wiki begins'})
item.editAliases({'en': ['start', 'home']})
item = pywikibot.ItemPage(repo, 'Q1')
item.get()
assert dict(item.labels) == {'en': 'Front page', 'de': 'Hauptseite'}
assert item.descriptions['en'] == 'where a wiki begins'
assert item.aliases['en'] == ['start', 'home']
newest = next(item.revisions(total=1))
assert newest.user == 'Sandbox Operator'

item.labels['fr'] = 'Accueil'
del item.labels['de']
item.editEntity(summary='in French')
item.get(force=True)
assert set(item.labels) == {'en', 'fr'}

claim = pywikibot.Claim(repo, 'P1')
assert claim.type == 'string'
claim.setTarget('an overture')
item.addClaim(claim, summary='rehearsed')
claim.changeTarget('a finale')
item = pywikibot.ItemPage(repo, 'Q1')
(found,) = item.get()['claims']['P1']
assert found.getTarget() == 'a finale' and found.snak.startswith('Q1$')
source = pywikibot.Claim(repo, 'P1', is_reference=True)
source.setTarget('a score')
found.sources.append({'P1': [source]})
repo.save_claim(found)
(found,) = pywikibot.ItemPage(repo, 'Q1').get()['claims']['P1']
assert found.sources[0]['P1'][0].getTarget() == 'a score'
item.get(force=True)
item.removeClaims(item.claims['P1'])
assert 'P1' not in pywikibot.ItemPage(repo, 'Q1').get()['claims']

page = pywikibot.Page(client, 'Sandbox')
new = pywikibot.ItemPage(repo)
new.editEntity({'labels': {'en': 'Sandbox'}, 'sitelinks': [page]}, summary='a new one')
assert new.getID() == 'Q2' and page.data_item() == new
new.setSitelink({'site': 'metawiki', 'title': 'sandbox'})
new.get(force=True)
assert links(new) == {'aawiki': 'Sandbox', 'metawiki': 'Sandbox'}
new.removeSitelink('metawiki')
new.get(force=True)
assert links(new) == {'aawiki': 'Sandbox'}
repo.wbsetlabel('Q2', {'language': 'en', 'value': 'Sand pit'})
repo.wbsetdescription('Q2', {'language': 'en', 'value': 'for play'})
repo.wbsetsitelink('Q2', {'linksite': 'metawiki', 'linktitle': 'Sandbox'})
new = pywikibot.ItemPage(repo, 'Q2')
assert new.get()['labels']['en'] == 'Sand pit' and 'metawiki' in links(new)

for wrong, refusal in (
    ({'site': 'metawiki', 'title': 'Main Page'}, 'modification-failed'),
    ({'site': 'metawiki', 'title': 'No such page'}, 'no-external-page'),
    ({'site': 'nowiki', 'title': 'Main Page'}, 'not-recognized-siteid'),
):
    try:
        new.setSitelink(wrong)
    except OtherPageSaveError as error:
        assert isinstance(error.reason, APIError) and error.reason.code == refusal
    else:
        raise AssertionError(refusal)

assert not pywikibot.ItemPage(repo, 'Q99').exists()
preloaded = repo.preload_entities([pywikibot.ItemPage(repo, 'Q1'), page])
assert sorted(entity.getID() for entity in preloaded) == ['Q1', 'Q2']
new.delete('played enough', prompt=False)
try:
    pywikibot.ItemPage(repo, 'Q2').get()
except NoPageError:
    pass
else:
    raise AssertionError('deleted, but there')
print('all of it worked')
