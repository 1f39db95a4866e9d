"""The files with which pywikibot finds the sandbox, and a key for its commands.

Only directories of one's own without a foreign `user-config.py` are written to, and
none with that of a farm that is running.
"""

from __future__ import annotations

import os
import re
import stat
from http.client import HTTPConnection, HTTPException
from pathlib import Path

from . import seeds
from .farm import Farm, Wiki
from .seeds import Credentials

#: The header with what commands need.
KEY = 'Sandbox-Key'

_MARK = '# Written by centralauth_sandbox.'

_USER_CONFIG = """{mark}  Delete the directory when the sandbox has ended.
family = 'sandbox'
mylang = '{central}'
family_files['sandbox'] = {family_file!r}
usernames['sandbox']['*'] = {operator!r}
password_file = 'user-password.py'

# Nobody is hurt if writes to loopback follow each other at once.
put_throttle = 0
minthrottle = 0
maxthrottle = 1

{plugin}
"""
_ENABLE = "__import__('mw_tokens_plugin').enable()"

_FAMILY = '''{mark}
"""The wikis of the sandbox."""
from pywikibot import family


class Family(family.Family):
    """The wikis of the sandbox."""

    name = 'sandbox'
    central_wiki = {central!r}
    shared_login = True
    langs = {{
{langs}
    }}

    def protocol(self, code):
        """Return the protocol of all wikis."""
        return 'http'

    def scriptpath(self, code):
        """Return the path of api.php."""
        return {paths!r}[code]

    def dbName(self, code):  # noqa: N802
        """Return the name of the wiki's database."""
        return {databases!r}[code]
'''
_REPOSITORY = '''
    def interface(self, code):
        """Return the class of a wiki's site."""
        return 'DataSite' if code == {data!r} else super().interface(code)

    def entity_sources(self, code):
        """Say that all entities are where they are."""
        return {{}}
'''

_OTHER_FILES = ('sandbox_family.py', 'user-password.py', 'sandbox-key')

#: How long a farm may take to answer, in seconds.
_PATIENCE = 5
_LANG = re.compile(r"^        '\w+': '([^']+)',$", re.MULTILINE)

_PASSWORDS = """{mark}
({operator!r}, {credentials.operator!r})
({colleague!r}, {credentials.colleague!r})
({twofactor!r}, {credentials.twofactor!r})
({sysop!r}, {credentials.sysop!r})
"""
_BOT_PASSWORDS = """{mark}
({operator!r}, BotPassword({bot!r}, {credentials.bot!r}))
({sysop!r}, {credentials.sysop!r})
"""


class NotOurs(OSError):
    """A directory holds the configuration of somebody else, or of a running farm."""


def write_configuration(
    directory: Path,
    farm: Farm,
    credentials: Credentials,
    key: str,
    *,
    plugin: bool = True,
    bot: bool = False,
) -> None:
    """Write `user-config.py`, `sandbox_family.py`, `user-password.py`, `sandbox-key`.

    :param key: what commands need.
    :param plugin: have the configuration enable the plugin.
    :param bot: log the operator in with the bot password.
    :raises NotOurs: rather than overwrite a configuration of somebody else.
    """
    _check_is_ours(directory)
    config = directory / 'user-config.py'
    for path in (config, *(directory / name for name in _OTHER_FILES)):
        if os.path.lexists(path) and not stat.S_ISREG(path.lstat().st_mode):
            raise NotOurs(f'{path} is not a file: not overwritten')
    if config.exists() and not config.read_text('utf-8').startswith(_MARK):
        raise NotOurs(f'{config} was not written by the sandbox: not overwritten')
    family = directory.resolve() / 'sandbox_family.py'
    if _is_of_another_farm(family, farm):
        raise NotOurs(f'{config} is that of a sandbox that is running: not overwritten')
    common = {'mark': _MARK, 'central': farm.central.code}
    langs = '\n'.join(
        f'        {code!r}: {_host(wiki)!r},' for code, wiki in farm.wikis.items()
    )
    family_text = _FAMILY.format(
        **common,
        langs=langs,
        paths={code: wiki.layout.script_path for code, wiki in farm.wikis.items()},
        databases={code: wiki.db for code, wiki in farm.wikis.items()},
    )
    if farm.repository is not None:
        family_text += _REPOSITORY.format(data=farm.repository.code)
    _write_private(family, family_text)
    _write_private(directory / 'sandbox-key', f'{KEY}: {key}')
    passwords = (_BOT_PASSWORDS if bot else _PASSWORDS).format(
        **common,
        operator=seeds.OPERATOR,
        colleague=seeds.COLLEAGUE,
        twofactor=seeds.TWOFACTOR,
        sysop=seeds.SYSOP,
        bot=seeds.BOT,
        credentials=credentials,
    )
    _write_private(directory / 'user-password.py', passwords)
    text = _USER_CONFIG.format(
        **common,
        family_file=str(family),
        operator=seeds.OPERATOR,
        plugin=_ENABLE if plugin else '',
    )
    _write_private(config, text.rstrip() + '\n')


def _check_is_ours(directory: Path) -> None:
    """Make a directory if it is not there, and refuse one that others have a hand in.

    What is written into it is run as code by pywikibot.
    """
    if directory.is_symlink():
        raise NotOurs(f'{directory} is a symbolic link, which is not followed')
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    found = directory.stat()
    if found.st_uid != os.geteuid():
        raise NotOurs(f'{directory} belongs to another user')
    if found.st_mode & stat.S_IWOTH:
        raise NotOurs(f'others can write to {directory}')


def _host(wiki: Wiki) -> str:
    return wiki.server.removeprefix('http://')


def _is_of_another_farm(family: Path, farm: Farm) -> bool:
    """Tell whether another farm answers where this file says."""
    written = _LANG.findall(family.read_text('utf-8')) if family.exists() else []
    # Where this farm listens no other one does.
    own = set(map(_host, farm.wikis.values()))
    return bool(written) and own.isdisjoint(written) and _answers(written[0])


def _answers(host: str) -> bool:
    """Tell whether there is a wiki of a farm at an address."""
    connection = HTTPConnection(host, timeout=_PATIENCE)
    try:
        connection.request('GET', '/sandbox/summary')
        answer = connection.getresponse()
        return (answer.status, answer.getheader('WWW-Authenticate')) == (401, KEY)
    except (OSError, HTTPException):
        return False
    finally:
        connection.close()


def _write_private(path: Path, text: str) -> None:
    path.unlink(missing_ok=True)
    # Others may put something into its place at this moment.
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with open(descriptor, 'w', encoding='utf-8') as file:
        file.write(text)
