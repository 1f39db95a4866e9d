"""The page on security says what the code does."""

from __future__ import annotations

from pathlib import Path

from mw_tokens_plugin.site import credentials

PAGE = Path(__file__).parents[2] / 'docs' / 'security.md'


def test_the_page_shows_who_may_get_what() -> None:
    """Operators read there what the code asks before it sends a credential."""
    section = PAGE.read_text('utf-8').partition('## Who may get what\n')[2]
    lines = section.partition('\n## ')[0].splitlines()
    shown = [
        tuple(cell.strip() for cell in line.strip('|').split('|'))
        for line in lines
        if line.startswith('| ') and not line.startswith('| secret ')
    ]
    assert shown == list(credentials.rows())
