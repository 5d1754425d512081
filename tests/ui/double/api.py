"""The HTTP API for the screens: what a test says that it answers to staff, and to holders of links."""

import json
from collections.abc import Callable
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from configurator.protocol.codes import Refused
from realtime.edge.exchange import refusal
from ui.ports import ApiCall

Answer = Callable[[str, str, Any], tuple[int, Any]]
"""Method, path below `/api/admin/` and body, to status and answer."""


class AdminApiDouble:
    """Answers by a function that the test puts here, and keeps the queries of what was read."""

    def __init__(self) -> None:
        self.answers: Answer | None = None
        self.read: list[tuple[str, dict[str, str]]] = []

    async def answer(self, page: Request, call: ApiCall) -> Response:
        """The answer that the test gives; without one, every store is away."""
        del page
        if self.answers is None:
            return refusal(Refused("unavailable", retry_after_ms=2000))
        if call.method == "GET":
            self.read.append((call.place, dict(call.query)))
        body = None if call.body is None else json.loads(call.body)
        status, content = self.answers(call.method, call.place, body)
        return JSONResponse(content, status)


class SharedApiDouble:
    """Answers a token by a function that the test puts here."""

    def __init__(self) -> None:
        self.answers: Callable[[str], tuple[int, Any]] | None = None

    async def answer(self, page: Request, token: str) -> Response:
        """The answer that the test has set; `unavailable` if it has set none."""
        del page
        if self.answers is None:
            return refusal(Refused("unavailable", retry_after_ms=2000))
        status, content = self.answers(token)
        return JSONResponse(content, status)
