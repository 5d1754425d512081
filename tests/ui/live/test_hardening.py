"""NiceGUI's socket: who may connect, and whose page an event may touch."""

import json
from contextlib import suppress

import pytest
from nicegui import Client, core
from playwright.sync_api import expect
from websockets import Origin
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import connect

from tests.support.waiting import eventually_blocking
from tests.ui.configurator.test_configurator import open_house, option, status, total
from tests.ui.conftest import Served, Visit
from ui.live.history import HISTORY_BYTES_MAX, PageHistory
from ui.live.socket import TextOnlyPacket, origin_check

ANSWER_SECONDS = 20
FIND_LISTENER = """() => {
    const [id, element] = Object.entries(mounted_app.elements).find(([, e]) => e.events.some((event) => event.type === "message"));
    const listener = element.events.find((event) => event.type === "message");
    return { id: Number(id), client_id: window.clientId, listener_id: listener.listener_id };
}"""


@pytest.mark.e2e
def test_an_event_from_a_foreign_socket_does_nothing(served: Served, visit: Visit) -> None:
    house = served.house()
    anna = open_house(visit, house)
    mallory = open_house(visit, served.house(), person="Mallory")
    status(anna, "saved")
    forged = anna.evaluate(FIND_LISTENER)
    operation = {"kind": "select", "category": "nest", "option": "nest160"}
    text = json.dumps(
        {
            "type": "op",
            "configuration": house.id,
            "op_id": "0197a000-0000-7000-8000-000000000001",
            "base_version": 0,
            "operation": operation,
        }
    )
    send = (
        "([event, text]) => window.socket.emit('event', {...event, args: [JSON.stringify(text)]})"
    )
    mallory.evaluate(send, [forged, text])
    for junk in ("'x'", "null", "{client_id: window.clientId}", "[1]", "{client_id: {}}"):
        for name in ("event", "ack", "javascript_response", "log"):
            mallory.evaluate(f"window.socket.emit('{name}', {junk})")
    option(mallory, "nest", "nest100").click()
    total(mallory, "€ 206.300")
    expect(mallory.get_by_test_id("status")).to_have_attribute("data-status", "saved")
    assert house.version == 0
    anna.evaluate(send, [forged, text])
    total(anna, "€ 313.100")


@pytest.mark.e2e
def test_a_page_that_floods_is_told_and_ends(served: Served, visit: Visit) -> None:
    """Its socket is closed for good, its place here is given up, and it loads itself again later."""
    anna = open_house(visit, served.house())
    status(anna, "saved")
    client_id = anna.evaluate("window.clientId")
    anna.evaluate(
        """() => {
            window.waits = [];
            const later = window.setTimeout;
            window.setTimeout = (what, ms, ...more) => { window.waits.push(ms); return later(what, ms, ...more); };
            const message = { client_id: window.clientId, next_message_id: 0 };
            for (let i = 0; i < 4000; i++) window.socket.emit("ack", message);
        }"""
    )
    status(anna, "offline")
    anna.wait_for_function("window.waits.some((ms) => ms > 10000 && ms < 13000)")
    assert anna.evaluate("window.socket.active") is False
    eventually_blocking(lambda: client_id not in Client.instances, why="the page is forgotten")


@pytest.mark.e2e
def test_nothing_is_kept_for_a_tab(served: Served, visit: Visit) -> None:
    """NiceGUI kept an entry for an hour of each tab that a stranger made up."""
    status(open_house(visit, served.house()), "saved")
    assert not core.app.storage._tabs


def test_a_foreign_origin_is_refused(served: Served) -> None:
    address = served.url.replace("http", "ws") + "/_nicegui_ws/socket.io/?EIO=4&transport=websocket"
    with pytest.raises(InvalidStatus), connect(address, origin=Origin("https://evil.example")):
        pass
    with connect(address, origin=Origin(served.url)) as own:
        assert str(own.recv(ANSWER_SECONDS)).startswith("0{")


@pytest.mark.parametrize(
    ("origin", "scheme", "host", "ours"),
    [
        ("https://house.example", "http", "10.0.0.7:8080", True),
        ("http://localhost:8080", "http", "localhost:8080", True),
        ("http://192.168.7.5:8080", "ws", "192.168.7.5:8080", True),
        ("https://house.local", "wss", "house.local", True),
        ("https://house.local", "ws", "house.local", False),
        ("http://localhost:9999", "http", "localhost:8080", False),
        ("https://evil.example", "http", "house.example", False),
        ("null", "http", "localhost:8080", False),
    ],
)
def test_pages_of_the_public_address_and_of_the_one_that_was_asked_for(
    origin: str, scheme: str, host: str, ours: bool
) -> None:
    asked = {
        "asgi.scope": {"scheme": scheme},
        "HTTP_HOST": host,
        "HTTP_X_FORWARDED_PROTO": "https",
        "wsgi.url_scheme": "https",
    }
    assert origin_check(["https://house.example"])(origin, asked) is ours


@pytest.mark.parametrize(
    "packet",
    [
        '42["handshake", {}]',
        '42["handshake", "x"]',
        '42["handshake"]',
        '42["handshake", {"client_id": {}, "tab_id": 1, "document_id": []}]',
        '42["event"]',
        '42["event", {}, 1, 2]',
        '42["ack", null]',
        '42["event", NaN]',
        '42["no-such-event", {}]',
        "49",
        '451000-["event"]',
        "4x",
        "x",
        "",
    ],
)
def test_malformed_packets_leave_no_traceback(
    served: Served, packet: str, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    address = served.url.replace("http", "ws") + "/_nicegui_ws/socket.io/?EIO=4&transport=websocket"
    with connect(address) as socket:
        socket.recv(ANSWER_SECONDS)
        socket.send("40")
        socket.recv(ANSWER_SECONDS)
        socket.send(packet)
        with suppress(ConnectionClosed):
            socket.send('427["ack", {}]')
            while not str(socket.recv(ANSWER_SECONDS)).startswith("437"):
                pass
    printed = capfd.readouterr()
    assert "Traceback" not in caplog.text + printed.out + printed.err


@pytest.mark.parametrize("announced", ['51-["event",{}]', '51000000-["event",{}]'])
def test_attachments_are_refused(announced: str) -> None:
    with pytest.raises(ValueError, match="attachments"):
        TextOnlyPacket(encoded_packet=announced)


def test_text_packets_pass() -> None:
    packet = TextOnlyPacket(encoded_packet='2["event",{"a":1}]')
    assert packet.data == ["event", {"a": 1}]


def test_the_history_of_a_page_is_bounded_in_bytes() -> None:
    history = PageHistory()
    for number in range(1_000):
        history.append((number, 0.0, ("page", "run_javascript", {"code": "x" * 10_000})))
    assert [entry[0] for entry in history] == list(range(1_000 - len(history), 1_000))
    assert HISTORY_BYTES_MAX - 11_000 < history.size_bytes <= HISTORY_BYTES_MAX
    history.pop()
    history.popleft()
    assert history.size_bytes <= HISTORY_BYTES_MAX - 2 * 10_000
    history.clear()
    assert history.size_bytes == 0
