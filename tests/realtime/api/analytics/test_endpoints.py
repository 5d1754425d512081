"""Analytics as admins and holders of a link get it over HTTP."""

import csv
import io
import json
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

import httpx
import pytest

from configurator.activity.event_ids import uuid7
from configurator.activity.interaction import Event
from configurator.activity.tracking import Interaction
from realtime.activity.figures.recent import LIFE_SECONDS, Recent
from realtime.activity.figures.views import FIGURES
from realtime.api.declared.openapi import openapi
from storage.postgres.activity.batch_rows import Incoming
from tests.realtime.api.analytics.stage import PATH, WEEK, opened, read, sheet_lines
from tests.storage.postgres.analytics.visitors import FIRST_DAY


async def test_every_figure_answers_in_json_and_as_a_table(database_url: str) -> None:
    async with opened(database_url, 30) as (_, client):
        for name in FIGURES:
            found = await read(client, name)
            assert found["range"] == {
                "start": "2026-03-19T23:00:00Z",
                "end": "2026-04-05T22:00:00Z",
                "zone": "Europe/Vienna",
                "bots": "none",
            }
            assert found["stored_through"]
            answer = await client.get(f"{PATH}/{name}", params={**WEEK, "format": "csv"})
            assert answer.status_code == 200
            assert answer.headers["content-type"] == "text/csv; charset=utf-8"
            assert answer.headers["content-disposition"] == f'attachment; filename="{name}.csv"'
            lines = list(csv.reader(io.StringIO(answer.text.removeprefix("\ufeff"), newline="")))
            assert {len(line) for line in lines} == {len(lines[0])}
            if "rows" in found:
                assert len(lines) == 1 + len(found["rows"])


async def test_a_comparison_comes_with_its_differences(database_url: str) -> None:
    async with opened(database_url, 30) as (_, client):
        asked = {"from": "2026-03-30", "to": "2026-04-01", "compare": "previous"}
        answer = (await client.get(f"{PATH}/kpis", params=asked)).json()
        rows = {row["name"]: row for row in answer["rows"]}
        now, before = answer["kpis"]["outcomes"], answer["compared"]["outcomes"]
        assert rows["sessions"]["value"] == now["sessions"] > 0
        assert rows["sessions"]["previous"] == before["sessions"] > 0
        assert rows["sessions"]["difference"] == now["sessions"] - before["sessions"]
        assert rows["conversion"] == {
            "name": "conversion",
            "value": None,
            "previous": None,
            "difference": None,
            "difference_percent": None,
        }
        assert answer["compared_range"]["end"] == answer["range"]["start"]


async def test_a_series_says_its_units_and_comes_with_the_one_before(database_url: str) -> None:
    async with opened(database_url, 30) as (_, client):
        asked = {"from": "2026-03-30", "to": "2026-04-01", "unit": "day"}
        before = {"from": "2026-03-27", "to": "2026-03-29", "unit": "day"}
        answer = (
            await client.get(f"{PATH}/series", params={**asked, "compare": "previous"})
        ).json()
        assert answer["units"] == ["hour", "day", "week", "month"]
        assert answer["compared"] == (await read_range(client, before))["rows"]
        assert (await read_range(client, asked))["compared"] is None


async def read_range(client: httpx.AsyncClient, asked: dict[str, str]) -> Any:
    return (await client.get(f"{PATH}/series", params=asked)).json()


async def test_only_admins_see_anything(database_url: str) -> None:
    async with opened(database_url) as (world, client):
        world.admin = False
        for endpoint in world.endpoints:
            path = endpoint.path.replace("{id}", str(uuid4()))
            answer = await client.request(endpoint.method, path, params={"nonsense": "1"})
            assert answer.status_code == 401, path
            assert answer.json()["error"]["code"] in {"admins_only", "dashboard_link_unusable"}


@pytest.mark.parametrize(
    ("path", "asked", "place"),
    [
        ("kpis", {"timerange": "7d"}, "timerange"),
        ("kpis", {"tz": "Mars/Olympus"}, "tz: unknown_zone"),
        ("kpis", {"from": "2026-03-02", "to": "2026-03-01"}, "to: reversed"),
        ("kpis", {"from": "2020-01-01"}, "from: too_long"),
        ("kpis", {"unit": "hour"}, "unit"),
        ("kpis", {"format": "xls"}, "format"),
        ("steps", {"format": "csv", "lang": "fr"}, "lang"),
        ("series", {"timeRange": "all", "unit": "hour"}, "unit"),
        ("funnel", {"steps": "nest,nest"}, "steps"),
        ("kpis", {"from": "0001-01-01T00:00Z", "tz": "America/New_York"}, "from: too_far"),
        ("funnel", {"steps": ",".join("abcdefghijklmnopq")}, "steps"),
        ("funnel", {"window": "0"}, "window"),
        ("funnel", {"by": "network"}, "by"),
        ("breakdown", {"by": "none"}, "by"),
        ("combinations", {"limit": "101"}, "limit"),
        ("sessions", {"cursor": "x"}, "cursor"),
        ("sessions", {"cursor": "99999999999999999_x"}, "cursor"),
        ("sessions", {"limit": "1000"}, "limit"),
        ("sessions", {"status": "active"}, "status"),
        ("sessions", {"sort": "price"}, "sort"),
        ("sessions", {"sort": "language", "cursor": "x_y"}, "cursor"),
        ("sessions", {"sort": "value_cents", "cursor": "eA_" + "0" * 32}, "cursor"),
        ("sessions", {"format": "csv", "limit": "5"}, "limit"),
        ("sessions", {"format": "csv", "cursor": "1_" + "0" * 32}, "cursor"),
        ("sessions/nobody", {}, "id"),
    ],
)
async def test_an_unfit_parameter_is_named(
    database_url: str, path: str, asked: dict[str, str], place: str
) -> None:
    async with opened(database_url) as (_, client):
        answer = await client.get(f"{PATH}/{path}", params=asked)
        assert answer.status_code == 400
        error = answer.json()["error"]
        assert error["code"] == "query_unusable"
        assert error["detail"].startswith(place)
        field, _, reason = place.partition(": ")
        assert (error["field"], error.get("reason", "")) == (field, reason)
        assert set(error["message"]) == {"de", "en"}


@pytest.mark.parametrize("zone", ["localtime", "Factory", "Mars/Olympus", "europe/vienna", ""])
async def test_a_zone_that_is_not_a_place_is_refused_everywhere(
    database_url: str, zone: str
) -> None:
    async with opened(database_url) as (_, client):
        schedule = {"name": "n", "view": "series", "zone": zone or " "}
        link = {"name": "n", "views": ["series"], "query": {"tz": zone}}
        answers = [
            *[await client.get(f"{PATH}/{n}", params={"tz": zone}) for n in (*FIGURES, "sessions")],
            await client.post(f"{PATH}/schedules", json=schedule),
            await client.post(f"{PATH}/links", json=link),
        ]
        for answer in answers:
            assert answer.status_code == 400
            assert answer.json()["error"]["detail"].startswith("tz: unknown_zone")


async def test_signals_say_how_the_page_worked_and_since_when(database_url: str) -> None:
    async with opened(database_url) as (world, client):
        told: list[tuple[str, str, str | None, dict[str, object]]] = [
            ("web_vital", "page", "LCP", {"name": "LCP", "value": 100 * n, "rating": "good"})
            for n in range(1, 5)
        ]
        told += [
            ("web_vital", "page", "LCP", {"name": "LCP", "value": 1e30, "rating": "poor"}),
            ("web_vital", "page", "LCP", {"name": "LCP", "value": "fast", "rating": "good"}),
            ("refused", "pvanlage", "x", {"reason": "too_many", "outcome": "rejected"}),
            ("refused", "pvanlage", "x", {"reason": "too_many", "outcome": "rejected"}),
            ("adjusted", "fenster", None, {"reason": "needs"}),
            ("error", "page", None, {"code": "script_failed", "message": "x is undefined"}),
            ("hover", "nest", "nest120", {}),
            ("invite", "share", "share-link", {}),
            ("click", "nest", "nest120", {}),
        ]
        await world.interactions.store(
            [
                Incoming(
                    stream_id=f"{n + 1}-0",
                    event=Event(
                        event_id=uuid7(int(FIRST_DAY.timestamp() * 1000), n),
                        session=f"s{n % 2}",
                        received_at=FIRST_DAY,
                        source="test",
                        interaction=Interaction(
                            event_type=kind, category=place, element_id=element, props=props
                        ),
                    ),
                )
                for n, (kind, place, element, props) in enumerate(told)
            ],
            consumer="w",
        )
        found = await read(client, "signals")
        assert found["complete_from"] is None
        rows = [(r["kind"], r["place"], r["name"], r["n"], r["sessions"]) for r in found["rows"]]
        assert rows == [
            ("web_vital", "page", "LCP", 6, 2),
            ("refused", "pvanlage", "too_many", 2, 2),
            ("adjusted", "fenster", "needs", 1, 1),
            ("error", "page", "x is undefined", 1, 1),
            ("hover", "nest", "nest120", 1, 1),
            ("invite", "share", "share-link", 1, 1),
        ]
        vital = found["rows"][0]
        assert (vital["p50"], vital["p75"], vital["p95"], vital["good"]) == (300, 400, 1e30, 0.8)
        async with world.database.driver() as connection:
            hour = FIRST_DAY.replace(minute=0)
            await connection.execute("INSERT INTO activity_dropped VALUES ($1, 3)", hour)
        complete_from = (await read(client, "signals"))["complete_from"]
        assert datetime.fromisoformat(complete_from) == hour + timedelta(hours=1)
        assert len(await sheet_lines(client, "signals")) == 6


async def test_a_link_shows_its_figures_to_everybody_who_has_it(database_url: str) -> None:
    async with opened(database_url, 10) as (world, client):
        asked = {"name": "Woche", "views": ["kpis", "series"], "query": {**WEEK, "unit": "day"}}
        made = await client.post(f"{PATH}/links", json=asked)
        assert made.status_code == 201, made.text
        token, link = made.json()["token"], made.json()["link"]
        expected = {name: await read(client, name) for name in asked["views"]}
        world.admin = False
        holder = {"authorization": f"Bearer {token}"}
        shared = (await client.get("/api/analytics/shared", headers=holder)).json()
        assert shared["name"] == "Woche"
        assert shared["figures"] == expected
        assert (
            await client.get("/api/analytics/shared", params={"token": token})
        ).status_code == 401
        assert (await client.get(f"{PATH}/kpis", headers=holder)).status_code == 401

        world.admin = True
        (listed,) = (await client.get(f"{PATH}/links")).json()["links"]
        assert listed == link
        assert token not in json.dumps(listed)
        revoke = f"{PATH}/links/{link['id']}/revoke"
        assert (await client.post(revoke)).json() == {"revoked": True}
        assert (await client.post(revoke)).json() == {"revoked": False}
        ended = await client.get("/api/analytics/shared", headers=holder)
        assert ended.json()["error"]["code"] == "dashboard_link_unusable"


async def test_a_link_can_show_every_figure(database_url: str) -> None:
    async with opened(database_url) as (_, client):
        asked = {"name": "Alles", "views": list(FIGURES), "query": WEEK}
        made = await client.post(f"{PATH}/links", json=asked)
        assert made.status_code == 201, made.text
        holder = {"authorization": f"Bearer {made.json()['token']}"}
        shared = (await client.get("/api/analytics/shared", headers=holder)).json()
        assert list(shared["figures"]) == list(FIGURES)


async def test_a_link_ends_by_itself(database_url: str) -> None:
    async with opened(database_url) as (world, client):
        made = await client.post(
            f"{PATH}/links", json={"name": "Kurz", "views": ["kpis"], "days": 1}
        )
        holder = {"authorization": f"Bearer {made.json()['token']}"}
        assert (await client.get("/api/analytics/shared", headers=holder)).status_code == 200
        world.now += timedelta(days=1)
        assert (await client.get("/api/analytics/shared", headers=holder)).status_code == 401


@pytest.mark.parametrize(
    "asked",
    [
        {"name": "", "views": ["kpis"]},
        {"name": "a", "views": []},
        {"name": "a", "views": ["sessions"]},
        {"name": "a", "views": ["kpis", "kpis"]},
        {"name": "a", "views": ["kpis"], "days": 91},
        {"name": "a", "views": ["kpis"], "query": {"unit": "day"}},
        {"name": "a", "views": ["series"], "query": {"unit": "minute"}},
        {"name": "a", "views": ["kpis"], "query": {"format": "csv"}},
    ],
)
async def test_no_link_is_made_of_what_does_not_fit(
    database_url: str, asked: dict[str, object]
) -> None:
    async with opened(database_url) as (_, client):
        answer = await client.post(f"{PATH}/links", json=asked)
        assert answer.status_code == 400
        assert (await client.get(f"{PATH}/links")).json() == {"links": []}


async def test_slow_answers_are_kept_for_seconds() -> None:
    seconds = 0.0
    made = 0

    async def make() -> object:
        nonlocal seconds, made
        seconds += 0.06
        made += 1
        return made

    recent = Recent(clock=lambda: seconds)
    assert [await recent.of("a", make), await recent.of("a", make)] == [1, 1]
    assert await recent.of("b", make) == 2
    seconds += LIFE_SECONDS
    assert await recent.of("a", make) == 3


async def test_under_traffic_a_slow_answer_is_kept_for_ten_times_as_long_as_it_took() -> None:
    seconds = 0.0
    made = 0

    async def make() -> object:
        nonlocal seconds, made
        seconds += 2.0
        made += 1
        return made

    recent = Recent(clock=lambda: seconds)
    assert await recent.of("a", make, counted="1-0") == 1
    seconds += 19.9
    assert await recent.of("a", make, counted="2-0") == 1
    seconds += 0.1
    assert await recent.of("a", make, counted="3-0") == 2


async def test_openapi_has_the_types(database_url: str) -> None:
    async with opened(database_url) as (world, _):
        document = openapi(world.endpoints, public_url="http://test")
        for name in FIGURES:
            operation = document["paths"][f"{PATH}/{name}"]["get"]
            assert operation["responses"]["200"]["content"]["application/json"]["schema"]
            assert "format" in {each["name"] for each in operation["parameters"]}
        json.dumps(document)
        assert isinstance(world.now, datetime)


async def test_each_figure_says_when_it_was_counted(database_url: str) -> None:
    """A kept answer does not look like one that was counted just now."""
    async with opened(database_url, 3) as (world, client):
        for name in FIGURES:
            assert (await read(client, name))["as_of"] == f"{world.now.isoformat()[:19]}Z", name
