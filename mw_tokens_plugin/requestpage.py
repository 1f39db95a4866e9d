"""Steward request pages: read into frozen records, and mark requests as done.

It works on a page's text alone: what is certain is said of each request, but whether
to act on it is for others to decide, and nothing is read from or sent to a wiki.

https://meta.wikimedia.org/wiki/Steward_requests/Global
"""

from __future__ import annotations

import enum
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timezone

import mwparserfromhell
from mwparserfromhell.nodes import (
    Comment,
    Heading,
    HTMLEntity,
    Node,
    Tag,
    Template,
    Text,
    Wikilink,
)
from mwparserfromhell.nodes.extras import Parameter
from mwparserfromhell.parser import ParserError
from mwparserfromhell.wikicode import Wikicode

from mw_tokens_plugin.exceptions import InvalidInput, InvalidName
from mw_tokens_plugin.protocol.names import AccountKind, kind_of, normalise_name

#: What ``{{Status|...}}`` holds while a request is open.
OPEN = frozenset({'', 'hold', 'onhold', 'on hold', 'in progress', 'inprogress'})
#: What it holds afterwards. Any other word is taken for neither.
CLOSED = frozenset(
    'already, already done, archived, closed, completed, declined, denied, done, '
    'duplicate, expired, failed, fixed, invalid, moved, no action, not done, notdone, '
    'partially done, partly done, redundant, rejected, resolved, stale, successful, '
    'unsuccessful, withdrawn'.split(', ')
)


class RequestKind(enum.Enum):
    """What a request asks for.

    .. version-added:: 0.1
    """

    LOCK = 'lock'
    UNLOCK = 'unlock'
    #: To lock and hide, or to hide.
    HIDE = 'hide'
    BLOCK = 'block'
    UNBLOCK = 'unblock'


class Standing(enum.Enum):
    """What a name in a request is there for."""

    REQUESTED = 'requested'
    #: Struck out, that is, withdrawn.
    STRUCK = 'struck out'
    #: In a template that is not for what is asked for, beside one that is.
    MENTIONED = 'mentioned'
    #: Not the name of any account.
    UNREADABLE = 'unreadable'


class Problem(enum.Enum):
    """Why a request is not certainly one of its kind.

    .. version-added:: 0.1
    """

    NO_KIND = 'its heading does not say what is asked for'
    NO_API = 'it asks for what the API cannot do'
    OTHER_SECTION = 'it stands in a section that is not for what it asks'
    NO_STATUS = 'it has no {{Status}}'
    SEVERAL_STATUSES = 'it has more than one {{Status}}'
    STRUCK = 'it is struck out'
    INSIDE = 'names stand inside something else'
    VEILED = 'a tag may hide parts of it from its readers'
    ENDLESS_STRIKE = 'something is struck out without an end'
    NOBODY = 'it names nobody'


@dataclass(frozen=True, slots=True)
class Span:
    """Where in the text of a page something stands."""

    start: int
    end: int

    def of(self, text: str) -> str:
        """Return what stands there."""
        return text[self.start : self.end]


@dataclass(frozen=True, slots=True)
class Named:
    """One name in a request.

    .. version-added:: 0.1

    :ivar name: the name in MediaWiki's form; as it is written if it is unreadable
    :ivar kind: what it stands for: only accounts can be locked
    :ivar hidden: it must not be shown in public
    :ivar span: where its parameter's value stands
    """

    name: str
    kind: AccountKind
    standing: Standing
    hidden: bool
    span: Span


@dataclass(frozen=True, slots=True)
class Status:
    """The ``{{Status}}`` of a request.

    :ivar word: what it holds, in small letters and without comments
    :ivar span: where the template stands
    :ivar when_done: the template as it is when the request is done
    """

    word: str
    span: Span
    when_done: str


@dataclass(frozen=True, slots=True)
class Signature:
    """What the first signature in a request claims; anybody can write it."""

    name: str | None
    moment: datetime


@dataclass(frozen=True, slots=True)
class Request:
    """One request, as a page has it.

    .. version-added:: 0.1

    :ivar heading: its heading as it is displayed
    :ivar section: the nearest heading that it stands under; None if there is none
    :ivar kind: what it asks for; None if that is not certain
    :ivar status: None if it has none
    :ivar signature: who asked and when, by its own words
    :ivar problems: why it is not certainly a request of its kind; empty if it is
    :ivar span: where it stands, with its heading
    :ivar foot: where a line under it begins
    """

    heading: str
    section: str | None
    kind: RequestKind | None
    status: Status | None
    named: tuple[Named, ...]
    signature: Signature | None
    problems: tuple[Problem, ...]
    heading_span: Span
    span: Span
    foot: int

    @property
    def is_open(self) -> bool:
        """Whether it waits for somebody; what has no status may be."""
        return self.status is None or self.status.word in OPEN

    @property
    def is_closed(self) -> bool:
        """Whether it is done with; what has an unknown status is not open either."""
        return self.status is not None and self.status.word in CLOSED

    @property
    def is_certain(self) -> bool:
        """Whether nothing is doubtful about what it asks for."""
        return self.kind is not None and self.status is not None and not self.problems

    @property
    def names(self) -> tuple[str, ...]:
        """Those for whom it asks, each once."""
        return tuple(
            dict.fromkeys(
                named.name
                for named in self.named
                if named.standing is Standing.REQUESTED
            )
        )

    @property
    def hidden_names(self) -> frozenset[str]:
        """Names in it that must not be shown in public."""
        return frozenset(named.name for named in self.named if named.hidden)

    @property
    def unreadable(self) -> tuple[Named, ...]:
        """What stands where a name should, and is none."""
        return tuple(n for n in self.named if n.standing is Standing.UNREADABLE)


@dataclass(frozen=True, slots=True)
class Closing:
    """What is to be written under a request.

    :ivar line: one line of wikitext, without the signature
    :ivar done: whether its status becomes ``done``; otherwise it stays open
    """

    request: Request
    line: str
    done: bool


@dataclass(frozen=True, slots=True)
class RequestPage:
    """A request page.

    .. version-added:: 0.1

    :ivar problem: why nothing can be told of it; None if it could be read
    """

    text: str = field(repr=False)
    requests: tuple[Request, ...]
    problem: str | None = None

    @property
    def hidden_names(self) -> frozenset[str]:
        """All names on it that must not be shown in public."""
        return frozenset(name for r in self.requests for name in r.hidden_names)

    @classmethod
    def parse(cls, text: str) -> RequestPage:
        """Read a page; it never fails.

        :param text: its wikitext
        """
        try:
            parsed = mwparserfromhell.parse(text, skip_style_tags=True)
        except (ParserError, RecursionError) as error:
            return cls(text, (), f'its wikitext cannot be parsed: {error}')
        if str(parsed) != text:
            return cls(text, (), 'its wikitext cannot be parsed without a loss')
        pieces = list(_visible(_pieces(parsed, 0)))
        if any(_tag(piece.node) == 'templatestyles' for piece in pieces):
            # Such a sheet says how all of the page looks.
            pieces = [replace(piece, veiled=True) for piece in pieces]
        return cls(text, tuple(_requests(text, pieces)))

    def closed(self, closings: Iterable[Closing]) -> str:
        """Return the text with lines under some requests, and some of them done.

        Every other character stays as it is.

        :param closings: at most one for each request
        :raises InvalidInput: the page would not read as it should then
        """
        closings = list(closings)
        text = self.text
        edits: list[tuple[Span, str]] = []
        for closing in closings:
            request = closing.request
            if re.search('[\r\n]|~~~', closing.line):
                raise InvalidInput('The note is not one line without a signature.')
            foot = Span(request.foot, request.foot)
            edits.append((foot, f'\n{closing.line} ~~~~'))
            if closing.done and request.status is not None:
                edits.append((request.status.span, request.status.when_done))
        for span, new in sorted(edits, key=lambda e: e[0].start, reverse=True):
            text = text[: span.start] + new + text[span.end :]
        done = {closing.request.span for closing in closings if closing.done}
        wanted = [_gist(r, done=r.span in done) for r in self.requests]
        if closings and [_gist(r) for r in RequestPage.parse(text).requests] != wanted:
            raise InvalidInput(
                'The requests cannot be marked without changing what the page says: '
                'do it by hand.'
            )
        return text


def _gist(request: Request, *, done: bool = False) -> tuple[object, ...]:
    """Return what marking other requests must not change."""
    word = 'done' if done else request.status and request.status.word
    standing = [(n.name, n.standing, n.hidden) for n in request.named]
    return request.heading, request.kind, word, standing, request.problems


# From the parser's nodes to pieces that follow one another

#: Tags whose content is displayed like the text around them.
_TRANSPARENT = frozenset(
    'b big blockquote center dd div dl dt em font i li noinclude ol onlyinclude p '
    'section small span strong table tbody td th tr tt u ul var'.split()
)
_STRIKING = frozenset({'s', 'strike', 'del'})
#: From here to the end of the page nothing is displayed.
_UNCLOSED = re.compile(r'<!--|<includeonly\b', re.IGNORECASE)
#: A tag as the parser leaves it in a text: it begins, and nobody knows where it ends.
_OPENED = re.compile(r'<(?P<tag>[a-z][a-z0-9]*)(?=[\s/])(?P<attributes>[^<>]*)>', re.I)
_ATTRIBUTE = re.compile(
    r"""\s+(?P<name>[^\s"'>/=]+)(?:\s*=\s*("[^"]*"|'[^']*'|[^\s"'=<>`]+))?"""
)
#: What tags may say without hiding anything from those who read the page.
_HARMLESS_ATTRIBUTES = frozenset(
    'align begin border cellpadding cellspacing clear colspan dir end lang name '
    'reversed rowspan scope start title type valign value'.split()
)
#: Classes whose look is MediaWiki's own; what is collapsed can be opened.
_HARMLESS_CLASSES = frozenset(
    'mw-collapsed mw-collapsible plainlinks sortable wikitable'.split()
)
_HARMLESS_STYLE = re.compile(
    r'(?:\s*(?:clear|column-count|column-width|columns|float|font-style|font-weight|'
    r'text-align)\s*:[\w\s.]*(?:;|\Z))*\s*',
    re.IGNORECASE,
)
#: Tags that never have content.
_EMPTY = frozenset({'br', 'hr', 'wbr'})
#: Tags that end with their paragraph at the latest; many signatures leave one open.
_SHORT = frozenset({'p', 'span'})
_UNCLOSED_STRIKE = re.compile(r'<(?:s|strike|del)(?:\s[^<>]*)?>', re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class _Piece:
    """A node, and what the tags around it do to it."""

    node: Node
    span: Span
    struck: bool
    veiled: bool


def _pieces(
    code: Wikicode, offset: int, *, struck: bool = False, veiled: bool = False
) -> Iterator[_Piece]:
    for node in code.nodes:
        whole = str(node)
        start = _start_of_content(node, whole)
        if start is not None and isinstance(node, Tag) and node.contents is not None:
            yield from _pieces(
                node.contents,
                offset + start,
                struck=struck or _tag(node) in _STRIKING,
                veiled=veiled or _veils(node),
            )
        else:
            yield _Piece(node, Span(offset, offset + len(whole)), struck, veiled)
        offset += len(whole)


def _start_of_content(node: Node, whole: str) -> int | None:
    """Return where the content of a tag begins, if it is to be looked at."""
    if not isinstance(node, Tag) or node.self_closing or node.contents is None:
        return None
    if _tag(node) not in _TRANSPARENT | _STRIKING:
        return None
    content = str(node.contents)
    closing = (
        str(node.closing_wiki_markup or '')
        if node.wiki_markup
        else f'</{node.closing_tag}>'
    )
    start = len(whole) - len(closing) - len(content)
    return start if whole[start:] == content + closing else None


def _tag(node: Node) -> str:
    return str(node.tag).strip().lower() if isinstance(node, Tag) else ''


def _veils(node: Tag) -> bool:
    """Tell whether the look of a tag may hide what is in it."""
    return not all(
        _is_harmless(str(a.name), str(a.value or '')) for a in node.attributes
    )


def _is_harmless(name: str, value: str) -> bool:
    name = name.strip().lower()
    if name == 'style':
        return _HARMLESS_STYLE.fullmatch(value) is not None
    if name == 'class':
        return _HARMLESS_CLASSES.issuperset(value.split())
    return name in _HARMLESS_ATTRIBUTES


def _visible(pieces: Iterable[_Piece]) -> Iterator[_Piece]:
    """Yield what is displayed, and say what tags without an end may hide."""
    to_the_end = to_the_heading = False
    for piece in pieces:
        node = piece.node
        if isinstance(node, Text) and _UNCLOSED.search(str(node)):
            return
        if isinstance(node, Heading):
            to_the_heading = False
        veiled = piece.veiled or to_the_end or to_the_heading
        yield replace(piece, veiled=veiled)
        for tag in _veils_what_follows(node):
            to_the_heading = True
            to_the_end = to_the_end or tag not in _SHORT


def _veils_what_follows(node: Node) -> Iterator[str]:
    """Yield the tags that begin here, end somewhere, and may hide what is between."""
    if isinstance(node, Text):
        for found in _OPENED.finditer(str(node)):
            attributes = found['attributes'].rstrip('/ ')
            if _ATTRIBUTE.sub('', attributes).strip() or not all(
                _is_harmless(a['name'], (a[2] or '').strip('"\''))
                for a in _ATTRIBUTE.finditer(attributes)
            ):
                yield found['tag'].lower()
    elif (
        isinstance(node, Tag)
        and node.self_closing
        and _tag(node) not in _EMPTY
        and _veils(node)
    ):
        yield _tag(node)


# From pieces to requests


@dataclass(frozen=True, slots=True)
class _Section:
    """A heading with requests below it, and what they ask for if it says so."""

    level: int
    title: str
    kinds: frozenset[RequestKind] | None


def _requests(text: str, pieces: Sequence[_Piece]) -> Iterator[Request]:
    heads = [i for i, piece in enumerate(pieces) if isinstance(piece.node, Heading)]
    #: The sections that a heading stands in: level, and what is asked for there.
    above: list[_Section] = []
    within: int | None = None
    for position, head in enumerate(heads):
        heading = pieces[head].node
        assert isinstance(heading, Heading)
        if within is not None and heading.level > within:
            continue
        while above and above[-1].level >= heading.level:
            above.pop()
        following = heads[position + 1] if position + 1 < len(heads) else len(pieces)
        title = _displayed(heading.title)
        kinds = _kinds_of_section(title)
        signs = any(map(_is_sign, pieces[head + 1 : following]))
        if signs or (above and above[-1].kinds and not kinds):
            within = heading.level
            last = next(
                (
                    later
                    for later in heads[position + 1 :]
                    if _level(pieces[later].node) <= heading.level
                ),
                len(pieces),
            )
            end = pieces[last].span.start if last < len(pieces) else _end(pieces, text)
            yield _request(text, title, pieces[head:last], end, above)
        else:
            within = None
            above.append(_Section(heading.level, title, kinds))


def _level(node: Node) -> int:
    assert isinstance(node, Heading)
    return int(node.level)


def _end(pieces: Sequence[_Piece], text: str) -> int:
    return pieces[-1].span.end if pieces else len(text)


def _request(
    text: str,
    title: str,
    pieces: Sequence[_Piece],
    end: int,
    above: Sequence[_Section],
) -> Request:
    head, *body = pieces
    span = Span(head.span.start, end)
    statuses = [p for p in body if _template(p) == 'status']
    heading = head.node
    assert isinstance(heading, Heading)
    kind, problem = _kind(_plain(heading.title), above)
    problems = [problem] if problem else []
    if len(statuses) != 1:
        problems.append(Problem.SEVERAL_STATUSES if statuses else Problem.NO_STATUS)
    if head.struck or any(p.struck for p in statuses):
        problems.append(Problem.STRUCK)
    if any(_hides_a_name(piece.node) for piece in pieces):
        problems.append(Problem.INSIDE)
    if head.veiled or any(p.veiled for p in body if _is_sign(p)):
        problems.append(Problem.VEILED)
    if any(
        isinstance(p.node, Text) and _UNCLOSED_STRIKE.search(str(p.node)) for p in body
    ):
        problems.append(Problem.ENDLESS_STRIKE)
    # What a request to hide names is not to be shown before it is hidden either.
    hiding = not {RequestKind.HIDE, None}.isdisjoint(_asked(title.lower()))
    named = tuple(_named(text, body, hiding=hiding))
    foot = _foot(text, pieces)
    if not any(n.standing is Standing.REQUESTED for n in named):
        problems.append(Problem.NOBODY)
    return Request(
        heading=title,
        section=above[-1].title if above else None,
        kind=kind,
        status=_status(statuses[0]) if statuses else None,
        named=named,
        signature=_signature(span.of(text)),
        problems=tuple(problems),
        heading_span=head.span,
        span=Span(span.start, max(end, foot)),
        foot=foot,
    )


_CLOSING = re.compile(r'(?:[ \t]*</\w+[ \t]*>)+(?=[ \t]*(?:\n|\Z))')
_CATEGORY = r'\[\[\s*category\s*:[^\[\]]*\]\]'
#: What belongs to the page where it begins a line at the end of a request.
_OF_THE_PAGE = re.compile(rf'<!--.*|{_CATEGORY}|-{{4,}}|<hr.*', re.I | re.S)
_BEFORE_THAT = re.compile(rf'(?:\s|{_CATEGORY}|-{{4,}})*', re.I)


def _foot(text: str, pieces: Sequence[_Piece]) -> int:
    """Return where the last line ends that says something.

    Comments, rules and categories between two requests, or after the last one, belong
    to the page, not to the one before.
    """
    for piece in reversed(pieces):
        kept = piece.span.of(text).rstrip()
        line = text.rfind('\n', 0, piece.span.start) + 1
        if _OF_THE_PAGE.fullmatch(kept) and _BEFORE_THAT.fullmatch(
            text, line, piece.span.start
        ):
            continue
        if kept:
            # What closes on this line is closed before the next one begins.
            closing = _CLOSING.match(text, piece.span.start + len(kept))
            return closing.end() if closing else piece.span.start + len(kept)
    raise AssertionError('a request without its heading')


# What is asked for

_ACT = re.compile(
    r'(?P<un>\(un-?\)|\bun-?|\b)'
    r'(?P<act>lock|block|hid(?=e|ing|den)|suppress|oversight)(?:e?s|ed|ing|e|den|ion)?\b'
)
_TO_WHOM = re.compile(r'\s(?:for|of|against|concerning)\s|:')
#: What may stand in a heading beside what is asked for.
_PLAIN = frozenset(
    ' a accounts account additional an and global globally mass more multiple new or '
    'please request requests several some spambot spambots the user users'.split(' ')
)
_DO = {
    'lock': RequestKind.LOCK,
    'block': RequestKind.BLOCK,
    'hid': RequestKind.HIDE,
    'suppress': RequestKind.HIDE,
    'oversight': RequestKind.HIDE,
}
_UNDO = {'lock': RequestKind.UNLOCK, 'block': RequestKind.UNBLOCK}


def _kinds_of_section(title: str) -> frozenset[RequestKind] | None:
    """Return what the requests below a heading ask for; None if it does not say."""
    title = title.lower()
    if not title.startswith('requests') or 'exempt' in title:
        return None
    return frozenset(kind for kind in _asked(title) if kind) or None


def _kind(
    title: str, above: Sequence[_Section]
) -> tuple[RequestKind | None, Problem | None]:
    """Return what a request asks for, or why that is not certain."""
    what = _TO_WHOM.split(title.lower(), maxsplit=1)[0]
    asked = set(_asked(what)) if _is_plain(what) else set()
    if asked == {RequestKind.LOCK, RequestKind.HIDE}:
        asked = {RequestKind.HIDE}
    if len(asked) != 1:
        return None, Problem.NO_KIND
    (kind,) = asked
    if kind is None:
        return None, Problem.NO_API
    if not above:
        return kind, None
    allowed = next((s.kinds for s in reversed(above) if s.kinds), frozenset())
    if kind not in allowed:
        return None, Problem.OTHER_SECTION
    return kind, None


def _is_plain(words: str) -> bool:
    """Tell whether no word turns a request round, such as "appeal of" a lock."""
    return all(
        word in _PLAIN or _ACT.fullmatch(word)
        for word in re.split(r'[\s/&+,.;]+', words)
    )


def _asked(words: str) -> Iterator[RequestKind | None]:
    """Yield what some words ask for, None being to make something visible."""
    for found in _ACT.finditer(words):
        both = found['un'].startswith('(')
        if both or not found['un']:
            yield _DO[found['act']]
        if found['un']:
            yield _UNDO.get(found['act'])


# The templates

#: Templates that name users: which of their parameters do.
_LOCKING = {
    'lockhide': re.compile('1'),
    'lh': re.compile('1'),
    'multilock': re.compile(r'[1-9]\d*'),
    'multilockhide': re.compile(r'[1-9]\d*'),
    'luxotool': re.compile('1'),
}
_NAMING = {
    **_LOCKING,
    'sultool': re.compile('1'),
    'checkuser': re.compile('1'),
    'sock list': re.compile(r'[1-9]\d*'),
    'cu request': re.compile(r'user name ?\d*'),
}
_FLAG = 'hidename'


def _template(piece: _Piece) -> str | None:
    return _name(piece.node) if isinstance(piece.node, Template) else None


def _name(template: Template) -> str:
    name = _without_comments(template.name).replace('_', ' ').strip().casefold()
    return re.sub(r'^:?template:', '', name).strip()


def _is_sign(piece: _Piece) -> bool:
    """Tell whether a piece shows that a heading is that of a request."""
    name = _template(piece)
    return name == 'status' or name in _NAMING


def _hides_a_name(node: Node) -> bool:
    """Tell whether templates that name users stand inside something else."""
    return any(
        inner is not node and _name(inner) in _NAMING
        for inner in Wikicode([node]).ifilter_templates()
    )


def _status(piece: _Piece) -> Status:
    template = piece.node
    assert isinstance(template, Template)
    chosen = next((p for p in reversed(template.params) if _key(p) == '1'), None)
    parts = [str(p) for p in template.params]
    word = ''
    if chosen is None:
        parts.insert(0, 'done')
    else:
        old = str(chosen.value)
        word = _without_comments(chosen.value).strip().lower()
        comments = ''.join(map(str, chosen.value.filter_comments(recursive=False)))
        before = old[: len(old) - len(old.lstrip())]
        after = old[len(old.rstrip()) :] if old.strip() else ''
        # By identity: equal parameters may stand twice.
        position = [p is chosen for p in template.params].index(True)
        key = f'{chosen.name}=' if chosen.showkey else ''
        parts[position] = f'{key}{before}done{comments}{after}'
    text = '{{' + '|'.join([str(template.name), *parts]) + '}}'
    return Status(' '.join(word.split()), piece.span, text)


def _named(text: str, body: Sequence[_Piece], *, hiding: bool) -> Iterator[Named]:
    beside = any(_template(piece) in _LOCKING for piece in body)
    for piece in body:
        kind = _template(piece)
        if kind not in _NAMING:
            continue
        template = piece.node
        assert isinstance(template, Template)
        hidden = hiding or any(map(_is_flag, template.params))
        mentioned = beside and kind not in _LOCKING
        for parameter, span in _naming(template, piece.span.start, _NAMING[kind]):
            written = _rendered(parameter.value)
            if written.struck or piece.struck:
                standing = Standing.STRUCK
            elif mentioned:
                standing = Standing.MENTIONED
            else:
                standing = Standing.REQUESTED
            try:
                if written.text is None:
                    raise InvalidName('it is made by a template')
                name = normalise_name(written.text)
            except InvalidName:
                name, standing = span.of(text).strip(), Standing.UNREADABLE
            yield Named(name, kind_of(name), standing, hidden, span)


def _naming(
    template: Template, offset: int, wanted: re.Pattern[str]
) -> Iterator[tuple[Parameter, Span]]:
    """Yield the parameters that name users; of two with one key the last one counts."""
    offset += len('{{') + len(str(template.name))
    found: dict[str, tuple[Parameter, Span]] = {}
    for parameter in template.params:
        offset += len('|') + len(str(parameter))
        key = _key(parameter)
        if not wanted.fullmatch(key) or _is_flag(parameter):
            continue
        if _without_comments(parameter.value).strip():
            found[key] = parameter, Span(offset - len(str(parameter.value)), offset)
        else:
            found.pop(key, None)
    yield from found.values()


def _key(parameter: Parameter) -> str:
    return ' '.join(_without_comments(parameter.name).replace('_', ' ').split()).lower()


def _is_flag(parameter: Parameter) -> bool:
    """Tell whether a parameter asks to hide the names, also without its ``=``."""
    value = _without_comments(parameter.value).strip()
    if parameter.showkey:
        return _key(parameter) == _FLAG and bool(value)
    return value.casefold() == _FLAG


# The text of names and headings


@dataclass(frozen=True, slots=True)
class _Written:
    """A name as it is displayed; without text where only a wiki could tell."""

    text: str | None
    struck: bool = False


def _rendered(code: Wikicode) -> _Written:
    parts: list[str] = []
    struck = False
    for node in code.nodes:
        if isinstance(node, Comment):
            continue
        if isinstance(node, Template) and _name(node) == '=':
            parts.append('=')
        elif isinstance(node, Text | HTMLEntity | Wikilink):
            parts.append(str(node))
        elif (
            isinstance(node, Tag)
            and _tag(node) in {'nowiki', *_TRANSPARENT, *_STRIKING}
            and not _veils(node)
        ):
            inner = _rendered(node.contents or Wikicode([]))
            if inner.text is None:
                return inner
            parts.append(inner.text)
            struck = struck or inner.struck or _tag(node) in _STRIKING
        else:
            return _Written(None)
    return _Written(''.join(parts), struck)


def _displayed(code: Wikicode) -> str:
    """Return a heading as it is displayed, roughly where it holds templates."""
    text = str(code.strip_code(keep_template_params=True))
    return ' '.join(text.replace("'''", '').replace("''", '').split())


def _plain(code: Wikicode) -> str:
    """Return a heading with a sign in place of all that may be displayed otherwise."""
    parts = []
    for node in code.nodes:
        if isinstance(node, Text):
            parts.append(str(node))
        elif isinstance(node, HTMLEntity | Wikilink):
            parts.append(_displayed(Wikicode([node])))
        elif isinstance(node, Tag) and _tag(node) in _TRANSPARENT and not _veils(node):
            parts.append(_plain(node.contents or Wikicode([])))
        elif not isinstance(node, Comment):
            parts.append('\ufffd')
    return re.sub("'{2,}", '', ''.join(parts))


def _without_comments(code: Wikicode) -> str:
    return ''.join(str(node) for node in code.nodes if not isinstance(node, Comment))


_MONTHS = (
    'January February March April May June July August September October November '
    'December'
).split()
_MOMENT = re.compile(
    rf'(\d\d):(\d\d), (\d{{1,2}}) ({"|".join(_MONTHS)}) (\d{{4}}) \(UTC\)'
)
_BY = re.compile(
    r'\[\[\s*:?(?:[a-z-]+:)*(?:user(?:[ _]talk)?:|special:contributions/)'
    r'([^\]|#/]+)',
    re.IGNORECASE,
)


def _signature(text: str) -> Signature | None:
    for found in _MOMENT.finditer(text):
        hour, minute, day, month, year = found.groups()
        try:
            moment = datetime(
                int(year),
                _MONTHS.index(month) + 1,
                int(day),
                int(hour),
                int(minute),
                tzinfo=timezone.utc,
            )
        except ValueError:
            continue
        line = text[text.rfind('\n', 0, found.start()) + 1 : found.start()]
        links = _BY.findall(line)
        name = None
        if links:
            try:
                name = normalise_name(links[-1])
            except InvalidName:
                name = None
        return Signature(name, moment)
    return None
