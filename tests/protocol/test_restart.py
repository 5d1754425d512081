"""A process that stops loses nobody: it says come back, and another one goes on where it was."""

from contextlib import AsyncExitStack

import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed

from tests.realtime.clients import Socket, joined, select
from tests.realtime.conftest import StartWeb, serving


async def test_a_client_of_a_stopped_process_goes_on_elsewhere(
    start_web: StartWeb, database_url: str, redis_url: str
) -> None:
    """(CN9, JN3, JN6)"""
    staying = await start_web("staying")
    api = staying.api()
    created = await api.create()
    async with AsyncExitStack() as stack:
        async with serving(database_url, redis_url, "stopping", 5.0) as stopping:
            socket = Socket(await stack.enter_async_context(connect(stopping.ws_url)))
            await socket.hello(api.token)
            await socket.join(created["code"])
            acknowledged = await socket.op(created["id"], select("nest", "nest120"))
        with pytest.raises(ConnectionClosed) as closed:
            await socket.until("never")
    assert closed.value.rcvd is not None
    assert closed.value.rcvd.code in {1001, 1012}
    async with joined(staying.ws_url, api.token or "", created["code"]) as back:
        since = {"epoch": created["epoch"], "version": 0}
        missed = await back.join(created["code"], since=since)
        assert [op["op_id"] for op in missed["ops"]] == [acknowledged["op_id"]]
        again = await back.ask(
            "outcome_of", configuration=created["id"], op_id=acknowledged["op_id"]
        )
        assert (again["version"], again["repeated"]) == (1, True)
