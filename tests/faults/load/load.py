"""Load on a product: houses, people who edit in them, browsers that report, and their agreement."""

import asyncio
import time
from collections.abc import AsyncIterator, Coroutine, Iterable, Iterator, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from random import Random

import aiohttp

from storage.errors import StorageError
from tests.faults.load.audit import lag
from tests.faults.load.editors import Editor, RestEditor, Seat, SocketEditor
from tests.faults.load.houses import house_id, house_of
from tests.faults.load.ledger import Ledger
from tests.faults.load.pace import Pace
from tests.faults.load.producers import Producer


@dataclass(frozen=True, slots=True, kw_only=True)
class Load:
    """The amount of load, and its duration. Rates are per second, over all clients together."""

    seconds: float
    configurations: int
    sockets_each: int
    rest_editors: int
    edits: float
    producers: int
    interactions: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Crowd:
    """Everybody who makes the load."""

    ledger: Ledger
    sockets: Sequence[SocketEditor]
    programs: Sequence[RestEditor]
    producers: Sequence[Producer]

    def work(self, group: asyncio.TaskGroup, load: Load) -> None:
        """All do what the load plans, late rather than never, as tasks of `group`."""
        begins = asyncio.get_running_loop().time()
        self._start(
            group,
            plans(load.edits, load.seconds, len(self.editors), begins),
            plans(load.interactions, load.seconds, len(self.producers), begins),
        )

    def work_until(self, group: asyncio.TaskGroup, load: Load, over: asyncio.Event) -> None:
        """The same without an end, until it is over; then everybody finishes what is under way."""
        self._start(
            group,
            turns(load.edits, len(self.editors), over),
            turns(load.interactions, len(self.producers), over),
        )

    def _start(
        self,
        group: asyncio.TaskGroup,
        edits: Sequence[Iterable[float]],
        reports: Sequence[Iterable[float]],
    ) -> None:
        pace = Pace(asyncio.Event())
        for editor, due in zip(self.editors, edits, strict=True):
            group.create_task(self._noted(editor.edit(pace, due)))
        for producer, due in zip(self.producers, reports, strict=True):
            group.create_task(self._noted(producer.report(pace, due)))

    async def _noted(self, work: Coroutine[None, None, None]) -> None:
        """A client that meets what may not be is a problem of the run, and goes home."""
        try:
            await work
        except Exception as problem:  # noqa: BLE001 - of whatever kind; the others go on
            self.ledger.problems.append(f"a client met {type(problem).__name__}: {problem}")

    @property
    def editors(self) -> list[Editor]:
        """The clients that edit, over any transport."""
        return [*self.sockets, *self.programs]


@asynccontextmanager
async def crowd_of(
    urls: Sequence[str],
    load: Load,
    ledger: Ledger,
    random: Random,
    *,
    requests: Ledger | None = None,
) -> AsyncIterator[Crowd]:
    """In each house people at different addresses, all around; some houses have programs, too.

    `requests`: a ledger of their own for programs and browsers, which ask over HTTP.
    """
    requests = ledger if requests is None else requests
    connector = aiohttp.TCPConnector(limit=0, force_close=False)
    async with aiohttp.ClientSession(connector=connector) as http:
        sockets: list[SocketEditor] = []
        programs: list[RestEditor] = []
        for number in range(load.configurations):
            url = urls[number % len(urls)]
            house, tokens = await house_of(url, http, load.sockets_each)
            seats = [
                Seat(
                    configuration=house_id(house),
                    token=token,
                    urls=urls,
                    first_url=(number + each) % len(urls),
                )
                for each, token in enumerate(tokens)
            ]
            sockets += [SocketEditor(seat, ledger, Random(random.random())) for seat in seats]
            if len(programs) < load.rest_editors:
                programs.append(RestEditor(seats[-1], requests, Random(random.random()), http))
        producers = [
            Producer(
                urls=urls,
                first_url=number % len(urls),
                ledger=requests,
                random=Random(random.random()),
                http=http,
                unix_ms=lambda: time.time_ns() // 1_000_000,
            )
            for number in range(load.producers)
        ]
        yield Crowd(ledger=ledger, sockets=sockets, programs=programs, producers=producers)
        for socket in sockets:
            await socket.close()


def plans(rate: float, seconds: float, clients: int, begins: float) -> list[list[float]]:
    """The times at which each client acts: together `rate` per second, evenly, in turns."""
    moments = [begins + number / rate for number in range(int(rate * seconds))]
    return [moments[first::clients] for first in range(clients)]


def turns(rate: float, clients: int, over: asyncio.Event) -> list[Iterator[float]]:
    """When each client acts, together `rate` per second in turns, until it is over. A turn that was
    missed by more than a second is left out.
    """
    loop = asyncio.get_running_loop()
    period, begins = clients / rate, loop.time()

    def of_one(due: float) -> Iterator[float]:
        while not over.is_set():
            yield due
            due = max(due + period, loop.time() - 1)

    return [of_one(begins + number / rate) for number in range(clients)]


async def nothing_waits(redis_url: str) -> bool:
    """Whether workers have stored everything, according to Redis."""
    with suppress(StorageError):
        return (await lag(redis_url)).entries == 0
    return False


async def agree(url: str, sockets: Sequence[SocketEditor], ledger: Ledger) -> None:
    """Every member ends at the version and price that a fresh load gives."""
    pace, loop = Pace(asyncio.Event()), asyncio.get_running_loop()
    async with aiohttp.ClientSession() as http:
        for socket in sockets:
            address = f"{url}/api/configurations/{socket.seat.configuration}"
            headers = {"authorization": f"Bearer {socket.seat.token}"}
            async with http.get(address, headers=headers) as answer:
                fresh = await answer.json()
            deadline = loop.time() + 20
            newest = (fresh["epoch"], fresh["version"], fresh["derived"]["price"]["total_cents"])
            while (seen := socket.view.place) != newest and loop.time() < deadline:
                await socket.watch_until(pace, loop.time() + 0.05)
            if seen != newest:
                ledger.problems.append(f"a member saw {seen}, a fresh load gives {fresh}")


class Going:
    """A load that is under way."""

    def __init__(self, crowd: Crowd) -> None:
        self.ledger = crowd.ledger

    @property
    def edits(self) -> int:
        """The number of acknowledged edits."""
        return len(self.ledger.ops)

    @property
    def interactions(self) -> int:
        """The number of acknowledged interactions."""
        return len(self.ledger.events)


@asynccontextmanager
async def load_on(
    urls: Sequence[str], load: Load, ledger: Ledger, *, requests: Ledger | None = None
) -> AsyncIterator[Going]:
    """A load for as long as the block takes; after it everything that was sent is acknowledged.

    `requests`: see `crowd_of`.
    """
    async with crowd_of(urls, load, ledger, Random(ledger.seed), requests=requests) as crowd:
        over = asyncio.Event()
        async with asyncio.TaskGroup() as group:
            crowd.work_until(group, load, over)
            try:
                yield Going(crowd)
            finally:
                over.set()
