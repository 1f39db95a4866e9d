"""A ledger on a server is upgraded by command alone, as others may use it."""

from __future__ import annotations

import pytest
from unit.test_ledger import begin, make_older

from mw_tokens_plugin.campaign.ledger import Ledger
from mw_tokens_plugin.exceptions import InvalidInput


def test_an_older_ledger_is_refused_until_it_is_upgraded(url: str) -> None:
    ledger = Ledger(url)
    campaign = begin(ledger, *'AB')
    make_older(ledger, 2)
    ledger.close()
    with pytest.raises(InvalidInput, match='run "pwb campaign upgrade"'):
        Ledger(url)
    Ledger(url, upgrade=True).close()
    ledger = Ledger(url)
    found = ledger.find('wave')
    assert found is not None and found.id == campaign.id
    assert [target.name for target in ledger.targets(found)] == ['A', 'B']
    ledger.close()
