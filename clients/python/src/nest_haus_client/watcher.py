"""The live interactions as an async iterator."""

import asyncio
from collections.abc import AsyncGenerator
from random import Random

from nest_haus_client.core.sendable import check_sendable
from nest_haus_client.core.session import Session
from nest_haus_client.core.watch import WatchState
from nest_haus_client.house import Host
from nest_haus_client.messages import Activity, ActivityFilter


async def batches(
    host: Host,
    session: Session,
    *,
    since: str | None,
    history: int,
    wanted: ActivityFilter | None,
    random: Random,
) -> AsyncGenerator[Activity, None]:
    """Every batch, until the server ends the watch or the client is closed.

    Raises Refused (``admins_only``), ClientClosed.
    """
    host.check_open()
    check_sendable((since, wanted))
    some = asyncio.Event()
    watch = WatchState(since=since, history=history, wanted=wanted, random=random, heard=some.set)
    session.watch(watch)
    host.wake()
    try:
        while True:
            some.clear()
            while (batch := watch.take()) is not None:
                host.wake()
                yield batch
            if watch.ended is not None:
                raise watch.ended
            if not watch.waiting:
                await some.wait()
    finally:
        session.unwatch(watch)
        host.wake()
