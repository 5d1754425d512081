"""Nothing that a stranger sends is told in the log, forges a line of it, or fills the disk with it."""

import asyncio
import contextlib
import json
from collections.abc import Callable, Coroutine
from functools import partial

import httpx
import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import WebSocketException
from websockets.typing import Subprotocol

from tests.attack.canaries import Canaries
from tests.attack.conftest import StartVictim
from tests.attack.page import loaded
from tests.attack.victim import Victim
from tests.realtime.clients import Api
from tests.support.waiting import eventually

pytestmark = pytest.mark.timeout(180)

FORGED = '{"event":"admin_logged_in","level":"info"}'
NICEGUI = "/_nicegui_ws/socket.io/?EIO=4&transport=websocket"
SOCKETIO = "/socket.io/?EIO=4&transport=websocket"
LINE_BYTES_MAX = 20_000
TIMES = 100


@pytest.fixture
async def victim(start_victim: StartVictim) -> Victim:
    """Behind a proxy on this machine, so that addresses of visitors are known."""
    return await start_victim(NEST_TRUSTED_PROXIES="127.0.0.1", NEST_LOG_LEVEL="debug")


def lines_of(log: str) -> list[dict[str, object]]:
    """Every line is an object with these fields, however the reader splits lines."""
    lines = [json.loads(line) for line in log.splitlines()]
    assert all({"event", "level", "logger", "node", "ts"} <= set(line) for line in lines)
    return lines


def headers_with(canaries: Canaries) -> dict[str, str]:
    return {
        "authorization": f"Bearer {canaries.token()}",
        "cookie": f"nest_person={canaries.token()}; nest_admin={canaries.token()}; x={canaries.mail()}",
        "user-agent": canaries.text(),
        "referer": f"https://elsewhere.example/?q={canaries.token()}",
        "x-forwarded-for": canaries.address(),
        "x-forwarded-proto": "https",
        "accept-language": canaries.token(),
        "x-request-id": canaries.token(),
    }


async def raw(victim: Victim, request: str) -> None:
    with contextlib.suppress(OSError, TimeoutError):
        await victim.ask(request.encode(), within=2.0)


async def talk(victim: Victim, target: str, *frames: str | bytes, **headers: str) -> None:
    """Open a WebSocket and say these; however it is refused or ended."""
    with contextlib.suppress(WebSocketException, OSError, TimeoutError):
        async with connect(
            f"ws://{victim.host}:{victim.port}{target}",
            additional_headers=headers,
            user_agent_header=None,
            subprotocols=[Subprotocol("nest.v1")] if target.startswith("/ws") else None,
            close_timeout=0.5,
        ) as connection:
            for frame in frames:
                await connection.send(frame)
            async with asyncio.timeout(1.0):
                while frames:
                    await connection.recv()


async def ask_for_every_address(victim: Victim, canaries: Canaries) -> None:
    for target in canaries.in_addresses():
        await raw(
            victim,
            f"GET {target} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n"
            f"X-Forwarded-For: {canaries.address_v6()}\r\n\r\n",
        )
        await talk(victim, target, **headers_with(canaries))
    upgrade = "GET /ws HTTP/1.1\r\nHost: x\r\nConnection: upgrade\r\nUpgrade: websocket\r\n"
    for broken in (
        f"GET /{canaries.token()} HTTP/9\r\n\r\n",
        f"{canaries.short_token()} / HTTP/1.1\r\nHost: x\r\n\r\n",
        f"GET / HTTP/1.1\r\nHost: x\r\n{canaries.token()}\r\n\r\n",
        f"{upgrade}Sec-WebSocket-Version: {canaries.short_token()}\r\n\r\n",
        f"{upgrade}Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {canaries.token()}\r\n\r\n",
        f"POST /api/people HTTP/1.1\r\nHost: x\r\nContent-Length: {canaries.token()}\r\n\r\n",
    ):
        await raw(victim, broken)


async def send_every_body(victim: Victim, canaries: Canaries) -> None:
    bodies: dict[str, object] = {
        "/api/people": {"name": canaries.text()},
        "/api/share-links/redeem": {"token": canaries.token()},
        "/api/tickets": {"audience": canaries.token()},
        "/api/admin/login": {"token": canaries.token()},
        "/api/configurations": {"name": canaries.text(), canaries.token(): canaries.mail()},
        "/api/price": {"selection": {canaries.token(): canaries.token()}},
        "/api/sessions/track-interaction": {
            "sessionId": canaries.short_token(),
            "interaction": {
                "eventType": canaries.mail(),
                "category": canaries.short_token(),
                "props": {canaries.token(): canaries.text()},
            },
        },
    }
    async with httpx.AsyncClient(base_url=victim.url, verify=False) as client:
        for path, body in bodies.items():
            for content in (json.dumps(body).encode(), json.dumps(body).encode()[:-1] + b"\xff"):
                await client.post(
                    path,
                    content=content,
                    headers={"content-type": "application/json", **headers_with(canaries)},
                )
        await client.post("/start", data={"name": canaries.text()})


async def say_everything(victim: Victim, canaries: Canaries) -> None:
    await talk(
        victim,
        "/ws",
        json.dumps({"type": "hello", "protocol": 1}),
        json.dumps({"type": "introduce", "name": canaries.text()}),
        json.dumps({"type": "join", "configuration": canaries.token()}),
        json.dumps({"type": canaries.token(), "id": canaries.token()}),
        json.dumps(
            {"type": "track", "session_id": canaries.token(), "interaction": canaries.mail()}
        ),
        canaries.text(),
        canaries.text().encode() + b"\xff",
        **headers_with(canaries),
    )
    await talk(
        victim, "/ws", json.dumps({"type": "hello", "protocol": 1, "token": canaries.token()})
    )
    for target in (SOCKETIO, NICEGUI):
        for last in (f'42["{canaries.token()}",1]', f"9{canaries.token()}", canaries.token(),
                     f'42["log",{{"message":"{canaries.token()}"}}]', f'42[["{canaries.token()}"]]',
                     f'42["connect","{canaries.token()}"]', f'451-["{canaries.token()}",'):  # fmt: skip
            auth = json.dumps({"token": canaries.token()})
            await talk(victim, target, f"40{auth}", last, **headers_with(canaries))
    owner = Api(victim.url)
    house = (await owner.create())["code"]
    page = await loaded(victim, owner, house)
    tab = {**page.loaded.asked, "tab_id": canaries.token(), "document_id": canaries.token()}
    await talk(
        victim,
        f"{NICEGUI}&client_id={tab['client_id']}",
        "40",
        f"420{json.dumps(['handshake', tab])}",
        f"42{json.dumps(['log', {**tab, 'level': 'error', 'message': canaries.text()}])}",
        f"42{json.dumps(['event', {**tab, 'id': 1, 'listener_id': canaries.token(), 'args': []}])}",
        f"42{json.dumps(['javascript_response', {**tab, 'request_id': canaries.token()}])}",
        cookie=page.cookie,
    )
    await eventually(lambda: "page_log" in victim.log, why="the page's message is logged")


async def forge(victim: Victim) -> None:
    """Line ends in what a library repeats, also those of Unicode and of terminals."""
    for end in ("%0a", "%0d%0a", "%0b", "%1b%5b2K%0d", "%c2%85", "%e2%80%a8", "%1c"):
        for path in (
            "/socket.io/?EIO=4&transport=polling&sid=A",
            "/_nicegui_ws/socket.io/?EIO=4&sid=A",
            "/ws/A",
        ):
            target = f"{path}{end}{FORGED}".replace('"', "%22").replace("{", "%7b")
            await raw(victim, f"GET {target} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
            await talk(victim, target.replace("polling", "websocket"))


async def often(attack: Callable[[], Coroutine[None, None, None]]) -> None:
    for _ in range(TIMES // 20):
        async with asyncio.TaskGroup() as attacking:
            for _ in range(20):
                attacking.create_task(attack())


async def test_no_line_has_a_secret_or_a_full_address_or_is_forged(victim: Victim) -> None:
    """At level debug, too; every line is JSON, and the message of a page is among them."""
    canaries = Canaries()
    async with victim.attacked() as cost:
        await ask_for_every_address(victim, canaries)
        await send_every_body(victim, canaries)
        await say_everything(victim, canaries)
        await forge(victim)
    print(cost)
    log = victim.log
    assert not [line for line in lines_of(log) if line["event"] == "admin_logged_in"]
    assert "\x1b" not in log
    assert not canaries.found_in(log), [
        line for line in log.splitlines() if canaries.found_in(line)
    ][:10]


async def test_a_flood_of_one_kind_is_counted_instead_of_written(victim: Victim) -> None:
    """Refused handshakes, bad requests, unknown ids, malformed packets: each 100 times."""
    floods = {
        "handshake": "GET /nope HTTP/1.1\r\nHost: x\r\nConnection: upgrade\r\nUpgrade: websocket\r\n"
        "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: MDEyMzQ1Njc4OWFiY2RlZg==\r\n\r\n",
        "request": "GET / HTTP/9\r\n\r\n",
        "engine id": "GET /socket.io/?EIO=4&transport=polling&sid=A HTTP/1.1\r\nHost: x\r\n"
        "Connection: close\r\n\r\n",
    }
    for name, request in floods.items():
        async with victim.attacked() as cost:
            await often(partial(raw, victim, request))
        print(f"{name}: {cost.log_bytes / TIMES:.0f} bytes each; {cost}")
        assert cost.log_bytes <= TIMES * 80, (name, cost)
    async with victim.attacked() as cost:
        await often(partial(talk, victim, NICEGUI, "x"))
    print(f"packet: {cost.log_bytes / TIMES:.0f} bytes each; {cost}")
    assert cost.log_bytes <= TIMES * 80, cost
    assert max(map(len, victim.log.splitlines())) < LINE_BYTES_MAX
