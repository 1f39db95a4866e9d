"""Planning the targets of many wikis, of which some may not work.

It groups targets by wiki, and skips those of wikis that do not answer. What is decided
on a target is left to the action.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence

from mw_tokens_plugin.campaign.parallel import in_parallel
from mw_tokens_plugin.campaign.records import Decision, SkipReason
from mw_tokens_plugin.targets.pagenames import split
from mw_tokens_plugin.targets.problems import FAILURES, problem_of
from mw_tokens_plugin.targets.wikis import Wikis

__all__ = ['plan_by_wiki']


def plan_by_wiki(
    names: Sequence[str],
    decide: Callable[[str, Sequence[str]], Iterable[Decision]],
    *,
    wikis: Wikis | None = None,
    again: bool = False,
) -> Iterator[Decision]:
    """Yield decisions on the targets of many wikis, of which some may not work.

    .. version-added:: 0.1

    :param names: targets, as ``database:Title``
    :param decide: returns the decisions on some targets of a wiki
    :param wikis: reads a few of them at a time, in threads; without it one after the
        other is read
    :param again: whether others of the campaign have been decided on before
    :raises TokensPluginError: none of the wikis answered, and no target of the campaign
        was decided on before
    """
    groups: dict[str, list[str]] = {}
    for name in names:
        groups.setdefault(split(name)[0], []).append(name)

    def decided(database: str) -> list[Decision]:
        return list(decide(database, groups[database]))

    if wikis is None:
        found = in_parallel(decided, groups, at_a_time=1)
    else:
        found = wikis.search(groups, decided)
    # These wikis are at fault only if another one works.
    waiting: list[Decision] | None = None if again else []
    for database, result in found:
        if not isinstance(result, Exception):
            yield from waiting or ()
            waiting = None
            yield from result
            continue
        if not isinstance(result, FAILURES):
            raise result
        problem = problem_of(result)
        facts = {'wiki': database, 'problem': problem.words}
        decisions = [
            Decision(n, skipped=problem.skipped, facts=facts) for n in groups[database]
        ]
        if waiting is None or problem.skipped is not SkipReason.NO_ANSWER:
            yield from decisions
        else:
            waiting += decisions
            last = result
    if waiting:
        raise last
