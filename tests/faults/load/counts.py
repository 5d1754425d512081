"""Interactions, counted in every way there is."""

from dataclasses import dataclass

import asyncpg


@dataclass(frozen=True, slots=True, kw_only=True)
class Counts:
    """The number of stored interactions, counted in every way there is; all should be equal."""

    rows: int
    unique: int
    rolled_up: int
    in_sessions: int
    in_choices: int
    ledger: dict[str, int]

    @property
    def agrees(self) -> bool:
        """Whether rows, unique ids, roll-ups, sessions, choices and ledger give the same number."""
        ways = (
            self.unique,
            self.rolled_up,
            self.in_sessions,
            self.in_choices,
            self.ledger["stored"],
        )
        return all(each == self.rows for each in ways)


async def counts(url: str) -> Counts:
    """Count, all as of one moment: what the stream still has may be stored meanwhile."""
    connection = await asyncpg.connect(url)
    try:
        async with connection.transaction(isolation="repeatable_read", readonly=True):
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
