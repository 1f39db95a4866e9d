"""The exit code that follows from the findings about a login.

What a script lacks is left to :mod:`.findings`.
"""

from __future__ import annotations

from mw_tokens_plugin.campaign.exitcodes import ExitCode
from mw_tokens_plugin.doctor.findings import Diagnosis


def exit_code_of_wikis(found: Diagnosis) -> ExitCode:
    """Return whether all wikis could be examined, as an exit code.

    .. version-added:: 0.1
    """
    unseen = [wiki for wiki in found.wikis if wiki.problem]
    if not unseen:
        return ExitCode.DONE
    if all(wiki.transient for wiki in unseen):
        return ExitCode.TRY_AGAIN
    if len(unseen) < len(found.wikis):
        return ExitCode.FAILED
    refused = any(file.refused for file in found.secret_files)
    return ExitCode.USAGE if refused else ExitCode.NOT_AUTHORISED


def exit_code_for(found: Diagnosis, script: str) -> ExitCode:
    """Return whether a script would work, as an exit code.

    .. version-added:: 0.1

    :param script: its name
    """
    if found.would_work(script):
        return ExitCode.DONE
    later = found.may_work_later(script)
    return ExitCode.TRY_AGAIN if later else ExitCode.NOT_AUTHORISED
