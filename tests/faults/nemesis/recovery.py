"""The time from a fault until everything works again: edits, interactions, live updates, storing.

Edits and interactions are tried at each web process.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from functools import partial
from random import Random

import aiohttp

from storage.errors import StorageError
from tests.faults.load.audit import lag
from tests.faults.load.editors import RestEditor, Seat
from tests.faults.load.houses import house_id, house_of
from tests.faults.load.pace import Pace
from tests.faults.load.producers import Producer
from tests.faults.nemesis.field import Field
from tests.support.waiting import eventually

LONGEST_SECONDS = 60.0
AIM_SECONDS = 5.0
STORED_WITHIN_SECONDS = 2.0
"""Interactions that wait no longer than this are being stored."""

ASK_SECONDS = 2.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Well:
    """The seconds until everything worked again, and the part that was the last to work."""

    seconds: float
    last: str


class Recovery:
    """Somebody who asks each web process directly, until all is well."""

    def __init__(self, field: Field, seat: Seat, http: aiohttp.ClientSession) -> None:
        self.missing: tuple[str, ...] = ()
        self._field = field
        self._http = http
        self._random = Random(field.ledger.seed)
        self._editors = [
            RestEditor(
                Seat(configuration=seat.configuration, token=seat.token, urls=(url,), first_url=0),
                field.ledger,
                self._random,
                http,
            )
            for url in field.stand.urls
        ]
        self._producers = [
            Producer(
                urls=(url,),
                first_url=0,
                ledger=field.ledger,
                random=self._random,
                http=http,
                unix_ms=lambda: time.time_ns() // 1_000_000,
            )
            for url in field.stand.urls
        ]

    async def awaited(self) -> Well | None:
        """The time at which all was well, and the last part to recover.

        None after a minute: see `missing`.
        """
        pace = Pace(asyncio.Event())
        began, took = pace.now(), dict[str, float]()

        async def noted(name: str, work: Coroutine[None, None, object]) -> None:
            await work
            took[name] = pace.now() - began

        async def seen(condition: Callable[[], Awaitable[bool]], name: str) -> None:
            await eventually(condition, 2 * LONGEST_SECONDS, why=name)  # the timeout is sooner

        everything: dict[str, Coroutine[None, None, object]] = {}
        for number, url in enumerate(self._field.stand.urls):
            node = f"web-{number}"
            editor, producer = self._editors[number], self._producers[number]
            everything[f"edits on {node}"] = editor.edit(pace, [began])
            everything[f"interactions on {node}"] = producer.report(pace, [began])
            name = f"live updates on {node}"
            everything[name] = seen(partial(self._hears_the_bus, url), name)
        everything["storing"] = seen(self._stores, "storing")
        try:
            async with asyncio.timeout(LONGEST_SECONDS), asyncio.TaskGroup() as group:
                for name, work in everything.items():
                    group.create_task(noted(name, work))
        except TimeoutError:
            return None
        finally:
            self.missing = tuple(name for name in everything if name not in took)
        last = max(took, key=took.__getitem__)
        return Well(seconds=took[last], last=last)

    async def _hears_the_bus(self, url: str) -> bool:
        timeout = aiohttp.ClientTimeout(total=ASK_SECONDS)
        with suppress(aiohttp.ClientError, TimeoutError):
            async with self._http.get(f"{url}/readyz", timeout=timeout) as answer:
                return bool((await answer.json())["bus"])
        return False

    async def _stores(self) -> bool:
        with suppress(StorageError):
            waiting = await lag(self._field.stand.valkey.url)
            return waiting.seconds < STORED_WITHIN_SECONDS
        return False


@asynccontextmanager
async def recovery(field: Field) -> AsyncIterator[Recovery]:
    """Somebody with a house of their own, until the block ends."""
    async with aiohttp.ClientSession() as http:
        house, tokens = await house_of(field.stand.urls[0], http, 1)
        seat = Seat(
            configuration=house_id(house), token=tokens[0], urls=field.stand.urls, first_url=0
        )
        yield Recovery(field, seat, http)
