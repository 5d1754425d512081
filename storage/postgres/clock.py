"""The time by PostgreSQL's clock."""

from datetime import datetime

from sqlalchemy import text

from storage.postgres.engine import Database


async def database_time(database: Database) -> datetime:
    """The present time by PostgreSQL's clock. Raises StorageError."""
    found = await database.read(
        lambda connection: connection.execute(text("SELECT clock_timestamp()"))
    )
    at: datetime = found.scalar_one()
    return at
