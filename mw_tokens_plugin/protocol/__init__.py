"""What the wiki says, as frozen records and classes of exception.

Nothing in this package does I/O or imports pywikibot.
"""
