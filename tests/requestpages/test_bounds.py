"""Anybody can edit a request page, and no text on it keeps the reader busy for long.

The inputs cost the square of their length, or worse, where anything is read twice for
each open bracket: minutes or years, where a single pass takes less than a second.
"""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from mw_tokens_plugin.requestpages import MAX_DEPTH, MAX_PAGE, Problem, RequestPage

SECTION = '== Requests for global (un)lock and (un)hiding ==\n'
REQUEST = '=== Global lock for Ox %s ===\n{{Status}}\n*{{LockHide|Ox %s}}\n%s\n'

#: What opens something, repeated without an end.
OPENING = [
    *(
        '[',
        '[[',
        '[[ ',
        '[[a|',
        '{',
        '{{',
        '{{{',
        '{{a|',
        '{{LockHide|',
        '-{',
        '-{{',
        '-{a|',
    ),
    *(
        '<',
        '<b>',
        '<b a=c ',
        '<s>',
        '<span style="',
        '<ref>',
        '<nowiki>',
        '<div hidden>',
        '<span hidden>',
    ),
    *(
        '<!--',
        '<!--[[<b>',
        '<includeonly>',
        '[http://x ',
        'http://x/User:',
        '{|\n|',
        '\n|',
    ),
    *(
        '-',
        '=',
        '\n=',
        '\n==',
        "'",
        '*',
        ':',
        '\n* x',
        '||',
        '&#',
        '(',
        ' ',
        '\t',
        '\n',
    ),
    *(
        '~2026-',
        '1.2.3.',
        '07:15, 9 May 2026 (',
        '[[User:B]] ',
        '[[category:x]]',
        '</b>',
    ),
    *(
        '{{=}}',
        '<td>',
        '<!-- -->',
        '\n----',
        '<b x="',
        'user:',
        '<b title=y ',
        '{{{{{x|',
    ),
]
CLOSING = {
    '<b hidden>': '</b>',
    '[[a|': ']]',
    '{{a|': '}}',
    '{{{': '}}}',
    '<b>': '</b>',
    '{|\n|': '\n|}',
}
SIZE = 20_000


def hard_texts() -> list[str]:
    texts = [unit * (SIZE // len(unit)) for unit in OPENING]
    for unit, end in CLOSING.items():
        count = SIZE // len(unit + end)
        texts.append(unit * count + end * count)
    texts.append('-' * 64 + 'x [[Category:Requests]]')
    return texts


def read_everywhere(text: str) -> None:
    """Read a text in a request, in its heading, in a name and before all requests."""
    other = REQUEST % ('B', 'B', '')
    RequestPage.parse(SECTION + REQUEST % ('A', 'A', text) + other)
    RequestPage.parse(f'== Global lock for {text} ==\n{{{{Status}}}}\n{other}')
    RequestPage.parse(SECTION + REQUEST % ('A', f'A{text}', '') + other)
    RequestPage.parse(text + SECTION + other)


def test_every_text_is_read_in_time_that_grows_with_its_length() -> None:
    """Another process reads them, since nothing could stop this one.

    It is ended by the time that it takes of a processor, whatever else that has to do.
    """
    code = (
        'import resource; resource.setrlimit(resource.RLIMIT_CPU, (300, 300))\n'
        'from tests.requestpages.test_bounds import hard_texts, read_everywhere\n'
        'for text in hard_texts(): read_everywhere(text)'
    )
    root = Path(__file__).parents[2]
    subprocess.run([sys.executable, '-c', code], cwd=root, check=True)


def test_ctrl_c_ends_the_reading_at_once(tmp_path: Path) -> None:
    """The page is as long as a wiki keeps, and is read again and again."""
    code = (
        'import signal\n'
        'from mw_tokens_plugin.requestpages import MAX_PAGE, RequestPage\n'
        # It is ignored in what a shell has started in the background.
        'signal.signal(signal.SIGINT, signal.default_int_handler)\n'
        'print("ready", flush=True)\n'
        'text = "== Global lock ==\\n" + "[[User:B]] " * (MAX_PAGE // 12)\n'
        'for _ in range(100):\n'
        '    RequestPage.parse(text)\n'
        'print("read")'
    )
    reader = subprocess.Popen(
        [sys.executable, '-c', code],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert reader.stdout is not None
    assert reader.stdout.readline() == 'ready\n'
    reader.send_signal(signal.SIGINT)
    out, err = reader.communicate(timeout=120)
    assert out == ''
    assert 'KeyboardInterrupt' in err


@pytest.mark.parametrize(
    'text',
    [
        '[[' * 60,
        '{{a|' * 60,
        '<b>' * 101,
        '[http://x ' * 101,
        '{{a|' * (MAX_DEPTH + 1) + '}}' * (MAX_DEPTH + 1),
        '<!--[[<b>' * 200,
        'x' * 200_000,
    ],
    ids=lambda text: text[:8],
)
def test_what_is_too_complex_is_not_certain_and_touches_no_other_request(
    text: str,
) -> None:
    other = REQUEST % ('B', 'B', '')
    page = RequestPage.parse(SECTION + other + REQUEST % ('A', 'A', text))
    first, last = page.requests
    assert first.is_certain
    assert last.names == ('Ox A',)
    assert last.problems == (Problem.COMPLEX,)


def test_a_page_longer_than_wikis_keep_is_not_read() -> None:
    page = RequestPage.parse('x' * (MAX_PAGE + 1))
    assert page.problem is not None
    assert page.requests == ()
