"""Recorded exchanges with MediaWiki, held against the sandbox and the parsers."""
