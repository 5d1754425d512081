"""Configurations and their op log, read side. Ops are written by `storage.postgres.configurations.commit.committer`."""

from collections.abc import Collection, Iterable
from typing import Any
from uuid import UUID

from sqlalchemy import (
    Row,
    Select,
    Text,
    column,
    exc,
    func,
    or_,
    select,
    text,
    true,
    update,
)
from sqlalchemy.dialects.postgresql import distinct_on, insert
from sqlalchemy.ext.asyncio import AsyncConnection

from configurator.operations.undo import OwnOp
from configurator.people.roles import Role
from storage.errors import CodeTaken, TooMany
from storage.postgres.configurations.stored import (
    JsonDocument,
    LogHead,
    StoredConfiguration,
    StoredOperation,
    configuration_in,
    operation_in,
)
from storage.postgres.deployment import RESTORED_TO, Deployment, History
from storage.postgres.engine import Database
from storage.postgres.failures import unique_violation
from storage.postgres.schema.tables import (
    configurations,
    deployment,
    grants,
    operations,
    people,
    sessions,
)


class Configurations:
    """Create and read configurations."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def create(
        self,
        *,
        configuration_id: UUID,
        code: str,
        catalogue_id: str,
        selection: JsonDocument,
        total_cents: int,
        owner_id: UUID,
        session_id: UUID | None,
        at_most: int | None = None,
    ) -> StoredConfiguration:
        """Stores a configuration at version 0 with its owner's grant, and links the session to it.

        A repeated `configuration_id` of the same owner returns the stored configuration. Raises
        CodeTaken, or TooMany if the owner has `at_most` already; simultaneous calls may exceed that
        number slightly.
        """
        head = (
            insert(configurations)
            .values(
                id=configuration_id,
                code=code,
                catalogue_id=catalogue_id,
                selection=selection,
                total_cents=total_cents,
                owner_id=owner_id,
            )
            .on_conflict_do_nothing(index_elements=[configurations.c.id])
        )

        async def work(connection: AsyncConnection) -> StoredConfiguration:
            if at_most is not None and await _owned(connection, owner_id, at_most) >= at_most:
                raise TooMany("configurations")
            try:
                await connection.execute(head)
            except exc.IntegrityError as error:
                if unique_violation(error) == "uq_configurations_code":
                    raise CodeTaken(code) from error
                raise
            await connection.execute(
                insert(grants)
                .values(configuration_id=configuration_id, person_id=owner_id, role=Role.OWNER)
                .on_conflict_do_nothing()
            )
            if session_id is not None:
                await connection.execute(
                    update(sessions)
                    .where(sessions.c.id == session_id)
                    .values(configuration_id=configuration_id)
                )
            stored = await connection.execute(
                _configurations().where(
                    configurations.c.id == configuration_id,
                    configurations.c.owner_id == owner_id,
                )
            )
            row = stored.one_or_none()
            if row is None:
                raise CodeTaken(f"configuration {configuration_id} belongs to somebody else")
            return configuration_in(row)

        return await self._database.write(work)

    async def load(self, configuration_id: UUID) -> StoredConfiguration | None:
        """The configuration at its head, or None if it does not exist."""
        return await self._one(_configurations().where(configurations.c.id == configuration_id))

    async def find(self, code: str) -> StoredConfiguration | None:
        """The configuration with this code, or None."""
        return await self._one(_configurations().where(configurations.c.code == code))

    async def latest_of(self, person_id: UUID, limit: int = 20) -> list[StoredConfiguration]:
        """The configurations that the person owns or has a role in, the last edited first."""
        statement = (
            _configurations()
            .join(grants, grants.c.configuration_id == configurations.c.id)
            .where(grants.c.person_id == person_id, grants.c.revoked_at.is_(None))
            .order_by(configurations.c.updated_at.desc(), configurations.c.id)
            .limit(limit)
        )
        found = await self._database.read(lambda connection: connection.execute(statement))
        return [configuration_in(row) for row in found]

    async def load_with_operations(
        self, configuration_id: UUID, since_version: int, limit: int
    ) -> tuple[StoredConfiguration, list[StoredOperation]] | None:
        """The head and the committed ops after `since_version`, both as of the same moment.

        The ops are ascending and at most `limit`: the gap is complete if there are
        `version - since_version` of them. None if there is no such configuration.
        """

        async def work(
            connection: AsyncConnection,
        ) -> tuple[StoredConfiguration, list[StoredOperation]] | None:
            head = await connection.execute(
                _configurations().where(configurations.c.id == configuration_id)
            )
            row = head.one_or_none()
            if row is None:
                return None
            log = await connection.execute(_log(configuration_id, since_version, limit))
            return configuration_in(row), [operation_in(entry) for entry in log]

        return await self._database.read_snapshot(work)

    async def operations_since(
        self, configuration_id: UUID, version: int, limit: int
    ) -> list[StoredOperation]:
        """The committed ops after `version`, ascending, at most `limit`."""
        statement = _log(configuration_id, version, limit)
        found = await self._database.read(lambda connection: connection.execute(statement))
        return [operation_in(row) for row in found]

    async def outcome_of(self, configuration_id: UUID, op_id: UUID) -> StoredOperation | None:
        """The stored op with its outcome; None: it never arrived, or is still being committed."""
        statement = _operations().where(
            operations.c.configuration_id == configuration_id, operations.c.op_id == op_id
        )
        found = await self._database.read(lambda connection: connection.execute(statement))
        row = found.one_or_none()
        return None if row is None else operation_in(row)

    async def operation_at(self, configuration_id: UUID, version: int) -> StoredOperation | None:
        """The op that took this version, or None."""
        statement = _operations().where(
            operations.c.configuration_id == configuration_id, operations.c.version == version
        )
        found = await self._database.read(lambda connection: connection.execute(statement))
        row = found.one_or_none()
        return None if row is None else operation_in(row)

    async def own_operations(
        self,
        configuration_id: UUID,
        person_id: UUID,
        *,
        since_version: int,
        to_version: int,
        limit: int,
    ) -> list[OwnOp]:
        """The newest committed ops of one person in these versions, ascending, at most ``limit``.

        Ops that changed nothing and undid nothing are left out, because undo ignores them. Reads all
        versions in between, because the index does not contain authors.
        """
        asked = operations.c.operation
        changed = operations.c.changes != text("'[]'::jsonb")
        statement = (
            select(
                operations.c.version,
                asked["kind"].astext.label("kind"),
                asked["reverts"].astext.label("reverts"),
                changed.label("changed"),
            )
            .where(
                operations.c.configuration_id == configuration_id,
                operations.c.version > since_version,
                operations.c.version <= to_version,
                operations.c.person_id == person_id,
                or_(changed, asked["kind"].astext.in_(("undo", "redo"))),
            )
            .order_by(operations.c.version.desc())
            .limit(limit)
        )
        found = await self._database.read(lambda connection: connection.execute(statement))
        return [_own(row) for row in reversed(found.all())]

    async def changed_by_others(
        self,
        configuration_id: UUID,
        person_id: UUID,
        *,
        since_version: int,
        categories: Collection[str],
    ) -> dict[str, str]:
        """For each of these categories that others changed after a version: the last author's name."""
        changes = func.jsonb_to_recordset(operations.c.changes).table_valued(
            column("category", Text), name="change"
        )
        changed = changes.render_derived(with_types=True)
        statement = (
            select(changed.c.category, people.c.name.label("author_name"))
            .ext(distinct_on(changed.c.category))
            .select_from(operations)
            .join(changed, true())
            .outerjoin(people, people.c.id == operations.c.person_id)
            .where(
                operations.c.configuration_id == configuration_id,
                operations.c.version > since_version,
                operations.c.person_id != person_id,
                changed.c.category.in_(list(categories)),
            )
            .order_by(changed.c.category, operations.c.version.desc())
        )
        found = await self._database.read(lambda connection: connection.execute(statement))
        return {row.category: row.author_name or "" for row in found}

    async def authors(self, configuration_id: UUID, versions: Collection[int]) -> dict[int, str]:
        """The author's name of each of these versions; unknown versions are absent."""
        statement = (
            select(operations.c.version, people.c.name.label("author_name"))
            .outerjoin(people, people.c.id == operations.c.person_id)
            .where(
                operations.c.configuration_id == configuration_id,
                operations.c.version.in_(list(versions)),
            )
        )
        found = await self._database.read(lambda connection: connection.execute(statement))
        return {row.version: row.author_name or "" for row in found}

    async def heads(self, ids: Iterable[UUID]) -> dict[UUID, LogHead]:
        """The head of each configuration, by id; unknown ids are absent."""
        statement = (
            select(configurations.c.id, configurations.c.head, deployment.c.epoch)
            .select_from(configurations.join(deployment, true()))
            .where(configurations.c.id.in_(list(ids)))
        )
        found = await self._database.read(lambda connection: connection.execute(statement))
        return {row.id: LogHead(epoch=row.epoch, version=row.head) for row in found}

    async def history_lost(self, epoch: UUID) -> UUID:
        """Begins a new epoch because the data went back within this one; returns the present epoch.

        If several processes notice it at the same moment, one of them begins it. Raises StorageError.
        """
        return await Deployment(self._database).renew(was=epoch)

    async def history(self) -> History:
        """The present history, to which all versions belong. Raises StorageError."""
        return await Deployment(self._database).history()

    async def _one(self, statement: Select[Any]) -> StoredConfiguration | None:
        found = await self._database.read(lambda connection: connection.execute(statement))
        row = found.one_or_none()
        return None if row is None else configuration_in(row)


async def _owned(connection: AsyncConnection, owner_id: UUID, at_most: int) -> int:
    """The number of configurations that this person owns, counted up to `at_most`."""
    owned = select(configurations.c.id).where(configurations.c.owner_id == owner_id).limit(at_most)
    return len((await connection.execute(owned)).all())


def _configurations() -> Select[Any]:
    return select(configurations, deployment.c.epoch, RESTORED_TO).select_from(
        configurations.join(deployment, true())
    )


def _operations() -> Select[Any]:
    return select(
        operations, people.c.name.label("author_name"), people.c.colour.label("author_colour")
    ).outerjoin(people, people.c.id == operations.c.person_id)


def _log(configuration_id: UUID, since_version: int, limit: int) -> Select[Any]:
    return (
        _operations()
        .where(
            operations.c.configuration_id == configuration_id,
            operations.c.version > since_version,
        )
        .order_by(operations.c.version)
        .limit(limit)
    )


def _own(row: Row[Any]) -> OwnOp:
    return OwnOp(
        version=row.version,
        kind=row.kind,
        reverts=None if row.reverts is None else int(row.reverts),
        changed=row.changed,
    )
