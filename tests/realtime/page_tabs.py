"""A browser tab of our own page: GET shows the house, then its socket opens it and its script joins."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

from starlette.requests import HTTPConnection

from realtime.transports.direct import FirstSight, OpenedPage, Pages
from tests.realtime.clients import Json
from tests.realtime.conftest import RunningWeb

FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
AHEAD = ("sec_purpose", "purpose", "x_moz")
"""Headers of prefetching: they come with the page, not with its socket."""


@dataclass
class PageTab:
    """`frames` are those of the first paint, then those that are sent."""

    sight: FirstSight
    tab: OpenedPage
    frames: list[Json]

    async def join(self) -> None:
        """Say what the page says when its socket is there."""
        welcome, snapshot = self.frames[:2]
        if welcome["session_id"]:
            await self.say("hello", protocol=1, session_id=welcome["session_id"])
        since = {"epoch": snapshot["epoch"], "version": snapshot["version"]}
        await self.say("join", configuration=snapshot["configuration"], since=since)

    async def say(self, kind: str, **message: Any) -> None:
        await self.tab.connection.receive(json.dumps({"type": kind, **message}))


def pages_of(web: RunningWeb) -> Pages:
    return Pages(
        services=web.parts.sockets.services,
        authenticator=web.parts.people.authenticator,
        new_connection_id=lambda: uuid4().hex,
        unless_away=web.parts.stores.health.readiness.unless_away,
    )


def asking(method: str = "GET", **headers: str) -> HTTPConnection:
    sent = {"user_agent": FIREFOX, **headers}
    named = [(name.replace("_", "-").encode(), value.encode()) for name, value in sent.items()]
    client = ("203.0.113.9", 1)
    return HTTPConnection({"type": "http", "method": method, "client": client, "headers": named})


@asynccontextmanager
async def page(
    web: RunningWeb,
    token: str | None,
    house: str,
    *,
    method: str = "GET",
    **headers: str,
) -> AsyncIterator[PageTab]:
    """A tab whose socket is there, and whose script has said nothing yet."""
    pages, frames = pages_of(web), list[Json]()
    who = {"configuration_code": house, "person_token": token, "admin": None}
    sight = await pages.look(asking=asking(method, **headers), **who)  # type: ignore[arg-type]
    assert sight is not None
    frames += map(json.loads, sight.frames)
    later = {name: value for name, value in headers.items() if name not in AHEAD}
    tab = await pages.open(
        send=lambda text: frames.append(json.loads(text)),
        hang_up=lambda _code: None,
        asking=asking(**later),
        fetched_ahead=sight.fetched_ahead,
        **who,  # type: ignore[arg-type]
    )
    assert tab is not None
    tab.start()
    try:
        yield PageTab(sight, tab, frames)
    finally:
        await tab.close()
