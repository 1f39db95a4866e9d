"""Settings of blocks: when they end, and which are as strict as others."""

from __future__ import annotations

import time
from datetime import datetime, timedelta, timezone

import pytest

from mw_tokens_plugin.exceptions import InvalidInput
from mw_tokens_plugin.protocol.blocksettings import BlockSettings, expiry_of
from mw_tokens_plugin.protocol.expiries import ends_at, length_of
from mw_tokens_plugin.protocol.globalblocks import (
    INFINITY,
    GlobalBlock,
    expiry_text,
    from_log_event,
)

NOW = datetime(2026, 1, 31, 12, tzinfo=timezone.utc)
WEEK = BlockSettings('1 week')


@pytest.mark.parametrize(
    ('text', 'end'),
    [
        ('1 week', NOW + timedelta(weeks=1)),
        ('31 hours', NOW + timedelta(hours=31)),
        ('1 month', datetime(2026, 3, 3, 12, tzinfo=timezone.utc)),
        ('1 Year, 2 days', datetime(2027, 2, 2, 12, tzinfo=timezone.utc)),
        ('2027-01-31', datetime(2027, 1, 31, tzinfo=timezone.utc)),
        ('2027-01-31T06:30:00Z', datetime(2027, 1, 31, 6, 30, tzinfo=timezone.utc)),
        *((text, INFINITY) for text in ('infinite', 'never', 'Indefinite')),
        *((text, None) for text in ('', 'soon', '1', '2027-02-30', '1 week ago')),
    ],
)
def test_only_an_expiry_that_is_clear_is_understood(
    text: str, end: datetime | None
) -> None:
    assert ends_at(text, NOW) == end


def test_spans_may_be_abbreviated_where_no_wiki_reads_them() -> None:
    assert length_of('30d') == timedelta(days=30)
    assert length_of('2 weeks') == timedelta(weeks=2)
    assert length_of('infinite') is None


def block(expiry: datetime, **more: bool) -> GlobalBlock:
    return GlobalBlock(1, '192.0.2.1', 'X', 'metawiki', NOW, expiry, 'x', **more)


def test_a_block_of_about_the_length_is_as_asked_for_unless_a_setting_differs() -> None:
    end = NOW + timedelta(weeks=1)
    assert WEEK.is_met(block(end), NOW)
    assert WEEK.is_met(block(end - timedelta(hours=8)), NOW)
    assert not WEEK.is_met(block(end - timedelta(hours=9)), NOW)
    assert not WEEK.is_met(block(end, anon_only=True), NOW)
    assert not WEEK.is_met(block(INFINITY), NOW)
    assert BlockSettings('infinity').is_met(block(INFINITY), NOW)
    # What a write has made ends to the second.
    assert WEEK.was_written(block(end))
    assert not WEEK.was_written(block(end - timedelta(hours=1)))


@pytest.mark.parametrize(
    ('end', 'flags', 'is_same'),
    [
        (timedelta(weeks=1), ['anon-only'], True),
        (timedelta(weeks=1), [], False),
        (timedelta(weeks=1), ['anon-only', 'allow-account-creation'], False),
        (timedelta(weeks=2), ['anon-only'], False),
        # Old entries say neither.
        (None, [], True),
    ],
)
def test_an_entry_of_the_log_tells_which_write_it_is_of(
    end: timedelta | None, flags: list[str], is_same: bool
) -> None:
    params = {} if end is None else {'expiry': f'{NOW + end:%Y%m%d%H%M%S}'}
    event = {'logid': 1, 'action': 'modify', 'title': 'User:192.0.2.1', 'user': 'X'}
    event |= {'timestamp': f'{NOW:%Y-%m-%dT%H:%M:%SZ}', 'comment': 'x'}
    entry = from_log_event({**event, 'params': {**params, 'flags': flags}})
    assert BlockSettings('1 week', anon_only=True).was_logged(entry) is is_same


@pytest.mark.parametrize(
    ('looser', 'stricter'),
    [
        (BlockSettings('1 week', anon_only=True), WEEK),
        (BlockSettings('1 week', account_creation=True), WEEK),
        (WEEK, BlockSettings('1 week', autoblock=True)),
        (WEEK, BlockSettings('1 week', block_email=True)),
    ],
)
def test_a_block_is_stricter_if_it_stops_more(
    looser: BlockSettings, stricter: BlockSettings
) -> None:
    assert stricter.is_as_strict(looser) and not looser.is_as_strict(stricter)
    assert stricter.ends_no_sooner(looser, NOW)
    assert not WEEK.ends_no_sooner(BlockSettings('infinity'), NOW)
    assert BlockSettings.from_facts({**stricter.facts(), 'id': 1}) == stricter


@pytest.mark.parametrize(
    'text, end',
    [
        # As strtotime() has it: months and years first, then all that is shorter.
        ('7 weeks 2 years', '2026-04-19T00:00:00+00:00'),
        ('2 years 7 weeks', '2026-04-19T00:00:00+00:00'),
        ('1 day 1 month', '2024-03-30T00:00:00+00:00'),
        ('9999-12-30', '9999-12-30T00:00:00+00:00'),
        # No wiki takes a later one.
        ('9999-12-31', None),
        ('8000 years', None),
    ],
)
def test_an_end_is_the_one_that_mediawiki_would_set(text: str, end: str | None) -> None:
    found = ends_at(text, datetime(2024, 2, 29, tzinfo=timezone.utc))
    assert end == (found and found.isoformat())


def test_the_settings_of_a_block_are_all_of_it() -> None:
    names = ('anon_only', 'account_creation', 'autoblock', 'block_email')
    for name in names:
        assert BlockSettings.of(block(INFINITY, **{name: True})) == BlockSettings(
            'infinity', **{name: True}
        )
    end = datetime(2027, 1, 1, 1, tzinfo=timezone(timedelta(hours=1)))
    assert BlockSettings.of(block(end)).expiry == '2027-01-01T00:00:00Z'
    with pytest.raises(ValueError, match=r"^'soon' is not an expiry$"):
        BlockSettings('soon').end(NOW)


def test_an_end_that_is_later_or_about_the_same_is_no_sooner() -> None:
    found = [
        BlockSettings(ours).ends_no_sooner(WEEK, NOW)
        for ours in ('1 month', '1 week', '163 hours', '6 days', 'infinity')
    ]
    assert found == [True, True, True, False, True]


@pytest.mark.parametrize(
    ('setting', 'flag'),
    [
        ('anon_only', 'anon-only'),
        ('account_creation', 'allow-account-creation'),
        ('autoblock', 'enable-autoblock'),
        ('block_email', 'block-email'),
    ],
)
def test_an_entry_of_the_log_shows_each_setting(setting: str, flag: str) -> None:
    event = {'logid': 1, 'action': 'modify', 'title': 'User:192.0.2.1', 'user': 'X'}
    event |= {'timestamp': f'{NOW:%Y-%m-%dT%H:%M:%SZ}', 'comment': 'x'}
    expiry = f'{NOW + timedelta(weeks=1):%Y%m%d%H%M%S}'
    for flags in [flag], []:
        entry = from_log_event({**event, 'params': {'expiry': expiry, 'flags': flags}})
        settings = BlockSettings('1 week', **{setting: True})
        assert settings.was_logged(entry) is bool(flags)
        assert WEEK.was_logged(entry) is not bool(flags)


def test_an_expiry_is_sent_in_the_form_that_wikis_read() -> None:
    """In UTC, whatever the time zone of the machine and of the bot is."""
    there = NOW.astimezone(timezone(timedelta(hours=5, minutes=30)))
    for expiry, sent in (
        (there, '2026-01-31T12:00:00Z'),
        (INFINITY, 'infinite'),
        (' Never ', 'infinite'),
        ('indefinite', 'infinite'),
        (' 1 week ', '1 week'),
    ):
        assert expiry_text(expiry) == sent
    assert expiry_of(there) == '2026-01-31T12:00:00Z'
    assert ends_at('1 day 2 days', there) == NOW + timedelta(days=3)
    for nothing in ('', '  ', NOW.replace(tzinfo=None), 7):
        with pytest.raises(InvalidInput, match='or a datetime with its time zone'):
            expiry_text(nothing)  # type: ignore[arg-type]


@pytest.mark.skipif(not hasattr(time, 'tzset'), reason='the time zone is fixed')
def test_the_time_zone_of_the_machine_makes_no_difference(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv('TZ', 'Asia/Kolkata')
    time.tzset()
    try:
        assert expiry_text(NOW) == expiry_of(NOW) == '2026-01-31T12:00:00Z'
        # The local day is another one.
        late = NOW.replace(hour=22)
        assert ends_at('1 month', late) == datetime(2026, 3, 3, 22, tzinfo=timezone.utc)
    finally:
        monkeypatch.undo()
        time.tzset()
