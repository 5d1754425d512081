"""A selection as the Python client gives it: plain JSON, wherever it is read."""

import json

import msgspec
from nest_haus_client import Choice, Client

from tests.realtime.conftest import RunningWeb


async def test_a_selection_is_plain_json(web: RunningWeb) -> None:
    async with Client.register(web.url) as client:
        house = await client.join((await client.create()).code)
        await house.select("pvanlage", "pv_panels", 3)
        said = json.loads(json.dumps(house.selection))
        assert said == msgspec.json.decode(msgspec.json.encode(house.selection))
        assert said["nest"] == {"option": "nest80"}
        panels = house.selection["pvanlage"]
        assert (panels.option, panels.quantity) == ("pv_panels", 3)
        assert panels == Choice("pv_panels", 3) != house.selection["nest"]
        stored = await client.read(house.code)
        for told in (house.confirmed.selection, stored.selection):
            assert json.loads(json.dumps(told)) == said
