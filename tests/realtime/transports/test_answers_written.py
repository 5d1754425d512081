"""The writing of an answer: its head leaves with its body, and never waits for it."""

import asyncio
import inspect
import re

import pytest
from starlette.types import Receive, Scope, Send
from typing_extensions import override
from uvicorn.protocols.http.httptools_impl import RequestResponseCycle

from realtime.transports.http.flow import AnswerTransport
from tests.attack.http_peer import GET, LAST, POST, answered, peers
from tests.support.programs.http_server import echoing

HEAD, BODY = b"HTTP/1.1 200 OK\r\n\r\n", b"body"


class Wire(asyncio.Transport):
    """Notes what is written."""

    def __init__(self) -> None:
        super().__init__()
        self.written: list[bytes] = []
        self.closed = False

    @override
    def write(self, data: bytes | bytearray | memoryview) -> None:
        assert not self.closed
        self.written.append(bytes(data))

    @override
    def close(self) -> None:
        self.closed = True

    @override
    def is_closing(self) -> bool:
        return self.closed


def over(wire: Wire) -> AnswerTransport:
    return AnswerTransport(wire, asyncio.get_running_loop())


async def test_head_and_body_go_out_in_one_write() -> None:
    wire = Wire()
    answer = over(wire)
    answer.write(HEAD)
    answer.write(BODY)
    answer.write(BODY)
    await asyncio.sleep(0)
    assert wire.written == [HEAD + BODY, BODY]


async def test_a_head_waits_for_one_turn_of_the_loop() -> None:
    wire = Wire()
    answer = over(wire)
    answer.write(HEAD)
    await asyncio.sleep(0)
    assert wire.written == [HEAD]
    answer.write(b"")
    answer.write(BODY)
    assert b"".join(wire.written) == HEAD + BODY


async def test_a_head_is_sent_before_the_connection_is_closed() -> None:
    wire = Wire()
    answer = over(wire)
    answer.write(HEAD)
    answer.close()
    assert wire.written == [HEAD]
    assert answer.is_closing()


@pytest.mark.parametrize("more", [b"", BODY])
async def test_to_a_peer_that_has_gone_in_this_turn_nothing_is_written(more: bytes) -> None:
    """A peer that cuts its connection off between head and body leaves no error in the log."""
    problems: list[object] = []
    asyncio.get_running_loop().set_exception_handler(lambda _loop, found: problems.append(found))
    wire = Wire()
    answer = over(wire)
    answer.write(HEAD)
    wire.close()
    if more:
        answer.write(more)
    await asyncio.sleep(0)
    answer.close()
    assert (wire.written, problems) == ([], [])


async def test_the_permission_to_send_a_body_does_not_wait() -> None:
    wire = Wire()
    answer = over(wire)
    answer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
    assert wire.written == [b"HTTP/1.1 100 Continue\r\n\r\n"]
    answer.write(HEAD)
    assert len(wire.written) == 1


async def test_the_head_of_a_long_answer_comes_before_its_body() -> None:
    goes_on = asyncio.Event()
    loop = asyncio.get_running_loop()

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        wait = asyncio.run_coroutine_threadsafe(goes_on.wait(), loop)
        await asyncio.wrap_future(wait)
        await send({"type": "http.response.body", "body": BODY})

    with echoing(app=app) as port:
        async with peers(port) as (peer,):
            await peer.send(LAST)
            assert (await peer.head()).startswith(b"HTTP/1.1 200 ")
            goes_on.set()
            assert BODY in await peer.rest()


@pytest.mark.parametrize("last", [LAST, LAST.replace(b"GET", b"HEAD")])
async def test_answers_without_a_body_keep_their_turn(last: bytes) -> None:
    head = GET.replace(b"GET", b"HEAD")
    with echoing() as port:
        answer = await answered(port, head + GET + head + last)
    parts = answer.split(b"HTTP/1.1 200 OK\r\n")[1:]
    bodies = [part.partition(b"\r\n\r\n")[2] for part in parts]
    assert bodies == [b"", b"GET /a  plain", b"", b"GET /last  plain" if last is LAST else b""]


async def test_a_body_that_asks_first_is_answered() -> None:
    asks = POST + b"Expect: 100-continue\r\nConnection: close\r\nContent-Length: 2\r\n\r\n"
    with echoing() as port:
        async with peers(port) as (peer,):
            await peer.send(asks)
            assert await peer.head() == b"HTTP/1.1 100 Continue\r\n\r\n"
            await peer.send(b"ab")
            assert (await peer.rest()).endswith(b"POST /a ab plain")


def test_an_answer_transport_has_all_that_uvicorn_uses() -> None:
    source = inspect.getsource(RequestResponseCycle)
    assert set(re.findall(r"self\.transport\.(\w+)", source)) == {"write", "close", "is_closing"}
