"""The page of a shared dashboard is answered and refused in its process as a browser is over HTTP."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import httpx
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response

from app.parts.in_process import InProcessSharedApi
from realtime.api.analytics.links import SHARED_PATH
from realtime.api.declared.endpoints import routes
from realtime.edge.exchange import Origins
from realtime.edge.limiting import Limiter
from realtime.limits.allowances import RequestLimits
from realtime.people.cookies import Cookies
from realtime.people.principal import token_sha256
from storage.postgres.engine import Database
from tests.realtime.api.analytics.stage import PATH, World
from tests.support.described import NothingWritten

SECOND_NS = 1_000_000_000
ADMIN = "token_of_an_open_session_of_an_admin"
Answered = tuple[int, bytes]


@dataclass
class Doors:
    """One set of routes with its limits, asked over HTTP and by a page in the process."""

    client: httpx.AsyncClient
    api: InProcessSharedApi
    clock_ns: list[int]
    page: Request = field(
        default_factory=lambda: Request(
            {
                "type": "http",
                "scheme": "http",
                "server": ("test", 80),
                "client": ("192.0.2.7", 1),
                "headers": [(b"host", b"test"), (b"cookie", f"nest_admin={ADMIN}".encode())],
            }
        )
    )

    async def by_http(self, token: str) -> Answered:
        headers = {"authorization": f"Bearer {token}"}
        answer = await self.client.get(SHARED_PATH, headers=headers)
        return answer.status_code, answer.content

    async def by_page(self, token: str) -> Answered:
        answer: Response = await self.api.answer(self.page, token)
        return answer.status_code, bytes(answer.body)


@asynccontextmanager
async def doors(database_url: str) -> AsyncIterator[Doors]:
    async with Database(database_url) as database:
        world, clock_ns = World(database), [0]
        limiter = Limiter(
            RequestLimits(scale=1.0, clock_ns=lambda: clock_ns[0]),
            is_admin=is_admin,
            unless_away=asked,
            cookies=Cookies(secure=False),
        )
        all_routes = routes(
            world.endpoints, Origins(frozenset()), world.staff_of, limiter, NothingWritten()
        )
        transport = httpx.ASGITransport(Starlette(routes=all_routes), client=("192.0.2.7", 2))
        async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
            yield Doors(client, InProcessSharedApi(all_routes), clock_ns)


async def is_admin(session: bytes) -> bool:
    return session == token_sha256(ADMIN)


async def asked(ask: Callable[[], Awaitable[Any]]) -> Any:
    return await ask()


async def link_of(door: Doors) -> dict[str, Any]:
    made = await door.client.post(f"{PATH}/links", json={"name": "Woche", "views": ["kpis"]})
    assert made.status_code == 201, made.text
    found: dict[str, Any] = made.json()
    return found


async def test_both_are_answered_alike_until_the_link_ends(database_url: str) -> None:
    async with doors(database_url) as door:
        made = await link_of(door)
        token = made["token"]
        shown = await door.by_http(token)
        assert shown[0] == 200
        assert await door.by_page(token) == shown
        for wrong in ("", "no-such-token", token[:-1]):
            assert await door.by_page(wrong) == await door.by_http(wrong)
            assert (await door.by_page(wrong))[0] == 401
        assert (await door.client.post(f"{PATH}/links/{made['link']['id']}/revoke")).is_success
        assert (await door.by_page(token))[0] == 401


async def test_both_use_one_allowance_even_in_the_browser_of_an_admin(database_url: str) -> None:
    """The cookie of an admin, whose session would be let through, is not asked for."""
    async with doors(database_url) as door:
        token = (await link_of(door))["token"]
        answers = [await door.by_page(token) for _ in range(30)]
        answers += [await door.by_http(token) for _ in range(30)]
        assert {status for status, _ in answers} == {200}
        assert (await door.by_page(token))[0] == 429
        assert (await door.by_http(token))[0] == 429


async def test_wrong_guesses_of_a_page_are_counted(database_url: str) -> None:
    async with doors(database_url) as door:
        token = (await link_of(door))["token"]
        statuses: list[int] = []
        while 429 not in statuses and len(statuses) < 200:
            door.clock_ns[0] += SECOND_NS // 4
            statuses.append((await door.by_page("a-guess"))[0])
        assert len(statuses) > 100
        door.clock_ns[0] += SECOND_NS // 4
        assert (await door.by_http(token))[0] == 429
