"""Names reach the wiki as MediaWiki keeps them, however people write them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mw_tokens_plugin.exceptions import InvalidName
from mw_tokens_plugin.protocol.names import (
    MAX_BYTES,
    AccountKind,
    decoded,
    first_letter,
    folded,
    is_settled,
    kind_of,
    normalise_name,
    normalise_prefix,
)


@pytest.mark.parametrize(
    ('written', 'kept'),
    [
        pytest.param('Spam_0001', 'Spam 0001', id='underscores'),
        pytest.param('spam 0001', 'Spam 0001', id='small initial'),
        pytest.param('  Spam   0001 ', 'Spam 0001', id='blanks'),
        pytest.param('Spam\u00a00001', 'Spam 0001', id='no-break space'),
        pytest.param('User:spam 1', 'Spam 1', id='prefix'),
        pytest.param('[[User:Spam 1]]', 'Spam 1', id='wikilink'),
        pytest.param('[[User:Spam 1|he]]', 'Spam 1', id='piped wikilink'),
        pytest.param('[[:en:user: Spam 1]]', 'Spam 1', id='interwiki'),
        pytest.param('Special:CentralAuth/Spam 1', 'Spam 1', id='special page'),
        pytest.param('User:Spam 1@global', 'Spam 1', id='as the log writes it'),
        pytest.param('O&#39;Neil', "O'Neil", id='entity'),
        pytest.param('O&#x27;Neil&eacute;', "O'Neil\u00e9", id='entities'),
        pytest.param('Rock&reggae', 'Rock&reggae', id='no entity: reg'),
        pytest.param('Tom&notable', 'Tom&notable', id='no entity: not'),
        pytest.param('Foo&copy', 'Foo&copy', id='no entity: copy'),
        pytest.param('Q&A&ltd', 'Q&A&ltd', id='no entity: lt'),
        pytest.param('Q&amp;A', 'Q&A', id='entity: amp'),
        pytest.param('\u202aSpam\u200e 1\u202c', 'Spam 1', id='direction marks'),
        pytest.param('e\u0301te\u0301', '\u00c9t\u00e9', id='composed'),
        pytest.param('\u00fc\u00f1\u00ef', '\u00dc\u00f1\u00ef', id='capital umlaut'),
        pytest.param('\u00dfpam', '\u00dfpam', id='a letter without capital'),
        pytest.param(
            '\u10dc\u10d8\u10dc\u10dd', '\u10dc\u10d8\u10dc\u10dd', id='Georgian'
        ),
        pytest.param('\u01c6or\u0111e', '\u01c5or\u0111e', id='digraph: title case'),
        pytest.param('\ufb01x', 'Fix', id='ligature'),
        pytest.param('old:name@example=1', 'Old:name@example=1', id='old signs'),
        pytest.param('192.0.2.1', '192.0.2.1', id='IP address'),
        pytest.param('192.000.02.1/24', '192.0.2.0/24', id='leading zeros'),
        pytest.param('2001:db8::a', '2001:DB8:0:0:0:0:0:A', id='IPv6 address'),
        pytest.param('2001:db8::a/64', '2001:DB8:0:0:0:0:0:0/64', id='IPv6 range'),
        pytest.param('192.0.2.9/32', '192.0.2.9', id='range of one address'),
        pytest.param('~2026-12', '~2026-12', id='temporary'),
    ],
)
def test_a_name_becomes_what_the_wiki_keeps(written: str, kept: str) -> None:
    assert normalise_name(written) == kept


@pytest.mark.parametrize(
    'text',
    [
        '',
        '   ',
        'User:',
        '[[User:]]',
        'a#b',
        'a/b',
        'a|b',
        '[x',
        '{{x}}',
        'a\tb<',
        'a\ufffdb',
        'A&foo;b',
        'Q&amp;A;',
        'A&amp;eacute;',
        'A&#128;',
        'A&#xD800;',
        f'A&#{"9" * 5000};',
        *('--~~~~', 'a%20b', '192.0.2.256', '.', ':x', 'User talk:x', 'a\uffffb'),
        *('x' * (MAX_BYTES + 1), '\u00e9' * 128, 'a\u200bb', 'a\ue000b'),
    ],
)
def test_what_cannot_be_a_name_is_refused_with_a_sentence(text: str) -> None:
    with pytest.raises(InvalidName, match=r'\.$'):
        normalise_name(text)


@given(st.text())
def test_normalising_twice_changes_nothing(text: str) -> None:
    try:
        once = normalise_name(text)
    except InvalidName:
        return
    assert normalise_name(once) == once


@pytest.mark.parametrize(
    'text',
    [
        'spam_BOT',
        'sp\u200eam\u00a0bot',
        'Sp&#97;m bot',
        'Spam  Bot\u202c',
        'S&shy;pam bot',
        'Spam%20bot',
        'Sp<br>am <b class="x">bot</b>',
        'Spambot',
        'Sp\u00e4m-bot',
        '\uff33\uff50\uff41\uff4d\uff05\uff12\uff10bot',
    ]
    + [
        f'Sp{invisible}am{invisible} bot'
        for invisible in (
            '\u00ad\u034f\u115f\u1160\u17b4\u180b\u180e\u200b\u200d\u2060\u2066\u2069'
            '\u3164\ufe0f\ufeff\uffa0\U000e0041\U000e0100'
        )
    ],
)
def test_a_name_is_found_however_it_is_spelt(text: str) -> None:
    assert folded('Spam bot') in folded(f'about {text}')


@pytest.mark.parametrize(
    ('name', 'kind'),
    [
        ('Spam 1', AccountKind.ACCOUNT),
        ('~2026-1', AccountKind.TEMPORARY),
        ('~2026-12345-67', AccountKind.TEMPORARY),
        ('~Tilde', AccountKind.ACCOUNT),
        ('192.0.2.1', AccountKind.IP),
        ('192.0.2.0/24', AccountKind.IP),
        ('2001:DB8::1', AccountKind.IP),
        ('1234', AccountKind.ACCOUNT),
    ],
)
def test_accounts_are_told_from_what_has_no_global_account(
    name: str, kind: AccountKind
) -> None:
    assert kind_of(name) is kind


@pytest.mark.parametrize('name', ['A' * MAX_BYTES, '\u00c9' * 127 + 'A'])
def test_the_longest_name_is_a_name(name: str) -> None:
    """In bytes, and however much there is around it."""
    assert normalise_name(f'[[User:{name}|{"x" * 1500}]]') == name
    with pytest.raises(InvalidName, match=r'is longer than 255 bytes\.$'):
        normalise_name(f'{name}A')


@pytest.mark.parametrize('name', ['.', '..', ':A', 'x' * 2001])
def test_a_title_that_is_no_page_of_a_user_is_no_name(name: str) -> None:
    with pytest.raises(InvalidName):
        normalise_name(name)


@pytest.mark.parametrize(
    ('letters', 'settled'),
    [
        ('a\u00e9\u0436A1!\u4e2d', True),
        # Releases differ: digraphs, Georgian, ligatures, sharp s, iota subscript.
        ('\u01c6\u01c4\u01c5\u10d0\u00df\ufb01\u0149\u1fb3\u1ff7', False),
    ],
)
def test_wikis_are_asked_for_letters_in_which_they_differ(
    letters: str, settled: bool
) -> None:
    assert [letter for letter in letters if is_settled(letter) != settled] == []


def test_the_beginning_of_names_keeps_its_last_blank() -> None:
    found = [normalise_prefix(text) for text in ('spam', 'spam_', ' spam  ', 'a b')]
    assert found == ['Spam', 'Spam ', 'Spam ', 'A b']
    assert normalise_prefix('\u10d0x', capital=str.upper) == '\u1c90x'
    assert normalise_prefix('\u10d0x', capital=first_letter) == '\u10d0x'


@pytest.mark.parametrize(
    ('text', 'character'),
    [
        *(('&#x10ffff;', '\U0010ffff'), ('&#1114111;', '\U0010ffff')),
        *(('&#x110000;', '\ufffd'), ('&#10000000;', '\ufffd')),
        *(('&#0;', '\ufffd'), ('&#00000000000065;', 'A'), ('&#x00041;', 'A')),
    ],
)
def test_a_number_without_a_character_is_a_replacement(
    text: str, character: str
) -> None:
    assert decoded(text) == character


def test_signs_and_invisible_letters_make_no_difference_in_a_search() -> None:
    assert folded('A-b \u115fC\u00e9!') == 'abce'
