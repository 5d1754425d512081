"""Whatever stands at the operator's address, a post ends as taken or as WebhookFailed."""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from app.logs.setup import configure_logging
from realtime.activity.service.webhook import WebhookFailed, post
from tests.support.programs.ports import free_port


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
async def test_each_answer_but_success_is_the_same_error(said: bytes) -> None:
    async with answering(said) as address:
        with pytest.raises(WebhookFailed) as failed:
            await post(address, b"{}", {})
    assert "secret" not in str(failed.value)


async def test_a_redirect_does_not_count_as_a_delivery() -> None:
    async with answering(b"HTTP/1.1 204 No Content\r\n\r\n") as elsewhere:
        moved = f"HTTP/1.1 302 Found\r\nLocation: {elsewhere}\r\n\r\n"
        async with answering(moved.encode()) as address:
            with pytest.raises(WebhookFailed):
                await post(address, b"{}", {})


async def test_nobody_there_and_nobody_who_answers() -> None:
    with pytest.raises(WebhookFailed):
        await post(f"http://127.0.0.1:{free_port()}/", b"{}", {})
    async with answering(b"HTTP/1.1 200", stays=True) as address:
        with pytest.raises(WebhookFailed):
            await post(address, b"{}", {}, seconds=0.2)


@pytest.mark.parametrize("address", ["http://[/secret", "http://secret\0/", "https:///secret"])
async def test_a_text_that_is_not_an_address_has_the_same_error(address: str) -> None:
    with pytest.raises(WebhookFailed) as failed:
        await post(address, b"{}", {})
    assert "secret" not in str(failed.value)


async def test_only_the_beginning_of_a_long_answer_is_read() -> None:
    endless = b"HTTP/1.1 200 OK\r\nContent-Length: 900000000\r\n\r\n" + b"x" * 70_000
    async with answering(endless, stays=True) as address:
        await post(address, b"{}", {})


async def test_no_line_of_the_log_has_the_address(capsys: pytest.CaptureFixture[str]) -> None:
    """Logs are set up as in a process; httpx itself would write each address down."""
    configure_logging(level="debug", form="json", node="n1")
    async with answering(b"HTTP/1.1 204 No Content\r\n\r\n") as address:
        await post(address, b"{}", {})
    logging.getLogger("httpx").warning("this one is heard")
    said = capsys.readouterr().err
    assert "this one is heard" in said
    assert "secret" not in said
