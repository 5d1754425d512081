"""A floor: raw WebSockets on Starlette and uvicorn.

Encodes once, and sends to one after the other.
"""

import os
from collections import defaultdict

import msgspec
import uvicorn
from starlette.applications import Starlette
from starlette.routing import WebSocketRoute
from starlette.websockets import WebSocket, WebSocketDisconnect

rooms: dict[str, set[WebSocket]] = defaultdict(set)


async def serve(socket: WebSocket) -> None:
    await socket.accept()
    room = rooms[socket.query_params["room"]]
    room.add(socket)
    try:
        async for text in socket.iter_text():
            for other in room - {socket}:
                await other.send_text(text)
            await socket.send_text(f'{{"ack":{msgspec.json.decode(text)["n"]}}}')
    except (WebSocketDisconnect, RuntimeError):
        pass
    finally:
        room.discard(socket)


uvicorn.run(
    Starlette(routes=[WebSocketRoute("/ws", serve)]),
    port=int(os.environ["PORT"]),
    loop="uvloop",
    ws="websockets-sansio",
    ws_per_message_deflate=False,
    log_level="warning",
)
