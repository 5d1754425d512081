"""Posts to an address of the operator's; the address may hold a secret and is never written down.

WebhookFailed    nobody took it; says only what kind of failure it was
"""

import asyncio
import urllib.error
import urllib.request
from collections.abc import Mapping
from http.client import HTTPException
from typing import Final

from typing_extensions import override

POST_SECONDS: Final = 5.0
"""For each step of it; two of them for all."""


class WebhookFailed(Exception):  # noqa: N818 - said of what happened
    """The address did not answer with success in time."""


class _NoRedirects(urllib.request.HTTPRedirectHandler):
    """One that is followed becomes a GET without a body, and its success would be no delivery."""

    @override
    def redirect_request(self, *_asked: object) -> None:
        return None


_OPENER: Final = urllib.request.build_opener(_NoRedirects)


async def post(address: str, body: bytes, headers: Mapping[str, str]) -> None:
    """Posts once. Raises WebhookFailed."""
    try:
        async with asyncio.timeout(2 * POST_SECONDS):
            await asyncio.to_thread(_send, address, body, headers)
    except (urllib.error.URLError, HTTPException, OSError, ValueError) as failed:
        raise WebhookFailed(type(failed).__name__) from None


def _send(address: str, body: bytes, headers: Mapping[str, str]) -> None:
    request = urllib.request.Request(  # noqa: S310 - settings take http and https only
        address, data=body, headers=dict(headers), method="POST"
    )
    try:
        with _OPENER.open(request, timeout=POST_SECONDS) as answer:
            answer.read(1024)
    except urllib.error.HTTPError as refused:
        refused.close()  # it is the answer, too
        raise
