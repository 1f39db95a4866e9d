"""A ``pwb`` that is imported already, so that each of many commands starts at once.

A program for a process of its own, in a folder that is configured for a farm: for each
line that it reads, a fork of it becomes ``pwb`` with those arguments.
"""

from __future__ import annotations

import gc
import json
import os
import sys
from collections.abc import Callable
from typing import Any

# What scripts have in common, with the user-config.py of the folder.
import pywikibot
import pywikibot.pagegenerators
import pywikibot.specialbots

if 'mw_tokens_plugin' in sys.modules:
    # What the plugin imports with the first site.
    import mw_tokens_plugin.site.install
    import mw_tokens_plugin.site.mixins
    import mw_tokens_plugin.site.requestclasses  # noqa: F401


def job_of_this_process(read: int, write: int) -> dict[str, Any] | None:
    """Start a process for each job that comes; return in these, and at the end."""
    # Else the collector of each would copy all the memory that they share.
    gc.freeze()
    with open(read, encoding='utf-8') as jobs, open(write, 'w') as ends:
        for line in jobs:
            job: dict[str, Any] = json.loads(line)
            pid = os.fork()
            if not pid:
                return job
            print(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), file=ends)
            ends.flush()
    return None


def save_at_once(request: Callable[..., object], *args: Any, **options: Any) -> None:
    """Save in the foreground what pywikibot would save in the background.

    Of that it loses the last pages now and then, when a script ends on a slow machine.
    """
    request(*args, **options)


def become_pwb(job: dict[str, Any]) -> None:
    """Run one command, and end as it ends."""
    for number, path in enumerate((job['input'], job['output'], job['output'])):
        flags = os.O_RDONLY if not number else os.O_WRONLY | os.O_CREAT | os.O_APPEND
        opened = os.open(path, flags, 0o600)
        os.dup2(opened, number)
        os.close(opened)
    pywikibot.async_request = save_at_once
    sys.argv = ['pwb', *job['arguments']]
    # It reads its arguments while it is imported.
    from pywikibot.scripts import wrapper

    wrapper.run()


if __name__ == '__main__':
    found = job_of_this_process(*map(int, sys.argv[1:]))
    if found is not None:
        become_pwb(found)
