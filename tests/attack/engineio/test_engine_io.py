"""Attacks of strangers on the two Engine.IO servers: that of `/socket.io` and that of the pages."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from contextlib import suppress
from random import Random

from websockets.asyncio.client import ClientConnection
from websockets.exceptions import ConnectionClosed
from websockets.frames import Opcode
from websockets.protocol import State

from tests.attack.conftest import StartVictim
from tests.attack.engine import (
    CONNECT,
    OURS,
    PAGES,
    SERVERS,
    Poller,
    closed_soon,
    frame,
    opened,
    upgraded,
)
from tests.attack.victim import Victim

Open = Callable[[Victim, str], Awaitable[ClientConnection]]

UNLIMITED = "100"
PAIRS = 150
FORGED = "A\n" + json.dumps({"event": "admin_logged_in"})


async def test_polls_that_are_too_large_leave_nothing(start_victim: StartVictim) -> None:
    """20 kB were never freed for each pair of requests to NiceGUI's server, 3 to 7 kB to ours."""
    victim = await start_victim(NEST_LIMIT_SCALE=UNLIMITED)
    for path in SERVERS:
        async with Poller(victim, path) as poller:
            await _refuses_what_is_too_large(poller)
            async with victim.attacked() as cost:
                for _ in range(PAIRS):
                    declared = await _declare(victim, poller, await poller.session())
                    assert declared.startswith(b"HTTP/1.1 413"), declared
            print(path, cost)
            assert cost.kept < 3, cost  # 150 x 20 kB
            assert cost.log_bytes < 10_000, cost
    assert not list(victim.wrong_lines())


async def _declare(victim: Victim, poller: Poller, sid: str) -> bytes:
    """The answer to a POST that declares 70,000 bytes and sends none."""
    reader, writer = await victim.connect()
    head = f"POST {poller.address(sid=sid)} HTTP/1.1\r\nHost: x\r\nContent-Length: 70000\r\n\r\n"
    writer.write(head.encode())
    async with asyncio.timeout(20):
        answer = await reader.readuntil(b"\r\n\r\n")
    writer.close()
    return answer


async def _refuses_what_is_too_large(poller: Poller) -> None:
    sid = await poller.session()
    reader, writer = await poller.victim.connect()
    writer.write(f"GET {poller.address(sid=sid)} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
    assert await poller.victim.is_well()  # what was sent before has begun to wait
    grown = await poller.post_chunks(sid, b"x" * 10_000, 10)
    async with asyncio.timeout(20):
        waited = await reader.readuntil(b"\r\n\r\n") + await reader.readexactly(1)
    writer.close()
    assert grown.status_code == 413
    assert grown.json()["error"]["code"] == "message_too_large"
    assert waited.startswith(b"HTTP/1.1 200"), waited
    assert waited.endswith(b"1"), "the poll that waited is told that it is over"
    assert (await poller.poll(sid)).status_code == 400
    jsonp = await poller.ask(j="0")
    assert (jsonp.status_code, jsonp.json()["error"]["detail"]) == (400, "JSONP is off")
    assert (await poller.poll(FORGED)).status_code == 400
    prefixed = await poller.victim.ask(
        b"GET /nobody HTTP/1.1\r\nHost: x\r\nAccept: text/html\r\nConnection: close\r\n"
        b"X-Forwarded-Prefix: //evil.example\r\nx_forwarded_prefix: //evil.example\r\n\r\n"
    )
    assert b"evil.example" not in prefixed
    twice = await poller.session()
    bodies = (b"9", b"", b"\xff", b"4", b"bAA", b"d=4", b"4" + b"[" * 50_000)
    assert (await poller.post(twice, b"2probe")).status_code == 400
    for body in bodies:
        assert (await poller.post(await poller.session(), body)).status_code == 400, body


async def test_sessions_that_nobody_uses_end(victim: Victim) -> None:
    """3,000 polls without anything else took 73 MB, and kept them."""
    async with victim.attacked() as cost:
        for path in SERVERS:
            async with Poller(victim, path) as poller:
                first = await poller.session()
                for _ in range(200):
                    assert (await poller.open()).status_code in {200, 429}
                told = [await poller.poll(first)]
                while told[-1].status_code == 200:
                    told.append(await poller.poll(first))
                assert told[-1].status_code == 400
    print(cost)
    assert cost.grown < 12, cost
    assert not list(victim.wrong_lines())


NO_ENGINE_PACKET: tuple[str | bytes, ...] = (
    "", "0", "2", "5", "6", "7", "8", "9", "x", "b", "bAAAA", "9" * 500, "/", "\x1e", "\u0664",
    b"", b"\x04", b"42", b"\xff",
)  # fmt: skip
NO_PACKET: tuple[str, ...] = (
    "4", "4x", "45", "46", "47", "49", "48", "44{}", '43-1["x"]', "4[[[[", '4{"a":1}', '4"x"',
    '451-["event",{"_placeholder":true,"num":0}]', '451000000-["event"]', '461-1["event"]', '45-["x"]',
    "4" + "[" * 60_000, "42" + "[" * 60_000, "42", "42[]", "42null", "42{}", '42"x"', "42" + "9" * 120,
    '42-["event",{}]',
)  # fmt: skip
NO_EVENT_OF_A_PAGE: tuple[str, ...] = (
    "43[]", "42[null]", '42[["x"]]', '42[{"a":1}]', "42[1,2]", "42[NaN]",
    '42["connect",1]', '42["connect"]', '42["disconnect",1]', '42["disconnect"]', '42["*",{}]',
    '42["message",{}]', '42["handshake"]', '42["handshake",1]', '42["handshake",{},{}]', '42["event"]',
    '42["event",{}]', '42["event",{"client_id":"x"}]', '42["event",{"client_id":{},"id":1}]',
    '42["event",{"client_id":"x","id":true,"listener_id":"y","args":[]}]',
    '42["event",{"client_id":"x","id":1,"listener_id":"y","args":[1]}]',
    '42["event",{"client_id":"x","id":1,"listener_id":"y","args":[null,null,null,null,null]}]',
    '42["ack",{"client_id":"x","next_message_id":"1"}]', '42["ack",null]', '42["ack",[]]',
    '42["javascript_response",{"client_id":"x","request_id":7}]', '42["javascript_response",{}]',
    '42["log",{"client_id":"x","level":"__class__"}]', '42["log",{"client_id":["x"],"level":"info"}]',
    '42["handshake",{"client_id":"x","tab_id":"y"}]', '42["handshake",{"client_id":7}]',
    '42["handshake",{"client_id":"x","tab_id":"y","document_id":"z","next_message_id":1e99}]',
    '42/x,["event",{}]', "40", "40/x,", "41/x,", '42["__proto__",{}]', '42["event",{},{}]',
)  # fmt: skip


async def test_a_malformed_packet_ends_its_socket(start_victim: StartVictim) -> None:
    """Each was answered with one or two tracebacks, and the socket stayed open."""
    victim = await start_victim(NEST_LIMIT_SCALE=UNLIMITED)
    kinds = [(path, how) for path in SERVERS for how in (opened, upgraded)]
    async with victim.attacked() as cost:
        for path, how in kinds:
            packets = [*NO_ENGINE_PACKET, *NO_PACKET]
            if path == PAGES:
                packets += NO_EVENT_OF_A_PAGE
            left_open = []
            for start in range(0, len(packets), 20):
                async with asyncio.TaskGroup() as tasks:
                    batch = packets[start : start + 20]
                    ended = [
                        tasks.create_task(_ends_socket(how(victim, path), path, packet))
                        for packet in batch
                    ]
                left_open += [p for p, over in zip(batch, ended, strict=True) if not over.result()]
            assert left_open == [], (path, how.__name__)
    print(cost)
    assert not list(victim.wrong_lines()), list(victim.wrong_lines())[:3]
    assert cost.grown < 12, cost


async def _ends_socket(
    opening: Awaitable[ClientConnection], path: str, packet: str | bytes
) -> bool:
    socket = await opening
    if path == PAGES:
        await socket.send("40")
    await socket.send(packet)
    over = await closed_soon(socket)
    await socket.close()
    return over


async def test_floods_end_and_cost_little(start_victim: StartVictim) -> None:
    """920,000 frames of one byte filled 135 MB of log, still written when the attacker was gone."""
    victim = await start_victim()
    floods = [
        (path, how, packet)
        for path in SERVERS
        for how in (opened, upgraded)
        for packet in ("9", "3")
    ]
    async with victim.attacked() as cost:
        for path, how, packet in floods:
            socket = await how(victim, path)
            await socket.send(CONNECT[path])
            await _flood(socket, Opcode.TEXT, packet.encode())
            assert await closed_soon(socket), (path, how.__name__, packet)
        for opcode in (Opcode.PING, Opcode.PONG, Opcode.CONT):
            socket = await opened(victim, OURS)
            if opcode is Opcode.CONT:
                socket.transport.write(frame(Opcode.TEXT, b"4", fin=False))
            await _flood(socket, opcode, b"")
            assert await closed_soon(socket), opcode
    print(cost)
    assert cost.log_bytes < 20_000, cost
    assert cost.grown < 12, cost
    assert not list(victim.wrong_lines()), list(victim.wrong_lines())[:3]


async def _flood(socket: ClientConnection, opcode: Opcode, payload: bytes) -> None:
    """Up to 60,000 frames, a thousand in a segment, until the connection is over."""
    segment = frame(opcode, payload, fin=opcode is not Opcode.CONT) * 1000
    with suppress(ConnectionClosed, OSError):
        for _ in range(60):
            if socket.state is not State.OPEN or socket.transport.is_closing():
                return
            socket.transport.write(segment)
            await asyncio.sleep(0)  # what it is answered is read


VALID: tuple[str, ...] = (
    "3", "40", "40/configurator,", '40/configurator,{"token":"x"}', '42["ack",{"client_id":"x","next_message_id":1}]',
    '42["event",{"client_id":"x","id":1,"listener_id":"y","args":["1"]}]', '421["handshake",{"client_id":"x"}]',
    '42/configurator,1["ping",{"id":"1"}]', '42["log",{"client_id":"x","level":"info","message":"\\n"}]',
    '42/configurator,["op",{}]', "41/configurator,", '42["javascript_response",{"client_id":"x","request_id":"y"}]',
)  # fmt: skip
SPLICES = ("", "[", "]", '"', ",", "\x00", "9", "-", "/", "{", "\\ud800", "\x1e", "4", "\u2028")
FUZZED = 300


async def test_changed_packets_leave_no_traceback(start_victim: StartVictim) -> None:
    """(ER5) A minute of this left 182 to 229 tracebacks."""
    victim = await start_victim(NEST_LIMIT_SCALE=UNLIMITED)
    async with victim.attacked() as cost:
        for path in SERVERS:
            for how in (opened, upgraded):
                await fuzz(victim, path, how, Random(f"{path}{how.__name__}"), FUZZED)
    print(cost)
    assert not list(victim.wrong_lines()), list(victim.wrong_lines())[:3]
    assert cost.grown < 12, cost


async def fuzz(victim: Victim, path: str, how: Open, random: Random, count: int) -> None:
    """Send packets that were changed at a few places, and open a new socket when one ends."""
    socket = await how(victim, path)
    for _ in range(count):
        packet = random.choice((*VALID, *NO_PACKET[:18], *NO_EVENT_OF_A_PAGE))
        for _ in range(random.randrange(3)):
            place = random.randrange(len(packet) + 1)
            packet = packet[:place] + random.choice(SPLICES) + packet[place + random.randrange(3) :]
        try:
            await socket.send(packet if random.random() < 0.95 else packet.encode())
            await asyncio.sleep(0)
        except ConnectionClosed:
            socket = await how(victim, path)
    await socket.close()
