"""WebSockets that are not opened: the answer says why, with a code and a sentence."""

import httpx
import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus

from configurator.protocol.codes import CODES
from tests.realtime.clients import Json
from tests.realtime.conftest import RunningWeb


async def refused(web: RunningWeb, path: str, **headers: str) -> Json:
    """The refusal of a handshake, which is a whole one of REST."""
    address = web.ws_url.removesuffix("/ws") + path
    with pytest.raises(InvalidStatus) as found:
        async with connect(address, additional_headers=headers):
            pass
    answer = found.value.response
    error: Json = httpx.Response(answer.status_code, content=bytes(answer.body or b"")).json()[
        "error"
    ]
    code = CODES[error["code"]]
    assert (answer.status_code, error["retryable"]) == (code.status, code.retryable)
    assert error["message"] == {"de": code.text.de, "en": code.text.en}
    assert answer.headers["content-type"] == "application/json"
    return error


@pytest.mark.parametrize(
    "path", ["/", "/nowhere", "/ws/", "/ws/more", "/wss", "/api/configurations", "/socket.io"]
)
async def test_another_path_is_named_with_those_that_there_are(web: RunningWeb, path: str) -> None:
    """(TR19)"""
    error = await refused(web, path)
    assert error["code"] == "page_not_found"
    assert error["detail"] == "WebSockets are opened at /ws, Socket.IO at /socket.io/"


@pytest.mark.parametrize(
    "query", ["", "?EIO=3&transport=websocket", "?EIO=4&transport=websocket&sid=x"]
)
async def test_a_handshake_that_engine_io_does_not_understand_is_refused(
    web: RunningWeb, query: str
) -> None:
    """(TR19)"""
    error = await refused(web, f"/socket.io/{query}")
    assert error["code"] == "handshake_unusable"
    assert error["detail"]


@pytest.mark.parametrize("path", ["/ws", "/socket.io/?EIO=4&transport=websocket"])
async def test_a_foreign_page_is_refused_with_the_reason(web: RunningWeb, path: str) -> None:
    """(CN7, TR19)"""
    assert (await refused(web, path, origin="https://evil.example"))["code"] == "foreign_origin"


@pytest.mark.parametrize("method", ["GET", "POST", "HEAD", "PURGE"])
async def test_a_request_for_the_socket_says_how_to_open_it(web: RunningWeb, method: str) -> None:
    """(TR19) RFC 9110, 15.5.22."""
    answer = await web.api().call(method, "/ws")
    assert answer.status_code == 426
    assert answer.headers["upgrade"] == "websocket"
    assert answer.headers["connection"].lower() == "upgrade"
    if method != "HEAD":
        assert answer.json()["error"]["code"] == "upgrade_required"


async def test_a_request_for_an_upgrade_to_another_protocol_is_not_a_handshake(
    web: RunningWeb,
) -> None:
    """(TR19)"""
    headers = {"connection": "Upgrade", "upgrade": "h2c"}
    answer = await web.api().call("GET", "/ws", headers=headers)
    assert (answer.status_code, answer.json()["error"]["code"]) == (426, "upgrade_required")
