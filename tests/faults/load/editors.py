"""People who edit and never give up: over a raw WebSocket, or over REST.

Each op has its own op_id and is sent again, byte for byte, until it is answered; when a process is
gone they go to the next one. They also watch: every frame must follow the rules of docs/SPEC.md.
"""

import asyncio
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from random import Random
from typing import Protocol
from uuid import UUID

import aiohttp
import msgspec
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import WebSocketException

from tests.faults.load.ledger import Json, Ledger, Span, acknowledged
from tests.faults.load.pace import Pace
from tests.model.follower import Follower
from tests.protocol.frames import check_from_server

ANSWER_SECONDS = 8.0
"""Longer than the server's own deadline; an editor that hears nothing for that long asks again."""

REPEAT_PART = 0.05
"""The share of ops that are sent once more after their answer, as by an impatient client."""

LATER = frozenset({502, 503, 504})
"""Statuses of HTTP that say: not now. The first and the last are those of a proxy."""

GONE = (OSError, WebSocketException, TimeoutError, aiohttp.ClientError)

CHOICES = {
    "nest": ("nest80", "nest100", "nest120", "nest140", "nest160"),
    "gebaeudehuelle": ("trapezblech", "holzlattung", "fassadenplatten_schwarz"),
    "innenverkleidung": ("kiefer", "fichte", "steirische_eiche"),
    "fussboden": ("parkett", "kalkstein_kanafar", "schiefer_massiv"),
    "pvanlage": ("pv_panels",),
    "fenster": ("pvc", "fichte", "steirische_eiche", "aluminium"),
    "planungspaket": ("basis", "plus", "pro"),
    "grundstueckscheck": ("grundstueckscheck",),
}
COUNTED = ("pvanlage", "fenster")
OPTIONAL = ("pvanlage", "fenster", "planungspaket", "grundstueckscheck")


@dataclass(frozen=True, slots=True, kw_only=True)
class Seat:
    """A person in a house: where they start, and what proves who they are."""

    configuration: UUID
    token: str
    urls: Sequence[str]
    first_url: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """One op, made once; every attempt sends exactly this."""

    op_id: UUID
    body: Json

    @property
    def epoch(self) -> str:
        """The epoch of its base; "" for the present one."""
        return str(self.body.get("epoch", ""))

    def is_of_another_history(self, error: Json) -> bool:
        """Whether it was refused because its base is gone; only guarded ops may be (OP20)."""
        return error.get("code") == "version_unknown" and bool(self.body["guarded"])


class Editor(Protocol):
    """Somebody who makes a planned number of edits."""

    async def edit(self, pace: Pace, due: Iterable[float]) -> None:
        """Make one edit at each of these loop times, late rather than never."""


def operation(random: Random) -> Json:
    """Any operation, sensible or not: some are adjusted, some rejected."""
    category = random.choice(list(CHOICES))
    match random.random():
        case chance if chance < 0.6:
            return {
                "kind": "select",
                "category": category,
                "option": random.choice(CHOICES[category]),
            }
        case chance if chance < 0.8:
            counted = random.choice(COUNTED)
            return {
                "kind": "set_quantity",
                "category": counted,
                "quantity": random.randrange(0, 15),
            }
        case chance if chance < 0.9:
            return {"kind": "clear", "category": random.choice(OPTIONAL)}
        case chance if chance < 0.97:
            parts = [
                {"kind": "select", "category": each, "option": random.choice(CHOICES[each])}
                for each in random.sample(list(CHOICES), 3)
            ]
            return {"kind": "apply", "operations": parts}
        case _:
            return {"kind": "set_quantity", "category": "pvanlage", "quantity": 500}


def asked(random: Random, base_version: int, epoch: str = "") -> Asked:
    """A new op; one in ten is guarded and so may end as a conflict."""
    op_id = UUID(int=random.getrandbits(128), version=4)
    body = {
        "op_id": str(op_id),
        "base_version": base_version,
        "operation": operation(random),
        "guarded": random.random() < 0.1,
    }
    return Asked(op_id=op_id, body=body | ({"epoch": epoch} if epoch else {}))


class SocketEditor:
    """A member on a raw WebSocket."""

    def __init__(self, seat: Seat, ledger: Ledger, random: Random) -> None:
        self.seat = seat
        self.view = Follower(house=str(seat.configuration))
        self._ledger = ledger
        self._random = random
        self._place = seat.first_url
        self._socket: ClientConnection | None = None
        self._messages = 0

    async def edit(self, pace: Pace, due: Iterable[float]) -> None:
        """See Editor."""
        for moment in due:
            await self.watch_until(pace, moment)
            asked_now = asked(self._random, max(0, self.view.version), self.view.epoch)
            await self._insist(pace, asked_now)
            if self._random.random() < REPEAT_PART:
                await self._insist(pace, asked_now)

    async def watch_until(self, pace: Pace, due: float) -> None:
        """Read what arrives until then, as a tab does between two clicks."""
        loop = asyncio.get_running_loop()
        while loop.time() < due:
            try:
                async with asyncio.timeout_at(due):
                    socket = await self._connected()
                    while True:
                        self._read(await socket.recv(decode=False))
                        if self.view.needs_join:
                            await self._join(socket)
            except GONE:
                if loop.time() < due:
                    await self._lost(pace)

    async def close(self) -> None:
        if self._socket is not None:
            await self._socket.close()

    async def _insist(self, pace: Pace, asked_now: Asked) -> None:
        attempts, began = self._ledger.op_attempts, pace.now()
        while True:
            sent = pace.now()
            try:
                with attempts.attempt():
                    answer = await self._ask(asked_now)
            except GONE:
                attempts.unknown += 1
                self._ledger.unheard.add(asked_now.op_id)
                await self._lost(pace)
                continue
            if answer["type"] == "outcome":
                attempts.repeats += answer["repeated"]
                told = acknowledged(self.seat.configuration, answer)
                self._ledger.acknowledge(told, Span(asked=began, sent=sent, answered=pace.now()))
                return
            if asked_now.is_of_another_history(answer):
                self._ledger.refuse(asked_now.op_id, asked_now.epoch, sent)
                return
            assert answer["retryable"], answer
            attempts.later += 1
            await pace.back_off(self._random)

    async def _ask(self, asked_now: Asked) -> Json:
        async with asyncio.timeout(ANSWER_SECONDS):
            socket = await self._connected()
            return await self._request(
                socket, "op", configuration=str(self.seat.configuration), **asked_now.body
            )

    async def _request(self, socket: ClientConnection, type_: str, **fields: object) -> Json:
        self._messages += 1
        number = str(self._messages)
        message = msgspec.json.encode({"type": type_, "id": number, **fields})
        await socket.send(message, text=True)
        while True:
            frame = self._read(await socket.recv(decode=False))
            if frame.get("re") == number:
                return frame

    def _read(self, text: bytes) -> Json:
        frame: Json = msgspec.json.decode(text)
        check_from_server(frame)
        epoch = self.view.epoch
        self.view.see(frame)
        if self.view.epoch != epoch:
            self.view.outcomes.clear()  # an op of the history that is gone is judged again
        for op in (frame, *frame.get("ops", ())):
            if op["type"] == "op":
                place = (self.seat.configuration, op["epoch"], op["version"])
                self._ledger.show(place, UUID(op["op_id"]))
        return frame

    async def _connected(self) -> ClientConnection:
        """The open socket, inside the house. Cut short, it leaves nothing half open."""
        if self._socket is None:
            url = self.seat.urls[self._place].replace("http", "ws", 1)
            socket = await connect(f"{url}/ws", open_timeout=3)
            try:
                await self._enter(socket)
            except BaseException:
                socket.transport.abort()
                raise
            self._socket = socket
        return self._socket

    async def _enter(self, socket: ClientConnection) -> None:
        self._admitted(await self._request(socket, "hello", protocol=1, token=self.seat.token))
        await self._join(socket)

    async def _join(self, socket: ClientConnection) -> None:
        known = {name: value for name, value in self.view.join_message().items() if name != "id"}
        self._admitted(await self._request(socket, known.pop("type"), **known))

    @staticmethod
    def _admitted(answer: Json) -> None:
        """Raises OSError while the server cannot let us in: that is a lost connection, too."""
        if answer["type"] == "error":
            assert answer["retryable"], answer
            raise OSError(answer["code"])

    async def _lost(self, pace: Pace) -> None:
        socket, self._socket = self._socket, None
        self._place = (self._place + 1) % len(self.seat.urls)
        self._ledger.reconnects += 1
        if socket is not None:
            socket.transport.abort()
        await pace.back_off(self._random)


class RestEditor:
    """A program that edits over REST."""

    def __init__(
        self, seat: Seat, ledger: Ledger, random: Random, http: aiohttp.ClientSession
    ) -> None:
        self.seat = seat
        self._ledger = ledger
        self._random = random
        self._http = http
        self._place = seat.first_url

    async def edit(self, pace: Pace, due: Iterable[float]) -> None:
        """See Editor."""
        for moment in due:
            await pace.until(moment)
            asked_now = asked(self._random, 0)
            await self._insist(pace, asked_now)
            if self._random.random() < REPEAT_PART:
                await self._insist(pace, asked_now)

    async def _insist(self, pace: Pace, asked_now: Asked) -> None:
        attempts, began = self._ledger.op_attempts, pace.now()
        while True:
            sent = pace.now()
            try:
                with attempts.attempt():
                    status, answer = await self._post(asked_now)
            except GONE:
                attempts.unknown += 1
                self._ledger.unheard.add(asked_now.op_id)
                self._place = (self._place + 1) % len(self.seat.urls)
                await pace.back_off(self._random)
                continue
            if status in LATER:
                attempts.later += 1
                attempts.foreign += not answer
                await pace.back_off(self._random)
                continue
            if asked_now.is_of_another_history(answer.get("error", {})):
                self._ledger.refuse(asked_now.op_id, asked_now.epoch, sent)
                return
            assert "outcome" in answer, (status, answer)
            attempts.repeats += answer["repeated"]
            told = acknowledged(self.seat.configuration, answer)
            self._ledger.acknowledge(told, Span(asked=began, sent=sent, answered=pace.now()))
            return

    async def _post(self, asked_now: Asked) -> tuple[int, Json]:
        """The status and what was answered; nothing where that is not the product's JSON."""
        url = f"{self.seat.urls[self._place]}/api/configurations/{self.seat.configuration}/ops"
        headers = {"authorization": f"Bearer {self.seat.token}"}
        async with self._http.post(
            url,
            json=asked_now.body,
            headers=headers,
            timeout=aiohttp.ClientTimeout(total=ANSWER_SECONDS),
        ) as response:
            ours = response.content_type == "application/json"
            return response.status, await response.json() if ours else {}
