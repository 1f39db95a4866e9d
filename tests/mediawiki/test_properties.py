"""Client, sandbox and MediaWiki make the same of any text.

The texts are drawn, and the same ones in each run; MediaWiki's own functions are asked
in :mod:`.oracle`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from datetime import datetime, timezone
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from centralauth_sandbox import Farm, titles
from centralauth_sandbox.call import Call
from centralauth_sandbox.declarations import Declarations, Module, Parameter
from centralauth_sandbox.errors import ApiError
from centralauth_sandbox.expiries import moment
from mw_tokens_plugin.exceptions import InvalidInput, InvalidName
from mw_tokens_plugin.protocol.addresses import canonical_address
from mw_tokens_plugin.protocol.expiries import ends_at
from mw_tokens_plugin.protocol.fields import as_timestamp, timestamp
from mw_tokens_plugin.protocol.globalblocks import INFINITY, expiry_text, parse_expiry
from mw_tokens_plugin.protocol.names import normalise_name
from mw_tokens_plugin.targets.pagenames import named, split

from .installation import MediaWiki
from .oracle import Oracle
from .test_names import PIECES
from .unicodes import CHANGED
from .wiki import Wiki

pytestmark = pytest.mark.only('mediawiki')

DRAWN = settings(
    max_examples=15,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=list(HealthCheck),
    # What differs is short, and shown, so that nothing has to be shrunk.
    phases=[Phase.generate],
)

#: The 29th of February, the 31st of January, a Wednesday in November.
TIMES = (1709164800, 1769904000, 1795000000)
NOW = TIMES[2]

LETTERS = st.characters(codec='utf-8', exclude_categories=['Cn', 'Co']).filter(
    lambda letter: letter not in CHANGED
)
TEXTS = st.lists(st.sampled_from(PIECES) | LETTERS, max_size=6).map(''.join)


def many(texts: st.SearchStrategy[Any]) -> st.SearchStrategy[list[Any]]:
    """Draw so many texts that PHP is rarely asked."""
    return st.lists(texts, min_size=20, max_size=80)


@pytest.fixture(scope='module')
def mediawiki(farm: list[Wiki]) -> Iterator[Oracle]:
    assert isinstance(farm[0], MediaWiki)
    with farm[0].oracle() as oracle:
        yield oracle


@pytest.fixture(scope='module')
def sandbox() -> Farm:
    return Farm(['meta'], clock=lambda: float(NOW))


def read_by(farm: Farm, kind: str, text: str) -> Any:
    """Return a parameter's value as modules of the sandbox get it; None if refused."""
    parameter = Parameter(
        'given',
        'string' if kind == 'list' else kind,
        multi=50 if kind == 'list' else 0,
        subtypes=('name', 'ip', 'cidr') if kind == 'user' else (),
    )
    declarations = Declarations(True)
    declarations.modules['given'] = Module(
        path='given',
        classname='',
        source='',
        flags='',
        prefix='',
        helpurls=(),
        parameters=(parameter,),
        group='action',
        token='',
    )
    call = Call(farm.wikis['meta'], declarations, {'given': text})
    try:
        return call.parse('given')['given']
    except ApiError:
        return None


def differing(texts: Sequence[Any], *found: Sequence[Any]) -> list[Any]:
    """Return the texts of which not all have made the same."""
    rows = zip(texts, *found, strict=True)
    return [row for row in rows if any(value != row[1] for value in row[2:])]


# Names and titles


def account_of(text: str) -> str | None:
    try:
        return normalise_name(text)
    except InvalidName:
        return None


def plain(title: Any) -> Any:
    """Return a title as the sandbox writes it.

    Unlike Wikimedia's wikis it writes a first sharp s as a plain MediaWiki was recorded
    to do.
    """
    if isinstance(title, list):
        return [title[0], plain(title[1])]
    return re.sub('^\xdf', 'Ss', title) if title else title


#: What stands before "User:" may be an interwiki prefix; ranges are no users, but both
#: stand in lists, as do links and entities.
_IN_LISTS = re.compile(r'^[\W_]*::|/|[^ ]:User:|&|\[\[|@global')


@DRAWN
@given(many(TEXTS))
def test_a_name_is_the_same_account_everywhere(
    mediawiki: Oracle, sandbox: Farm, texts: list[str]
) -> None:
    texts = [t for text in texts if not _IN_LISTS.search(t := text.strip())]
    theirs = mediawiki.ask('name', texts)
    assert differing(texts, theirs, [account_of(text) for text in texts]) == []
    read = mediawiki.ask('parameter', [['user', text, NOW] for text in texts])
    found = [read_by(sandbox, 'user', text) for text in texts]
    assert differing(texts, list(map(plain, read)), found) == []


@DRAWN
@given(many(TEXTS))
def test_a_title_is_the_same_page_everywhere(
    mediawiki: Oracle, sandbox: Farm, texts: list[str]
) -> None:
    theirs = mediawiki.ask('title', texts)
    read = [read_by(sandbox, 'string', text) or '' for text in texts]
    found = [t and [t.namespace, t.name] for t in map(titles.parse_title, read)]
    assert differing(texts, list(map(plain, theirs)), found) == []
    # A target's name is the same page, too: without what is around it in a list.
    texts = [text.partition('#')[0].strip('\t\n\r ') for text in texts]
    theirs = mediawiki.ask('title', texts)
    sent = [name_of(text) for text in texts]
    again = mediawiki.ask('title', [text for text in sent if text is not None])
    rest = iter(again)
    same = [None if text is None else next(rest) for text in sent]
    assert differing(texts, theirs, same) == []


def name_of(text: str) -> str | None:
    try:
        return split(named('onewiki', text))[1]
    except InvalidInput:
        return None


# Parameters


@DRAWN
@given(
    many(
        st.lists(st.sampled_from(['|', '\x1f', 'a', 'b']) | LETTERS, max_size=9).map(
            ''.join
        )
    )
)
def test_lists_have_the_same_values(
    mediawiki: Oracle, sandbox: Farm, texts: list[str]
) -> None:
    for kind in 'list', 'string':
        asked = [[kind, text, NOW] for text in texts]
        found = [read_by(sandbox, kind, text) for text in texts]
        assert differing(texts, mediawiki.ask('parameter', asked), found) == []


def _digits(last: int, count: int) -> st.SearchStrategy[str]:
    return st.integers(0, last).map(lambda number: f'{number:0{count}}')


YEARS = _digits(9999, 4) | st.sampled_from(['0000', '0001', '1969', '2027', '9999'])
MOMENTS = st.builds(
    ''.join,
    st.tuples(
        YEARS,
        st.just('-'),
        _digits(12, 2) | _digits(99, 2),
        st.just('-'),
        _digits(31, 2) | _digits(99, 2),
        st.sampled_from('T '),
        _digits(99, 2),
        st.just(':'),
        _digits(99, 2),
        st.just(':'),
        _digits(99, 2),
        st.sampled_from(['', '.5', ',999999']),
        st.sampled_from(['Z', 'Z', '', '+01:30', '-1145', '+99', '\n']),
    ),
)
STAMPS = MOMENTS | MOMENTS.map(lambda text: re.sub(r'\D', '', text)[:14])
SECONDS = st.integers(-62167219200, 253402300799)


@DRAWN
@given(many(STAMPS | (SECONDS | st.integers(-99, 99)).map(str) | TEXTS))
def test_a_time_stamp_is_the_same_moment_everywhere(
    mediawiki: Oracle, sandbox: Farm, texts: list[str]
) -> None:
    theirs = mediawiki.ask('parameter', [['timestamp', text, NOW] for text in texts])
    found = [read_by(sandbox, 'timestamp', text) for text in texts]
    assert differing(texts, theirs, found) == []


@DRAWN
@given(many(st.integers(-62135596800, 253402300799)))
def test_what_the_wiki_writes_as_a_moment_is_read_and_written_alike(
    mediawiki: Oracle, sandbox: Farm, moments: list[int]
) -> None:
    theirs = mediawiki.ask('written', moments)
    read = [timestamp(text) or INFINITY for text in theirs]
    assert [moment.timestamp() for moment in read] == moments
    assert [as_timestamp(moment) for moment in read] == theirs
    assert [sandbox.timestamp(seconds) for seconds in moments] == theirs
    plain = [re.sub(r'\D', '', text) for text in theirs]
    assert [parse_expiry(text).timestamp() for text in plain] == moments


# Expiries

UNITS = st.sampled_from(
    'sec second min minute hour day week fortnight month year years days Hours WEEKS '
    'mo d h weekday'.split()
)
SPANS = st.builds(
    lambda count, blank, unit: f'{count}{blank}{unit}',
    st.integers(-1, 40) | st.sampled_from([100, 999, 9999, 99999, '007', '+3', '1.5']),
    st.sampled_from([' ', '', '  ', '\t', '_', '\xa0']),
    UNITS,
)
WORDS = st.sampled_from(
    'infinity|infinite|indefinite|never|Infinity|NEVER|infinit|now|today|Tomorrow|noon|'
    'next week|next month|last day|monday|| |0|1|ago|and|,|later|2027-02-30'.split('|')
)
EXPIRIES = st.builds(
    lambda blank, texts: blank.join(texts),
    st.sampled_from([' ', ', ', '']),
    st.lists(SPANS | WORDS | MOMENTS | MOMENTS.map(lambda t: t[:10]), max_size=2),
)


@DRAWN
@given(many(st.tuples(EXPIRIES, st.sampled_from(TIMES))))
def test_an_expiry_that_is_understood_is_the_moment_that_mediawiki_takes_it_for(
    mediawiki: Oracle, sandbox: Farm, asked: list[tuple[str, int]]
) -> None:
    """A campaign understands some, and the sandbox more; none is another moment."""
    ends = [
        ends_at(text, datetime.fromtimestamp(now, timezone.utc)) for text, now in asked
    ]
    understood = [(a, end) for a, end in zip(asked, ends, strict=True) if end]
    texts = [a for a, _ in understood]
    found = ['infinity' if e == INFINITY else as_timestamp(e) for _, e in understood]
    sent = [(expiry_text(text), now) for text, now in texts]
    assert differing(texts, mediawiki.ask('expiry', sent), found) == []
    known = [(text, now) for text, now in asked if moment(text, now) is not None]
    theirs = mediawiki.ask('expiry', known)
    assert (
        differing(known, theirs, [kept(sandbox, text, now) for text, now in known])
        == []
    )


def kept(sandbox: Farm, text: str, now: int) -> str | None:
    """Return an expiry as the sandbox keeps it."""
    end = moment(text, now)
    return None if end is None else sandbox.timestamp(end)


# Addresses

BYTES = (
    st.integers(0, 255).map(str)
    | st.integers(0, 255).map(str)
    | st.sampled_from(['0', '1', '127', '255', '256', '999'])
    | st.sampled_from(['00', '000', '01', '007', '0255', '', '-1', '1 ', '\u0661'])
)
GROUPS = st.text('0123456789abcdefABCDEF', min_size=1, max_size=4) | st.sampled_from(
    ['0', '0000', '00001', '', 'g', 'ffff']
)
DOTTED = st.lists(BYTES, min_size=4, max_size=4).map('.'.join)
IPV6 = st.builds(
    lambda before, middle, after: ':'.join(before) + middle + ':'.join(after),
    st.lists(GROUPS, max_size=8),
    st.sampled_from(['', '::', '::', ':']),
    st.lists(GROUPS, max_size=8),
)
MAPPED = st.builds(''.join, st.tuples(st.sampled_from(['::ffff:', '::']), DOTTED))
BITS = (
    st.just('')
    | st.integers(0, 130).map(lambda bits: f'/{bits}')
    | st.sampled_from(['/31', '/32', '/33', '/127', '/128', '/129'])
    | st.sampled_from(['/', '/032', '/-1', '/1/2', '/24 ', '%eth0', ':80'])
)
ADDRESSES = st.builds(''.join, st.tuples(DOTTED | IPV6 | IPV6 | MAPPED, BITS))


_MISREAD = re.compile(r'^::/|^(?=.*/)(?:[\d.]*\.)?0\d')


@DRAWN
@given(many(ADDRESSES))
def test_an_address_is_the_same_everywhere(
    mediawiki: Oracle, sandbox: Farm, texts: list[str]
) -> None:
    # MediaWiki reads these wrongly: 1.39 makes 0.0.0.0 of ranges with leading zeros.
    texts = [text for text in texts if not _MISREAD.search(text)]
    theirs = mediawiki.ask('address', texts)
    found = [canonical_address(text) for text in texts]
    # A range of one address is that address here.
    alone = [t and t.removesuffix('/32' if '.' in t else '/128') for t in theirs]
    assert differing(texts, alone, found) == []
    read = mediawiki.ask('parameter', [['user', text, NOW] for text in texts])
    in_the_sandbox = [read_by(sandbox, 'user', text) for text in texts]
    assert differing(texts, read, in_the_sandbox) == []


# Tokens


def test_the_sandbox_s_modules_want_the_same_types_of_tokens(mediawiki: Oracle) -> None:
    modules = Declarations(True).modules
    names = [name for name in modules if '+' not in name and name != 'main']
    theirs = mediawiki.ask('token', names)
    # Those of extensions that are not installed are recorded elsewhere.
    rows = [
        (name, wanted, modules[name].token or None)
        for name, wanted in zip(names, theirs, strict=True)
        if wanted is not False
    ]
    assert len(rows) > 20
    assert [row for row in rows if row[1] != row[2]] == []
