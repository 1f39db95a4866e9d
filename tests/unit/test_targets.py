"""Lists of names are read as people write them, and bad lines are named."""

from __future__ import annotations

import io
from pathlib import Path

import pytest

from mw_tokens_plugin.campaign.targets import (
    BadLine,
    names_in_arguments,
    names_in_file,
    names_in_stream,
)
from mw_tokens_plugin.exceptions import InvalidInput


def read(text: bytes) -> list[str | BadLine]:
    return list(names_in_stream(io.BytesIO(text), 'list'))


def test_comments_lists_and_empty_lines_are_understood() -> None:
    text = b'# spam wave\n\n* [[User:spam 1]]\nspam_2 # the second\r\n  \nUser:Spam 3'
    assert read(text) == ['Spam 1', 'Spam 2', 'Spam 3']


def test_a_byte_order_mark_is_not_part_of_the_first_name() -> None:
    assert read(b'\xef\xbb\xbfSpam 1\n') == ['Spam 1']


def test_a_bad_line_keeps_its_number() -> None:
    good, bad = read(b'Spam 1\na|b\n')
    assert good == 'Spam 1'
    assert isinstance(bad, BadLine)
    assert (bad.source, bad.number) == ('list', 2)
    assert "'|'" in bad.problem


def test_other_encodings_are_a_clear_error() -> None:
    with pytest.raises(InvalidInput, match='list, line 2: byte 3 is not UTF-8'):
        read('Spam\nGr\u00fc\u00dfe\n'.encode('latin-1'))


@pytest.mark.parametrize('path', ['nosuch.txt', '.'])
def test_a_file_that_cannot_be_read_is_a_clear_error(path: str, tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match='cannot be read'):
        list(names_in_file(str(tmp_path / path)))


def test_arguments_are_names_too() -> None:
    assert list(names_in_arguments(['spam_1', 'User:Spam 2'])) == ['Spam 1', 'Spam 2']
