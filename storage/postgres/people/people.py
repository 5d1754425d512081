"""People: a name, a colour and the hash of the token that proves who they are."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from sqlalchemy import LargeBinary, Row, Uuid, bindparam, case, func, select, update
from sqlalchemy.dialects.postgresql import ARRAY, insert
from sqlalchemy.ext.asyncio import AsyncConnection

from storage.postgres.engine import Database
from storage.postgres.schema.tables import people

TOKEN_UNUSED_MAX: Final = timedelta(days=400)
"""A token that was unused for this long is invalid; a job removes its hash (migration 0023)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """A person who can be a member of rooms. `colour`: 0..7.

    `token_used_at`: accurate to a day; None: the token ended.
    """

    id: UUID
    name: str
    colour: int
    created_at: datetime
    last_seen_at: datetime
    token_used_at: datetime | None


_columns = (
    people.c.id,
    people.c.name,
    people.c.colour,
    people.c.created_at,
    people.c.last_seen_at,
    people.c.token_used_at,
)
_IN_USE = people.c.token_used_at > func.now() - TOKEN_UNUSED_MAX


class People:
    """Create and find people."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def create(
        self, *, person_id: UUID, token_sha256: bytes, name: str, colour: int
    ) -> Person:
        """Stores a person; a repeated id and token return the stored one."""
        new = (
            insert(people)
            .values(id=person_id, token_sha256=token_sha256, name=name, colour=colour)
            .on_conflict_do_nothing(index_elements=[people.c.id])
        )
        stored = select(*_columns).where(
            people.c.id == person_id, people.c.token_sha256 == token_sha256
        )

        async def work(connection: AsyncConnection) -> Person:
            await connection.execute(new)
            return _person((await connection.execute(stored)).one())

        return await self._database.write(work)

    async def by_token(self, token_sha256: bytes) -> Person | None:
        """The person to whom this token belongs, or None."""
        statement = select(*_columns).where(people.c.token_sha256 == token_sha256, _IN_USE)
        found = await self._database.read(lambda connection: connection.execute(statement))
        row = found.one_or_none()
        return None if row is None else _person(row)

    async def by_tokens(self, tokens_sha256: Collection[bytes]) -> dict[bytes, Person]:
        """The people of these tokens, by token, in one query; unknown tokens are absent."""
        asked = bindparam("tokens", list(tokens_sha256), ARRAY(LargeBinary))
        statement = select(people.c.token_sha256, *_columns).where(
            people.c.token_sha256 == func.any(asked), _IN_USE
        )
        found = await self._database.read(lambda connection: connection.execute(statement))
        return {row.token_sha256: _person(row) for row in found}

    async def tokens_used(self, tokens_sha256: Collection[bytes], *, since: datetime) -> None:
        """Records that these tokens are used now; skips tokens whose use was noted after ``since``."""
        asked = bindparam("tokens", list(tokens_sha256), ARRAY(LargeBinary))
        statement = (
            update(people)
            .where(
                people.c.token_sha256 == func.any(asked), people.c.token_used_at < since, _IN_USE
            )
            .values(token_used_at=func.now())
        )

        async def work(connection: AsyncConnection) -> None:
            await connection.execute(statement)

        await self._database.write(work)

    async def seen(self, person_ids: Collection[UUID], *, since: datetime) -> None:
        """Records that these people are here now and use their tokens.

        Skips people who were recorded after ``since``.
        """
        statement = (
            update(people)
            .where(
                people.c.id == func.any(bindparam("people", list(person_ids), ARRAY(Uuid))),
                people.c.last_seen_at < since,
            )
            .values(last_seen_at=func.now(), token_used_at=func.now())
        )

        async def work(connection: AsyncConnection) -> None:
            await connection.execute(statement)

        await self._database.write(work)

    async def replace_token(
        self, token_sha256: bytes, fresh_sha256: bytes, kept_way_back: bytes | None = None
    ) -> UUID | None:
        """Replaces a token; returns its person's id, or None if the token is unknown.

        A way back other than ``kept_way_back`` ends with the token, because anybody who knew the
        token may have made it.
        """
        kept = people.c.way_back_sha256 == (kept_way_back or b"")
        replaced = (
            update(people)
            .where(people.c.token_sha256 == token_sha256, _IN_USE)
            .values(
                token_sha256=fresh_sha256,
                token_used_at=func.now(),
                way_back_sha256=case((kept, people.c.way_back_sha256)),
                way_back_until=case((kept, people.c.way_back_until)),
            )
            .returning(people.c.id)
        )

        async def work(connection: AsyncConnection) -> UUID | None:
            row = (await connection.execute(replaced)).one_or_none()
            return None if row is None else UUID(str(row.id))

        return await self._database.write(work)

    async def keep_way_back(
        self, token_sha256: bytes, way_back_sha256: bytes, until: datetime
    ) -> bool:
        """Stores the secret with which this token's person can come back, replacing an earlier one.

        False: the token is unknown, for example because it was replaced a moment ago.
        """
        kept = (
            update(people)
            .where(people.c.token_sha256 == token_sha256, _IN_USE)
            .values(way_back_sha256=way_back_sha256, way_back_until=until)
            .returning(people.c.id)
        )

        async def work(connection: AsyncConnection) -> bool:
            return (await connection.execute(kept)).one_or_none() is not None

        return await self._database.write(work)

    async def kept_way_back(self, way_back_sha256: bytes, now: datetime) -> UUID | None:
        """The person of this way back; None if it is unknown or expired. It stays valid."""
        statement = select(people.c.id).where(
            people.c.way_back_sha256 == way_back_sha256, people.c.way_back_until > now
        )
        found = await self._database.read(lambda connection: connection.execute(statement))
        row = found.one_or_none()
        return None if row is None else UUID(str(row.id))

    async def come_back(
        self, way_back_sha256: bytes, fresh_sha256: bytes, now: datetime
    ) -> Person | None:
        """Gives the person of this way back a new token, once; None if it is unknown or expired."""
        returned = (
            update(people)
            .where(people.c.way_back_sha256 == way_back_sha256, people.c.way_back_until > now)
            .values(
                token_sha256=fresh_sha256,
                token_used_at=func.now(),
                way_back_sha256=None,
                way_back_until=None,
            )
            .returning(*_columns)
        )

        async def work(connection: AsyncConnection) -> Person | None:
            row = (await connection.execute(returned)).one_or_none()
            return None if row is None else _person(row)

        return await self._database.write(work)

    async def rename(self, person_id: UUID, name: str) -> Person | None:
        """Changes the name; None if there is no such person."""
        statement = (
            update(people).where(people.c.id == person_id).values(name=name).returning(*_columns)
        )

        async def work(connection: AsyncConnection) -> Person | None:
            row = (await connection.execute(statement)).one_or_none()
            return None if row is None else _person(row)

        return await self._database.write(work)


def _person(row: Row[*tuple[Any, ...]]) -> Person:
    return Person(
        id=row.id,
        name=row.name,
        colour=row.colour,
        created_at=row.created_at,
        last_seen_at=row.last_seen_at,
        token_used_at=row.token_used_at,
    )
