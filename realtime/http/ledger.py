"""What became of every interaction that was offered, and what admins did: for admins."""

from collections.abc import Callable, Iterable
from datetime import date, datetime, timedelta
from itertools import groupby
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from configurator.protocol.codes import Refused
from realtime.http.edge import json
from realtime.http.endpoints import Endpoint, whole
from realtime.http.files import wanted_in
from realtime.offered import Offered
from realtime.privacy import SUBJECT_MAX
from realtime.sheets.answers import FORM_FIELDS, Sheets, Wanted
from realtime.sheets.sheet import Column, Kind, Sheet, values_of
from storage.errors import StorageError
from storage.postgres.audit import LINES_MAX, Audit
from storage.postgres.jobs import Jobs
from storage.postgres.ledger import OUTCOMES, Booked, Ledger
from storage.postgres.statistics import ZONE

DAYS_MAX = 92
_ID_MAX = 2**63 - 1
_BOOKED_COLUMNS = (
    Column(name="day", kind=Kind.DAY),
    Column(name="outcome", kind=Kind.WORD, texts="operations.ledger."),
    Column(name="reason", kind=Kind.WORD, texts="operations.why."),
    Column(name="n", kind=Kind.NUMBER),
)


class LedgerReason(msgspec.Struct, frozen=True, kw_only=True):
    """How many entries ended so for this reason; "" where an outcome needs none."""

    outcome: str
    reason: str
    n: int


class LedgerDay(msgspec.Struct, frozen=True, kw_only=True):
    """What was offered on a day and how it ended. The four outcomes add up to `offered`."""

    day: date
    offered: int
    stored: int
    duplicate: int
    filtered: int
    dead: int
    reasons: list[LedgerReason]


class StreamBalance(msgspec.Struct, frozen=True, kw_only=True):
    """The count of what the stream took, held against the whole ledger.

    `offered`: in the life of the stream that is there now, which began at `began` (null: it took
    nothing yet). `waiting` are not done yet, those of an earlier life too. `missing`: so many
    entries were taken, in this life or one before it, and are neither waiting nor in the ledger.
    They are lost: with `renewals` above 0 because the stream began anew so often (Redis was emptied,
    or came back with an older state), else it is a defect. `earlier`: the ledger knows so many more
    than this life took. All are what is certain, so `missing` may be too small: whatever is on its
    way at this moment, or was taken in the last second before web processes were killed, is in none.
    """

    offered: int
    waiting: int
    missing: int
    earlier: int
    began: datetime | None
    renewals: int


class DriftRow(msgspec.Struct, frozen=True, kw_only=True):
    """What the latest audit found: events that roll-ups count too many or too few, by day (UTC)."""

    job: str
    at: datetime
    drift: int
    days: dict[str, int]


class LedgerAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """Days in `zone`, the newest first. `stream` null: Redis does not answer."""

    zone: str
    days: list[LedgerDay]
    stream: StreamBalance | None
    audits: list[DriftRow]


class AuditLine(msgspec.Struct, frozen=True, kw_only=True):
    """Who did what to what, from which network, with which result.

    Of people and sessions only a keyed hash is kept; an admin is a session of one.
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
    """Newest first. `before` asks for the next page; null: there is none."""

    lines: list[AuditLine]
    before: int | None


class LedgerEndpoints:
    """The handlers; for admins only."""

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

    def endpoints(self) -> list[Endpoint]:
        """Every endpoint of this module."""
        return [
            Endpoint(
                method="GET",
                path="/api/admin/ledger",
                look="ledger.look",
                handler=self.ledger,
                summary="What became of every interaction that was offered, by day and reason, and "
                f"whether it adds up. `days`: 1 to {DAYS_MAX}, 7 if not said. "
                "As a file it is a row for each day, outcome and reason.",
                query=["days", "tz", *FORM_FIELDS],
                parameters={"days": whole(1, DAYS_MAX)},
                answer=LedgerAnswer,
                codes=["malformed_message", "query_unusable"],
                tags=["admin"],
                admins=True,
            ),
            Endpoint(
                method="GET",
                path="/api/admin/audit",
                look="audit",
                handler=self.audit,
                summary="What admins did and looked at, newest first. `about`: only what is about "
                "this person, session, address or house, also where the lines hide it; "
                f"`limit`: up to {LINES_MAX}; `before`: from the last page. "
                "As a file it is the whole list.",
                query=["before", "limit", "about", "tz", *FORM_FIELDS],
                parameters={
                    "before": whole(1, _ID_MAX),
                    "limit": whole(1, LINES_MAX),
                    "about": {"type": "string", "maxLength": SUBJECT_MAX},
                },
                answer=AuditAnswer,
                codes=["malformed_message", "query_unusable"],
                tags=["admin"],
                admins=True,
            ),
        ]

    async def ledger(self, request: Request) -> Response:
        """``GET /api/admin/ledger``."""
        days = _number(request, "days", default=7, most=DAYS_MAX)
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

    async def audit(self, request: Request) -> Response:
        """``GET /api/admin/audit``."""
        limit = _number(request, "limit", default=50, most=LINES_MAX)
        before = None
        if "before" in request.query_params:
            before = _number(request, "before", default=0, most=_ID_MAX)
        about = request.query_params.get("about")
        if about is not None and len(about) > SUBJECT_MAX:
            detail = f"about may have {SUBJECT_MAX} characters"
            raise Refused("malformed_message", detail=detail)
        wanted = wanted_in(request, self._now())
        if wanted is not None:
            return await self._audit_file(wanted, about)
        lines = await self._lines(before, limit, about)
        more = len(lines) == limit
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

    async def _audit_file(self, wanted: Wanted, about: str | None) -> Response:
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


def _number(request: Request, name: str, *, default: int, most: int) -> int:
    text = request.query_params.get(name)
    if text is None:
        return default
    if not (text.isascii() and text.isdigit() and len(text) <= 19 and 1 <= int(text) <= most):
        detail = f"{name} must be a whole number from 1 to {most}"
        raise Refused("malformed_message", detail=detail)
    return int(text)
