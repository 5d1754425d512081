"""A request that offers another protocol is answered as if it had not, body and all."""

import asyncio
from collections.abc import Iterator

import pytest

from tests.support.programs.http_server import echoing

H2C = b"Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAoAAAAAIAAAAA\r\n"


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    with echoing() as listened:
        yield listened


async def answers(port: int, *segments: bytes, head_only: bool = False) -> bytes:
    """The answer to these segments until the server closes, or only the first head."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        for segment in segments:
            writer.write(segment)
            await writer.drain()
            await asyncio.sleep(0)
        async with asyncio.timeout(60):
            return await (reader.readuntil(b"\r\n\r\n") if head_only else reader.read())
    finally:
        writer.close()


def post(offer: bytes, body: bytes, *, path: bytes = b"/a", version: bytes = b"1.1") -> bytes:
    length = b"Content-Length: %d\r\n" % len(body)
    head = b"POST %s HTTP/%s\r\nHost: x\r\n" % (path, version)
    return head + offer + length + b"\r\n" + body


LAST = b"GET /last HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
CHUNKED = (
    b"POST /a HTTP/1.1\r\nHost: x\r\n"
    + H2C
    + b"Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n"
)
OFFERS = {
    "h2c": H2C,
    "TLS/1.0": b"Connection: upgrade\r\nUpgrade: TLS/1.0\r\n",
    "several": b"Connection: keep-alive, Upgrade\r\nUpgrade: h2c, IRC/6.9\r\n",
    "two Connection headers": b"Connection: Upgrade\r\nUpgrade: h2c\r\nConnection: keep-alive\r\n",
    "two Upgrade headers": b"Connection: upgrade\r\nUpgrade: h2c\r\nUpgrade: foo/1\r\n",
    "websocket with POST": b"Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Key: eA==\r\n",
    "empty": b"Connection: Upgrade\r\nUpgrade:\r\n",
    "without Connection": b"Upgrade: h2c\r\n",
}


@pytest.mark.parametrize("offer", OFFERS.values(), ids=OFFERS)
@pytest.mark.parametrize("body", [b'{"a": 1}', b"x" * 70_000, b""], ids=["small", "large", "none"])
async def test_the_body_arrives(port: int, offer: bytes, body: bytes) -> None:
    answered = await answers(port, post(offer, body), LAST)
    assert answered.count(b"HTTP/1.1 200") == 2
    assert b"POST /a " + body + b" " in answered
    assert b"GET /last" in answered


@pytest.mark.parametrize("cut", [1, 40, 120, -9, -4, -1])
async def test_in_whatever_segments_it_comes(port: int, cut: int) -> None:
    whole = post(H2C, b'{"a": 1}')
    answered = await answers(port, whole[:cut], whole[cut:], LAST)
    assert b'POST /a {"a": 1} plain' in answered
    assert b"GET /last" in answered


async def test_chunks_and_pipelined_requests_stay_in_order(port: int) -> None:
    pipeline = b"".join(
        [CHUNKED, *(post(H2C, b"%d" % n, path=b"/%d" % n) for n in range(20)), LAST]
    )
    answered = await answers(port, pipeline)
    assert answered.count(b"HTTP/1.1 200") == 22
    assert b"POST /a abcde plain" in answered
    places = [answered.index(b"POST /%d %d plain" % (n, n)) for n in range(20)]
    assert places == sorted(places)


async def test_http_1_0_closes_after_its_answer(port: int) -> None:
    answered = await answers(port, post(H2C, b"abc", version=b"1.0"))
    assert b"POST /a abc plain" in answered


async def test_a_websocket_is_still_one(port: int) -> None:
    answered = await answers(
        port,
        b"GET /ws HTTP/1.1\r\nHost: x\r\nConnection: keep-alive, Upgrade\r\nUpgrade: WebSocket\r\n"
        b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n",
        head_only=True,
    )
    assert answered.startswith(b"HTTP/1.1 101")


@pytest.mark.parametrize(
    "broken",
    [
        b"CONNECT x:443 HTTP/1.1\r\nHost: x\r\n\r\n",
        b"POST /a HTTP/1.1\r\nHost: x\r\n"
        + H2C
        + b"Content-Length: 3\r\nContent-Length: 4\r\n\r\nabc",
        post(H2C, b"abc") + b"\x00\x01 nonsense\r\n\r\n",
    ],
    ids=["CONNECT", "two lengths", "nonsense after it"],
)
async def test_a_request_that_is_not_http_is_refused_once(port: int, broken: bytes) -> None:
    assert (await answers(port, broken)).count(b"HTTP/1.1 400") == 1
