"""Which script runs campaigns of a kind, by what is installed here.

A ledger names kinds; what it says never chooses a module or a path. A distribution
declares its campaign scripts in ``setup.cfg``, by name::

    [options.entry_points]
    mw_tokens_plugin.campaigns =
        protect_pages = my_scripts.protect_pages:SCRIPT
"""

from __future__ import annotations

from collections.abc import Iterator
from importlib import import_module
from importlib.metadata import EntryPoint, entry_points
from importlib.util import find_spec

from mw_tokens_plugin.cli.script import CampaignScript
from mw_tokens_plugin.exceptions import InvalidInput

#: The group of entry points by which a distribution declares its scripts.
GROUP = 'mw_tokens_plugin.campaigns'

#: The scripts of this package, which are found in a checkout, too.
OWN = (
    'global_lock',
    'global_block',
    'global_delete',
    'crosswiki_delete',
    'crosswiki_rollback',
    'crosswiki_block',
    'crosswiki_cleanup',
)
_DISTRIBUTION = 'mw_tokens_plugin'


def campaign_scripts(problems: list[str] | None = None) -> list[CampaignScript]:
    """Return all campaign scripts that are installed.

    .. version-added:: 0.1

    :param problems: gets a sentence for each that cannot be used
    """
    return [script for _, script in _declared(problems if problems is not None else [])]


def script_for(kind: str) -> CampaignScript | None:
    """Return the script that runs campaigns of a kind; None if none is known.

    :param kind: what the ledger calls them
    :raises InvalidInput: several packages declare it, or what may declare it cannot be
        used
    """
    problems: list[str] = []
    found = [each for each in _declared(problems) if kind in each[1].kinds]
    if len(found) > 1:
        names = ', '.join(sorted({name for name, _ in found}))
        raise InvalidInput(
            f'Several installed scripts run campaigns of the kind {kind!r}, of the '
            f'packages {names}. Uninstall all but one of them.'
        )
    if not found and problems:
        raise InvalidInput(problems[0])
    return found[0][1] if found else None


def _declared(problems: list[str]) -> Iterator[tuple[str, CampaignScript]]:
    """Yield the scripts, each with the distribution that declares it."""
    package = 'mw_tokens_scripts' if find_spec('mw_tokens_scripts') else 'scripts'
    for name in OWN:
        yield _DISTRIBUTION, import_module(f'{package}.{name}').SCRIPT
    # An editable installation and a checkout may both be on the path.
    entries = {(entry.name, entry.value): entry for entry in entry_points(group=GROUP)}
    for entry in entries.values():
        distribution = entry.dist.name if entry.dist else 'an unknown package'
        if distribution.replace('-', '_') == _DISTRIBUTION and entry.name in OWN:
            continue
        try:
            yield distribution, _loaded(entry)
        except Exception as error:  # noqa: BLE001  # a package of others runs
            problems.append(
                f'The campaign script {entry.value} of the package {distribution} '
                f'cannot be used: {error}'
            )


def _loaded(entry: EntryPoint) -> CampaignScript:
    script = entry.load()
    if not isinstance(script, CampaignScript):
        raise TypeError('it is not a CampaignScript')
    return script
