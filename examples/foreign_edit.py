"""Add a line to a page of another wiki, with the login of the default one."""

import pywikibot

import mw_tokens_plugin

mw_tokens_plugin.enable()
other, title, line = pywikibot.handle_args()
site = mw_tokens_plugin.foreign_site(other)  # 'aa', 'wikipedia:de', 'dewiki', a URL
page = pywikibot.Page(site, title)
page.text += f'\n{line}'
page.save(summary='One line more', minor=False)
print(f'{page} was saved: {site!r}')
