"""The ledger: offered entries and their ends by day, their balance, and the audit of roll-ups."""

from collections import Counter
from collections.abc import Sequence
from typing import ClassVar, Final

from realtime.api.service.ledger import DriftRow, LedgerAnswer, LedgerDay, StreamBalance
from ui.staff.area import Area
from ui.staff.select import KeepingSelectBox
from ui.staff.service.names import ServiceNames
from ui.staff.table import Cell, Column, Row, Table
from ui.theme import Tone, box, heading, paragraph, set_tone

RANGES: Final = (7, 30, 92)
OUTCOMES: Final = ("stored", "duplicate", "filtered", "dead")
AUDITS_MAX: Final = 8


class LedgerSection:
    """The ledger of some days."""

    name: ClassVar[str] = "ledger"

    def __init__(self, area: Area) -> None:
        self.area = area
        self.names = ServiceNames(self.area.words)
        with self.area.head:
            days = {str(n): self.area.t("ledger.days", n=n) for n in RANGES}
            self.days = KeepingSelectBox(
                self.area.t("ledger.range"), days, str(RANGES[0]), self.area.read_again
            )
            self.links = box("span")
        self.balance = paragraph().props("data-testid=balance")
        self.audits = [paragraph().props("data-testid=drift") for _ in range(AUDITS_MAX)]
        names = ("offered", *OUTCOMES)
        columns = [Column(name, self.area.t(f"ledger.{name}"), number=True) for name in names]
        day = Column("day", self.area.t("ledger.day"))
        self.table = Table([day, *columns], rows_called="day").props("data-testid=ledger")
        self.none = paragraph("", "quiet")
        self.reasons_title = heading(self.area.t("ledger.reasons"), 3)
        self.reasons = Table(
            [
                Column("reason", self.area.t("letters.reason")),
                Column("outcome", self.area.t("jobs.outcome")),
                Column("n", self.area.t("ledger.entries"), number=True),
            ],
            rows_called="reason",
        ).props("data-testid=reasons")

    async def read(self) -> None:
        """Raises Refused."""
        asked = self.days.chosen
        found = await self.area.api.get(LedgerAnswer, "ledger", days=asked)
        if asked != self.days.chosen:
            return
        tone, text = self._balance(found.stream)
        self.balance.text = text
        set_tone(self.balance, tone)
        self._show_audits(found.audits)
        self.table.show(self._days(found.days))
        self.none.text = "" if found.days else self.area.t("ledger.none")
        rows = self._reasons(found.days)
        self.reasons_title.visible = bool(rows)
        self.reasons.show(rows)
        self.links.clear()
        if found.days:
            with self.links:
                self.area.files("ledger", days=asked)

    def _balance(self, stream: StreamBalance | None) -> tuple[Tone, str]:
        number = self.area.words.number
        if stream is None:
            return "warn", self.area.t("noRedis")
        if stream.missing:
            lost = self.area.t(
                "ledger.lost" if stream.renewals else "ledger.missing",
                n=number(stream.missing),
                times=number(stream.renewals),
                began=self.area.words.time(stream.began) if stream.began else "–",
            )
            return "bad", lost
        offered = number(stream.offered)
        if stream.earlier:
            return "quiet", self.area.t("ledger.earlier", n=number(stream.earlier), offered=offered)
        closes = "ledger.closesWaiting" if stream.waiting else "ledger.closes"
        return "good", self.area.t(closes, offered=offered, waiting=number(stream.waiting))

    def _show_audits(self, audits: Sequence[DriftRow]) -> None:
        lines: list[tuple[str, Tone]] = [self._audit(each) for each in audits]
        lines = lines or [(self.area.t("ledger.notAudited"), "quiet")]
        empty: list[tuple[str, Tone]] = [("", "")] * AUDITS_MAX
        for line, (text, tone) in zip(self.audits, [*lines, *empty], strict=False):
            line.text = text
            set_tone(line, tone)

    def _audit(self, audit: DriftRow) -> tuple[str, Tone]:
        text = self.area.t(
            "ledger.drifted" if audit.drift else "ledger.audited",
            job=self.names.job(audit.job),
            time=self.area.words.time(audit.at),
            n=self.area.words.number(audit.drift),
            days=", ".join(audit.days),
        )
        return text, "bad" if audit.drift else "good"

    def _days(self, days: Sequence[LedgerDay]) -> list[Row]:
        if not days:
            return []
        total: Counter[str] = Counter()
        rows = []
        for day in days:
            counts = {name: getattr(day, name) for name in ("offered", *OUTCOMES)}
            total.update(counts)
            rows.append(self._row(str(day.day), self.area.words.day(day.day), counts))
        return [*rows, self._row("sum", self.area.t("ledger.sum"), total, is_sum=True)]

    def _row(self, key: str, name: str, counts: dict[str, int], *, is_sum: bool = False) -> Row:
        numbers = {each: self.area.words.number(counts[each]) for each in ("offered", *OUTCOMES)}
        return Row(key=key, cells={"day": name, **numbers}, sum=is_sum)

    def _reasons(self, days: Sequence[LedgerDay]) -> list[Row]:
        counts: Counter[tuple[str, str]] = Counter()
        for each in (reason for day in days for reason in day.reasons):
            counts[each.outcome, each.reason] += each.n
        return [
            Row(
                key=f"{outcome} {reason}",
                cells={
                    "reason": self.names.word("why", reason),
                    "outcome": Cell(text=self.area.t(f"ledger.{outcome}"), tone="quiet"),
                    "n": self.area.words.number(n),
                },
            )
            for (outcome, reason), n in counts.most_common()
        ]
