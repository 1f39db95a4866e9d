"""How Sphinx builds the documentation.

The version is read from the installed distribution, so it is written in one place.
"""

from __future__ import annotations

import os
import re
from importlib import metadata
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sphinx.application import Sphinx

# Importing the package imports pywikibot, which looks for a configuration.
os.environ['PYWIKIBOT_NO_USER_CONFIG'] = '2'

project = 'mw_tokens_plugin'
author = 'mw_tokens_plugin developers'
release = metadata.version(project)

extensions = [
    'myst_parser',
    'sphinx.ext.autodoc',
]
html_theme = 'furo'
html_static_path = ['_static']
html_css_files = ['site.css']
html_title = f'{project} {release}'

# Of a module, all that it defines and does not call private.
autodoc_default_options = {
    'ignore-module-all': True,
    'members': True,
    'show-inheritance': True,
}
autodoc_member_order = 'bysource'
autodoc_typehints = 'description'
myst_heading_anchors = 3


def setup(app: Sphinx) -> None:
    """Read docstrings that name their version as pywikibot's do."""
    app.connect('autodoc-process-docstring', spell_directives_for_old_sphinx)


def spell_directives_for_old_sphinx(*event: Any) -> None:
    """Replace a spelling that Sphinx has known since 9.0, which wants Python 3.11."""
    lines: list[str] = event[-1]
    lines[:] = [
        re.sub(r'\.\. version-(added|changed)::', r'.. version\1::', line)
        for line in lines
    ]
