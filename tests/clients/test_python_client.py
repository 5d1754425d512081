"""The Python client against a real web process: what its user is promised."""

import asyncio

from nest_haus_client import Client, House, Select, SetQuantity
from tests.realtime.conftest import RunningWeb


async def house_of(client: Client) -> House:
    return await client.join((await client.create()).code)


async def test_the_outcome_and_its_effect_come_together(web: RunningWeb) -> None:
    async with Client.register(web.url, name="Anna") as client:
        house = await house_of(client)
        before = house.total_cents

        outcome = await house.select("nest", "nest120")

        assert outcome.outcome == "committed"
        assert house.version == outcome.version == 1
        assert house.selection["nest"].option == "nest120"
        assert house.total_cents == outcome.total_cents
        assert house.total_cents != before
        assert not house.pending
        assert client.person is not None
        assert client.person.name == "Anna"
