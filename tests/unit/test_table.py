"""Options as fields: read, checked, explained and repeated from one place."""

from __future__ import annotations

import string
from dataclasses import dataclass
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mw_tokens_plugin.cli.helptext import help_text, reference
from mw_tokens_plugin.cli.options import CampaignOptions
from mw_tokens_plugin.cli.table import (
    Options,
    When,
    check_names,
    check_together,
    number,
    option,
    parse,
    repeated,
    table,
)
from mw_tokens_plugin.exceptions import InvalidInput


@dataclass(frozen=True, kw_only=True)
class Shelf(Options):
    """Options of every sort."""

    books: tuple[str, ...] = option('Books.', value='TITLE', repeat=True)
    rooms: tuple[str, ...] = option('Rooms.', value='A,B', separated=True)
    max_pages: int = option(
        'Pages.', 50, value='N', read=number, when=When.ALWAYS, resumed=True
    )
    reason: str | None = option('Why.', value='TEXT', also='-summary', empty=True)
    lend: bool = option(
        'Lend.', excludes=('sell',), because='x.', when=When.ALWAYS, resumed=True
    )
    sell: bool = option('Sell.', needs=('books',))
    key: str | None = option('Key.', value='KEY', private=True, read=str.lower)


WORDS = st.text(string.ascii_letters + ' ä', min_size=1).filter(str.strip)


@settings(max_examples=60, deadline=None)
@given(
    st.lists(WORDS, max_size=3),
    st.lists(WORDS, max_size=3),
    st.none() | st.integers(0, 10**6),
    st.booleans(),
    st.randoms(use_true_random=False),
)
def test_what_is_written_is_read_in_any_order(
    names: list[str], books: list[str], pages: int | None, lend: bool, order: Any
) -> None:
    """And what is repeated on the line that resumes is read as the same."""
    words = [f'-books:{book}' for book in books]
    words += [f'-max-pages:{pages}'] * (pages is not None) + ['-lend'] * lend
    where = sorted(order.sample(range(len(names + words)), len(names)))
    for place, name in zip(where, names, strict=True):
        words.insert(place, name)
    read = parse(Shelf, words, 'pwb shelf')
    assert read.names == tuple(names)
    assert read.books == tuple(books)
    assert read.max_pages == (50 if pages is None else pages)
    assert read.lend is lend
    again = parse(Shelf, repeated(read), 'pwb shelf')
    assert (again.max_pages, again.lend) == (read.max_pages, lend)
    assert again.books == again.names == ()


@settings(max_examples=100, deadline=None)
@given(st.lists(st.text(max_size=20), max_size=4))
def test_whatever_is_typed_is_read_or_refused_in_a_sentence(words: list[str]) -> None:
    try:
        read = parse(Shelf, words, 'pwb shelf')
    except InvalidInput as error:
        assert str(error).endswith(('.', '?'))
    else:
        assert len(read.names) == sum(not w.startswith('-') or w == '-' for w in words)


@settings(max_examples=60, deadline=None)
@given(st.sampled_from([n for n in table(CampaignOptions) if len(n) > 4]), st.data())
def test_a_slip_of_one_letter_names_the_option_that_may_be_meant(
    name: str, data: st.DataObject
) -> None:
    place = data.draw(st.integers(2, len(name) - 1))
    slip = name[:place] + name[place + 1 :]
    if slip in table(CampaignOptions):
        return
    with pytest.raises(InvalidInput, match=r'Is -.* meant\?|write -'):
        parse(CampaignOptions, [slip], 'pwb own')


@pytest.mark.parametrize(
    ('words', 'sentence'),
    [
        (['-book:A'], "'-book' is not understood. Is -books:TITLE meant?"),
        (['--books=A'], '--books is not understood: write -books:A.'),
        (['-Max_Pages:3'], '-Max_Pages is not understood: write -max-pages:3.'),
        (['-books'], '-books needs a value: -books:TITLE.'),
        (['-lend:yes'], '-lend takes no value: write -lend.'),
        # pywikibot's own are known, too.
        (['-simulat'], "'-simulat' is not understood. Is -simulate meant?"),
        (['--simulate'], '--simulate is not understood: write -simulate.'),
        (['--help'], '--help is not understood: write -help.'),
        (['-User=A'], '-User is not understood: write -user:A.'),
        (['-books: '], '-books: says nothing'),
        (['-rooms: ,'], '-rooms: says nothing'),
        (['-max-pages:1', '-max-pages:1'], '-max-pages is given twice'),
        (['-reason:a', '-summary:b'], '-reason is given twice'),
        (['-max-pages:many'], '-max-pages:many: give a number'),
        (['-max-pages:\u0663'], 'give a number'),
        (['-max-pages:1\nERROR'], '-max-pages: give a number'),
        (['--books=A\nERROR'], '--books is not understood: write -books:TITLE.'),
    ],
)
def test_what_would_be_misunderstood_is_refused(
    words: list[str], sentence: str
) -> None:
    with pytest.raises(InvalidInput) as caught:
        parse(Shelf, words, 'pwb shelf')
    assert sentence in str(caught.value)


def test_a_private_value_is_in_no_sentence() -> None:
    for words in (['-key:Secret', '-key:Secret'], ['-KEY:Secret'], ['-kee:Secret']):
        with pytest.raises(InvalidInput) as caught:
            parse(Shelf, words, 'pwb shelf')
        assert 'Secret' not in str(caught.value)


@pytest.mark.parametrize(
    ('word', 'meant'),
    [
        ('simulate', '-simulate'),
        ('lend', '-lend'),
        ('reason:Spam', '-reason:TEXT'),
        ('max-pages:3', '-max-pages:N'),
        ('max_pages=3', '-max-pages:N'),
        ('summary:Spam', '-reason:TEXT'),
        ('\u2014simulate', '-simulate'),
        ('\u2013-Simulat', '-simulate'),
        ('\u2212Reason:Spam', '-reason:TEXT'),
        ('help', '-help'),
        ('\u2014Foo\u2014', ''),
        ('v', ''),
        ('Lend', ''),
        ('reason', ''),
        ('lend:A', ''),
        ('user:A', ''),
        ('file:A.jpg', ''),
    ],
)
def test_a_name_that_is_an_option_without_its_dash_is_refused(
    word: str, meant: str
) -> None:
    """What was to be simulated would be done, for one target more."""
    options = parse(Shelf, ['A', word], 'pwb shelf')
    if not meant:
        check_names(options)
        return
    with pytest.raises(InvalidInput, match=f'Is {meant} meant'):
        check_names(options)


@pytest.mark.parametrize('word', ['', ' '])
def test_an_empty_name_is_refused(word: str) -> None:
    """It names nobody: what was meant would be left out in silence."""
    with pytest.raises(InvalidInput, match='An argument is empty'):
        check_names(parse(Shelf, ['A', word], 'pwb shelf'))


def test_it_is_said_how_to_give_a_name_that_looks_like_an_option() -> None:
    with pytest.raises(InvalidInput, match='by -file:FILE'):
        parse(CampaignOptions, ['-Foo-'], 'pwb own')
    with pytest.raises(InvalidInput, match='understood') as caught:
        parse(CampaignOptions, ['-h'], 'pwb own')
    assert 'Is - meant' not in str(caught.value)


@pytest.mark.parametrize(
    ('words', 'new', 'sentence'),
    [
        (['-sell'], True, '-sell needs a -books:TITLE.'),
        (
            ['-lend', '-sell', '-books:A'],
            True,
            '-lend and -sell do not go together: x.',
        ),
        (['-books:A', '-rooms:B'], False, '-books and -rooms belong to a new plan'),
        # Also where it says what holds anyway.
        (['-reason:'], False, '-reason belongs to a new plan'),
    ],
)
def test_options_that_do_not_go_together_are_refused(
    words: list[str], new: bool, sentence: str
) -> None:
    with pytest.raises(InvalidInput) as caught:
        check_together(parse(Shelf, words, 'pwb shelf'), new=new)
    assert sentence in str(caught.value)


def test_each_option_is_explained_in_the_help_and_on_the_page() -> None:
    text, page = help_text(CampaignOptions), reference(CampaignOptions)
    for _, about in table(CampaignOptions).values():
        assert f'\n{about.form}' in f'\n{text}'
        assert f'| `{about.form}`' in page
    assert max(map(len, text.splitlines())) <= 80
