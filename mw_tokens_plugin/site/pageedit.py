"""Saving a whole page in one edit, from an edit context, and only once.

The text is kept out of all logs; what is done about a conflict or a lost answer is left
to the caller.

https://www.mediawiki.org/wiki/API:Edit
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from mw_tokens_plugin.exceptions import ContentRefused, UnexpectedAnswer
from mw_tokens_plugin.protocol.answers import expected_form, part_of
from mw_tokens_plugin.protocol.fields import flag, number
from mw_tokens_plugin.site.pluginsite import PluginSite
from mw_tokens_plugin.site.queries import EditContext
from mw_tokens_plugin.site.redaction import redactor
from mw_tokens_plugin.site.refusals import proven, refusals
from mw_tokens_plugin.site.writes import SingleSendRequest


@dataclass(frozen=True, slots=True)
class Saved:
    """The result of an edit.

    .. version-added:: 0.1

    :ivar revision: number of the new revision; None if nothing had to be changed
    :ivar is_merged: whether somebody else's edit came in between
    """

    revision: int | None
    is_merged: bool


class PageEditRequest(SingleSendRequest):
    """An edit whose text is not one of its parameters.

    pywikibot logs the parameters of a request that was refused, broken into lines in
    which names can no longer be found to be taken out.
    """

    text: str = ''

    def _encoded_items(self) -> dict[str, str | bytes]:
        items: dict[str, str | bytes] = super()._encoded_items()
        items['text'] = self.text
        return items


def save_page(
    site: PluginSite, context: EditContext, text: str, *, summary: str
) -> Saved:
    """Save a page that was read before.

    :param context: what was read, with :meth:`QueriesMixin.edit_context`
    :param text: the whole new wikitext
    :raises StateConflict: somebody else has edited the same lines
    :raises AmbiguousWrite: the answer was lost; read the page first
    :raises ApiRefusal: the wiki refused
    """
    request = PageEditRequest(
        site=site,
        parameters={
            'action': 'edit',
            'formatversion': 2,
            **context.parameters(),
            'summary': summary,
            'md5': hashlib.md5(text.encode(), usedforsecurity=False).hexdigest(),
        },
    )
    request.text = text
    with redactor.hiding({text: '(the text)'}), refusals(site):
        answer = request.submit()
    with proven(site):
        saved = part_of(answer, 'edit')
        if saved.get('result') == 'Failure':
            # A captcha, or a filter of the wiki's own.
            code, info = saved.get('code') or 'failure', saved.get('info') or ''
            raise ContentRefused(str(code), str(info), str(site))
        if saved.get('result') != 'Success':
            raise UnexpectedAnswer(f'The edit has the result {saved.get("result")!r}.')
        with expected_form('The answer of edit'):
            unchanged = flag(saved, 'nochange')
            revision = None if unchanged else number(saved, 'newrevid')
    base = saved.get('oldrevid', context.base_revision)
    return Saved(revision, is_merged=base != context.base_revision)
