"""Compares the schema of a database with the schemas that this code works with.

A release works with every schema from `OLDEST_SCHEMA` to its newest migration. It also works with a
newer schema if the later migrations say so: each states in `oldest_code` the oldest head whose code
still works with it, and `deployment.oldest_code` in the database has the value of the newest one.
Revisions are compared by the number they begin with, so a revision that this code does not know counts
as newer. docs/migrations.md explains how to write a migration.
"""

import re
from dataclasses import dataclass
from typing import Final

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

OLDEST_SCHEMA: Final = "0023"
"""The oldest revision whose tables have everything that this code reads and writes."""

_NUMBER: Final = re.compile(r"\d+")
_MADE: Final = text(
    "SELECT to_regclass('alembic_version') IS NOT NULL AND to_regclass('deployment') IS NOT NULL"
)
# Read through JSON, because a missing column would be an error.
_FOUND: Final = text(
    "SELECT (SELECT version_num FROM alembic_version) AS current,"
    " (SELECT to_jsonb(deployment) ->> 'oldest_code' FROM deployment) AS oldest_code"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Schema:
    """The revision of a database, and the revisions that this code knows.

    `current` None: the database is empty. `head`: the newest migration of this code. `oldest_code`:
    the oldest head whose code works with `current`; None for schemas before 0024, which do not say.
    """

    current: str | None
    head: str
    oldest_code: str | None = None
    oldest: str = OLDEST_SCHEMA

    @property
    def at_head(self) -> bool:
        """Whether the database has exactly the newest schema of this code."""
        return self.current == self.head

    @property
    def newer(self) -> bool:
        """Whether the database was migrated by newer code than this."""
        return self.current is not None and _number(self.current) > _number(self.head)

    @property
    def compatible(self) -> bool:
        """Whether this code works with the database's present schema."""
        if self.current is None:
            return False
        if self.newer:
            return self.oldest_code is not None and _number(self.head) >= _number(self.oldest_code)
        return _number(self.current) >= _number(self.oldest)

    @property
    def note(self) -> str:
        """A sentence without a full stop about a schema that is not the newest; "" at the newest."""
        if self.current is None:
            return "the database is not migrated: run `nest migrate`"
        if self.newer:
            return f"the database is newer than this code {self._both}: {self._beside}"
        if not self.compatible:
            return (
                f"the database is older than this code {self._both}: it needs schema {self.oldest}"
                " or newer, run `nest migrate`"
            )
        if not self.at_head:
            return (
                f"the database is older than this code {self._both}: both work together,"
                " run `nest migrate`"
            )
        return ""

    @property
    def _both(self) -> str:
        return f"(schema {self.current}, this code knows {self.head})"

    @property
    def _beside(self) -> str:
        if self.compatible:
            return "this code works beside it"
        return (
            f"it needs code that knows {self.oldest_code or self.current}, start the newer release"
        )


async def schema_of(connection: AsyncConnection, head: str) -> Schema:
    """The schema of the database; `head` is the newest migration of this code."""
    if not (await connection.execute(_MADE)).scalar_one():
        return Schema(current=None, head=head)
    found = (await connection.execute(_FOUND)).one()
    return Schema(current=found.current, head=head, oldest_code=found.oldest_code)


def _number(revision: str) -> float:
    """A revision's number; infinity without one, because a foreign revision counts as newest."""
    found = _NUMBER.match(revision)
    return int(found.group()) if found else float("inf")
