"""Real pywikibot against a farm, over real HTTP."""
