"""Mark pages and their talk pages, then protect them; -undo takes it back."""

from dataclasses import dataclass

from pywikibot import Page

from mw_tokens_plugin.campaign import CampaignScript, Kind, Listing, SetState, option


@dataclass(frozen=True, kw_only=True)
class Options(CampaignScript.Options):
    level: str = option('Who may edit.', 'sysop', value='GROUP', stored='level')


class Mark(SetState):
    verb, state = 'mark', '{{Protected}}'

    def read(self, name):
        page, state = Page(self.site, name), self.state
        return (state if state in page.text else '') if page.exists() else None

    def write(self, name, state):
        text = self.site.edit_context(name, text=True).text.replace(self.state, '')
        self.send('edit', title=name, text=state + text, summary=self.reason)


class Protect(SetState):
    verb = 'protect'

    def read(self, name):
        (page,) = self.query(titles=name, prop='info', inprop='protection')['pages']
        own = [row for row in page['protection'] if 'source' not in row]
        return None if 'missing' in page else {row.pop('type'): row for row in own}

    def wanted(self, now):
        edit = {'level': self.stored['level'], 'expiry': 'infinity'}
        return {**now, 'edit': {**now.get('edit', {}), **edit}}

    def write(self, name, state):  # the wiki removes what is not sent
        levels = [f'{kind}={row["level"]}' for kind, row in state.items()]
        how = {'protections': levels, 'expiry': [r['expiry'] for r in state.values()]}
        how['cascade'] = any('cascade' in row for row in state.values())
        self.send('protect', title=name, reason=self.reason, **how)


def targets(run):
    def with_talk_page(text):
        pages = Page(run.site, text), Page(run.site, text).toggleTalkPage()
        return [page.title() for page in pages if page == pages[0] or page.exists()]

    return Listing(run.named(with_talk_page))


STEPS = {'mark': Mark, 'protect': Protect}
KINDS = {'protect_pages': Kind(STEPS, undo='unprotect'), 'unprotect': Kind(STEPS)}
SCRIPT = CampaignScript(__file__, Options, targets, KINDS, noun='page')

if __name__ == '__main__':
    raise SystemExit(SCRIPT.main())
