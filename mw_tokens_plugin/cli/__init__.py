"""How a script starts, asks and ends."""

from __future__ import annotations
