"""The password file is judged before pywikibot reads it, and none of it is shown."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import pytest
from pywikibot import config
from pywikibot.login import LoginManager

from mw_tokens_plugin.cli.passwords import lacks_password, password_problem

GOOD = """# main passwords and others

('Ann', 'TopSecret')
('wikipedia', 'Ben', 'TopSecret')
  ('de', 'wikipedia', 'carla_d', 'Top\\\\Secret')
('Dora', BotPassword('app', 'TopSecret'))
('wikipedia', 'Emil', BotPassword('app', 'TopSecret'))
"""

#: Lines that pywikibot only warns about, or on which it ends with a traceback.
BAD = [
    "('Ann', 'TopSecret'),",
    "('Ann', 'TopSecret'), # mine",
    "['Ann', 'TopSecret']",
    "('TopSecret')",
    "'TopSecret'",
    'TopSecret',
    '42',
    "('a', 'b', 'c', 'Ann', 'TopSecret')",
    "('Ann', 'TopSecret'",
    "('Ann', TopSecret)",
    "('Ann', ('app', 'TopSecret'))",
    "('Ann', ['TopSecret'])",
    "('Ann', b'TopSecret')",
    "('Ann', None)",
    "('Ann', '')",
    "(None, 'TopSecret')",
    "('', 'TopSecret')",
    "('de', 3, 'Ann', 'TopSecret')",
    "('Ann', BotPassword('TopSecret'))",
    "('Ann', BotPassword('app', 'TopSecret', 'x'))",
    "('Ann', BotPassword('Ann@app', 'TopSecret'))",
    "('Ann', BotPassword(app, 'TopSecret'))",
    "('Ann', 'TopSecretBotPassword')",
    r"('Ann', 'Top\Secret')",
    f"('Ann', 'TopSecret{'x' * 250}')",
    "('Ann', 'Top, Secret, with, too, many, commas')",
    "('Ann', 'Top\N{NO-BREAK SPACE}Secret)",
    f'{"(" * 5000}"TopSecret"',
    r"('Ann', 'TopSecret\ud800')",
    r"('Ann\udfff', 'TopSecret')",
    r"('Ann', BotPassword('app', 'TopSecret\udc80'))",
]


@pytest.fixture
def write(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[bytes], Path]:
    """Write the password file."""
    path = tmp_path / 'passwords'
    path.touch(mode=0o600)
    monkeypatch.setattr(config, 'password_file', str(path))

    def write(content: bytes) -> Path:
        path.write_bytes(content)
        return path

    return write


@pytest.mark.parametrize('bad', BAD, ids=range(len(BAD)))
def test_a_line_that_pywikibot_cannot_use_is_named_and_not_shown(
    bad: str, write: Callable[[bytes], Path], recwarn: pytest.WarningsRecorder
) -> None:
    path = write(f'{GOOD}{bad}\n'.encode())
    problem = password_problem()
    assert problem is not None
    assert f'{path} cannot be used: line {GOOD.count(chr(10)) + 1} ' in problem
    for part in ('Top', 'Secret', 'app', 'Ann', 'mine', '42'):
        assert part not in problem.replace(str(path), '')
    assert not [str(each) for each in recwarn.list]


@pytest.mark.parametrize(
    ('content', 'words'),
    [
        (b'\xef\xbb\xbf' + GOOD.encode(), 'byte order mark'),
        (b"('A', 'b')\n('Ann', 'Top\xffSecret')\n", 'line 2 is not in UTF-8'),
        (GOOD.encode('utf-16'), 'line 1 is not in UTF-8'),
    ],
)
def test_other_encodings_are_told(
    content: bytes, words: str, write: Callable[[bytes], Path]
) -> None:
    write(content)
    assert words in (password_problem() or '')


@pytest.mark.parametrize(
    ('family', 'code', 'name', 'has'),
    [
        ('meta', 'meta', 'Ann', True),
        ('meta', 'meta', 'ann', True),
        ('wikipedia', 'de', 'Ben', True),
        ('meta', 'meta', 'Ben', False),
        ('wikipedia', 'de', 'Carla d', True),
        ('wikipedia', 'fr', 'Carla d', False),
        ('meta', 'meta', 'Dora', True),
        ('wikipedia', 'fr', 'Emil', True),
        ('meta', 'meta', 'Zoe', False),
    ],
)
def test_it_is_known_whose_password_is_there(
    family: str, code: str, name: str, has: bool, write: Callable[[bytes], Path]
) -> None:
    """As pywikibot finds it, whose own reader is asked, too."""
    write(GOOD.encode())
    assert password_problem() is None
    assert lacks_password(family, code, name) is not has
    site = SimpleNamespace(code=code, family=SimpleNamespace(name=family))
    reader = SimpleNamespace(
        site=site, username=name[0].upper() + name[1:], password=None
    )
    with warnings.catch_warnings():
        warnings.simplefilter('error')
        LoginManager.readPassword(reader)
    assert (reader.password is not None) is has


def test_a_password_that_may_be_that_of_another_farm_is_refused(
    write: Callable[[bytes], Path], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """It would be sent to both; a line that names the family says which."""
    names: dict[str, dict[str, str]] = {}
    for family, central in (('one', 'meta'), ('two', 'meta'), ('onemore', 'one:meta')):
        file = tmp_path / f'{family}_family.py'
        file.write_text(
            'from pywikibot import family\n'
            'class Family(family.Family):\n'
            f'    name, central_wiki = {family!r}, {central!r}\n'
            f'    langs = {{"meta": "{family}.invalid"}}\n'
        )
        monkeypatch.setitem(config.family_files, family, str(file))
    monkeypatch.setattr(config, 'usernames', names)
    monkeypatch.setattr(config, 'family', 'one')
    line, with_family = b"# mine\n('ann', 'TopSecret')\n", b"('two', 'Ann', 'x')\n"
    for named, refused in (
        ({'one': {'*': 'Ann'}}, False),
        ({'one': {'*': 'Ann'}, 'onemore': {'meta': 'Ann'}}, False),
        ({'one': {'*': 'Ann'}, 'two': {'*': 'Ben'}}, False),
        ({'wikipedia': {'*': 'Ann'}, 'meta': {'*': 'Ann'}}, False),
        ({'one': {'*': 'Ann'}, 'two': {'meta': 'Ann'}}, True),
        ({'*': {'*': 'Ann'}}, True),
    ):
        names.clear()
        names.update(named)
        write(line)
        problem = password_problem()
        assert bool(problem) == refused, named
        assert 'TopSecret' not in (problem or '')
        if problem:
            assert 'line 2' in problem
            assert "('one', 'Name', 'password')" in problem
        write(with_family)
        assert password_problem() is None
