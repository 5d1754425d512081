"""A stand of its own for what fills it with events, and a few looks into it."""

import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import asyncpg

from bench.stage import Stage
from storage.redis.client import Redis
from storage.redis.stream import stream_lag
from tests.faults.stand import Stand, running_stand
from tests.support.waiting import eventually

LIMIT_SCALE = "100000"
"""One generator is all visitors: limits for people do not apply."""

DRAIN_SECONDS = 240


@dataclass(frozen=True, slots=True, kw_only=True)
class Counts:
    """What is stored, counted in every way there is; all of it should be the same number."""

    rows: int
    unique: int
    rolled_up: int
    in_sessions: int
    in_choices: int
    ledger: dict[str, int]

    @property
    def agrees(self) -> bool:
        """Whether rows, unique ids, roll-ups, sessions, choices and ledger say the same."""
        ways = (
            self.unique,
            self.rolled_up,
            self.in_sessions,
            self.in_choices,
            self.ledger["stored"],
        )
        return all(each == self.rows for each in ways)


@asynccontextmanager
async def own_stand(stage: Stage, *, webs: int = 1, **environ: str) -> AsyncIterator[Stage]:
    """An empty product beside the shared one, which then has nothing to do."""
    with tempfile.TemporaryDirectory(prefix="nest-bench-") as home:
        settings = {"NEST_LOG_LEVEL": "warning", "NEST_LIMIT_SCALE": LIMIT_SCALE, **environ}
        async with running_stand(Path(home) / "nest", webs=webs, **settings) as stand:
            yield Stage(stand=stand, http=stage.http, quick=stage.quick)


async def drained(stand: Stand, seconds: float = DRAIN_SECONDS) -> None:
    """Until nothing waits in the stream."""
    async with Redis(stand.valkey.url) as redis:

        async def nothing() -> bool:
            return (await stream_lag(redis)).entries == 0

        await eventually(nothing, seconds, why="everything is stored")


async def counts(url: str) -> Counts:
    """Count."""
    connection = await asyncpg.connect(url)
    try:
        row = await connection.fetchrow(
            """SELECT count(*) AS rows, count(DISTINCT (session_id, event_id)) AS "unique",
                (SELECT coalesce(sum(n), 0) FROM activity_minutes)
                    + (SELECT coalesce(sum(n), 0) FROM activity_quarters) AS rolled_up,
                (SELECT coalesce(sum(interaction_count), 0) FROM sessions) AS in_sessions,
                (SELECT coalesce(sum(n), 0) FROM session_choices) AS in_choices
            FROM interactions"""
        )
        ledger = await connection.fetch(
            "SELECT outcome, sum(n)::bigint AS n FROM activity_ledger GROUP BY outcome"
        )
    finally:
        await connection.close()
    assert row is not None
    outcomes = dict.fromkeys(("stored", "duplicate", "filtered", "dead"), 0)
    return Counts(
        **{name: int(value) for name, value in row.items()},
        ledger=outcomes | {each["outcome"]: each["n"] for each in ledger},
    )
