"""The commands that a script prints for its operator, which work from any folder."""

from __future__ import annotations

import os
import shlex
from pathlib import Path

from mw_tokens_plugin.campaign.ledgerurl import in_full, without_secrets
from mw_tokens_plugin.campaign.records import Campaign
from mw_tokens_plugin.cli.options import CampaignOptions
from mw_tokens_plugin.cli.table import repeated
from mw_tokens_plugin.cli.whereabouts import words_about_user, words_for


class Lines:
    """Command lines for the ledger of a command line.

    :ivar title: the name of the script, without a folder
    :ivar command: how it is started
    """

    def __init__(self, options: CampaignOptions, script: str = '') -> None:
        """Print what these options say.

        :param script: its name for ``pwb``; a path, if ``python PATH`` starts it
        """
        self._options = options
        self.title = Path(script).stem
        self.command = 'python' if script.endswith('.py') else 'pwb', script

    def line(self, *words: str, wiki: str | None = None) -> str:
        """Return a command line for the same ledger.

        :param wiki: that of the campaign, as ``family:code``
        """
        whole = list(words)
        if wiki is not None:
            whole += words_for(wiki, self._options.arguments)
            whole += words_about_user(self._options.arguments)
        if self._options.ledger:
            # A password in it is for the operator to fill in again.
            place = without_secrets(in_full(self._options.ledger, os.getcwd()))
            whole.append(f'-ledger:{place}')
        return shlex.join(whole)

    def resume(self, campaign: Campaign, *, asks: bool = False) -> str:
        """Return the command that resumes a campaign.

        :param asks: whether it asks first, though these options do not
        """
        words = ['-resume', f'-campaign:{campaign.name}']
        for word in repeated(self._options):
            name, _, value = word.partition(':')
            if name in ('-health-file', '-log-json', '-report'):
                word = f'{name}:{os.path.abspath(value)}'
            if not (asks and name in ('-always', '-quiet')):
                words.append(word)
        return self.line(*self.command, *words, wiki=campaign.wiki)

    def undo(self, campaign: Campaign) -> str:
        """Return the command that undoes a campaign."""
        words = (f'-undo:{campaign.name}', '-reason:TEXT')
        return self.line(*self.command, *words, wiki=campaign.wiki)

    def about(self, command: str, campaign: Campaign, *more: str) -> str:
        """Return a command of ``pwb campaign``.

        :param command: such as ``show``
        """
        words = ('pwb', 'campaign', command, campaign.name, *more)
        return self.line(*words, wiki=campaign.wiki)
