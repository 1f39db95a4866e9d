"""The answers that pywikibot keeps on disk, made to look older than they are."""

from __future__ import annotations

import pickle
from datetime import timedelta

from pywikibot.data.api import CachedRequest


def let_days_pass(days: int) -> None:
    """Let every answer on disk be some days older; sites that exist know nothing."""
    for path in CachedRequest._get_cache_dir().iterdir():
        description, answer, moment = pickle.loads(path.read_bytes())
        older = description, answer, moment - timedelta(days=days)
        path.write_bytes(pickle.dumps(older))
