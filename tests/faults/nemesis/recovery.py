"""How long after a fault everything works again: edits and interactions at each web process, live
updates, and the storing of interactions.
"""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from functools import partial
from random import Random

import aiohttp

from tests.faults.audit import lag
from tests.faults.editors import RestEditor, Seat
from tests.faults.houses import house_id, house_of
from tests.faults.nemesis.field import Field
from tests.faults.pace import Pace
from tests.faults.producers import Producer
from tests.support.waiting import eventually

LONGEST_SECONDS = 60.0
AIM_SECONDS = 5.0
STORED_WITHIN_SECONDS = 2.0
"""Interactions that wait no longer than this are being stored."""

ASK_SECONDS = 2.0


class Recovery:
    """Somebody who asks each web process directly, until all is well."""

    def __init__(self, field: Field, seat: Seat, http: aiohttp.ClientSession) -> None:
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

    async def awaited(self) -> float | None:
        """Seconds until all is well; None: it is not, after a minute."""
        pace = Pace(asyncio.Event())
        began = pace.now()
        try:
            async with asyncio.timeout(LONGEST_SECONDS), asyncio.TaskGroup() as group:
                for editor in self._editors:
                    group.create_task(editor.edit(pace, [began]))
                for producer in self._producers:
                    group.create_task(producer.report(pace, [began]))
                for url in self._field.stand.urls:
                    hears = partial(self._hears_the_bus, url)
                    group.create_task(eventually(hears, LONGEST_SECONDS, why="the bus is heard"))
                group.create_task(eventually(self._stores, LONGEST_SECONDS, why="it is stored"))
        except TimeoutError:
            return None
        return pace.now() - began

    async def _hears_the_bus(self, url: str) -> bool:
        timeout = aiohttp.ClientTimeout(total=ASK_SECONDS)
        with suppress(aiohttp.ClientError, TimeoutError):
            async with self._http.get(f"{url}/readyz", timeout=timeout) as answer:
                return bool((await answer.json())["bus"])
        return False

    async def _stores(self) -> bool:
        waiting = await lag(self._field.stand.valkey.url)
        return waiting.seconds < STORED_WITHIN_SECONDS


@asynccontextmanager
async def recovery(field: Field) -> AsyncIterator[Recovery]:
    """Somebody with a house of their own, until the block ends."""
    async with aiohttp.ClientSession() as http:
        house, tokens = await house_of(field.stand.urls[0], http, 1)
        seat = Seat(
            configuration=house_id(house), token=tokens[0], urls=field.stand.urls, first_url=0
        )
        yield Recovery(field, seat, http)
