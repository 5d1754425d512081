"""Houses that several people may edit, made over REST as any program would."""

from uuid import UUID

import aiohttp

from tests.faults.load.ledger import Json


async def house_of(url: str, http: aiohttp.ClientSession, people: int) -> tuple[Json, list[str]]:
    """A new house as REST answers it, and the tokens of its owner and of guests who may edit it."""

    async def post(path: str, body: Json, token: str | None = None) -> Json:
        headers = {"authorization": f"Bearer {token}"} if token else {}
        async with http.post(f"{url}{path}", json=body, headers=headers) as answer:
            assert answer.status in {200, 201}, await answer.text()
            found: Json = await answer.json()
            return found

    house = await post("/api/configurations", {})
    tokens = [house["token"]]
    link = await post(f"/api/configurations/{house['id']}/share-links", {}, tokens[0])
    while len(tokens) < people:
        guest = await post("/api/people", {})
        tokens.append(guest["token"])
        await post("/api/share-links/redeem", {"token": link["url"].split("#")[1]}, tokens[-1])
    return house, tokens


def house_id(house: Json) -> UUID:
    """The configuration's id."""
    return UUID(house["id"])
