"""Requests beyond an allowance over REST: told when to come back, and it is true; caps; admins."""

from datetime import timedelta

import pytest

from configurator.people.sharing import Invitation
from configurator.protocol.codes import Refused
from realtime.limits.allowances import (
    ALLOWANCES,
    HOUSES_OF_PERSON,
    LINKS_OF_HOUSE,
    TRACK_UNIT_BYTES,
)
from tests.realtime.activity.live.test_watching import admin_token
from tests.realtime.clients import Api
from tests.realtime.conftest import StartWeb

SCALE = 0.1
TRACK = "/api/sessions/track-interactions"


async def test_a_client_that_waits_as_told_gets_through(start_web: StartWeb) -> None:
    web = await start_web(limit_scale=SCALE)
    api = web.api()
    web.time.stop()
    batch = {"sessionId": "s", "interactions": [{"eventType": "e", "category": "c"}] * 500}
    reads = {"method": "GET", "path": "/api/events/types"}
    people = {"method": "POST", "path": "/api/people", "json": {}}
    tracked = {"method": "POST", "path": TRACK, "json": batch}
    for asked in (reads, people, tracked):
        while (answer := await api.call(**asked)).status_code in {200, 201}:
            pass
        assert answer.status_code == 429
        web.time.go_on(timedelta(seconds=int(answer.headers["retry-after"])))
        assert (await api.call(**asked)).status_code in {200, 201}


async def test_interactions_are_refused_in_the_words_of_the_original(start_web: StartWeb) -> None:
    web = await start_web(limit_scale=SCALE)
    web.parts.limits.requests.charge(
        "track", "127.0.0.0/24", 100 * ALLOWANCES["track"].network.burst
    )
    answer = await web.api().call("POST", TRACK, content=b"not even read")
    said = answer.json()
    assert answer.status_code == 429
    assert isinstance(said["error"], str)
    assert said["code"] == "too_many_requests"
    assert said["retry_after_ms"] > 1000
    assert int(answer.headers["retry-after"]) * 1000 >= said["retry_after_ms"]


async def test_long_interactions_cost_as_much_as_many(start_web: StartWeb) -> None:
    web = await start_web(limit_scale=SCALE)
    web.time.stop()
    api, most = web.api(), ALLOWANCES["track"].network.scaled(SCALE).burst
    long = {"eventType": "e", "category": "c", "selectionValue": "x" * 1_000}
    body = {"sessionId": "s", "interactions": [long] * 300}
    sent = 0
    while (await api.call("POST", TRACK, json=body)).status_code == 200:
        sent += 1
    assert sent * 300_000 / TRACK_UNIT_BYTES <= most + 2 * 300_000 / TRACK_UNIT_BYTES
    assert sent >= 2


async def test_an_admin_works_on_while_strangers_of_the_network_are_refused(
    start_web: StartWeb,
) -> None:
    web = await start_web(limit_scale=SCALE)
    web.time.stop()
    admin, stranger = Api(web.url, await admin_token(web)), web.api()
    asked = [await stranger.call("GET", "/api/admin/jobs") for _ in range(30)]
    assert asked[0].status_code == 401
    assert asked[-1].status_code == 429
    forged = Api(web.url, "x" * 43)
    assert 429 in {(await forged.call("GET", "/api/admin/jobs")).status_code for _ in range(9)}
    worked = [await admin.call("GET", "/api/admin/jobs") for _ in range(20)]
    assert {each.status_code for each in worked} == {200}


async def test_houses_of_a_person_and_links_of_a_house_have_a_most(start_web: StartWeb) -> None:
    web = await start_web(limit_scale=SCALE)
    actions = web.parts.editing.actions
    anna, token = await actions.people.register()
    houses = [await actions.create(anna) for _ in range(int(HOUSES_OF_PERSON * SCALE))]
    refused = await Api(web.url, token).call("POST", "/api/configurations", json={})
    assert (refused.status_code, refused.json()["error"]["code"]) == (409, "too_many_houses")
    sharing = web.parts.editing.sharing
    for _ in range(int(LINKS_OF_HOUSE * SCALE)):
        await sharing.invite(anna, houses[0].code, Invitation())
    with pytest.raises(Refused, match="too_many_links"):
        await sharing.invite(anna, houses[0].code, Invitation())
    await sharing.invite(anna, houses[1].code, Invitation())
