"""The state of a house at an earlier version, from its log."""

from collections.abc import Collection
from uuid import UUID

from storage.postgres.analytics.cohort import rows
from storage.postgres.configurations.stored import JsonDocument
from storage.postgres.engine import Database


class HouseHistory:
    """Reads the log backwards."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def before(self, configuration_id: UUID, version: int) -> dict[str, JsonDocument | None]:
        """The choice that each category had at `version`, for the categories that changed later.

        Merged over a selection that was read before this call, it gives the selection at
        `version`, whatever was committed in between.
        """
        found = await rows(
            self._database,
            """
            SELECT DISTINCT ON (category) category, before
            FROM operations CROSS JOIN LATERAL
                jsonb_to_recordset(changes) AS change (category text, before jsonb)
            WHERE configuration_id = :configuration AND version > :version
            ORDER BY category, version
            """,
            {"configuration": configuration_id, "version": version},
        )
        return {row.category: row.before for row in found}

    async def changes(
        self, configuration_id: UUID, versions: Collection[int]
    ) -> dict[int, list[JsonDocument]]:
        """The changes of these versions; unknown versions are absent."""
        found = await rows(
            self._database,
            "SELECT version, changes FROM operations"
            " WHERE configuration_id = :configuration AND version = ANY(CAST(:versions AS bigint[]))",
            {"configuration": configuration_id, "versions": list(versions)},
        )
        return {row.version: row.changes for row in found}
