"""Every kind of socket through HAProxy: the shipped file sends each packet to the process it belongs to."""

import re
import signal
from contextlib import AsyncExitStack
from typing import Any
from uuid import uuid4

import pytest
import socketio
from websockets.asyncio.client import connect

from tests.e2e.stage import Stage
from tests.realtime.clients import Api, Socket, select
from tests.support.programs.processes import Process
from tests.support.waiting import eventually

NAMESPACE = "/configurator"
CLIENTS = 6


async def member(url: str, transports: list[str], token: str | None, code: str) -> Any:
    """An official Socket.IO client in a house."""
    client = socketio.AsyncClient(reconnection=False)
    await client.connect(
        url, namespaces=[NAMESPACE], transports=transports, auth={"token": token}, wait_timeout=15
    )
    joined = await client.call("join", {"configuration": code}, namespace=NAMESPACE, timeout=15)
    assert joined["code"] == code
    return client


@pytest.mark.parametrize("transports", [["polling"], ["websocket"], ["polling", "websocket"]])
async def test_socket_io_stays_on_its_process(
    stage: Stage, proxy: Process, transports: list[str]
) -> None:
    """Half of what is polled would be asked of a process that knows nothing of the session."""
    del stage
    before = len(proxy.log)
    api = Api(proxy.url)
    created = await api.create()
    async with AsyncExitStack() as stack:
        clients = []
        for _ in range(CLIENTS):
            clients.append(await member(proxy.url, transports, api.token, created["code"]))
            stack.push_async_callback(clients[-1].disconnect)
        for number, client in enumerate(clients):
            op = {
                "configuration": created["id"],
                "op_id": str(uuid4()),
                "base_version": 0,
                "operation": select("nest", ("nest100", "nest120")[number % 2]),
            }
            outcome = await client.call("op", op, namespace=NAMESPACE, timeout=15)
            assert outcome["version"] == number + 1

    def both_served() -> bool:
        found = re.findall(r" nest sockets/(\w+) ", proxy.log[before:])
        return set(found) == {"web1", "web2"}

    await eventually(both_served, why="both had their part")


async def test_the_other_process_takes_clients_while_one_drains(
    stage: Stage, proxy: Process
) -> None:
    """(CN9) It says 503 to the handshake, and the proxy asks the next process at once."""
    api = Api(proxy.url)
    created = await api.create()
    stage.one.signal(signal.SIGTERM)
    await eventually(lambda: "draining" in stage.one.log.rpartition("startup complete")[2])
    async with AsyncExitStack() as stack:
        for _ in range(CLIENTS):
            address = proxy.url.replace("http", "ws") + "/ws"
            socket = Socket(await stack.enter_async_context(connect(address)))
            assert (await socket.hello(api.token))["type"] == "welcome"
            polling = await member(proxy.url, ["polling"], api.token, created["code"])
            await polling.disconnect()
    assert stage.one.wait() == 0
