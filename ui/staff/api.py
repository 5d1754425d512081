"""The HTTP API of admins as staff pages use it: answers as the types that the API declares.

A page has no way of its own to read or change anything. Each call goes to the handler that also
answers `/api/admin/...`, in this process and with the cookies of the page's socket: the session is
looked up again, the look is written into the audit, the limits count, and what is refused over HTTP
is refused here.
"""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final, TypeVar

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from configurator.protocol.codes import CODES, Refused
from ui.ports import AdminApi, ApiCall

Answer = TypeVar("Answer")

PATIENCE_SECONDS: Final = 15.0
"""The longest wait for the answer to a button; then the sentence of the refusal is shown."""


class _Error(msgspec.Struct, frozen=True):
    code: str
    detail: str | None = None
    field: str | None = None
    reason: str | None = None
    retry_after_ms: int | None = None


class _Refusal(msgspec.Struct, frozen=True):
    error: _Error


class Api:
    """The API for one open page.

    What a page reads does not count as use of the admin's session: `js/staff/attendance.js` tells
    when somebody is there. What it does counts.
    """

    def __init__(self, api: AdminApi, page: Request) -> None:
        self._api = api
        self._page = page

    async def get(self, answer: type[Answer], place: str, **query: object) -> Answer:
        """The answer of `GET /api/admin/{place}`; a parameter that is None is left out.

        Raises Refused.
        """
        given = {name: str(value) for name, value in query.items() if value not in (None, "")}
        return await self._call(answer, ApiCall("GET", place, given, None, attended=False))

    async def post(self, answer: type[Answer], place: str, body: object = None) -> Answer:
        """The answer of `POST /api/admin/{place}`. Raises Refused."""
        sent = None if body is None else msgspec.json.encode(body)
        return await self._call(answer, ApiCall("POST", place, {}, sent, attended=True))

    async def put(self, answer: type[Answer], place: str, body: object) -> Answer:
        """The answer of `PUT /api/admin/{place}`. Raises Refused."""
        sent = msgspec.json.encode(body)
        return await self._call(answer, ApiCall("PUT", place, {}, sent, attended=True))

    async def _call(self, answer: type[Answer], call: ApiCall) -> Answer:
        body = await patiently(lambda: self._api.answer(self._page, call))
        return msgspec.json.decode(body, type=answer)


async def patiently(ask: Callable[[], Awaitable[Response]]) -> bytes:
    """The body of what `ask` is answered. Raises Refused.

    After `too_many_requests` it asks again, as soon as the answer says, for up to 15 seconds.
    """
    waited = 0.0
    while True:
        response = await ask()
        body = bytes(response.body)
        if response.status_code < 400:
            return body
        refused = _refused(body)
        seconds = max(refused.retry_after_ms or 0, 1000) / 1000
        waited += seconds
        if response.status_code != 429 or waited > PATIENCE_SECONDS:
            raise refused
        await asyncio.sleep(seconds)


def _refused(body: bytes) -> Refused:
    try:
        error = msgspec.json.decode(body, type=_Refusal).error
    except msgspec.DecodeError:
        return Refused("internal")
    code = error.code if error.code in CODES else "internal"
    return Refused(
        code,
        detail=error.detail,
        field=error.field,
        reason=error.reason,
        retry_after_ms=error.retry_after_ms,
    )
