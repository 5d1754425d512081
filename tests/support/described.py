"""Compares every answer of a served app, to any client, with its own ``/openapi.json``.

Held are the addresses that the document lists, with whatever method: status, media type, headers
and body. What it does not list (pages, assets, downloads, the documents themselves, sockets) is no
API and is left out.
"""

import json
import re
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from time import monotonic_ns
from typing import Any, TypeVar

import jsonschema_rs
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from typing_extensions import override

from configurator.people.roles import Role
from realtime.api.declared.endpoints import Endpoint, StaffOf, routes
from realtime.api.declared.openapi import openapi
from realtime.edge.exchange import Origins
from realtime.edge.limiting import Limiter
from realtime.limits.allowances import RequestLimits
from realtime.people.auth import ADMIN
from realtime.people.cookies import Cookies
from realtime.people.looks import Looks
from realtime.people.principal import Staff
from storage.postgres.service.audit import Actor

Result = TypeVar("Result")

Json = dict[str, Any]

OF_EVERY_ANSWER = frozenset(
    {"cache-control", "content-length", "content-security-policy", "content-type"}
    | {"content-encoding", "vary", "x-content-type-options"}
)
"""Headers that HTTP itself gives a meaning, the same at every address: they need no description."""

_REMOVAL = re.compile(r'nest_\w+=""; Max-Age=0; Path=\S+(; Domain=\S+)?')
"""The Set-Cookie header that any answer may have for a browser whose cookies differ, as `/docs` says."""


@contextmanager
def as_described(app: ASGIApp, document: Json) -> Iterator["Described"]:
    """The app, and at the end of the test the proof that it answered as it says."""
    described = Described(app, document)
    yield described
    assert not described.problems, "\n".join(described.problems)


def admin_called(name: str) -> Staff:
    """An admin, as the audit calls them."""
    return Staff(person=ADMIN, role=Role.ADMIN, session_sha256=b"", called=name)


@contextmanager
def endpoints_alone(endpoints: Sequence[Endpoint], staff_of: StaffOf) -> Iterator["Described"]:
    """An app of these endpoints only, held against their description."""
    app = Starlette(
        routes=routes(endpoints, Origins(frozenset()), staff_of, unlimited(), NothingWritten())
    )
    with as_described(app, openapi(endpoints, public_url="http://test")) as described:
        yield described


class NothingWritten(Looks):
    """Looks for endpoints without an audit: nothing is recorded."""

    def __init__(self) -> None:
        """Needs no audit."""

    @override
    async def asked(self, actor: Actor, look: str, request: Request) -> None:
        """Nothing is written."""

    @override
    async def session(self, actor: Actor, session: str) -> None:
        """Nothing is written."""


def unlimited() -> Limiter:
    """Limits that nobody reaches."""

    async def nobody(_token: bytes) -> bool:
        return False

    async def at_once(work: Callable[[], Awaitable[Result]], /) -> Result:
        return await work()

    return Limiter(
        RequestLimits(scale=1e6, clock_ns=monotonic_ns),
        is_admin=nobody,
        unless_away=at_once,
        cookies=Cookies(),
    )


class Described:
    """An app around an app; ``problems`` says which answers are not as described."""

    def __init__(self, app: ASGIApp, document: Json, problems: list[str] | None = None) -> None:
        self._app = app
        self._document = document
        self._validators: dict[tuple[str, str, int, str], Any] = {}
        # Without parameters first: /ops/one is not /ops/{id}.
        self._paths = [
            (re.compile(_pattern(path)), path)
            for path in sorted(document["paths"], key=lambda path: path.count("{"))
        ]
        self.problems: list[str] = [] if problems is None else problems

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        path = self._path(scope["path"]) if scope["type"] == "http" else None
        if path is None:
            await self._app(scope, receive, send)
            return
        head: Message = {}
        body = bytearray()

        async def take(message: Message) -> None:
            if message["type"] == "http.response.start":
                head.update(message)
            elif message["type"] == "http.response.body":
                body.extend(message.get("body", b""))
                if not message.get("more_body", False):
                    self._check(path, scope["method"], head, bytes(body))
            await send(message)

        await self._app(scope, receive, take)

    def _path(self, asked: str) -> str | None:
        return next((path for pattern, path in self._paths if pattern.fullmatch(asked)), None)

    def _check(self, path: str, method: str, head: Message, body: bytes) -> None:
        status = int(head["status"])
        if not body and status == 400:
            return  # the client has gone; nobody reads it
        headers = {
            name.decode().lower(): value.decode()
            for name, value in head["headers"]
            if not _REMOVAL.fullmatch(value.decode())
        }
        where = f"{method} {path} {status}"
        operations = self._document["paths"][path]
        operation = operations.get("get" if method == "HEAD" else method.lower())
        if operation is None:
            offered = {name.upper() for name in operations} | (
                {"HEAD"} if "get" in operations else set()
            )
            allowed = set(headers.get("allow", "").split(", "))
            if (status, allowed) != (405, offered):
                self.problems.append(
                    f"{where} is no refusal with Allow: {', '.join(sorted(offered))}"
                )
            return
        listed = operation["responses"].get(str(status))
        if listed is None:
            self.problems.append(f"{where} is not listed: {body[:200]!r}")
            return
        self.problems += [f"{where}{problem}" for problem in _of_headers(headers, listed)]
        content = listed.get("content", {})
        media = headers.get("content-type", "").partition(";")[0]
        if not content:
            if body:
                self.problems.append(f"{where} has a body: {body[:200]!r}")
        elif media not in content:
            self.problems.append(f"{where} came as {media!r}, not one of {', '.join(content)}")
        elif "json" in media:
            validator = self._validator((path, method, status, media), content[media]["schema"])
            problem = next(validator.iter_errors(json.loads(body)), None)
            if problem is not None:
                place = "/".join(map(str, problem.instance_path))
                self.problems.append(f"{where} at /{place}: {problem.message[:300]}")

    def _validator(self, key: tuple[str, str, int, str], schema: Json) -> Any:
        if key not in self._validators:
            whole = {**schema, "components": self._document["components"]}
            self._validators[key] = jsonschema_rs.Draft202012Validator(closed(whole))
        return self._validators[key]


def lists_of_values(part: Any) -> list[Json]:
    """The schemas within this one, itself included, that list values."""
    if isinstance(part, list):
        return [each for one in part for each in lists_of_values(one)]
    if not isinstance(part, dict):
        return []
    return [part] if "enum" in part else lists_of_values([*part.values()])


def _of_headers(headers: Mapping[str, str], listed: Json) -> Iterator[str]:
    """Lists the faults of an answer's headers: not described, missing, or of another shape."""
    described = {name.lower(): each for name, each in listed.get("headers", {}).items()}
    for name in headers.keys() - described.keys() - OF_EVERY_ANSWER:
        yield f": the header {name} is not listed"
    for name, each in described.items():
        value = headers.get(name)
        if value is None:
            if each.get("required"):
                yield f": the header {name} is missing"
            continue
        number = each["schema"]["type"] == "integer" and value.isdigit()
        if not jsonschema_rs.is_valid(each["schema"], int(value) if number else value):
            yield f": the header {name} is {value!r}"


def _pattern(path: str) -> str:
    """``{path}.svg`` is of any depth, as the route is; other parameters are one part."""
    return "".join(
        (".+" if part == "{path}" else "[^/]+") if part.startswith("{") else re.escape(part)
        for part in re.split(r"(\{\w+\})", path)
    )


def closed(part: Any) -> Any:
    """The same schema, where objects have the properties that are described, and no others."""
    if isinstance(part, list):
        return [closed(each) for each in part]
    if not isinstance(part, dict):
        return part
    whole = {key: closed(value) for key, value in part.items()}
    if whole.get("type") == "object" and isinstance(whole.get("properties"), dict):
        whole.setdefault("additionalProperties", False)
    return whole
