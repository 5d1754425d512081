"""The address that is kept behind proxies: the right-most one that is not a trusted proxy's."""

from typing import Any

import httpx
import pytest

from configurator.activity.interaction import Event
from realtime.api.tracking import TRACK_MANY_PATH
from tests.realtime.conftest import RunningWeb, StartWeb
from tests.realtime.transports.test_tracking_sockets import CHROME, CLICK, WAYS, entries, token_of

HERE = "127.0.0.0/24"
PROXIES = "127.0.0.1, 10.0.0.0/8, fd00::/8"

FORWARDED = [
    ("203.0.113.9", "203.0.113.0/24"),
    ("203.0.113.9:4711", "203.0.113.0/24"),
    ("198.51.100.7, 203.0.113.9, 10.3.2.1", "203.0.113.0/24"),  # the first is only what they said
    ("2001:db8:1:2::3, fd00::1", "2001:db8:1::/48"),
    ("[2001:db8:1:2::3]:4711", "2001:db8:1::/48"),
    ("10.1.2.3", "10.1.2.0/24"),  # a proxy that asks by itself
    ("", None),
    (",", None),
    ("203.0.113.9, unknown", None),
    ("203.0.113.9, 999.1.1.1", None),
    ("203.0.113.9, [::1", None),
    ("203.0.113.9;203.0.113.10", None),
    ("x" * 20_000, None),
    (", ".join(["198.51.100.7"] * 2_000 + ["203.0.113.9"]), "203.0.113.0/24"),
]


async def network_of(web: RunningWeb, headers: list[tuple[str, str]]) -> str | None:
    batch = {"sessionId": "s", "interactions": [{"interaction": CLICK}]}
    async with httpx.AsyncClient(base_url=web.url, verify=False, timeout=60) as client:
        answer = await client.post(
            TRACK_MANY_PATH, json=batch, headers=[("user-agent", CHROME), *headers]
        )
    assert answer.status_code < 300, answer.text
    stored = (await entries(web))[-1]
    assert isinstance(stored, Event)
    return stored.network


async def test_the_right_most_address_that_is_not_a_trusted_proxy(start_web: StartWeb) -> None:
    web = await start_web(trusted_proxies=PROXIES)
    for told, network in FORWARDED:
        assert await network_of(web, [("x-forwarded-for", told)]) == network, told[:60]
    two_lines = [("x-forwarded-for", "198.51.100.7"), ("x-forwarded-for", "203.0.113.9")]
    assert await network_of(web, two_lines) == "203.0.113.0/24"
    assert await network_of(web, [("x-real-ip", "203.0.113.9")]) == HERE


@pytest.mark.parametrize("trusted", ["", "10.0.0.0/8"])
async def test_nobody_else_is_believed(start_web: StartWeb, trusted: str) -> None:
    web = await start_web(trusted_proxies=trusted)
    assert await network_of(web, [("x-forwarded-for", "203.0.113.9")]) == HERE


@pytest.mark.parametrize("way", WAYS, ids=["websocket", "socketio", "polling"])
async def test_sockets_have_the_same_address(start_web: StartWeb, way: Any) -> None:
    web = await start_web(trusted_proxies=PROXIES)
    headers = {"user-agent": CHROME, "x-forwarded-for": "198.51.100.7, 203.0.113.9, 10.3.2.1"}
    async with way(web, await token_of(web), headers) as ask:
        await ask("track", session_id="s", interaction=CLICK)
        (stored,) = await entries(web)
        assert isinstance(stored, Event)
        assert stored.network == "203.0.113.0/24"


@pytest.mark.parametrize(("trusted", "status"), [(PROXIES, 200), ("", 403)])
async def test_a_page_over_https_is_ours_if_a_trusted_proxy_says_so(
    start_web: StartWeb, trusted: str, status: int
) -> None:
    web = await start_web(trusted_proxies=trusted)
    headers = {"host": "house.example", "origin": "https://house.example"}
    async with httpx.AsyncClient(base_url=web.url, verify=False, timeout=60) as client:
        answer = await client.get(
            "/socket.io/?EIO=4&transport=polling",
            headers={**headers, "x-forwarded-proto": "https"},
        )
    assert answer.status_code == status
