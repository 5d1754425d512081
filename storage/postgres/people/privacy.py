"""Personal data: finding, exporting and erasing it, and removing old data.

The sums that `storage.postgres.activity.interactions` promises hold after each transaction here, too.
Erasing is idempotent: a second call finds nothing, and its counts are zero.
"""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from configurator.people.mailboxes import mailbox
from storage.postgres.engine import Database
from storage.postgres.people import privacy_statements as statements

STRANGER_NAME = "Gelöschte Person"
EXPORT_ROWS_MAX = 200_000
PEOPLE_SHOWN = 20
RETENTION_SESSIONS = 200
RETENTION_ROUNDS = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """The person concerned. `erased`: sessions of them were erased before.

    `mailbox` is the normal form of their e-mail address (`configurator.people.mailboxes`).
    """

    person: UUID | None = None
    sessions: tuple[UUID, ...] = ()
    mailbox: str | None = None
    erased: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Exported:
    """Rows by kind, as JSON values; `truncated` names the kinds that have more rows."""

    kinds: Mapping[str, Sequence[Any]]
    truncated: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Erasure:
    """Numbers of rows that one transaction removed or changed, by kind.

    `lately`: the keys of the newest events; `houses`: the configurations that stay for others.
    """

    counts: Counter[str] = field(default_factory=Counter)
    lately: tuple[UUID, ...] = ()
    houses: tuple[UUID, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class RetentionPeriods:
    """The time for which each kind of data is kept; None: without a limit."""

    sessions: timedelta | None
    inquiries: timedelta | None


class Privacy:
    """Finds, exports and erases personal data, and removes old data.

    `new_id()` and `new_secret()` make the id and the token hash of the placeholder for an erased
    person.
    """

    def __init__(
        self,
        database: Database,
        *,
        new_id: Callable[[], UUID],
        new_secret: Callable[[], bytes],
    ) -> None:
        self._database = database
        self._new_id = new_id
        self._new_secret = new_secret

    async def person(self, person_id: UUID) -> Subject | None:
        """The person with this id and their sessions, or None."""
        known = text("SELECT id FROM people WHERE id = :person")
        visits = text("SELECT id FROM sessions WHERE person_id = :person ORDER BY id")

        async def work(connection: AsyncConnection) -> Subject | None:
            asked = {"person": person_id}
            if (await connection.execute(known, asked)).one_or_none() is None:
                return None
            found = (await connection.execute(visits, asked)).scalars().all()
            return Subject(person=person_id, sessions=tuple(found))

        return await self._database.read_snapshot(work)

    async def session(self, session_id: UUID) -> Subject | None:
        """The session with this id, also if it was erased; else None."""
        statement = text(
            "SELECT EXISTS (SELECT FROM sessions WHERE id = :session) AS here,"
            " EXISTS (SELECT FROM erased_sessions WHERE session_id = :session) AS erased"
        )

        async def work(connection: AsyncConnection) -> Subject | None:
            row = (await connection.execute(statement, {"session": session_id})).one()
            known = row.here or row.erased
            return Subject(sessions=(session_id,), erased=row.erased) if known else None

        return await self._database.read(work)

    async def email(self, address: str) -> Subject | None:
        """The inquiries with this address, in any spelling; no other data belongs to an address."""
        statement = text("SELECT EXISTS (SELECT FROM inquiries WHERE mailbox = :mailbox)")
        form = mailbox(address)

        async def work(connection: AsyncConnection) -> Subject | None:
            await _name_mailboxes(connection)
            found = await connection.execute(statement, {"mailbox": form})
            return Subject(mailbox=form) if found.scalar_one() else None

        return await self._database.write(work)

    async def export(self, subject: Subject) -> Exported:
        """All rows as of one moment, at most `EXPORT_ROWS_MAX` of each kind."""
        asked = {
            "person": subject.person,
            "sessions": list(subject.sessions),
            "mailbox": subject.mailbox,
        }

        async def work(connection: AsyncConnection) -> dict[str, list[Any]]:
            kinds = {}
            for kind, statement in statements.EXPORT.items():
                query = text(f"{_typed(statement)} LIMIT {EXPORT_ROWS_MAX + 1}")
                used = {name: value for name, value in asked.items() if f":{name}" in statement}
                kinds[kind] = list((await connection.execute(query, used)).scalars())
            return kinds

        kinds = await self._database.read_snapshot(work)
        truncated = tuple(kind for kind, rows in kinds.items() if len(rows) > EXPORT_ROWS_MAX)
        return Exported(
            kinds={kind: rows[:EXPORT_ROWS_MAX] for kind, rows in kinds.items()},
            truncated=truncated,
        )

    async def count(self, subject: Subject) -> dict[str, int]:
        """The number of rows of each kind, as of one moment."""
        asked = {
            "person": subject.person,
            "sessions": list(subject.sessions),
            "mailbox": subject.mailbox,
        }

        async def work(connection: AsyncConnection) -> dict[str, int]:
            counts = {}
            for kind, statement in statements.EXPORT.items():
                query = text(f"SELECT count(*) FROM ({_typed(statement)}) AS t")
                used = {name: value for name, value in asked.items() if f":{name}" in statement}
                counts[kind] = int((await connection.execute(query, used)).scalar_one())
            return counts

        return await self._database.read_snapshot(work)

    async def people_of(self, form: str) -> list[UUID]:
        """The people who gave this mailbox in inquiries, at most `PEOPLE_SHOWN`."""
        statement = text(
            "SELECT DISTINCT person_id FROM inquiries WHERE mailbox = :mailbox"
            " ORDER BY person_id LIMIT :shown"
        )
        asked = {"mailbox": form, "shown": PEOPLE_SHOWN}
        found = await self._database.read(lambda connection: connection.execute(statement, asked))
        return list(found.scalars())

    async def erase_session(self, session_id: UUID) -> Erasure:
        """Erases one session; events of it that arrive later are filtered."""
        return await self._database.write(
            lambda connection: _forget_sessions(connection, [session_id], reason="erased")
        )

    async def book_waiting(self, entries: Sequence[tuple[int, int]]) -> int:
        """Records entries of erased sessions before they leave the stream; returns how many are new."""
        statement = text(statements.BOOK_WAITING)
        values = {"ms": [ms for ms, _ in entries], "seq": [seq for _, seq in entries]}

        async def work(connection: AsyncConnection) -> int:
            return int((await connection.execute(statement, values)).scalar_one())

        return await self._database.write(work) if entries else 0

    async def erase_person(self, person_id: UUID) -> Erasure | None:
        """Erases a person whose sessions are erased; None: they have a new one, erase it first.

        Houses in which nobody else has a role are erased, too. In other houses an anonymous
        placeholder replaces the person in the log, their roles and links end, and the work of
        others stays.
        """

        async def work(connection: AsyncConnection) -> Erasure | None:
            asked: dict[str, Any] = {"person": person_id}
            locked = text("SELECT id FROM people WHERE id = :person FOR UPDATE")
            if (await connection.execute(locked, asked)).one_or_none() is None:
                return Erasure()
            visits = text("SELECT count(*) FROM sessions WHERE person_id = :person")
            if (await connection.execute(visits, asked)).scalar_one():
                return None
            houses = (await connection.execute(text(_typed(statements.HOUSES)), asked)).all()
            alone = [row.id for row in houses if row.alone]
            shared = [row.id for row in houses if not row.alone]
            counts = await _run(connection, statements.DELETE_HOUSES, {**asked, "alone": alone})
            if shared:
                counts += await self._leave(connection, person_id, shared)
            counts += await _run(connection, {"person": statements.PERSON}, asked)
            return Erasure(counts=counts, houses=tuple(shared))

        return await self._database.write(work)

    async def _leave(
        self, connection: AsyncConnection, person_id: UUID, shared: Sequence[UUID]
    ) -> Counter[str]:
        stranger = self._new_id()
        await connection.execute(
            text(statements.STRANGER),
            {"stranger": stranger, "token": self._new_secret(), "name": STRANGER_NAME},
        )
        values = {
            "person": person_id,
            "stranger": stranger,
            "shared": list(shared),
            "name": STRANGER_NAME,
        }
        return await _run(connection, statements.LEAVE_HOUSES, values)

    async def erase_inquiries(self, form: str) -> Erasure:
        """Deletes the inquiries with this address."""
        statement = {"inquiries": "DELETE FROM inquiries WHERE mailbox = :mailbox"}

        async def work(connection: AsyncConnection) -> Erasure:
            return Erasure(counts=await _run(connection, statement, {"mailbox": form}))

        return await self._database.write(work)

    async def apply_retention(self, now: datetime, kept: RetentionPeriods) -> Counter[str]:
        """Removes data that was unused for longer than `kept` says; returns numbers of rows by kind.

        Every sum is reduced accordingly. One process at a time does it, the others return at once;
        rows left after `RETENTION_ROUNDS` wait for the next call. Safe to repeat.
        """
        removed: Counter[str] = Counter()
        if kept.sessions is not None:
            removed += await self._forget_idle(now - kept.sessions)
        if kept.inquiries is not None:
            values = {"before": now - kept.inquiries}
            removed += await self._database.write(
                lambda connection: _run(connection, {"inquiries": statements.OLD_INQUIRIES}, values)
            )
        return removed

    async def _forget_idle(self, before: datetime) -> Counter[str]:
        removed: Counter[str] = Counter()
        for _ in range(RETENTION_ROUNDS):
            counts = await self._database.write(lambda connection: _forget_old(connection, before))
            removed += counts
            if counts["sessions"] < RETENTION_SESSIONS:
                break
        return removed


async def _forget_sessions(
    connection: AsyncConnection, sessions: Sequence[UUID], *, reason: str
) -> Erasure:
    which = {"sessions": list(sessions)}
    await connection.execute(text(statements.LOCK_OUT))
    if reason == "erased":
        await connection.execute(text(statements.TOMBSTONES), which)
    gone = (await connection.execute(text(statements.TAKE_BACK), {**which, "reason": reason})).one()
    await connection.execute(text(statements.EMPTY_MINUTES), {"minutes": gone.minutes})
    counts = await _run(connection, statements.SESSION_ROWS, which)
    counts["interactions"] = gone.rows
    return Erasure(counts=+counts, lately=tuple(gone.lately))


async def _forget_old(connection: AsyncConnection, before: datetime) -> Counter[str]:
    leader = text("SELECT pg_try_advisory_xact_lock(hashtext('apply_retention'))")
    if not (await connection.execute(leader)).scalar_one():
        return Counter()
    old = text(statements.OLD_SESSIONS)
    found = await connection.execute(old, {"before": before, "limit": RETENTION_SESSIONS})
    sessions = list(found.scalars())
    if not sessions:
        return Counter()
    return (await _forget_sessions(connection, sessions, reason="expired")).counts


async def _run(
    connection: AsyncConnection, named: Mapping[str, str], values: Mapping[str, Any]
) -> Counter[str]:
    """The number of rows that each statement touched, by its name, without zeros."""
    counts: Counter[str] = Counter()
    for name, statement in named.items():
        used = {each: value for each, value in values.items() if f":{each}" in statement}
        counts[name] += (await connection.execute(text(_typed(statement)), used)).rowcount
    return +counts


async def _name_mailboxes(connection: AsyncConnection) -> None:
    """Fill in the normal form of addresses, which processes of the previous release do not write."""
    unnamed = text("SELECT id, email FROM inquiries WHERE mailbox IS NULL FOR UPDATE SKIP LOCKED")
    named = text("UPDATE inquiries SET mailbox = :mailbox WHERE id = :id")
    rows = (await connection.execute(unnamed)).all()
    if rows:
        values = [{"id": row.id, "mailbox": mailbox(row.email)} for row in rows]
        await connection.execute(named, values)


def _typed(statement: str) -> str:
    """The statement with the types of its parameters, which PostgreSQL cannot infer for a lone NULL."""
    for name, kind in (
        ("person", "uuid"),
        ("stranger", "uuid"),
        ("mailbox", "text"),
        ("name", "text"),
    ):
        statement = statement.replace(f":{name}", f"CAST(:{name} AS {kind})")
    return statement
