"""Targets from a steward request page: which of its requests are selected.

Anybody can edit such a page, so a selection is not permission to act: the operator
confirms it. Reading the text of the page is left to
:mod:`mw_tokens_plugin.requestpages`.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import (
    Callable,
    Collection,
    Iterable,
    Iterator,
    Mapping,
    Sequence,
)
from dataclasses import dataclass, replace
from typing import Any

from mw_tokens_plugin.exceptions import InvalidInput
from mw_tokens_plugin.messages import message
from mw_tokens_plugin.protocol.lookalikes import marked
from mw_tokens_plugin.protocol.names import AccountKind, folded, kind_of
from mw_tokens_plugin.requestpages import (
    Request,
    RequestKind,
    RequestPage,
    prose_of,
)
from mw_tokens_plugin.site.mixins import PluginMixin
from mw_tokens_plugin.site.queries import EditContext
from mw_tokens_plugin.targets.requesters import Doubt, added_by

#: Shortest prefixes of ranges that GlobalBlocking blocks, by the version of the
#: protocol (``$wgGlobalBlockingCIDRLimit``).
_MIN_PREFIX = {4: 16, 6: 19}

#: Requests about accounts; other targets in them are only listed.
_OF_ACCOUNTS = frozenset({RequestKind.LOCK, RequestKind.UNLOCK, RequestKind.HIDE})
#: Length of a reason with the heading of a request in it.
_MAX_REASON = 250
#: Length of a status that is shown to the operator.
_MAX_STATUS = 30
#: Length of what a request says that is shown to the operator.
_MAX_PROSE = 600
#: How many texts that may be names are listed of one request, and how much of each.
_MAX_LEFT, _MAX_LEFT_TEXT = 20, 80
_WORD = re.compile(r'[A-Za-z]+')
#: A request to hide a name, in a template that is broken or not displayed as one.
_ASKS_TO_HIDE = re.compile(
    r'hidename\s*(?![\s=])|hidename\s*=\s*[^\s|}]', re.IGNORECASE
)
_BETWEEN_WORDS = re.compile(r'[ _.,:;()/&+-]*')
#: What headings and statuses may say beside a name that must not be shown.
_HARMLESS = frozenset(
    'a abuse abusive account accounts add additional addresses all already an and '
    'another archived are block blocks bot bots by check closed completed cross '
    'crosswiki declined denied done duplicate evading evasion expired failed farm few '
    'fixed for from global globally group hide hiding hold in inprogress invalid ip '
    'ips is lock locked locks long lta more moved multiple name names needed new no '
    'not of on onhold open others partially partly pending please progress '
    'proxies proxy puppet puppets question range ranges redundant rejected reopened '
    'request requests resolved review same set several sock sockpuppet sockpuppets '
    'socks some spam spambot spambots spammer spammers stale successful suppress term '
    'the this threats to un unblock unhide unlock unsuccessful user username '
    'usernames users vandal vandalism vandals waiting wiki wikis with withdrawn '
    'xwiki'.split()
)


@dataclass(frozen=True, slots=True)
class SelectedRequest:
    """A request that is acted on, and those of its names that are.

    :ivar prose: what it says, for people to read; empty if that is not wanted
    """

    label: str
    request: Request
    names: tuple[str, ...]
    prose: str = ''


@dataclass(frozen=True, slots=True)
class SkippedRequest:
    """A request, or a part of one, that is not acted on."""

    label: str
    why: str


@dataclass(frozen=True, slots=True)
class Selection:
    """What one revision of a page asks for.

    .. version-added:: 0.1

    :ivar revision: its number
    :ivar addresses: IP addresses and temporary accounts, which only a block reaches
    :ivar hidden: all names on the page that must not be shown in public, and those
        that are other spellings of one
    """

    title: str
    revision: int
    kind: RequestKind
    selected: tuple[SelectedRequest, ...]
    skipped: tuple[SkippedRequest, ...]
    addresses: tuple[str, ...]
    hidden: frozenset[str]

    @property
    def names(self) -> tuple[str, ...]:
        """All names that are acted on, each once."""
        return tuple(dict.fromkeys(name for t in self.selected for name in t.names))

    @property
    def shown_addresses(self) -> tuple[str, ...]:
        """Those of the addresses that may be shown."""
        return tuple(a for a in self.addresses if a not in self.hidden)

    @property
    def reason(self) -> str:
        """A permanent link to the request; to the page if there are several."""
        link = f'Special:PermanentLink/{self.revision}'
        if len(self.selected) == 1:
            (selected,) = self.selected
            whole = f'[[{link}#{selected.request.heading}|{self.title}]]'
            if (
                selected.label == selected.request.heading
                and not set('[]{}|<>#') & set(selected.label)
                and len(whole) <= _MAX_REASON
            ):
                return whole
        return f'[[{link}|{self.title}]]'

    def stored(self) -> dict[str, Any]:
        """Return what a campaign keeps of it, for the ledger alone."""
        return {
            'title': self.title,
            'revision': self.revision,
            'kind': self.kind.value,
            'hidden': sorted(self.hidden),
            'requests': [
                {
                    'heading': t.request.heading,
                    'names': t.names,
                    'agreed': t.request.either is not None,
                }
                for t in self.selected
            ],
        }

    def lines(self) -> Iterator[str]:
        """Yield the lines that the operator is shown, without hidden names."""
        yield message('global_lock-page', title=self.title, revision=self.revision)
        for selected in self.selected:
            status = selected.request.status.word if selected.request.status else ''
            number = message('global_lock-request-names', number=len(selected.names))
            details = '; '.join(filter(None, [number, status]))
            yield f'  {marked(selected.label)} ({details})'
            if selected.prose:
                yield f'    {marked(selected.prose)}'
        for skipped in self.skipped:
            line = message(
                'global_lock-skipped',
                label=marked(skipped.label),
                why=marked(skipped.why),
            )
            yield f'  {line}'


def select(
    site: PluginMixin,
    title: str,
    kind: RequestKind,
    *,
    sections: Collection[str] = (),
    requesters: Collection[str] = (),
    offer: Callable[[str, Sequence[str]], bool] = lambda label, names: False,
    with_text: bool = False,
) -> Selection:
    """Choose the open requests of one kind on a page.

    What is not certainly of that kind is skipped, with the reason.

    :param site: the wiki with the page
    :param kind: what the requests are to ask for
    :param sections: only requests with these headings, or under them
    :param requesters: only what these accounts have added, by the page's history
    :param offer: asks whether a request is of that kind whose heading leaves that open;
        it gets what to call it, and its names that may be shown
    :param with_text: whether the operator reads what the requests say
    :raises InvalidInput: there is no such page or section, or it cannot be read
    :raises ApiRefusal: the wiki refused
    """
    context, page = _read(site, title)
    assert context.base_revision is not None
    hidden = frozenset(map(folded, page.hidden_names))
    labels = _labels(page, hidden, hide_all=kind is RequestKind.HIDE)
    wanted = _in_sections(page.requests, labels, sections)
    chosen = [r for r in wanted if r.is_open]
    # The history does not tell who has added a request that was never certain.
    if not requesters:
        chosen = [
            replace(r, kind=kind, problems=())
            if r.may_ask_for(kind) and offer(labels[r.span.start], _shown(r))
            else r
            for r in chosen
        ]
    agreed = {r.span.start for r in chosen if r.either and r.is_certain}
    certain = [r for r in chosen if _why_not(r, kind) is None]
    blocks = []
    if kind in _OF_ACCOUNTS:
        blocks = [r for r in chosen if r.is_certain and r.kind is RequestKind.BLOCK]
    skipped = [
        SkippedRequest(labels[r.span.start], why)
        for r in wanted
        if (why := _unknown_status(r, labels, hidden) or _why_not(r, kind))
        and not r.is_closed
        and r.span.start not in agreed
    ]
    accepted = {r.span.start: r.names for r in (*certain, *blocks)}
    if requesters:
        authors = added_by(site, context.title, context.base_revision, page, accepted)
        for request in (*certain, *blocks):
            label = labels[request.span.start]
            by = authors[request.span.start]
            accepted[request.span.start] = tuple(
                name for name in request.names if by[name].issubset(requesters)
            )
            others = frozenset[str | Doubt]().union(*by.values()) - set(requesters)
            skipped += [SkippedRequest(label, why) for why in _added_by(page, others)]
    for request in (*certain, *blocks):
        label = labels[request.span.start]
        if why := _not_selected(request, label, hidden):
            skipped.append(SkippedRequest(label, why))
        wide = sum(map(_is_too_wide, accepted[request.span.start]))
        # Of requests for blocks the wiki's own answer decides.
        if (count := wide) and kind in _OF_ACCOUNTS:
            ipv4, ipv6 = _MIN_PREFIX[4], _MIN_PREFIX[6]
            why = message('global_lock-too-wide', number=count, ipv4=ipv4, ipv6=ipv6)
            skipped.append(SkippedRequest(label, why))
    return Selection(
        title=context.title,
        revision=context.base_revision,
        kind=kind,
        selected=tuple(
            SelectedRequest(
                labels[r.span.start],
                r,
                names,
                _prose(page, r, labels[r.span.start], hidden) if with_text else '',
            )
            for r in certain
            if (names := accepted[r.span.start])
        ),
        skipped=tuple(skipped),
        addresses=tuple(
            dict.fromkeys(
                name
                for names in accepted.values()
                for name in names
                if kind in _OF_ACCOUNTS
                and kind_of(name) is not AccountKind.ACCOUNT
                and not _is_too_wide(name)
            )
        ),
        hidden=frozenset(
            named.name
            for request in page.requests
            for named in request.named
            if named.hidden or folded(named.name) in hidden
        ),
    )


def in_sections(
    site: PluginMixin, title: str, sections: Collection[str]
) -> tuple[EditContext, RequestPage, list[tuple[str, Request]]]:
    """Return a page, and its requests with some headings or under them.

    Each comes with what to call it.

    :raises InvalidInput: there is no such page or section, or it cannot be read
    """
    context, page = _read(site, title)
    hidden = frozenset(map(folded, page.hidden_names))
    labels = _labels(page, hidden, hide_all=False)
    wanted = _in_sections(page.requests, labels, sections)
    return context, page, [(labels[request.span.start], request) for request in wanted]


def _read(site: PluginMixin, title: str) -> tuple[EditContext, RequestPage]:
    """Return a request page.

    :raises InvalidInput: no section has that title, or it cannot be read
    """
    if not title.strip() or set('|#[]{}<>') & set(title):
        raise InvalidInput(f'-page:{title} is not the title of a page.')
    context = site.edit_context(title, text=True)
    if context.text is None or context.base_revision is None:
        raise InvalidInput(f'{site} has no page {context.title!r}.')
    page = read_page(site, context.text)
    if page.problem:
        raise InvalidInput(f'{context.title} cannot be read: {page.problem}.')
    if target := redirect_of(site, context.title, page):
        raise InvalidInput(
            f'{context.title} is a redirect to {target}: give -page:{target}.'
        )
    return context, page


def read_page(site: PluginMixin, text: str) -> RequestPage:
    """Read a request page, with the names of its wiki's namespaces of users."""
    spaces = [site.namespaces.USER, site.namespaces.USER_TALK]
    names = {str(name).replace('_', ' ').lower() for space in spaces for name in space}
    return RequestPage.parse(text, namespaces=names)


def redirect_of(site: PluginMixin, title: str, page: RequestPage) -> str | None:
    """Return the target of a page that is a redirect; None if it is not.

    The wiki is asked, as each language has its own words for a redirect, but only if
    the page may be one.

    :raises ApiRefusal: the wiki refused
    """
    if page.requests and not page.text.lstrip().startswith(('#', '\uff03')):
        return None
    answer = site.query_with_tokens((), prop='info', titles=title, redirects=True)
    followed = answer['query'].get('redirects')
    return str(followed[0]['to']) if followed else None


def _in_sections(
    requests: Sequence[Request], labels: Mapping[int, str], sections: Collection[str]
) -> list[Request]:
    """Return the requests with some headings or labels, or under such headings."""
    wanted = {' '.join(s.replace('_', ' ').split()) for s in sections}
    if not wanted:
        return list(requests)
    by_heading = {r.heading for r in requests} | {r.section for r in requests}
    by_label = {
        name: request.span.start
        for number, request in enumerate(requests, start=1)
        for name in (f'request {number}', labels[request.span.start])
        if name not in by_heading
    }
    if missing := wanted - by_heading - by_label.keys():
        which = f'{len(missing)} of the {len(wanted)} headings'
        raise InvalidInput(
            'No request has, or is under, '
            f'{"the heading" if len(wanted) == 1 else which} given with -section. Give '
            'a heading as it is displayed, or "request" and its number.'
        )
    starts = {by_label[name] for name in wanted if name in by_label}
    return [
        r for r in requests if wanted & {r.heading, r.section} or r.span.start in starts
    ]


def _why_not(request: Request, kind: RequestKind) -> str | None:
    """Return why a request is not acted on, if it is not of one kind for certain."""
    if request.may_ask_for(kind):
        if kind is RequestKind.BLOCK:
            return message('global_block-either')
        return message('global_lock-either')
    if not request.is_certain:
        return '; '.join(
            message(f'global_lock-problem-{problem.name.lower()}')
            for problem in request.problems
        )
    if request.kind is kind:
        return None
    assert request.kind is not None
    if kind in _OF_ACCOUNTS:
        return message(f'global_lock-asks-{request.kind.value}')
    return message(f'global_block-asks-{request.kind.value}')


def _prose(
    page: RequestPage, request: Request, label: str, hidden: Collection[str]
) -> str:
    """Return what a request says, if no name can be in it that must not be shown."""
    prose = prose_of(page.text, request)
    if label != request.heading or _may_tell_a_name(
        hidden, prose, shown=_shown_names(request)
    ):
        return message('global_block-prose-hidden')
    return prose if len(prose) <= _MAX_PROSE else f'{prose[:_MAX_PROSE]}...'


def _shown(request: Request) -> tuple[str, ...]:
    return tuple(n for n in request.names if n not in request.hidden_names)


def _not_selected(request: Request, label: str, hidden: Collection[str]) -> str | None:
    """Return a message about texts that may name others and are skipped, if any."""
    left = request.not_selected
    if not left:
        return None
    if label != request.heading or any(_may_tell_a_name(hidden, text) for text in left):
        return message('global_lock-ignored-hidden', number=len(left))
    shown = [_shortened(text) for text in left[:_MAX_LEFT]]
    return message(
        'global_lock-ignored',
        number=len(left),
        names='; '.join([*shown, *(['...'] if len(left) > len(shown) else [])]),
    )


def _shortened(text: str) -> str:
    text = ' '.join(text.split())
    return text if len(text) <= _MAX_LEFT_TEXT else f'{text[:_MAX_LEFT_TEXT]}...'


def _unknown_status(
    request: Request, labels: Mapping[int, str], hidden: Collection[str]
) -> str | None:
    """Return a message about a status that is neither open nor closed."""
    if request.status is None or request.is_open or request.is_closed:
        return None
    word = request.status.word
    if (
        labels[request.span.start] != request.heading
        or len(word) > _MAX_STATUS
        or _may_tell_a_name(hidden, word)
    ):
        return message('global_lock-status-unknown')
    return message('global_lock-status-unknown-word', status=word)


def _added_by(page: RequestPage, others: Iterable[str | Doubt]) -> Iterator[str]:
    hidden = page.hidden_names
    for doubt in Doubt:
        if doubt in others:
            yield message(f'global_lock-doubt-{doubt.value}')
    for user in sorted(other for other in others if isinstance(other, str)):
        if user in hidden:
            yield message('global_lock-added-hidden')
        else:
            yield message('global_lock-added-by', user=user)


def _is_too_wide(name: str) -> bool:
    if kind_of(name) is not AccountKind.IP:
        return False
    network = ipaddress.ip_network(name, strict=False)
    return network.prefixlen < _MIN_PREFIX[network.version]


def _labels(
    page: RequestPage, hidden: Collection[str], *, hide_all: bool
) -> dict[int, str]:
    """Return what to call each request, without names that must not be shown."""
    return {
        request.span.start: message('global_lock-label-hidden', number=number)
        if hide_all
        or request.hidden_names
        or _ASKS_TO_HIDE.search(request.span.of(page.text))
        or _may_tell_a_name(hidden, request.heading, shown=_shown_names(request))
        else request.heading
        for number, request in enumerate(page.requests, start=1)
    }


def _shown_names(request: Request) -> Iterator[str]:
    """Yield the names that a request shows to everybody."""
    return (n.name for n in request.named if not n.hidden)


def _may_tell_a_name(
    hidden: Collection[str], text: str, *, shown: Iterable[str] = ()
) -> bool:
    """Tell whether a text may hold a name that must not be shown.

    There are more ways to spell a name than can be listed. So, where a page has such
    names, only words that are known to be harmless are shown, and names that are shown
    there anyway.

    :param hidden: those names, folded
    :param shown: names that are shown where the text is from
    """
    if _ASKS_TO_HIDE.search(text):
        return True
    if not hidden:
        return False
    plain = folded(text)
    if any(name in plain for name in hidden):
        return True
    for name in sorted(shown, key=len, reverse=True):
        text = re.sub(rf'(?<!\w){re.escape(name)}(?!\w)', ' ', text)
    words = _WORD.findall(text)
    rest = _WORD.sub('', text)
    return not (
        _HARMLESS.issuperset(word.lower() for word in words)
        and _BETWEEN_WORDS.fullmatch(rest)
    )
