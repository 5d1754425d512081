"""Only our own pages may use a visitor's cookie, under every name of this process."""

import httpx

from realtime.edge.exchange import Origins
from tests.realtime.conftest import RunningWeb

SOCKETS = "/socket.io/?EIO=4&transport=polling"


async def handshake(web: RunningWeb, **headers: str) -> int:
    async with httpx.AsyncClient(base_url=web.url, verify=False, timeout=60) as client:
        return (await client.get(SOCKETS, headers=headers)).status_code


async def test_a_page_may_open_sockets_of_the_address_it_came_from(web: RunningWeb) -> None:
    port = web.url.rpartition(":")[2]
    assert await handshake(web, origin=web.url) == 200
    for name in ("localhost", "192.168.7.5", "house.local"):
        host = f"{name}:{port}"
        assert await handshake(web, host=host, origin=f"http://{host}") == 200, name


async def test_other_pages_may_not(web: RunningWeb) -> None:
    """(CN7)"""
    for origin in (
        "https://evil.example",
        "http://127.0.0.1:1",
        "http://localhost",
        "null",
        f"{web.url}.evil.example",
    ):
        assert await handshake(web, origin=origin) == 403, origin


def test_this_machine_is_not_an_origin_of_a_public_address() -> None:
    """Other programs on a visitor's machine must not use the cookies of our address."""
    ours = Origins(frozenset({"https://house.example"}))
    asked = {"scheme": "https", "host": "house.example"}
    assert ours.includes("https://house.example", **asked)
    assert not ours.includes("http://127.0.0.1:8080", **asked)
    assert ours.includes("http://127.0.0.1:8080", scheme="http", host="127.0.0.1:8080")
