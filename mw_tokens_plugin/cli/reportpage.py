"""The section about a campaign on a page of the central wiki, where colleagues look.

It is written at the end of each run, in one edit; a campaign never fails for it. What
it says is left to :mod:`mw_tokens_plugin.campaign.report.section`.

https://www.mediawiki.org/wiki/API:Edit
"""

from __future__ import annotations

from typing import Any

import pywikibot

from mw_tokens_plugin.campaign.exitcodes import ExitCode
from mw_tokens_plugin.campaign.ledger import Ledger
from mw_tokens_plugin.campaign.records import Campaign
from mw_tokens_plugin.campaign.report.section import named, placed, section_of
from mw_tokens_plugin.campaign.report.texts import to_the_minute
from mw_tokens_plugin.cli.hiddenactors import hidden_among
from mw_tokens_plugin.cli.ledgers import found
from mw_tokens_plugin.cli.run import Run
from mw_tokens_plugin.exceptions import (
    AmbiguousWrite,
    InternalApiError,
    InvalidInput,
    StateConflict,
    TokensPluginError,
)
from mw_tokens_plugin.messages import wiki_message
from mw_tokens_plugin.site.pageedit import save_page

#: How often the page is read and saved, where others edit it at the same moment.
_ATTEMPTS = 4

#: Interface messages, and everything that is no page.
_NO_REPORTS = frozenset({-2, -1, 8})


def check_page(run: Run[Any]) -> None:
    """Refuse a page on which no section can be written, before anything is planned.

    :raises InvalidInput: there can be none
    """
    title = run.options.report_page
    if title is None:
        return
    try:
        page = pywikibot.Page(run.site, title)
        is_elsewhere = page.site != run.site or page.namespace() in _NO_REPORTS
        # Whatever stands behind a bar would be left out.
        is_text = page.content_model == 'wikitext' and '|' not in title
        is_redirect = page.exists() and page.isRedirectPage()
    except pywikibot.exceptions.Error:
        is_elsewhere, is_text, is_redirect = True, False, False
    if is_elsewhere or not is_text:
        raise InvalidInput(
            f'-report-page:{title} is not a page of {run.site} that holds wikitext: '
            'name another one.'
        )
    if is_redirect:
        target = page.getRedirectTarget().title(with_section=False)
        raise InvalidInput(
            f'-report-page:{title} is a redirect: name the page it leads to, {target}.'
        )


def lists_names(run: Run[Any], campaign: Campaign) -> bool:
    """Tell whether the operator is to agree to names on the page."""
    stored = run.stored(campaign)
    is_undo = 'undone' in campaign.options
    return bool(stored.get('report_page') and stored.get('report_names')) and not (
        is_undo
    )


def write_section(run: Run[Any], campaign: Campaign, code: ExitCode) -> None:
    """Write or update the section about a campaign, or about the one that it undoes.

    :param code: how the run has ended
    """
    written = (ExitCode.DONE, ExitCode.FAILED, ExitCode.GUARD, ExitCode.TRY_AGAIN)
    title = run.stored(campaign).get('report_page')
    is_confirmed = found(run.ledger, campaign.name).confirmed_at is not None
    if not title or not is_confirmed or code not in written:
        return
    try:
        revision = _save(run, campaign, title)
    except TokensPluginError as error:
        line = run.lines.resume(campaign)
        about = {'title': title, 'error': str(error), 'line': line}
        run.reporter.say('campaign-no-report-page', urgent=True, **about)
    else:
        if revision is not None:
            address = run.site.base_url(f'index.php?oldid={revision}')
            run.reporter.say('campaign-report-page', title=title, address=address)


def _save(run: Run[Any], campaign: Campaign, title: str) -> int | None:
    """Save the section; return the number of the revision, or None for no change."""
    subject, undos = _family(run.ledger, campaign)
    names = _publishable(run, subject)
    section = section_of(run.site, run.ledger, subject, undos, names=names)
    begun = to_the_minute(subject.created_at)
    about = {'kind': subject.action, 'begun': begun}
    heading = wiki_message(run.site, 'campaign-page-heading', **about)
    summary = wiki_message(run.site, 'campaign-page-summary', **about)
    failure: TokensPluginError | None = None
    for _ in range(_ATTEMPTS):
        context = run.site.edit_context(title, text=True)
        old = context.text or ''
        new = placed(old, subject, heading, section)
        if new.rstrip() == old.rstrip():
            return context.base_revision
        try:
            return save_page(run.site, context, new, summary=summary).revision
        except (StateConflict, AmbiguousWrite, InternalApiError) as error:
            failure = error
    assert failure is not None
    raise failure


def _family(
    ledger: Ledger, campaign: Campaign
) -> tuple[Campaign, list[tuple[Campaign, Campaign]]]:
    """Return the first of the campaigns that undo one another, and the others.

    :return: each of the others comes with the one that it undoes
    """
    every = sorted(ledger.campaigns(lambda error: None), key=lambda each: each.id)
    by_name = {each.name: each for each in every}
    first = campaign
    while (undone := by_name.get(first.options.get('undone', ''))) is not None:
        if undone.id >= first.id:
            break
        first = undone
    found, names = list[tuple[Campaign, Campaign]](), {first.name}
    for each in every:
        name = each.options.get('undone')
        if name in names and each.id > first.id and each.confirmed_at is not None:
            names.add(each.name)
            found.append((each, by_name[name]))
    return first, found


def _publishable(run: Run[Any], subject: Campaign) -> frozenset[int] | None:
    """Return the targets whose names may be on the page now; None for none at all."""
    if not run.stored(subject).get('report_names'):
        return None
    targets = list(named(run.ledger, subject))
    # Some may have been hidden since the ledger has learnt of them.
    by_wiki = run.kinds[subject.action].by_wiki
    hidden = hidden_among(run, () if by_wiki else (t.name for t in targets), known=True)
    return frozenset(t.id for t in targets if t.name not in set(hidden))
