"""The connections that our HTTP server admits: of a network, behind a proxy, and in all."""

import pytest
from starlette.types import Receive, Scope, Send
from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware

from realtime.people.networks import network_in
from realtime.transports.http.connections import (
    SPARE_CONNECTIONS_MAX,
    HttpConnections,
)
from tests.attack.http_peer import GET, HERE, LAST, POST, SOCKET, answered, code_of, peers
from tests.support.programs.http_server import echo, echoing, http_connections
from tests.support.waiting import eventually


async def test_the_connections_of_a_network_are_limited(port: int) -> None:
    connections = http_connections(per_network=5)
    with echoing(connections) as listened:
        async with peers(listened, 5) as made, peers(listened, 2) as (late, watching):
            for peer in made:
                await peer.send(GET[:-2])  # busy
            await eventually(lambda: connections.open == 7, why="all have come")
            await late.send(GET)
            answer = await late.rest()
            assert answer.startswith(b"HTTP/1.1 429 ")
            assert b"retry-after: 5\r\n" in answer
            assert code_of(answer) == "too_many_connections"
            assert await watching.status(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n") == 200
            assert await watching.rest() == b""
            await made[0].send(b"\r\n")
            assert b" 200 " in await made[0].head()
        assert connections.refusals["too_many_connections"] == 2


async def test_a_browser_without_a_place_gets_a_page_that_asks_again() -> None:
    """Before, the browser showed JSON, and the person had to reload the page."""
    with echoing(http_connections(per_network=1)) as listened:
        async with peers(listened) as (busy,):
            await busy.send(GET[:-2])
            accept = b"Accept: text/html,application/xhtml+xml\r\n\r\n"
            answer = await answered(listened, GET[:-2] + accept)
            posted = await answered(listened, POST + b"Content-Length: 0\r\n" + accept)
    head, _, page = answer.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 429 ")
    assert b"content-type: text/html; charset=utf-8" in head
    assert b"retry-after: 5" in head
    assert b"content-length: %d" % len(page) in head
    assert b'<meta http-equiv="refresh" content="5">' in page
    assert "Schließe Tabs".encode() in page
    assert b"Close tabs" in page
    assert b"script" not in page
    assert code_of(posted) == "too_many_connections"


async def test_a_connection_that_only_waits_gives_way() -> None:
    connections = http_connections(per_network=5)
    with echoing(connections) as listened:
        async with peers(listened, 5) as made:
            for peer in made:
                assert await peer.status(GET) == 200
            async with peers(listened) as (late,):
                assert await late.status(GET) == 200
            assert await made[0].rest() == b""
            assert await made[1].status(GET) == 200


async def test_sockets_keep_their_place(port: int) -> None:
    connections = http_connections(per_network=3)
    with echoing(connections) as listened:
        async with peers(listened, 3) as made:
            for peer in made:
                await peer.send(SOCKET)
                assert b" 101 " in await peer.head()
            assert connections.open == 3
            assert b" 429 " in await answered(listened, SOCKET)
        await eventually(lambda: connections.open == 0, why="all are gone")
        assert b" 200 " in await answered(listened, LAST)


async def test_a_full_process_still_says_that_it_lives() -> None:
    connections = http_connections(in_all=3)
    with echoing(connections) as listened:
        async with peers(listened, 3) as made:
            for peer in made:
                await peer.send(GET[:-2])
            await eventually(lambda: connections.open == 3, why="all have come")
            async with peers(listened, SPARE_CONNECTIONS_MAX + 30) as more:
                for peer in more[:30]:
                    assert await peer.rest() == b""  # pushed out by those who came later
                assert connections.open <= 3 + SPARE_CONNECTIONS_MAX
                assert b" 200 " in await answered(
                    listened, b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n"
                )
                answer = await answered(listened, GET)
                assert answer.startswith(b"HTTP/1.1 503 ")
                assert b"retry-after: 5\r\n" in answer
                assert code_of(answer) == "server_full"
        await eventually(lambda: connections.open == 0, why="all are gone")


async def test_behind_a_proxy_the_network_of_the_visitor_counts() -> None:
    connections = http_connections(per_network=2, trusted=(HERE,))
    with echoing(connections) as listened:

        def asking(address: bytes, request: bytes = SOCKET) -> bytes:
            return request[:-2] + b"X-Forwarded-For: 9.9.9.9, " + address + b"\r\n\r\n"

        async with peers(listened, 3) as made, peers(listened, 30) as idle:
            for peer in idle:
                assert await peer.status(asking(b"203.0.113.9", GET)) == 200
            for peer, address in zip(made[:2], (b"203.0.113.9", b"203.0.113.10"), strict=True):
                await peer.send(asking(address))
                assert b" 101 " in await peer.head()
            assert b" 429 " in await answered(listened, asking(b"203.0.113.11"))
            assert b" 429 " in await answered(listened, asking(b"203.0.113.11", LAST))
            assert b" 200 " in await answered(listened, asking(b"198.51.100.1", LAST))
            assert b" 200 " in await answered(listened, LAST)  # the proxy itself
        await eventually(lambda: connections.open == 0, why="all are gone")
        assert b" 200 " in await answered(listened, asking(b"203.0.113.11", LAST))


GARBAGE = (b"", b" ", b",", b"unknown", b"x1", b"x2", b"_hidden", b"203.0.113", b"1.2.3.4.5", b"a:1",
           b"[::1", b"999.1.1.1", b"\xe4", b"x" * 300, b"9.9.9.9, x3")  # fmt: skip


async def test_texts_that_are_not_addresses_count_as_one_network() -> None:
    """Each such value was a network of its own, or had no limit, or was taken for the proxy's."""
    connections = http_connections(per_network=2, trusted=(HERE,))
    seen: list[tuple[str, str]] = []

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        seen.append((scope["client"][0], network_in(scope)))
        await echo(scope, receive, send)

    believing = ProxyHeadersMiddleware(app, [HERE])  # type: ignore[arg-type]
    with echoing(connections, app=believing) as listened:  # type: ignore[arg-type]
        for first, second in zip(GARBAGE, (*GARBAGE[1:], *GARBAGE[:1]), strict=True):
            async with peers(listened, 2) as made:
                for peer in made:
                    await peer.send(told(first, SOCKET))
                    assert b" 101 " in await peer.head(), first
                assert b" 429 " in await answered(listened, told(second, LAST)), second
                assert b" 200 " in await answered(listened, told(b"198.51.100.1", LAST))
                assert b" 200 " in await answered(listened, LAST)  # the proxy itself
            await eventually(lambda: connections.open == 0, why="all are gone")
    networks = {network for _, network in seen}
    assert networks == {"unknown", "198.51.100.0/24", "127.0.0.0/24"}
    assert {host for host, network in seen if network == "unknown"} == {"unknown"}


def told(by_proxy: bytes, request: bytes) -> bytes:
    return request[:-2] + b"X-Forwarded-For: " + by_proxy + b"\r\n\r\n"


def test_a_refusal_is_logged_once_a_minute(caplog: pytest.LogCaptureFixture) -> None:
    connections: HttpConnections = http_connections()
    for _ in range(1_000):
        connections.refused("head_too_large")
    assert connections.refusals["head_too_large"] == 1_000
    assert caplog.text.count("http_refused") <= 1
