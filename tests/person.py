"""Somebody at a terminal, for tests within the process of pywikibot."""

from __future__ import annotations

import sys
from collections.abc import Callable

import pytest
import pywikibot

#: Answers, each a text or what returns one, by a part of the question.
Answers = list[tuple[str, str | Callable[[], str]]]


class Person:
    """Somebody at a terminal, who answers what they are asked, in this order."""

    def __init__(self) -> None:
        """Sit down."""
        self.answers: Answers = []
        #: What may be asked for besides.
        self.spare: tuple[str, str] | None = None
        self.said: list[str] = []

    def ask(self, question: str, password: bool = False, **_: object) -> str:
        self.said.append(question)
        if not self.answers and self.spare is not None:
            self.answers.append(self.spare)
        assert self.answers, f'nobody expects the question {question!r}'
        part, answer = self.answers.pop(0)
        assert part in question, f'{question!r} is not about {part!r}'
        return answer if isinstance(answer, str) else answer()

    @property
    def heard(self) -> str:
        return '\n'.join(self.said)


def sit_down(monkeypatch: pytest.MonkeyPatch) -> Person:
    """Return a person at a terminal; they hear what pywikibot says, too."""
    person = Person()

    class Terminal:
        def isatty(self) -> bool:
            return True

    monkeypatch.setattr(sys, 'stdin', Terminal())
    monkeypatch.setattr(pywikibot, 'input', person.ask)
    for name in ('info', 'warning'):
        monkeypatch.setattr(
            pywikibot, name, lambda text='', *_, **__: person.said.append(str(text))
        )
    return person
