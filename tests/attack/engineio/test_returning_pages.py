"""A page that says it was open before: what a stranger learns with it of houses that are not theirs."""

import json
from dataclasses import replace
from typing import Any
from uuid import uuid4

import pytest
from websockets.asyncio.client import ClientConnection

from tests.attack.page import Page, loaded
from tests.attack.victim import Victim
from tests.realtime.clients import Api
from tests.support.page_peer import shown

pytestmark = pytest.mark.timeout(180)

NEXT = 7


async def next_shown(opened: ClientConnection) -> dict[str, Any]:
    """The next frame for the screen."""
    while not (text := str(await opened.recv())).startswith("42"):
        assert text.startswith(("0", "2", "40{")), text
    return shown(text)


async def learnt(page: Page, address: str, configuration: str) -> list[dict[str, Any]]:
    """All that a forged page at this address is shown, a join of this house and its op included."""
    asked = {"client_id": str(uuid4()), "next_message_id": NEXT, "page": address}
    forged = replace(page, loaded=replace(page.loaded, asked=page.loaded.asked | asked))
    about = {"configuration": configuration, "id": "0"}
    op = {"op_id": str(uuid4()), "base_version": 0, "operation": {"kind": "reset"}}
    async with await forged.socket("document") as opened:
        for message in (
            {"type": "join", **about},
            {"type": "op", **about, **op},
            {"type": "ping", "id": "last"},
        ):
            await opened.send(forged.say(json.dumps(message)))
        frames: list[dict[str, Any]] = []
        while not frames or frames[-1]["type"] != "pong":
            frames.append(await next_shown(opened))
    return [
        {n: v for n, v in each.items() if n not in ("connection", "op_id", "_id")}
        for each in frames
    ]


async def test_a_forged_return_tells_a_stranger_the_same_of_every_house(victim: Victim) -> None:
    anna, mallory = Api(victim.url), Api(victim.url)
    house = await anna.create()
    own = await mallory.create()
    page = await loaded(victim, mallory, own["code"])
    foreign = await learnt(page, f"/c/{house['code']}", house["id"])
    nowhere = await learnt(page, "/c/NOHOUSE9", str(uuid4()))
    assert foreign == nowhere
    assert [each["type"] for each in foreign] == ["welcome", "error", "error", "pong"]
    assert {each["code"] for each in foreign if each["type"] == "error"} == {"not_found"}
    assert (await anna.read(house["code"]))["version"] == 0


@pytest.mark.parametrize("cookie", ["", "nest_person=nobody-at-all-0123456789abcdef"])
async def test_a_stranger_gets_no_page_by_saying_it_was_open(victim: Victim, cookie: str) -> None:
    anna = Api(victim.url)
    page = await loaded(victim, anna, (await anna.create())["code"])
    asked = {"client_id": str(uuid4()), "next_message_id": NEXT}
    forged = replace(
        page, cookie=cookie, loaded=replace(page.loaded, asked=page.loaded.asked | asked)
    )
    async with await forged.socket("document") as opened:
        while (text := str(await opened.recv())) == "2":
            pass
        assert text.startswith("44"), text
