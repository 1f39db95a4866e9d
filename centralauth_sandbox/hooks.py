"""Hooks: what changes the state of a farm that is not the sandbox.

The commands of the sandbox have the same names, so that a test need not know which farm
it runs on. A hook is a program that the operator of the farm has written, or the
sandbox behind a proxy.
"""

from __future__ import annotations

import asyncio
import os
import shlex
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Protocol

import aiohttp

from .control import CommandError
from .directories import KEY, read_key
from .faults import Fault, FaultError

Json = dict[str, Any]

#: How long a hook may take, in seconds.
PATIENCE = 600

#: What a fault of state is, as commands: what is done when it hits, and what is done
#: when the request is over. Values that begin with `=` are fields of the fault.
_STATE: Mapping[str, tuple[tuple[str, Json], tuple[str, Json] | None]] = {
    'lose-session': (
        ('end-sessions', {'user': '=user', 'remembered': '=remembered'}),
        None,
    ),
    'demote': (('demote', {'user': '=user'}), None),
    'lock-operator': (('lock', {'user': '=user'}), None),
    'rename-operator': (('rename', {'user': '=user', 'to': '=to'}), None),
    'expire-csrf': (('expire-csrf', {'user': '=user'}), None),
    'expire-centralauthtokens': (('expire-centralauthtokens', {}), None),
    'session-store-down': (('session-store', {'down': True}), None),
    'clock-jump': (('advance-clock', {'seconds': '=seconds'}), None),
    'readonly': (('set-readonly', {'reason': '=reason'}), ('set-readonly', {})),
    'centralauth-readonly': (
        ('set-central-readonly', {'reason': '=reason'}),
        ('set-central-readonly', {}),
    ),
    'maxlag': (('set-lag', {'seconds': '=seconds'}), ('set-lag', {'seconds': -1.0})),
}


class Hooks(Protocol):
    """The commands of a farm."""

    def __contains__(self, name: object) -> bool:
        """Tell whether there is such a command."""

    async def execute(self, name: str, values: Json) -> Json:
        """Carry out a command.

        :raises CommandError: it failed; the message says why.
        """


class Programs:
    """Hooks that are programs, one each.

    A program gets the name of the command as `FARM_COMMAND`, and each value in a
    variable of its environment, such as `FARM_USER`. It runs without a shell. Exit code
    0 says that the command has succeeded.

    :param lines: by the name of the command, a command line.
    """

    def __init__(self, lines: Mapping[str, str]) -> None:
        """Initializer."""
        self._programs = {}
        for name, line in lines.items():
            try:
                self._programs[name] = shlex.split(line)
            except ValueError as error:
                raise ValueError(f'the hook {name!r}: {error}') from None
            if not self._programs[name]:
                raise ValueError(f'the hook {name!r} names no program')

    def __contains__(self, name: object) -> bool:
        """Tell whether there is such a command."""
        return name in self._programs

    async def execute(self, name: str, values: Json) -> Json:
        """Carry out a command."""
        if name not in self:
            raise CommandError(missing(name))
        environment = {**os.environ, 'FARM_COMMAND': name}
        environment |= {f'FARM_{key.upper()}': _text(v) for key, v in values.items()}
        try:
            process = await asyncio.create_subprocess_exec(
                *self._programs[name],
                env=environment,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.STDOUT,
            )
        except OSError as error:
            raise CommandError(f'the hook {name!r} cannot be run: {error}') from None
        try:
            said, _ = await asyncio.wait_for(process.communicate(), PATIENCE)
        except asyncio.TimeoutError:
            process.kill()
            await process.wait()
            raise CommandError(f'the hook {name!r} does not end') from None
        if process.returncode:
            last = said.decode('utf-8', 'replace').strip().rpartition('\n')[2]
            raise CommandError(
                f'the hook {name!r} ended with exit code {process.returncode}: {last}'
            )
        return {'command': name, 'done': True}


class SandboxHooks:
    """The commands of a sandbox behind the proxy.

    :param server: the address of one of its wikis.
    :param key: what it wants for commands.
    """

    def __init__(self, server: str, key: str) -> None:
        """Initializer."""
        self._server = server
        self._key = key

    @classmethod
    def from_file(cls, server: str, path: Path) -> SandboxHooks:
        """Read the key from the file that the sandbox has written."""
        return cls(server, read_key(path))

    def __contains__(self, name: object) -> bool:
        """Tell that it has all commands; it refuses what it does not know."""
        return True

    async def execute(self, name: str, values: Json) -> Json:
        """Carry out a command."""
        address = f'{self._server}/sandbox/command'
        try:
            async with (
                aiohttp.ClientSession(headers={KEY: self._key}) as session,
                session.post(address, json={'command': name, **values}) as answer,
            ):
                data: Json = await answer.json(content_type=None)
        except (aiohttp.ClientError, ValueError) as error:
            raise CommandError(f'the sandbox does not answer: {error}') from None
        if 'error' in data:
            raise CommandError(str(data['error']))
        return data


def missing(name: str) -> str:
    """Say that a farm lacks a hook."""
    return f'this farm has no hook {name!r}; name a program for it in farm.toml'


def check(fault: Fault, hooks: Hooks) -> None:
    """Refuse a fault of state for which there is no hook.

    :raises FaultError: it names the hook, or says that only the sandbox has the fault.
    """
    if fault.kind not in _STATE:
        raise FaultError(f'only the sandbox itself can play {fault.kind!r}')
    (name, _), _ = _STATE[fault.kind]
    if name not in hooks:
        raise FaultError(missing(name))


def is_of_state(fault: Fault) -> bool:
    """Tell whether a fault is played by hooks."""
    return fault.kind in _STATE


async def strike(fault: Fault, user: str, wiki: str, hooks: Hooks) -> None:
    """Have a fault of state happen.

    :param user: who has sent the request, where the fault names nobody.
    """
    await _play(_STATE[fault.kind][0], fault, user, wiki, hooks)


async def end(fault: Fault, wiki: str, hooks: Hooks) -> None:
    """End a fault that lasts as long as the request."""
    if (after := _STATE[fault.kind][1]) is not None:
        await _play(after, fault, '', wiki, hooks)


async def _play(
    command: tuple[str, Json], fault: Fault, user: str, wiki: str, hooks: Hooks
) -> None:
    name, wanted = command
    known = {
        '=user': fault.user or user,
        '=to': f'{fault.user or user} (renamed)',
        '=remembered': fault.remembered,
        '=seconds': fault.seconds or 7.3,
        '=reason': fault.reason,
    }
    values = {key: known.get(str(value), value) for key, value in wanted.items()}
    if name == 'set-readonly':
        values['wiki'] = wiki
    await hooks.execute(name, values)


def _text(value: object) -> str:
    if isinstance(value, bool):
        return 'true' if value else 'false'
    return str(value)
