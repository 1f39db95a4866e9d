"""Campaign scripts are found by what is installed, those of this package always."""

from __future__ import annotations

from configparser import ConfigParser
from pathlib import Path

from mw_tokens_plugin.cli.kinds import GROUP, OWN, campaign_scripts, script_for

ROOT = Path(__file__).parents[2]


def test_own_scripts_are_declared_as_those_of_others_are() -> None:
    setup = ConfigParser(interpolation=None)
    setup.read_string((ROOT / 'setup.cfg').read_text('utf-8'))
    declared = setup['options.entry_points'][GROUP].split('\n')[1:]
    expected = [f'{name} = mw_tokens_scripts.{name}:SCRIPT' for name in OWN]
    assert [line.strip() for line in declared] == expected


def test_each_kind_is_run_by_one_script_which_also_undoes_it() -> None:
    scripts = campaign_scripts()
    assert {script.title for script in scripts} >= set(OWN)
    for script in scripts:
        for name, kind in script.kinds.items():
            found = script_for(name)
            assert found is not None and found.title == script.title
            if isinstance(kind.undo, str) and kind.undo:
                assert kind.undo in script.kinds
    assert script_for('unheardof') is None
