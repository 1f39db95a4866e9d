"""Reasons are read from a wiki's message as MediaWiki's own form reads them."""

from __future__ import annotations

import pytest

from mw_tokens_plugin.protocol.reasonlists import ListedReason, reasons_in

#: What Xml::listDropDownOptions() of MediaWiki 1.39 has made of messages, by PHP 8.2.
PHP: list[tuple[str, dict[str, list[str]]]] = [
    (
        '* Spam\n** Spambot\n** Cross-wiki spam\n* Abuse\n** Vandalism\n',
        {'Spam': ['Spambot', 'Cross-wiki spam'], 'Abuse': ['Vandalism']},
    ),
    (
        '** First\nPlain\n*\n** Loose\n*Group\n**\tTabbed \r\n*** Three stars\n'
        '* Group2\n** A\n** A\n* Group\n** Later',
        {
            '': ['First', 'Plain', 'Loose'],
            'Group': ['Tabbed', '* Three stars', 'Later'],
            'Group2': ['A'],
        },
    ),
    (
        '* A\n** 7\n\xa0\n**\xa0x\xa0\nSame\n** Same',
        {'A': ['7'], '': ['\xa0', '\xa0x\xa0', 'Same']},
    ),
    ('-', {'': ['-']}),
    ('', {}),
]


@pytest.mark.parametrize(('text', 'expected'), PHP)
def test_a_list_is_read_as_the_form_reads_it(
    text: str, expected: dict[str, list[str]]
) -> None:
    whole = [ListedReason(one, group) for group in expected for one in expected[group]]
    assert reasons_in(text) == whole
