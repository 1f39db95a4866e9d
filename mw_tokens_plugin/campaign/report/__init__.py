"""What an operator sees of a campaign, and files for others."""

from __future__ import annotations
