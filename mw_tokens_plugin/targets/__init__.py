"""Where the targets of a campaign come from."""

from __future__ import annotations
