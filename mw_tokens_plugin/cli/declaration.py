"""What a campaign script declares besides its options: targets and kinds of campaigns.

The functions that are named here get a :class:`mw_tokens_plugin.cli.run.Run`. How a
declaration is started is in :mod:`.script`. This module starts fast, so that ``-help``
does.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mw_tokens_plugin.campaign.action import Action
    from mw_tokens_plugin.campaign.exitcodes import ExitCode
    from mw_tokens_plugin.campaign.records import Campaign, Step, Target


@dataclass(frozen=True)
class Listing:
    """The targets of a new campaign, and what the ledger keeps of where they are from.

    :ivar names: the targets; what iterating raises leaves no campaign behind
    :ivar steps: the targets of a campaign of several steps, each of which is done to
        some of them; instead of ``names``
    :ivar reason: the reason, where ``-reason`` is not given
    :ivar stored: what the ledger stores besides options; see :attr:`Kind.stored`
    :ivar lines: what the operator reads before the targets are listed
    :ivar nothing: what the operator reads if there is no target, which is not an error
        then
    :ivar counted: what the operator reads after their number is known
    :ivar existing: returns which names exist on the wiki, of those that ``-not`` lists
        without being targets; by default all must be targets
    :ivar covering: returns which names of ``-not`` and ``-protect`` concern targets
        without being targets, such as a range around an address
    :ivar name: the name of the campaign, where something was named after it
    :ivar otherwise: called if there is no target; returns the exit code
    """

    names: Iterable[str] = ()
    steps: Iterable[Step] = ()
    reason: str | None = None
    stored: Mapping[str, Any] = field(default_factory=dict)
    lines: Iterable[str] = ()
    nothing: str = ''
    counted: Callable[[int], str] | None = None
    existing: Callable[[Sequence[str]], Iterable[str]] | None = None
    covering: Callable[[Iterable[str], Iterable[str]], Iterable[str]] | None = None
    name: str | None = None
    otherwise: Callable[[], ExitCode] | None = None


@dataclass(frozen=True)
class Kind:
    """One kind of campaign that a script runs.

    .. version-added:: 0.1

    :ivar action: makes the action, of what the ledger has alone: a campaign that is
        resumed does what it would have done at first. In a campaign of several steps,
        one for each by its name: all targets take a step before any takes the next
    :ivar composed: makes one action of those of several steps, by their names; by
        default each does what it would do alone
    :ivar module: the API module that it writes with
    :ivar rights: the rights that it needs, each with the smallest grant for it
    :ivar by_wiki: whether it writes to many wikis, each worker to one at a time
    :ivar skips_listed: whether the action itself skips what ``-not`` lists
    :ivar max_targets: the longest plan, where ``-max`` is not given
    :ivar confirm: what has to be typed besides; empty if nothing
    :ivar undo: the kind that undoes a campaign of this one; empty if there is none
    :ivar before: called before the plan of a campaign that is resumed, or that undoes
        another one; returns the campaign as it is then
    :ivar after: called when the run has ended, with the campaign as it was before it;
        may return an exit code, which counts if the run itself has not ended worse
    :ivar stored: what else the ledger stores, as types: a type, a list with one for all
        items, a mapping of names to types, or a tuple of alternatives; a name with
        ``?`` may be missing
    :ivar of_undone: returns what the ledger stores of the campaign that one undoes
    :ivar columns: what ``pwb campaign show`` shows of a target of the plan, by heading
    :ivar log: the page of the central wiki with the log of a target, as parameters of
        ``index.php``; empty if that is on another wiki
    """

    action: Callable[[Any, Campaign], Action] | Mapping[str, Callable[..., Action]]
    composed: Callable[[Any, Campaign, Mapping[str, Action]], Action] | None = None
    module: str = ''
    rights: Mapping[str, str | None] = field(default_factory=dict)
    by_wiki: bool = False
    skips_listed: bool = False
    max_targets: int | None = None
    confirm: Callable[[Campaign], str] = lambda campaign: ''
    undo: Callable[[Campaign], str] | str = ''
    before: Callable[[Any, Campaign], Campaign] = lambda run, campaign: campaign
    after: Callable[[Any, Campaign], ExitCode | None] = lambda run, campaign: None
    stored: Mapping[str, Any] = field(default_factory=dict)
    of_undone: Callable[[Campaign], Mapping[str, Any]] = lambda campaign: {}
    columns: Callable[[Target], Mapping[str, str]] = lambda target: {}
    log: Callable[[Target], Mapping[str, str]] = lambda target: {}

    @property
    def steps(self) -> tuple[str, ...]:
        """The names of its steps; empty if there is only one."""
        return () if callable(self.action) else tuple(self.action)

    def make(self, run: Any, campaign: Campaign) -> Action:
        """Return the action of a campaign."""
        if callable(self.action):
            return self.action(run, campaign)
        from mw_tokens_plugin.actions.steps import Steps

        make = self.action.items()
        actions = {step: one(run, campaign, step) for step, one in make}
        return (
            self.composed(run, campaign, actions) if self.composed else Steps(actions)
        )

    def undone_by(self, campaign: Campaign) -> str:
        """Return the kind that undoes a campaign; empty if there is none."""
        return self.undo if isinstance(self.undo, str) else self.undo(campaign)
