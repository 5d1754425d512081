"""Dead letters: the list, and actions on all letters of a kind."""

from collections.abc import Mapping
from typing import ClassVar, Final

from nicegui import background_tasks

from configurator.protocol.codes import CODES, Refused
from realtime.api.service.dead_letters import (
    LetterAnswer,
    LetterRow,
    LettersAnswer,
    RedriveAnswer,
    RedriveRequest,
)
from ui.staff.area import Area
from ui.staff.select import KeepingSelectBox
from ui.staff.service.letter import PLACE, OpenLetter, is_gone
from ui.staff.service.names import ServiceNames
from ui.staff.service.sent import Sent
from ui.staff.table import Cell, Column, Row, Table
from ui.theme import box, button, paragraph

PAGE: Final = 50
PAGE_MAX: Final = 200
ALL: Final = ""


class DeadLettersSection:
    """Entries that no worker could store, until somebody decides about them."""

    name: ClassVar[str] = "letters"

    def __init__(self, area: Area) -> None:
        self.area = area
        area.acting.refusal = self._refusal
        self.names = ServiceNames(self.area.words)
        self.letters: list[LetterRow] = []
        self.before: str | None = None
        self.opened: OpenLetter | None = None
        with self.area.head:
            self.kind = KeepingSelectBox(self.area.t("letters.reason"), {ALL: ""}, ALL, self.pick)
            self.kind.props("data-testid=kind")
            self.send_all = button("", self.area.act(self.redrive_all)).props(
                "data-testid=send-all"
            )
            self.links = box("span")
        self.area.told.props("data-testid=told")
        self.sent = Sent(self.area.api, self.area.words)
        self.none = paragraph("", "quiet").props("data-testid=empty")
        columns = [
            Column("when", self.area.t("audit.when"), whole=True),
            Column("why", self.area.t("letters.reason"), wide=True),
            Column("size", self.area.t("letters.payload")),
        ]
        self.table = Table(columns, rows_called="letter")
        self.table.on_act(lambda letter, _: self.area.act(lambda: self.open(letter))())
        self.older = button(self.area.t("more"), self.area.act(self.read_older))
        for each in (self.kind, self.send_all, self.older):
            each.visible = False

    async def read(self) -> None:
        """Read as many letters as are on the page, so that none disappears while a person reads.

        Raises Refused.
        """
        kind, limit = self.kind.chosen, min(PAGE_MAX, max(PAGE, len(self.letters)))
        page = await self.area.api.get(LettersAnswer, PLACE, kind=kind, limit=limit)
        if kind != self.kind.chosen:
            return
        if kind and kind not in page.kinds:
            self.kind.choose(ALL)
            await self.read()
            return
        self.letters, self.before = page.letters, page.before
        self._show(page.total, page.kinds)
        self._close_if_gone()

    async def read_older(self) -> None:
        """Add the letters before those on the page. Raises Refused."""
        page = await self.area.api.get(
            LettersAnswer, PLACE, kind=self.kind.chosen, before=self.before, limit=PAGE
        )
        self.letters, self.before = [*self.letters, *page.letters], page.before

    async def pick(self) -> None:
        """Show the letters of another kind."""
        self.letters = []
        await self.area.read_again()

    async def open(self, letter_id: str) -> None:
        """Open a letter in a dialog. Raises Refused."""
        found = await self.area.api.get(LetterAnswer, f"{PLACE}/{letter_id}")
        self.opened = OpenLetter(self.area, self, found)
        await self.opened.show(closed=self._closed)

    async def follow(self, entries: list[str]) -> None:
        """Say what becomes of entries of the stream that letters were sent as."""
        for entry in entries:
            _ = background_tasks.create(
                self.sent.follow(entry, self.area.read_again), name="what became of a dead letter"
            )

    def _closed(self) -> None:
        self.opened = None

    def _refusal(self, refused: Refused) -> str:
        """A letter that is not there any more was dealt with by somebody else."""
        if is_gone(refused):
            return self.area.t("letters.gone")
        said = self.area.words.refusal(refused)
        if refused.code is CODES["event_unusable"] and refused.reason:
            return f"{said} {self.names.reason_at(refused.reason, refused.field)}"
        return said

    async def redrive_all(self) -> None:
        """Send all of the kind that is shown. Raises Refused."""
        asked = RedriveRequest(kind=self.kind.chosen)
        answer = await self.area.api.post(RedriveAnswer, f"{PLACE}/redrive", asked)
        self.area.told.say(
            self.area.t("letters.sentAll", n=self.area.words.number(answer.redriven))
        )

    def _show(self, total: int, kinds: Mapping[str, int]) -> None:
        number, kind = self.area.words.number, self.kind.chosen
        of_kinds = {
            each: f"{self.names.word('why', each)} ({number(n)})" for each, n in kinds.items()
        }
        self.kind.offer({ALL: self.area.t("letters.all", n=number(total)), **of_kinds}, kind)
        self.kind.visible = bool(total)
        self.send_all.visible = bool(kind)
        self.send_all.text = self.area.t("letters.sendAll", n=number(kinds.get(kind)))
        self.none.text = "" if self.letters else self.area.t("letters.none")
        self.table.show([self._row(each) for each in self.letters])
        self.older.visible = self.before is not None
        self.links.clear()
        if total:
            with self.links:
                self.area.files(PLACE, kind=kind)

    def _close_if_gone(self) -> None:
        opened = self.opened
        if opened is None or any(each.id == opened.id for each in self.letters):
            return
        if self.before is None or _later(opened.id, self.before):
            opened.close()
            self.area.told.say(self.area.told.text or self.area.t("letters.gone"))

    def _row(self, letter: LetterRow) -> Row:
        size = self.area.t("letters.bytes", n=self.area.words.number(letter.payload_bytes))
        if (letter.deliveries or 0) > 1:
            size += " · " + self.area.t(
                "letters.deliveries", n=self.area.words.number(letter.deliveries)
            )
        cells: dict[str, Cell | str] = {
            "when": self.area.words.time(letter.buried_at),
            "why": Cell(
                text=self.names.reason(letter.reason),
                act="open",
                mark=self.area.t("letters.fixed") if letter.fixed else "",
            ),
            "size": Cell(text=size, tone="quiet"),
        }
        return Row(key=letter.id, cells=cells)


def _later(one: str, other: str) -> bool:
    """Whether an id of the stream is after another one."""
    first, second = ([int(part) for part in each.split("-")] for each in (one, other))
    return first > second
