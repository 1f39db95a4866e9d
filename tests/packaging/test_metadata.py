"""What the top-level files say of the project agrees, file with file and with the code.

Nothing here needs the package to be installed.
"""

from __future__ import annotations

import ast
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from configparser import ConfigParser
from pathlib import Path

ROOT = Path(__file__).parents[2]
SCRIPTS = sorted(
    path.stem for path in (ROOT / 'scripts').glob('*.py') if path.stem != '__init__'
)
GENERATED = {'__pycache__', 'build', 'dist', 'node_modules'}


def read(name: str) -> str:
    return (ROOT / name).read_text(encoding='utf-8')


def configuration(name: str) -> ConfigParser:
    parser = ConfigParser(interpolation=None)
    parser.read_string(read(name))
    return parser


def lines(value: str) -> list[str]:
    return [line.strip() for line in value.splitlines() if line.strip()]


def test_changelog_describes_the_present_version() -> None:
    version = configuration('setup.cfg')['metadata']['version']
    releases = re.findall(r'^## \[?([\w.]+)', read('CHANGELOG.md'), re.MULTILINE)
    assert version == next(release for release in releases if release != 'Unreleased')


def test_package_states_no_other_version() -> None:
    version = configuration('setup.cfg')['metadata']['version']
    tree = ast.parse(read('mw_tokens_plugin/__init__.py'))
    stated = [
        ast.literal_eval(node.value)
        for node in tree.body
        if isinstance(node, ast.Assign)
        and isinstance(node.targets[0], ast.Name)
        and node.targets[0].id == '__version__'
        and isinstance(node.value, ast.Constant)
    ]
    assert stated in ([], [version])


def test_pyproject_only_says_how_to_build() -> None:
    assert re.findall(r'^\[.*', read('pyproject.toml'), re.MULTILINE) == [
        '[build-system]'
    ]


def test_every_package_is_in_the_distribution() -> None:
    """A folder that is forgotten in setup.cfg works in a checkout only."""
    found = {
        '.'.join(path.parent.relative_to(ROOT).parts)
        for top in ('mw_tokens_plugin', 'centralauth_sandbox', 'scripts')
        for path in (ROOT / top).rglob('__init__.py')
    }
    found = {re.sub(r'^scripts\b', 'mw_tokens_scripts', name) for name in found}
    assert set(lines(configuration('setup.cfg')['options']['packages'])) == found


def test_every_data_file_is_in_the_distribution() -> None:
    """One that is forgotten in setup.cfg is found in a checkout only."""
    tops = [ROOT / 'mw_tokens_plugin', ROOT / 'centralauth_sandbox']
    found = {path for top in tops for path in top.rglob('*') if path.is_file()}
    found = {path for path in found if path.suffix not in ('.py', '.pyc')}
    declared: set[Path] = set()
    for package, patterns in configuration('setup.cfg')['options.package_data'].items():
        folder = ROOT / package.replace('.', '/')
        declared.update(*(folder.glob(pattern) for pattern in lines(patterns)))
    assert found == declared


def test_python_versions_agree() -> None:
    """setup.cfg, tox.ini and ruff.toml mean the same range of Python versions."""
    setup = configuration('setup.cfg')
    minimum = setup['options']['python_requires'].removeprefix('>=')
    classified = re.findall(r'Python :: (3\.\d+)', setup['metadata']['classifiers'])
    factors = re.search(r'py\{([\d,]+)\}', configuration('tox.ini')['tox']['env_list'])
    assert factors
    assert [version.replace('.', '') for version in classified] == factors[1].split(',')
    assert classified[0] == minimum
    assert f'target-version = "py{minimum.replace(".", "")}"' in read('ruff.toml')


def test_every_import_is_of_a_declared_dependency() -> None:
    """What comes only as a dependency of a dependency may be gone tomorrow."""
    setup = configuration('setup.cfg')
    declared = names_of(lines(setup['options']['install_requires']))
    sandbox = names_of(lines(setup['options.extras_require']['sandbox']))
    tops = {
        'mw_tokens_plugin': declared | {'mw_tokens_plugin'},
        'scripts': declared | {'mw_tokens_plugin'},
        'centralauth_sandbox': sandbox,
    }
    for top, allowed in tops.items():
        for path in (ROOT / top).rglob('*.py'):
            tree = ast.parse(path.read_text(encoding='utf-8'))
            # pytest alone loads its plugins.
            besides = {'pytest'} if path.name == 'pytest_plugin.py' else set()
            names = {name.lower() for name in allowed | besides}
            assert third_party(tree) <= names, path


def test_each_dependency_has_its_reason_in_contributing() -> None:
    setup = configuration('setup.cfg')
    wanted = lines(setup['options']['install_requires'])
    for extra in setup['options.extras_require'].values():
        wanted += lines(extra)
    rows = re.findall(r'^\| `([\w-]+)`', read('CONTRIBUTING.md'), re.M)
    assert set(rows) == names_of(wanted)


def test_readme_commands_run_environments_that_exist() -> None:
    commands = re.findall(r'^python3 .*/tox run .*', read('README.md'), re.MULTILINE)
    environments = [command.rpartition(' -e ')[2] for command in commands]
    assert environments == ['demo', 'py']
    assert 'testenv:demo' in configuration('tox.ini')


def test_ci_script_is_sound_and_executable() -> None:
    script = ROOT / '.ci' / 'run'
    assert os.access(script, os.X_OK)
    subprocess.run(['bash', '-n', script], check=True)


def test_each_script_has_its_page_and_its_line_in_the_readme() -> None:
    for script in SCRIPTS:
        assert (ROOT / 'docs' / f'{script}.md').is_file()
        assert f'pwb {script}' in read('README.md')


def test_no_file_names_a_place_on_somebodys_machine() -> None:
    """What is written down for everyone must not lean on one person's folders."""
    private = re.compile(r'(?<![\w.:/-])/(?:home|root|Users|opt|work)/[\w.]')
    places = {str(ROOT), str(Path.home())} - {'/'}
    guilty = [
        f'{path.relative_to(ROOT)}:{number}: {line.strip()[:100]}'
        for path in repository_files(ROOT)
        for number, line in enumerate(text_of(path).splitlines(), 1)
        if private.search(line) or any(f'{place}/' in line for place in places)
    ]
    assert guilty == []


def names_of(requirements: list[str]) -> set[str]:
    return {re.split(r'[\[<>=!~]', requirement)[0] for requirement in requirements}


def third_party(tree: ast.AST) -> set[str]:
    modules = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            modules |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and not node.level and node.module:
            modules.add(node.module)
    tops = {module.partition('.')[0] for module in modules}
    # Newer Pythons have tomllib.
    return tops - sys.stdlib_module_names - {'tomllib'}


def repository_files(folder: Path) -> Iterator[Path]:
    for path in sorted(folder.iterdir()):
        if path.name in GENERATED or path.suffix == '.egg-info':
            continue
        if path.name.startswith('.') and path.name not in ('.ci', '.gitignore'):
            continue
        if path.is_dir():
            yield from repository_files(path)
        else:
            yield path


def text_of(path: Path) -> str:
    return path.read_text(encoding='utf-8', errors='replace')
