"""The person at the terminal: asking them, and showing them a page.

What is asked, and what an answer means, is left to the caller.
"""

from __future__ import annotations

import sys
import webbrowser
from collections.abc import Callable
from dataclasses import dataclass
from getpass import getpass

import pywikibot


@dataclass(frozen=True, slots=True)
class Terminal:
    """How to reach the operator.

    .. version-added:: 0.1

    :ivar attended: whether there is somebody to be asked
    :ivar ask: asks a question, and returns the answer
    :ivar ask_hidden: does so without showing what is typed; it adds nothing to the
        prompt
    :ivar browse: opens a page in a browser
    """

    attended: bool
    ask: Callable[[str], str] = pywikibot.input
    ask_hidden: Callable[[str], str] = getpass
    browse: Callable[[str], bool] = webbrowser.open

    @classmethod
    def of_process(cls) -> Terminal:
        """Return the terminal of this process."""
        return cls(sys.stdin.isatty())

    def confirms(self, question: str) -> bool:
        """Ask a question, and return whether the answer is yes.

        :param question: without the hint which answers there are
        """
        return self.ask(f'{question} [y/N]').strip().lower() in ('y', 'yes')
