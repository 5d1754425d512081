"""Refusals, removals and messages of HAProxy itself, with the file that is shipped."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx

from tests.support.programs.haproxy import running_haproxy
from tests.support.programs.processes import Process
from tests.support.waiting import eventually

CLOSED_WITHIN_SECONDS = 15.0


class Heads:
    """A server that answers every request and keeps its head."""

    def __init__(self) -> None:
        self.heads: list[str] = []

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        if not head.startswith("GET /readyz?draining=404 "):
            self.heads.append(head)
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\nconnection: close\r\n\r\n")
        writer.close()

    def headers(self, name: str) -> list[str]:
        """The values of this header in the newest head."""
        lines = [line.partition(": ") for line in self.heads[-1].splitlines()[1:]]
        return [value for each, _, value in lines if each.lower() == name]


@asynccontextmanager
async def before_heads() -> AsyncIterator[tuple[Process, Heads]]:
    heads = Heads()
    servers = [await asyncio.start_server(heads.serve, "127.0.0.1", 0) for _ in range(2)]
    ports = [server.sockets[0].getsockname()[1] for server in servers]
    with running_haproxy(*ports) as proxy:
        await answering(proxy, 200)
        heads.heads.clear()
        yield proxy, heads
    for server in servers:
        server.close()


async def answering(proxy: Process, status: int) -> None:
    """Wait until it answers so; in the loop that also runs what is behind it."""
    async with httpx.AsyncClient(base_url=proxy.url) as client:

        async def answers() -> bool:
            try:
                return (await client.get("/")).status_code == status
            except httpx.TransportError:
                return False

        await eventually(answers, why=f"HAProxy answers {status}")


async def said(proxy: Process, begin: bytes) -> bytes:
    """The answer to a client that sends this and nothing more, until the connection ends."""
    reader, writer = await asyncio.open_connection("127.0.0.1", proxy.port)
    writer.write(begin)
    try:
        async with asyncio.timeout(CLOSED_WITHIN_SECONDS):
            return await reader.read()
    finally:
        writer.close()


async def test_headers_that_visitors_forge_are_removed() -> None:
    lies = {
        "X-Forwarded-For": "1.2.3.4",
        "X-Forwarded-Proto": "https",
        "X-Forwarded-Prefix": "//evil.example",
        "X-Forwarded-Host": "evil.example",
        "Forwarded": "for=1.2.3.4",
        "X-Real-IP": "1.2.3.4",
    }
    async with before_heads() as (proxy, heads), httpx.AsyncClient(base_url=proxy.url) as client:
        assert (await client.get("/c/A?secret=hidden", headers=lies)).status_code == 200
        assert heads.headers("x-forwarded-for") == ["127.0.0.1"]
        assert heads.headers("x-forwarded-proto") == ["http"]
        for name in ("x-forwarded-prefix", "x-forwarded-host", "forwarded", "x-real-ip"):
            assert heads.headers(name) == []
        await eventually(lambda: "GET /c/A" in proxy.log, why="it is logged")
        assert "127.0.0.0 " in proxy.log, "the network is logged"
        assert "127.0.0.1 " not in proxy.log, "the address is not"
        assert "hidden" not in proxy.log


async def test_a_request_that_is_too_large_ends_at_the_proxy() -> None:
    async with before_heads() as (proxy, heads), httpx.AsyncClient(base_url=proxy.url) as client:
        body = await said(
            proxy, b"POST /api/people HTTP/1.1\r\nHost: a\r\nContent-Length: 1048577\r\n\r\n"
        )
        assert body.startswith(b"HTTP/1.1 413 ")
        assert b'"code":"message_too_large"' in body
        head = await client.get("/", headers={"cookie": "a" * 20_000})
        assert head.status_code in {400, 431}
        assert heads.heads == []


async def test_slow_heads_and_silent_connections_end() -> None:
    """A browser opens connections ahead: one that says nothing is closed without an answer."""
    async with before_heads() as (proxy, heads), asyncio.TaskGroup() as tasks:
        slow = tasks.create_task(said(proxy, b"GET / HTTP/1.1\r\nHost: a\r\nX-"))
        silent = tasks.create_task(said(proxy, b""))
    assert slow.result().startswith(b"HTTP/1.1 408 ")
    assert silent.result() == b""
    assert heads.heads == []


async def test_with_nobody_behind_it_a_page_comes_back_by_itself(lonely: Process) -> None:
    await answering(lonely, 503)
    async with httpx.AsyncClient(base_url=lonely.url) as client:
        page = await client.get("/c/ABCDEFGH")
        form = await client.post("/start")
        api = await client.get("/api/catalogue")
        socket = await client.get("/socket.io/?EIO=4&transport=polling")
    assert page.headers["content-type"] == "text/html; charset=utf-8"
    assert '<meta http-equiv="refresh" content="3">' in page.text
    assert '<meta http-equiv="refresh" content="3; url=/">' in form.text
    for answer in (page, form):
        assert "Gleich wieder da" in answer.text
        assert "Back in a moment" in answer.text
    for answer in (api, socket):
        assert answer.status_code == 503
        error = json.loads(answer.text)["error"]
        assert (error["code"], error["retryable"]) == ("restarting", True)
        assert set(error["message"]) == {"de", "en"}
    for answer in (page, form, api, socket):
        assert int(answer.headers["retry-after"]) > 0
        assert answer.headers["cache-control"] == "no-store"
