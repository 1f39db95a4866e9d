"""What hides a name from readers hides it from bots that act on certain requests.

The effect of each text was seen in pages that MediaWiki 1.39 has parsed;
tests/mediawiki draws more of them, and compares.
"""

from __future__ import annotations

import pytest

from mw_tokens_plugin.requestpages import Problem, RequestPage

PAGE = """== Requests for global (un)lock and (un)hiding ==
=== Global lock for A ===
{{Status}}
*{{LockHide|A}}
%s
=== Global lock for B ===
{{Status}}
*{{LockHide|B}}
"""
HIDDEN = ' style="display:none">'


@pytest.mark.parametrize(
    'text',
    [
        '<rp>',
        f'[[x|<div{HIDDEN}]]',
        f'[[File:X.jpg|thumb|<div{HIDDEN}]]',
        '[[Category:x\n{|\n| style="display:none" | \n* x]]',
        f'<poem><div{HIDDEN}</poem>',
        f'<ref><div{HIDDEN}</ref>',
        f'<li{HIDDEN}\n* x</li>',
        f'<span{HIDDEN}<div>x</span>',
        f'<span{HIDDEN}<table></span>',
        f'<div{HIDDEN}<table><tr><td></div>',
        f'<div{HIDDEN}\n{{|\n|</div>\n|}}',
        f'</table><span{HIDDEN}\n* x</span>',
        f'<div><span{HIDDEN}',
        f'<span{HIDDEN}<div>',
        f'<ul><li><span{HIDDEN}',
        f'<p>x</p><span{HIDDEN}',
        f'{{|\n|<span{HIDDEN}x',
        '<noinclude> {| style="display:none"\n|',
        f'<{{{{#if:x|div}}}}{HIDDEN}',
        f'{{{{lc:<}}}}div{HIDDEN}',
    ],
)
def test_what_a_tag_hides_beyond_the_request_that_it_is_in_is_not_certain(
    text: str,
) -> None:
    other = RequestPage.parse(PAGE % text).requests[-1]
    assert other.names == ('B',)
    assert Problem.MAY_BE_HIDDEN in other.problems


@pytest.mark.parametrize(
    'text',
    [
        '<s>',
        '* <s>x',
        '<strike>x',
        '<s/>',
        '<s />x',
        '<div><s></div>',
        '<small><s>x</small>',
        '<s>\n{|\n|</s>\n|}',
        '<s><table><tr><td></s></td></tr></table>',
        "'''<s>'''",
    ],
)
def test_a_strike_without_an_end_reaches_into_all_later_requests(text: str) -> None:
    """Readers see them struck out, that is, withdrawn."""
    page = (
        PAGE % f'{text}\n=== Global lock for C ===\n{{{{Status}}}}\n{{{{LockHide|C}}}}'
    )
    first, *others = RequestPage.parse(page).requests
    assert first.names == ('A',)
    for request in others:
        assert Problem.ENDLESS_STRIKE in request.problems


@pytest.mark.parametrize(
    ('around', 'problem'),
    [
        # Wikis with variants hide it, or show another text in its place.
        ('-{ %s }-', Problem.INSIDE),
        ('-{H|zh:%s}-', Problem.INSIDE),
        ('-{\n== Requests for global unblock ==\n%s}-', Problem.INSIDE),
        ('-{H|Ox A=>zh:Ox B}-%s', Problem.MAY_BE_HIDDEN),
        ('{{tl|-{A|zh:Ox A;en:B}-}}%s', Problem.MAY_BE_HIDDEN),
        ('-{<div style="display:none">}-%s', Problem.MAY_BE_HIDDEN),
        # A tag that ends in "/" has content nevertheless.
        ('<div style="display:none" />%s', Problem.MAY_BE_HIDDEN),
        ('<b hidden/>%s', Problem.MAY_BE_HIDDEN),
        # Readers see another request begin.
        ('<h3>Global unlock for A</h3>%s', Problem.MAY_BE_HIDDEN),
        ('{{tq|\n=== Global unlock for A ===\n}}\n%s', Problem.MAY_BE_HIDDEN),
        ('{{tq|1==== Global unlock for A ===}}\n%s', Problem.MAY_BE_HIDDEN),
        ('[[x|\n=== Please unlock ===\n]]%s', Problem.MAY_BE_HIDDEN),
        # Anybody can have such a page.
        ('{{User:B/x}}%s', Problem.MAY_BE_HIDDEN),
        ('{{:Talk:X}}%s', Problem.MAY_BE_HIDDEN),
        ('{{/x}}%s', Problem.MAY_BE_HIDDEN),
        ('{{#invoke:B|x}}%s', Problem.MAY_BE_HIDDEN),
        # Too small, or too far to the right.
        (f'{"<small>" * 6}%s{"</small>" * 6}', Problem.MAY_BE_HIDDEN),
        (f'{"<small>" * 6}\n%s', Problem.MAY_BE_HIDDEN),
        (f'{":" * 31}%s', Problem.MAY_BE_HIDDEN),
        (f'{"<dl><dd>" * 16}%s{"</dd></dl>" * 16}', Problem.MAY_BE_HIDDEN),
    ],
)
def test_what_readers_see_otherwise_is_not_certain(
    around: str, problem: Problem
) -> None:
    text = '=== Global lock for A ===\n{{Status}}\n' + around % '{{LockHide|A}}'
    (request,) = RequestPage.parse(text).requests
    assert problem in request.problems


@pytest.mark.parametrize(
    'template',
    [
        *(
            '{{LOCKHIDE|A}}',
            '{{lOCKHIDE|A}}',
            '{{multiLOCK|A}}',
            '{{MultiLoc\u212a|A}}',
        ),
        *('{{\u017fultool|A}}', '{{LockHide|[[User:A|B]]}}'),
    ],
)
def test_a_name_that_readers_do_not_see_is_nobodys_target(template: str) -> None:
    """There is no template of that name, or the link is displayed as somebody else."""
    text = f'=== Global lock for A ===\n{{{{Status}}}}\n{template}'
    (request,) = RequestPage.parse(text).requests
    assert request.names == ()
    assert request.unknown


@pytest.mark.parametrize(
    'text',
    [
        'Spam. <span style="color:red">[[User:Ann|Ann]]',
        ': <span style="color:red">[[User:Ann|<b>Ann</b>]]</span>\n: {{Comment|a < b}}',
        '<div style="color:red">\n* x\n{|\n| x\n|}\n</div>',
        '<ref name=x group=y />[[x|<b style="color:red">y</b>]]',
        'He said <del>yes no',
        '<s>no <b>x</s></b>\n<s>* x\n* y</s> -{plain}- <br/><small>x</small>',
        '{{User:B/x}} {{lc:X}} {{int:y}} {{#if:1|x}}',
        '{{tl|x|y==z}} {{diff|https://x/?a=b==c}} {{multilock|Ox C}} {{lockHide|D}}',
    ],
)
def test_a_tag_that_ends_in_its_request_leaves_others_certain(text: str) -> None:
    assert RequestPage.parse(PAGE % text).requests[-1].is_certain


@pytest.mark.parametrize(
    'line',
    [
        '<!-- x -->=== Global unlock for B ===',
        '<includeonly>x</includeonly>=== Global unlock for B ===',
        '<noinclude>=== Global unlock for B ===</noinclude>',
        '=== Global unlock for B ===<onlyinclude>',
        '__NOTOC__=== Global unlock for B ===',
        '{{lc:}}= Please unlock =',
        '=== Global unlock for B ==={{DEFAULTSORT:x}}',
        '{{{x|}}}=== Global unlock for B === {{{x|}}}',
        '{{lc:=== Global unlock}} for B ===',
        '{{#if:1|===}} Global unlock for B {{#if:1|===}}',
        'x{{{x|\n}}}=== Global unlock for B ===',
        '<h3>Global unlock for B</h3>',
        '{{User:B/x}}',
    ],
)
@pytest.mark.parametrize('between', ['', '==== Accounts ====\n'])
def test_names_under_a_heading_that_only_readers_see_are_not_certain(
    line: str, between: str
) -> None:
    """Nor are those below its own subheadings; other requests are."""
    first, other = RequestPage.parse(
        PAGE % f'{line}\n{between}*{{{{LockHide|C}}}}'
    ).requests
    assert Problem.MAY_BE_HIDDEN in first.problems
    assert other.is_certain


@pytest.mark.parametrize(
    'line',
    [
        '<!-- x --> === no ===',
        '<br>=== no ===',
        '{{comment|a=b}} = {{tl|x}}',
        '<nowiki/>=== no ===',
        '* {{LockHide|C|hidename=}} {{LockHide|D|hidename=}}',
        '{{MultiLock\n|1=C\n|2=D\n}}',
        '{{diff|https://x/?a=b==c}} says: a = b',
    ],
)
def test_what_is_no_heading_for_readers_leaves_a_request_certain(line: str) -> None:
    first, _ = RequestPage.parse(PAGE % f'{line}\n*{{{{LockHide|C}}}}').requests
    assert first.is_certain


@pytest.mark.parametrize(
    'table',
    [
        '{|\n|*{{LockHide|C}}\n|-\n%s',
        '<table><tr><td>{{LockHide|C}}</td>\n%s',
        '{|\n|{{LockHide|C}}\n{|\n%s',
    ],
)
def test_what_browsers_show_before_a_table_divides_the_page_elsewhere(
    table: str,
) -> None:
    """So readers see the cells below another heading than the one above them."""
    page = PAGE % (table % '=== Global unlock for C ===\n{{Status}}')
    requests = RequestPage.parse(page).requests
    assert [r.is_certain for r in requests] == [False, False, False]


@pytest.mark.parametrize(
    'table',
    ['{|\n| x\n|-\n| y\n%s\n|}', '<table><tr><td>\n%s\n</td></tr></table>'],
)
def test_requests_in_a_cell_are_certain(table: str) -> None:
    requests = RequestPage.parse(table % PAGE % '').requests
    assert [r.is_certain for r in requests] == [True, True]
