"""The options of scripts that act on request pages, and what they do with such a page.

Which requests are selected is decided in :mod:`mw_tokens_plugin.targets.requests`, and
marking them in :mod:`mw_tokens_plugin.actions.marking`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from mw_tokens_plugin.cli.accounts import AccountOptions
from mw_tokens_plugin.cli.recorded import RECORDED
from mw_tokens_plugin.cli.statusmarks import mark, remark, status
from mw_tokens_plugin.cli.table import When, option
from mw_tokens_plugin.exceptions import InvalidInput, StoppedByGuard, TokensPluginError
from mw_tokens_plugin.messages import message
from mw_tokens_plugin.protocol.names import normalise_name

if TYPE_CHECKING:
    from mw_tokens_plugin.campaign.records import Campaign
    from mw_tokens_plugin.cli.run import Run
    from mw_tokens_plugin.requestpages import RequestKind
    from mw_tokens_plugin.targets.requests import Selection

#: What the name of a campaign of blocks ends with that follows one of locks.
FOLLOWING = '-blocks'

#: Names that are shown when a request is asked about.
_ASKED_WITH_NAMES = 10

#: What the ledger has of a page.
STORED = {
    'title': str,
    'revision': int,
    'kind': str,
    'hidden': [str],
    'requests': [{'heading': str, 'names': [str], 'agreed': bool}],
    'close': bool,
}


@dataclass(frozen=True, kw_only=True)
class RequestOptions(AccountOptions):
    """What the command lines of scripts ask for that act on request pages."""

    page: str | None = option(
        'Those in the open requests of a page of the central wiki, such as "Steward '
        'requests/Global". The reason is a link to the request unless another one is '
        'given.',
        value='TITLE',
        names_targets=True,
        by_others=True,
        gives_reason=True,
        excludes=('names', 'file', 'stdin', 'prefix', *RECORDED),
        because='its requests name all targets, so name no others.',
    )
    section: tuple[str, ...] = option(
        'Only the request with this heading, or those under it; or the one that the '
        'plan calls "request 3", by these words.',
        value='HEADING',
        group='Targets',
        repeat=True,
        needs=('page',),
    )
    requester: tuple[str, ...] = option(
        'Only what this account has added, by the history of the page.',
        value='NAME',
        read=normalise_name,
        group='Targets',
        repeat=True,
        needs=('page',),
    )
    mark: str | None = option(
        'Do not act on the requests of -section, but give them this status: "done", '
        '"already done", "not done", "on hold" or "partly", with a line that says so, '
        'in one edit.',
        value='STATUS',
        read=status,
        instead=mark,
    )
    remark: str = option(
        'What that line says besides, as wikitext.',
        '',
        value='TEXT',
        read=remark,
        needs=('mark',),
    )
    close: bool = option(
        'When all is done, mark the requests that are done, in one edit.',
        when=When.ALWAYS,
        needs=('page', 'resume'),
        rights={'edit': 'editpage'},
    )


def select_requests(
    run: Run[RequestOptions], kind: RequestKind, *, with_text: bool = False
) -> Selection:
    """Return which requests of the page that a command line names are acted on.

    :param with_text: whether the operator reads what the requests say
    """
    import pywikibot

    from mw_tokens_plugin.protocol.lookalikes import marked
    from mw_tokens_plugin.requestpages import RequestKind
    from mw_tokens_plugin.targets.requests import select

    options = run.options

    def is_meant(label: str, names: Sequence[str]) -> bool:
        """Ask what a request is for, where its heading speaks of the opposite, too."""
        if not options.is_interactive:
            return False
        about = {'label': label, 'number': len(names)}
        shown = ', '.join(map(marked, names[:_ASKED_WITH_NAMES]))
        question = message('global_lock-offer', names=shown, **about)
        if kind is RequestKind.BLOCK:
            question = message('global_block-offer', names=shown, **about)
        return pywikibot.input(question).strip().lower() in ('y', 'yes')

    return select(
        run.site,
        options.page or '',
        kind,
        sections=options.section,
        requesters=options.requester,
        offer=is_meant,
        with_text=with_text,
    )


def check_appeal(options: RequestOptions, what: str, by: str) -> None:
    """Refuse to grant requests for the opposite that nobody looks at one by one.

    :param what: what they ask for, in a word
    :param by: what they are judged by
    :raises InvalidInput: several would be granted, or nobody would look
    """
    if len(options.section) != 1:
        raise InvalidInput(
            f'Requests to {what} are judged one by one: give -section:HEADING once.'
        )
    if not options.is_interactive or options.always:
        raise InvalidInput(
            f'Requests to {what} are judged by somebody who sees {by}: run it at a '
            'terminal, without -always.'
        )


def check_is_one(selection: Selection, what: str) -> None:
    """Refuse a heading that stands above several requests for the opposite.

    :raises InvalidInput: it does
    """
    if len(selection.selected) > 1:
        raise InvalidInput(
            f'-section names {len(selection.selected)} requests, and requests to '
            f'{what} are judged one by one: give the heading of one of them.'
        )


def compare_page(run: Run[Any], campaign: Campaign) -> Campaign:
    """Tell if the page has changed since a plan that was not confirmed yet."""
    page = campaign.options.get('page')
    if page and not campaign.confirmed_at and not campaign.finished_at:
        title, revision = page['title'], page['revision']
        if run.site.edit_context(title).base_revision != revision:
            run.reporter.say(
                'global_lock-page-changed', title=title, revision=str(revision)
            )
    return campaign


def close_requests(
    run: Run[Any], campaign: Campaign, *, following: Campaign | None = None
) -> None:
    """Mark the requests of a campaign on their page, if it is finished.

    :param following: another campaign that has to be finished before
    """
    from pywikibot import config

    from mw_tokens_plugin.actions.marking import mark_requests

    options = run.options
    page = campaign.options.get('page')
    if not page and options.close:
        raise InvalidInput(f'The campaign {campaign.name!r} has no page to mark.')
    if not page or config.simulate:
        return
    campaign = run.ended(campaign)
    if campaign.finished_at is None:
        return
    if not (options.close or page['close']):
        if leader := _marked_by(run, campaign):
            line = run.lines.about('resume', leader)
            run.reporter.say('global_lock-to-mark', line=line)
        return
    if following is not None:
        line = f'{run.lines.resume(campaign)} -close'
        run.reporter.say('global_lock-not-marked', line=line)
        return
    agreed = run.sealer(campaign).is_confirmed
    if not agreed and (options.always or not options.close):
        # With nothing to do, nobody was asked.
        words = ('-resume', f'-campaign:{campaign.name}', '-close')
        line = run.lines.line(*run.lines.command, *words, wiki=campaign.wiki)
        raise StoppedByGuard(
            f'You have not agreed to what {campaign.name!r} in the ledger would mark '
            f'on {page["title"]}: nothing was marked. To mark it, look at that page '
            f'first, and leave -always out: {line}'
        )
    try:
        run.reporter.line(mark_requests(run.site, run.ledger, campaign))
    except TokensPluginError:
        line = f'{run.lines.resume(campaign)} -close'
        run.reporter.say('global_lock-not-marked', line=line)
        raise


def _marked_by(run: Run[Any], campaign: Campaign) -> Campaign | None:
    """Return the campaign of locks that a campaign follows, if it marks requests."""
    leader = run.ledger.find(campaign.name.removesuffix(FOLLOWING))
    if leader is None or not (leader.options.get('page') or {}).get('close'):
        return None
    then = leader.options.get('then')
    return leader if then and then['name'] == campaign.name else None
