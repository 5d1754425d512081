"""Whatever is sent, the answer is a typed error with a code and a sentence, and nothing changes."""

import json
from typing import Any
from uuid import uuid4

import pytest
from websockets.exceptions import ConnectionClosed

from tests.realtime.clients import joined, opened
from tests.realtime.conftest import RunningWeb

OPERATIONS: list[tuple[str, str, str]] = [
    ('{"kind": "select", "category": "keller", "option": "ja"}', "outcome", "unknown_category"),
    ('{"kind": "select", "category": "nest", "option": "nest999"}', "outcome", "unknown_option"),
    ('{"kind": "set_quantity", "category": "pvanlage", "quantity": -1}', "outcome",
     "quantity_below_minimum"),
    ('{"kind": "set_quantity", "category": "pvanlage", "quantity": 1.5}', "error",
     "malformed_message"),
    ('{"kind": "set_quantity", "category": "pvanlage", "quantity": 1e99}', "error",
     "malformed_message"),
    ('{"kind": "set_quantity", "category": "pvanlage", "quantity": 99999999999999999999}', "error",
     "malformed_message"),
    ('{"kind": "set_quantity", "category": "pvanlage", "quantity": NaN}', "error",
     "malformed_message"),
    ('{"kind": "set_quantity", "category": "pvanlage", "quantity": "3"}', "error",
     "malformed_message"),
    ('{"kind": "set_quantity", "category": "pvanlage", "quantity": true}', "error",
     "malformed_message"),
    ('{"kind": "set_quantity", "category": "pvanlage", "quantity": 900}', "outcome",
     "quantity_above_maximum"),
    ('{"kind": "explode", "category": "nest"}', "error", "malformed_message"),
    ('{"category": "nest"}', "error", "malformed_message"),
    ('{"kind": "apply", "operations": []}', "error", "malformed_message"),
    ('[]', "error", "malformed_message"),
    ('null', "error", "malformed_message"),
    ('{"kind": "clear", "category": "nest"}', "outcome", "category_required"),
]  # fmt: skip

MESSAGES = [
    ("{", "malformed_message"),
    ("", "malformed_message"),
    ("null", "malformed_message"),
    ("[1, 2]", "malformed_message"),
    ('"hallo"', "malformed_message"),
    ("\\ud800", "malformed_message"),
    ('{"type": 7}', "malformed_message"),
    ('{"type": "launch"}', "unknown_message_type"),
    ('{"no": "type"}', "malformed_message"),
    ('{"type": "join"}', "malformed_message"),
    ('{"type": "op", "configuration": "x"}', "malformed_message"),
    ('{"type": "join", "configuration": "NOSUCHHS"}', "not_found"),
    ('{"type": "leave", "configuration": "NOSUCHHS"}', "not_joined"),
    ('{"type": "join", "configuration": "' + "x" * 70 + '"}', "not_found"),
    ('{"type": "introduce", "name": ""}', "name_unusable"),
    ("[" * 5000, "malformed_message"),
]


def op_text(operation: str, op_id: str, reference: str, base: str = "0") -> str:
    return (
        f'{{"type": "op", "configuration": "{reference}", "op_id": "{op_id}", '
        f'"base_version": {base}, "operation": {operation}}}'
    )


def code_of(answer: dict[str, Any]) -> str:
    if answer["type"] == "outcome":
        reason: str = answer["reasons"][0]["code"]
        return reason
    assert answer["message"]["de"], answer
    assert answer["message"]["en"], answer
    code: str = answer["code"]
    return code


@pytest.fixture(autouse=True)
def no_traceback(caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]) -> Any:
    yield
    printed = capsys.readouterr()
    assert "Traceback" not in caplog.text + printed.out + printed.err


async def test_bad_operations_over_the_socket(web: RunningWeb) -> None:
    """(MS4, MS7)"""
    api = web.api()
    created = await api.create()
    async with joined(web.ws_url, api.token or "", created["code"]) as socket:
        for operation, kind, code in OPERATIONS:
            await socket.send_text(op_text(operation, str(uuid4()), created["id"]))
            answer = await socket.next()
            while answer["type"] not in {"outcome", "error"}:
                answer = await socket.next()
            assert (answer["type"], code_of(answer)) == (kind, code), operation
    assert (await api.read(created["id"]))["version"] == 0


async def test_bad_operations_over_rest(web: RunningWeb) -> None:
    """(ER3)"""
    api = web.api()
    created = await api.create()
    for operation, kind, code in OPERATIONS:
        text = f'{{"op_id": "{uuid4()}", "base_version": 0, "operation": {operation}}}'
        answer = await api.call(
            "POST",
            f"/api/configurations/{created['id']}/ops",
            content=text,
            headers={"content-type": "application/json"},
        )
        body = answer.json()
        if kind == "outcome":
            assert answer.status_code == 422, operation
            assert body["reasons"][0]["code"] == code
        else:
            assert answer.status_code == 400, operation
            assert body["error"]["code"] == code
            assert body["error"]["message"]["de"]
    assert (await api.read(created["id"]))["version"] == 0


async def test_bad_messages_over_the_socket(web: RunningWeb) -> None:
    """(MS3, MS4, OP9)"""
    api = web.api()
    created = await api.create()
    async with joined(web.ws_url, api.token or "", created["code"]) as socket:
        for text, code in MESSAGES:
            await socket.send_text(text)
            assert code_of(await socket.until("error")) == code, text[:80]
        await socket.send_text(op_text('{"kind": "reset"}', "not-a-uuid", created["id"]))
        assert code_of(await socket.until("error")) == "malformed_message"
        await socket.send_text(op_text('{"kind": "reset"}', str(uuid4()), created["id"], "-1"))
        assert code_of(await socket.until("error")) == "malformed_message"
        await socket.send_text(op_text('{"kind": "reset"}', str(uuid4()), created["id"], "77"))
        assert code_of(await socket.until("error")) == "version_unknown"
        assert (await socket.ask("ping"))["type"] == "pong"
    assert (await api.read(created["id"]))["version"] == 0


async def test_an_oversized_frame_ends_the_socket_with_1009(web: RunningWeb) -> None:
    """(MS1, ER2)"""
    api = web.api()
    created = await api.create()
    async with joined(web.ws_url, api.token or "", created["code"]) as socket:
        await socket.send_text('{"type": "ping", "x": "' + "x" * 70_000 + '"}')
        await socket.until("error")
        with pytest.raises(ConnectionClosed) as closed:
            await socket.next()
        assert closed.value.rcvd is not None
        assert closed.value.rcvd.code == 1009
        assert socket.frames[-1]["code"] == "message_too_large"


@pytest.mark.parametrize(
    ("content", "content_type", "status", "code"),
    [
        (b"{}", "text/plain", 415, "unsupported_media_type"),
        (b"{", "application/json", 400, "malformed_message"),
        (b"\xff\xfe", "application/json", 400, "malformed_message"),
        (b'{"catalogue": "' + b"x" * 70_000 + b'"}', "application/json", 413, "message_too_large"),
        (b'{"catalogue": "nest-haus-1900"}', "application/json", 404, "unknown_catalogue"),
        (b'{"catalogue": 7}', "application/json", 400, "malformed_message"),
    ],
)
async def test_bad_bodies(
    web: RunningWeb, content: bytes, content_type: str, status: int, code: str
) -> None:
    """(ER3)"""
    answer = await web.api().call(
        "POST", "/api/configurations", content=content, headers={"content-type": content_type}
    )
    assert answer.status_code == status
    assert answer.json()["error"]["code"] == code


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("DELETE", "/api/configurations", {"POST"}),
        ("GET", "/api/people", {"POST"}),
        ("PUT", "/api/configurations/ABCDEFGH/ops", {"GET", "HEAD", "POST"}),
        ("POST", "/readyz", {"GET", "HEAD"}),
    ],
)
async def test_methods_that_an_address_does_not_have(
    web: RunningWeb, method: str, path: str, allowed: set[str]
) -> None:
    answer = await web.api().call(method, path)
    assert answer.status_code == 405
    assert answer.json()["error"]["code"] == "method_not_allowed"
    assert set(answer.headers["allow"].split(", ")) == allowed


@pytest.mark.parametrize(
    "reference",
    ["nope", "00000000-0000-0000-0000-000000000000", "ZZZZZZZZ", "x" * 300, "..%2f.."],
)
async def test_unknown_configurations_are_not_found(web: RunningWeb, reference: str) -> None:
    """(JN1)"""
    api = web.api()
    await api.create()
    answer = await api.call("GET", f"/api/configurations/{reference}")
    assert answer.status_code == 404


@pytest.mark.parametrize("since", ["-1", "1.5", "NaN", "99", "x", "9" * 40])
async def test_bad_positions_in_the_log(web: RunningWeb, since: str) -> None:
    api = web.api()
    created = await api.create()
    answer = await api.call("GET", f"/api/configurations/{created['id']}/ops?since={since}")
    assert answer.status_code in {400, 409}
    assert answer.json()["error"]["code"] in {"malformed_message", "version_unknown"}


@pytest.mark.parametrize(
    "selection",
    [
        {},
        {"nest": {"option": "nest80"}},
        {"nest": {"option": "nest80", "quantity": 3}},
        {"nest": "nest80"},
        {"keller": {"option": "ja"}},
    ],
)
async def test_selections_that_cannot_be_priced(
    web: RunningWeb, selection: dict[str, object]
) -> None:
    answer = await web.api().call("POST", "/api/price", json={"selection": selection})
    assert answer.status_code == 422
    assert answer.json()["error"]["code"] == "unusable_selection"
    assert answer.json()["error"]["detail"]


async def test_a_peer_without_a_hello_is_told_and_closed(web: RunningWeb) -> None:
    """(CN1, CN4)"""
    async with opened(web.ws_url) as socket:
        assert code_of(await socket.ask("join", configuration="ABCDEFGH")) == "hello_first"
        assert code_of(await socket.hello("no-such-token-anywhere")) == "not_authenticated"
        with pytest.raises(ConnectionClosed) as closed:
            await socket.next()
        assert closed.value.rcvd is not None
        assert closed.value.rcvd.code == 4001


async def test_an_old_client_is_refused_with_the_reason(web: RunningWeb) -> None:
    """(CN5)"""
    async with opened(web.ws_url) as socket:
        assert code_of(await socket.ask("hello", protocol=0)) == "client_too_old"


async def test_foreign_pages_cannot_use_the_visitors_cookie(web: RunningWeb) -> None:
    """(CN7)"""
    api = web.api()
    answer = await api.call(
        "POST",
        "/api/configurations",
        json={},
        headers={"origin": "https://evil.example", "cookie": "nest_person=abc"},
    )
    assert answer.status_code == 403
    assert answer.json()["error"]["code"] == "foreign_origin"
    with pytest.raises(Exception, match="403"):
        async with opened(web.ws_url, additional_headers={"origin": "https://evil.example"}):
            pass


async def test_a_byte_order_mark_before_a_message_is_left_out(web: RunningWeb) -> None:
    """(MS7, TR1) The rule is the same as over REST."""
    api = web.api()
    await api.create()
    async with opened(web.ws_url) as socket:
        await socket.send_text(
            "\ufeff" + json.dumps({"type": "hello", "id": "1", "protocol": 1, "token": api.token})
        )
        assert (await socket.next())["type"] == "welcome"
        await socket.connection.send(b'\xef\xbb\xbf{"type":"ping","id":"2"}')
        assert (await socket.next())["re"] == "2"
        await socket.connection.send(b'{"type":"ping","id":"3","ignored":"\xff"}')
        assert code_of(await socket.until("error", re="3")) == "malformed_message"


@pytest.mark.parametrize("levels", [400, 800, 950, 1_100, 5_000])
async def test_an_absurdly_nested_body_is_refused_in_our_own_words(
    web: RunningWeb, levels: int
) -> None:
    """(MS7, ER4) It is refused like a message, and so are tracked interactions."""
    api = web.api()
    created = await api.create()
    deep = "[" * levels + "]" * levels
    sent = {
        f"/api/configurations/{created['id']}/ops": (
            f'{{"note": {deep}, "op_id": "{uuid4()}", "base_version": 0, '
            '"operation": {"kind": "reset"}}'
        ),
        "/api/sessions/track-interaction": (
            f'{{"sessionId": "s", "interaction": {{"eventType": "click", "props": {{"a": {deep}}}}}}}'
        ),
    }
    for path, text in sent.items():
        answer = await api.call(
            "POST", path, content=text, headers={"content-type": "application/json"}
        )
        assert answer.status_code < 500, (path, answer.text)
        for told in ("recursion", "deserializing", "Traceback"):
            assert told not in answer.text, (path, answer.text)
        if path.endswith("/ops") and levels > 1_000:
            assert answer.json()["error"]["detail"] == "This is nested too deeply"
