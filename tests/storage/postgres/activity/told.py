"""The expected sums over interactions, counted in Python over the rows."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

import asyncpg
import msgspec

from configurator.activity.event_ids import uuid7
from configurator.activity.interaction import Event
from configurator.activity.tracking import Interaction
from storage.postgres.activity.batch_rows import Incoming
from storage.postgres.activity.interactions import Settled
from tests.support.activity import counts, now

Step = tuple[Any, ...]

DAY_MS = 86_400_000


@dataclass(frozen=True, slots=True)
class Offered:
    """Entries as a worker reads them, apart by what they are."""

    batch: list[Incoming]
    settled: list[Settled]


class Told:
    """The entries of one story and the workers' side of it."""

    def __init__(self, happenings: Sequence[dict[str, Any]], entries: Sequence[Step]) -> None:
        self.erased: set[UUID] = set()
        self._began_at = now().replace(microsecond=0)
        self._events = [self._event(n, each) for n, each in enumerate(happenings)]
        self.incoming: dict[int, Incoming] = {}
        self.settled: dict[int, Settled] = {}
        began_ms = int(self._began_at.timestamp() * 1000)
        for number, each in enumerate(entries):
            stream_id = f"{began_ms + number // 3}-{number % 3}"
            if each[0] == "event":
                _, which, hours_later = each
                self.incoming[number] = Incoming(
                    stream_id=stream_id, event=self._retried(which, hours_later)
                )
            else:
                self.settled[number] = Settled(stream_id=stream_id, outcome=each[0], reason=each[1])

    def offer(self, numbers: Sequence[int]) -> Offered:
        return Offered(
            batch=[self.incoming[n] for n in numbers if n in self.incoming],
            settled=[self.settled[n] for n in dict.fromkeys(numbers) if n in self.settled],
        )

    def _event(self, number: int, each: dict[str, Any]) -> Event:
        happened_at = self._began_at - timedelta(hours=each["hours_ago"])
        client_ms = int(happened_at.timestamp() * 1000) + each["clock_off_days"] * DAY_MS
        value = each["selection_value"]
        return Event(
            event_id=uuid7(client_ms, number + 1),
            session=each["session"],
            received_at=happened_at,
            happened_at=happened_at if each["corrected"] else None,
            source="test",
            bot=each["bot"],
            interaction=Interaction(
                event_type=each["event_type"],
                category=each["category"],
                selection_value=value,
                previous_value=each["previous_value"],
                time_spent_ms=each["time_spent"],
            ),
        )

    def _retried(self, which: int, hours_later: int) -> Event:
        """The same event as another request brought it, maybe on another day."""
        first = self._events[which]
        moment = min(self._began_at, first.received_at + timedelta(hours=hours_later))
        happened_at = first.happened_at and first.happened_at + timedelta(seconds=hours_later)
        return msgspec.structs.replace(first, received_at=moment, happened_at=happened_at)


async def check(database_url: str, told: Told) -> None:
    found = await counts(database_url)
    distinct = {
        (each.event.session_id, each.event.event_id): each.event.interaction
        for each in told.incoming.values()
        if each.event.session_id not in told.erased
    }
    assert found.rows == len(distinct)
    assert found.minutes == found.sessions == found.choices == found.ledger == found.rows
    connection = await asyncpg.connect(database_url)
    try:
        ended = dict(
            await connection.fetch("SELECT outcome, sum(n)::int FROM activity_ledger GROUP BY 1")
        )
        assert sum(ended.values()) == len(told.incoming) + len(told.settled)
        unwanted = Counter(each.outcome for each in told.settled.values())
        assert ended.get("dead", 0) == unwanted["dead"]
        assert told.erased or ended.get("filtered", 0) == unwanted["filtered"]
        choices = await connection.fetch(
            "SELECT session_id, category, option, n, time_ms, moves, came_from, became"
            " FROM session_choices"
        )
        rows = await connection.fetch("SELECT * FROM interactions")
        assert {tuple(row)[:3]: tuple(row)[3:6] for row in choices} == chosen(distinct)
        assert {tuple(row)[:3]: row["came_from"] for row in choices} == came_from(rows)
        bots = {row["session_id"] for row in rows if row["bot"]}
        assert all(row["bot"] for row in rows if row["session_id"] in bots)
        by_bot = "SELECT bot, sum(n)::int AS n FROM ({}) AS counted GROUP BY 1 HAVING sum(n) <> 0"
        rolled_up = by_bot.format(
            "SELECT bot, n FROM activity_minutes UNION ALL SELECT bot, n FROM activity_quarters"
        )
        assert dict(await connection.fetch(rolled_up)) == dict(Counter(row["bot"] for row in rows))
        assert {tuple(row)[:2]: row["became"] for row in choices if row["became"]} == became(rows)
        assert await connection.fetchval("SELECT count(*) FROM interactions_default") == 0
        early = "FROM sessions JOIN session_choices ON session_id = id AND first_at < started_at"
        assert await connection.fetchval(f"SELECT count(*) {early}") == 0
        by_entry = {each.stream_id: each.event for each in told.incoming.values()}
        for row in rows:
            kept = by_entry[row["stream_id"]]
            assert (row["occurred_at"], row["received_at"]) == (kept.occurred_at, kept.received_at)
    finally:
        await connection.close()


def chosen(distinct: dict[tuple[UUID, UUID], Interaction]) -> dict[tuple[UUID, str, str], Any]:
    """The expected `session_choices`, counted here: (number, time in ms, moves) for each choice."""
    number: Counter[tuple[UUID, str, str]] = Counter()
    time_ms: Counter[tuple[UUID, str, str]] = Counter()
    moves: Counter[tuple[UUID, str, str]] = Counter()
    for (session_id, _), each in distinct.items():
        key = (session_id, each.category, picked(each.event_type, each.selection_value))
        number[key] += 1
        time_ms[key] += each.time_spent_ms or 0
        moves[key] += bool(key[2]) and key[2] != option_of(each.previous_value)
    return {key: (n, time_ms[key], moves[key]) for key, n in number.items()}


def came_from(rows: Sequence[Any]) -> dict[tuple[UUID, str, str], str | None]:
    """The choice before the earliest selection of each choice; None if there was none."""
    found: dict[tuple[UUID, str, str], Any] = {}
    for row in rows:
        key = (
            row["session_id"],
            row["category"],
            picked(row["event_type"], row["selection_value"]),
        )
        place = (row["occurred_at"], option_of(row["previous_value"]))
        found[key] = min(found.get(key, place), place)
    return {key: before if key[2] else None for key, (_, before) in found.items()}


def became(rows: Sequence[Any]) -> dict[tuple[UUID, str], str]:
    """The choice that the latest undo or adjustment left in each category."""
    found: dict[tuple[UUID, str], Any] = {}
    for row in rows:
        if row["event_type"] in {"undo", "adjusted"} and row["selection_value"] is not None:
            key = (row["session_id"], row["category"])
            place = (row["occurred_at"], row["selection_value"].partition(":")[0][:64])
            found[key] = max(found.get(key, place), place)
    return {key: option for key, (_, option) in found.items()}


def picked(event_type: str, selection_value: str | None) -> str:
    return (selection_value or "").partition(":")[0][:64] if event_type == "selection" else ""


def option_of(value: str | None) -> str:
    return (value or "").partition(":")[0][:64] or "none"
