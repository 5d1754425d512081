"""Alembic's entry: runs migrations on the connection that `storage.postgres.migrate` passes.

A migration waits at most `lock_timeout` for a table lock, so that it never queues up the traffic
of the running processes behind itself; run it again instead.
"""

from alembic import context
from sqlalchemy import Connection, text

from storage.postgres.tables import metadata

_LOCK_TIMEOUT = "5s"


def _is_declared(
    _object: object, name: str | None, kind: str, reflected: bool, _other: object
) -> bool:
    """Tables that SQLAlchemy does not know (partitions, roll-ups) are not compared."""
    return not (kind == "table" and reflected and name not in metadata.tables)


def run() -> None:
    connection: Connection | None = context.config.attributes.get("connection")
    if connection is None:
        raise RuntimeError("run migrations through storage.postgres.migrate.upgrade")
    connection.execute(
        text("SELECT set_config('lock_timeout', :wait, false)"), {"wait": _LOCK_TIMEOUT}
    )
    connection.commit()
    context.configure(
        connection=connection,
        target_metadata=metadata,
        include_object=_is_declared,
        compare_type=True,
        compare_server_default=True,
        transaction_per_migration=True,
    )
    with context.begin_transaction():
        context.run_migrations()


run()
