"""Scripts as processes of their own that need not import the libraries first.

Most of what a short script does is to import libraries that are no part of what is
tested. Here a process that has imported those, but neither pywikibot nor the plugin,
forks for each script: it has the descriptors, directory, environment and arguments that
it was given, and an exit code. What is tested of the start itself, or with signals,
starts scripts as everybody does.
"""

from __future__ import annotations

import atexit
import contextlib
import gc
import importlib
import io
import marshal
import os
import runpy
import selectors
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import warnings
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

#: What scripts import of others, but for pywikibot, which reads its settings then.
LIBRARIES = (
    *('asyncio', 'concurrent.futures', 'configparser', 'csv', 'difflib', 'gzip'),
    *('email.mime.multipart', 'email.policy', 'getpass', 'html.parser', 'pdb'),
    *('importlib.metadata', 'importlib.resources', 'logging.handlers', 'secrets'),
    *('sqlite3', 'webbrowser'),
    *('jinja2', 'mwparserfromhell', 'packaging.version', 'requests', 'tenacity'),
    *('requests_oauthlib', 'rich.console', 'rich.progress', 'rich.table'),
    *('sqlalchemy', 'sqlalchemy.dialects.mysql', 'sqlalchemy.dialects.postgresql'),
    *('sqlalchemy.dialects.sqlite',),
)

_starting = threading.Lock()

#: What tells Python how to run, and may be different in each fork.
_OBEYED = ('PYTHONPATH', 'PYTHONWARNINGS', 'PYTHONDONTWRITEBYTECODE')

#: Sends what it was started with, and ends as the fork does.
_SHIM = """#!{python} -IS
import os, sys
name, real = {name!r}, {real!r}
def is_about_python(name):
    return name not in {obeyed!r} and name.startswith(('PYTHON', 'LANG', 'LC_'))
about_python = {{n: v for n, v in os.environ.items() if is_about_python(n)}}
if (
    about_python != {about_python!r}
    or os.environ.get('PYTHONWARNINGS', 'error') != 'error'
    or not os.path.exists({address!r})
    or (name == 'python' and sys.argv[1:2] != ['-c'] and sys.argv[1:2] < ['.'])
):
    os.execv(real, [real, *sys.argv[1:]])
# What the modules of these names import takes longer than all that is done here.
import _signal as signal, _socket as socket, marshal
forwarded = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
signal.pthread_sigmask(signal.SIG_BLOCK, forwarded)
server = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
server.connect({address!r})
started = marshal.dumps((name, sys.argv[1:], os.getcwd(), dict(os.environ)))
descriptors = b''.join(number.to_bytes(4, sys.byteorder) for number in (0, 1, 2))
rights = (socket.SOL_SOCKET, socket.SCM_RIGHTS, descriptors)
server.sendmsg([len(started).to_bytes(4, 'big')], [rights])
server.sendall(started)
pid = int.from_bytes(server.recv(4), 'big')
for number in forwarded:
    signal.signal(number, lambda number, frame: os.kill(pid, number))
signal.pthread_sigmask(signal.SIG_UNBLOCK, forwarded)
code = int.from_bytes(server.recv(4), 'big', signed=True)
server.close()
if code < 0:
    if -code != signal.SIGKILL:
        signal.signal(-code, signal.SIG_DFL)
    os.kill(os.getpid(), -code)
sys.exit(code)
"""


def programs() -> Path:
    """Return a folder with a ``pwb`` and a ``python`` that are forked."""
    with _starting:
        return _programs()


@cache
def _programs() -> Path:
    folder = Path(tempfile.mkdtemp(prefix='mw_tokens_forked.'))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    address = str(folder / 'socket')
    environment = {n: v for n, v in os.environ.items() if n not in _OBEYED}
    about_python = {
        name: value
        for name, value in environment.items()
        if name.startswith(('PYTHON', 'LANG', 'LC_'))
    }
    for name in 'pwb', 'python':
        real = Path(sys.executable).with_name(name)
        shim = folder / name
        shim.write_text(
            _SHIM.format(
                python=sys.executable,
                name=name,
                real=str(real if name == 'pwb' else sys.executable),
                obeyed=_OBEYED,
                about_python=about_python,
                address=address,
            )
        )
        shim.chmod(0o700)
    # Measured, each script has to start by itself.
    if not any(name.startswith('COVERAGE') for name in os.environ):
        server = subprocess.Popen(
            [sys.executable, __file__, address],
            env=environment,
            cwd='/',
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            start_new_session=True,
        )
        atexit.register(server.communicate)
        assert server.stdout is not None
        assert server.stdout.readline() == b'ready\n'
    return folder


@dataclass(frozen=True, slots=True)
class _Start:
    """What a fork was started with."""

    name: str
    arguments: list[str]
    directory: str
    environment: dict[str, str]
    descriptors: list[int]

    @classmethod
    def received(cls, client: socket.socket) -> _Start:
        size, descriptors, *_ = socket.recv_fds(client, 4, 3)
        with client.makefile('rb') as stream:
            sent = stream.read(int.from_bytes(size, 'big'))
        told: Any = marshal.loads(sent)  # noqa: S302  # by the shim
        name, arguments, directory, environment = told
        return cls(name, arguments, directory, environment, descriptors)

    def run(self) -> None:
        """Be that program."""
        for number, descriptor in enumerate(self.descriptors):
            os.dup2(descriptor, number)
            os.close(descriptor)
        _open_streams()
        os.chdir(self.directory)
        os.environ.clear()
        os.environ.update(self.environment)
        for option in os.environ.get('PYTHONWARNINGS', '').split():
            sys.warnoptions.append(option)
            warnings.simplefilter('error')
        # It ends soon, and what there is to collect goes with it.
        gc.set_threshold(20_000, 20, 20)
        sys.dont_write_bytecode = 'PYTHONDONTWRITEBYTECODE' in os.environ
        first, *rest = self.arguments or ['']
        if self.name == 'pwb':
            first, rest = str(Path(sys.executable).with_name('pwb')), self.arguments
        code = self.name != 'pwb' and first == '-c'
        if code:
            sys.argv[:] = [first, *rest[1:]]
        else:
            sys.argv[:] = [first, *rest]
        sys.orig_argv[:] = [sys.executable, first, *rest]
        paths = os.environ.get('PYTHONPATH', '').split(os.pathsep)
        sys.path[:0] = ['' if code else str(Path(first).parent), *filter(None, paths)]
        importlib.invalidate_caches()
        if code:
            exec(compile(rest[0], '<string>', 'exec'), vars(sys.modules['__main__']))  # noqa: S102
        else:
            runpy.run_path(first, run_name='__main__')


def _open_streams() -> None:
    """Open the standard streams as Python does when it starts."""
    for name, number, mode in ('stdin', 0, 'r'), ('stdout', 1, 'w'), ('stderr', 2, 'w'):
        before: io.TextIOWrapper = getattr(sys, f'__{name}__')
        stream: Any = open(  # noqa: SIM115
            number,
            mode,
            buffering=1 if name == 'stderr' or os.isatty(number) else -1,
            encoding=before.encoding,
            errors=before.errors,
            closefd=False,
        )
        stream.reconfigure(write_through=before.write_through)
        setattr(sys, name, stream)
        setattr(sys, f'__{name}__', stream)


def _serve(address: str) -> _Start | None:
    """Fork for each client until nobody needs that any more.

    :returns: in the fork, what it is to run
    """
    running: dict[int, socket.socket] = {}
    ended, ends = socket.socketpair()
    ends.setblocking(False)
    before = signal.set_wakeup_fd(ends.fileno())
    signal.signal(signal.SIGCHLD, lambda number, frame: None)
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(address)
    listener.listen(100)
    selector = selectors.DefaultSelector()
    for each in listener, ended, 0:
        selector.register(each, selectors.EVENT_READ)
    print('ready', flush=True)
    while True:
        for key, _ in selector.select():
            source: Any = key.fileobj
            if source == 0:
                for pid in running:
                    os.kill(pid, signal.SIGKILL)
                return None
            if source is listener:
                client, _ = listener.accept()
                try:
                    start = _Start.received(client)
                except (OSError, ValueError):  # it was killed meanwhile
                    client.close()
                    continue
                pid = os.fork()
                if not pid:
                    signal.set_wakeup_fd(before)
                    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
                    selector.close()
                    for other in listener, ended, ends, client, *running.values():
                        other.close()
                    return start
                for descriptor in start.descriptors:
                    os.close(descriptor)
                running[pid] = client
                selector.register(client, selectors.EVENT_READ, pid)
                with contextlib.suppress(OSError):
                    client.sendall(pid.to_bytes(4, 'big'))
            elif source is ended:
                ended.recv(4096)
                _tell_ends(running, selector)
            elif key.data in running:
                # It was killed, as its fork is then.
                os.kill(key.data, signal.SIGKILL)
                selector.unregister(source)


def _tell_ends(
    running: dict[int, socket.socket], selector: selectors.BaseSelector
) -> None:
    while running:
        pid, status = os.waitpid(-1, os.WNOHANG)
        if not pid:
            return
        client = running.pop(pid)
        if client in selector.get_map():
            selector.unregister(client)
        code = os.waitstatus_to_exitcode(status)
        with contextlib.suppress(OSError):
            client.sendall(code.to_bytes(4, 'big', signed=True))
        client.close()


if __name__ == '__main__':
    for library in LIBRARIES:
        # Not every environment has all.
        with contextlib.suppress(ImportError):
            importlib.import_module(library)
    warmed = importlib.import_module('warmed')
    # The folder of this file is none of theirs.
    del sys.path[0]
    warmed.warm()
    gc.collect()
    gc.freeze()
    begun = _serve(sys.argv[1])
    if begun is not None:
        begun.run()
