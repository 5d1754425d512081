"""Alembic's entry: runs migrations on the connection that `storage.postgres.schema.migrate` passes.

A migration waits `lock_ms` for each lock, so that it never queues up the traffic of the running
processes behind itself; `storage.postgres.schema.migrate` tries again instead. CREATE INDEX CONCURRENTLY
in an `autocommit_block` blocks nobody but waits for all older transactions: such a migration sets a
longer `lock_timeout` before it.
"""

from collections.abc import Collection, Mapping
from typing import Final

from alembic import context
from alembic.runtime.migration import MigrationContext, MigrationInfo
from alembic.script import Script
from sqlalchemy import Connection, text

from storage.postgres.schema.tables import metadata

_NAMES_OLDEST_CODE: Final = "0024"
"""From this migration on, each one names the oldest code that works with its schema."""


def _is_declared(
    _object: object, name: str | None, kind: str, reflected: bool, _other: object
) -> bool:
    """Tables that SQLAlchemy does not know (partitions, roll-ups) are not compared."""
    return not (kind == "table" and reflected and name not in metadata.tables)


def _keep_oldest_code(
    ctx: MigrationContext,
    step: MigrationInfo,
    heads: Collection[object],  # noqa: ARG001 - passed by name
    run_args: Mapping[str, object],  # noqa: ARG001 - passed by name
) -> None:
    """Stores `oldest_code` of the new schema, in the transaction of the migration."""
    to = step.up_revision if step.is_upgrade else next(iter(step.down_revisions), None)
    if isinstance(to, Script) and to.revision >= _NAMES_OLDEST_CODE and ctx.connection is not None:
        ctx.connection.execute(
            text("UPDATE deployment SET oldest_code = :oldest"), {"oldest": to.module.oldest_code}
        )


def run() -> None:
    connection: Connection | None = context.config.attributes.get("connection")
    if connection is None:
        raise RuntimeError("run migrations through storage.postgres.schema.migrate.upgrade")
    lock_ms: int = context.config.attributes["lock_ms"]
    connection.execute(
        text("SELECT set_config('lock_timeout', :wait, false)"), {"wait": str(lock_ms)}
    )
    connection.commit()
    context.configure(
        connection=connection,
        target_metadata=metadata,
        include_object=_is_declared,
        compare_type=True,
        compare_server_default=True,
        transaction_per_migration=True,
        on_version_apply=_keep_oldest_code,
    )
    with context.begin_transaction():
        context.run_migrations()


run()
