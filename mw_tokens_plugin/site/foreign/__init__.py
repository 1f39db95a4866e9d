"""``foreign_site()``: other wikis of the farm, with the login of the home wiki."""

from __future__ import annotations
