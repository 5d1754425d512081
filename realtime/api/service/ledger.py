"""The ledger of all interactions that were offered, and the audit of admins; for admins."""

from collections.abc import Callable, Iterable
from datetime import date, datetime, timedelta
from itertools import groupby
from typing import Annotated, Any
from zoneinfo import ZoneInfo

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from configurator.people.roles import Permission
from realtime.activity.figures.query import ZoneQuery
from realtime.activity.service.offered import Offered
from realtime.activity.service.privacy import SUBJECT_MAX
from realtime.api.declared.marks import get
from realtime.api.service.files import wanted_in
from realtime.edge.exchange import json
from realtime.edge.parameters import query
from realtime.sheets.answers import SheetForm, SheetQuery, Sheets
from realtime.sheets.sheet import Kind, Sheet, SheetColumn, values_of
from storage.errors import StorageError
from storage.postgres.activity.ledger import OUTCOMES, Booked, Ledger
from storage.postgres.activity.statistics import ZONE
from storage.postgres.service.audit import LINES_MAX, Audit
from storage.postgres.service.jobs import Jobs

DAYS_MAX = 92
_ID_MAX = 2**63 - 1
_BOOKED_COLUMNS = (
    SheetColumn(name="day", kind=Kind.DAY),
    SheetColumn(name="outcome", kind=Kind.WORD, texts="service.ledger."),
    SheetColumn(name="reason", kind=Kind.WORD, texts="service.why."),
    SheetColumn(name="n", kind=Kind.NUMBER),
)


class LedgerReason(msgspec.Struct, frozen=True, kw_only=True):
    """The number of entries with this outcome for this reason; "" where an outcome needs none."""

    outcome: str
    reason: str
    n: int


class LedgerDay(msgspec.Struct, frozen=True, kw_only=True):
    """The interactions offered on a day, by outcome. The four outcomes add up to `offered`."""

    day: date
    offered: int
    stored: int
    duplicate: int
    filtered: int
    dead: int
    reasons: list[LedgerReason]


class StreamBalance(msgspec.Struct, frozen=True, kw_only=True):
    """The number of entries that the stream took, compared with the whole ledger.

    `offered` counts the entries that the present stream took since it began at `began` (null: none
    yet). `waiting` counts the entries that no worker has finished, those of earlier streams
    included. `missing` counts the entries that this or an earlier stream took and that are neither
    waiting nor in the ledger. They are lost: because the stream began again `renewals` times (Redis
    was emptied, or came back with an older state), or, with `renewals` 0, because of a defect.
    `earlier` counts the entries of the ledger that this stream did not take. Each number is a
    certain minimum: entries under way at this moment, or taken in the last second before web
    processes were killed, are in none of them, so `missing` may be too small.
    """

    offered: int
    waiting: int
    missing: int
    earlier: int
    began: datetime | None
    renewals: int


class DriftRow(msgspec.Struct, frozen=True, kw_only=True):
    """The finding of the latest audit: events that roll-ups count too many or too few.

    `days` has the difference by day (UTC).
    """

    job: str
    at: datetime
    drift: int
    days: dict[str, int]


class LedgerAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """The days in `zone`, newest first. `stream` is null while Redis does not answer."""

    zone: str
    days: list[LedgerDay]
    stream: StreamBalance | None
    audits: list[DriftRow]


class AuditLine(msgspec.Struct, frozen=True, kw_only=True):
    """One recorded action: its actor, network, action, subject and result.

    People and sessions appear as a keyed hash only; an admin appears as their session.
    """

    id: int
    at: datetime
    actor: str
    network: str | None
    action: str
    subject: str
    result: str
    detail: dict[str, Any]


class AuditAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """Lines of the audit, newest first. `before` asks for the next page; null on the last one."""

    lines: list[AuditLine]
    before: int | None


class DaysQuery(msgspec.Struct, frozen=True, kw_only=True):
    """The number of days, today included."""

    days: Annotated[int, msgspec.Meta(ge=1, le=DAYS_MAX)] = 7


class LinesQuery(msgspec.Struct, frozen=True, kw_only=True):
    """A page of the audit, optionally only the lines about one subject."""

    before: Annotated[int, msgspec.Meta(ge=1, le=_ID_MAX)] | None = None
    limit: Annotated[int, msgspec.Meta(ge=1, le=LINES_MAX)] = 50
    about: Annotated[str, msgspec.Meta(max_length=SUBJECT_MAX)] | None = None


class LedgerEndpoints:
    """The endpoints of the ledger and the audit; for admins only."""

    def __init__(
        self,
        *,
        ledger: Ledger,
        audit: Audit,
        sheets: Sheets,
        jobs: Jobs,
        offered: Offered,
        now: Callable[[], datetime],
    ) -> None:
        self._ledger = ledger
        self._audit = audit
        self._sheets = sheets
        self._jobs = jobs
        self._offered = offered
        self._now = now

    @get(
        "/api/admin/ledger",
        LedgerAnswer,
        look="ledger.look",
        query=[DaysQuery, ZoneQuery, SheetQuery],
        codes=["query_unusable"],
        needs=Permission.RUN_SERVICE,
    )
    async def ledger(self, request: Request) -> Response:
        """Read the fate of all interactions that were offered, and whether the numbers add up.

        The numbers are by day and reason, over the last `days`. A file has a row for each day,
        outcome and reason.
        """
        days = query(request, DaysQuery).days
        today = self._now().astimezone(ZoneInfo(ZONE)).date()
        wanted = wanted_in(request, self._now())
        booked = await self._ledger.since(today - timedelta(days=days - 1))
        if wanted is not None:
            rows = [values_of(row) for row in booked]
            return await self._sheets.answer(
                Sheet(name="ledger", columns=_BOOKED_COLUMNS, rows=rows), wanted
            )
        return json(
            LedgerAnswer(
                zone=ZONE,
                days=[_day(day, of_day) for day, of_day in groupby(booked, lambda row: row.day)],
                stream=await self._balance(),
                audits=await self._audits(),
            )
        )

    @get(
        "/api/admin/audit",
        AuditAnswer,
        look="audit",
        query=[LinesQuery, ZoneQuery, SheetQuery],
        codes=["query_unusable"],
        needs=Permission.RUN_SERVICE,
    )
    async def audit(self, request: Request) -> Response:
        """Read what admins did and looked at, newest first.

        `about` keeps only the lines about this person, session, address or house, even where they
        show a hash; `before` comes from the last page. A file has the whole list.
        """
        asked = query(request, LinesQuery)
        wanted = wanted_in(request, self._now())
        if wanted is not None:
            return await self._audit_file(wanted, asked.about)
        lines = await self._lines(asked.before, asked.limit, asked.about)
        more = len(lines) == asked.limit
        return json(AuditAnswer(lines=lines, before=lines[-1].id if more else None))

    async def _lines(self, before: int | None, limit: int, about: str | None) -> list[AuditLine]:
        return [
            AuditLine(
                id=line.id,
                at=line.at,
                actor=line.actor,
                network=line.network,
                action=line.action,
                subject=line.subject,
                result=line.result,
                detail=line.detail,
            )
            for line in await self._audit.latest(limit=limit, before=before, subject=about)
        ]

    async def _audit_file(self, wanted: SheetForm, about: str | None) -> Response:
        async def read(before: int | None, limit: int) -> list[AuditLine]:
            lines: list[AuditLine] = []
            while len(lines) < limit:
                some = await self._lines(lines[-1].id if lines else before, LINES_MAX, about)
                lines += some
                if len(some) < LINES_MAX:
                    break
            return lines[:limit]

        return await self._sheets.by_pages(
            "audit", AuditLine, wanted, read=read, where=lambda line: line.id
        )

    async def _balance(self) -> StreamBalance | None:
        try:
            found = await self._offered.balance()
        except StorageError:
            return None
        return StreamBalance(
            offered=found.offered,
            waiting=found.waiting,
            missing=found.missing,
            earlier=found.earlier,
            began=found.began,
            renewals=found.renewals,
        )

    async def _audits(self) -> list[DriftRow]:
        return [
            DriftRow(
                job=run.job,
                at=run.finished_at or run.started_at,
                drift=run.detail["drift"],
                days=run.detail.get("days", {}),
            )
            for run in (await self._jobs.latest()).values()
            if "drift" in run.detail
        ]


def _day(day: date, booked: Iterable[Booked]) -> LedgerDay:
    rows = list(booked)
    ended = {outcome: sum(row.n for row in rows if row.outcome == outcome) for outcome in OUTCOMES}
    return LedgerDay(
        day=day,
        offered=sum(ended.values()),
        reasons=[
            LedgerReason(outcome=row.outcome, reason=row.reason, n=row.n)
            for row in rows
            if row.reason
        ],
        **ended,
    )
