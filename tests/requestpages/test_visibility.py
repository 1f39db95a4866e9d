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
        'Spam. <span style="color:red">[[User:Ann|Ann]]',
        ': <span style="color:red">[[User:Ann|<b>Ann</b>]]</span>\n: {{Comment|a < b}}',
        '<div style="color:red">\n* x\n{|\n| x\n|}\n</div>',
        '<ref name=x group=y />[[x|<b style="color:red">y</b>]]',
    ],
)
def test_a_tag_that_ends_in_its_request_leaves_others_certain(text: str) -> None:
    assert RequestPage.parse(PAGE % text).requests[-1].is_certain
