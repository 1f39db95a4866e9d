"""pywikibot's own scripts, with the plugin and without it."""
