"""The plugin's errors in bots that know pywikibot's alone."""

from __future__ import annotations

import json
import pickle
from typing import Any

import pytest

from centralauth_sandbox import Sandbox
from mw_tokens_plugin import exceptions
from mw_tokens_plugin.exceptions import SessionLost

from .desk import Desk
from .farms import Farm
from .foreign import write_pages

_BACKGROUND = """
import json, pywikibot
from pywikibot.exceptions import Error

site = pywikibot.Site()
pages = [pywikibot.Page(site, 'Spam page %d' % number) for number in range(5)]
ended = []

def done(page, error):
    ended.append([page.title(), type(error).__name__, isinstance(error, Error)])

how = dict(
    summary='test', asynchronous=True, callback=done, quiet=True, force=True
)
for page in pages:
    page.text = 'one'
pages[0].save(**how)
pages[1].save(**how)
pages[2].put('two', **how)
pages[3].save(minor=False, **how)
pages[4].save(**how)
pywikibot.stopme()
print('ended', json.dumps(ended))
"""


def test_saves_in_the_background_all_tell_that_the_session_is_lost(
    farm: Farm, sandbox: Sandbox, desk: Desk
) -> None:
    """One that is not told is taken for saved, and the others are never tried."""
    farm.configure(desk.directory, plugin=True)
    write_pages(sandbox, farm.central, *(f'Spam page {n}' for n in range(5)))
    sandbox.faults.arm(kind='lock-operator', action='edit', nth=2)
    run = desk.python(_BACKGROUND)
    assert 'Traceback' not in run.said
    (line,) = [line for line in run.out.splitlines() if line.startswith('ended')]
    first, *rest = json.loads(line.partition(' ')[2])
    assert first == ['Spam page 0', 'NoneType', False]
    assert [title for title, *_ in rest] == [f'Spam page {n}' for n in range(1, 5)]
    # What a session that is lost for good is now: the login says why.
    assert rest[0][1] == 'LoginRefused'
    assert all(known for *_, known in rest), 'pywikibot does not know these errors'
    for number in range(1, 5):
        assert f'Spam page {number}]] not saved due to ' in run.err


def test_errors_are_pywikibots_too_and_reach_the_caller_as_they_are(
    site: Any, sandbox: Sandbox
) -> None:
    import pywikibot
    from pywikibot.exceptions import Error, PageSaveRelatedError

    kinds = [getattr(exceptions, name) for name in exceptions.__all__]
    assert all(issubclass(kind, Error) for kind in kinds)
    of_pages = [k for k in kinds if issubclass(k, PageSaveRelatedError)]
    assert of_pages == [exceptions.EditConflict]
    refused = exceptions.ReadOnly('readonly', 'Maintenance', 'sandbox:meta')
    assert str(refused) == refused.unicode == 'readonly on sandbox:meta: Maintenance'
    assert exceptions.HttpRefusal('Words.', 403).unicode == 'Words.'
    assert str(pickle.loads(pickle.dumps(refused))) == str(refused)
    site.login()
    sandbox.faults.arm(kind='lock-operator', action='edit')
    page = pywikibot.Page(site, 'Spam page caught')
    page.text = 'one'
    with pytest.raises(SessionLost):
        page.save(summary='test', quiet=True)
