"""`nest run --web 2`: one port, two processes, any of which serves anybody; one is killed."""

import asyncio
from contextlib import AsyncExitStack
from pathlib import Path

import httpx
import psutil
import pytest
from nest_haus_client import Client
from nest_haus_client.house import House

from realtime.transports.engineio.requests import NO_POLLING
from tests.app.stacks import children
from tests.support.programs.ports import free_port
from tests.support.programs.processes import Process, nest
from tests.support.waiting import PATIENT_SECONDS, eventually

pytestmark = pytest.mark.faults
CLIENTS = 6
SIZES = ("nest80", "nest100", "nest120", "nest140", "nest160", "nest120")


def webs(running: Process) -> list[psutil.Process]:
    return children(running, "app.cli", "web")


async def edit(house: House, number: int) -> None:
    outcome = await house.select("nest", SIZES[number])
    assert outcome.outcome in {"committed", "adjusted"}


async def test_two_web_processes_on_one_port(
    database_url: str, redis_url: str, tmp_path: Path
) -> None:
    settings = {"DATABASE_URL": database_url, "REDIS_URL": redis_url, "NEST_LIMIT_SCALE": "100"}
    port = free_port()
    environ = {**settings, "PORT": str(port), "NEST_HOME": str(tmp_path), "PYTHONPATH": "."}
    command = nest("run", "--web", "2")
    with Process(*command, environ=environ, port=port) as running:
        await eventually(lambda: "ready after" in running.log, 90.0)
        await eventually(lambda: len(webs(running)) == 2)
        async with AsyncExitStack() as stack:
            owner = await stack.enter_async_context(Client.register(running.url, name="Anna"))
            created = await owner.create()
            clients = [
                await stack.enter_async_context(Client(running.url, token=owner.token))
                for _ in range(CLIENTS)
            ]
            houses = [await each.join(created.code) for each in clients]
            for number, house in enumerate(houses):
                await edit(house, number)
            webs(running)[0].kill()
            async with asyncio.TaskGroup() as group:  # while one of the two is being replaced
                for number, house in enumerate(houses):
                    group.create_task(edit(house, number))
            version = (await owner.read(created.code)).version
            await eventually(lambda: {each.version for each in houses} == {version})
            await eventually(lambda: len(webs(running)) == 2)
        async with httpx.AsyncClient(base_url=running.url, timeout=PATIENT_SECONDS) as asking:
            for server in ("/socket.io/", "/_nicegui_ws/socket.io/"):
                answer = await asking.get(f"{server}?EIO=4&transport=polling")
                error = answer.json()["error"]
                assert (error["code"], error["detail"]) == ("handshake_unusable", NO_POLLING)
            page = await asking.get(created.url, headers={"Accept": "text/html"})
            assert "polling" not in page.text
        assert running.stop() == 0
