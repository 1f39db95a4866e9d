"""Draws the diagrams of the documentation from the tables in the code.

``python docs/diagrams.py`` writes them into the pages; a test tells when that is due.
"""

from __future__ import annotations

import re
from pathlib import Path

from mw_tokens_plugin.protocol.authmanager import TRANSITIONS, State

PAGE = Path(__file__).with_name('link_account.md')
_BLOCK = re.compile(r'(?<=```{mermaid}\n).*?(?=```)', re.DOTALL)


def conversation() -> str:
    """Return the states and transitions of AuthManager's conversation, for Mermaid."""
    lines = ['stateDiagram-v2', f'    [*] --> {State.START.value}']
    for state, events in TRANSITIONS.items():
        by_target: dict[State, list[str]] = {}
        for event, target in events.items():
            by_target.setdefault(target, []).append(event.value)
        lines += [
            f'    {state.value} --> {target.value}: {", ".join(names)}'
            for target, names in by_target.items()
        ]
        if not events:
            lines.append(f'    {state.value} --> [*]')
    return '\n'.join(lines) + '\n'


def drawn(page: str) -> str:
    """Return a page with its diagram drawn anew."""
    return _BLOCK.sub(lambda _: conversation(), page)


if __name__ == '__main__':
    PAGE.write_text(drawn(PAGE.read_text('utf-8')), 'utf-8')
