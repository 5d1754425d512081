"""Whatever bytes a client sends, the answer is a typed error or a close code of the table. (ER5)

Real frames are changed byte by byte and part by part, and sent to a real process over both
transports. What our own decoder makes of a text tells what must be answered. The state may change
by exactly the ops whose outcome says so. A case that fails is kept in `fuzz_seeds` and comes first
from then on.
"""

import asyncio
import json
from asyncio import Runner
from collections.abc import Callable, Coroutine, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from configurator.protocol.messages import MESSAGE_BYTES_MAX
from tests.protocol import fuzz
from tests.realtime.transports.fuzzed import (
    RSS_GROWTH_MAX_BYTES,
    RawSocket,
    SocketIo,
    Target,
    is_utf8,
)
from tests.support.programs.processes import web
from tests.support.programs.servers import Servers, fresh_database

pytestmark = pytest.mark.faults
BATCH = 60
FUZZED = settings(
    max_examples=60,
    derandomize=True,
    database=None,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)


Run = Callable[[Coroutine[Any, Any, Any]], Any]


@pytest.fixture(scope="module")
def run() -> Iterator[Run]:
    with Runner() as runner:
        yield runner.run


@pytest.fixture(scope="module")
def shared_target(servers: Servers, run: Run) -> Iterator[Target]:
    with fresh_database(servers) as database_url, ExitStack() as stack:
        process = stack.enter_context(
            web(database_url, servers.redis_url, NEST_LIMIT_SCALE="100000")
        )
        process.ready_blocking(40)
        target = Target(process)
        run(target.prepare())
        yield target


@pytest.fixture
def target(shared_target: Target, run: Run) -> Iterator[Target]:
    yield shared_target
    run(shared_target.unharmed())


@pytest.fixture
def raw(target: Target, run: Run) -> Iterator[RawSocket]:
    peer = RawSocket(target)
    yield peer
    run(peer.close())


@pytest.fixture
def socketio(target: Target, run: Run) -> Iterator[SocketIo]:
    peer = SocketIo(target)
    yield peer
    run(peer.close())


class Found(AssertionError):
    """One text that was answered wrongly."""

    def __init__(self, transport: str, text: str, reason: AssertionError) -> None:
        self.transport, self.text = transport, text
        super().__init__(f"{transport} {text[:200]!r}: {reason}")


@contextmanager
def found_cases_are_kept() -> Iterator[None]:
    """Keep each found case in `fuzz_seeds`, as small as hypothesis could make it."""
    try:
        yield
    except Found as found:
        kept = fuzz.keep(found.transport, found.text, str(found))
        found.add_note(f"kept as {kept.name}")
        raise


def batches(texts: list[bytes]) -> Iterator[list[bytes]]:
    for start in range(0, len(texts), BATCH):
        yield texts[start : start + BATCH]


def attempt(run: Run, peer: RawSocket | SocketIo, texts: list[bytes]) -> None:
    """Send them together; what fails is found one by one and kept."""
    try:
        run(peer.exchange(texts))
    except AssertionError:
        for text in texts:
            try:
                run(peer.exchange([text]))
            except AssertionError as reason:
                raise Found(peer.transport, text.decode(), reason) from None
        raise


def test_found_cases(raw: RawSocket, socketio: SocketIo, run: Run) -> None:
    """(ER5)"""
    for seed in fuzz.seeds("websocket"):
        run(raw.exchange([seed.text.encode()]))
    for seed in fuzz.seeds("socketio"):
        run(socketio.exchange([seed.text.encode()]))
    for seed in fuzz.seeds("packet"):
        run(socketio.packet(seed.text))


def test_every_place_of_every_frame(target: Target, raw: RawSocket, run: Run) -> None:
    """(MS4, MS6, MS7, ER4, ER5)"""
    frames = [json.dumps(frame).encode() for frame in target.corpus()]
    with found_cases_are_kept():
        attempt(run, raw, [text.encode() for text in fuzz.ODD_TEXTS])
        before = target.rss_bytes
        for frame in frames:
            sent = [text for text in fuzz.mutations(frame) if is_utf8(text)]
            for batch in batches(sent):
                attempt(run, raw, batch)
    assert target.answers > 5_000
    assert target.rss_bytes - before < RSS_GROWTH_MAX_BYTES


NO_TEXT = (
    b"\xff", b'{"type": "ping", "id": "\xff"}', b"\xed\xa0\x80", b"\x00" * 100, b"\x89PNG\r\n",
    b"[" * MESSAGE_BYTES_MAX, b'{"type": "ping", "x": "' + b"x" * MESSAGE_BYTES_MAX + b'"}',
    b"x" * 3_000_000,
)  # fmt: skip


def test_frames_that_are_binary_or_too_long(target: Target, raw: RawSocket, run: Run) -> None:
    """(MS1, MS7, ER2, ER5)"""

    async def send_alone(content: bytes, *, text: bool) -> None:
        peer = RawSocket(target)
        await peer.exchange_bytes(content, text=text)
        await peer.close()

    async def send_all() -> None:
        async with asyncio.TaskGroup() as tasks:
            for content in NO_TEXT:
                for text in (True, False):
                    tasks.create_task(send_alone(content, text=text))

    before = target.rss_bytes
    run(send_all())
    exactly = b'{"type": "ping", "x": "' + b"x" * (MESSAGE_BYTES_MAX - 25) + b'"}'
    assert len(exactly) == MESSAGE_BYTES_MAX
    attempt(run, raw, [exactly])
    attempt(run, raw, [exactly + b" "])
    assert target.rss_bytes - before < RSS_GROWTH_MAX_BYTES


def test_changed_frames(target: Target, raw: RawSocket, socketio: SocketIo, run: Run) -> None:
    """The same over both transports. (ER5)"""
    frames = target.corpus()

    @FUZZED
    @given(st.lists(fuzz.changed_frames(frames), min_size=1, max_size=40))
    def check(texts: list[str]) -> None:
        sent = [text.encode() for text in texts]
        attempt(run, raw, sent)
        attempt(run, socketio, sent)

    with found_cases_are_kept():
        check()


PACKETS: tuple[str | bytes, ...] = (
    "", "4", "40", "41", "42", "43", "44", "45", "46", "49", "4x", "x", "0", "1", "2", "2probe", "3",
    "5", "6", "7", "9" * 500, "b", "bAAAA", "b====", b"", b"\x04", b"\x00\xff", b"42",
    "40/other,", "40/,", "40/configurator,", '40/configurator,{"token": NaN}', "40" + "/" * 500,
    '42/other,["ping",{}]', '42["ping",{}]', "42/configurator,", "42/configurator,[]",
    "42/configurator,{}", "42/configurator,null", "42/configurator,7", '42/configurator,"ping"',
    "42/configurator,[null]", "42/configurator,[7,{}]", '42/configurator,["ping"]',
    '42/configurator,["ping",NaN]', '42/configurator,["ping",{},{}]', '42/configurator,["ping",[]]',
    '42/configurator,["ping","x"]', '42/configurator,["connect",{}]',
    '42/configurator,["disconnect"]', '42/configurator,["*",{}]', '42/configurator,["message","x"]',
    '42/configurator,["__proto__",{"__proto__":1}]', '42/configurator,["ping",{"type":"op"}]',
    '42/configurator,99999999999999999999["ping",{}]', "42/configurator," + "9" * 5000,
    '42/configurator,-1["ping",{}]', '43/configurator,1["x"]', "43/configurator,7[]",
    "44/configurator,{}", '451-/configurator,["op",{"_placeholder":true,"num":0}]',
    '451000000-/configurator,["op"]', '45-/configurator,["op"]', '461-/configurator,1["op"]',
    "42/configurator," + "[" * 20_000, '42/configurator,["' + "x" * 60_000 + '"]',
)  # fmt: skip


def test_malformed_packets(target: Target, socketio: SocketIo, run: Run) -> None:
    """(TR4, TR6, ER5)"""
    for packet in PACKETS:
        run(socketio.packet(packet))
    op = json.dumps(["op", target.corpus()[2]])
    for base in (f"42/configurator,7{op}", '42/configurator,1["ping",{"id":"1"}]'):
        for place in range(0, len(base), 2):
            swapped = '"{9\\,-/]'[place // 2 % 8]
            run(socketio.packet(base[:place] + swapped + base[place + 1 :]))
    run(socketio.packet("42/configurator," + "x" * (MESSAGE_BYTES_MAX + 1)))


QUERIES = (
    "", "?EIO=3&transport=polling", "?EIO=x", "?EIO=4&transport=carrier-pigeon",
    "?EIO=4&transport=polling&sid=nobody", "?EIO=4&transport=polling&j=x", "?EIO=4&transport=websocket",
)  # fmt: skip
BODIES = (b"", b"\xff", b"x", b"4", b"40/configurator,\x1e42", b"\x1e" * 2000, b"bAA")


def test_malformed_polling_requests(target: Target, run: Run) -> None:
    """(TR6, ER5)"""
    bodies = [*(seed.text.encode() for seed in fuzz.seeds("polling")), *BODIES]

    async def ask() -> list[tuple[str, int]]:
        answers = []
        async with httpx.AsyncClient(base_url=target.process.url, timeout=20) as client:
            for query in QUERIES:
                found = await client.get(f"/socket.io/{query}")
                answers.append((query, found.status_code))
            for body in bodies:
                opened = await client.get("/socket.io/?EIO=4&transport=polling")
                sid = json.loads(opened.text[1:])["sid"]
                address = f"/socket.io/?EIO=4&transport=polling&sid={sid}"
                for _ in range(2):  # the second one may find that the first has ended it
                    found = await client.post(address, content=body)
                    answers.append((repr(body), found.status_code))
        return answers

    assert [(what, status) for what, status in run(ask()) if status >= 500] == []
