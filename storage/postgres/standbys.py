"""Whether PostgreSQL waits for standbys, and whether they are connected."""

from dataclasses import dataclass

from sqlalchemy.ext.asyncio import AsyncConnection

from storage.postgres.engine import Database

_STANDBYS = """
    SELECT current_setting('synchronous_standby_names') AS asked,
           (SELECT count(*) FROM pg_stat_replication WHERE sync_state IN ('sync', 'quorum')) AS there,
           pg_has_role('pg_monitor', 'USAGE') OR (
               SELECT rolsuper FROM pg_roles WHERE rolname = current_user
           ) AS sees
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Standbys:
    """The standbys that each COMMIT waits for.

    `asked` is synchronous_standby_names, "" if no COMMIT waits. `there`: how many of them are
    connected; None if our login may not see that.
    """

    asked: str
    there: int | None

    @property
    def missing(self) -> bool:
        """Whether every COMMIT waits because standbys are missing, as far as is known."""
        return bool(self.asked) and self.there == 0


async def standbys(database: Database) -> Standbys:
    """The standbys of this PostgreSQL. Raises StorageError."""

    async def look(connection: AsyncConnection) -> Standbys:
        found = (await connection.exec_driver_sql(_STANDBYS)).one()
        return Standbys(asked=found.asked.strip(), there=found.there if found.sees else None)

    return await database.read(look)
