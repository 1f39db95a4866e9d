"""What wikis answer and expect, as frozen records, tables and classes of exception.

It also reads what people write: names, lists and wikitext. Nothing in this package does
I/O or imports pywikibot; sending requests is left to :mod:`mw_tokens_plugin.site`.
"""
