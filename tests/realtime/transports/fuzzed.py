"""A process that hostile peers talk to, over both transports, and what it must answer."""

import asyncio
import json

import psutil
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed
from websockets.typing import Subprotocol

from configurator.people.visible import one_line
from configurator.protocol import codec
from configurator.protocol.codes import CODES, Refused
from configurator.protocol.messages import MESSAGE_BYTES_MAX, Introduce
from tests.protocol import fuzz
from tests.protocol.frames import check_from_server
from tests.realtime.clients import Api, Json, select
from tests.support.programs.processes import Process

CLOSE_CODES = {code.close for code in CODES.values() if code.close} | {1002, 1003, 1007, 1009}
UNREADABLE = {"malformed_message", "unknown_message_type", "message_too_large", "name_unusable"}
RSS_GROWTH_MAX_BYTES = 48 * 1024 * 1024


class Target:
    """A real process, and a house in it that a hostile owner is in."""

    def __init__(self, process: Process) -> None:
        self.process = process
        self.api = Api(process.url)
        self.created: Json = {}
        self.committed: set[str] = set()
        self.answers = 0
        self._log_lines = 0

    async def prepare(self) -> None:
        self.created = await self.api.create()
        answer = await self.api.submit(self.created["code"], select("nest", "nest120"))
        self.committed.add(answer.json()["op_id"])

    def corpus(self) -> list[Json]:
        return fuzz.corpus(configuration=self.created["id"], op_id=min(self.committed))

    def note(self, frame: Json) -> None:
        """Every frame that comes back is a published one, and never our own failure."""
        check_from_server(frame)
        assert frame.get("code") != "internal", frame
        self.answers += 1
        if frame["type"] == "outcome" and frame["outcome"] in {"committed", "adjusted"}:
            self.committed.add(frame["op_id"])

    async def unharmed(self) -> None:
        """The server goes on, has changed only by accepted messages, and has logged nothing."""
        read = await self.api.read(self.created["id"])
        assert read["version"] == len(self.committed)
        stored = await self.api.call("GET", f"/api/configurations/{self.created['id']}/ops?since=0")
        ops = stored.json()["ops"]
        assert [op["version"] for op in ops] == list(range(1, min(len(self.committed), 500) + 1))
        assert {op["op_id"] for op in ops} <= self.committed
        lines = self.process.log.splitlines()
        news, self._log_lines = lines[self._log_lines :], len(lines)
        words = ("Traceback", "message_failed", "request_failed", "Exception")
        assert [line[:2000] for line in news if any(word in line for word in words)][:3] == []

    @property
    def rss_bytes(self) -> int:
        return int(psutil.Process(self.process.pid).memory_info().rss)


class RawSocket:
    """Sends many texts over one connection, and opens another one where that ended."""

    transport = "websocket"

    def __init__(self, target: Target) -> None:
        self.target = target
        self._socket: ClientConnection | None = None
        self._pings = 0

    async def open(self) -> ClientConnection:
        if self._socket is None:
            url = self.target.process.url.replace("http", "ws") + "/ws"
            self._socket = await connect(url, subprotocols=[Subprotocol("nest.v1")])
            token, house = self.target.api.token, self.target.created["id"]
            for message in (
                {"type": "hello", "protocol": 1, "token": token},
                {"type": "join", "configuration": house},
            ):
                await self._socket.send(json.dumps(message))
            await self._until_pong(self._socket)
        return self._socket

    async def exchange(self, texts: list[bytes]) -> None:
        """Send them all; the answers must be those that our own decoder gives."""
        socket = await self.open()
        expected: list[str] = []
        for text in texts:
            expected += code_of(text)
            await socket.send(text.decode())
            if expected[-1:] == ["message_too_large"]:
                break
        codes = await self._until_pong(socket)
        assert [code for code in codes if code in UNREADABLE] == expected

    async def exchange_bytes(self, content: bytes, *, text: bool) -> None:
        """Send one frame that may be no UTF-8, as text or as binary."""
        socket = await self.open()
        try:
            await socket.send(content, text=text)
        except ConnectionClosed:
            self._socket = None
            return
        await self._until_pong(socket)

    async def _until_pong(self, socket: ClientConnection) -> list[str]:
        """The codes of all errors until everything sent so far was handled."""
        self._pings += 1
        asked = f"sentinel {self._pings}"
        codes: list[str] = []
        try:
            await socket.send(json.dumps({"type": "ping", "id": asked}))
            async with asyncio.timeout(20):
                while True:
                    frame = json.loads(await socket.recv())
                    self.target.note(frame)
                    if frame["type"] == "error":
                        codes.append(frame["code"])
                    if frame.get("re") == asked:
                        return codes
        except ConnectionClosed:
            self._socket = None
            assert socket.close_code in CLOSE_CODES, socket.close_code
            return codes

    async def close(self) -> None:
        if self._socket is not None:
            await self._socket.close()


class SocketIo:
    """The same over Engine.IO packets, written by hand."""

    transport = "socketio"

    def __init__(self, target: Target) -> None:
        self.target = target
        self._socket: ClientConnection | None = None
        self._asked = 0

    async def open(self) -> ClientConnection:
        if self._socket is None:
            url = self.target.process.url.replace("http", "ws")
            self._socket = await connect(f"{url}/socket.io/?EIO=4&transport=websocket")
            await self._socket.recv()
            auth = json.dumps({"token": self.target.api.token})
            await self._socket.send(f"40/configurator,{auth}")
            join = json.dumps(["join", {"configuration": self.target.created["id"]}])
            await self._socket.send(f"42/configurator,{join}")
            await self._until_acknowledged(self._socket)
        return self._socket

    async def packet(self, packet: str | bytes) -> None:
        """Send one packet of whatever kind, then see that the connection lives or has ended."""
        socket = await self.open()
        try:
            await socket.send(packet)
        except ConnectionClosed:
            self._socket = None
            return
        await self._until_acknowledged(socket)

    async def exchange(self, texts: list[bytes]) -> None:
        """The texts as events, those that are objects with a type."""
        socket = await self.open()
        for text in texts:
            try:
                message = json.loads(text)
                event = json.dumps([message.get("type", "x"), message])
            except (ValueError, AttributeError):
                continue
            if len(event) < MESSAGE_BYTES_MAX // 2:
                await socket.send(f"42/configurator,{event}")
        await self._until_acknowledged(socket)

    async def _until_acknowledged(self, socket: ClientConnection) -> None:
        self._asked += 1
        try:
            await socket.send(f'42/configurator,{self._asked}["ping",{{}}]')
            async with asyncio.timeout(20):
                while True:
                    packet = await socket.recv()
                    assert isinstance(packet, str), "the protocol has no binary messages (TR4)"
                    if packet.startswith("42/configurator,"):
                        event, message = json.loads(packet[len("42/configurator,") :])
                        self.target.note({**message, "type": event})
                    if packet.startswith(f"43/configurator,{self._asked}["):
                        return
                    if packet == "2":
                        await socket.send("3")
                    if packet.startswith(("41", "1")):
                        self._socket = None
                        await socket.close()
                        return
        except ConnectionClosed:
            self._socket = None

    async def close(self) -> None:
        if self._socket is not None:
            await self._socket.close()


def code_of(text: bytes) -> list[str]:
    """The code that this text must be answered with; nothing where it can be understood."""
    try:
        message = codec.decode(text)
    except Refused as refused:
        return [refused.code.name]
    if isinstance(message, Introduce) and not (
        len(message.name) <= 1000 and 0 < len(one_line(message.name)) <= 40
    ):
        return ["name_unusable"]
    return []


def is_utf8(text: bytes) -> bool:
    try:
        text.decode()
    except UnicodeDecodeError:
        return False
    return True
