"""The bounds of our HTTP server for each connection, with short deadlines."""

import random
import re

import pytest
from starlette.types import Receive, Scope, Send

from realtime.transports.http.bounded_reading import PARSED_BYTES, BoundedReading
from realtime.transports.http.framing import (
    CHUNKED_BYTES_MAX,
    CHUNKED_PER_BODY_BYTE,
    HEAD_BYTES_MAX,
    Framing,
)
from tests.attack.http_peer import (
    CHUNKED,
    GET,
    LAST,
    POST,
    SOCKET,
    answered,
    code_of,
    peers,
)
from tests.support.programs.http_server import (
    echoing,
    http_connections,
)
from tests.support.waiting import eventually


async def test_a_head_of_the_limit_is_read_and_one_more_byte_is_not(port: int) -> None:
    space = HEAD_BYTES_MAX - len(LAST) - len(b"X: \r\n")
    for more, status in ((0, b"200"), (1, b"431")):
        request = LAST.replace(b"\r\n\r\n", b"\r\nX: " + b"v" * (space + more) + b"\r\n\r\n")
        assert len(request) == HEAD_BYTES_MAX + more
        for cut in (0, 1, 20_000, -1):
            answer = await answered(port, request[:cut], request[cut:])
            assert answer.startswith(b"HTTP/1.1 " + status), (more, cut)


async def test_a_refusal_says_what_to_do(port: int) -> None:
    answer = await answered(port, GET[:-2] + b"X: y\r\n" * 101 + b"\r\n")
    assert answer.startswith(b"HTTP/1.1 431 Request Header Fields Too Large\r\n")
    assert b"connection: close" in answer
    assert b"date: " in answer
    assert code_of(answer) == "head_too_large"


async def test_many_small_chunks_are_a_body(port: int) -> None:
    body = b"x" * 20_000
    chunks = b"".join(b"1\r\n%c\r\n" % byte for byte in body) + b"0\r\n\r\n"
    answer = await answered(port, CHUNKED + chunks, LAST)
    assert body in answer
    assert b"GET /last" in answer


async def test_bytes_after_an_answer_are_counted_as_they_come(port: int) -> None:
    """8 MB of chunks of one byte behind a refusal cost 0.8 s of processor time."""

    async def at_once(_scope: Scope, _receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 413, "headers": []})
        await send({"type": "http.response.body"})

    with echoing(app=at_once) as listened:
        async with peers(listened) as (peer,):
            await peer.send(CHUNKED)
            await peer.head()
            await peer.send(b"1\r\na\r\n" * 500_000 + b"0\r\n\r\n" + LAST)
            assert b"HTTP/1.1 " not in await peer.rest()


async def test_little_is_parsed_in_one_turn_of_the_loop(
    port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    pieces: list[int] = []
    parse = BoundedReading.parse

    def noting(self: BoundedReading, piece: memoryview) -> int:
        pieces.append(len(piece))
        return parse(self, piece)

    monkeypatch.setattr(BoundedReading, "parse", noting)
    body = b"x" * 300_000
    chunks = b"".join(b"1\r\n%c\r\n" % byte for byte in body) + b"0\r\n\r\n"
    long = POST + b"Content-Length: %d\r\n\r\n" % len(body) + body
    answer = await answered(port, CHUNKED + chunks + long + LAST)
    assert answer.count(body) == 2
    assert b"GET /last" in answer
    assert max(pieces) <= 16 * 1024


@pytest.mark.parametrize(
    "path", [b"/socket.io/", b"/_nicegui_ws/x", b"/%73ocket.io/", b"http://x/socket.io/"]
)
async def test_a_long_query_of_an_engine_is_not_read(port: int, path: bytes) -> None:
    """Thousands of parameters cost 25 to 37 ms for each request."""
    for request in (LAST.replace(b"/last", b"%b?%b"), SOCKET.replace(b"/ws", b"%b?%b")):
        answer = await answered(port, request % (path, b"a=b&" * 1_000))
        assert answer.startswith(b"HTTP/1.1 431 ")
        assert code_of(answer) == "head_too_large"
    query = b"EIO=4&transport=polling&t=" + b"t" * 1_000
    assert b" 200 " in await answered(port, LAST.replace(b"/last", path + b"?" + query))


@pytest.mark.parametrize(
    "request_",
    [
        GET.replace(b"HTTP/1.1", b"HTTP/2.0"),
        GET.replace(b"HTTP/1.1", b"HTTP/0.9"),
        CHUNKED.replace(b"HTTP/1.1", b"HTTP/1.0") + b"0\r\n\r\n",
        CHUNKED.replace(b"HTTP/1.1", b"HTTP/1.0").replace(b"chunked", b"gzip, chunked"),
        CHUNKED.replace(b"chunked", b"gzip"),
        CHUNKED.replace(b"chunked", b"chunked, gzip"),
        CHUNKED.replace(b"chunked", b"chunked, chunked"),
        CHUNKED.replace(b"chunked", b"chunked\r\nTransfer-Encoding: chunked"),
        CHUNKED.replace(b"chunked", b"chunked;q=1"),
        CHUNKED.replace(b"chunked", b""),
    ],
)
async def test_an_ambiguous_request_is_refused(port: int, request_: bytes) -> None:
    answer = await answered(port, request_)
    assert answer.startswith(b"HTTP/1.1 400 ")
    assert code_of(answer) == "request_unreadable"


@pytest.mark.parametrize(
    "codings",
    [b"gzip, chunked", b"GZIP , Chunked", b"gzip\r\nTransfer-Encoding: chunked", b"x,y,chunked"],
)
async def test_a_transfer_coding_that_nobody_here_knows_is_not_implemented(
    port: int, codings: bytes
) -> None:
    """RFC 9112, 6.1."""
    request = CHUNKED.replace(b"chunked", codings) + b"5\r\nhello\r\n0\r\n\r\n"
    answer = await answered(port, request + LAST)
    assert answer.startswith(b"HTTP/1.1 501 Not Implemented\r\n")
    assert code_of(answer) == "transfer_coding_unknown"


FRAMING = {
    "extensions": b"1;" + b"e" * 50_000 + b"\r\nx\r\n",
    "many extensions": (b"1;" + b"e" * 200 + b"\r\nx\r\n") * 400,
    "trailers": b"1\r\nx\r\n0\r\n" + b"T: t\r\n" * 10_000,
    "one trailer": b"1\r\nx\r\n0\r\nT: " + b"t" * 50_000,
    "size": b"0" * 50_000 + b"1\r\nx\r\n",
}


@pytest.mark.parametrize("framing", FRAMING.values(), ids=FRAMING)
async def test_bytes_of_chunked_bodies_beside_their_contents_are_bounded(
    port: int, framing: bytes
) -> None:
    answer = await answered(port, CHUNKED, framing)
    assert answer.count(b"HTTP/1.1 ") == 1
    assert answer.startswith((b"HTTP/1.1 431 ", b"HTTP/1.1 400 ")), answer[:200]


async def test_trailers_that_end_within_one_piece_are_bounded(port: int) -> None:
    """Counted was what came before the last piece: 42 kB of trailers got an answer."""
    begin, end = b"1\r\nx\r\n0\r\nT: ", b"\r\n\r\n"
    most = CHUNKED_BYTES_MAX + CHUNKED_PER_BODY_BYTE - len(begin) - len(end) + len(b"x")
    for more, status in ((0, b"200"), (1, b"431"), (9_000, b"431")):
        request = CHUNKED + begin + b"t" * (most + more) + end
        for cut in (len(CHUNKED), len(CHUNKED) + PARSED_BYTES, -3, -2, -1):
            answer = await answered(port, request[:cut], request[cut:] + LAST)
            assert answer.startswith(b"HTTP/1.1 " + status), (more, cut, answer[:200])
            assert answer.count(b"HTTP/1.1 ") == (2 if status == b"200" else 1)


@pytest.mark.parametrize("split", [1, 2, 3])
def test_a_piece_ends_with_its_request_where_the_empty_line_comes_in_two(split: int) -> None:
    """The first bytes of the next request counted as trailers of the one before."""
    framing = Framing()
    framing.head_parsed(None)
    trailers = b"0\r\nT: t\r\n\r\n"
    first, second = trailers[:-split], trailers[-split:] + LAST
    assert framing.end_of_piece(first, 0) == len(first)
    assert framing.end_of_piece(second, 0) == split


@pytest.mark.parametrize("name", [b"Content-Length: 1", b"Transfer-Encoding: chunked"])
async def test_a_trailer_that_says_where_a_body_ends_is_refused(port: int, name: bytes) -> None:
    answer = await answered(port, CHUNKED, b"1\r\nx\r\n0\r\n" + name + b"\r\n\r\n" + LAST)
    assert answer.startswith(b"HTTP/1.1 400 "), answer[:200]
    assert b"GET /last" not in answer
    assert code_of(answer) == "request_unreadable"


async def test_a_trailer_does_not_count_as_a_header() -> None:
    seen: list[tuple[bytes, bytes]] = []

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        while (await receive()).get("more_body"):
            pass
        seen.extend(scope["headers"])
        await send({"type": "http.response.start", "status": 204, "headers": []})
        await send({"type": "http.response.body"})

    with echoing(app=app) as listened:
        await answered(listened, CHUNKED + b"0\r\nX-Forwarded-For: 1.1.1.1\r\n\r\n", LAST)
    assert [name for name, _ in seen] == [b"host", b"transfer-encoding", b"host", b"connection"]


HOSTS = {
    "none": b"GET / HTTP/1.1\r\n\r\n",
    "two": b"GET / HTTP/1.1\r\nHost: x\r\nHost: x\r\n\r\n",
    "a path": b"GET / HTTP/1.1\r\nHost: x/y\r\n\r\n",
    "two in one": b"GET / HTTP/1.1\r\nHost: x, y@z\r\n\r\n",
    "none of a socket": SOCKET.replace(b"Host: x\r\n", b""),
    "two of a socket": SOCKET.replace(b"Host: x\r\n", b"Host: x\r\nhost: y\r\n"),
    "two with another protocol": b"GET / HTTP/1.1\r\nHost: x\r\nHost: y\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n",
}


@pytest.mark.parametrize("request_", HOSTS.values(), ids=HOSTS)
async def test_one_host_is_needed(port: int, request_: bytes) -> None:
    """RFC 9112, 3.2."""
    answer = await answered(port, request_)
    assert answer.startswith(b"HTTP/1.1 400 Bad Request\r\n")
    assert code_of(answer) == "request_unreadable"


@pytest.mark.parametrize("host", [b"x:80", b"[::1]:80", b"a_b.example", b"", b"127.0.0.1"])
async def test_a_host_is_a_name_or_an_address(port: int, host: bytes) -> None:
    assert b" 200 " in await answered(port, LAST.replace(b"Host: x", b"Host: " + host))
    assert b" 200 " in await answered(port, b"GET / HTTP/1.0\r\n\r\n")


# ---- in which order


async def test_requests_are_answered_in_order_however_they_are_cut(port: int) -> None:
    choice = random.Random(4)
    for _ in range(30):
        stream, expected = b"", []
        for n in range(choice.randrange(1, 12)):
            body = b"%d" % n * choice.choice([0, 1, 50, 3_000])
            kind = choice.choice(["length", "chunks", "get"])
            if kind == "get":
                stream += GET.replace(b"/a", b"/%d" % n)
                body = b""
            elif kind == "length":
                stream += POST.replace(b"/a", b"/%d" % n) + b"Content-Length: %d\r\n\r\n" % len(
                    body
                )
                stream += body
            else:
                stream += CHUNKED.replace(b"/a", b"/%d" % n)
                stream += (b"%x\r\n%s\r\n" % (len(body), body) if body else b"") + b"0\r\n\r\n"
            expected.append(b"/%d " % n + body + b" plain")
        stream += LAST
        cuts = sorted(choice.randrange(len(stream)) for _ in range(choice.randrange(8)))
        segments = [stream[a:b] for a, b in zip([0, *cuts], [*cuts, None], strict=True)]
        answer = await answered(port, *segments)
        places = [answer.index(text) for text in [*expected, b"GET /last"]]
        assert places == sorted(places)
        assert answer.count(b"HTTP/1.1 200") == len(expected) + 1


BROKEN = {
    "nonsense": (b"\x00nonsense\r\n\r\n", b"400"),
    "too large": (GET[:-2] + b"X: " + b"v" * 40_000, b"431"),
    "two hosts": (GET[:-2] + b"Host: y\r\n\r\n", b"400"),
    "a socket": (SOCKET, b"400"),
}


@pytest.mark.parametrize(("broken", "status"), BROKEN.values(), ids=BROKEN)
async def test_a_broken_request_is_refused_after_those_before_it(
    broken: bytes, status: bytes
) -> None:
    connections = http_connections()

    async def slow(_scope: Scope, _receive: Receive, send: Send) -> None:
        await eventually(lambda: bool(connections.refusals), why="the second one was read")
        await send({"type": "http.response.start", "status": 202, "headers": []})
        await send({"type": "http.response.body", "body": b"answer"})

    with echoing(connections, app=slow) as listened:
        answer = await answered(listened, GET, broken)
    assert answer.startswith(b"HTTP/1.1 202 ")
    assert len(re.findall(rb"HTTP/1.1 \d", answer)) == 2
    assert b"answer\r\n0\r\n\r\nHTTP/1.1 " + status in answer
