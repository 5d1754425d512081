"""The fan-out alone: real rooms, outboxes and transports, with invented ops.

`/bench/push?room=ID&kind=KIND` takes the edits of the load generator. KIND is `small` for a frame
of about 110 bytes for each edit, as the peers send it; `whole` for a frame as large as ours, or as
large as the edit says; `heard` for an op as another process would publish it: the room takes it,
merges ops within one flush, and keeps it.
"""

import asyncio
import os
from collections.abc import Callable
from datetime import UTC, datetime
from uuid import UUID

import msgspec
import uvicorn
import uvloop
from starlette.routing import WebSocketRoute
from starlette.websockets import WebSocket, WebSocketDisconnect

from app.logs.setup import configure_logging
from app.processes import web_config
from app.settings.settings import parse_settings
from app.web import Web
from configurator.protocol import codec
from configurator.protocol.messages import OpFrame, Person
from realtime.delivery.frame import Frame
from realtime.rooms.room import Room

WHOLE_BYTES = 3000
"""The size, in bytes, of an op frame with its selection, price and pictures."""


class _Edit(msgspec.Struct):
    id: str
    n: int
    pad: str = ""


_decode = msgspec.json.Decoder(_Edit).decode


class Pusher:
    """Makes invented versions of one room and delivers them to its members."""

    def __init__(self, room: Room) -> None:
        self._room = room
        self._version = room.version
        self._author = Person(id=UUID(int=1), name="Bench", colour=0)

    def small(self, edit: _Edit) -> None:
        """One frame with only the fields that a reader needs."""
        self._deliver(edit, "")

    def whole(self, edit: _Edit) -> None:
        """One frame as large as the product's."""
        pad = edit.pad or "x" * (WHOLE_BYTES - 200)
        self._deliver(edit, f',"derived":"{pad}"')

    def heard(self, edit: _Edit) -> None:
        """An op of another process, which changes nothing; the room cannot know that before."""
        room, head = self._room, self._room.head
        frame = OpFrame(
            configuration=room.id,
            epoch=room.epoch,
            version=room.version + 1,
            op_id=UUID(edit.id),
            outcome="committed",
            author=self._author,
            operation_kind="select",
            changes=[],
            reasons=[],
            total_cents=room.total_cents,
            at=datetime.now(UTC),
            selection=dict(head.document.selection),
            derived=head.derived,
        )
        if not room.hear(b"o" + codec.encode(frame)):
            raise RuntimeError("the room did not take the op")

    def _deliver(self, edit: _Edit, more: str) -> None:
        self._version += 1
        text = f'{{"type":"op","version":{self._version},"op_id":"{edit.id}","n":{edit.n}{more}}}'
        frame = Frame("op", text.encode())
        for attachment in self._room.members.attachments():
            attachment.deliver(frame, instead=attachment.instead)


def main() -> None:
    """Serve until SIGTERM."""
    settings = parse_settings(os.environ, node="bench")
    configure_logging(level=settings.log_level, form="text", node="bench")
    web = Web(settings)
    pushers: dict[UUID, Pusher] = {}

    async def push(socket: WebSocket) -> None:
        await socket.accept()
        room = await web.editing.hub.room(UUID(socket.query_params["room"]))
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
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(uvicorn.Server(web_config(settings, web.app, web.connections)).serve())


if __name__ == "__main__":
    main()
