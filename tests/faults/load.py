"""People who edit and visitors who report for as long as a test wants, with a ledger of it all."""

import asyncio
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from random import Random

import aiohttp

from tests.faults.editors import Editor, RestEditor, Seat, SocketEditor
from tests.faults.houses import house_id, house_of
from tests.faults.ledger import Ledger
from tests.faults.pace import Pace
from tests.faults.producers import Producer
from tests.faults.stand import Stand

EVERY_SECONDS = 0.1


class Going:
    """A load that is under way."""

    def __init__(self, ledger: Ledger, sockets: list[SocketEditor]) -> None:
        self.ledger = ledger
        self.sockets = sockets
        self.stopping = asyncio.Event()

    @property
    def edits(self) -> int:
        """How many are acknowledged."""
        return len(self.ledger.ops)

    @property
    def interactions(self) -> int:
        """How many are acknowledged."""
        return len(self.ledger.events)

    def dues(self) -> Iterator[float]:
        """One moment after the other until the load is to end."""
        loop = asyncio.get_running_loop()
        while not self.stopping.is_set():
            yield loop.time() + EVERY_SECONDS


@asynccontextmanager
async def load_on(
    stand: Stand, *, seed: int, houses: int = 3, producers: int = 3
) -> AsyncIterator[Going]:
    """Each house has an owner and a guest on sockets and a program; all insist until answered.

    After the block everything that was sent is acknowledged.
    """
    random, ledger = Random(seed), Ledger(seed=seed)
    async with aiohttp.ClientSession() as http:
        sockets: list[SocketEditor] = []
        editors: list[Editor] = []
        for number in range(houses):
            house, tokens = await house_of(stand.urls[0], http, 2)
            seats = [
                Seat(
                    configuration=house_id(house),
                    token=token,
                    urls=stand.urls,
                    first_url=number % len(stand.urls),
                )
                for token in tokens
            ]
            sockets += [SocketEditor(seat, ledger, Random(random.random())) for seat in seats]
            editors.append(RestEditor(seats[0], ledger, Random(random.random()), http))
        visitors = [
            Producer(
                urls=stand.urls,
                first_url=number % len(stand.urls),
                ledger=ledger,
                random=Random(random.random()),
                http=http,
                unix_ms=lambda: time.time_ns() // 1_000_000,
            )
            for number in range(producers)
        ]
        going, pace = Going(ledger, sockets), Pace(asyncio.Event())
        async with asyncio.TaskGroup() as tasks:
            for editor in (*sockets, *editors):
                tasks.create_task(editor.edit(pace, going.dues()))
            for visitor in visitors:
                tasks.create_task(visitor.report(pace, going.dues()))
            try:
                yield going
            finally:
                going.stopping.set()
        for socket in sockets:
            await socket.close()
