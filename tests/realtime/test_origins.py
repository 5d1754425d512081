"""Which pages may use a visitor's cookie: our own, by whatever name this process was reached."""

import httpx

from tests.realtime.conftest import RunningWeb

SOCKETS = "/socket.io/?EIO=4&transport=polling"


async def handshake(web: RunningWeb, **headers: str) -> int:
    async with httpx.AsyncClient(base_url=web.url, verify=False) as client:
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
        assert await handshake(web, origin=origin) == 400, origin
