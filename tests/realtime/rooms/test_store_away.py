"""PostgreSQL away while somebody connects: they are told to come back, not that they are unknown."""

import asyncio

import httpx
import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed, InvalidStatus

from tests.realtime.clients import opened
from tests.realtime.conftest import RunningWeb
from tests.support.programs.servers import Servers
from tests.support.waiting import eventually


async def test_socketio_says_come_back_too(servers: Servers, web: RunningWeb) -> None:
    """(CN8)"""
    if servers.postgres is None:
        pytest.skip("the server is not ours to kill")
    api = web.api()
    await api.create()
    address = f"{web.url.replace('http', 'ws')}/socket.io/?EIO=4&transport=websocket"
    servers.postgres.kill()
    try:
        cookie = {"cookie": f"nest_person={api.token}"}
        async with asyncio.timeout(60), connect(address, additional_headers=cookie) as raw:
            await raw.recv()
            await raw.send("40/configurator,")
            with pytest.raises(ConnectionClosed):
                await raw.recv()
        assert (raw.close_code, raw.close_reason) == (1013, "unavailable")
    finally:
        servers.revive()


async def test_a_cookie_that_cannot_be_looked_up_is_not_called_unknown(
    servers: Servers, web: RunningWeb
) -> None:
    """(CN8)"""
    if servers.postgres is None:
        pytest.skip("the server is not ours to kill")
    api = web.api()
    await api.create()
    servers.postgres.kill()
    try:
        with pytest.raises(InvalidStatus) as refused:
            async with opened(
                web.ws_url, additional_headers={"cookie": f"nest_person={api.token}"}
            ):
                pass
    finally:
        servers.revive()
    answer = refused.value.response
    assert answer.status_code == 503
    assert answer.headers["retry-after"]
    assert b'"unavailable"' in (answer.body or b"")


async def test_readiness_and_metrics_name_the_step_whose_store_is_away(
    servers: Servers, web: RunningWeb
) -> None:
    if servers.valkey is None:
        pytest.skip("the server is not ours to kill")
    step = "telling other processes who is here"
    servers.valkey.kill()
    try:
        async with httpx.AsyncClient(base_url=web.url, timeout=60) as client:

            async def problems() -> list[str]:
                answer = await client.get("/readyz")
                assert answer.status_code == 200
                found: list[str] = answer.json()["problems"]
                return [each for each in found if each.startswith(f"{step}: not possible for ")]

            named = await eventually(problems, why="the step is named")
            assert "Redis: " in named[0]
            counted = web.parts.editing.hub.presence_outage.errors
            figures = (await web.parts.admin.metrics.text()).decode()
            [line] = [each for each in figures.splitlines() if f'step="{step}"' in each]
            assert line.startswith("nest_store_errors_total{")
            assert float(line.rpartition(" ")[2]) >= counted > 0
            servers.revive()

            async def well() -> bool:
                return not await problems()

            await eventually(well, why="the step works again")
    finally:
        servers.revive()
