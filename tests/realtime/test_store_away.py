"""PostgreSQL away while somebody connects: they are told to come back, not that they are unknown."""

import pytest
import socketio
from websockets.exceptions import InvalidStatus

from tests.realtime.clients import opened
from tests.realtime.conftest import RunningWeb
from tests.realtime.test_socketio import NAMESPACE, Person
from tests.support.servers import Servers
from tests.support.waiting import eventually


async def test_socketio_says_come_back_too(servers: Servers, web: RunningWeb) -> None:
    """(CN8)"""
    if servers.postgres is None:
        pytest.skip("the server is not ours to kill")
    api = web.api()
    await api.create()
    client = socketio.AsyncClient(reconnection=False)
    person = Person(client)
    servers.postgres.kill()
    try:
        await client.connect(
            web.url,
            namespaces=[NAMESPACE],
            transports=["websocket"],
            headers={"cookie": f"nest_person={api.token}"},
        )
        await eventually(lambda: person.seen("error"), why="it is told")
        await eventually(lambda: not client.connected, why="the server hangs up")
    finally:
        servers.revive()
        await client.disconnect()
    assert [error["code"] for error in person.seen("error")] == ["unavailable"]


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
