"""Options that give requests a status without doing what they ask for.

The edit is left to :mod:`mw_tokens_plugin.actions.statusmarks`. This module starts
fast, so that ``-help`` does.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from mw_tokens_plugin.cli.table import listed, table
from mw_tokens_plugin.exceptions import InvalidInput, StoppedByGuard
from mw_tokens_plugin.messages import message
from mw_tokens_plugin.protocol.display import find_control
from mw_tokens_plugin.protocol.lookalikes import marked

if TYPE_CHECKING:
    from mw_tokens_plugin.campaign.report.console import Reporter
    from mw_tokens_plugin.site.mixins import TypedSite

#: What can be given with -mark.
_WITH = frozenset({'page', 'section', 'mark', 'remark', 'always', 'ledger'})


def status(text: str) -> str:
    """Read a status."""
    from mw_tokens_plugin.actions.statusmarks import STATUSES

    if (word := ' '.join(text.lower().split())) not in STATUSES:
        raise ValueError(f'give one of {", ".join(STATUSES)}.')
    return word


def remark(text: str) -> str:
    """Read a remark, which is wikitext."""
    if find_control(text) or '~~~' in text:
        raise ValueError('give one line; your signature is added to it.')
    return text.strip()


def mark(options: Any, site: TypedSite, reporter: Reporter) -> None:
    """Give the requests of some sections a status, in one edit.

    :raises InvalidInput: it is not said which, or nobody can be asked
    :raises StoppedByGuard: the operator says no
    """
    import pywikibot
    from pywikibot import config

    from mw_tokens_plugin.actions.statusmarks import mark_status
    from mw_tokens_plugin.cli.login import log_in

    rows = table(type(options)).values()
    others = [a.name for f, a in rows if f.name in options.given - _WITH]
    if others or options.names:
        raise InvalidInput(
            '-mark only marks requests: leave '
            f'{listed(others) or "other names"} out, or mark what is done with -close.'
        )
    if options.page is None or not options.section:
        raise InvalidInput('-mark needs -page:TITLE and -section:HEADING.')
    if not (options.always or options.is_interactive or config.simulate):
        raise InvalidInput('Nobody can be asked without a terminal: give -always.')

    def agrees(labels: Sequence[str]) -> bool:
        for label in labels:
            reporter.line(f'  {marked(label)}')
        number = len(labels)
        if config.simulate:
            reporter.say('global_lock-mark-simulated', number=number)
            return False
        if options.always:
            return True
        question = message('global_lock-mark-ask', number=number, status=options.mark)
        return re.fullmatch('y|yes', pywikibot.input(question).strip().lower()) is not (
            None
        )

    log_in(site, {'edit': 'editpage'})
    said = mark_status(
        site, options.page, options.section, options.mark, options.remark, agrees
    )
    if said is not None:
        reporter.line(said)
    elif not config.simulate:
        raise StoppedByGuard('Not confirmed; nothing was changed.')
