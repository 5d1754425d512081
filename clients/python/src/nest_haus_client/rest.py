"""The few things that are asked over HTTP: with the standard library, in a thread."""

import asyncio
import http.client
import urllib.error
import urllib.request
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import TypeVar
from uuid import UUID

import msgspec

from nest_haus_client.connecting.credential import Credential
from nest_haus_client.core.operations import Operation
from nest_haus_client.core.selection import Choice, Chosen, plain
from nest_haus_client.errors import Refused, Unreachable
from nest_haus_client.messages import Change, Person, Reason, Text
from nest_haus_client.sharing import (
    AccessList,
    LinkEnded,
    Removed,
    Share,
    SharedRole,
    WithLink,
    WithPerson,
)

ANSWER_SECONDS = 15.0
TRIES = 8
"""A request that is too much at once (``too_many_requests``) is sent this often."""

WAIT_SECONDS_MAX = 60.0
"""A longer wait, as for the inquiries of a day, is left to the program."""

Shape = TypeVar("Shape")
Body = Mapping[str, str | int]


class Created(msgspec.Struct, frozen=True, kw_only=True):
    """A configuration that was made: ``url`` is its page, ``code`` what people say."""

    id: UUID
    code: str
    url: str
    version: int


class StoredHouse(msgspec.Struct, frozen=True, kw_only=True):
    """A configuration as it is stored now."""

    id: UUID
    code: str
    epoch: UUID
    version: int
    choices: dict[str, Choice] = msgspec.field(name="selection")
    derived: dict[str, object]
    role: str

    @property
    def selection(self) -> dict[str, Chosen]:
        """The selection; a plain copy, like ``House.selection``."""
        return plain(self.choices)


class LoggedOp(msgspec.Struct, frozen=True, kw_only=True):
    """One committed op of the log."""

    version: int
    op_id: UUID
    outcome: str
    author: Person
    operation: Operation
    changes: list[Change]
    reasons: list[Reason]
    total_cents: int | None
    at: datetime


class _Log(msgspec.Struct, frozen=True, kw_only=True):
    complete: bool
    ops: list[LoggedOp]


class Registered(msgspec.Struct, frozen=True, kw_only=True):
    """A new person and the secret token that proves it is them."""

    person: Person
    token: str


class Ticket(msgspec.Struct, frozen=True, kw_only=True):
    """A ticket, which opens one connection, once, within this time. A secret."""

    ticket: str
    expires_in_ms: int


class _Redeemed(msgspec.Struct):
    code: str


class _Error(msgspec.Struct, kw_only=True):
    code: str
    message: Text
    retryable: bool = False
    retry_after_ms: int | None = None
    detail: str | None = None


class _Refusal(msgspec.Struct):
    error: _Error


class Rest:
    """HTTP at the first of ``urls`` that answers, with the token of ``credential``."""

    def __init__(self, urls: Sequence[str], credential: Credential) -> None:
        self._urls = tuple(urls)
        self._credential = credential

    async def register(self) -> Registered:
        """Become a person. Raises Refused, Unreachable."""
        return await self._call("POST", "/api/people", Registered)

    async def ticket(self) -> Ticket:
        """A new ticket. Raises Refused, Unreachable."""
        return await self._call("POST", "/api/tickets", Ticket)

    async def create(self, catalogue: str | None, session_id: str | None) -> Created:
        """A new configuration. Raises Refused, Unreachable."""
        given = {"catalogue": catalogue, "session_id": session_id}
        asked = {name: value for name, value in given.items() if value is not None}
        return await self._call("POST", "/api/configurations", Created, asked)

    async def share(
        self, reference: str, role: SharedRole, lifetime_hours: int | None, uses_max: int | None
    ) -> Share:
        """A new invitation. Raises Refused, Unreachable."""
        given = {"role": role, "lifetime_hours": lifetime_hours, "uses_max": uses_max}
        asked = {name: value for name, value in given.items() if value is not None}
        path = f"/api/configurations/{reference}/share-links"
        return await self._call("POST", path, Share, asked)

    async def access(self, reference: str) -> AccessList:
        """The people with access to a configuration. Raises Refused, Unreachable."""
        return await self._call("GET", f"/api/configurations/{reference}/access", AccessList)

    async def end_link(self, reference: str, link: UUID, participants: WithLink) -> LinkEnded:
        """End a link. Raises Refused, Unreachable."""
        path = f"/api/configurations/{reference}/share-links/{link}?participants={participants}"
        return await self._call("DELETE", path, LinkEnded)

    async def remove(self, reference: str, person: UUID, links: WithPerson) -> Removed:
        """End a person's role. Raises Refused, Unreachable."""
        path = f"/api/configurations/{reference}/participants/{person}?links={links}"
        return await self._call("DELETE", path, Removed)

    async def redeem(self, invitation: str) -> str:
        """The code of the configuration that an invitation opens. Raises Refused, Unreachable."""
        token = invitation.rpartition("#")[2]
        redeemed = await self._call("POST", "/api/share-links/redeem", _Redeemed, {"token": token})
        return redeemed.code

    async def read(self, reference: str) -> StoredHouse:
        """A configuration as it is stored. Raises Refused, Unreachable."""
        return await self._call("GET", f"/api/configurations/{reference}", StoredHouse)

    async def log(self, reference: str, since: int) -> list[LoggedOp]:
        """The committed ops after a version, all of them. Raises Refused, Unreachable."""
        ops: list[LoggedOp] = []
        while True:
            path = f"/api/configurations/{reference}/ops?since={ops[-1].version if ops else since}"
            part = await self._call("GET", path, _Log)
            ops += part.ops
            if part.complete or not part.ops:
                return ops

    async def _call(
        self, method: str, path: str, shape: type[Shape], body: Body | None = None
    ) -> Shape:
        answer = await self._patiently(method, path, body)
        try:
            return msgspec.json.decode(answer, type=shape)
        except msgspec.DecodeError as problem:
            raise Unreachable(f"{path} gave an unexpected answer: {problem}") from None

    async def _patiently(self, method: str, path: str, body: Body | None) -> bytes:
        tries = 0
        while True:
            token = await self._credential.fetch()
            try:
                return await asyncio.to_thread(self._ask, method, path, body, token)
            except Refused as refused:
                tries += 1
                wait_seconds = (refused.retry_after_ms or 1000) / 1000
                if (
                    refused.code != "too_many_requests"
                    or tries == TRIES
                    or wait_seconds > WAIT_SECONDS_MAX
                ):
                    raise
                await asyncio.sleep(wait_seconds)

    def _ask(self, method: str, path: str, body: Body | None, token: str | None) -> bytes:
        problem: Exception | None = None
        for url in self._urls:
            try:
                return self._ask_one(method, url + path, body, token)
            except Refused:
                raise
            except (OSError, http.client.HTTPException) as error:
                problem = error
        raise Unreachable(f"{self._urls[-1]} does not answer: {problem}")

    def _ask_one(self, method: str, url: str, body: Body | None, token: str | None) -> bytes:
        headers = {"content-type": "application/json", "accept": "application/json"}
        if token:
            headers["authorization"] = f"Bearer {token}"
        data = None if method in {"GET", "DELETE"} else msgspec.json.encode(body or {})
        request = urllib.request.Request(  # noqa: S310 - the scheme is checked by Client
            url, method=method, headers=headers, data=data
        )
        try:
            with urllib.request.urlopen(request, timeout=ANSWER_SECONDS) as answer:  # noqa: S310
                content: bytes = answer.read()
                return content
        except urllib.error.HTTPError as error:
            with error:
                raise _refusal(error.code, error.read()) from None


def _refusal(status: int, body: bytes) -> Refused | Unreachable:
    try:
        said = msgspec.json.decode(body, type=_Refusal).error
    except msgspec.DecodeError:
        return Unreachable(f"The server answered with status {status}.")
    return Refused(
        said.code,
        text=said.message,
        detail=said.detail,
        retryable=said.retryable,
        retry_after_ms=said.retry_after_ms,
    )
