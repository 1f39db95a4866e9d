"""`centralauth-sandbox`: start a farm, say where, wait for Ctrl-C.

What the farm is made of comes from :mod:`.seeds`; here is only the command line.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import stat
import sys
import tempfile
from pathlib import Path

from . import arguments, seeds
from .directories import NotOurs
from .waiting import until_interrupted

try:
    from . import proxycommand
    from .server import FLAVOURS, MAX_WIKIS, Sandbox
except ModuleNotFoundError as error:
    if error.name != 'aiohttp':
        raise
    print(
        "sandbox: its web server is missing: pip install 'mw_tokens_plugin[sandbox]'",
        file=sys.stderr,
    )
    sys.exit(2)


def main(given: list[str] | None = None) -> int:
    """Run the sandbox until it is interrupted; return the exit code."""
    given = sys.argv[1:] if given is None else given
    if given[:1] == ['proxy']:
        return proxycommand.main(given[1:])
    parser = _parser()
    options = parser.parse_args(given)
    if options.password is not None:
        parser.error(
            'a password in the arguments can be read by all users of this machine: '
            'write it into a file, and name that by --password-file'
        )
    os.umask(0o077)
    try:
        password = _password(options.password_file)
    except (OSError, ValueError) as error:
        return _complain(f'--password-file cannot be used: {error}')
    sandbox = Sandbox(
        options.wikis,
        options.mediawiki,
        options.delay / 1000,
        options.accounts,
        port=options.port,
        password=password,
        hosts=options.host,
        seed=options.seed,
        data=options.data,
        generator=options.generator,
    )
    directory = Path(
        os.path.abspath(options.directory or tempfile.mkdtemp(prefix='sandbox-'))
    )
    try:
        return asyncio.run(_serve(sandbox, directory))
    except NotOurs as error:
        return _complain(f'{error}; name another --directory')
    except OSError as error:
        return _complain(f'cannot start: {error}')


async def _serve(sandbox: Sandbox, directory: Path) -> int:
    async with until_interrupted() as ended:
        try:
            await sandbox.start()
            sandbox.write_configuration(directory)
            print(_announcement(sandbox, directory), flush=True)
            await ended.wait()
        finally:
            await sandbox.stop()
    print('The sandbox has ended.')
    return 0


def _announcement(sandbox: Sandbox, directory: Path) -> str:
    credentials = sandbox.credentials
    central = sandbox.farm.central
    lines = [
        'The sandbox is running; Ctrl-C ends it.',
        '',
        *(f'  {wiki.db:10} {wiki.server}/' for wiki in sandbox.wikis.values()),
        '',
        f'  {seeds.OPERATOR:30} {credentials.operator}',
        f'  {seeds.OPERATOR + "@" + seeds.BOT:30} {credentials.bot}',
        f'  {seeds.COLLEAGUE:30} {credentials.colleague}',
        f'  {seeds.TWOFACTOR:30} {credentials.twofactor} and code {credentials.code}',
        f'  {seeds.SYSOP:30} {credentials.sysop}',
        '',
        f'  journal   {central.server}/journal',
        f'  commands  {central.server}/sandbox/',
        f'            with the header in {directory / "sandbox-key"}',
        '',
        'pywikibot finds it with',
        f'  PYWIKIBOT_DIR={directory}',
    ]
    return '\n'.join(lines)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog='centralauth-sandbox',
        description='Start a farm of imitated wikis on loopback addresses.',
        epilog='centralauth-sandbox proxy --help: a proxy before other wikis.',
        allow_abbrev=False,
    )
    parser.add_argument(
        '--wikis',
        type=arguments.number(1, MAX_WIKIS),
        default=3,
        metavar='N',
        help='how many wikis, the central one included (3)',
    )
    parser.add_argument(
        '--delay',
        type=arguments.delay,
        default=0,
        metavar='MS',
        help='milliseconds by which every answer is late (0)',
    )
    parser.add_argument(
        '--mediawiki',
        choices=FLAVOURS,
        default='current',
        help='the modules of that release, or those of today (current)',
    )
    parser.add_argument(
        '--generator',
        default='',
        metavar='TEXT',
        help='what the wikis of an old release say that they run (that release)',
    )
    parser.add_argument(
        '--accounts',
        type=arguments.number(0, 1000000),
        default=400,
        metavar='N',
        help='how many spam accounts (400)',
    )
    parser.add_argument(
        '--port',
        type=arguments.port,
        default=0,
        metavar='P',
        help='port on every address; 0 takes any that is free (0)',
    )
    parser.add_argument(
        '--directory',
        type=Path,
        metavar='DIR',
        help='where to write user-config.py (a new temporary directory)',
    )
    parser.add_argument(
        '--password-file',
        metavar='FILE',
        help='a file with the password of every account, or - (a new one)',
    )
    parser.add_argument('--password', nargs='?', const='', help=argparse.SUPPRESS)
    parser.add_argument(
        '--host',
        action='append',
        default=[],
        metavar='NAME',
        help='answer to this name too, such as that of a proxy; may be repeated',
    )
    parser.add_argument(
        '--seed',
        type=arguments.number(0, 2**31),
        default=1,
        metavar='N',
        help='what the spam accounts are made of (1)',
    )
    parser.add_argument(
        '--data',
        action='store_true',
        help='add the wiki data, a Wikibase repository for the others',
    )
    return parser


def _password(name: str | None) -> str | None:
    """Return the password in a file; None if none is named.

    :raises OSError: it cannot be read, or belongs to somebody else.
    :raises ValueError: there is none in it.
    """
    if name is None:
        return None
    if name == '-':
        text = sys.stdin.readline()
    else:
        descriptor = os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
        with open(descriptor, encoding='utf-8') as file:
            found = os.fstat(descriptor)
            if not stat.S_ISREG(found.st_mode):
                raise OSError(f'{name} is not a file')
            if found.st_uid != os.geteuid() or found.st_mode & 0o077:
                raise OSError(f'{name} is not for you alone: chmod 600')
            text = file.readline()
    if not (password := text.rstrip('\r\n')):
        raise ValueError('there is no password in it')
    return password


def _complain(sentence: str) -> int:
    print(f'sandbox: {sentence}', file=sys.stderr)
    return 2


if __name__ == '__main__':
    sys.exit(main())
