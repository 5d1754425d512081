"""A house keeps the catalogue it was begun with, whatever the current one is."""

import json

from storage.postgres.configurations.catalogues import Catalogues
from storage.postgres.engine import Database
from tests.configurator.nest_haus import CATALOGUE, CATALOGUE_TEXT
from tests.realtime.conftest import RunningWeb
from tests.realtime.page_tabs import page

OLDER = CATALOGUE_TEXT.replace(f"id: {CATALOGUE.id}\n", "id: older\n").replace(
    "{de: Trapezblech, en: Trapezoidal steel}", "{de: Blech, en: Steel}"
)


async def test_a_page_shows_the_catalogue_of_its_house(web: RunningWeb, database_url: str) -> None:
    async with Database(database_url, pool_size=1) as database:
        await Catalogues(database).publish("older", "r1", OLDER)
    api = web.api()
    begun = await api.call("POST", "/api/configurations", json={"catalogue": "older"})
    asked = begun.json()
    async with page(web, asked["token"], asked["code"]) as tab:
        shown = json.loads(tab.sight.catalogue_json)
    shells = next(each for each in shown["categories"] if each["id"] == "gebaeudehuelle")
    assert shown["id"] == "older"
    assert shells["options"][0]["name"]["de"] == "Blech"


async def test_a_stored_catalogue_that_cannot_be_drawn_is_refused_with_a_code(
    web: RunningWeb, database_url: str
) -> None:
    """Published by code that did not look yet whether there are pictures."""
    undrawn = OLDER.replace("- id: aluminium", "- id: messing").replace("id: older", "id: undrawn")
    async with Database(database_url, pool_size=1) as database:
        await Catalogues(database).publish("undrawn", "r1", undrawn)
    answer = await web.api().call("POST", "/api/configurations", json={"catalogue": "undrawn"})
    assert answer.status_code == 404
    assert answer.json()["error"]["code"] == "unknown_catalogue"


async def test_a_picture_of_an_earlier_geometry_leads_to_todays(web: RunningWeb) -> None:
    answer = await web.api().call("GET", "/preview/v1/interior/nest80.kiefer.parkett.svg?lang=en")
    assert answer.status_code == 307
    assert answer.headers["location"] == "/preview/v2/interior/nest80.kiefer.parkett.svg?lang=en"
