"""Request pages: each style is read as its file says, and nothing is lost.

A file has a name, a label, the input, what is read from it as JSON, and the page after
all certain open requests were marked as done.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import mwparserfromhell
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mw_tokens_plugin.exceptions import InvalidInput
from mw_tokens_plugin.messages import message
from mw_tokens_plugin.protocol import wikitext
from mw_tokens_plugin.protocol.wikitext import NodeKind
from mw_tokens_plugin.requestpages import (
    Closing,
    Problem,
    Request,
    RequestKind,
    RequestPage,
    Standing,
)
from mw_tokens_plugin.targets.requesters import Doubt

FILES = sorted(Path(__file__).parent.glob('*.page'))
LINE = ": '''Done'''."


def parts(path: Path) -> list[str]:
    """Return header, input, output and the marked page of a file."""
    text = path.read_text('utf-8')
    found = []
    for mark in ('--- input ---\n', '--- output ---\n', '--- marked ---\n'):
        before, _, text = text.partition(mark)
        found.append(before)
    return [*found, text]


def told(request: Request) -> dict[str, Any]:
    """Return a request as the files write it, without what is usual."""
    signature = request.signature
    every = {
        'heading': request.heading,
        'section': request.section,
        'kind': request.kind and request.kind.value,
        'status': request.status and request.status.word,
        'open': request.is_open,
        'names': list(request.names),
        'others': {
            named.name: named.standing.value
            for named in request.named
            if named.standing is not Standing.REQUESTED
        },
        'kinds': {
            named.name: named.kind.value
            for named in request.named
            if named.kind.value != 'account'
        },
        'hidden': sorted(request.hidden_names),
        'asked': signature and [signature.name, signature.moment.isoformat()],
        'problems': [problem.value for problem in request.problems],
    }
    always = ('heading', 'kind', 'status', 'names')
    return {k: v for k, v in every.items() if k in always or v not in ([], {}, None)}


def certain(page: RequestPage) -> list[Closing]:
    """Return how all that is certain is marked as done."""
    return [
        Closing(request, LINE, done=True)
        for request in page.requests
        if request.is_open and request.is_certain
    ]


@pytest.mark.parametrize('path', FILES, ids=lambda path: path.stem)
def test_every_style_is_read_as_its_file_says(path: Path) -> None:
    _, text, output, marked = parts(path)
    page = RequestPage.parse(text)
    assert page.problem is None
    assert [told(request) for request in page.requests] == json.loads(output)
    assert page.closed(certain(page)) == marked


@pytest.mark.parametrize('path', FILES, ids=lambda path: path.stem)
def test_every_piece_stands_where_it_is_said_to(path: Path) -> None:
    """All spans together with what is between them are the page again."""
    text = parts(path)[1]
    page = RequestPage.parse(text)
    assert page.text == text == page.closed([])
    end = 0
    for request in page.requests:
        assert end <= request.span.start <= request.heading_span.start
        end = request.span.end
        assert request.heading_span.of(text).strip().startswith('=')
        assert request.heading_span.end <= request.foot <= request.span.end
        assert not request.span.of(text)[: request.foot - request.span.start].endswith(
            '\n'
        )
        if request.status is not None:
            assert request.status.span.of(text).startswith('{{')
            assert request.status.span.of(text).endswith('}}')
        for named in request.named:
            assert named.span.of(request.span.of(text)) is not None
            assert request.span.start < named.span.start < named.span.end <= end
            if named.standing is Standing.UNREADABLE:
                assert named.span.of(text).strip() == named.name


@pytest.mark.parametrize('path', FILES, ids=lambda path: path.stem)
def test_marking_leaves_every_other_line_as_it_was(path: Path) -> None:
    """Taken back word for word, the marks leave the page as it was."""
    text = parts(path)[1]
    page = RequestPage.parse(text)
    for closing in certain(page):
        status = closing.request.status
        assert status is not None
        marked = page.closed([closing])
        start, end = status.span.start, status.span.start + len(status.when_done)
        assert marked[start:end] == status.when_done
        again = marked[:start] + status.span.of(text) + marked[end:]
        note = f'\n{LINE} ~~~~'
        foot = closing.request.foot
        assert again[foot : foot + len(note)] == note
        assert again[:foot] + again[foot + len(note) :] == text


@pytest.mark.parametrize('line', ['two\nlines', 'signed ~~~~', 'dated ~~~~~', 'x\r'])
def test_a_note_is_one_line_without_a_signature(line: str) -> None:
    page = RequestPage.parse('== Global lock ==\n{{Status}}\n{{LockHide|A}}')
    with pytest.raises(InvalidInput):
        page.closed([Closing(page.requests[0], line, done=True)])


def test_pages_of_users_are_known_by_the_names_that_the_wiki_has_for_them() -> None:
    text = (
        '== Global lock for [[Benutzer:A|A]] ==\n{{Status}}\n{{LockHide|X}} '
        '[[benutzerin_Diskussion:B]] --[[Benutzer:Ann|Ann]] 07:42, 1. Mai 2026 (CEST)'
    )
    (request,) = RequestPage.parse(text).requests
    assert request.others == ()
    names = {'benutzer', 'benutzerin diskussion'}
    (request,) = RequestPage.parse(text, namespaces=names).requests
    assert request.others == ('A', 'B')


@pytest.mark.parametrize('sign', ['\u202e', '\u2066', '&#x202d;', '&#8237;'])
def test_what_is_read_in_another_order_is_not_certain(sign: str) -> None:
    """A reader would see another name than the one that is locked."""
    text = f'== Global lock ==\n{{{{Status}}}}\n{{{{LockHide|x{sign}yz}}}}'
    (request,) = RequestPage.parse(text).requests
    assert request.problems == (Problem.REORDERED,)


def test_a_note_that_would_change_the_requests_is_refused() -> None:
    page = RequestPage.parse('== Global lock ==\n{{Status}}\n{{LockHide|A}}')
    with pytest.raises(InvalidInput, match='by hand'):
        page.closed([Closing(page.requests[0], '{{LockHide|B}}', done=True)])


@pytest.mark.parametrize(
    'key',
    [
        *(f'problem-{problem.name.lower()}' for problem in Problem),
        *(f'doubt-{doubt.value}' for doubt in Doubt),
        *(f'asks-{kind.value}' for kind in RequestKind),
        *(f'{what}-{kind}' for what in ('done', 'none') for kind in ('lock', 'hide')),
    ],
)
def test_each_reason_can_be_said(key: str) -> None:
    assert message(f'global_lock-{key}', number=1, total=1)


_WORDS = (
    '{{ }} | = == === [[ ]] <!-- --> <nowiki> </nowiki> <s> </s> <del> <div> </div> '
    '{{Status}} {{Status| {{status|done}} {{LockHide| {{MultiLock|A|2= hidename=1 '
    "{{{1}}} <includeonly> {| |} |- || * : # ~~~~ &amp; ' '' &#x0; User: for Global "
    'lock unlock (un)lock Requests {{Luxotool|1.2.3.4}} ~2026-1 {{sock&nbsp;list| '
    '<ref name= />'
)
FRAGMENTS = st.sampled_from(
    [
        *_WORDS.split(),
        *('<div hidden>', '</div>', '<li class=x>', '<span style="x">', '\n----\n'),
        *('\n[[Category:X]]', '<templatestyles src="x" />', '<hr>'),
        *('\n', '\n', ' ', '\n== Requests for global (un)lock and (un)hiding ==\n'),
        *('\n=== Global lock for x ===\n{{Status}}\n*{{LockHide|X}}\n', '\u200e', '\0'),
    ]
)
PAGES = st.lists(FRAGMENTS | st.text(max_size=8), max_size=40).map(''.join)


@settings(deadline=None, derandomize=True, max_examples=400)
@given(PAGES)
def test_any_text_can_be_read_and_closing_nothing_changes_nothing(text: str) -> None:
    page = RequestPage.parse(text)
    assert page.closed([]) == text
    for request in page.requests:
        assert 0 <= request.span.start < request.foot <= request.span.end <= len(text)
        for named in request.named:
            assert request.span.start <= named.span.start <= named.span.end
            assert named.span.end <= request.span.end


@settings(deadline=None, derandomize=True, max_examples=200)
@given(PAGES, PAGES)
def test_marking_adds_and_nothing_else(before: str, after: str) -> None:
    """Whatever stands around it, a marked page differs by the marks alone."""
    one = '\n=== Global lock for x ===\n{{Status}}\n*{{LockHide|X}}\n'
    page = RequestPage.parse(before + one + after)
    closings = certain(page)
    marked = page.closed(closings)
    for closing in closings:
        assert closing.request.status is not None
        assert closing.request.status.when_done in marked
    again = RequestPage.parse(marked)
    assert len(again.requests) == len(page.requests)
    assert certain(again) == []
    assert marked.count(LINE) == page.text.count(LINE) + len(closings)


@pytest.mark.parametrize('page', FILES, ids=lambda path: path.stem)
def test_another_parser_finds_the_same_templates(page: Path) -> None:
    """mwparserfromhell, on pages as people write them: none is missed or made up.

    It looks into tags that hide what is in them from readers, where this one does not.
    """
    _, text, *_ = parts(page)
    ours = [
        n.span.of(text) for n in wikitext.parse(text) if n.kind is NodeKind.TEMPLATE
    ]
    parsed = mwparserfromhell.parse(text, skip_style_tags=True)
    theirs = list(map(str, parsed.filter_templates()))
    assert set(ours) <= set(theirs)
    if not parsed.filter_tags():
        assert ours == list(map(str, parsed.filter_templates(recursive=False)))


@pytest.mark.parametrize(
    ('remark', 'is_decided'),
    [
        (': {{Withdrawn}}', True),
        ('* {{not_done}} {{Declined}}', True),
        (': {{notdone|no abuse}}, see there', True),
        ('{{Archive top}}', True),
        ('{{closed}}', True),
        (': <s>{{not done}}</s>', False),
        (': <!-- {{not done}} --> {{tl|not done}}', False),
        (': <nowiki>{{withdrawn}}</nowiki>', False),
        (': {{done}}, {{on hold}}', False),
    ],
)
def test_a_request_that_somebody_has_decided_is_not_carried_out(
    remark: str, is_decided: bool
) -> None:
    def problems(status: str) -> tuple[Problem, ...]:
        text = f'== Global lock for A ==\n{status}\n{remark}\n* {{{{LockHide|A}}}}\n'
        (request,) = RequestPage.parse(text).requests
        return request.problems

    assert problems('{{Status}}') == ((Problem.DECIDED,) if is_decided else ())
    assert problems('{{Status|not done}}') == ()


HIDDEN = ' style="display:none"'


@pytest.mark.parametrize(
    ('around', 'may_be_hidden'),
    [
        # What is put together when comments, templates and functions are gone.
        (f'{{<!-- -->|{HIDDEN}\n|%s\n|}}', True),
        (f'{{|\n|<!-- -->-{HIDDEN}\n|%s\n|}}', True),
        (f'{{{{nop}}}}{{|{HIDDEN}\n|%s\n|}}', True),
        (f'{{{{{{!}}}}{HIDDEN}\n|%s\n|}}', True),
        (f'{{|\n|{HIDDEN}{{{{!}}}}%s\n|}}', True),
        (f'{{{{#if:1|<div{HIDDEN}>|</div>}}}}%s', True),
        (f'{{{{LockHide|Foo<div<!-- -->{HIDDEN}>}}}}%s', True),
        ('{|<!-- x --> class="wikitable"\n|<!-- y -->%s\n|}', False),
        ('{{Collapse top|A <b>list</b>}}%s{{Collapse bottom}}', False),
        ('{{tq|[[User:Ann|<span style="color:red">Ann</span>]] asks}}%s', False),
    ],
)
def test_what_hides_names_only_when_it_is_put_together_is_seen(
    around: str, may_be_hidden: bool
) -> None:
    text = '=== Global lock for A ===\n{{Status}}\n' + around % '{{LockHide|A}}'
    (request,) = RequestPage.parse(text).requests
    assert request.names[-1] == 'A'
    assert (Problem.MAY_BE_HIDDEN in request.problems) is may_be_hidden


@pytest.mark.parametrize(
    'statuses', ['{{Status|done}} {{Status}}', '{{Status}}{{Status|done}}']
)
def test_a_request_with_an_open_status_is_not_closed_by_another_one(
    statuses: str,
) -> None:
    """It may be two requests, of which the heading of the second is missing."""
    text = f'== Global lock for A ==\n{statuses}\n{{{{LockHide|A}}}}'
    (request,) = RequestPage.parse(text).requests
    assert request.is_open
    assert not request.is_closed
    assert request.problems == (Problem.SEVERAL_STATUSES,)


@pytest.mark.parametrize(
    'text',
    [
        '{{LockHide|B',
        '* {{LockHide|B}',
        '* {LockHide|B}}',
        '{{ multilock |B|C}',
        '{{Template:LockHide|B',
        '[[LockHide|B]]',
        '{{{LockHide|B}}}',
        '{{LockHide B}}',
        '{{LockHide:B}}',
    ],
)
def test_what_is_nearly_a_template_for_names_keeps_a_request_open(text: str) -> None:
    """It is not told with the name, which may be one that must not be shown."""
    whole = f'== Global lock ==\n{{{{Status}}}}\n{{{{LockHide|A}}}}\n{text}'
    (request,) = RequestPage.parse(whole).requests
    assert request.names == ('A',)
    assert request.unknown


def test_a_name_to_be_hidden_is_one_in_a_misspelt_template_too() -> None:
    text = (
        '== Global lock ==\n{{Status}}\n{{LockHide|A}}\n'
        '{{LockHid|User:b_ad|hidename=1}} {{LokHide|1=Bad 2|hidename}}'
    )
    (request,) = RequestPage.parse(text).requests
    assert request.names == ('A',)
    assert request.hidden_names >= {'B ad', 'Bad 2'}


def test_a_box_of_archived_requests_decides_those_in_it_alone() -> None:
    """It may begin between two requests, where it belongs to neither by its place."""
    one = '== Global lock for {0} ==\n{{{{Status}}}}\n{{{{LockHide|{0}}}}}\n'
    box = '{{archive top}}\n<!-- x -->\n' + one.format('B') + '{{Archive bottom}}\n'
    text = one.format('A') + box + one.format('C')
    problems = [r.problems for r in RequestPage.parse(text).requests]
    assert problems == [(), (Problem.DECIDED,), ()]
    known: dict[Any, Any] = {}
    RequestPage.parse(one.format('B') + one.format('C'), known)
    assert [r.problems for r in RequestPage.parse(text, known).requests] == problems


def test_a_request_without_a_heading_leaves_the_others_of_its_section_certain() -> None:
    text = (
        '== Requests for global (un)lock ==\n{{LockHide|X}}\n'
        '=== Global lock for A ===\n{{Status}}\n{{LockHide|A}}\n'
        '=== Global unlock for B ===\n{{Status}}\n{{LockHide|B}}\n'
        '== Requests for global block ==\n=== Global lock for C ===\n{{Status}}\n'
        '{{LockHide|C}}\n'
    )
    page = RequestPage.parse(text)
    assert [(r.section, r.names, r.is_certain) for r in page.requests] == [
        (None, ('X',), False),
        ('Requests for global (un)lock', ('A',), True),
        ('Requests for global (un)lock', ('B',), True),
        ('Requests for global block', ('C',), False),
    ]
    whole = page.requests[1]
    assert page.closed([Closing(whole, LINE, done=True)]).count('|done') == 1
