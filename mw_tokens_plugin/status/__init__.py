"""The state of global accounts, addresses and ranges: reading, showing, watching it.

Nothing is changed. What is asked for is left to the script.
"""
