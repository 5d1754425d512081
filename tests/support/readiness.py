"""`GET /readyz` of a web process, asked until it says something."""

from typing import Any

import httpx

from tests.support.waiting import eventually

Json = dict[str, Any]


async def readiness(url: str) -> Json:
    """The answer, which says the same as its status. Raises httpx.ConnectError where none listens."""
    async with httpx.AsyncClient(base_url=url, verify=False, timeout=10) as client:
        answer = await client.get("/readyz")
    found: Json = answer.json()
    assert answer.status_code == (200 if found["ready"] else 503)
    return found


async def until_it_says(url: str, **expected: object) -> Json:
    """The first answer with these values."""

    async def found() -> Json | None:
        try:
            now = await readiness(url)
        except httpx.TransportError:  # none listens, or it is too busy to answer
            return None
        return now if now.items() >= expected.items() else None

    answer = await eventually(found, 40, why=f"{url} says {expected}")
    assert answer is not None
    return answer
