"""Where the entries of the stream ended, added up."""

from sqlalchemy import text

from storage.postgres.engine import Database

OUTCOMES = ("stored", "duplicate", "filtered", "dead")


class Ledger:
    """Reads the ledger that `Interactions.store` writes."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def totals(self) -> dict[str, int]:
        """How many entries ended as each outcome, since the beginning."""
        statement = text(
            "SELECT outcome, sum(n)::bigint AS n FROM activity_ledger GROUP BY outcome"
        )
        found = await self._database.read(lambda connection: connection.execute(statement))
        totals = {row.outcome: int(row.n) for row in found}
        return {outcome: totals.get(outcome, 0) for outcome in OUTCOMES}
