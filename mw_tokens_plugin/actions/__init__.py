"""What is done to one target, and how it is undone."""

from __future__ import annotations
