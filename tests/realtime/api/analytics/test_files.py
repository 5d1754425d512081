"""Figures and lists as files: for programs, and for people with a German or an English Excel."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import httpx
import pytest

from app.parts.analytics import sheets_of
from configurator.activity.event_ids import session_uuid, unix_ms, uuid7
from configurator.activity.interaction import Event
from configurator.activity.tracking import DeviceInfo, Interaction
from realtime.activity.figures.views import FIGURES
from realtime.activity.service.dead_letters import DeadLetters
from realtime.api.declared.marks import endpoints_of
from realtime.api.declared.openapi import openapi
from realtime.api.service.dead_letters import DeadLetterEndpoints
from realtime.sheets.answers import MEDIA_TYPES
from tests.realtime.api.analytics.stage import CATALOGUE, PATH, WEEK, opened, read
from tests.realtime.sheets.reading import book, carried_out, table
from tests.storage.postgres.analytics.visitors import FIRST_DAY, store

LISTS = ["sessions", "abandoned"]
DELIMITERS = {"de": ";", "en": ","}


async def file(client: httpx.AsyncClient, path: str, **asked: str) -> httpx.Response:
    answer = await client.get(f"{PATH}/{path}", params={**WEEK, "bots": "all", **asked})
    assert answer.status_code == 200, answer.text
    return answer


async def test_every_figure_and_list_opens_in_columns_and_says_the_same(database_url: str) -> None:
    async with opened(database_url, 30) as (_, client):
        for name in [*FIGURES, *LISTS]:
            plain = table((await file(client, name, format="csv")).text)
            for language, delimiter in DELIMITERS.items():
                text = (await file(client, name, format="csv", lang=language)).text
                lines = table(text, delimiter)
                assert {len(line) for line in lines} == {len(lines[0])}
                assert len(set(lines[0])) == len(lines[0]), lines[0]
                assert len(lines) == len(plain)
                assert carried_out(text) == []
                assert "{" not in text
                assert "[" not in text
                answer = await file(client, name, format="xlsx", lang=language)
                assert answer.headers["content-disposition"].endswith(f'"{name}.xlsx"')
                sheet = book(answer.content)
                assert [cell.value for cell in sheet[1]] == lines[0]
                assert sheet.max_row == len(lines)


FORMULAS = [";=1+1", 'x;=cmd|"/C calc"!A0', " =1+1", "a, =1+1", "＝1+1;＋1", "|@SUM(1)", "-1;-1"]


def hostile(at: datetime) -> list[Event]:
    """Every field that a stranger fills and that comes into a file, with each formula."""
    return [
        Event(
            event_id=uuid7(unix_ms(at) + number, number),
            session=f"{text} hostile",
            received_at=at,
            source="rest",
            interaction=Interaction(
                event_type="selection",
                category=text,
                element_id=text,
                selection_value=text,
                previous_value=text,
                total_cents=-5,
                change_cents=-5,
                device_info=DeviceInfo(type=text),
            ),
            language="de",
            referrer=f"https://evil.example/{text}",
            user_agent=text,
        )
        for number, text in enumerate(FORMULAS)
    ]


async def test_no_file_carries_out_what_strangers_tracked(database_url: str) -> None:
    """However a spreadsheet splits it; a negative figure stays a number."""
    async with opened(database_url, 2) as (world, client):
        await store(world.interactions, hostile(FIRST_DAY + timedelta(hours=1)))
        paths = [
            *FIGURES,
            *LISTS,
            *(f"sessions/{session_uuid(f'{t} hostile')}" for t in FORMULAS[:2]),
        ]
        seen = ""
        for path in paths:
            asked = {} if path.startswith("sessions/") else {**WEEK, "bots": "all"}
            for form in ({}, {"lang": "de"}):
                answer = await client.get(
                    f"{PATH}/{path}", params={**asked, **form, "format": "csv"}
                )
                assert answer.status_code == 200, answer.text
                assert carried_out(answer.text) == [], path
                seen += answer.text
            answer = await client.get(f"{PATH}/{path}", params={**asked, "format": "xlsx"})
            cells = [cell for row in book(answer.content) for cell in row]
            assert not [cell.value for cell in cells if cell.data_type == "f"], path
        assert "'=1+1" in seen
        assert ",-5," in seen


def test_openapi_says_where_files_come_from() -> None:
    sheets = sheets_of(lambda: CATALOGUE, lambda: FIRST_DAY)
    letters = DeadLetters.__new__(DeadLetters)
    endpoints = endpoints_of(DeadLetterEndpoints(letters=letters, sheets=sheets))
    document = openapi(endpoints, public_url="")
    content = document["paths"]["/api/admin/dead-letters"]["get"]["responses"]["200"]["content"]
    of_files = {each.partition(";")[0] for each in MEDIA_TYPES.values()}
    assert set(content) == {"application/json", *of_files}


async def test_lists_within_a_row_are_columns_or_rows(database_url: str) -> None:
    async with opened(database_url, 60) as (_, client):
        ways = (await read(client, "paths", bots="all"))["rows"]
        head, *lines = table((await file(client, "paths", format="csv")).text)
        longest = max(len(way["steps"]) for way in ways)
        assert head == [f"step_{n + 1}" for n in range(longest)] + [
            "sessions",
            "completed",
            "share",
        ]
        assert [[each for each in line[:longest] if each] for line in lines] == [
            way["steps"] for way in ways
        ]
        weeks = (await read(client, "retention", bots="all"))["rows"]
        head, *lines = table((await file(client, "retention", format="csv", lang="en")).text)
        assert head[:3] == ["Week of", "People", "0 weeks later"]
        assert [[int(each) for each in line[2:] if each] for line in lines] == [
            week["returned"] for week in weeks
        ]
        houses = (await read(client, "combinations", bots="all"))["rows"]
        head, *lines = table((await file(client, "combinations", format="csv")).text)
        for house, line in zip(houses, lines, strict=True):
            row = dict(zip(head, line, strict=True))
            for category, choice in house["selection"].items():
                assert row[category] == choice["option"]
                if choice["quantity"] is not None:
                    assert row[f"{category}_quantity"] == str(choice["quantity"])


async def test_prices_come_with_their_percentiles(database_url: str) -> None:
    async with opened(database_url, 60) as (_, client):
        found = await read(client, "prices", bots="all")
        head, *lines = table((await file(client, "prices", format="csv")).text)
        rows = [dict(zip(head, line, strict=True)) for line in lines]
        for kind in ("completed", "open"):
            told = [row for row in rows if row["kind"] == kind]
            assert {
                int(row["percent"]): int(row["cents"])
                for row in told
                if row["measure"] == "percentile"
            } == {each["percent"]: each["cents"] for each in found[kind]["percentiles"]}
            assert [int(row["n"]) for row in told if row["measure"] == "count"] == [
                found[kind]["n"]
            ]
            assert [
                [int(row["from_cents"]), int(row["to_cents"]), int(row["n"])]
                for row in told
                if row["measure"] == "bar"
            ] == [
                [bar["from_cents"], bar["to_cents"], bar["n"]] for bar in found[kind]["histogram"]
            ]


async def test_a_figure_is_written_in_its_unit(database_url: str) -> None:
    async with opened(database_url, 30) as (_, client):
        asked = {"compare": "previous", "format": "csv", "lang": "de"}
        head, *lines = table((await file(client, "kpis", **asked)).text, ";")
        assert head[:4] == ["Kennzahl", "Kennzahl, Kennung", "Wert", "Zum Vergleich"]
        said = {line[1]: (line[0], line[2]) for line in lines}
        found = {
            row["name"]: row["value"] for row in (await read(client, "kpis", bots="all"))["rows"]
        }
        worth = f"{found['open_value_cents'] / 100:.2f}".replace(".", ",")
        assert said["open_value_cents"] == ("Noch offen (€)", worth)
        assert said["sessions"] == ("Sitzungen", str(found["sessions"]))


async def test_times_are_those_of_the_zone_that_was_asked(database_url: str) -> None:
    async with opened(database_url, 3) as (_, client):
        path = f"sessions/{session_uuid('visitor-1')}"
        asked = {"format": "csv", "lang": "en", "tz": "Asia/Tokyo"}
        answer = await client.get(f"{PATH}/{path}", params=asked)
        head, first, *_ = table(answer.text)
        whole = (await client.get(f"{PATH}/{path}", params={"limit": "1"})).json()
        assert head[1] == "Time (Asia/Tokyo)"
        at = datetime.fromisoformat(whole["rows"][0]["occurred_at"]).astimezone(
            ZoneInfo("Asia/Tokyo")
        )
        assert first[1] == f"{at:%Y-%m-%d %H:%M:%S}"


async def test_the_download_of_single_visits_is_in_the_audit(database_url: str) -> None:
    async with opened(database_url, 3) as (world, client):
        await file(client, "kpis", format="csv")
        await read(client, "sessions", bots="all")
        assert await world.audit.latest() == []
        await file(client, "sessions", format="xlsx", lang="de")
        (line,) = await world.audit.latest()
        assert (line.actor, line.action, line.subject) == ("Admin", "visits.download", "sessions")
        assert line.detail == {**WEEK, "bots": "all", "format": "xlsx", "lang": "de"}


async def test_links_and_schedules_are_in_the_audit(database_url: str) -> None:
    async with opened(database_url) as (world, client):
        link = await client.post(f"{PATH}/links", json={"name": "Woche", "views": ["kpis"]})
        plan = {"name": "Plan", "view": "kpis", "query": {"format": "xlsx", "lang": "de"}}
        schedule = await client.post(f"{PATH}/schedules", json=plan)
        for path in (
            f"links/{link.json()['link']['id']}/revoke",
            f"schedules/{schedule.json()['id']}/remove",
        ):
            for _ in range(2):  # the second time there is nothing to end
                assert (await client.post(f"{PATH}/{path}")).status_code == 200
        assert [(line.action, line.subject) for line in await world.audit.latest()] == [
            ("schedules.remove", "Plan"),
            ("links.revoke", "Woche"),
            ("schedules.create", "Plan"),
            ("links.create", "Woche"),
        ]


@pytest.mark.parametrize(
    "form", [{"format": "csv"}, {"format": "csv", "lang": "de"}, {"format": "xlsx"}]
)
async def test_the_holder_of_a_link_gets_its_figures_as_files(
    database_url: str, form: dict[str, str]
) -> None:
    async with opened(database_url, 10) as (world, client):
        asked = {"name": "Woche", "views": ["steps"], "query": WEEK}
        token = (await client.post(f"{PATH}/links", json=asked)).json()["token"]
        expected = await client.get(f"{PATH}/steps", params={**WEEK, **form})
        world.admin = False
        shared = "/api/analytics/shared"
        holder = {"authorization": f"Bearer {token}"}
        got = await client.get(f"{shared}/steps", params=form, headers=holder)
        assert got.status_code == 200, got.text
        assert got.content == expected.content
        assert got.headers["content-disposition"] == expected.headers["content-disposition"]
        for path, status in (("kpis", 404), ("sessions", 404), ("steps", 401)):
            headers = {} if status == 401 else holder
            assert (await client.get(f"{shared}/{path}", headers=headers)).status_code == status
