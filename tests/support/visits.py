"""Sessions as rows, for tests of what is counted from them."""

from uuid import UUID

from sqlalchemy import func
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from storage.postgres.engine import Database
from storage.postgres.schema.tables import sessions


async def visit(
    database: Database, session_id: UUID, *, order_value_cents: int | None = None
) -> None:
    """A session that starts now; with a value it is completed."""
    values: dict[str, object] = {"id": session_id}
    if order_value_cents is not None:
        values |= {
            "status": "COMPLETED",
            "completed_at": func.now(),
            "order_value_cents": order_value_cents,
        }

    async def work(connection: AsyncConnection) -> None:
        await connection.execute(insert(sessions).values(values))

    await database.write(work)
