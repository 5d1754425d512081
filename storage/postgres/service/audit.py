"""The audit: one line for each action and reading of an admin, immutable, without personal data.

PostgreSQL refuses every change of a signed line (migration 0017), the web role may only append and
read, and `storage.postgres.service.audit_chain` detects changes that got around that.

Transactions that append take turns from the line to COMMIT. So `within` comes last in a transaction:
a transaction that holds the turn must not wait for locks of one that waits for the turn.
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
from storage.postgres.engine import Database
from storage.postgres.look import one_look
from storage.postgres.service.audit_chain import (
    FIRST,
    NUMBER_MAX,
    NUMBER_MIN,
    AuditHead,
    AuditKey,
    Break,
    Line,
    SignedLine,
    breaks,
)

log = structlog.get_logger()

LINES_MAX: Final = 500
PAGE_LINES: Final = 1_000
"""Lines per page while all of them are verified."""

AuditResult = Literal["done", "refused"]

_TURN: Final = text("SELECT pg_advisory_xact_lock(hashtext('admin_actions'))")
# `detail` as PostgreSQL will return it, so that the signed text equals the text read later.
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
# No genuine line has a time outside Python's range.
_AT: Final = "least(greatest(at, timestamptz '0001-01-02 UTC'), timestamptz '9999-12-30 UTC') AS at"
_LINE: Final = f"id, {_AT}, actor, network, action, subject, result, detail::text AS detail"
_PAGE: Final = text(
    f"SELECT {_LINE}, key_id, signature FROM admin_actions "
    " WHERE id >= :lowest ORDER BY id LIMIT :limit"
)
_UNSIGNED: Final = text(
    f"SELECT {_LINE} FROM admin_actions WHERE NOT EXISTS"
    " (SELECT FROM admin_actions WHERE signature IS NOT NULL) ORDER BY id"
)
_SIGN: Final = text(
    "UPDATE admin_actions SET subject = :subject, key_id = :key_id, signature = :signature"
    " WHERE id = :id AND signature IS NULL"
)
_ADOPTED: Final = text("SELECT audit_adopted_at FROM deployment FOR UPDATE")
_ADOPT: Final = text("UPDATE deployment SET audit_adopted_at = clock_timestamp()")
_HIDDEN: Final = "privacy."
"""Prefix of earlier releases' actions about a person, whose subject is a plain SHA-256."""


@dataclass(frozen=True, slots=True)
class Actor:
    """The author of an action as the audit names them, and their network (/24, /48) if known."""

    name: str
    network: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AdminAction:
    """One line: actor, action, subject, network and result. `detail` is small JSON."""

    id: int
    at: datetime
    actor: str
    network: str | None
    action: str
    subject: str
    result: str
    detail: dict[str, Any]


class AuditLines:
    """Reads the end of the audit; needs no key."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def newest(self) -> AuditHead | None:
        """The newest line with a signature, of any length, or None."""
        return await self._head("ORDER BY id DESC LIMIT 1")

    async def line(self, number: int) -> AuditHead | None:
        """The line with this number, or None."""
        return await self._head("AND id = :number", number=number)

    async def _head(self, which: str, **asked: int) -> AuditHead | None:
        statement = text(
            f"SELECT id, signature FROM admin_actions WHERE signature IS NOT NULL {which}"
        )
        found = await self._database.read(lambda connection: connection.execute(statement, asked))
        row = found.one_or_none()
        return None if row is None else AuditHead(id=row.id, signature=bytes(row.signature))


class Audit:
    """Writes, reads and verifies the lines."""

    def __init__(self, database: Database, key: AuditKey) -> None:
        self._database = database
        self._key = key
        self._turn = asyncio.Lock()
        self.written = 0
        """Lines that this process added; a transaction's lines count before its COMMIT."""
        self.failed = 0
        """Lines that it could not add, so that their actions were not carried out."""

    async def record(
        self,
        *,
        actor: Actor,
        action: str,
        subject: str,
        result: AuditResult = "done",
        detail: Mapping[str, object] | None = None,
    ) -> None:
        """Adds a line. Raises StorageUnavailable: then do not carry out the action."""

        async def work(connection: AsyncConnection) -> None:
            await self._add(
                connection,
                actor=actor,
                action=action,
                subject=subject,
                result=result,
                detail=detail,
            )

        # Only one connection of this process waits for its turn, never the whole pool.
        try:
            async with asyncio.timeout(self._database.deadlines.call), self._turn:
                await self._database.write(work)
        except TimeoutError:
            self.failed += 1
            raise StorageUnavailable("other processes are writing to the audit") from None
        except Exception:
            self.failed += 1
            raise
        self.written += 1

    def by(self, actor: Actor) -> "Recorder":
        """A recorder of this actor's actions."""
        return Recorder(self, actor)

    async def within(
        self,
        connection: AsyncConnection,
        *,
        actor: Actor,
        action: str,
        subject: str,
        result: AuditResult = "done",
        detail: Mapping[str, object] | None = None,
    ) -> None:
        """Adds a line in the caller's transaction, as its last step: both are stored, or neither."""
        try:
            await self._add(
                connection,
                actor=actor,
                action=action,
                subject=subject,
                result=result,
                detail=detail,
            )
        except BaseException:  # also the transaction's deadline
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
        result: AuditResult,
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
        """The pseudonym that a line has for a person, a session or an address."""
        return self._key.subject(subject)

    async def latest(
        self, *, limit: int = 100, before: int | None = None, subject: str | None = None
    ) -> list[AdminAction]:
        """Up to `limit` lines (500 at most), newest first, with numbers below `before` if given.

        `subject`: only lines about it, also where they contain its pseudonym.
        """
        statement = text(
            f"SELECT id, {_AT}, actor, network, action, subject, result, detail FROM admin_actions"
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
        return [AdminAction(**row._mapping) for row in found]

    def verify(self, known: AuditHead | None = None) -> AsyncIterator[Break | AuditHead]:
        """Every place where the chain is broken, and finally its head."""
        return breaks(self._key, self._lines(), known)

    async def adopt(self, kept: AuditHead | None = None) -> int:
        """Signs the lines of releases before the chain, once; returns how many. Owner only.

        Signs nothing once a line was signed or a head was `kept`: a line without a signature is
        forged then and must not get a valid one. Subjects about people, which were plain SHA-256, are
        replaced by pseudonyms made with the key.
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
        """The forms in which lines may have a subject: plain, pseudonym, or as `adopt` found it."""
        plain = sha256(b"subject:" + subject.strip().lower().encode()).hexdigest()
        return [subject, self.hidden(subject), self.hidden(plain)]

    def _hidden_again(self, action: str, subject: str) -> str:
        return self.hidden(subject) if action.startswith(_HIDDEN) else subject

    def _signed(self, before: bytes, line: Line) -> dict[str, Any]:
        """The column values of a line that follows the one with the signature `before`."""
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
    """Records one actor's actions, for stores that add a line in the transaction of the action."""

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
    """The name of the newest signed line's key, or None. Raises StorageUnavailable."""
    async with one_look(database_url) as connection:
        try:
            found: str | None = await connection.fetchval(
                "SELECT key_id FROM admin_actions WHERE signature IS NOT NULL"
                " ORDER BY id DESC LIMIT 1"
            )
        except (asyncpg.UndefinedTableError, asyncpg.UndefinedColumnError):
            return None  # a schema of a release before the chain
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
