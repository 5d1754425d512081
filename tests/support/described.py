"""Holds every answer of a served app against its own ``/openapi.json``, whoever asked for it."""

import json
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import jsonschema_rs
from starlette.applications import Starlette
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from realtime.http.edge import Origins
from realtime.http.endpoints import AdminName, Endpoint, routes
from realtime.http.openapi import openapi

Json = dict[str, Any]


@contextmanager
def as_described(app: ASGIApp, document: Json) -> Iterator["Described"]:
    """The app, and at the end of the test the proof that it answered as it says."""
    described = Described(app, document)
    yield described
    assert not described.problems, "\n".join(described.problems)


@contextmanager
def endpoints_alone(endpoints: Sequence[Endpoint], admin_name: AdminName) -> Iterator["Described"]:
    """An app of these endpoints only, held against their description."""
    app = Starlette(routes=routes(endpoints, Origins(frozenset()), admin_name))
    with as_described(app, openapi(endpoints, public_url="http://test")) as described:
        yield described


class Described:
    """An app around an app; ``problems`` says which answers are not as described."""

    def __init__(self, app: ASGIApp, document: Json) -> None:
        self._app = app
        self._document = document
        self._validators: dict[tuple[str, str, int], Any] = {}
        # Without parameters first: /ops/one is not /ops/{id}.
        self._paths = [
            (re.compile(_pattern(path)), path)
            for path in sorted(document["paths"], key=lambda path: path.count("{"))
        ]
        self.problems: list[str] = []

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        operation = self._operation(scope) if scope["type"] == "http" else None
        if operation is None:
            await self._app(scope, receive, send)
            return
        path, method = operation
        head: Message = {}
        body = bytearray()

        async def take(message: Message) -> None:
            if message["type"] == "http.response.start":
                head.update(message)
            elif message["type"] == "http.response.body":
                body.extend(message.get("body", b""))
                if not message.get("more_body", False):
                    self._check(path, method, head, bytes(body))
            await send(message)

        await self._app(scope, receive, take)

    def _operation(self, scope: Scope) -> tuple[str, str] | None:
        method = scope["method"].lower()
        for pattern, path in self._paths:
            if pattern.fullmatch(scope["path"]) and method in self._document["paths"][path]:
                return path, method
        return None

    def _check(self, path: str, method: str, head: Message, body: bytes) -> None:
        status = int(head["status"])
        if not body and status == 400:
            return  # the client has gone; nobody reads it
        where = f"{method.upper()} {path} {status}"
        listed = self._document["paths"][path][method]["responses"].get(str(status))
        if listed is None:
            self.problems.append(f"{where} is not listed: {body[:200]!r}")
            return
        headers = {name.decode().lower(): value.decode() for name, value in head["headers"]}
        media = headers.get("content-type", "").partition(";")[0]
        content = listed.get("content", {})
        if not content:
            return
        if media not in content:
            self.problems.append(f"{where} came as {media!r}, not one of {', '.join(content)}")
        elif "json" in media:
            validator = self._validator(path, method, status, content[media]["schema"])
            problem = next(validator.iter_errors(json.loads(body)), None)
            if problem is not None:
                place = "/".join(map(str, problem.instance_path))
                self.problems.append(f"{where} at /{place}: {problem.message[:300]}")
        if "retry-after" in headers and "Retry-After" not in listed.get("headers", {}):
            self.problems.append(f"{where}: Retry-After is not listed")

    def _validator(self, path: str, method: str, status: int, schema: Json) -> Any:
        key = path, method, status
        if key not in self._validators:
            whole = {**schema, "components": self._document["components"]}
            self._validators[key] = jsonschema_rs.Draft202012Validator(_closed(whole))
        return self._validators[key]


def _pattern(path: str) -> str:
    """``{path}.svg`` is of any depth, as the route is; other parameters are one part."""
    return "".join(
        (".+" if part == "{path}" else "[^/]+") if part.startswith("{") else re.escape(part)
        for part in re.split(r"(\{\w+\})", path)
    )


def _closed(part: Any) -> Any:
    """Objects have the properties that are described, and no others."""
    if isinstance(part, list):
        return [_closed(each) for each in part]
    if not isinstance(part, dict):
        return part
    closed = {key: _closed(value) for key, value in part.items()}
    if closed.get("type") == "object" and isinstance(closed.get("properties"), dict):
        closed.setdefault("additionalProperties", False)
    return closed
