"""`centralauth-sandbox proxy`: put the proxy before some wikis, and wait for Ctrl-C."""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import urlsplit

from . import arguments, control
from .directories import check_is_ours, write_key
from .farmfile import FarmFileError
from .faults import FaultError
from .proxy import Proxy
from .waiting import until_interrupted


def main(given: list[str]) -> int:
    """Run the proxy until it is interrupted; return the exit code."""
    options = _parser().parse_args(given)
    os.umask(0o077)
    try:
        proxy = _proxy(options)
        if options.rules is not None:
            _arm(proxy, options.rules)
    except (FaultError, ValueError, OSError) as error:
        return _complain(str(error))
    directory = Path(
        os.path.abspath(options.directory or tempfile.mkdtemp(prefix='proxy-'))
    )
    try:
        check_is_ours(directory)
        return asyncio.run(_serve(proxy, directory))
    except OSError as error:
        return _complain(f'cannot start: {error}')


def _proxy(options: argparse.Namespace) -> Proxy:
    settings = {'port': options.port, 'hosts': options.host}
    settings |= {'delay': options.delay / 1000}
    if options.farm is not None:
        if options.upstream:
            raise FarmFileError('--farm names the wikis already: leave --upstream out')
        return Proxy.from_file(options.farm, **settings)
    if not options.upstream:
        raise FarmFileError('name an api.php by --upstream, or a farm by --farm')
    return Proxy(_upstreams(options.upstream), **settings)


def _upstreams(given: list[str]) -> Mapping[str, str]:
    """Return addresses by their codes; a code is the first part of the host if not
    given.
    """
    found: dict[str, str] = {}
    for text in given:
        code, _, url = text.partition('=')
        if not url or '/' in code:
            url = text
            code = (urlsplit(url).hostname or '').partition('.')[0]
            if code.isdecimal():
                code = f'wiki{len(found) + 1}'
        if code in found:
            raise ValueError(f'two wikis are called {code!r}: use --upstream CODE=URL')
        found[code] = url
    return found


def _arm(proxy: Proxy, rules: Path) -> None:
    """Arm the faults of a file.

    :raises FaultError: it has none, or one that makes no sense.
    """
    try:
        data = json.loads(rules.read_text('utf-8'))
    except (ValueError, RecursionError):
        raise FaultError(f'{rules}: that is no JSON') from None
    try:
        control.arm(proxy.faults, data)
    except FaultError as error:
        raise FaultError(f'{rules}: {error}') from None


async def _serve(proxy: Proxy, directory: Path) -> int:
    async with until_interrupted() as ended:
        try:
            await proxy.start()
            write_key(directory, proxy.key)
            print(_announcement(proxy, directory), flush=True)
            await ended.wait()
        finally:
            await proxy.stop()
    print('The proxy has ended.')
    return 0


def _announcement(proxy: Proxy, directory: Path) -> str:
    wikis = list(proxy.wikis.values())
    return '\n'.join(
        (
            'The proxy is running; Ctrl-C ends it.',
            '',
            *(
                f'  {wiki.code:10} {wiki.address}  before {wiki.upstream}'
                for wiki in wikis
            ),
            '',
            f'  journal   {wikis[0].server}/sandbox/journal',
            f'  commands  {wikis[0].server}/sandbox/',
            f'            with the header in {directory / "sandbox-key"}',
        )
    )


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog='centralauth-sandbox proxy',
        description='Put a proxy with a journal and faults before wikis.',
        allow_abbrev=False,
    )
    parser.add_argument(
        '--upstream',
        action='append',
        default=[],
        metavar='[CODE=]URL',
        help='the api.php of a wiki; may be repeated',
    )
    parser.add_argument(
        '--farm', type=Path, metavar='FILE', help='a farm.toml with wikis and hooks'
    )
    parser.add_argument(
        '--rules', type=Path, metavar='FILE', help='faults to arm at the start, as JSON'
    )
    parser.add_argument(
        '--delay',
        type=arguments.delay,
        default=0,
        metavar='MS',
        help='milliseconds by which every answer is late (0)',
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
        help='where to write sandbox-key (a new temporary directory)',
    )
    parser.add_argument(
        '--host',
        action='append',
        default=[],
        metavar='NAME',
        help='answer to this name too; may be repeated',
    )
    return parser


def _complain(sentence: str) -> int:
    print(f'proxy: {sentence}', file=sys.stderr)
    return 2
