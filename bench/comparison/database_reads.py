"""The number of transactions between two moments, from the database's own counters."""

import asyncio
import time

import asyncpg

FLUSH_SECONDS = 11.0
"""An idle backend reports its counters within 10 s."""


class Reads:
    """Counters at named moments.

    The rate of a calm stretch is subtracted from each other stretch.
    """

    def __init__(self, url: str) -> None:
        self._url = url
        self.noted: dict[str, tuple[float, int]] = {}

    async def note(self, moment: str) -> None:
        """Read the counters, after every backend has reported."""
        await asyncio.sleep(FLUSH_SECONDS)
        connection = await asyncpg.connect(self._url)
        try:
            count = await connection.fetchval(
                "SELECT xact_commit FROM pg_stat_database WHERE datname = current_database()"
            )
        finally:
            await connection.close()
        self.noted[moment] = (time.monotonic(), count)

    def between(self, begin: str, end: str) -> float:
        """Transactions, without those that would have been there anyway (from ``calm`` to ``before``)."""
        calm, before = self.noted["calm"], self.noted["before"]
        pace = (before[1] - calm[1]) / (before[0] - calm[0])
        (began, first), (ended, last) = self.noted[begin], self.noted[end]
        return (last - first) - pace * (ended - began)
