"""Mark pages and their talk pages, then protect them; -undo takes it back."""

from dataclasses import dataclass

from pywikibot import Page

from mw_tokens_plugin.actions.states import SetState
from mw_tokens_plugin.cli.script import CampaignScript, Kind, option
from mw_tokens_plugin.site.batches import query
from mw_tokens_plugin.site.writes import send_once


@dataclass(frozen=True, kw_only=True)
class Options(CampaignScript.Options):
    level: str = option('Who may edit.', 'sysop', value='GROUP', stored='level')


class Mark(SetState):
    verb, state = 'mark', '{{Protected}}'

    def read(self, name):
        page = Page(self.site, name)
        return (
            (self.state if self.state in page.text else '') if page.exists() else None
        )

    def write(self, name, state):
        text = self.site.edit_context(name, text=True).text.replace(self.state, '')
        how = {'title': name, 'text': state + text, 'summary': self.reason}
        send_once(self.site, 'edit', how)


class Protect(SetState):
    verb, option = 'protect', 'level'

    def read(self, name):
        about = {'titles': name, 'prop': 'info', 'inprop': 'protection'}
        (page,) = query(self.site, **about)['query']['pages']
        levels = {each['type']: each['level'] for each in page['protection']}
        return None if 'missing' in page else levels.get('edit', 'all')

    def write(self, name, state):
        how = {'title': name, 'protections': f'edit={state}', 'reason': self.reason}
        send_once(self.site, 'protect', how)


def targets(run):
    def with_talk_page(text):
        page = Page(run.site, text)
        return [page.title(), page.toggleTalkPage().title()]

    return CampaignScript.Listing(run.named(with_talk_page))


STEPS = {'mark': Mark, 'protect': Protect}
KINDS = {'protect_pages': Kind(STEPS, undo='unprotect'), 'unprotect': Kind(STEPS)}
SCRIPT = CampaignScript(__file__, Options, targets, KINDS, noun='page')

if __name__ == '__main__':
    raise SystemExit(SCRIPT.main())
