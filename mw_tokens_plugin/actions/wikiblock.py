"""Blocking an actor on the wikis where it has edited, as actions of a campaign.

The targets are named ``database:User:NAME``. A block that is there already is never
changed, by whomever it is; the wiki itself refuses a second one. What was made is
lifted by its number, so that no other block of the same account is, on wikis that allow
several of them.

https://www.mediawiki.org/wiki/API:Block
"""

from __future__ import annotations

from collections.abc import (
    Callable,
    Collection,
    Iterable,
    Iterator,
    Mapping,
    Sequence,
)
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any, TypeAlias

from mw_tokens_plugin.actions.accountfacts import skipped_now
from mw_tokens_plugin.actions.addressguards import AddressGuards
from mw_tokens_plugin.actions.blockdisplay import shown_settings
from mw_tokens_plugin.actions.crosswiki import outcome_of_block
from mw_tokens_plugin.actions.localblocks import GONE, wiki_blocks
from mw_tokens_plugin.actions.onwikis import OnWikis, UndoOnWikis
from mw_tokens_plugin.campaign.records import (
    Campaign,
    Decision,
    Outcome,
    SkipReason,
    State,
    Target,
    may_be_reason,
)
from mw_tokens_plugin.campaign.report.hiding import hiding
from mw_tokens_plugin.exceptions import AmbiguousWrite, ApiRefusal, Blocked
from mw_tokens_plugin.messages import message
from mw_tokens_plugin.protocol.addresses import Network, covers, network_of
from mw_tokens_plugin.protocol.answers import expected_form, items_of
from mw_tokens_plugin.protocol.blocksettings import BlockSettings
from mw_tokens_plugin.protocol.expiries import ends_at
from mw_tokens_plugin.protocol.fields import as_timestamp
from mw_tokens_plugin.protocol.globalaccounts import GlobalAccount
from mw_tokens_plugin.protocol.globalblocks import INFINITY
from mw_tokens_plugin.protocol.localblocks import WikiBlock, end_of
from mw_tokens_plugin.site.foreign.ownaddress import own_address
from mw_tokens_plugin.site.writes import send_once
from mw_tokens_plugin.targets.contributions import Actor
from mw_tokens_plugin.targets.deletionlog import about, entries
from mw_tokens_plugin.targets.pagenames import split

#: How the titles of pages of users begin, on every wiki.
USER = 'User:'

#: What reads global accounts, or why one cannot be read.
ReadAccounts: TypeAlias = Callable[
    [Sequence[str]], Iterable[tuple[str, GlobalAccount | Exception]]
]

#: What a wiki answers where there is a block already.
_ALREADY = frozenset({'alreadyblocked'})


@dataclass(frozen=True, slots=True)
class WantedBlock:
    """What is asked for.

    :ivar expiry: a text such as ``1 week``
    :ivar anon_only: of addresses: whether users with an account may edit there
    :ivar block_talk: whether users may not edit their own talk pages either
    :ivar beside: whether users get a block of their own who are blocked otherwise, on
        wikis where one user may have several
    :ivar ignored_groups: groups whose members are blocked all the same
    :ivar addresses: which addresses are never blocked
    """

    expiry: str
    anon_only: bool = True
    block_talk: bool = False
    beside: bool = False
    ignored_groups: frozenset[str] = frozenset()
    addresses: AddressGuards = field(default_factory=AddressGuards)

    def of(self, name: str) -> BlockSettings:
        """Return the settings of the block of an account or an address."""
        is_address = network_of(name) is not None
        return BlockSettings(
            self.expiry,
            anon_only=is_address and self.anon_only,
            autoblock=not is_address,
        )


class _OnUsers(OnWikis):
    """An action on targets that are users of wikis."""

    wording = 'block'

    def __init__(
        self,
        actor: Actor,
        *,
        accounts: ReadAccounts,
        hidden: Collection[str] = (),
        **limits: Any,
    ) -> None:
        """Set whose deeds are meant, and on which wikis it acts.

        :param accounts: reads global accounts by their names
        :param hidden: accounts that are known to be hidden by now
        :param limits: as for the other base class
        """
        super().__init__(actor, **limits)
        self._read_accounts = accounts
        self._hidden = hidden
        self._accounts: dict[str, GlobalAccount | Exception] = {}

    def plan(self, names: Sequence[str]) -> Iterator[Decision]:
        """Decide on some users, wiki by wiki, and on whether they may be named."""
        users = {name: split(name)[1].removeprefix(USER) for name in names}
        new = {
            user
            for user in users.values()
            if user not in self._accounts and network_of(user) is None
        }
        self._accounts |= dict(self._read_accounts(sorted(new)))
        for decision in super().plan(names):
            user = users[decision.name]
            account = self._accounts.get(user)
            facts = {**decision.facts, 'name': user}
            if isinstance(account, GlobalAccount) and account.exists:
                is_hidden = _is_hidden(account)
                skipped = decision.skipped
                if is_hidden and skipped is None:
                    skipped = SkipReason.NAME_HIDDEN
                yield replace(
                    decision,
                    central_id=account.central_id,
                    hidden=is_hidden,
                    skipped=skipped,
                    facts=facts,
                )
            else:
                # It may be hidden from the operator by now.
                is_hidden = self._was_hidden(decision.name)
                yield replace(decision, hidden=is_hidden, facts=facts)

    def _was_hidden(self, name: str) -> bool:
        """Tell whether the name of a target was known to be hidden before."""
        return False

    def _must_be_left(self, target: Target) -> Outcome | None:
        """Say how a target ends that was hidden since the plan; None if it was not."""
        if target.decision.facts['user'] not in self._hidden:
            return None
        return replace(skipped_now(SkipReason.NAME_HIDDEN), hidden=True)

    def _blocks(
        self, database: str, *, users: Iterable[str] = (), ids: Iterable[int] = ()
    ) -> list[WikiBlock]:
        """Return the blocks of some users of a wiki, or those of some numbers."""
        return wiki_blocks(self._actor.reader, database, users=users, ids=ids)[0]

    def _is_logged(self, target: Target, action: str, reason: str) -> bool:
        """Tell whether the log of blocks has the target's own write.

        The operator may have done the same just before the plan.
        """
        database = split(target.name)[0]
        user, before = map(target.decision.facts.get, ('user', 'log_before'))
        asked = about(f'{USER}{user}', 'block')
        for answer in self._actor.reader.answers(database, **asked):
            return any(
                entry.action == action
                and entry.id > int(before or 0)
                and target.may_have_written_at(entry.timestamp, by=entry.user)
                and may_be_reason(entry.comment, reason)
                for entry in entries(answer)
            )
        return False


class BlockOnWikis(_OnUsers):
    """Block accounts and addresses on the wikis where they have edited.

    .. version-added:: 0.1
    """

    kind = 'crosswiki_block'
    fixed = frozenset({'user', 'then', 'beside'})
    kept = frozenset({'log_before'})

    def __init__(self, actor: Actor, *, wanted: WantedBlock, **limits: Any) -> None:
        """Set whom to block, how, and where.

        :param limits: as for :class:`.OnWikis`
        """
        super().__init__(actor, **limits)
        self._wanted = wanted

    def describe(self) -> str:
        """Return a word or two for what is done to a user."""
        return message('campaign-verb-block')

    def columns(self, target: Target) -> Mapping[str, str]:
        """Return what the plan shows of a user of a wiki, by heading."""
        facts = target.decision.facts
        edits, now, then = map(facts.get, ('edits', 'now', 'then'))
        found = {
            message('campaign-column-edits'): '' if edits is None else str(edits),
            message('campaign-column-latest'): facts.get('last') or '',
            message('global_block-column-now'): shown_settings(now) if now else '',
        }
        if then and target.decision.skipped is None:
            found[message('global_block-column-then')] = shown_settings(then)
        return found

    def remarks(self, targets: Iterable[Target]) -> Iterator[str]:
        """Say where accounts keep being able to log in and edit."""
        if any(True for _ in targets):
            yield message('campaign-block-elsewhere')

    def apply(self, target: Target) -> Outcome:
        """Block one user on one wiki, unless somebody has done so since the plan.

        :raises TokensPluginError: the wiki refused, or its answer was lost
        """
        if (left := self._must_be_left(target)) is not None:
            return left
        facts = target.decision.facts
        site = self.wikis.site(split(target.name)[0])
        then = BlockSettings.from_facts(facts['then'])
        flags = {
            'nocreate': not then.account_creation,
            'allowusertalk': not self._wanted.block_talk,
            'anononly': then.anon_only,
            'autoblock': then.autoblock,
        }
        parameters: dict[str, Any] = {
            'user': facts['user'],
            'expiry': then.expiry,
            'reason': self._reason,
            # A flag is set by being there.
            **{name: True for name, is_set in flags.items() if is_set},
        }
        with hiding([target]):
            if beside := facts.get('beside'):
                # A wiki would take a second one beside that of a colleague, too.
                now = self._blocks(split(target.name)[0], users=[facts['user']])
                if _marks(now) != beside:
                    return self._reconcile(target) or skipped_now(
                        SkipReason.BLOCKED_OTHERWISE
                    )
                parameters['newblock'] = True
            try:
                answer = send_once(site, 'block', parameters, expected=_ALREADY)
            except Blocked as error:
                return outcome_of_block(error)
            except ApiRefusal as error:
                if error.code not in _ALREADY:
                    raise
                detail = f'changed since the plan, and skipped ({error.code})'
                if beside:
                    detail = (
                        'blocked with other settings, and the wiki allows no second '
                        f'block of a user ({error.code})'
                    )
                return self._reconcile(target) or Outcome(
                    State.FAILED, detail=detail, reason_code=error.code
                )
        found = answer if isinstance(answer, Mapping) else {}
        try:
            return _done(found['id'], end_of(found['expiry']))
        except (KeyError, TypeError, ValueError):
            raise AmbiguousWrite(
                f'{site} answered action=block without the number of a block.'
            ) from None

    def _plan_wiki(
        self, database: str, names: Sequence[str], outside: SkipReason | None
    ) -> Iterator[Decision]:
        users = {name: split(name)[1].removeprefix(USER) for name in names}
        known = {name: self._judge(user) for name, user in users.items()}
        asked = [users[name] for name in names if known[name][0] is None]
        blocks, groups, log_entry = self._read_users(database, asked)
        edits = self._edits(database)
        found: list[tuple[str, SkipReason | None, dict[str, Any]]] = []
        for name, user in users.items():
            skipped, facts = known[name]
            then = self._wanted.of(user)
            numbers = edits.get(user)
            facts |= {
                'user': user,
                'then': then.facts(),
                'log_before': _kept(log_entry),
            }
            if numbers is not None:
                facts |= {'edits': numbers[0], 'last': numbers[1]}
                if skipped is None and not self._period.has(numbers[2]):
                    skipped = SkipReason.AFTER_UNTIL
            if skipped is None and (theirs := groups.get(user)):
                skipped = SkipReason.LOCAL_GROUP
                facts['problem'] = ', '.join(theirs)
            if skipped is None and (there := blocks.get(user)):
                is_enough = any(
                    each.suffices(then, block_talk=self._wanted.block_talk)
                    for each in there
                )
                skipped = SkipReason.BLOCKED_OTHERWISE
                if is_enough:
                    skipped = SkipReason.ALREADY
                elif self._wanted.beside:
                    facts['beside'] = _marks(there)
                    skipped = None
                facts |= {'now': there[0].facts(), 'changed_by': there[0].by or ''}
            found.append((name, skipped, facts))
        is_wanted = outside is None and any(why is None for _, why, _ in found)
        refused, about_wiki = self._may_not(database, 'block', is_wanted=is_wanted)
        takes_several = None
        for name, skipped, facts in found:
            why = skipped or outside or refused
            if why is None and 'beside' in facts:
                if takes_several is None:
                    takes_several = self._takes_several(database)
                if not takes_several:
                    why = SkipReason.BLOCKED_OTHERWISE
            yield Decision(
                name, skipped=why, facts={**about_wiki, **facts}, partition=database
            )

    def _takes_several(self, database: str) -> bool:
        """Tell whether a wiki knows of several blocks of one user.

        It may refuse them all the same, by the error for a user who is blocked already.

        https://www.mediawiki.org/wiki/Manual:$wgEnableMultiBlocks
        """
        modules = self.wikis.site(database).tokens.module_info
        return modules.has_parameter('block', 'newblock')

    def _judge(self, user: str) -> tuple[SkipReason | None, dict[str, Any]]:
        """Return why a user is blocked nowhere, by what the central wiki has."""
        network = network_of(user)
        if network is not None:
            return self._judge_address(network), {}
        account = self._accounts[user]
        if user == self.wikis.home.username():
            return SkipReason.OPERATOR, {}
        if isinstance(account, Exception):
            return SkipReason.UNREADABLE, {}
        if _is_hidden(account):
            return SkipReason.NAME_HIDDEN, {}
        theirs = set(account.groups or ())
        if theirs - self._wanted.ignored_groups:
            return SkipReason.GLOBAL_GROUP, {'problem': ', '.join(sorted(theirs))}
        return None, {}

    def _judge_address(self, network: Network) -> SkipReason | None:
        guards = self._wanted.addresses
        if self._own is not None and covers(network, self._own):
            return SkipReason.OWN_ADDRESS
        now = self.wikis.home.tokens.session.clock.now()
        if ends_at(self._wanted.expiry, now) == INFINITY:
            return SkipReason.NO_END
        return guards.never(network) or guards.excluded(network)

    @cached_property
    def _own(self) -> Network | None:
        """Where the wiki sees this machine; None if it does not tell."""
        return network_of(own_address(self.wikis.home) or '')

    def _edits(self, database: str) -> dict[str, tuple[int, str, str]]:
        """Return how often users have edited, when last, and when first.

        Pages that were deleted in the meantime are not among them.
        """
        found: dict[str, tuple[int, str, str]] = {}
        for page in self._actor.pages(database).values():
            for edit in page.edits:
                number, last, first = found.get(edit.user, (0, '', edit.time))
                times = max(last, edit.time), min(first, edit.time)
                found[edit.user] = (number + 1, *times)
        return found

    def _read_users(
        self, database: str, users: Sequence[str]
    ) -> tuple[dict[str, list[WikiBlock]], dict[str, list[str]], int]:
        """Return the blocks of users, and the groups of which they are members.

        And the number of the newest entry of the log of blocks.
        """
        blocks: dict[str, list[WikiBlock]] = {}
        groups: dict[str, list[str]] = {}
        found, log_entry = wiki_blocks(self._actor.reader, database, users=users)
        for each in found:
            if each.target is not None:
                blocks.setdefault(each.target, []).append(each)
        accounts = [user for user in users if network_of(user) is None]
        if accounts:
            asked = {
                'list': 'users',
                'ususers': accounts,
                # Wikis of long ago have the last two alone.
                'usprop': ['groupmemberships', 'groups', 'implicitgroups'],
            }
            for answer in self._actor.reader.answers(database, **asked):
                for item in items_of(answer, 'query', 'users'):
                    theirs = _groups_of(item) - self._wanted.ignored_groups
                    groups[item['name']] = sorted(theirs)
        return blocks, groups, log_entry

    def _reconcile(self, target: Target) -> Outcome | None:
        """Read whether the operator has blocked a user, and others lifted that."""
        facts = target.decision.facts
        then = BlockSettings.from_facts(facts['then'])
        before = {number for number, _ in facts.get('beside') or ()}
        for each in self._blocks(split(target.name)[0], users=[facts['user']]):
            if (
                each.id not in before
                and _is_own(each, target, self._reason)
                and each.is_like(then, block_talk=self._wanted.block_talk)
            ):
                outcome = _done(each.id, each.settings.expiry)
                detail = f'{outcome.detail}, found by reading'
                return replace(outcome, detail=detail)
        if self._is_logged(target, 'block', self._reason):
            detail = 'found in the log; the block is not there any more'
            return Outcome(State.DONE, changed=True, detail=detail)
        return None


class UndoBlockOnWikis(_OnUsers, UndoOnWikis):
    """Lift the blocks that a campaign has made, where nobody has changed them.

    .. version-added:: 0.1
    """

    kind = 'undo_crosswiki_block'
    wording = 'unblock'
    fixed = frozenset({'user', 'block'})
    kept = frozenset({'log_before'})

    def __init__(
        self, actor: Actor, *, undone: Campaign, block_talk: bool, **undo: Any
    ) -> None:
        """Set which campaign is undone.

        :param block_talk: whether its blocks were of talk pages, too
        :param undo: as for :class:`.UndoOnWikis`
        """
        super().__init__(actor, **undo)
        self._undone = undone
        self._block_talk = block_talk

    def describe(self) -> str:
        """Return a word or two for what is done to a user."""
        return message('campaign-verb-unblock')

    def columns(self, target: Target) -> Mapping[str, str]:
        """Return what the plan shows of a user of a wiki, by heading."""
        now = target.decision.facts.get('now')
        return {message('global_block-column-now'): shown_settings(now) if now else ''}

    def apply(self, target: Target) -> Outcome:
        """Lift one block by its number, if it is still as the campaign has made it.

        :raises TokensPluginError: the wiki refused, or its answer was lost
        """
        if (left := self._must_be_left(target)) is not None:
            return left
        database, facts = split(target.name)[0], target.decision.facts
        # The API has no parameter for what the block is expected to be.
        with hiding([target]):
            block = next(iter(self._blocks(database, ids=[facts['block']])), None)
            if block is None:
                return self._lifted(target)
            if block.facts() != facts['now']:
                return Outcome(
                    State.FAILED,
                    detail='changed since the plan, and skipped',
                    reason_code=SkipReason.CHANGED_SINCE.name,
                )
            site = self.wikis.site(database)
            parameters = {'id': block.id, 'reason': self._reason}
            try:
                send_once(site, 'unblock', parameters, expected=GONE)
            except Blocked as error:
                return outcome_of_block(error)
            except ApiRefusal as error:
                if error.code not in GONE:
                    raise
                return self._lifted(target)
            return Outcome(State.DONE, changed=True, detail=f'block {block.id}')

    def _plan_wiki(
        self, database: str, names: Sequence[str], outside: SkipReason | None
    ) -> Iterator[Decision]:
        recorded = self._recorded(names)
        users = {n: t.decision.facts['user'] for n, t in recorded.items()}
        there: dict[str | None, list[WikiBlock]] = {}
        blocks, log_entry = wiki_blocks(
            self._actor.reader, database, users=users.values()
        )
        for each in blocks:
            there.setdefault(each.target, []).append(each)
        found: list[tuple[Target, SkipReason | None, dict[str, Any]]] = []
        for name, target in recorded.items():
            known = target.decision.facts
            number = known.get('block')
            theirs = there.get(users[name], [])
            block = next((each for each in theirs if each.id == number), None)
            facts = {
                'user': users[name],
                'block': number,
                'log_before': _kept(log_entry),
            }
            skipped: SkipReason | None = None
            if block is not None:
                facts['now'] = block.facts()
                if not self._is_unchanged(block, target):
                    skipped = SkipReason.CHANGED_SINCE
                    facts['changed_by'] = block.by
            elif others := [
                # Those that were there before the campaign's are another matter.
                each
                for each in theirs
                if [each.id, as_timestamp(each.timestamp)]
                not in (known.get('beside') or ())
            ]:
                skipped = SkipReason.CHANGED_SINCE
                facts['changed_by'] = others[0].by
            else:
                skipped = SkipReason.ALREADY
            found.append((target, skipped, facts))
        is_wanted = any(why is None for _, why, _ in found)
        refused, about_wiki = self._may_not(database, 'block', is_wanted=is_wanted)
        for target, skipped, facts in found:
            yield Decision(
                target.name,
                skipped=skipped or refused,
                facts={**about_wiki, **facts},
                partition=database,
            )

    def _was_hidden(self, name: str) -> bool:
        return any(t.decision.hidden for t in self._recorded([name]).values())

    def _is_unchanged(self, block: WikiBlock, target: Target) -> bool:
        """Tell whether a block is as the campaign has made it."""
        facts = target.decision.facts
        then = BlockSettings.from_facts(facts['then'])
        written = replace(then, expiry=str(facts.get('ends')))
        is_own = _is_own(block, target, self._undone.reason)
        return is_own and block.has(written, block_talk=self._block_talk)

    def _reconcile(self, target: Target) -> Outcome | None:
        """Read whether a block is gone, and whether the operator has lifted it."""
        number = target.decision.facts['block']
        if self._blocks(split(target.name)[0], ids=[number]):
            return None
        return self._lifted(target)

    def _lifted(self, target: Target) -> Outcome:
        """Return how a target ends whose block is gone."""
        if self._is_logged(target, 'unblock', self._reason):
            return Outcome(State.DONE, changed=True, detail='found in the log')
        return Outcome(State.DONE, detail='lifted meanwhile, by others')


def _kept(log_entry: int) -> str:
    """Return the number of an entry as a text that is sorted like the number."""
    return f'{log_entry:015}'


def _marks(blocks: Iterable[WikiBlock]) -> list[list[Any]]:
    """Return the numbers of blocks, and when they were changed last."""
    return sorted([each.id, as_timestamp(each.timestamp)] for each in blocks)


def _is_own(block: WikiBlock, target: Target, reason: str) -> bool:
    is_ours = target.may_have_written_at(block.timestamp, by=block.by)
    return is_ours and may_be_reason(block.reason, reason)


@expected_form('What a wiki says of a user')
def _groups_of(item: Mapping[str, Any]) -> set[str]:
    """Return the groups of which somebody was made a member."""
    if 'groupmemberships' in item:
        return {str(each['group']) for each in item['groupmemberships']}
    return {*item.get('groups', ())}.difference(item.get('implicitgroups', ()))


def _is_hidden(account: GlobalAccount) -> bool:
    return account.exists and account.is_hidden


def _done(number: Any, ends: str) -> Outcome:
    if type(number) is not int or number <= 0:
        raise ValueError('no number of a block')
    facts = {'block': number, 'ends': ends}
    return Outcome(State.DONE, changed=True, detail=f'block {number}', facts=facts)
