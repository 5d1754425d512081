"""A server is away for a while: what people are told, what goes on, and how it comes back."""

import asyncio
import time
from contextlib import AsyncExitStack
from functools import partial
from pathlib import Path
from uuid import UUID, uuid4

import httpx
import pytest

from configurator.activity.event_ids import uuid7
from tests.faults.load.stand import Stand, running_stand
from tests.realtime.clients import Api, Json, Socket, joined, select
from tests.support.waiting import eventually

pytestmark = pytest.mark.faults

SEEN_SECONDS = 15.0


class Shared:
    """One house with a member on each of two web processes."""

    def __init__(self, api: Api, house: Json, here: Socket, there: Socket) -> None:
        self.api = api
        self.house = house
        self.here = here
        self.there = there

    async def edit_here(self, option: str, *, op_id: UUID | None = None) -> Json:
        """The reply to an edit by the member on the first process."""
        return await self.here.ask(
            "op",
            configuration=self.house["id"],
            op_id=str(op_id or uuid4()),
            base_version=0,
            operation=select("nest", option),
        )

    async def edit_until_saved(self, option: str, *, op_id: UUID | None = None) -> Json:
        """The outcome of an edit, which is sent again with the same id while it is not saved."""
        op_id = op_id or uuid4()

        async def saved() -> Json | None:
            reply = await self.edit_here(option, op_id=op_id)
            return reply if reply["type"] == "outcome" else None

        outcome = await eventually(saved, why="the same op is saved")
        assert outcome is not None
        return outcome

    async def seen_there(self, version: int) -> Json:
        """The op frame with this version, as it arrives on the second process."""
        async with asyncio.timeout(SEEN_SECONDS):
            while True:
                frame = await self.there.next(SEEN_SECONDS)
                if frame["type"] == "op" and frame["version"] == version:
                    return frame


async def shared_house(stand: Stand, stack: AsyncExitStack) -> Shared:
    api = Api(stand.urls[0])
    house = await api.create()
    here, there = [
        await stack.enter_async_context(joined(_ws(url), api.token or "", house["id"]))
        for url in stand.urls[:2]
    ]
    return Shared(api, house, here, there)


async def test_while_postgresql_is_away_nothing_is_claimed_to_be_saved(home: Path) -> None:
    """(OP16)"""
    async with AsyncExitStack() as stack:
        stand = await stack.enter_async_context(
            running_stand(home, NEST_DATABASE_DEADLINE_SECONDS="1")
        )
        shared = await shared_house(stand, stack)
        assert (await shared.edit_until_saved("nest100"))["outcome"] == "committed"
        stand.postgres.kill()

        by_rest, by_socket = uuid4(), uuid4()
        answer = await shared.api.submit(
            shared.house["id"], select("nest", "nest120"), op_id=by_rest
        )
        assert answer.status_code == 503
        assert int(answer.headers["retry-after"]) >= 1
        assert answer.json()["error"]["code"] == "not_saved"
        refused = await shared.edit_here("nest140", op_id=by_socket)
        assert (refused["type"], refused["code"]) == ("error", "not_saved")
        assert refused["retryable"]
        assert refused["retry_after_ms"] > 0
        assert refused["op_id"] == str(by_socket)
        assert (await _get(f"{stand.urls[0]}/readyz")).status_code == 200, "degraded, not unready"
        assert (await _get(f"{stand.urls[0]}/healthz")).status_code == 200

        await stand.postgres.start_async()

        outcome = await shared.edit_until_saved("nest140", op_id=by_socket)
        assert outcome["outcome"] == "committed"
        accepted = partial(_accepted, shared.api, shared.house["id"], by_rest)
        assert await eventually(accepted, 20, why="REST, too") == "committed"
        assert (await shared.edit_until_saved("nest140", op_id=by_socket))["repeated"]

        log = (await shared.api.call("GET", f"/api/configurations/{shared.house['id']}/ops")).json()
        assert [op["version"] for op in log["ops"]] == [1, 2, 3]
        assert [op["op_id"] for op in log["ops"]][1:] == [str(by_socket), str(by_rest)]
        await shared.seen_there(3)
        assert list(stand.crashes()) == []


async def test_while_valkey_is_away_editing_goes_on_and_tracking_says_so(home: Path) -> None:
    """(PS2)"""
    async with AsyncExitStack() as stack:
        stand = await stack.enter_async_context(running_stand(home))
        shared = await shared_house(stand, stack)
        event = _event()
        told = partial(_tracked, stand.urls[0], event)
        assert await eventually(told, 10, why="it is taken") == event["eventId"]
        stand.valkey.kill()

        began = time.monotonic()
        assert (await shared.edit_here("nest100"))["outcome"] == "committed"
        acknowledged_ms = (time.monotonic() - began) * 1000
        await shared.seen_there(1)
        without_bus = time.monotonic() - began
        began = time.monotonic()
        refused = await _track(stand.urls[0], _event())
        refused_ms = (time.monotonic() - began) * 1000
        assert refused.status_code == 503
        assert int(refused.headers["retry-after"]) >= 1
        assert refused.json()["code"] == "unavailable"
        assert (await _get(f"{stand.urls[0]}/readyz")).status_code == 200, "degraded, not unready"

        await stand.valkey.start_async()
        began = time.monotonic()
        for url in stand.urls:
            await eventually(partial(_bus_is_up, url), 15, why=f"{url} hears the bus again")
        live_again = time.monotonic() - began
        assert (await shared.edit_here("nest120"))["outcome"] == "committed"
        began = time.monotonic()
        await shared.seen_there(2)
        with_bus_ms = (time.monotonic() - began) * 1000

        again = partial(_tracked, stand.urls[1], event)
        assert await eventually(again, 10, why="tracking is back") == event["eventId"]
        timeline = f"/api/sessions/track-interaction?sessionId={event['sessionId']}"
        read = (await _get(stand.urls[1] + timeline)).json()
        assert read["data"]["interactionCount"] == 1
        assert list(stand.crashes()) == []
    print(
        f"\nValkey away: ack {acknowledged_ms:.0f} ms, seen elsewhere after {without_bus:.1f} s,"
        f" tracking refused after {refused_ms:.0f} ms; back: bus live after {live_again:.1f} s,"
        f" then seen elsewhere {with_bus_ms:.0f} ms after the ack"
    )


async def test_members_of_a_killed_process_vanish_elsewhere(home: Path) -> None:
    """(PR4)"""
    async with AsyncExitStack() as stack:
        stand = await stack.enter_async_context(running_stand(home))
        shared = await shared_house(stand, stack)
        await _members(shared.there, 2)
        stand.webs[0].kill()
        began = time.monotonic()
        await _members(shared.there, 1, deadline=45)
        print(f"\npresence: gone after {time.monotonic() - began:.1f} s")
        async with joined(_ws(stand.urls[1]), shared.api.token or "", shared.house["id"]) as late:
            (snapshot,) = [frame for frame in late.frames if frame["type"] == "snapshot"]
            assert len(snapshot["members"]) == 2, "the newcomer and who stayed"
        assert list(stand.crashes()) == []


async def _members(socket: Socket, count: int, deadline: float = SEEN_SECONDS) -> None:
    """Wait for a presence frame with this number of members."""
    async with asyncio.timeout(deadline):
        while True:
            frame = await socket.next(deadline)
            if frame["type"] == "presence" and len(frame["members"]) == count:
                return


async def _accepted(api: Api, house: str, op_id: UUID) -> str:
    answer = await api.submit(house, select("nest", "nest120"), op_id=op_id)
    return str(answer.json().get("outcome", ""))


async def _bus_is_up(url: str) -> bool:
    return bool((await _get(f"{url}/readyz")).json()["bus"])


async def _tracked(url: str, event: Json) -> str:
    answer = await _track(url, event)
    return str(answer.json()["data"]["interactionId"]) if answer.status_code == 200 else ""


async def _track(url: str, event: Json) -> httpx.Response:
    async with httpx.AsyncClient(base_url=url, timeout=20) as client:
        return await client.post("/api/sessions/track-interaction", json=event)


async def _get(url: str) -> httpx.Response:
    async with httpx.AsyncClient(timeout=20) as client:
        return await client.get(url)


def _event() -> Json:
    event_id = uuid7(time.time_ns() // 1_000_000, uuid4().int)
    interaction = {"eventType": "click", "category": "nest"}
    return {"sessionId": str(uuid4()), "eventId": str(event_id), "interaction": interaction}


def _ws(url: str) -> str:
    return f"{url.replace('http', 'ws', 1)}/ws"
