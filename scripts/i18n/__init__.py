"""Where `pwb` looks for translated messages of these scripts, by the package's name.

It holds none: the scripts write nothing to a wiki that their operator did not give.
"""
