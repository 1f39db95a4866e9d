"""The places inside pywikibot that the plugin relies on."""
