"""Records of campaigns and targets, read from rows that others may have written.

Which values a row can have is in :mod:`.storedrows`.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from mw_tokens_plugin.campaign.database import Row
from mw_tokens_plugin.campaign.records import (
    Campaign,
    Decision,
    SkipReason,
    State,
    Target,
)
from mw_tokens_plugin.campaign.schema import targets
from mw_tokens_plugin.campaign.storedrows import check_columns, check_facts
from mw_tokens_plugin.exceptions import InvalidInput

#: Columns of a campaign.
_TEXTS = ('name', 'action', 'wiki', 'operator', 'reason')
_MOMENTS = ('created_at', 'listed_at', 'planned_at', 'confirmed_at', 'finished_at')


#: Columns of a target.
_OPTIONAL = (
    *('partition', 'owner', 'account', 'detail', 'seals'),
    *('error_class', 'reason_code'),
)
_TARGET_COLUMNS = tuple(targets.c.keys())
_TARGET_MOMENTS = ('started_at', 'ended_at')
_NUMBERS = ('central_id', 'attempts', 'stage', 'log_id')


def campaign_of(row: Row) -> Campaign:
    """Return the campaign of a row.

    :raises ValueError: it has a value that no version has written
    """
    if not isinstance(row.options, Mapping):
        raise ValueError('its options are no options')
    optional = ('api', 'wikiid', 'script', 'version')
    check_columns(row._asdict(), _TEXTS, optional, _MOMENTS, ('stages',))
    return Campaign(
        id=row.id,
        name=row.name,
        action=row.action,
        wiki=row.wiki,
        operator=row.operator,
        reason=row.reason,
        options=row.options,
        created_at=row.created_at,
        listed_at=row.listed_at,
        planned_at=row.planned_at,
        confirmed_at=row.confirmed_at,
        finished_at=row.finished_at,
        api=row.api,
        wikiid=row.wikiid,
        script=row.script,
        version=row.version,
        stages=row.stages,
    )


def target_of(row: Row, kind: str = '') -> Target:
    """Return the target of a row.

    :param kind: that of its campaign, if its facts must be checked
    :raises InvalidInput: it has a value that no version has written
    """
    with readable('A target'):
        # A dictionary, as its rows are asked several times for each column.
        found = dict(zip(_TARGET_COLUMNS, row, strict=True))
        check_columns(found, ('state', 'kind'), _OPTIONAL, _TARGET_MOMENTS, _NUMBERS)
        facts = found['facts'] or {}
        check_facts(facts, found['kind'] or kind)
        return Target(
            id=found['id'],
            decision=Decision(
                name=found['name'].decode(),
                central_id=found['central_id'],
                hidden=found['hidden'],
                skipped=skip_reason_of(found['skipped']) if found['skipped'] else None,
                facts=facts,
                partition=found['partition'],
                kind=found['kind'],
                stage=found['stage'],
            ),
            state=state_of(found['state']),
            owner=found['owner'],
            account=found['account'],
            attempts=found['attempts'],
            changed=found['changed'],
            detail=found['detail'],
            started_at=found['started_at'],
            ended_at=found['ended_at'],
            seals=found['seals'],
            log_id=found['log_id'],
            error_class=found['error_class'],
            reason_code=found['reason_code'],
        )


def state_of(name: str) -> State:
    """Return the state that is called so in the ledger.

    :raises ValueError: there is none
    """
    try:
        return State(name)
    except ValueError:
        raise ValueError(f'the state {name!r} of a target is unknown') from None


@contextmanager
def readable(what: str) -> Iterator[None]:
    """Say in a sentence what cannot be read, which others may have written.

    :raises InvalidInput: a value is none that this version knows
    """
    try:
        yield
    except (ValueError, TypeError, AttributeError, LookupError) as error:
        if isinstance(error, InvalidInput):
            raise
        words = str(error).partition('\n')[0]
        raise InvalidInput(
            f'{what} in the ledger cannot be read ({words}): another version of this '
            'program wrote it, or somebody by hand. Nothing was done with it.'
        ) from None


def stored(facts: Mapping[str, Any]) -> Any:
    """Return facts as they come back from a database."""
    return json.loads(json.dumps(dict(facts))) if facts else {}


def skip_reason_of(name: str | None) -> SkipReason:
    """Return the reason that is called so in the ledger.

    :raises ValueError: there is none
    """
    try:
        return SkipReason[name or '']
    except KeyError:
        raise ValueError(f'{name!r} is no known reason to skip a target') from None
