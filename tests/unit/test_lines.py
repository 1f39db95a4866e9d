"""Lines are read as people paste them, and refused where they could mean two things."""

from __future__ import annotations

from ipaddress import IPv6Address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mw_tokens_plugin.exceptions import InvalidInput
from mw_tokens_plugin.protocol.lines import (
    Line,
    LineKind,
    accounts_of,
    is_interpreted,
    read_line,
)

META = 'https://meta.wikimedia.org'
DB8 = '2001:DB8:0:0'


def names(line: str, *, strict: bool = False) -> tuple[str, ...] | LineKind:
    read = read_line(line, strict=strict)
    return accounts_of(read) if read.kind is LineKind.ITEM else read.kind


@pytest.mark.parametrize(
    'line',
    [
        *('X', '* X', '** X', ': X', '# * X', '#* X', '\u2022 X', 'x', 'User:X', 'x_'),
        *(
            '\u200eX\u200e',
            '\u2068X\u2069',
            '\ufeffX',
            "'''X'''",
            '"X"',
            '\u201cX\u201d',
        ),
        *('[[User:X]]', '*[[User:X|Y]]', '#[[User:X]]', '# [[:m:user talk:x|talk]]'),
        *('#*[[User:X]]', "# '''[[User:X]]'''", ':# [[User:X]]', ':::* [[User:X]]'),
        '[[User:X]] ([//example.org/tools?user=1 tools]) https://aa.example/Diff/5',
        'X (talk | contribs | block) (12 edits) (Created on 3 November 2026)',
        *(
            'X\uff08\u8ba8\u8bba | \u8d21\u732e\uff09',
            'X talk contribs',
            '{{subst:lh|X}}',
        ),
        '10:31, 3 November 2026 User account X talk contribs was created automatically',
        '* [[User:X|X]] ([[User talk:X|talk]] . [[Special:Contributions/X|contribs]])',
        *('[[Special:CentralAuth/X]]', '[[Special:Contributions/X|edits]]'),
        *('{{LockHide|X}}', '{{lockHide|1=X|hidename=1}}', '* {{Luxotool|X}} spams'),
        *('#{{MultiLock|X}}', '{{sultool|X}} {{LockHide|X}}', '{{ User | X }}'),
        *('X (talk)', 'X (talk | contribs | block)', 'X (Diskussion | Beitr\u00e4ge)'),
        *('User:X (talk \u00b7 contribs)', 'Special:CentralAuth/X', 'User talk:X'),
        '10:31 (User creation log) . . [[User:X|X]] (talk | contribs) created',
        '10:31, 3 November 2026 User account X (talk | contribs) was created',
        '2026-11-03 10:31 X (talk | contribs)',
        *(f'{META}/wiki/Special:CentralAuth/X', f'* {META}/wiki/User_talk:X#here'),
        *(f'{META}/w/index.php?title=User:X', f'{META}/w/index.php/User:X'),
        f'{META}/w/index.php?title=Special:CentralAuth&target=X',
        *(f'[{META}/wiki/User:%58 X]', '//meta.wikimedia.org/wiki/User:X', '%58'),
        *(f'{META}/wiki/User:X - spam', f'{META}/wiki/User:X # spam'),
        *('[[User:X]]: spam, 12 edits', '[[User:X]] spams since 2026'),
        f'{META}/w/index.php?title=Special:Contributions/X&target=x',
        *('[[Special:Log/X]]', '{{MultiLock|X|1=X}}'),
        *('1. [[User:X]]', '- [[User:X]]', '| 1 || [[User:X]] || spam', 'X # why'),
        *('[[User:X]] <!-- why -->', '<nowiki>X</nowiki>', '<bdi>X</bdi>'),
        *('done: X', 'done: X (found by reading)', 'FAILED: X (NoSuchAccount: gone)'),
        '  X: NoSuchAccount: nosuchuser: no X',
        *('  X (registered 2026-11-01; edits 3)', '| X || done ||  || by somebody'),
        '| <nowiki>X</nowiki> || failed || 2026-03-01 03:00:40 || <nowiki>x</nowiki>',
    ],
)
def test_an_account_is_found_however_it_is_pasted(line: str) -> None:
    assert names(line) == ('X',)


@pytest.mark.parametrize(
    ('line', 'found'),
    [
        ('{{MultiLock|A|B||3=C}}', ('A', 'B', 'C')),
        ('[[User:A]], [[User:B|b]] and [[User:A]]', ('A', 'B')),
        ('{{LockHide|A}}, {{LockHide|B}}', ('A', 'B')),
        ('*Starlit', ('*Starlit',)),
        ('**Starlit', ('**Starlit',)),
        ('* *Starlit', ('*Starlit',)),
        ('[[User:*Starlit]]', ('*Starlit',)),
        ('Foo, Jr.', ('Foo, Jr.',)),
        ('1,000 Monkeys', ('1,000 Monkeys',)),
        ('[[User:a,b]]', ('A,b',)),
        ('[[User:A: RateLimited: x]]', ('A: RateLimited: x',)),
        ('Spam (WMF)', ('Spam (WMF)',)),
        ('Spam: JavaScript: x', ('Spam: JavaScript: x',)),
        ('Old=Name', ('Old=Name',)),
        (f'{META}/wiki/User:%E1%83%9C_x', ('\u10dc x',)),
        ('12:04, 3 November 2026 192.0.2.45 (talk) (block)', ('192.0.2.45',)),
        ('192.0.2.17:3128', ('192.0.2.17',)),
        ('[2001:db8::1]:80', ('2001:DB8:0:0:0:0:0:1',)),
        ('http://198.51.100.23:8080', ('198.51.100.23',)),
        ('- 198.51.100.24 (residential proxy, port 5060)', ('198.51.100.24',)),
        ('192.0.2.1, 192.0.2.2 192.0.2.3', ('192.0.2.1', '192.0.2.2', '192.0.2.3')),
        ('~2026-1234-5 (talk | contribs)', ('~2026-1234-5',)),
        ('~2026-1-2, 192.0.2.4 ~2026-3', ('~2026-1-2', '192.0.2.4', '~2026-3')),
        ('198.51.100.77/25 (talk | block log)', ('198.51.100.0/25',)),
        ('{{IP|2001:db8::7/32}}', ('2001:DB8:0:0:0:0:0:0/32',)),
        # The last group is no port.
        ('2001:db8::3:4', ('2001:DB8:0:0:0:0:3:4',)),
        ('2001:db8::3:4, 2001:db8::5:6/127', (f'{DB8}:0:0:3:4', f'{DB8}:0:0:5:6/127')),
        ('[2001:db8::3:4]:5', ('2001:DB8:0:0:0:0:3:4',)),
        # The colons at the beginning are no signs of a list.
        ('::2:3', ('0:0:0:0:0:0:2:3',)),
        ('::2:0/112 ::3:4', ('0:0:0:0:0:0:2:0/112', '0:0:0:0:0:0:3:4')),
        ('::X', ('X',)),
        (f'{META}/wiki/Special:GlobalBlockList/192.0.2.9/32', ('192.0.2.9',)),
    ],
)
def test_several_names_and_odd_ones_are_kept_apart(
    line: str, found: tuple[str, ...]
) -> None:
    assert names(line) == found


@given(
    st.lists(st.sampled_from([0, 0, 1, 5, 80, 0xADA, 0xFFFF]), min_size=8, max_size=8)
)
def test_an_address_of_ipv6_is_read_as_itself_or_refused(groups: list[int]) -> None:
    """However its zeros are left out; none of its groups is taken for a port."""
    written = ':'.join(f'{group:X}' for group in groups)
    for line in (str(IPv6Address(written)), written.lower()):
        try:
            found = names(line)
        except InvalidInput as refused:
            assert line.startswith('::') and 'an indented name' in str(refused)
        else:
            assert found == (written,) or line == '::'


@pytest.mark.parametrize(
    ('line', 'kind'),
    [
        *((line, LineKind.BLANK) for line in ('', ' \t', '\u200e')),
        *((line, LineKind.COMMENT) for line in ('#', '# X', '## X', '<!-- X -->')),
        ('# from [[Steward requests/Global]]', LineKind.COMMENT),
        ('# 192.0.2.1 is a proxy', LineKind.COMMENT),
        *((line, LineKind.MARKUP) for line in ('== X ==', '----', '*', '{|', '|-')),
        ('! Name !! Edits', LineKind.MARKUP),
    ],
)
def test_what_names_nobody_is_told_apart(line: str, kind: LineKind) -> None:
    assert names(line) is kind


@pytest.mark.parametrize(
    'line',
    [
        *('# spam by [[User:X]]', '# see {{LockHide|X}}', '# <s>[[User:X]]</s>'),
        '10:31 Admin (talk) deleted page Foo (talk)',
        '10:31 Admin talk contribs blocked X talk contribs',
        *('3 November 2026', 'X,', "'X',", '10:31 Admin talk contribs deleted page X'),
        *('#48123', '#X', '#*Starlit', '# *Starlit', '* * X', '- X', '! X', 'X #4'),
        *('--~~~~', '[[User:X]] ~~~~', 'X <!--', '== [[User:X]] ==', '| X', '| X || 5'),
        *('a,b', '"X",12,2026-11-01', 'X\t12\tmetawiki', 'User:X, User:Y', 'a|b'),
        *('{{Unknown|X}}', '{{MultiLock|A|Old=Name|B}}', '{{LockHide|A|B}}', '{{lh}}'),
        *(
            '[[X]]',
            '[[User:X',
            '[[Template:User]]',
            '<s>[[User:X]]</s>',
            '[[User:X/y]]',
        ),
        *('Please lock [[User:X]]', '[[User:A]] is a sock of [[User:B]]'),
        '{{LockHide|X}} -- [[User:Reporter]]',
        '[[User:X|X]] ([[User talk:X|talk]]) 12:04, 3 November 2026 (UTC)',
        '10:31 [[User:Admin]] (talk | contribs) blocked [[User:X]] with an expiry',
        '10:31 [[User:Admin]] (talk | contribs) deleted page [[Foo]]',
        '10:31, 3 November 2026 Admin (talk | contribs) deleted page Foo',
        *(f'{META}/wiki/Main_Page', f'{META}/wiki/User:%FF', 'https://[bad', '%FF'),
        *('192.0.2.256', '203.0.113.5-203.0.113.9', '192.0.2.1 is a proxy'),
        # Each may be an address of IPv6, or an account.
        *('::1', '::Ada', '::1, ::2', '::ffff:192.0.2.1', '::FFFF:192.0.2.1 (talk)'),
        *('\u2502 X \u2502 2026-11-01 \u2502', '#15', '#15: CannotHide: #15'),
        *('[[User:A]] # [[User:B]]', 'X' * 30_000),
        # Other programs show two lines.
        *('X\rY', '# why\rX', '# why\u2028X', 'X\u2028Y', 'X\x0bY', 'X\x85Y'),
        # One of two names would be lost, or the wrong one be taken.
        *('[[User:A]], B', '{{LockHide|A}} and B', '[[User:A]] sock of User:B'),
        *('{{MultiLock|1=A|1=B}}', '{{MultiLock|A|1=B}}', '{{LockHide|A|1=B}}'),
        f'{META}/w/index.php?title=Special:CentralAuth/A&target=B',
        *(f'{META}/wiki/Special:CentralAuth/A?target=B', f'{META}/wiki/User:A, B'),
        f'{META}/w/index.php?title=Special:Contributions&user=A&target=B',
        # A blank that is not encoded may be one within the name.
        f'{META}/wiki/Special:CentralAuth/Spambot 00001',
        f'{META}/wiki/Special:CentralAuth/Somebody (WMF)',
        # What a log shows is not who is in it.
        *(f'{META}/wiki/Special:Log/globalauth', '[[Special:Log/block|log]]'),
        f'{META}/w/index.php?title=Special:Log&user=Admin&page=User:X%40global',
        f'{META}/w/index.php?title=User_talk:Victim&diff=prev&oldid=5',
        f'{META}/wiki/User:Victim?diff=5',
        # Words that speak against it.
        *(
            "[[User:X]] (don't lock)",
            '{{LockHide|X}} is not a sock',
            '[[User:X]]: victim',
        ),
        *(
            '[[User:X]] withdrawn',
            '{{LockHide|X}} please unlock',
            '[[User:X]] not this',
        ),
        # Signatures in other languages.
        '[[User:X]] 1 \u044f\u043d\u0432\u0430\u0440\u044f 2026, 10:31',
        '[[User:X|X]] ([[User talk:X|Diskussion]]) 10:31, 1. Jan. 2026 (CET)',
        '[[User:X]] 1. tammikuuta 2026 kello 10.31 (EET)',
        '[[User:X]] 1 janvier 2026 \xe0 10h31 (CET)',
    ],
)
def test_what_cannot_be_told_apart_is_refused(line: str) -> None:
    with pytest.raises(InvalidInput, match=r'[.\]]$'):
        names(line)


@pytest.mark.parametrize(
    ('line', 'instead'),
    [
        *(
            (f'203.0.113.5{dash}203.0.113.9', '203.0.113.5/32, 203.0.113.6/31, 203.0')
            for dash in ('-', ' - ', '\u2013')
        ),
        ('2001:db8::5-2001:db8::6', '2001:DB8:0:0:0:0:0:5/128, 2001:DB8:0:0:0:0:0:6/'),
        ('192.0.2.9-192.0.2.5', 'is not a range'),
        ('192.0.2.*', '192.0.2.0/24'),
        ('192.0.x.x', '192.0.0.0/16'),
        ('1.0.0.1-223.255.255.254', ' more'),
    ],
)
def test_a_range_in_another_form_is_refused_with_the_form_to_use(
    line: str, instead: str
) -> None:
    with pytest.raises(InvalidInput, match='range of addresses') as refused:
        names(line)
    assert instead in str(refused.value)


def test_a_list_of_exclusions_has_no_comment_that_may_be_an_entry() -> None:
    assert names('# User:X') is LineKind.COMMENT
    assert names('# X is a friend', strict=True) is LineKind.COMMENT
    assert names('# [[User:X]]', strict=True) == ('X',)
    for line in ('# User:X', f'# {META}/wiki/User:X', '# see [[aa:X]]'):
        with pytest.raises(InvalidInput, match='may be a comment or a list item'):
            names(line, strict=True)


def test_a_list_of_exclusions_may_say_what_is_not_to_be_done() -> None:
    assert names('[[User:X]] (do not lock)', strict=True) == ('X',)


def test_a_number_before_a_name_is_told_for_others_to_judge() -> None:
    assert read_line('7. FC Spam') == Line(LineKind.ITEM, 'FC Spam', 7)
    assert read_line('7. [[User:X]]') == Line(LineKind.ITEM, '[[User:X]]')


@pytest.mark.parametrize(
    ('line', 'names', 'interpreted'),
    [
        ('spam_bot ', ['Spam bot'], False),
        ('User:Spam', ['Spam'], True),
        ('* Spam', ['Spam'], True),
        ('a, b', ['A', 'B'], True),
    ],
)
def test_only_what_is_more_than_a_name_counts_as_interpreted(
    line: str, names: list[str], interpreted: bool
) -> None:
    assert is_interpreted(line, names) is interpreted


@given(
    st.lists(
        st.sampled_from(
            [*'#*:;|=-X1 [](){}<>"\'~,.\t', '[[User:', ']]', '{{', '}}', '//']
        )
    ).map(''.join)
)
def test_any_line_is_read_or_refused_in_a_sentence(line: str) -> None:
    try:
        found = names(line)
    except InvalidInput:
        return
    if not isinstance(found, LineKind):
        # The name of an account is a line that says so.
        assert all(names(f'[[User:{name}]]') == (name,) for name in found)


@pytest.mark.parametrize('sign', ['\u202e', '\u202d', '&#x202e;', '&#8238;'])
def test_a_line_whose_letters_are_shown_in_the_other_order_is_refused(
    sign: str,
) -> None:
    """Whoever has read it has seen another name than the one that would be locked."""
    with pytest.raises(InvalidInput, match=r'U\+202E'):
        read_line(f'* [[User:{sign}nimda]]')
    # Wikis put embeddings around names in logs, which show no letter elsewhere.
    assert read_line('\u202aName\u202c\u200e').content == 'Name'


@pytest.mark.parametrize(
    ('query', 'name'),
    [
        *((f'Special:Block&{key}=X', 'X') for key in ('wpTarget', 'username', 'user')),
        ('Special:GlobalBlock&ip=192.0.2.1', '192.0.2.1'),
        ('Special:CentralAuth&target=X&username=X', 'X'),
        ('User:A&title=User:B', 'A'),
        ('User:X&oldid=5', None),
        ('User:X&diff=5', None),
        ('Special:Log&page=User:X', None),
        ('Special:Block/Y&wpTarget=X', None),
    ],
)
def test_an_address_with_a_query_names_one_user_or_none(
    query: str, name: str | None
) -> None:
    line = f'{META}/w/index.php?title={query}'
    if name is None:
        with pytest.raises(InvalidInput):
            names(line)
    else:
        assert names(line) == (name,)


@pytest.mark.parametrize('rest', ['?a=b', 'x', 'x?a=b'])
def test_only_the_bare_address_of_a_host_stands_for_it(rest: str) -> None:
    assert names('http://192.0.2.7/') == ('192.0.2.7',)
    with pytest.raises(InvalidInput, match='no page of a user'):
        names(f'http://192.0.2.7/{rest}')
