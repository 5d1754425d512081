"""Clients of other versions are told who has to move: they, or we."""

import asyncio
from contextlib import suppress

import httpx
import msgspec
import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed

from configurator.protocol.codes import CODES
from configurator.protocol.messages import OLDEST_PROTOCOL, PROTOCOL
from tests.protocol.frames import check_from_server
from tests.realtime.clients import opened
from tests.realtime.conftest import RunningWeb

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
    """(CN5, TR15)"""
    api = web.api()
    await api.create()
    auth = f'{{"token":"{api.token}","protocol":{spoken}}}'
    address = f"{web.url.replace('http', 'ws')}/socket.io/?EIO=4&transport=websocket"
    packets: list[str] = []
    async with asyncio.timeout(60), connect(address) as raw:
        await raw.recv()
        await raw.send(f"40/configurator,{auth}")
        with suppress(ConnectionClosed):
            while True:
                packets.append(str(await raw.recv()))
    assert (raw.close_code, raw.close_reason) == (CODES[code].close, code)
    assert len(packets) == (0 if retryable else 1)  # who may come back keeps what waits
    for packet in packets:
        said = msgspec.json.decode(packet.removeprefix("44/configurator,"))["data"]
        check_from_server(said)
        assert (said["code"], said.get("retryable", False)) == (code, retryable)


@pytest.mark.parametrize(("spoken", "code", "retryable"), VERSIONS)
async def test_over_polling(web: RunningWeb, spoken: int, code: str, retryable: bool) -> None:
    """(CN5, TR15) As on a WebSocket, it is refused: by a CONNECT_ERROR, or by an end with its reason."""
    api = web.api()
    await api.create()
    async with httpx.AsyncClient(base_url=web.url, timeout=60) as client:
        opened = await client.get("/socket.io/?EIO=4&transport=polling")
        sid = msgspec.json.decode(opened.text[1:])["sid"]
        address = f"/socket.io/?EIO=4&transport=polling&sid={sid}"
        auth = f'{{"token":"{api.token}","protocol":{spoken}}}'
        await client.post(address, content=f"40/configurator,{auth}")
        if not retryable:
            packet = (await client.get(address)).text
            said = msgspec.json.decode(packet.removeprefix("44/configurator,"))["data"]
            check_from_server(said)
            assert said["code"] == code
        assert (await client.get(address)).text == f"1{code}"


async def test_an_upgraded_connection_has_the_close_code(web: RunningWeb) -> None:
    """(ER2, TR11) Begun by polling, as official clients begin, and upgraded before its end."""
    api = web.api()
    await api.create()
    async with httpx.AsyncClient(base_url=web.url, timeout=60) as client:
        opened = await client.get("/socket.io/?EIO=4&transport=polling")
        sid = msgspec.json.decode(opened.text[1:])["sid"]
    address = f"{web.url.replace('http', 'ws')}/socket.io/?EIO=4&transport=websocket&sid={sid}"
    async with asyncio.timeout(60), connect(address) as raw:
        await raw.send("2probe")
        assert await raw.recv() == "3probe"
        await raw.send("5")
        await raw.send(f'40/configurator,{{"token":"{api.token}","protocol":{PROTOCOL + 1}}}')
        with suppress(ConnectionClosed):
            while True:
                await raw.recv()
    assert (raw.close_code, raw.close_reason) == (CODES["client_too_new"].close, "client_too_new")
