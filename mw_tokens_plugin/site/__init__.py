"""The hooks into pywikibot's site objects; the only place that subclasses it.

Importing this package does not import pywikibot: :mod:`.hook` waits for it.
"""
