"""Where `pwb` looks for translated messages of these scripts, by the package's name.

What they write on a wiki is here, one folder a script and one file a language; what
their operator reads is English.
"""
