"""Whatever stands at the operator's address, a post ends as taken or as WebhookFailed."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from realtime import webhook
from realtime.webhook import WebhookFailed, post
from tests.support.ports import free_port


@asynccontextmanager
async def answering(said: bytes, *, stays: bool = False) -> AsyncIterator[str]:
    """A server that reads the head of a request and says this, whatever it was."""
    over = asyncio.Event()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(said)
        await writer.drain()
        if stays:
            await over.wait()
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    try:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/secret"
    finally:
        over.set()
        server.close()


async def test_success_is_taken() -> None:
    async with answering(b"HTTP/1.1 204 No Content\r\n\r\n") as address:
        await post(address, b"{}", {"Content-Type": "application/json"})


@pytest.mark.parametrize(
    "said",
    [
        b"",
        b"no HTTP at all\r\n\r\n",
        b"HTTP/1.1 two hundred\r\n\r\n",
        b"HTTP/1.1 500 Broken\r\nContent-Length: 0\r\n\r\n",
        b"HTTP/1.1 302 Found\r\nLocation: file:///etc/passwd\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nnot a number\r\n",
        b"HTTP/1.1 200 OK\r\n" + b"X-Many: x\r\n" * 200 + b"\r\n",
    ],
)
async def test_what_is_no_success_has_one_error(said: bytes) -> None:
    async with answering(said) as address:
        with pytest.raises(WebhookFailed) as failed:
            await post(address, b"{}", {})
    assert "secret" not in str(failed.value)


async def test_a_redirect_is_no_delivery() -> None:
    async with answering(b"HTTP/1.1 204 No Content\r\n\r\n") as elsewhere:
        moved = f"HTTP/1.1 302 Found\r\nLocation: {elsewhere}\r\n\r\n"
        async with answering(moved.encode()) as address:
            with pytest.raises(WebhookFailed):
                await post(address, b"{}", {})


async def test_nobody_there_and_nobody_who_answers(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(WebhookFailed):
        await post(f"http://127.0.0.1:{free_port()}/", b"{}", {})
    monkeypatch.setattr(webhook, "POST_SECONDS", 0.2)
    async with answering(b"HTTP/1.1 200", stays=True) as address:
        with pytest.raises(WebhookFailed):
            await post(address, b"{}", {})
