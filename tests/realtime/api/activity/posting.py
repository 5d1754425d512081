"""Interactions posted as JSON, and a worker that stores them."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from storage.redis.activity.stream_group import StreamGroup
from tests.support.activity import (
    Parts,
    now,
)
from workers.consumer import Consumer, ConsumerPace


def body(session: str = "client_1", **interaction: object) -> dict[str, object]:
    shape = {"eventType": "click", "category": "nest", **interaction}
    return {"sessionId": session, "interaction": shape}


@asynccontextmanager
async def worker(parts: Parts, name: str = "w") -> AsyncIterator[Consumer]:
    consumer = Consumer(
        StreamGroup(parts.redis, consumer=name),
        parts.interactions,
        now=now,
        pace=ConsumerPace(block_ms=20, claim_idle_ms=50, claim_every_seconds=0.05),
    )
    stopping = asyncio.Event()
    async with asyncio.TaskGroup() as group:
        task = group.create_task(consumer.run(stopping))
        try:
            yield consumer
        finally:
            stopping.set()
            task.cancel()
