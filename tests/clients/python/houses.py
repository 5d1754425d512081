"""Houses that the Python client joins on a real web process, for tests."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from nest_haus_client import Client, Event, House

from tests.realtime.clients import Json
from tests.realtime.conftest import RunningWeb
from tests.storage.link import Link, link_to


async def new_house(client: Client) -> House:
    return await client.join((await client.create()).code)


@asynccontextmanager
async def guest(web: RunningWeb, owner: Client, code: str, role: str) -> AsyncIterator[Client]:
    async with Client.register(web.url) as client:
        invitation = await owner.share(code, "viewer" if role == "viewer" else "editor")
        assert await client.redeem(invitation.url) == code
        yield client


@asynccontextmanager
async def behind_a_link(web: RunningWeb) -> AsyncIterator[tuple[Client, House, Link]]:
    """A house over a network that the test can spoil."""
    async with link_to(web.url) as link:
        async with Client.register(web.url) as owner:
            code, token = (await owner.create()).code, owner.token
        async with Client(link.url, token=token, queued_ops_max=3) as client:
            yield client, await client.join(code), link


@asynccontextmanager
async def listening(house: House) -> AsyncIterator[list[Event]]:
    """The events of ``house.events()``, from now to the end of the block."""
    heard: list[Event] = []

    async def listen() -> None:
        async for event in house.events():
            heard.append(event)  # noqa: PERF401 - as a user writes it

    async with asyncio.TaskGroup() as tasks:
        task = tasks.create_task(listen())
        await asyncio.sleep(0)
        yield heard
        task.cancel()


async def log_of(web: RunningWeb, house: House, token: str) -> list[Json]:
    answer = await web.api(token).call("GET", f"/api/configurations/{house.code}/ops")
    ops: list[Json] = answer.json()["ops"]
    return ops
