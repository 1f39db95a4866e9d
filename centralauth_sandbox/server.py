"""The sandbox over HTTP: one address a wiki, journal, faults, artificial delay.

What the wikis answer is the business of :mod:`.api`; :class:`Sandbox` runs all of it in
a thread of its own.
"""

from __future__ import annotations

import asyncio
import secrets
import time
from collections.abc import Callable, Iterable
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

from aiohttp import web

from . import access, commands, control, errors, serving
from .ages import AGES
from .api import Api
from .call import Call
from .checks import lagged
from .configuration import write_configuration
from .crowd import Crowd
from .errors import ApiError
from .exchange import Answer, Request, http_answer
from .farm import Farm, Wiki
from .faults import ERROR_KINDS, FARM_KINDS, Fault, Faults
from .journal import Journal
from .layout import Layout, address_of_nothing, addressed, hosts_of
from .modules.status import cas_failure, central_readonly, state_mismatch
from .seeds import Credentials, seeder
from .strikes import counted, strike
from .transport import Transport
from .web import show

Result = TypeVar('Result')

FLAVOURS = (*AGES, '1.43', 'current')
MAX_WIKIS = 250
_LONGEST_URL = 8000


class Sandbox(serving.Served):
    """A running farm.

    A context manager: entering starts it, leaving ends it.  Its `journal` and `faults`
    may be used from any thread; what touches `farm` goes through :meth:`call`.

    :param wikis: how many.
    :param mediawiki: `1.19`, `1.22`, `1.23` or `1.43` for wikis of that release;
        else today's.
    :param delay: seconds every answer is late.
    :param accounts: how many spam accounts.
    :param port: the same on every address; 0 for any that is free.
    :param password: derive all passwords from this one.
    :param seed: what the spam accounts are made of.
    :param penalty: seconds that a dead centralauthtoken costs; default: three in 1.43,
        none today.
    :param data: add the wiki `data`, a Wikibase repository for the others.
    :param farm: a farm made elsewhere; then `delay`, `port`, `network` and
        `credentials` are all that counts.
    :param network: the first three numbers of all addresses. Cookies do not tell ports
        apart, so two farms for one client need two of them.
    :param credentials: those with which `farm` was seeded.
    :param hosts: names in `Host` besides addresses of loopback, such as those of a
        proxy in front of it; more can be added to the attribute at any time.
    :param generator: what the wikis say that they run, such as `MediaWiki 1.31.0`;
        default: the release that they imitate.

    .. version-added:: 0.1

    :ivar key: what requests for `/sandbox/` have to bring in the header `Sandbox-Key`
    """

    def __init__(
        self,
        wikis: int = 3,
        mediawiki: str = 'current',
        delay: float = 0.0,
        accounts: int = 400,
        *,
        port: int = 0,
        password: str | None = None,
        seed: int = 1,
        penalty: float | None = None,
        data: bool = False,
        farm: Farm | None = None,
        network: str = '127.0.0',
        credentials: Credentials | None = None,
        hosts: Iterable[str] = (),
        generator: str = '',
    ) -> None:
        """Initializer."""
        super().__init__()
        self.key = secrets.token_urlsafe(24)
        self.hosts = {host.lower() for host in hosts}
        self.credentials = credentials or Credentials.generate(password)
        self._network = network
        if mediawiki not in FLAVOURS:
            known = ', '.join(FLAVOURS)
            raise ValueError(f'{mediawiki!r} is not imitated; there are: {known}')
        if farm is None:
            layout = Layout(
                release=mediawiki if mediawiki in AGES else '', generator=generator
            )
            farm = Farm(
                codes_of(wikis),
                seeder(self.credentials, accounts, seed),
                current=mediawiki == 'current',
                data=data,
                layouts=dict.fromkeys(codes_of(wikis), layout),
            )
            if penalty is not None:
                farm.penalty = penalty
        self.farm = farm
        self.delay = delay
        self._at_the_start = delay, farm.penalty, farm.stale, farm.overlap
        self.faults = Faults()
        self._crowd = Crowd()
        self._port = port
        self._api = Api(farm)
        self._transport = Transport(Journal(), self.faults, lambda: self.farm.clock())

    @property
    def wikis(self) -> dict[str, Wiki]:
        return self.farm.wikis

    @property
    def journal(self) -> Journal:
        """What reached the wikis."""
        return self._transport.journal

    @journal.setter
    def journal(self, journal: Journal) -> None:
        self._transport.journal = journal

    def call(self, function: Callable[[Farm], Result]) -> Result:
        """Run a function on the farm between two requests; return what it returns."""
        return self.between_requests(lambda: function(self.farm))

    def command(self, name: str, /, **values: Any) -> dict[str, Any]:
        """Carry out one of the commands of :mod:`.commands`."""
        return self.call(lambda farm: commands.run_command(self, name, values))

    def reset(self) -> None:
        """Restore the seeded state, clear the journal and disarm all faults.

        Requests that wait for a fault or a delay are lost.
        """
        self.command('reset')

    def begin_anew(self) -> None:
        """Do what belongs to a reset besides the farm, in its thread."""
        farm = self.farm
        self.delay, farm.penalty, farm.stale, farm.overlap = self._at_the_start
        self._transport.generation += 1

    def summary(self, since: int = 0) -> dict[str, Any]:
        """Return the counters."""
        return self.call(lambda farm: self.counted(since))

    def counted(self, since: int) -> dict[str, Any]:
        """Count requests and what the farm has come to, in the thread of the farm."""
        return self.journal.summary(since) | counted(self.farm)

    async def execute(self, name: str, values: dict[str, Any]) -> dict[str, Any]:
        """Carry out a command for a client, in the thread of the farm."""
        return commands.run_command(self, name, values)

    def write_configuration(
        self, directory: Path | str, *, plugin: bool = True, bot: bool = False
    ) -> None:
        """Write the files with which pywikibot finds this sandbox."""
        write_configuration(
            Path(directory),
            self.farm,
            self.credentials,
            self.key,
            plugin=plugin,
            bot=bot,
        )

    async def start(self) -> None:
        """Listen, within a running event loop."""
        for number, wikis in enumerate(hosts_of(self.farm.wikis.values()), 1):
            host = f'{self._network}.{number}'
            for wiki in wikis:
                wiki.host, wiki.server = host, address_of_nothing(host)
            if wikis[0].layout.gone:
                continue
            port = await self.listen(host, self._port, self._handler(wikis))
            for wiki in wikis:
                wiki.server = f'http://{host}:{port}'

    def _handler(self, wikis: list[Wiki]) -> Callable[[web.BaseRequest], Any]:
        async def handle(request: web.BaseRequest) -> web.StreamResponse:
            if not access.is_asked_by_its_name(request, self.hosts):
                return access.stranger(request.headers.get('Host', ''))
            path = request.url.raw_path
            wiki = addressed(wikis, path)
            if wiki.layout.deleted:
                return serving.response_of(http_answer(404, 'Not Found'))
            if path == f'{wiki.layout.script_path}/api.php':
                return await self._answer(wiki, request)
            if path.startswith('/sandbox/'):
                refused = access.may_command(request, self.key, self.hosts)
                return refused or await control.handle(self, request)
            return show(wiki, request, self.journal)

        return handle

    async def _answer(self, wiki: Wiki, request: web.BaseRequest) -> web.StreamResponse:
        """Answer an API request, with its delay and its faults."""
        asked = await serving.read(request)
        arrived, generation = time.monotonic(), self._transport.generation
        if self.delay:
            await asyncio.sleep(self.delay)
        await self._overlap(wiki, request, asked)
        user, hit = self._find_faults(wiki, asked) if len(self.faults) else ('', [])

        async def respond() -> Answer:
            # Nothing waits here: the order of the journal is that of the effects.
            if len(request.raw_path) > _LONGEST_URL:
                return http_answer(414, 'Request-URI Too Large')
            if request.method == 'TRACE':
                return http_answer(405, 'Not Allowed')
            return self._respond(wiki, asked, user, hit)

        return await self._transport.answer(
            request, asked, wiki.code, user, hit, respond, arrived, generation
        )

    async def _overlap(
        self, wiki: Wiki, request: web.BaseRequest, asked: Request
    ) -> None:
        """Let a change of an account take its time while others make changes."""
        crowded = self._crowd.joined(wiki.code, id(request.transport))
        if asked.given.get('action') in ('setglobalaccountstatus', 'globalblock'):
            asked.arrived = self.farm.changes
            if crowded:
                await asyncio.sleep(self.farm.overlap)

    def _find_faults(self, wiki: Wiki, asked: Request) -> tuple[str, list[Fault]]:
        """Return who is asking, and the faults that hit."""
        user = self.farm.sessions.peek(
            wiki,
            asked.headers.get('Cookie', ''),
            asked.given.get('centralauthtoken', ''),
        )
        return user, self._transport.take(wiki.code, asked, user)

    def _respond(
        self, wiki: Wiki, asked: Request, user: str, hit: list[Fault]
    ) -> Answer:
        def happen(when: str) -> Callable[[Call], ApiError] | None:
            """Let faults happen to the farm; return the error to send, if any."""
            failure = None
            for fault in hit:
                if fault.when != when:
                    continue
                if fault.kind == 'cas-race' and blocking:
                    self.farm.global_blocks.lost_races += when == 'before'
                elif fault.kind in FARM_KINDS:
                    strike(
                        fault,
                        self.farm,
                        user,
                        asked.given.get('centralauthtoken', ''),
                    )
                elif fault.kind in ERROR_KINDS:
                    failure = partial(_failure, fault)
            return failure

        blocking = asked.given.get('action') == 'globalblock'
        answer = self._api.handle(wiki, asked, happen('before'))
        failure = happen('after')
        if failure is not None:
            self._api.replace(wiki, asked, answer, failure)
        return answer


def codes_of(count: int) -> list[str]:
    """Return the codes of a farm of so many wikis: meta, aa, bb, ..., ab, ac, ..."""
    if not 1 <= count <= MAX_WIKIS:
        raise ValueError(f'a farm has 1 to {MAX_WIKIS} wikis')
    letters = 'abcdefghijklmnopqrstuvwxyz'
    pairs = [a + a for a in letters]
    pairs += [a + b for a in letters for b in letters if a != b]
    return ['meta', *pairs[: count - 1]]


def _failure(fault: Fault, call: Call) -> ApiError:
    """Return the API error of a fault."""
    if fault.kind == 'maxlag':
        return lagged('db-fake2', fault.seconds or 7.3)
    if fault.kind == 'readonly':
        return errors.readonly(fault.reason)
    if fault.kind == 'ratelimited':
        return errors.rate_limited()
    if fault.kind == 'cas-race':
        return cas_failure(call)
    if fault.kind == 'state-mismatch':
        return state_mismatch(call)
    return central_readonly(call, fault.reason)


__all__ = ['FLAVOURS', 'MAX_WIKIS', 'Sandbox', 'codes_of']
