"""Every line of a list is accounted for, wherever the list comes from."""

from __future__ import annotations

import io
from pathlib import Path

import pytest

from mw_tokens_plugin.exceptions import InvalidInput
from mw_tokens_plugin.protocol.names import AccountKind
from mw_tokens_plugin.targets.lists import (
    MAX_SHOWN,
    BadLine,
    Entry,
    ListReader,
    valid_entries,
)


def read(text: bytes, reader: ListReader | None = None) -> list[str | BadLine]:
    entries = (reader or ListReader()).stream(io.BytesIO(text), 'list')
    return [e.name if isinstance(e, Entry) else e for e in entries]


def test_each_line_is_counted_once() -> None:
    text = (
        b'\xef\xbb\xbf# spam wave\n\n== Spambots ==\n* [[User:spam 1]]\n'
        b'spam_2 # why\r\n'
        b'# [[User:Spam 3]]\n{{MultiLock|~2026-1|192.0.2.1}}\n#48123\nSpam 4\n'
    )
    reader = ListReader()
    *names, bad, last = read(text, reader)
    assert [*names, last] == 'Spam 1/Spam 2/Spam 3/~2026-1/192.0.2.1/Spam 4'.split('/')
    assert isinstance(bad, BadLine)
    assert (bad.source, bad.number) == ('list', 8)
    (source,) = reader.sources
    counts = source.names, source.comments, source.markup, source.refused
    assert counts == (6, 1, 1, 1)
    assert source.kinds == {
        AccountKind.ACCOUNT: 4,
        AccountKind.TEMPORARY: 1,
        AccountKind.IP: 1,
    }
    assert source.interpreted == 4
    assert ('# [[User:Spam 3]]', 'Spam 3') in source.shown


def test_only_the_first_interpreted_lines_are_kept() -> None:
    reader = ListReader()
    read(b'* X\n' * 1000, reader)
    assert reader.sources[0].interpreted == 1000
    assert len(reader.sources[0].shown) == MAX_SHOWN


def test_a_number_is_dropped_where_it_counts_and_refused_elsewhere() -> None:
    assert read(b'1. A\n2. B\n3. C\n') == ['A', 'B', 'C']
    assert read(b'A\n4. B\n5. C\n') == ['A', 'B', 'C']
    (bad,) = read(b'1. FC Spam\n')
    assert isinstance(bad, BadLine)
    assert '[[User:' in bad.problem


@pytest.mark.parametrize(
    ('text', 'names'),
    [
        ('X\n<!--\nA\n\n[[User:B]]\n-->\nY\n', 'XY'),
        ('X\n<!-- A\n{"target": "B"}\n# C -->\nY\n', 'XY'),
        ('X\n<s>\n* A\n</s>\nY\n', 'XY'),
        ('X\n* <DEL>[[User:A]]\n* [[User:B]]</DEL>\nY\n', 'XY'),
        ('X\n<strike class="a">A\n<!-- b -->\n[[User:C]]\n', 'X'),
        ('X\n[[User:A]]</s>\nY\n', 'XY'),
        # These leave nothing open.
        ('# <s> is struck\nX\n<!-- <s> -->\n<s>A</s>\nY <!-- z -->\nZ\n', 'XYZ'),
    ],
)
def test_nobody_in_a_comment_or_struck_out_is_a_target_where_bad_lines_are_skipped(
    text: str, names: str
) -> None:
    found = ListReader().stream(io.BytesIO(text.encode()), 'list')
    assert [e.name for e in valid_entries(found, skip=True)] == [*names]


@pytest.mark.parametrize(
    ('text', 'column', 'names'),
    [
        ('user,edits\nA,1\n"B, c",2\n', 'User', ['A', 'B, c']),
        ('1;A\n2;B\n', '2', ['A', 'B']),
        ('A\t1\nB\t2\n', '1', ['A', 'B']),
        # What -log-json and "pwb campaign report" write.
        ('{"campaign": "x", "target": "A", "state": "done"}\n', '', ['A']),
        ("target,central_id,state,x\nA,1,done,\n'=B,2,done,\n", '', ['A', '=B']),
    ],
)
def test_a_column_can_be_named(text: str, column: str, names: list[str]) -> None:
    assert read(text.encode(), ListReader(column=column)) == names


@pytest.mark.parametrize(
    ('text', 'names', 'lines'),
    [
        ('user,why\nA,"socks of\n\nVictim\nX",5\nB,x\n', ['B'], [2, 4, 5]),
        ('user,why\nA,1\nB,"x\nC,2\n', ['A'], [3, 4]),
        ('why,user\n"x\ny",A\nz,B\n', ['B'], [2, 3]),
        ('user,"why\nnot"\nA,1\n', ['A'], [2]),
        ('user,why\nA,5" nails\nB,' + 'x' * 200_000 + '\n', ['A'], [3]),
    ],
)
def test_no_line_within_a_cell_is_taken_for_a_row(
    text: str, names: list[str], lines: list[int]
) -> None:
    """A name in a note of several lines is not one of the column."""
    found = read(text.encode(), ListReader(column='user'))
    assert [each for each in found if isinstance(each, str)] == names
    assert [bad.number for bad in found if isinstance(bad, BadLine)] == lines


def test_a_column_must_exist() -> None:
    with pytest.raises(InvalidInput, match='several such headings'):
        read(b'a,b,A\n1,2,3\n', ListReader(column='a'))
    with pytest.raises(InvalidInput, match='no such heading') as caught:
        read(b'A Name,b\n1,2\n', ListReader(column='c'))
    # Without headings it is the first name, which may be one that is to be hidden.
    assert 'name' not in str(caught.value).lower()
    (bad,) = read(b'1\n', ListReader(column='7'))
    assert isinstance(bad, BadLine)


def test_targets_of_another_kind_are_read_line_by_line_too() -> None:
    reader = ListReader(lambda text: text.removeprefix('[[').removesuffix(']]'))
    text = (
        b'# note\n# [[aa:X]]\n* aa:Y\naawiki:Z (revisions 1; authors B)\n[[a]] [[b]]\n'
    )
    *pages, bad = read(text, reader)
    assert pages == ['aa:X', 'aa:Y', 'aawiki:Z']
    assert isinstance(bad, BadLine)
    assert not reader.sources[0].kinds


@pytest.mark.parametrize(
    'title',
    ['Foo: JavaScript: x', 'Foo (revisions 3)', 'On MediaWiki: x', 'F (done x)'],
)
def test_a_title_is_not_shortened_because_a_plan_could_look_like_it(title: str) -> None:
    reader = ListReader(lambda text: text)
    lines = f'aawiki:{title}\naawiki\t{title}; x)\n'
    assert read(lines.encode(), reader) == lines.splitlines()


def test_other_encodings_are_a_clear_error() -> None:
    with pytest.raises(InvalidInput, match='list, line 2: byte 3 is not UTF-8'):
        read('Spam\nGr\u00fc\u00dfe\n'.encode('latin-1'))


@pytest.mark.parametrize('path', ['nosuch.txt', '.'])
def test_a_file_that_cannot_be_read_is_a_clear_error(path: str, tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match='cannot be read'):
        list(ListReader().file(str(tmp_path / path)))


def test_arguments_are_names_too() -> None:
    entries = ListReader(column='7').arguments(['spam_1', 'User:Spam 2'])
    assert list(valid_entries(entries, skip=False)) == [
        Entry('argument', 1, 'Spam 1'),
        Entry('argument', 2, 'Spam 2'),
    ]


def test_a_flood_of_bad_lines_is_cut_off(capsys: pytest.CaptureFixture[str]) -> None:
    entries = ListReader().arguments(['a|b'] * 5000)
    with pytest.raises(InvalidInput, match='5,000 bad lines'):
        list(valid_entries(entries, skip=False))
    assert len(capsys.readouterr().err.splitlines()) == 101


@pytest.mark.parametrize(
    ('line', 'name'),
    [
        *(('"Q"', '"Q"'), ('Foo (talk)', 'Foo (talk)'), ("* ''X''", "''X''")),
        *(('1.Foo', 'Foo'), ('12)Foo', 'Foo'), ('(3)Foo', 'Foo'), ('|- Foo', 'Foo')),
        *(('|+ Foo', 'Foo'), ('{| Foo', 'Foo'), ('# Foo', 'Foo'), ('* A', '* A')),
    ],
)
def test_an_exclusion_is_also_looked_up_as_it_could_have_been_meant(
    line: str, name: str
) -> None:
    reader = ListReader(strict=True)
    read(line.encode(), reader)
    assert name in reader.sources[0].other_names[1]
