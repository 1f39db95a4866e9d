"""The scripts of mw_tokens_plugin, as `pwb` finds them.

This package only shows where they are; when installed it is called `mw_tokens_scripts`.
"""

from __future__ import annotations

from pathlib import Path

#: The entry point `scriptspath` of the group `pywikibot`.
base_dir = Path(__file__).parent
