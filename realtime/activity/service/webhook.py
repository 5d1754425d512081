"""Posts to an address of the operator. The address may hold a secret, and is never logged.

WebhookFailed    the post failed; names only the kind of failure
"""

import asyncio
import ssl
from collections.abc import AsyncGenerator, Mapping
from contextlib import aclosing
from typing import Final, cast

import httpx

POST_SECONDS: Final = 5.0
"""Seconds for each step of a post; the whole post may take twice as long."""

ANSWER_BYTES_MAX: Final = 1024
"""Bytes of an answer that are read: enough to see that it is HTTP. Its text is not used."""

ANSWER_HEADERS_MAX: Final = 100


class WebhookFailed(Exception):
    """The address did not answer with success in time."""


async def post(
    address: str, body: bytes, headers: Mapping[str, str], *, seconds: float = POST_SECONDS
) -> None:
    """Post once.

    A redirect is not followed, because it would become a GET. Raises WebhookFailed.
    """
    try:
        async with asyncio.timeout(2 * seconds):
            await _send(address, body, headers, seconds)
    except (httpx.HTTPError, httpx.InvalidURL, OSError, ValueError) as failed:
        # `from None`: the message of the cause may contain the address.
        raise WebhookFailed(type(failed).__name__) from None


async def _send(address: str, body: bytes, headers: Mapping[str, str], seconds: float) -> None:
    # The system's authorities are used, so that one of the operator's own counts. They are read
    # from files in a thread, because that would stop the event loop for too long.
    trusted = await asyncio.to_thread(ssl.create_default_context)
    async with (
        httpx.AsyncClient(timeout=seconds, verify=trusted) as client,
        client.stream("POST", address, content=body, headers=dict(headers)) as answer,
    ):
        answer.raise_for_status()
        if len(answer.headers.raw) > ANSWER_HEADERS_MAX:
            raise httpx.RemoteProtocolError("too many headers")
        chunks = cast("AsyncGenerator[bytes]", answer.aiter_raw(ANSWER_BYTES_MAX))
        async with aclosing(chunks):
            await anext(chunks, b"")
