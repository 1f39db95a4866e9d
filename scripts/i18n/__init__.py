"""Messages of the scripts, one folder a script and one file a language.

`pwb` imports this package by name and leaves the reading to `pywikibot.i18n`.
"""
