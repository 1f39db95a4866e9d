"""The files with which pywikibot finds the sandbox, and a key for its commands.

Only directories of one's own without a foreign `user-config.py` are written to, and
none with that of a farm that is running.
"""

from __future__ import annotations

import json
import os
import re
import stat
from http.client import HTTPConnection, HTTPException
from pathlib import Path

from . import seeds
from .directories import KEY, NotOurs, check_is_ours, write_key, write_private
from .farm import Farm, Wiki
from .seeds import Credentials

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

_OTHER_FILES = ('sandbox_family.py', 'user-password.py', 'sandbox-key', 'farm.toml')

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


def write_configuration(
    directory: Path,
    farm: Farm,
    credentials: Credentials,
    key: str,
    *,
    plugin: bool = True,
    bot: bool = False,
) -> None:
    """Write what pywikibot reads, the key, and the `farm.toml` that tests read.

    :param key: what commands need.
    :param plugin: have the configuration enable the plugin.
    :param bot: log the operator in with the bot password.
    :raises NotOurs: rather than overwrite a configuration of somebody else.
    """
    check_is_ours(directory)
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
    write_private(family, family_text)
    write_key(directory, key)
    passwords = (_BOT_PASSWORDS if bot else _PASSWORDS).format(
        **common,
        operator=seeds.OPERATOR,
        colleague=seeds.COLLEAGUE,
        twofactor=seeds.TWOFACTOR,
        sysop=seeds.SYSOP,
        bot=seeds.BOT,
        credentials=credentials,
    )
    write_private(directory / 'user-password.py', passwords)
    text = _USER_CONFIG.format(
        **common,
        family_file=str(family),
        operator=seeds.OPERATOR,
        plugin=_ENABLE if plugin else '',
    )
    write_private(config, text.rstrip() + '\n')
    write_private(directory / 'farm.toml', _farm_file(directory, farm, credentials))


def _farm_file(directory: Path, farm: Farm, credentials: Credentials) -> str:
    """Return the file by which tests and the proxy find the farm."""
    bot = f'{seeds.OPERATOR}@{seeds.BOT}'
    tables = {
        'wikis': {code: wiki.address for code, wiki in farm.wikis.items()},
        'databases': {code: wiki.db for code, wiki in farm.wikis.items()},
        'operator': {'name': seeds.OPERATOR, 'password': credentials.operator},
        'sysop': {'name': seeds.SYSOP, 'password': credentials.sysop},
        'bot': {'name': bot, 'password': credentials.bot},
        'people': seeds.PEOPLE,
    }
    top = {
        'central': farm.central.code,
        'accounts': 'Spambot ',
        'pages': 'Spam page ',
        'sandbox_key': str(directory.resolve() / 'sandbox-key'),
    }
    lines = [_MARK, *map(_toml_line, top.items())]
    for name, values in tables.items():
        lines += ['', f'[{name}]', *map(_toml_line, values.items())]
    return '\n'.join(lines) + '\n'


def _toml_line(item: tuple[str, str]) -> str:
    # Both know the same escapes, and the keys here need no quotes.
    return f'{item[0]} = {json.dumps(item[1])}'


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
