"""A package that `pwb` wants beside all scripts; it is empty.

The messages are in ``mw_tokens_plugin/i18n``, where scripts find them however they are
started.
"""
