"""The costly requests of one network are bounded, and another network does not notice them.

The victim believes the test's X-Forwarded-For, so that each attacker is of a network of its own. Its
limits are a tenth of those that it ships with: a tenth of the requests fills them.
"""

import asyncio
import itertools
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import httpx
import pytest
from websockets.asyncio.client import connect

from realtime.limits.allowances import ALLOWANCES, MISSES, LimitKind
from realtime.limits.buckets import Rate
from tests.attack.conftest import StartVictim
from tests.attack.victim import Victim

SCALE = 0.1
TOGETHER = 8
"""Requests at a time. What one costs beside the first is known, and owed, when it was read."""

BYSTANDER = "203.0.113.9"
PERSON = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 Chrome/128.0 Safari/537.36"
Ask = Callable[[int], dict[str, Any]]


@dataclass(slots=True)
class Flood:
    """The answers to many requests of one network."""

    accepted: int = 0
    refused: list[httpx.Response] = field(default_factory=list)
    others: list[int] = field(default_factory=list)
    seconds: float = 0.0

    def at_most(self, rate: Rate, *, cost: float = 1) -> bool:
        """Whether the number of accepted requests is within this rate, for the time that they took."""
        most = rate.scaled(SCALE).burst + rate.scaled(SCALE).per_second * (self.seconds + 1)
        return self.accepted * cost <= most + TOGETHER * (cost - 1)


@pytest.fixture
async def limited(start_victim: StartVictim) -> Victim:
    return await start_victim(
        NEST_TRUSTED_PROXIES="127.0.0.1",
        NEST_LIMIT_SCALE=str(SCALE),
        NEST_REDIS_DEADLINE_SECONDS="5",  # a busy machine may be late, and no request may fail
    )


@asynccontextmanager
async def of_network(victim: Victim, address: str) -> AsyncIterator[httpx.AsyncClient]:
    headers = {"x-forwarded-for": address, "user-agent": PERSON}
    async with httpx.AsyncClient(
        base_url=victim.url, headers=headers, verify=False, timeout=20, trust_env=False
    ) as client:
        yield client


async def flood(client: httpx.AsyncClient, ask: Ask, times: int) -> Flood:
    """Send all of them, eight at a time."""
    found, numbers = Flood(), iter(range(times))
    began = asyncio.get_running_loop().time()

    async def some() -> None:
        for number in numbers:
            client.cookies.clear()
            answer = await client.request(**ask(number))
            if answer.status_code == 429:
                found.refused.append(answer)
            else:
                found.accepted += 1
                found.others.append(answer.status_code)

    async with asyncio.TaskGroup() as group:
        for _ in range(TOGETHER):
            group.create_task(some())
    found.seconds = asyncio.get_running_loop().time() - began
    return found


async def a_house(client: httpx.AsyncClient) -> tuple[str, dict[str, str]]:
    """The address of a house over REST, and the headers of its owner."""
    made = (await client.post("/api/configurations", json={})).json()
    client.cookies.clear()
    return f"/api/configurations/{made['code']}", {"authorization": f"Bearer {made['token']}"}


def post(url: str, **how: Any) -> Ask:
    return lambda _: {"method": "POST", "url": url, **how}


def interactions(number: int, *, letters: int = 1) -> dict[str, Any]:
    one = {"eventType": "selection", "category": "nest", "selectionValue": "x" * letters}
    return {"sessionId": f"flood-{number}", "interactions": [one] * 100}


def pictures() -> Iterator[str]:
    sizes = ("nest80", "nest100", "nest120", "nest140", "nest160")
    for size, view in itertools.product(sizes, ("exterior", "interior")):
        yield f"{size}/{view}"


def networks() -> Iterator[str]:
    return (f"198.51.{n}.7" for n in itertools.count(1))


async def test_one_network_fills_nothing_and_another_does_not_notice(limited: Victim) -> None:
    """237 people a second, 90 houses, 21,000 interactions, ... of one address were all accepted."""
    victim, where = limited, networks()
    tracking = "/api/sessions/track-interactions"
    form = {"accept": "text/html", "content-type": "application/x-www-form-urlencoded"}
    attacks: list[tuple[LimitKind, Ask, int, float]] = [
        ("create", post("/api/people", json={}), 60, 1),
        ("create", post("/api/configurations", json={}), 60, 1),
        ("create", post("/start", content="size=", headers={**form, "cookie": "a=b"}), 60, 1),
        ("track", lambda n: post(tracking, json=interactions(n))(n), 40, 100),
        ("track", lambda n: post(tracking, json=interactions(n, letters=1_000))(n), 30, 200),
        ("page", lambda _: {"method": "GET", "url": "/dashboard"}, 60, 1),
        ("page", lambda n: {"method": "GET", "url": f"/nothing-{n}"}, 60, 1),
        ("figures", lambda _: {"method": "GET", "url": tracking[:-1] + "?sessionId=a"}, 30, 1),
        ("figures", lambda _: {"method": "GET", "url": "/api/analytics/shared"}, 30, 1),
        ("redeem", post("/api/share-links/redeem", json={"token": "x" * 32}), 60, 1),
        ("read", post("/api/price", json={"selection": {}}), 200, 1),
        ("admin", lambda _: {"method": "GET", "url": "/api/admin/jobs"}, 40, 1),
        (
            "socket",
            lambda _: {"method": "GET", "url": "/socket.io/?EIO=4&transport=polling"},
            80,
            1,
        ),
    ]
    async with of_network(victim, BYSTANDER) as bystander, victim.attacked() as cost:
        house, owner = await a_house(bystander)
        for kind, ask, times, each_costs in attacks:
            async with of_network(victim, next(where)) as attacker:
                found = await flood(attacker, ask, times)
            rate = ALLOWANCES[kind].network
            print(kind, found.accepted, "of", times, "in", round(found.seconds, 1), "s")
            assert found.refused, (kind, ask(0), found.others)
            assert found.at_most(rate, cost=each_costs), (kind, ask(0), found.accepted)
            assert not [status for status in found.others if status >= 500], found.others
            assert all(int(each.headers["retry-after"]) >= 1 for each in found.refused)
            seen = await bystander.get(house, headers=owner)
            assert seen.status_code == 200, (kind, seen.text)
        await _guesses_of_codes(victim)
    print(cost)
    assert cost.kept <= 60, cost
    assert cost.log_bytes <= 20_000, cost
    assert not list(victim.wrong_lines())


async def _guesses_of_codes(limited: Victim) -> None:
    """275 guesses a second of house codes were all answered."""
    guesses = MISSES.scaled(SCALE)
    rest: Ask = lambda n: {"method": "GET", "url": f"/api/configurations/GVESS{n:03}"}  # noqa: E731
    page: Ask = lambda n: {"method": "GET", "url": f"/c/GVESS{n:03}"}  # noqa: E731
    looking: Ask = lambda n: {"method": "GET", "url": f"/c/GVESS{n:03}?as=admin"}  # noqa: E731
    asked = {"198.18.1.7": (rest, 404), "198.18.2.7": (page, 404), "198.18.4.7": (looking, 401)}
    for address, (ask, status) in asked.items():
        async with of_network(limited, address) as attacker:
            _, known = await a_house(attacker)
            attacker.headers.update(known)
            found = await flood(attacker, ask, 40)
        assert set(found.others) == {status}
        assert found.refused
        most = guesses.burst + guesses.per_second * (found.seconds + 1) + TOGETHER
        assert found.accepted <= most
    async with of_network(limited, "198.18.3.7") as attacker:
        _, known = await a_house(attacker)
    token = known["authorization"].removeprefix("Bearer ")
    codes = [code for n in range(4) for code in await _joined(limited, "198.18.3.7", token, n)]
    assert guesses.burst <= codes.count("not_found") <= guesses.burst + 5
    assert codes[-1] == "too_many_requests"


async def _joined(victim: Victim, address: str, token: str, number: int) -> list[str]:
    """The answers to six guesses over a new socket."""
    headers = {"x-forwarded-for": address}
    async with connect(f"ws://127.0.0.1:{victim.port}/ws", additional_headers=headers) as socket:
        await socket.send(f'{{"type":"hello","protocol":1,"token":"{token}"}}')
        for n in range(6):
            code = f"GVE{number}{n}000"
            await socket.send(f'{{"type":"join","id":"{n}","configuration":"{code}"}}')
        frames = [httpx.Response(200, content=await socket.recv()).json() for _ in range(7)]
    return [frame.get("code", "") for frame in frames]
