"""Clients of other versions are told who has to move: they, or we."""

import pytest
import socketio
from websockets.exceptions import ConnectionClosed

from configurator.protocol.codes import CODES
from configurator.protocol.messages import OLDEST_PROTOCOL, PROTOCOL
from tests.protocol.frames import check_from_server
from tests.realtime.clients import Json, opened
from tests.realtime.conftest import RunningWeb
from tests.realtime.test_socketio import NAMESPACE
from tests.support.waiting import eventually

VERSIONS = [
    (OLDEST_PROTOCOL - 1, "client_too_old", False),
    (PROTOCOL + 1, "client_too_new", True),
]


@pytest.mark.parametrize(("spoken", "code", "retryable"), VERSIONS)
async def test_over_raw_sockets(web: RunningWeb, spoken: int, code: str, retryable: bool) -> None:
    """(CN5, ER2)"""
    async with opened(web.ws_url) as socket:
        refused = await socket.ask("hello", protocol=spoken)
        assert (refused["code"], refused.get("retryable", False)) == (code, retryable)
        assert ("retry_after_ms" in refused) is retryable
        assert f"speaks {OLDEST_PROTOCOL} to {PROTOCOL}" in refused["detail"]
        with pytest.raises(ConnectionClosed) as closed:
            await socket.next()
        assert closed.value.rcvd is not None
        assert closed.value.rcvd.code == CODES[code].close


@pytest.mark.parametrize(("spoken", "code", "retryable"), VERSIONS)
async def test_over_socketio(web: RunningWeb, spoken: int, code: str, retryable: bool) -> None:
    """(CN5)"""
    api = web.api()
    await api.create()
    errors: list[Json] = []
    client = socketio.AsyncClient(reconnection=False)

    async def keep(content: Json) -> None:
        check_from_server({**content, "type": "error"})
        errors.append(content)

    client.on("error", keep, namespace=NAMESPACE)
    await client.connect(
        web.url,
        namespaces=[NAMESPACE],
        transports=["websocket"],
        auth={"token": api.token, "protocol": spoken},
    )
    try:
        await eventually(lambda: errors)
        assert (errors[0]["code"], errors[0].get("retryable", False)) == (code, retryable)
        await eventually(lambda: not client.connected, why="it was closed")
    finally:
        await client.disconnect()
