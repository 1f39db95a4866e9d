"""`/sandbox/`: journal, counters, faults and commands, for other processes.

A farm offers it, and so does the proxy before other wikis.
"""

from __future__ import annotations

import json
from typing import Any, Protocol

from aiohttp import web

from .faults import Fault, FaultError, Faults
from .journal import Journal

Json = dict[str, Any]


class CommandError(ValueError):
    """A command that makes no sense or has failed; the message says why."""


class Controlled(Protocol):
    """Something that other processes may command."""

    journal: Journal
    faults: Faults

    def counted(self, since: int) -> Json:
        """Return the counters."""

    async def execute(self, name: str, values: Json) -> Json:
        """Carry out a command.

        :raises CommandError: if it makes no sense, or has failed.
        """


async def handle(controlled: Controlled, request: web.BaseRequest) -> web.Response:
    """Answer a request for `/sandbox/...`."""
    where = request.method, request.url.path.removeprefix('/sandbox/')
    since = request.url.query.get('since', '0')
    if not since.isdecimal():
        return _refusal("'since' is a number")
    try:
        if where == ('GET', 'journal'):
            lines = controlled.journal.lines(int(since))
            return web.Response(text=lines, content_type='application/x-ndjson')
        if where == ('GET', 'summary'):
            return web.json_response(controlled.counted(int(since)))
        if where == ('GET', 'faults'):
            return web.json_response({'faults': controlled.faults.armed()})
        if where == ('DELETE', 'faults'):
            controlled.faults.clear()
            return web.json_response({'faults': []})
        if where == ('POST', 'faults'):
            return web.json_response(arm(controlled.faults, await _read(request)))
        if where == ('POST', 'command'):
            data = await _read(request)
            if not isinstance(data, dict) or not isinstance(data.get('command'), str):
                raise CommandError("a command is an object with a 'command'")
            values = {key: v for key, v in data.items() if key != 'command'}
            done = await controlled.execute(data['command'], values)
            return web.json_response(done)
    except (FaultError, CommandError) as error:
        return _refusal(str(error))
    except (ValueError, LookupError, RecursionError):
        return _refusal('that is no JSON')
    return web.json_response({'error': 'no such page'}, status=404)


def arm(faults: Faults, data: object) -> Json:
    """Arm the faults that a JSON object or a list of them describes.

    :raises FaultError: one makes no sense; then none is armed.
    """
    items = data if isinstance(data, list) else [data]
    chosen = [Fault.from_json(item) for item in items]
    for fault in chosen:
        faults.check(fault)
    return {'armed': [faults.arm(fault) for fault in chosen], 'faults': faults.armed()}


async def _read(request: web.BaseRequest) -> object:
    data: object = json.loads(await request.text())
    return data


def _refusal(sentence: str) -> web.Response:
    return web.json_response({'error': sentence}, status=400)
