"""Tests against a real MediaWiki, many of which run against the sandbox too.

The wikis and what drives them are in this package; the tests know neither.
"""
