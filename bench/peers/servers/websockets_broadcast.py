"""A floor: the websockets library and its `broadcast`, which encodes once and never waits."""

import asyncio
import os
from collections import defaultdict
from urllib.parse import parse_qs, urlsplit

import msgspec
import uvloop
from websockets.asyncio.server import ServerConnection, broadcast, serve

rooms: dict[str, set[ServerConnection]] = defaultdict(set)


async def handle(connection: ServerConnection) -> None:
    assert connection.request is not None
    room = rooms[parse_qs(urlsplit(connection.request.path).query)["room"][0]]
    room.add(connection)
    try:
        async for text in connection:
            broadcast(room - {connection}, text)
            await connection.send(f'{{"ack":{msgspec.json.decode(text)["n"]}}}')
    finally:
        room.discard(connection)


async def main() -> None:
    port = int(os.environ["PORT"])
    async with serve(handle, "127.0.0.1", port, compression=None, ping_interval=None) as server:
        await server.serve_forever()


with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
    runner.run(main())
