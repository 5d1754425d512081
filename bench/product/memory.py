"""The memory of pages: views without a socket, tabs that open and close, and hours of both.

A tab is opened like a browser does it, but without a browser: the HTML, then the socket of the page
with its handshake, and the message with which its script joins the house.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from statistics import linear_regression

import psutil
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from bench.figures import Run
from bench.machine import cores_used
from bench.stage import Stage
from realtime.people.cookies import Cookies
from tests.support.page_peer import LoadedPage, loaded_page

AFTER_SECONDS = 10.0
AT_ONCE = 4
TABS_AT_ONCE = 4
TABS_OF_A_HOUSE = 10
CLOSED_SECONDS = 150.0
"""A page without its browser is deleted after 30 s, and memory is given back within 100 s."""

VIEWS_PER_SECOND = 1.6
TABS_PER_SECOND = 0.17
TAB_SECONDS = 20.0
SAMPLE_SECONDS = 5.0
WARM_SECONDS = 60.0


async def views(stage: Stage) -> Run:
    """10,000 views of one house, without a socket."""
    reader = await Reader.of(stage)
    for _ in range(100):
        await reader.view()
    count = 1_000 if stage.quick else 10_000
    with cores_used(stage.roots()) as cores:
        before, cpu, started = reader.resident(), reader.cpu_seconds(), time.monotonic()
        await many(reader.view, count, AT_ONCE)
        seconds = time.monotonic() - started
        cpu = reader.cpu_seconds() - cpu
        await asyncio.sleep(AFTER_SECONDS)
        after = reader.resident()
    figures = {
        "kB of a view after 10 s": max(0.0, (after - before) / count / 1e3),
        "MB of the process after all views": after / 1e6,
        "views": count,
        "views per second": count / seconds,
        "processor time of a view": cpu / count * 1e3,
    }
    return Run(figures=figures, cores=cores)


async def tabs(stage: Stage) -> Run:
    """1,000 tabs of 100 houses, all open at once, then closed; and the same once more."""
    count = 100 if stage.quick else 1_000
    readers = [await Reader.of(stage) for _ in range(count // TABS_OF_A_HOUSE)]
    reader = readers[0]
    async with opened(readers[:2]):
        pass
    await asyncio.sleep(CLOSED_SECONDS)
    found: list[int] = []
    with cores_used(stage.roots()) as cores:
        for _ in range(2):
            found.append(reader.resident())
            async with opened(readers):
                found.append(reader.resident())
            await asyncio.sleep(CLOSED_SECONDS)
    before, while_open, once, _ = found
    twice = reader.resident()
    figures = {
        "kB of an open tab": (while_open - before) / count / 1e3,
        "MB more than before, after the tabs are closed": max(0.0, (once - before) / 1e6),
        "MB more after a second round of tabs": max(0.0, (twice - once) / 1e6),
        "tabs": count,
    }
    return Run(figures=figures, cores=cores)


async def soak(stage: Stage) -> Run:
    """Views and tabs of a busy day, at an even pace."""
    reader = await Reader.of(stage)
    seconds = 90.0 if stage.quick else 600.0
    samples: list[tuple[float, float]] = []

    async def watch(started: float) -> None:
        while True:
            samples.append(((time.monotonic() - started) / 60, reader.resident() / 1e6))
            await asyncio.sleep(SAMPLE_SECONDS)

    async def tab() -> None:
        async with opened([reader], each=1):
            await asyncio.sleep(TAB_SECONDS)

    with cores_used(stage.roots()) as cores:
        async with asyncio.TaskGroup() as group:
            watching = group.create_task(watch(time.monotonic()))
            async with asyncio.TaskGroup() as visits:
                visits.create_task(paced(reader.view, VIEWS_PER_SECOND, seconds))
                visits.create_task(paced(tab, TABS_PER_SECOND, seconds))
            watching.cancel()
    warm = [each for each in samples if each[0] * 60 >= min(WARM_SECONDS, seconds / 3)]
    minutes, megabytes = zip(*warm, strict=True)
    figures = {
        "MB a minute": linear_regression(minutes, megabytes).slope,
        "MB at the end": megabytes[-1],
        "minutes": minutes[-1],
    }
    return Run(figures=figures, cores=cores)


class Reader:
    """A person with a house on the first web process, whose memory is measured."""

    def __init__(self, stage: Stage, code: str, token: str) -> None:
        name = next(name for name in stage.stand.processes if name.startswith("web"))
        self._process = psutil.Process(stage.stand.processes[name].pid)
        self._stage = stage
        self.url = stage.stand.urls[0]
        self.cookie = f"{Cookies().person}={token}"
        self._path = f"/c/{code}"

    @classmethod
    async def of(cls, stage: Stage) -> "Reader":
        """A new person with a house."""
        house, (token,) = await stage.house(people=1)
        return cls(stage, house["code"], token)

    def resident(self) -> int:
        """The resident memory of the web process, in bytes."""
        return int(self._process.memory_info().rss)

    def cpu_seconds(self) -> float:
        """The processor time of the web process, in seconds."""
        used = self._process.cpu_times()
        return float(used.user + used.system)

    async def view(self) -> str:
        """GET of the house."""
        headers = {"cookie": self.cookie}
        async with self._stage.http.get(self.url + self._path, headers=headers) as answer:
            text = await answer.text()
            assert answer.status == 200, text[:300]
            return text


@asynccontextmanager
async def opened(readers: Sequence[Reader], *, each: int = TABS_OF_A_HOUSE) -> AsyncIterator[None]:
    """Keep this number of joined tabs of each reader open during the block."""
    sockets: list[ClientConnection] = []
    wanted = iter([reader for reader in readers for _ in range(each)])
    async with asyncio.TaskGroup() as group:

        async def one() -> None:
            reader = next(wanted)
            page = loaded_page(await reader.view())
            socket = await connect(
                reader.url.replace("http", "ws") + page.address(),
                additional_headers={"cookie": reader.cookie},
                max_size=None,
                ping_interval=None,
            )
            sockets.append(socket)
            joined = asyncio.Event()
            group.create_task(_talk(socket, page, joined))
            await joined.wait()

        await many(one, len(readers) * each, TABS_AT_ONCE)
        yield
        for socket in sockets:
            await socket.close()


async def _talk(socket: ClientConnection, page: LoadedPage, joined: asyncio.Event) -> None:
    await socket.send("40")
    with suppress(ConnectionClosed):
        async for text in socket:
            if text == "2":
                await socket.send("3")
            elif str(text).startswith("40"):
                await socket.send(page.join())
            elif "recovered" in str(text):
                joined.set()


async def many(work: Callable[[], Awaitable[object]], count: int, at_once: int) -> None:
    """Do the work this number of times, `at_once` at a time."""
    left = iter(range(count))

    async def one_after_the_other() -> None:
        for _ in left:
            await work()

    async with asyncio.TaskGroup() as group:
        for _ in range(at_once):
            group.create_task(one_after_the_other())


async def paced(work: Callable[[], Awaitable[object]], per_second: float, seconds: float) -> None:
    """Do the work at this pace, for this time."""
    started = time.monotonic()
    async with asyncio.TaskGroup() as group:
        for number in range(int(per_second * seconds)):
            await asyncio.sleep(max(0.0, started + number / per_second - time.monotonic()))
            group.create_task(_work(work))


async def _work(work: Callable[[], Awaitable[object]]) -> None:
    await work()
