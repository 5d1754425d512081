"""Scheduled files: which figure, over which days, when; and the files that were made."""

from collections.abc import Callable
from functools import partial
from typing import Final

from realtime.api.analytics.schedules import (
    RemoveAnswer,
    ScheduleRequest,
    ScheduleRow,
    SchedulesAnswer,
)
from storage.postgres.analytics.schedules import FileInfo, Schedule
from ui.figures.listed import FIGURES
from ui.figures.sorted_table import RowLink, SortedColumn, SortedTable
from ui.figures.words import FigureWords
from ui.staff.acting import Acting
from ui.staff.analytics.asked import Asked
from ui.staff.select import KeepingSelectBox
from ui.theme import Message, box, button, confirmed, field_for, form, heading, paragraph

FORMS: Final = ("xlsx", "csv")
SPANS: Final = ("1", "7", "30", "90")
EVERY_DAY: Final = "0"
WEEKDAYS: Final = (EVERY_DAY, *map(str, range(1, 8)))
HOURS: Final = tuple(map(str, range(24)))
NAME_CHARACTERS_MAX: Final = 80
FILES_SHOWN: Final = 5


class ScheduleList:
    """A form for a new schedule, and the list of all with their files."""

    def __init__(self, area: Acting, asked: Callable[[], Asked], words: FigureWords) -> None:
        self._area = area
        self._asked = asked
        self._words = words
        self._listed: list[ScheduleRow] = []
        self._columns = self._file_columns()
        self._kept = paragraph("", "quiet")
        self._build_form()
        self._list = box("ul", "plain cards").props("data-testid=schedules tabindex=-1")
        self._none = paragraph(self._t("scheduleNone"), "quiet")
        self._none.visible = False

    def _build_form(self) -> None:
        with form(self._make, "panel").props("data-testid=schedule-form"):
            with box(classes="fields"):
                self._name = field_for(self._t("name"), characters=NAME_CHARACTERS_MAX)
                self._name.classes("broad").props("required")
                figures = {each.name: self._t(each.name) for each in FIGURES}
                self._figure = KeepingSelectBox(self._t("figure"), figures, "kpis")
                forms = {each: self._t(each) for each in FORMS}
                self._form = KeepingSelectBox(self._t("form"), forms, "xlsx")
                self._form.props("data-testid=schedule-form-kind")
                spans = {each: self._span(int(each)) for each in SPANS}
                self._days = KeepingSelectBox(self._t("about"), spans, "7")
                days = {each: self._every(int(each) or None) for each in WEEKDAYS}
                self._weekday = KeepingSelectBox(self._t("every"), days, "1")
                hours = {each: _clock(int(each)) for each in HOURS}
                self._hour = KeepingSelectBox(self._t("hour"), hours, "6")
            self._zone = paragraph("", "quiet")
            self._sends = button(self._t("scheduleMake"), None, "primary")
            self._full = paragraph("", "quiet")
            self._problem = Message(problem=True)
        self._full.visible = False

    async def read(self) -> None:
        """Say in which zone a new schedule would be, and list those there are. Raises Refused."""
        self._zone.text = self._t("scheduleZone", zone=self._asked().tz)
        found = await self._area.api.get(SchedulesAnswer, "analytics/schedules")
        kept = "csvDelivered" if found.delivered else "csvKept"
        self._kept.text = self._t(kept, n=found.files_kept)
        full = len(found.schedules) >= found.schedules_max
        self._full.text = self._t("scheduleFull", n=found.schedules_max)
        self._full.visible = full
        self._sends.set_enabled(not full)
        self._none.visible = not found.schedules
        if found.schedules != self._listed:
            self._listed = found.schedules
            self._list.clear()
            with self._list:
                for each in found.schedules:
                    self._card(each)

    # ---- a new schedule

    async def _make(self) -> None:
        await self._area.act(self._making, problem=self._problem)()

    async def _making(self) -> None:
        asked = self._asked()
        figure = next(each for each in FIGURES if each.name == self._figure.chosen)
        query = {
            **asked.own_query(figure),
            **({"bots": asked.bots} if asked.bots else {}),
            "format": self._form.chosen,
            "lang": self._words.language,
        }
        wish = ScheduleRequest(
            name=self._name.value.strip(),
            view=figure.name,
            query=query,
            days=int(self._days.chosen),
            hour=int(self._hour.chosen),
            weekday=int(self._weekday.chosen) or None,
            zone=asked.tz,
        )
        await self._area.api.post(Schedule, "analytics/schedules", wish)
        self._name.value = ""

    # ---- the schedules there are

    def _card(self, row: ScheduleRow) -> None:
        schedule = row.schedule
        following = self._words.in_zone(schedule.zone).minute(schedule.next_due_at)
        with box("li", "panel"):
            with box("header"):
                heading(schedule.name, 3)
                remove = button(
                    self._t("scheduleRemove"), partial(self._remove, schedule), "danger"
                )
                remove.classes("small")
            paragraph(self._sentence(schedule))
            paragraph(self._t("scheduleNext", time=following), "quiet")
            if row.files:
                files = SortedTable[FileInfo](self._words, limit=FILES_SHOWN)
                files.show(self._columns, row.files, label=self._t("files"), links=self._file_links)
            else:
                paragraph(self._t("scheduleNoFile"), "quiet")

    async def _remove(self, schedule: Schedule) -> None:
        """Remove a schedule and its files, after a question."""

        async def removing() -> None:
            await self._area.api.post(RemoveAnswer, f"analytics/schedules/{schedule.id}/remove")

        yes, no = self._t("scheduleRemove"), self._t("cancel")
        if await confirmed(self._t("scheduleSure"), yes=yes, no=no):
            await self._area.act(removing, problem=self._problem)()
            self._area.frame.focus(self._list)

    def _file_columns(self) -> list[SortedColumn[FileInfo]]:
        words = self._words
        return [
            SortedColumn(
                name="last_day",
                label=self._t("about"),
                text=self._days_of,
                by=lambda file: file.last_day.isoformat(),
                head=True,
            ),
            SortedColumn(
                name="made_at",
                label=self._t("made"),
                text=lambda file: words.minute(file.made_at),
                by=lambda file: file.made_at.timestamp(),
            ),
            SortedColumn(
                name="rows",
                label=self._t("lines"),
                text=lambda file: words.number(file.rows),
                by=lambda file: file.rows,
                number=True,
            ),
            SortedColumn(
                name="state", label=self._t("status"), text=lambda file: self._t(_state(file))
            ),
        ]

    def _file_links(self, file: FileInfo) -> list[RowLink]:
        if file.problem:
            return []
        address = f"/api/admin/analytics/files/{file.id}"
        return [RowLink(text=self._t("download"), address=address, download=True)]

    # ---- words

    def _sentence(self, schedule: Schedule) -> str:
        return self._t(
            "scheduleSaid",
            figure=self._words.words.word("analytics", schedule.view) or schedule.view,
            span=self._span(schedule.days),
            when=self._every(schedule.weekday),
            hour=_clock(schedule.hour),
            zone=schedule.zone,
            form=self._t(schedule.query.get("format", "csv")),
        )

    def _span(self, days: int) -> str:
        return self._t("dayBefore") if days == 1 else self._t("daysBefore", n=days)

    def _every(self, weekday: int | None) -> str:
        if weekday is None:
            return self._t("everyDay")
        return self._t("everyWeek", day=self._words.weekday(weekday))

    def _days_of(self, file: FileInfo) -> str:
        first, last = self._words.day(file.first_day), self._words.day(file.last_day)
        return last if first == last else f"{first} – {last}"

    def _t(self, key: str, **values: object) -> str:
        return self._words.t(f"analytics.{key}", **values)


def _clock(hour: int) -> str:
    return f"{hour:02d}:00"


def _state(file: FileInfo) -> str:
    """The key of the text that says what became of a file."""
    if file.problem:
        return "fileTooLarge" if file.problem == "file_too_large" else "fileNotMade"
    return "fileDelivered" if file.delivered_at else "fileKept"
