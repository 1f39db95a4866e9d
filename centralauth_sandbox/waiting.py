"""Waiting for Ctrl-C, or for being told to end."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager


@asynccontextmanager
async def until_interrupted() -> AsyncIterator[asyncio.Event]:
    """Give an event that is set when somebody interrupts the program."""
    ended = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in signal.SIGINT, signal.SIGTERM:
        loop.add_signal_handler(number, ended.set)
    yield ended
