"""The audit: actions and looks of admins, newest first."""

import json
from typing import ClassVar, Final

from realtime.api.service.ledger import AuditAnswer, AuditLine
from realtime.sheets.audit_words import AuditWords
from ui.staff.area import Area
from ui.staff.service.names import ServiceNames
from ui.staff.table import Cell, Column, Row, Table
from ui.theme import button, paragraph

PAGE: Final = 50


class AuditSection:
    """The audit. Its lines never change: what is new is put in front."""

    name: ClassVar[str] = "audit"

    def __init__(self, area: Area) -> None:
        self.area = area
        self.names = ServiceNames(self.area.words)
        self.words = AuditWords(self.names)
        self.lines: list[AuditLine] = []
        self.before: int | None = None
        with self.area.head:
            self.links = self.area.files("audit")
        columns = [
            Column("when", self.area.t("audit.when"), whole=True),
            Column("who", self.area.t("audit.who")),
            Column("what", self.area.t("audit.what"), wide=True),
            Column("subject", self.area.t("audit.subject"), wide=True),
        ]
        self.table = Table(columns, rows_called="audit-line", more=self.area.t("audit.detail"))
        self.table.props("data-testid=audit")
        self.none = paragraph("", "quiet")
        self.older = button(self.area.t("more"), self.area.act(self.read_older))
        self.older.visible = self.links.visible = False

    async def read(self) -> None:
        """Raises Refused."""
        page = await self.area.api.get(AuditAnswer, "audit", limit=PAGE)
        known = {each.id for each in self.lines}
        fresh = [each for each in page.lines if each.id not in known]
        if not self.lines or len(fresh) == PAGE:
            self.lines, self.before = page.lines, page.before
        else:
            self.lines = [*fresh, *self.lines]
        self.show()

    async def read_older(self) -> None:
        """Add the lines before those on the page. Raises Refused."""
        page = await self.area.api.get(AuditAnswer, "audit", limit=PAGE, before=self.before)
        self.lines, self.before = [*self.lines, *page.lines], page.before

    def show(self) -> None:
        """Show what was read."""
        self.table.show([self._row(each) for each in self.lines])
        self.none.text = "" if self.lines else self.area.t("audit.none")
        self.links.visible = bool(self.lines)
        self.older.visible = self.before is not None

    def _row(self, line: AuditLine) -> Row:
        what = self.names.word("action", line.action)
        refused = f" ({self.area.t('audit.refused')})" if line.result == "refused" else ""
        detail = json.dumps(line.detail, ensure_ascii=False, indent=2) if line.detail else ""
        subject = self.words.subject(line.action, line.subject, line.detail)
        cells: dict[str, Cell | str] = {
            "when": self.area.words.time(line.at),
            "who": Cell(text=self.words.who(line.actor), note=line.network or ""),
            "what": Cell(text=what + refused, tone="bad" if refused else ""),
            "subject": Cell(text=subject, more=detail),
        }
        return Row(key=str(line.id), cells=cells)
