"""The files of a report are the same, letter by letter, from a ledger on MariaDB."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from golden.test_report import *  # noqa: F403

from mw_tokens_plugin.campaign.ledger import Ledger


@pytest.fixture
def ledger(url: str) -> Iterator[Ledger]:
    opened = Ledger(url)
    yield opened
    opened.close()
