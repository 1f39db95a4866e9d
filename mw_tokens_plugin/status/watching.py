"""Reading the state of names again and again, and telling what has changed.

It ends with Ctrl-C. A wiki that does not answer is asked again the next time.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

from mw_tokens_plugin.campaign.records import SkipReason
from mw_tokens_plugin.messages import message
from mw_tokens_plugin.protocol.spellings import HiddenNames
from mw_tokens_plugin.status.display import changes
from mw_tokens_plugin.status.records import Status, hiding, labels
from mw_tokens_plugin.targets.problems import FAILURES, problem_of

__all__ = ['watch']


def watch(
    first: Sequence[Status],
    read: Callable[[], Sequence[Status]],
    say: Callable[[str], None],
    *,
    minutes: int,
    shows_hidden: bool,
    pause: Callable[[float], object] = time.sleep,
) -> None:
    """Read again every few minutes, for ever.

    :param first: what is known already
    :param read: returns what is known now
    :param say: shows one line
    :param minutes: how long to wait each time
    :param shows_hidden: whether names may be shown that must be shown nowhere else
    :param pause: waits some seconds
    :raises TokensPluginError: the wiki refuses
    """
    before = first
    hidden = labels(first)
    while True:
        pause(minutes * 60)
        try:
            after = read()
        except FAILURES as error:
            problem = problem_of(error)
            if problem.skipped is not SkipReason.NO_ANSWER:
                raise
            words = HiddenNames(hidden).replace(problem.words)
            say(message('global_status-no-answer', problem=words))
            continue
        # Neither what is hidden now nor what was before.
        hidden |= labels(after)
        shown = [before, after]
        if not shows_hidden:
            shown = [hiding(each, hidden) for each in shown]
        for line in changes(*shown):
            say(line)
        before = after
