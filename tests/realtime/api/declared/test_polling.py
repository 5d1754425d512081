"""Long polling answers as ``/openapi.json`` describes it; the fixture holds each answer against that."""

import json

import httpx
import pytest

from realtime.connections.timing import Timing
from tests.realtime.conftest import RunningWeb, StartWeb

OPENING = "/socket.io/?EIO=4&transport=polling"


async def session(client: httpx.AsyncClient) -> str:
    opened = await client.get(OPENING)
    assert opened.status_code == 200
    return f"{OPENING}&sid={json.loads(opened.text[1:])['sid']}"


REFUSED = {
    "an old version": ("GET", "/socket.io/?EIO=3&transport=polling", 400, "EIO is 4"),
    "no version": ("GET", "/socket.io/", 400, "EIO is 4"),
    "an unknown transport": ("GET", f"{OPENING[:-7]}pigeon", 400, "transport is polling or websocket"),
    "no WebSocket": ("GET", f"{OPENING[:-7]}websocket", 400, "transport=websocket needs a WebSocket"),
    "a session that is over": ("GET", f"{OPENING}&sid=x", 400, "no such session"),
    "packets for nobody": ("POST", f"{OPENING}&sid=x", 400, "no such session"),
    "packets without a session": ("POST", OPENING, 400, "no such session"),
    "a method of its own": ("PUT", OPENING, 405, None),
}  # fmt: skip


@pytest.mark.parametrize("name", REFUSED)
async def test_a_refusal_says_what_is_wrong(web: RunningWeb, name: str) -> None:
    """Before, it was a text of the library, in English, with the id of the session."""
    method, address, status, detail = REFUSED[name]
    async with httpx.AsyncClient(base_url=web.url, timeout=60) as client:
        answer = await client.request(method, address)
    error = answer.json()["error"]
    assert answer.status_code == status
    assert set(error["message"]) == {"de", "en"}
    assert (error.get("detail") or "").startswith(detail or "")
    if status == 405:
        assert answer.headers["allow"] == "GET, HEAD, POST"


async def test_a_body_that_is_too_large_is_refused_with_the_reason(web: RunningWeb) -> None:
    async with httpx.AsyncClient(base_url=web.url, timeout=60) as client:
        address = await session(client)
        answer = await client.post(address, content=b"4" * 70_000)
        assert (answer.status_code, answer.json()["error"]["code"]) == (413, "message_too_large")
        assert (await client.get(address)).status_code == 400


async def test_a_session_that_floods_is_told_when_to_come_back(start_web: StartWeb) -> None:
    web = await start_web(timing=Timing(hello_seconds=60.0))  # it never enters the namespace
    async with httpx.AsyncClient(base_url=web.url, timeout=60) as client:
        engine = web.parts.sockets.socketio.engine
        engine.clock_ns = lambda: 0  # nothing is forgiven while a busy machine reads them
        flow = engine.bounds.packets
        address, pongs, sent = await session(client), "\x1e".join("3" * 30_000), 0
        while (answer := await client.post(address, content=pongs)).status_code == 200:
            sent += 30_000
            assert sent < 100 * flow.burst
        error = answer.json()["error"]
        assert (answer.status_code, error["code"]) == (429, "flooding")
        assert answer.headers["retry-after"] == "10"
        assert error["retry_after_ms"] == 10_000
        await session(client)  # nobody has to wait for that


async def test_a_head_opens_no_session(web: RunningWeb) -> None:
    async with httpx.AsyncClient(base_url=web.url, timeout=60) as client:
        answer = await client.head(OPENING)
    assert (answer.status_code, answer.text) == (200, "")
    assert len(web.parts.sockets.socketio.engine.sessions) == 0


async def test_long_polling_is_described(web: RunningWeb) -> None:
    async with httpx.AsyncClient(base_url=web.url, timeout=60) as client:
        document = (await client.get("/openapi.json")).json()
    operations = document["paths"]["/socket.io/"]
    for method, statuses in (("get", {"400", "429", "503"}), ("post", {"400", "413", "429"})):
        responses = operations[method]["responses"]
        assert statuses <= responses.keys()
        assert responses["429"]["headers"]["Retry-After"]
    assert list(operations["post"]["requestBody"]["content"]) == ["text/plain"]
