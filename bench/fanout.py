"""Our fan-out alone: the real rooms, outboxes and transports; frames are made here, not by ops.

`/bench/push?room=ID&kind=KIND` takes the edits of the load generator. KIND: `small`, a frame of
about 110 bytes; `whole`, an op frame as it is in real life, or as large as the edit says; `merged`,
small ops, those of one turn of the event loop in one frame.
"""

import asyncio
import os
from collections.abc import Callable
from uuid import UUID

import msgspec
import uvicorn
import uvloop
from starlette.routing import WebSocketRoute
from starlette.websockets import WebSocket, WebSocketDisconnect

import app.web
from app.logging import configure_logging
from app.processes import web_config
from app.settings import parse_settings
from realtime.frame import Frame
from realtime.room import Room

WHOLE_BYTES = 3000
"""The size of an op frame with its selection, price and pictures."""


class _Edit(msgspec.Struct):
    id: str
    n: int
    pad: str = ""


_decode = msgspec.json.Decoder(_Edit).decode


class Pusher:
    """Makes versions of one room out of nothing and delivers them to its members."""

    def __init__(self, room: Room) -> None:
        self._room = room
        self._version = room.version
        self._waiting: list[bytes] = []

    def small(self, edit: _Edit) -> None:
        """One frame with the little that a reader needs."""
        self._room.members.deliver(Frame("op", self._op(edit, "")))

    def whole(self, edit: _Edit) -> None:
        """One frame as large as ours are."""
        pad = edit.pad or "x" * (WHOLE_BYTES - 200)
        self._room.members.deliver(Frame("op", self._op(edit, f',"derived":"{pad}"')))

    def merged(self, edit: _Edit) -> None:
        """One frame for all that came in this turn."""
        if not self._waiting:
            asyncio.get_running_loop().call_soon(self._flush)
        self._waiting.append(self._op(edit, ""))

    def _flush(self) -> None:
        ops, self._waiting = self._waiting, []
        head = b'{"type":"ops","from":%d,"to":%d,"ops":[' % (
            self._version - len(ops),
            self._version,
        )
        self._room.members.deliver(Frame("ops", head + b",".join(ops) + b"]}"))

    def _op(self, edit: _Edit, more: str) -> bytes:
        self._version += 1
        text = f'{{"type":"op","version":{self._version},"op_id":"{edit.id}","n":{edit.n}{more}}}'
        return text.encode()


def main() -> None:
    """Serve until SIGTERM."""
    settings = parse_settings(os.environ, node="bench")
    configure_logging(level=settings.log_level, form="text", node="bench")
    web = app.web.Web(settings)
    pushers: dict[UUID, Pusher] = {}

    async def push(socket: WebSocket) -> None:
        await socket.accept()
        room = await web.hub.room(UUID(socket.query_params["room"]))
        pusher = pushers.setdefault(room.id, Pusher(room))
        deliver: Callable[[_Edit], None] = getattr(pusher, socket.query_params["kind"])
        try:
            async for text in socket.iter_text():
                edit = _decode(text)
                deliver(edit)
                await socket.send_text(f'{{"ack":"{edit.id}"}}')
        except (WebSocketDisconnect, RuntimeError):
            pass

    web.app.router.routes.append(WebSocketRoute("/bench/push", push))
    app.web.create_app = lambda _settings: web.app
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(uvicorn.Server(web_config(settings)).serve())


if __name__ == "__main__":
    main()
