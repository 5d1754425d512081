"""python-socketio on uvicorn."""

import os
from typing import Any

import socketio
import uvicorn

server = socketio.AsyncServer(async_mode="asgi")


@server.event
async def connect(sid: str, _environ: dict[str, Any], auth: dict[str, Any]) -> None:
    await server.save_session(sid, auth)
    await server.enter_room(sid, auth["room"])


@server.event
async def edit(sid: str, content: dict[str, Any]) -> None:
    room = (await server.get_session(sid))["room"]
    await server.emit("edit", content, room=room, skip_sid=sid)


uvicorn.run(
    socketio.ASGIApp(server),
    port=int(os.environ["PORT"]),
    loop="uvloop",
    ws="websockets-sansio",
    ws_per_message_deflate=False,
    log_level="warning",
)
