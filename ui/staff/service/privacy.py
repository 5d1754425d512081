"""The data of a person: their amount, all of them as a file, and their erasure."""

from collections.abc import Awaitable, Callable, Mapping
from functools import partial
from typing import ClassVar, Final

from configurator.protocol.codes import CODES
from realtime.activity.service.privacy import SUBJECT_MAX, Known, Receipt
from realtime.api.service.privacy import EraseRequest
from ui.staff.area import Area
from ui.staff.service.names import ServiceNames
from ui.staff.table import Column, Row, Table
from ui.theme import box, button, field_for, form, heading, paragraph

EXPORT_SECONDS: Final = 120.0
"""All that is known of somebody who was here for years is a file of some MB."""


class PrivacySection:
    """Look, hand over, erase."""

    name: ClassVar[str] = "privacy"

    def __init__(self, area: Area) -> None:
        self.area = area
        self.names = ServiceNames(self.area.words)
        self.area.loading.text = ""
        with form(self.look, "search"):
            self.subject = field_for(self.area.t("privacy.subject"), characters=SUBJECT_MAX)
            self.subject.props("data-testid=subject")
            button(self.area.t("privacy.look"), None, "primary")
        self.found = box(classes="found")

    async def read(self) -> None:
        """Nothing changes by itself here, and nothing is looked up again without being asked."""

    async def look(self) -> None:
        """Look up the subject in the field."""
        if self.subject.value.strip():
            await self.look_for(self.subject.value)

    async def look_for(self, subject: str) -> None:
        """Look up a subject."""
        self.subject.value = subject.strip()
        self.found.clear()
        await self._telling("looking", self._look)

    async def _look(self) -> None:
        asked = self.subject.value
        known = await self.area.api.get(Known, "privacy/known", subject=asked)
        with self.found:
            self._show(asked, known)

    async def download(self, subject: str) -> None:
        """Everything, as one file."""

        async def save() -> None:
            place, query = "privacy/export", {"subject": subject}
            code = await self.area.frame.save(place, query, "export.json", EXPORT_SECONDS)
            if code is not None:
                said = self.area.words.said(CODES.get(code, CODES["unavailable"]))
                self.area.problem.say(said)

        await self._telling("exporting", save)

    async def erase(self, subject: str, confirm: str) -> None:
        """Erase it all. The API compares what was typed with the subject once more."""

        async def erasing() -> None:
            asked = EraseRequest(subject=subject, confirm=confirm)
            receipt = await self.area.api.post(Receipt, "privacy/erase", asked)
            self.found.clear()
            self.subject.value = ""
            with self.found:
                self._show_receipt(receipt)

        await self._telling("erasing", erasing)

    async def _telling(self, what: str, action: Callable[[], Awaitable[None]]) -> None:
        """Say what is going on until it is done."""

        async def acting() -> None:
            self.area.told.say(self.area.t(f"privacy.{what}"))
            try:
                await action()
            finally:
                self.area.told.say("")

        await self.area.act(acting)()

    def _show(self, asked: str, known: Known) -> None:
        with box(classes="card").props("data-testid=known"):
            title = heading(self._title(known), 3)
            if not known.counts:
                paragraph(
                    self.area.t("privacy.erased" if known.erased else "privacy.nothing"), "quiet"
                )
            self._counts(known.counts)
            if known.people:
                paragraph(self.area.t("privacy.people"))
            for person in map(str, known.people):
                button(person, partial(self.look_for, person)).classes("text-button")
            download = button(self.area.t("privacy.download"), lambda: self.download(asked))
            download.props("data-testid=download")
        with form(lambda: self.erase(asked, confirm.value), "card erase") as erasing:
            erasing.props("data-testid=erase")
            heading(self.area.t("privacy.erase"), 3)
            paragraph(self.area.t("privacy.eraseAbout"))
            label = f"{self.area.t('privacy.confirm')} {asked}"
            confirm = field_for(label, characters=SUBJECT_MAX).props("data-testid=confirm")
            now = button(self.area.t("privacy.eraseNow"), None, "danger")
            now.props("data-testid=erase-now").disable()
        confirm.on_value_change(lambda: now.set_enabled(confirm.value.strip() == asked))
        self.area.frame.focus(title)

    def _show_receipt(self, receipt: Receipt) -> None:
        with box(classes="card").props("data-testid=receipt"):
            time = self.area.words.time(receipt.erased_at)
            title = heading(self.area.t("privacy.receipt", time=time), 3)
            if not receipt.counts:
                paragraph(self.area.t("privacy.receiptNothing"), "quiet")
            self._counts(receipt.counts)
        self.area.frame.focus(title)

    def _counts(self, counts: Mapping[str, int]) -> None:
        columns = [Column("kind", ""), Column("n", "", number=True)]
        Table(columns, rows_called="count").classes("counts").show(
            [
                Row(
                    key=kind,
                    cells={"kind": self.names.word("kind", kind), "n": self.area.words.number(n)},
                )
                for kind, n in counts.items()
            ]
        )

    def _title(self, known: Known) -> str:
        subject = known.subject
        if subject.person:
            return self.area.t("privacy.isPerson", id=subject.person)
        if subject.email:
            return self.area.t("privacy.isEmail", id=subject.email)
        return self.area.t("privacy.isSession", id=next(iter(subject.sessions), ""))
