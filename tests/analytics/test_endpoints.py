"""Analytics as admins and holders of a link get it over HTTP."""

import csv
import io
import json
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import httpx
import msgspec
import pytest

from configurator.activity import Event, Interaction
from configurator.event_ids import session_uuid, uuid7
from realtime.http.analytics.recent import LIFE_SECONDS, Recent
from realtime.http.openapi import openapi
from storage.errors import StorageUnavailable
from storage.postgres.analytics.visits import SORTS
from storage.postgres.interactions import Incoming
from tests.analytics.stage import PATH, WEEK, opened, read, sheet_lines
from tests.analytics.visitors import FIRST_DAY, store, visitors

NAMES = [
    "kpis",
    "series",
    "funnel",
    "steps",
    "options",
    "combinations",
    "prices",
    "journeys",
    "paths",
    "retention",
    "breakdown",
    "catalogues",
    "signals",
]


async def test_every_figure_answers_in_json_and_as_a_table(database_url: str) -> None:
    async with opened(database_url, 30) as (_, client):
        for name in NAMES:
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
async def test_what_does_not_fit_is_named(
    database_url: str, path: str, asked: dict[str, str], place: str
) -> None:
    async with opened(database_url) as (_, client):
        answer = await client.get(f"{PATH}/{path}", params=asked)
        assert answer.status_code == 400
        error = answer.json()["error"]
        assert error["code"] == "query_unusable"
        assert error["detail"].startswith(place)
        assert set(error["message"]) == {"de", "en"}


@pytest.mark.parametrize("zone", ["localtime", "Factory", "Mars/Olympus", "europe/vienna", ""])
async def test_a_zone_that_is_no_place_is_refused_everywhere(database_url: str, zone: str) -> None:
    async with opened(database_url) as (_, client):
        schedule = {"name": "n", "view": "series", "zone": zone or " "}
        link = {"name": "n", "views": ["series"], "query": {"tz": zone}}
        answers = [
            *[await client.get(f"{PATH}/{n}", params={"tz": zone}) for n in (*NAMES, "sessions")],
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


async def test_a_sheet_of_sessions_is_the_whole_list(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("realtime.sheets.answers.ROWS_AT_ONCE", 7)
    async with opened(database_url, 30) as (_, client):
        whole = await read(client, "sessions", limit=200, bots="all")
        lines = await sheet_lines(client, "sessions", bots="all")
        assert [line["id"] for line in lines] == [row["id"] for row in whole["rows"]]
        assert await sheet_lines(client, "abandoned") == []
        longest = max(whole["rows"], key=lambda row: int(row["interactions"]))["id"]
        events = (await client.get(f"{PATH}/sessions/{longest}", params={"limit": 200})).json()
        lines = await sheet_lines(client, f"sessions/{longest}", asked={})
        assert len(lines) > 7
        assert [line["event_id"] for line in lines] == [row["event_id"] for row in events["rows"]]


async def test_a_sheet_that_breaks_off_is_no_sheet(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("realtime.sheets.answers.ROWS_AT_ONCE", 7)
    async with opened(database_url, 30) as (world, client):
        pages = world.visits.sessions

        async def failing(*asked: Any, after: Any, limit: int) -> list[Any]:
            if after is not None:
                raise StorageUnavailable("the database does not answer")
            return await pages(*asked, after=after, limit=limit)

        monkeypatch.setattr(world.visits, "sessions", failing)
        with pytest.raises(StorageUnavailable):
            await client.get(f"{PATH}/sessions", params={**WEEK, "format": "csv"})


async def test_pages_show_every_session_once(database_url: str) -> None:
    async with opened(database_url, 30) as (world, client):
        whole = await read(client, "sessions", limit=200, bots="all")
        assert whole["next"] is None
        assert whole["stored_through"] == await world.interactions.stored_through()
        assert len(whole["rows"]) == 30
        paged: list[Any] = []
        cursor: dict[str, str] = {}
        while True:
            page = await read(client, "sessions", limit=7, bots="all", **cursor)
            paged += page["rows"]
            if page["next"] is None:
                break
            cursor = {"cursor": page["next"]}
        assert paged == whole["rows"]
        mobile = await read(client, "sessions", limit=200, bots="all", device="mobile")
        assert mobile["rows"] == [row for row in paged if row["device"] == "mobile"]
        assert (await read(client, "abandoned"))["rows"] == []


@pytest.mark.parametrize("direction", ["asc", "desc"])
async def test_lists_are_sorted_by_every_field_and_paged_the_same(
    database_url: str, direction: str
) -> None:
    async with opened(database_url, 40) as (_, client):
        asked = {"bots": "all", "direction": direction}
        for sort in SORTS:
            whole = (await read(client, "sessions", limit=200, sort=sort, **asked))["rows"]
            least = -1 if sort in {"value_cents", "interactions"} else ""
            values = [least if row[sort] is None else row[sort] for row in whole]
            assert values == sorted(values, reverse=direction == "desc"), sort
            paged: list[Any] = []
            cursor: dict[str, str] = {}
            while True:
                page = await read(client, "sessions", limit=15, sort=sort, **asked, **cursor)
                paged += page["rows"]
                if page["next"] is None:
                    break
                cursor = {"cursor": page["next"]}
            assert paged == whole, sort
            assert len({row["id"] for row in whole}) == 40


async def test_a_session_is_found_by_what_is_known_of_it(database_url: str) -> None:
    async with opened(database_url, 30) as (world, client):
        austrian = [
            msgspec.structs.replace(each, language="de-AT", session="austrian")
            for each in visitors(1, seed=99)
        ]
        await store(world.interactions, austrian)
        whole = (await read(client, "sessions", limit=200, bots="all"))["rows"]
        one = next(row for row in whole if row["referrer"] and row["client_session_id"])
        for text in (one["id"][:30].upper(), one["client_session_id"], one["referrer"][2:]):
            found = (await read(client, "sessions", limit=200, bots="all", q=text))["rows"]
            assert one in found
            assert len(found) < len(whole)
        german = (await read(client, "sessions", limit=200, bots="all", language="de"))["rows"]
        assert german == [row for row in whole if row["language"] in {"de", "de-AT"}]
        assert {row["language"] for row in german} == {"de", "de-AT"}
        for text in ("%", "_", "\\", "nobody-at-all"):
            assert (await read(client, "sessions", bots="all", q=text))["rows"] == []


async def test_a_session_is_read_event_by_event(database_url: str) -> None:
    async with opened(database_url, 3) as (_, client):
        session = session_uuid("visitor-1")
        path = f"{PATH}/sessions/{session}"
        whole = (await client.get(path, params={"limit": 200})).json()
        assert whole["session"]["interactions"] == len(whole["rows"])
        ids = [UUID(row["event_id"]) for row in whole["rows"]]
        assert ids == sorted(ids)
        first = (await client.get(path, params={"limit": 1})).json()
        then = (await client.get(path, params={"limit": 200, "cursor": first["next"]})).json()
        assert first["rows"] + then["rows"] == whole["rows"]
        unknown = await client.get(f"{PATH}/sessions/{uuid4()}")
        assert unknown.json()["error"]["code"] == "session_unknown"


async def test_a_link_shows_its_figures_to_whoever_has_it(database_url: str) -> None:
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
        for name in NAMES:
            operation = document["paths"][f"{PATH}/{name}"]["get"]
            assert operation["responses"]["200"]["content"]["application/json"]["schema"]
            assert "format" in {each["name"] for each in operation["parameters"]}
        json.dumps(document)
        assert isinstance(world.now, datetime)


async def test_each_figure_says_when_it_was_counted(database_url: str) -> None:
    """A kept answer does not look like one that was counted just now."""
    async with opened(database_url, 3) as (world, client):
        for name in NAMES:
            assert (await read(client, name))["as_of"] == f"{world.now.isoformat()[:19]}Z", name
