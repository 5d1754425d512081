"""What admins did and read: one line for each, never changed, never personal data.

PostgreSQL refuses every change of a line that is signed (migration 0017), the web role may only
append and read, and `storage.postgres.audit_chain` tells when somebody got around that.

Those who append take turns from the line to COMMIT. So `within` comes last in a transaction: what
is locked before it must not wait for somebody who waits for this turn.
"""

import asyncio
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import Any, Final, Literal

import asyncpg
import orjson
import structlog
from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncConnection

from storage.errors import StorageUnavailable
from storage.postgres.audit_chain import (
    FIRST,
    NUMBER_MAX,
    NUMBER_MIN,
    AuditKey,
    Break,
    Head,
    Line,
    SignedLine,
    breaks,
)
from storage.postgres.engine import Database
from storage.postgres.look import one_look

log = structlog.get_logger()

LINES_MAX: Final = 500
PAGE_LINES: Final = 1_000
"""Lines that are read at once while all of them are verified."""

Result = Literal["done", "refused"]

_TURN: Final = text("SELECT pg_advisory_xact_lock(hashtext('admin_actions'))")
# `detail` as PostgreSQL will show it, so that what is signed is what is read.
_HEAD: Final = text(
    "SELECT id, signature, clock_timestamp() AS at, CAST(:detail AS jsonb)::text AS detail"
    " FROM (VALUES (1)) AS one LEFT JOIN LATERAL"
    " (SELECT id, signature FROM admin_actions ORDER BY id DESC LIMIT 1) AS head ON true"
)
_INSERT: Final = text(
    "INSERT INTO admin_actions"
    " (id, at, actor, network, action, subject, result, detail, key_id, signature)"
    " VALUES (:id, :at, :actor, :network, :action, :subject, :result, CAST(:detail AS jsonb),"
    " :key_id, :signature)"
)
# Times that Python cannot hold are those of no true line.
_AT: Final = "least(greatest(at, timestamptz '0001-01-02 UTC'), timestamptz '9999-12-30 UTC') AS at"
_LINE: Final = f"id, {_AT}, actor, network, action, subject, result, detail::text AS detail"
_PAGE: Final = text(
    f"SELECT {_LINE}, key_id, signature FROM admin_actions "  # noqa: S608
    " WHERE id >= :lowest ORDER BY id LIMIT :limit"
)
_UNSIGNED: Final = text(
    f"SELECT {_LINE} FROM admin_actions WHERE NOT EXISTS"  # noqa: S608
    " (SELECT FROM admin_actions WHERE signature IS NOT NULL) ORDER BY id"
)
_SIGN: Final = text(
    "UPDATE admin_actions SET subject = :subject, key_id = :key_id, signature = :signature"
    " WHERE id = :id AND signature IS NULL"
)
_ADOPTED: Final = text("SELECT audit_adopted_at FROM deployment FOR UPDATE")
_ADOPT: Final = text("UPDATE deployment SET audit_adopted_at = clock_timestamp()")
_HIDDEN: Final = "privacy."
"""Actions of earlier releases about a person, whose subject is SHA-256 of it."""


@dataclass(frozen=True, slots=True)
class Actor:
    """Who does something, as the audit names them, and from which network (/24, /48) if it is known."""

    name: str
    network: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AdminAction:
    """One line: who did what to what, from where, with which result. `detail` is small JSON."""

    id: int
    at: datetime
    actor: str
    network: str | None
    action: str
    subject: str
    result: str
    detail: dict[str, Any]


class AuditLines:
    """Where the audit ends. Needs no key."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def newest(self) -> Head | None:
        """The newest line that has a signature, of whatever length; None: there is none."""
        return await self._head("ORDER BY id DESC LIMIT 1")

    async def line(self, number: int) -> Head | None:
        """The line with this number."""
        return await self._head("AND id = :number", number=number)

    async def _head(self, which: str, **asked: int) -> Head | None:
        statement = text(
            f"SELECT id, signature FROM admin_actions WHERE signature IS NOT NULL {which}"  # noqa: S608
        )
        found = await self._database.read(lambda connection: connection.execute(statement, asked))
        row = found.one_or_none()
        return None if row is None else Head(id=row.id, signature=bytes(row.signature))


class Audit:
    """Writes, reads and verifies the lines."""

    def __init__(self, database: Database, key: AuditKey) -> None:
        self._database = database
        self._key = key
        self._turn = asyncio.Lock()
        self.written = 0
        """Lines that this process added; those of a transaction count before its COMMIT."""
        self.failed = 0
        """Lines that it could not add, so that what they would have said was not done."""

    async def record(
        self,
        *,
        actor: Actor,
        action: str,
        subject: str,
        result: Result = "done",
        detail: Mapping[str, object] | None = None,
    ) -> None:
        """Adds a line. Raises StorageUnavailable: then do not do what it would have said."""

        async def work(connection: AsyncConnection) -> None:
            await self._add(
                connection,
                actor=actor,
                action=action,
                subject=subject,
                result=result,
                detail=detail,
            )

        # One connection of this process waits for its turn, never the whole pool.
        try:
            async with asyncio.timeout(self._database.deadlines.call), self._turn:
                await self._database.write(work)
        except TimeoutError:
            self.failed += 1
            raise StorageUnavailable("others write into the audit") from None
        except Exception:
            self.failed += 1
            raise
        self.written += 1

    def by(self, actor: Actor) -> "Recorder":
        """Writes what this actor does."""
        return Recorder(self, actor)

    async def within(
        self,
        connection: AsyncConnection,
        *,
        actor: Actor,
        action: str,
        subject: str,
        result: Result = "done",
        detail: Mapping[str, object] | None = None,
    ) -> None:
        """Adds a line in the caller's transaction, as its last step: both are stored, or none."""
        try:
            await self._add(
                connection,
                actor=actor,
                action=action,
                subject=subject,
                result=result,
                detail=detail,
            )
        except BaseException:  # also the end of the deadline of the transaction
            self.failed += 1
            raise
        self.written += 1

    async def _add(
        self,
        connection: AsyncConnection,
        *,
        actor: Actor,
        action: str,
        subject: str,
        result: Result,
        detail: Mapping[str, object] | None,
    ) -> None:
        await connection.execute(_TURN)
        asked = {"detail": orjson.dumps(dict(detail or {})).decode()}
        head = (await connection.execute(_HEAD, asked)).one()
        if head.id is not None and head.signature is None:
            raise StorageUnavailable(
                "the audit ends with lines that are not signed: run `nest migrate`, then"
                " `nest audit verify`"
            )
        if head.id == NUMBER_MAX:
            raise StorageUnavailable("the audit has a forged end: run `nest audit verify`")
        line = Line(
            id=max(head.id or 0, 0) + 1,
            at=head.at,
            actor=actor.name[:128],
            network=actor.network or None,
            action=action,
            subject=subject[:256],
            result=result,
            detail=head.detail,
        )
        await connection.execute(_INSERT, self._signed(head.signature or FIRST, line))

    def hidden(self, subject: str) -> str:
        """What a line says instead of a person, a session or an address."""
        return self._key.subject(subject)

    async def latest(
        self, *, limit: int = 100, before: int | None = None, subject: str | None = None
    ) -> list[AdminAction]:
        """The newest lines first, at most 500; those with a number below `before`, if given.

        `subject`: only those about it, also where the lines hide it.
        """
        statement = text(
            f"SELECT id, {_AT}, actor, network, action, subject, result, detail FROM admin_actions"  # noqa: S608
            " WHERE (CAST(:before AS bigint) IS NULL OR id < CAST(:before AS bigint))"
            " AND (CAST(:subjects AS text[]) IS NULL OR subject = ANY(CAST(:subjects AS text[])))"
            " ORDER BY id DESC LIMIT :limit"
        )
        asked = {
            "before": before,
            "limit": min(limit, LINES_MAX),
            "subjects": None if subject is None else self._spellings(subject),
        }
        found = await self._database.read(lambda connection: connection.execute(statement, asked))
        return [AdminAction(**row._mapping) for row in found]  # noqa: SLF001 - a public name

    def verify(self, known: Head | None = None) -> AsyncIterator[Break | Head]:
        """Every place where the chain is broken, and its head at last."""
        return breaks(self._key, self._lines(), known)

    async def adopt(self, kept: Head | None = None) -> int:
        """Signs the lines of releases before the chain, once; returns how many. For the owner only.

        Never again after that, and never where a line was signed or a head was `kept`: a line
        without a signature is then a forged one, which must not get a true signature. Subjects of
        persons, which were plain SHA-256, are hidden with the key.
        """

        async def work(connection: AsyncConnection) -> int:
            await connection.execute(_TURN)
            if (await connection.execute(_ADOPTED)).scalar_one() is not None:
                return 0
            rows = (await connection.execute(_UNSIGNED)).all()
            if rows and kept is not None:
                log.critical("audit_lines_not_adopted", lines=len(rows), kept=kept.id)
                return 0
            before, signed = FIRST, []
            for row in rows:
                line = _line(row, subject=self._hidden_again(row.action, row.subject))
                signed.append(self._signed(before, line))
                before = signed[-1]["signature"]
            if signed:
                await connection.execute(_SIGN, signed)
                log.warning(
                    "audit_lines_adopted", lines=len(rows), first=rows[0].id, last=rows[-1].id
                )
            await connection.execute(_ADOPT)
            return len(signed)

        return await self._database.write(work)

    def _spellings(self, subject: str) -> list[str]:
        """How lines may name it: as it is, hidden, or as `adopt` found it."""
        plain = sha256(b"subject:" + subject.strip().lower().encode()).hexdigest()
        return [subject, self.hidden(subject), self.hidden(plain)]

    def _hidden_again(self, action: str, subject: str) -> str:
        return self.hidden(subject) if action.startswith(_HIDDEN) else subject

    def _signed(self, before: bytes, line: Line) -> dict[str, Any]:
        """The values of a line that follows the one with the signature `before`."""
        values = {name: getattr(line, name) for name in Line.__slots__}
        signature = self._key.sign(bytes(before), line)
        return {**values, "key_id": self._key.id, "signature": signature}

    async def _lines(self) -> AsyncIterator[SignedLine]:
        lowest = NUMBER_MIN
        while True:
            asked = {"lowest": lowest, "limit": PAGE_LINES}
            found = await self._database.read(lambda connection: connection.execute(_PAGE, asked))  # noqa: B023
            rows = found.all()
            for row in rows:
                signature = None if row.signature is None else bytes(row.signature)
                yield SignedLine(
                    line=_line(row, subject=row.subject), key_id=row.key_id, signature=signature
                )
            if len(rows) < PAGE_LINES or rows[-1].id == NUMBER_MAX:
                return
            lowest = rows[-1].id + 1


@dataclass(frozen=True, slots=True)
class Recorder:
    """The audit in the hand of one actor, for stores that write a line with what it is about."""

    audit: Audit
    actor: Actor

    async def within(
        self,
        connection: AsyncConnection,
        *,
        action: str,
        subject: str,
        detail: Mapping[str, object] | None = None,
    ) -> None:
        """Adds a line in the caller's transaction, as its last step."""
        await self.audit.within(
            connection, actor=self.actor, action=action, subject=subject, detail=detail
        )


async def newest_key_id(database_url: str) -> str | None:
    """The name of the key of the newest signed line; None: there is none. Raises StorageUnavailable."""
    async with one_look(database_url) as connection:
        try:
            found: str | None = await connection.fetchval(
                "SELECT key_id FROM admin_actions WHERE signature IS NOT NULL"
                " ORDER BY id DESC LIMIT 1"
            )
        except (asyncpg.UndefinedTableError, asyncpg.UndefinedColumnError):
            return None  # of a release before the chain
    return found


def _line(row: Row[Any], *, subject: str) -> Line:
    return Line(
        id=row.id,
        at=row.at,
        actor=row.actor,
        network=row.network,
        action=row.action,
        subject=subject,
        result=row.result,
        detail=row.detail,
    )
