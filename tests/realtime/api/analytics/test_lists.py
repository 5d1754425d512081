"""Lists of analytics over HTTP: sessions by page, sorted, found, and as sheets."""

from typing import Any, get_args
from uuid import UUID, uuid4

import msgspec
import pytest
from typing_extensions import override

from configurator.activity.event_ids import session_uuid
from storage.errors import StorageUnavailable
from storage.postgres.analytics.visit import Visit
from storage.postgres.analytics.visits import SessionOrder, Visits
from tests.realtime.api.analytics.stage import PATH, WEEK, opened, read, sheet_lines
from tests.storage.postgres.analytics.visitors import store, visitors


async def test_a_sheet_of_sessions_is_the_whole_list(database_url: str) -> None:
    async with opened(database_url, 30, rows_at_once=7) as (_, client):
        whole = await read(client, "sessions", limit=200, bots="all")
        lines = await sheet_lines(client, "sessions", bots="all")
        assert [line["id"] for line in lines] == [row["id"] for row in whole["rows"]]
        assert await sheet_lines(client, "abandoned") == []
        longest = max(whole["rows"], key=lambda row: int(row["interactions"]))["id"]
        events = (await client.get(f"{PATH}/sessions/{longest}", params={"limit": 200})).json()
        lines = await sheet_lines(client, f"sessions/{longest}", asked={})
        assert len(lines) > 7
        assert [line["event_id"] for line in lines] == [row["event_id"] for row in events["rows"]]


class BreaksOff(Visits):
    """The database answers only for the first page."""

    @override
    async def sessions(self, *asked: Any, after: Any = None, **more: Any) -> list[Visit]:
        if after is not None:
            raise StorageUnavailable("the database does not answer")
        return await super().sessions(*asked, after=after, **more)


async def test_a_download_that_breaks_off_is_an_error(database_url: str) -> None:
    async with opened(database_url, 30, rows_at_once=7, visits_of=BreaksOff) as (_, client):
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
        for sort in get_args(SessionOrder):
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
