"""The tables of the ledger, as this version has them.

How an older ledger gets them is in :mod:`.upgrades`, and how a database is opened in
:mod:`.database`. Columns of the first version keep their names in databases (``held``,
``lane``); the code has other names for them.

https://docs.sqlalchemy.org/en/20/core/
"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import mysql

metadata = sa.MetaData()

#: Large enough for central ids; SQLite counts rows only in plain integers.
_Number = sa.BigInteger().with_variant(sa.Integer(), 'sqlite')
#: MariaDB keeps no fractions of seconds unless told to.
_Moment = sa.DateTime().with_variant(mysql.DATETIME(fsp=6), 'mysql', 'mariadb')
#: Compared byte by byte, whatever the database's collation; MariaDB has no index on
#: the whole of a BLOB.
_Name = sa.LargeBinary(700).with_variant(mysql.VARBINARY(700), 'mysql', 'mariadb')

#: Names of campaigns and accounts differ by their letters' case everywhere. The
#: options of one dialect do not hold for the other.
_TEXTS: dict[str, Any] = {
    f'{dialect}_{option}': value
    for dialect in ('mysql', 'mariadb')
    for option, value in (('charset', 'utf8mb4'), ('collate', 'utf8mb4_bin'))
}

campaigns = sa.Table(
    'campaign',
    metadata,
    sa.Column('id', _Number, primary_key=True),
    sa.Column('name', sa.String(190), nullable=False, unique=True),
    sa.Column('action', sa.String(40), nullable=False),
    sa.Column('wiki', sa.String(190), nullable=False),
    #: Where that wiki is, and what it calls itself: two farms may have one family name.
    sa.Column('api', sa.String(500)),
    sa.Column('wikiid', sa.String(190)),
    sa.Column('operator', sa.String(255), nullable=False),
    sa.Column('reason', sa.Text, nullable=False),
    sa.Column('options', sa.JSON, nullable=False),
    sa.Column('created_at', _Moment, nullable=False),
    sa.Column('listed_at', _Moment),
    sa.Column('planned_at', _Moment),
    sa.Column('confirmed_at', _Moment),
    sa.Column('finished_at', _Moment),
    #: Which script has begun it, and of which version of this package.
    sa.Column('script', sa.String(80)),
    sa.Column('version', sa.String(40)),
    #: How many stages its targets have, one after the other.
    sa.Column('stages', sa.Integer, nullable=False, server_default='1'),
    **_TEXTS,
)

targets = sa.Table(
    'target',
    metadata,
    sa.Column('id', _Number, primary_key=True),
    sa.Column('campaign_id', _Number, sa.ForeignKey('campaign.id'), nullable=False),
    sa.Column('name', _Name, nullable=False),
    sa.Column('central_id', _Number),
    sa.Column('hidden', sa.Boolean, nullable=False, default=False),
    sa.Column('state', sa.String(10), nullable=False),
    sa.Column('held', sa.String(20), key='skipped'),
    sa.Column('facts', sa.JSON),
    sa.Column('lane', sa.String(190), key='partition'),
    #: The worker that has it leased, as run/worker.
    sa.Column('owner', sa.String(48)),
    #: Whose write it was, as user@wiki: a campaign may be resumed by a colleague.
    sa.Column('account', sa.String(190)),
    sa.Column('attempts', sa.Integer, nullable=False, default=0),
    sa.Column('changed', sa.Boolean),
    sa.Column('detail', sa.Text),
    sa.Column('started_at', _Moment),
    sa.Column('ended_at', _Moment),
    #: The seals of those who have listed or planned it.
    sa.Column('seals', sa.Text),
    #: What is done to it, in a campaign that does several things; else empty.
    sa.Column('kind', sa.String(40), nullable=False, server_default=''),
    #: Stage n ends before anything of stage n+1 is leased.
    sa.Column('stage', sa.Integer, nullable=False, server_default='0'),
    #: The number of the entry in the wiki's log about its write.
    sa.Column('log_id', _Number),
    #: Why it failed: the class of the error, and the code of the wiki or of the reason
    #: for which it was skipped after all.
    sa.Column('error_class', sa.String(80)),
    sa.Column('reason_code', sa.String(80)),
    sa.Index('target_by_step', 'campaign_id', 'name', 'kind', unique=True),
    sa.Index('target_by_state', 'campaign_id', 'state', 'id'),
    sa.Index('target_by_lane', 'campaign_id', 'partition', 'state', 'id'),
    **_TEXTS,
)

#: What only one worker at a time may write to, and which one does.
partitions = sa.Table(
    'lane',
    metadata,
    sa.Column('campaign_id', _Number, sa.ForeignKey('campaign.id'), primary_key=True),
    sa.Column('name', sa.String(190), primary_key=True),
    sa.Column('owner', sa.String(48)),
    #: Why it did not work the last time.
    sa.Column('error', sa.Text),
    **_TEXTS,
)

#: Plans that an operator has made and checked, with the seal of that operator's key.
plans = sa.Table(
    'plan',
    metadata,
    sa.Column('campaign_id', _Number, sa.ForeignKey('campaign.id'), primary_key=True),
    sa.Column('id', sa.String(32), primary_key=True),
    sa.Column('key_id', sa.String(16), nullable=False),
    sa.Column('made_at', _Moment, nullable=False),
    sa.Column('confirmed', sa.Boolean, nullable=False),
    sa.Column('seal', sa.String(64), nullable=False),
    **_TEXTS,
)

#: Which tables and columns there are; a ledger without this one has version 1.
versions = sa.Table(
    'ledger_version',
    metadata,
    sa.Column('number', sa.Integer, primary_key=True, autoincrement=False),
)

#: Attempts after which there was another one; the last is in the target itself.
attempts = sa.Table(
    'attempt',
    metadata,
    sa.Column('id', _Number, primary_key=True),
    sa.Column(
        'target_id', _Number, sa.ForeignKey('target.id'), nullable=False, index=True
    ),
    sa.Column('started_at', _Moment, nullable=False),
    sa.Column('ended_at', _Moment, nullable=False),
    sa.Column('detail', sa.Text, nullable=False),
    sa.Column('error_class', sa.String(80)),
    sa.Column('reason_code', sa.String(80)),
    **_TEXTS,
)

#: Processes that are active, and how many heartbeats each has sent.
runs = sa.Table(
    'run',
    metadata,
    sa.Column('id', sa.String(32), primary_key=True),
    sa.Column('campaign_id', _Number, sa.ForeignKey('campaign.id'), nullable=False),
    sa.Column('account', sa.String(190), nullable=False),
    sa.Column('workers', sa.Integer, nullable=False),
    sa.Column('beats', _Number, nullable=False),
    **_TEXTS,
)

#: When the next write of an account may be sent, seconds since the epoch.
budgets = sa.Table(
    'budget',
    metadata,
    sa.Column('account', sa.String(255), primary_key=True),
    sa.Column('next_at', sa.Double, nullable=False),
    **_TEXTS,
)
