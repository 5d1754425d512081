"""Authors who edit without a pause: each sends the same op again until it is answered."""

import asyncio
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import cycle
from uuid import UUID, uuid4

import msgspec
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import WebSocketException

RETRY_SECONDS = 0.01
ANSWER_SECONDS = 15.0
SHELLS = ("trapezblech", "holzlattung", "fassadenplatten_schwarz", "fassadenplatten_weiss")
GONE = (OSError, WebSocketException, TimeoutError)


class _Frame(msgspec.Struct):
    type: str
    op_id: UUID | None = None
    outcome: str | None = None
    version: int = 0
    code: str = ""


_decode = msgspec.json.Decoder(_Frame).decode


@dataclass(frozen=True, slots=True, kw_only=True)
class Seat:
    """The person, the house and the server of one author."""

    url: str
    configuration: str
    token: str


@dataclass(slots=True, kw_only=True)
class Told:
    """All answers to all authors. ``on_ack`` is called at each answer, before anything else."""

    on_ack: Callable[[], None]
    acknowledged: dict[tuple[UUID, UUID], int] = field(default_factory=dict)
    asked: set[tuple[UUID, UUID]] = field(default_factory=set)
    refused: dict[str, int] = field(default_factory=dict)
    reconnects: int = 0
    over: bool = False


async def author(seat: Seat, told: Told) -> None:
    """Edit until the end; the last op is answered, too."""
    shells = cycle(SHELLS)
    pending: bytes | None = None
    while pending is not None or not told.over:
        try:
            async with connect(
                f"{seat.url.replace('http', 'ws', 1)}/ws", compression=None, open_timeout=5
            ) as socket:
                await _enter(socket, seat)
                while pending is not None or not told.over:
                    pending = pending or _op(seat, shells, told)
                    await socket.send(pending, text=True)
                    if await _answered(socket, seat, told):
                        pending = None
        except GONE:
            told.reconnects += 1
            await asyncio.sleep(RETRY_SECONDS)


def _op(seat: Seat, shells: Iterator[str], told: Told) -> bytes:
    op_id = uuid4()
    told.asked.add((UUID(seat.configuration), op_id))
    operation = {"kind": "select", "category": "gebaeudehuelle", "option": next(shells)}
    return msgspec.json.encode(
        {
            "type": "op",
            "configuration": seat.configuration,
            "op_id": op_id,
            "base_version": 0,
            "operation": operation,
        }
    )


async def _enter(socket: ClientConnection, seat: Seat) -> None:
    await socket.send(
        msgspec.json.encode({"type": "hello", "protocol": 1, "token": seat.token}), text=True
    )
    await socket.send(
        msgspec.json.encode({"type": "join", "configuration": seat.configuration}), text=True
    )
    async with asyncio.timeout(ANSWER_SECONDS):
        while (frame := _decode(await socket.recv(decode=False))).type != "snapshot":
            if frame.type == "error":
                raise OSError(frame.code)


async def _answered(socket: ClientConnection, seat: Seat, told: Told) -> bool:
    """Whether the op has its final answer; False if it must be sent again."""
    async with asyncio.timeout(ANSWER_SECONDS):
        while True:
            frame = _decode(await socket.recv(decode=False))
            if frame.type == "outcome" and frame.op_id is not None:
                told.on_ack()
                told.acknowledged[UUID(seat.configuration), frame.op_id] = frame.version
                if frame.outcome not in {"committed", "adjusted"}:
                    told.refused[str(frame.outcome)] = told.refused.get(str(frame.outcome), 0) + 1
                return True
            if frame.type == "error":
                told.refused[frame.code] = told.refused.get(frame.code, 0) + 1
                await asyncio.sleep(RETRY_SECONDS)
                return False
